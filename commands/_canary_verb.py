"""What the verbs of `canary` that write have in common: what they are about, an operator to act, and how it ended."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from k8sai.cluster.options import Options
from k8sai.commands._canary_flags import insist_on_address
from k8sai.commands._canary_place import Place, look
from k8sai.commands._canary_verb_said import Voice, say_left
from k8sai.errors import K8saiError, NotFound

if TYPE_CHECKING:
    from k8sai.canary.backend import Backend
    from k8sai.canary.facts import Json, Seen
    from k8sai.canary.keeping.kept import Held
    from k8sai.canary.running.hands import Hands
    from k8sai.canary.state import State

    Verb = Callable[[Hands, Held | None], Held]


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


def act(where: Scene, verb: "Verb", *, first: bool = False, lines: bool = False) -> "State":
    """Take the Lease and do it; what stands is said where it is interrupted. `first`: only if nobody else has acted
    since the scene was read; `lines`: what is waited for is told too.

    Raises Locked, and what the verb raises.
    """
    known = where.held.state if first and where.held else None
    with Voice(where.title, where.asked.output, lines=lines) as voice:
        try:
            with _operator(where, known, voice) as (hands, held):
                return verb(hands, held).state
        except (KeyboardInterrupt, SystemExit):
            voice.clear()
            say_left(where.title, where.where, _now(where))
            raise


@contextmanager
def _operator(where: Scene, known: "State | None", voice: Voice) -> "Iterator[tuple[Hands, Held | None]]":
    from k8sai.canary.measuring.find import Samplers
    from k8sai.canary.running.entering import entered
    from k8sai.cluster.following import Changes
    from k8sai.cluster.writing import Target

    place, target = where.place, where.place.target
    samplers = Samplers(place.connection, where.asked.prometheus)
    group, _, version = str(target["apiVersion"]).rpartition("/")
    resource = place.writer.resource(group, version, target["kind"])
    followed = [Target(resource, place.ref.namespace, place.ref.name)] if resource else []
    with (
        Changes(place.connection, followed) as changes,
        entered(
            place.ref,
            where.backend,
            place.writer,
            place.objects,
            steal=where.asked.steal,
            known=known,
            sampling=lambda settings: samplers.of(settings, place.ref.namespace),
            pause=changes.pause,
            told=voice.tell,
            watched=voice.wait,
        ) as both,
    ):
        yield both


def _now(where: Scene) -> "State | None":
    """What stands; None where nobody can tell."""
    from k8sai.canary.keeping.kept import Kept

    try:
        held = Kept(where.place.writer, where.place.ref).peek()
    except K8saiError:
        return None
    return held.state if held else None
