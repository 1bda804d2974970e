"""`canary status` at work: the object, what the rollout remembers, and what is seen of both sides."""

from dataclasses import dataclass

from k8sai.cluster.options import Options
from k8sai.commands import _print
from k8sai.commands._canary_place import look


@dataclass(frozen=True, slots=True)
class Flags:
    """What was typed; times in seconds."""

    options: Options
    names: tuple[str, ...]
    until: str
    explain: bool
    exit_zero: bool
    prometheus: str
    timeout: float | None
    backend: str
    output: str


def run(flags: Flags) -> int:
    """Look and show; the exit code."""
    place = look(flags.options, flags.names, flags.backend)
    seen = place.backend.see(place.target, {}, place.reading)
    _print.line(f"{place.ref.title} · {place.backend.name} · {seen.configured:g} %")
    return 0
