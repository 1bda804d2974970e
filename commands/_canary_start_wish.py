"""What `canary start` was told, as the values it means: the new version, and the settings of the gate."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from k8sai.commands import _flags
from k8sai.errors import Usage

if TYPE_CHECKING:
    from k8sai.canary.facts import Json, Wish
    from k8sai.canary.state import OnInconclusive, Settings

_SECONDS = {
    "--warmup": "warmup",
    "--interval": "interval",
    "--gate-timeout": "gate_timeout",
    "--no-data-deadline": "no_data",
    "--ready-timeout": "ready_timeout",
    "--keep-old": "keep_old",
}
_SHORTEST = 1.0  # seconds: windows begin and end at whole ones


@dataclass(frozen=True, slots=True)
class Version:
    """As it was typed."""

    image: str = ""
    model_uri: str = ""
    values: tuple[str, ...] = ()
    patch_file: Path | None = None
    to: str = ""
    name: str = ""
    container: str = ""
    rule: str = ""
    headers: tuple[str, ...] = ()
    swap: bool = False


@dataclass(frozen=True, slots=True)
class Gating:
    """As it was typed; `times` by flag."""

    slos: tuple[str, ...] = ()
    gated: bool = True
    min_samples: int = 100
    max_error: str = "10%"
    times: Mapping[str, str] = field(default_factory=dict)
    on_inconclusive: "OnInconclusive" = "hold"
    prometheus: str = ""
    allow_gitops: bool = False


def wish(version: Version, warm_replicas: int | None) -> "Wish":
    """Raises Usage."""
    from k8sai.canary.facts import Wish

    if warm_replicas is not None and warm_replicas < 0:
        raise Usage(f"--warm-replicas {warm_replicas} is less than none", "0 lets the first step bring it up")
    made = Wish(
        image=version.image,
        model_uri=version.model_uri,
        values=_pairs("--set", version.values),
        patch=_patch(version.patch_file),
        to=version.to,
        name=version.name,
        rule=version.rule,
        container=version.container,
        headers=_pairs("--header", version.headers),
        warm_replicas=warm_replicas,
        swap=version.swap,
    )
    if made.empty:
        raise Usage("nothing says what the new version is", "--image, --model-uri, --set, --patch-file or --to")
    return made


def settings(gating: Gating) -> "Settings":
    """Raises Usage."""
    from k8sai.canary.slo import parse
    from k8sai.canary.state import Settings

    _insist_on_no_password(gating.prometheus)
    if gating.min_samples < 0:
        raise Usage(f"--min-samples {gating.min_samples} is less than none", "--min-samples 100")
    times: dict[str, Any] = {_SECONDS[flag]: _flags.seconds(flag, text) or 0.0 for flag, text in gating.times.items()}
    if times["interval"] < _SHORTEST:
        raise Usage(f"--interval {gating.times['--interval']!r} is less than a second", "--interval 30s")
    found = Settings(
        gated=gating.gated,
        min_samples=gating.min_samples,
        max_error=_percent("--max-error", gating.max_error),
        on_inconclusive=gating.on_inconclusive,
        prometheus=gating.prometheus,
        allow_gitops=gating.allow_gitops,
        **times,
    )
    if not gating.slos:
        return found
    from dataclasses import replace

    return replace(found, slos=tuple(parse(text) for text in gating.slos))


def _insist_on_no_password(prometheus: str) -> None:
    """What `start` is told is kept in a ConfigMap. Raises Usage."""
    from urllib.parse import urlsplit

    if urlsplit(prometheus).password:
        raise Usage(
            "--prometheus has a password, and whoever may read ConfigMaps would read it",
            "leave it out here, and name it to each `k8sai canary run`: that is not kept",
        )


def _pairs(flag: str, given: tuple[str, ...]) -> dict[str, str]:
    """Of KEY=VALUE. Raises Usage."""
    found = dict[str, str]()
    for text in given:
        key, equals, value = text.partition("=")
        if not equals or not key:
            raise Usage(f"{flag} {text!r} is not KEY=VALUE", f"{flag} KEY=VALUE")
        found[key] = value
    return found


def _percent(flag: str, text: str) -> float:
    try:
        found = float(text.removesuffix("%")) / 100
    except ValueError as error:
        raise Usage(f"{flag} {text!r} is not a percentage", f"{flag} 10%") from error
    if not 0 <= found <= 1:
        raise Usage(f"{flag} {text!r} is not between 0% and 100%", f"{flag} 10%")
    return found


def _patch(file: Path | None) -> "Json | None":
    """Raises Usage."""
    if file is None:
        return None
    from k8sai.yaml_in import first_document

    try:
        found: Any = first_document(file.read_bytes())
    except OSError as error:
        raise Usage(f"{file} cannot be read: {error.strerror or error}") from error
    except ValueError as error:
        raise Usage(f"{file} is not YAML: {error}") from error
    if not isinstance(found, dict):
        raise Usage(f"{file} is no object", "it is merged into the version's own spec: `model: {storageUri: …}`")
    return found
