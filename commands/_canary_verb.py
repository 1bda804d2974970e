"""What the verbs of `canary` that write have in common: an operator to act, and how it ended."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from k8sai.commands._canary_scene import Scene
from k8sai.commands._canary_verb_said import Voice, say_left
from k8sai.errors import K8saiError

if TYPE_CHECKING:
    from k8sai.canary.keeping.kept import Held
    from k8sai.canary.running.hands import Hands
    from k8sai.canary.state import State

    Verb = Callable[[Hands, Held | None], Held]


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
