"""What a verb of `canary` is about: what was typed, the target, the rollout that is kept of it, and its backend."""

import os
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from k8sai.cluster.options import Options
from k8sai.commands._canary_flags import insist_on_address
from k8sai.commands._canary_place import Place, look
from k8sai.errors import NotFound

if TYPE_CHECKING:
    from k8sai.canary.backend import Backend
    from k8sai.canary.facts import Json, Seen
    from k8sai.canary.keeping.kept import Held
    from k8sai.canary.state import State


@dataclass(frozen=True, slots=True)
class Asked:
    """What was typed; `timeout` in seconds, `dry_run` none, client or server. Raises Usage."""

    options: Options
    names: tuple[str, ...]
    backend: str = ""
    dry_run: str = "none"
    output: str = "table"
    timeout: float | None = None
    prometheus: str = ""
    steal: bool = False

    def __post_init__(self) -> None:
        insist_on_address(self.prometheus)

    @property
    def end(self) -> float | None:
        """When to give up, in seconds since 1970."""
        return None if self.timeout is None else time.time() + self.timeout


@dataclass(frozen=True, slots=True)
class Scene:
    """The target, the rollout that is kept of it, and the backend that drives it."""

    asked: Asked
    place: Place
    backend: "Backend"
    held: "Held | None"

    @property
    def state(self) -> "State":
        """Raises NotFound where there is no rollout."""
        return owned(self, self.held).state

    @property
    def snapshot(self) -> "Json":
        """What brings everything back; empty where it is gone."""
        return (self.held.snapshot if self.held else None) or {}

    @property
    def detached(self) -> bool:
        """We are what `--detach` has made in the cluster, and are begun again where we die."""
        from k8sai.canary.detached import USER

        return bool(os.environ.get("KUBERNETES_SERVICE_HOST")) and os.environ.get("LOGNAME") == USER

    @property
    def title(self) -> str:
        return self.place.ref.title

    @property
    def where(self) -> str:
        """As it is typed."""
        return f"{self.title} -n {self.place.ref.namespace}"

    def seen(self) -> "Seen":
        """Both sides, as they are now."""
        return self.backend.see(self.place.target, self.state.handle, self.place.reading)


def scene(asked: Asked) -> Scene:
    """Raises Usage, NotFound, Forbidden, Refused, ClusterError. A rollout keeps the backend it began with."""
    from k8sai.canary.backends.all import by_name
    from k8sai.canary.facts import ENDED
    from k8sai.canary.keeping.kept import Kept

    place = look(asked.options, asked.names, asked.backend)
    held = Kept(place.writer, place.ref).read()
    driven = held is not None and (held.state.phase not in ENDED or not held.state.ended)
    return Scene(asked, place, by_name(held.state.backend) if held and driven else place.backend, held)


def owned(where: Scene, held: "Held | None") -> "Held":
    """What is kept. Raises NotFound."""
    if held is None:
        raise NotFound(
            f"there is no canary of {where.title} in namespace {where.place.ref.namespace}",
            f"`k8sai canary start {where.where}` begins one",
        )
    return held
