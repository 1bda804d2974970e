"""`queue stop` at work: who loses quota, a yes, the write, and the wait until they are gone."""

import time
from typing import TYPE_CHECKING

from k8sai.ages import stamp
from k8sai.cluster.following import Changes
from k8sai.cluster.reading import Unseen
from k8sai.cluster.writing import Target, Writer
from k8sai.commands import _print, _queue_place, _queue_plan, _talk
from k8sai.commands._queue_named import owner_of
from k8sai.commands._queue_stop_said import (
    became,
    insist_on_a_yes,
    say_after,
    say_cost,
    say_document,
    say_left,
    show,
)
from k8sai.commands._queue_stop_scene import Scene, Wish
from k8sai.errors import Exit, Forbidden, K8saiError, Usage
from k8sai.queues import parse_workload
from k8sai.queues.acting import stopping
from k8sai.queues.acting.steps import Change, carry_out
from k8sai.queues.acting.stopping import Place, Said
from k8sai.queues.acting.stopping_cost import Cost, cost
from k8sai.queues.acting.stopping_steps import Drain, reserving
from k8sai.queues.setting import LOCAL_QUEUES, WORKLOADS, Setting

if TYPE_CHECKING:
    from k8sai.cluster.objects import Objects
    from k8sai.queues.facts import Json
    from k8sai.queues.workload import Workload


def run(wish: Wish) -> int:
    """Look, show, ask, write, wait; the exit code."""
    scene = _read(wish)
    if not wish.drain:
        stopping.insist_on_drain(scene.place, scene.held)
    changes = _changes(scene)
    scene.costs = _costs(scene)
    _queue_plan.insist_on_rights(scene.writer, changes)
    if wish.dry_run != "none":
        return show(scene, changes)
    say_cost(scene)
    insist_on_a_yes(scene)
    code = _written(scene, changes)
    if wish.output in ("json", "yaml"):
        say_document(scene, changes, done=True)
    say_after(scene, changes)
    return code


# --- what is there ----------------------------------------------------------------------------------------------------


def _read(wish: Wish) -> Scene:
    found = _queue_place.look(wish.options, wish.names)
    place, setting, objects = found.place, found.setting, found.objects
    if wish.through and place.kind != "ClusterQueue":
        raise Usage("--through-local-queues is for a ClusterQueue", "leave it out")
    stopping.insist_on_unfinished(place)
    held, gap = stopping.held(setting, place), _gap(setting, objects, place)
    return Scene(wish, found.connection, objects, found.writer, setting, place, held, gap)


def _gap(setting: Setting, objects: "Objects", place: Place) -> Unseen | None:
    """Why some who may lose quota cannot be seen; of a namespace's own queue, only if not even those there can be."""
    gap = next((one for one in setting.hidden if one.what == WORKLOADS), None)
    if gap is None or not place.target.namespace:
        return gap
    try:
        objects.list(WORKLOADS, place.target.namespace)
    except Forbidden as error:
        return Unseen(WORKLOADS, error.message, error.hint)
    return None


def _changes(scene: Scene) -> tuple[Change, ...]:
    """The ClusterQueue is held before its LocalQueues are drained: nothing may come in by a new one meanwhile."""
    wish, place = scene.wish, scene.place
    said = Said(wish.reason.strip(), scene.writer.whoami(), stamp(time.time()))
    if not wish.through:
        return (stopping.stop(place, "HoldAndDrain" if scene.drains else "Hold", said),)
    return (stopping.stop(place, "Hold", said), *_doors(scene, said))


def _doors(scene: Scene, said: Said) -> "list[Change]":
    """Raises Forbidden where not all LocalQueues can be seen."""
    for gap in scene.setting.hidden:
        if gap.what == LOCAL_QUEUES:
            raise Forbidden(f"not all LocalQueues can be seen: {gap.why}", gap.hint)
    along = Said(said.reason, said.by, said.at, scene.place.target.name)
    resource = scene.writer.preferred(scene.place.target.resource.group, "LocalQueue")
    found = stopping.local_queues(scene.setting, scene.place) if resource else ()
    scene.doors = frozenset(one.ref for one in found)
    targets = [(Target(resource, one.namespace, one.name), one) for one in found if resource]
    places = [Place(target, scene.writer.live(target) or one.object) for target, one in targets]
    return [stopping.stop(place, "HoldAndDrain", along) for place in places]


def _costs(scene: Scene) -> tuple[Cost, ...]:
    """Of those that lose quota by this."""
    held = scene.held
    losers = filter(scene.evicted, (*held.admitted, *held.reserved)) if scene.wish.drain else held.reserved
    with _talk.Progress("looking for their checkpoints"):
        return tuple(cost(one, scene.setting.at, _job(scene.writer, one)) for one in losers)


def _job(writer: Writer, workload: "Workload") -> "Json | None":
    """Its annotations tell of checkpoints; without them it is drained as well."""
    try:
        return owner_of(writer, workload)[1]
    except K8saiError:
        return None


# --- writing and what follows -----------------------------------------------------------------------------------------


def _written(scene: Scene, changes: tuple[Change, ...]) -> Exit:
    """From the first write on Ctrl-C says what stands."""
    waits, stands = scene.wish.drain and scene.wish.wait, False
    scene.holding = tuple(filter(scene.evicted, scene.held.all))
    try:
        for change in changes:
            carry_out(scene.writer, change)
            stands = True
            _tell(scene, change)
        return _drained(scene) if waits else Exit.OK
    except KeyboardInterrupt:
        if waits and stands:
            say_left(scene, "it goes on without us")
        raise


def _tell(scene: Scene, change: Change) -> None:
    words = {
        "name": change.target.ref,
        "table": f"{_queue_plan.named(change, scene.place.target)} {became(change)}",
    }.get(scene.wish.output)
    if words:
        _print.outlived(lambda: _print.line(words))


def _drained(scene: Scene) -> Exit:
    """Until nobody holds quota; who still does is said where the time is up."""
    place, total = scene.place, len(scene.holding)
    if not total and scene.gap is None:
        return Exit.OK
    with Changes(scene.connection, [place.target]) as changes, _talk.Progress(f"draining {place.word}") as line:
        drain = Drain(
            left=lambda: _holding(scene),
            count=lambda: None if scene.wish.through else reserving(place, scene.writer.live(place.target)),
            pause=changes.pause,
            told=lambda count: line.say(f"draining {place.word}: {count} of {total} still hold quota"),
            holding=scene.holding,
        )
        try:
            gone = drain.run(scene.wish.timeout)
        finally:
            scene.holding = drain.holding
    if not gone:
        say_left(scene, f"not drained within {scene.wish.timeout or 0:g} s")
    return Exit.OK if gone else Exit.TIMEOUT


def _holding(scene: Scene) -> "tuple[Workload, ...]":
    namespace = scene.place.target.namespace
    read = (parse_workload.workload(one) for one in scene.objects.list(WORKLOADS, namespace))
    held = (one for one in read if one.reserves and stopping.concerns(scene.setting, scene.place, one))
    return tuple(filter(scene.evicted, held))
