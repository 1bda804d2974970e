"""`queue stop` at work: who loses quota, a yes, the write, and the wait until they are gone."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from k8sai.ages import stamp
from k8sai.cluster.options import Options
from k8sai.cluster.writing import Target, Writer
from k8sai.commands import _print, _queue_plan, _queue_read, _talk
from k8sai.commands._queue_named import asked, find, owner_of, place_of, workload_of
from k8sai.errors import Exit, K8saiError, Usage
from k8sai.queues import stopping
from k8sai.queues.moving_steps import Changes
from k8sai.queues.setting import LOCAL_QUEUES, WORKLOADS, Setting
from k8sai.queues.steps import Change, carry_out
from k8sai.queues.stopping import Held, Place, Said
from k8sai.queues.stopping_cost import Cost, cost
from k8sai.queues.stopping_steps import Drain, reserving
from k8sai.view import Note

if TYPE_CHECKING:
    from k8sai.cluster.connection import Connection
    from k8sai.cluster.objects import Objects
    from k8sai.queues.facts import Json, Workload

_NAMED = 8  # workloads that are named in a sentence


@dataclass(frozen=True, slots=True)
class Wish:
    """The flags."""

    options: Options
    names: tuple[str, ...]
    drain: bool
    through: bool
    reason: str
    dry_run: str
    wait: bool
    timeout: float | None
    yes: bool
    output: str


@dataclass(slots=True)
class Scene:
    """The cluster, and what is stopped in it."""

    wish: Wish
    connection: "Connection"
    objects: "Objects"
    writer: Writer
    setting: Setting
    place: Place
    held: Held = field(default_factory=Held)
    costs: tuple[Cost, ...] = ()
    doors: frozenset[str] = frozenset()  # namespace/name of the LocalQueues it is drained through

    def evicted(self, workload: "Workload") -> bool:
        """By this drain: through LocalQueues, only what came by one of them."""
        return not self.wish.through or f"{workload.namespace}/{workload.queue}" in self.doors

    @property
    def blind(self) -> bool:
        """Some who may lose quota cannot be seen."""
        return self.setting.blind(WORKLOADS)


def run(wish: Wish) -> int:
    """Look, show, ask, write, wait; the exit code."""
    scene = _read(wish)
    if not wish.drain:
        stopping.insist_on_drain(scene.place, scene.held)
    changes = _changes(scene)
    scene.costs = _costs(scene)
    _queue_plan.insist_on_rights(scene.writer, changes)
    if wish.dry_run != "none":
        return _shown(scene, changes)
    _say_cost(scene)
    _insist_on_a_yes(scene)
    for change in changes:
        carry_out(scene.writer, change)
        _tell(scene, change)
    code = _drained(scene) if wish.drain and wish.wait else Exit.OK
    if wish.output in ("json", "yaml"):
        _say_document(scene, changes, done=True)
    _say_after(scene, changes)
    return code


# --- what is there ----------------------------------------------------------------------------------------------------


def _read(wish: Wish) -> Scene:
    what = asked(wish.names)
    connection, objects = _queue_read.connected(wish.options)
    writer = Writer(connection)
    target, live = find(writer, objects, connection.namespace, what)
    setting = _queue_read.setting(objects, connection.server, connection.namespace)
    place = Place(target, live)
    if place.kind not in ("ClusterQueue", "LocalQueue", "Workload"):
        place = Place(*place_of(writer, workload_of(setting, writer, target, live)))
    if wish.through and place.kind != "ClusterQueue":
        raise Usage("--through-local-queues is for a ClusterQueue", "leave it out")
    return Scene(wish, connection, objects, writer, setting, place, stopping.held(setting, place))


def _changes(scene: Scene) -> tuple[Change, ...]:
    """The ClusterQueue is held before its LocalQueues are drained: nothing may come in by a new one meanwhile."""
    wish, place = scene.wish, scene.place
    said = Said(wish.reason, scene.writer.whoami(), stamp(time.time()))
    if not wish.through:
        return (stopping.stop(place, "HoldAndDrain" if _drains(scene) else "Hold", said),)
    return (stopping.stop(place, "Hold", said), *(_doors(scene, said)))


def _drains(scene: Scene) -> bool:
    return scene.wish.drain or scene.place.kind == "Workload"


def _doors(scene: Scene, said: Said) -> "list[Change]":
    if scene.setting.blind(LOCAL_QUEUES):
        raise _unseen(scene.setting, LOCAL_QUEUES)
    scene.doors = frozenset(one.ref for one in stopping.local_queues(scene.setting, scene.place))
    along = Said(said.reason, said.by, said.at, scene.place.target.name)
    resource = scene.writer.preferred(scene.place.target.resource.group, "LocalQueue")
    found = stopping.local_queues(scene.setting, scene.place) if resource else ()
    targets = [(Target(resource, one.namespace, one.name), one) for one in found if resource]
    places = [Place(target, scene.writer.live(target) or one.object) for target, one in targets]
    return [stopping.stop(place, "HoldAndDrain", along) for place in places]


def _unseen(setting: Setting, kind: str) -> K8saiError:
    from k8sai.errors import Forbidden

    gap = next(one for one in setting.hidden if one.what == kind)
    return Forbidden(f"not all {kind.partition('.')[0]} can be seen: {gap.why}", gap.hint)


def _costs(scene: Scene) -> tuple[Cost, ...]:
    """Of those that lose quota by this."""
    held = scene.held
    losers = (
        [one for one in (*held.admitted, *held.reserved) if scene.evicted(one)] if scene.wish.drain else held.reserved
    )
    with _talk.Progress(f"looking at {len(losers)} workloads"):
        return tuple(cost(one, scene.setting.at, _job(scene.writer, one)) for one in losers)


def _job(writer: Writer, workload: "Workload") -> "Json | None":
    """Its annotations tell of checkpoints; without them it is drained as well."""
    try:
        return owner_of(writer, workload)[1]
    except K8saiError:
        return None


# --- what is said before ----------------------------------------------------------------------------------------------


def _title(scene: Scene) -> str:
    """What becomes of those in the table."""
    count = len(scene.costs)
    if scene.wish.drain:
        return f"{count} {'workload' if count == 1 else 'workloads'} would be evicted:"
    lose = "workload not yet admitted would lose its" if count == 1 else "workloads not yet admitted would lose their"
    return f"{count} {lose} reservation:"


def _say_cost(scene: Scene) -> None:
    if scene.costs:
        _talk.line(_title(scene))
        _talk.page(_queue_plan.costs_table(scene.costs))
    if scene.blind:
        gap = next(one for one in scene.setting.hidden if one.what == WORKLOADS)
        _talk.note(Note(f"not all who would lose quota can be seen: {gap.why}", "warn", gap.hint))
    if others := [one for one in scene.held.admitted if scene.wish.drain and not scene.evicted(one)]:
        text = f"{len(others)} admitted came by LocalQueues that are gone or lead elsewhere: they go on"
        _talk.note(Note(text, "warn", f"`k8sai queue stop {scene.place.word} --drain` evicts them as well"))
    if scene.wish.drain and scene.place.kind == "ClusterQueue" and not scene.wish.through and scene.held.admitted:
        _talk.note(
            Note(
                "what is drained by its ClusterQueue loses its place to younger workloads when that is resumed",
                "warn",
                f"`k8sai queue stop {scene.place.word} --drain --through-local-queues` keeps the places",
            )
        )


def _insist_on_a_yes(scene: Scene) -> None:
    """Raises Refused."""
    count, gpus = len(scene.costs), sum(one.gpus for one in scene.costs)
    if not count and not scene.blind:
        return
    jobs = f"{count} {'workload' if count == 1 else 'workloads'}" if not scene.blind else "workloads that are not seen"
    holding = f" with {gpus} GPUs" if gpus else ""
    what = f"evict {jobs}{holding}" if scene.wish.drain else f"take the reservation of {jobs}{holding}"
    _queue_plan.insist_on_a_yes(
        scene.wish.yes, what, f"{what[0].upper()}{what[1:]}?", "--dry-run=server shows what would be written"
    )


def _shown(scene: Scene, changes: Sequence[Change]) -> int:
    """A dry run."""
    dry = scene.wish.dry_run
    warnings = _queue_plan.try_out(scene.writer, changes) if dry == "server" else ()
    if scene.wish.output in ("json", "yaml"):
        _say_document(scene, changes, done=False)
    elif scene.wish.output == "name":
        for change in changes:
            _print.line(change.target.ref)
    else:
        _queue_plan.show(_queue_plan.plan_of(changes, scene.writer.manager))
        if scene.costs:
            _print.line(_title(scene))
            _print.page(_queue_plan.costs_table(scene.costs))
        for change in changes:
            _print.line(f"{change.target.ref} {_became(change)}{_queue_plan.DRY[dry]}")
    _print.flush()
    for text in warnings:
        _talk.note(Note(text, "warn"))
    return Exit.OK


# --- writing and what follows -----------------------------------------------------------------------------------------


def _became(change: Change) -> str:
    if change.idle:
        return "unchanged"
    spec = change.patch.get("spec") or {}
    if "active" in spec:
        return "stopped"
    return f"stopped ({spec['stopPolicy']})" if "stopPolicy" in spec else "stopped already; its reason is changed"


def _tell(scene: Scene, change: Change) -> None:
    words = {"name": change.target.ref, "table": f"{change.target.ref} {_became(change)}"}.get(scene.wish.output)
    if words:
        _print.outlived(lambda: _print.line(words))


def _say_document(scene: Scene, changes: Sequence[Change], *, done: bool) -> None:
    losers = "evicts" if scene.wish.drain else "takes"
    more: dict[str, Any] = {losers: _queue_plan.costs_document(scene.costs)}
    plan = _queue_plan.plan_of(changes, scene.writer.manager)
    made = _queue_plan.document(plan, scene.connection.context, scene.wish.dry_run, more, done)
    gaps = [{"what": gap.what, "why": gap.why} for gap in scene.setting.hidden if gap.what in (WORKLOADS, LOCAL_QUEUES)]
    made |= {"complete": made["complete"] and not gaps, "hidden": [*made["hidden"], *gaps]}
    _print.outlived(lambda: _print.document(made, scene.wish.output))


def _say_after(scene: Scene, changes: Sequence[Change]) -> None:
    """What goes on and what waits; the way back."""
    _print.outlived(_print.flush)
    asked_for = "HoldAndDrain" if _drains(scene) else "Hold"
    if scene.place.policy == "HoldAndDrain" and asked_for == "Hold" and scene.place.kind != "Workload":
        _talk.note(Note(f"{scene.place.word} is drained already (HoldAndDrain), which is stricter and stays"))
    if all(one.idle for one in changes):
        return
    count = len(scene.held.admitted)
    on = f"{count} admitted {'workload goes' if count == 1 else 'workloads go'} on; " if not scene.wish.drain else ""
    said = "it is not admitted" if scene.place.kind == "Workload" else f"{on}nothing new is admitted"
    where = f" -n {scene.place.target.namespace}" if scene.place.target.namespace else ""
    _talk.note(Note(said, hint=f"`k8sai queue resume {scene.place.word}{where}` takes it back"))


def _drained(scene: Scene) -> Exit:
    """Until nobody holds quota; who still does is said where the time is up or Ctrl-C comes."""
    place, total = scene.place, sum(map(scene.evicted, scene.held.all))
    if not total and not scene.blind:
        return Exit.OK
    with Changes(scene.connection, [place.target]) as changes, _talk.Progress(f"draining {place.word}") as line:
        drain = Drain(
            left=lambda: _holding(scene),
            count=lambda: None if scene.wish.through else reserving(place, scene.writer.live(place.target)),
            pause=changes.pause,
            told=lambda count: line.say(f"draining {place.word}: {count} of {total} still hold quota"),
        )
        try:
            gone = drain.run(scene.wish.timeout)
        except KeyboardInterrupt:
            _say_left(scene, drain, "it goes on without us")
            raise
    if not gone:
        _say_left(scene, drain, f"not drained within {scene.wish.timeout or 0:g} s")
    return Exit.OK if gone else Exit.TIMEOUT


def _holding(scene: Scene) -> "tuple[Workload, ...]":
    from k8sai.queues import parse

    namespace = scene.place.target.namespace
    read = (parse.workload(one) for one in scene.objects.list(WORKLOADS, namespace))
    held = (one for one in read if one.reserves and stopping.concerns(scene.setting, scene.place, one))
    return tuple(filter(scene.evicted, held))


def _say_left(scene: Scene, drain: Drain, why: str) -> None:
    names = [f"{one.namespace}/{one.title}" for one in drain.holding]
    few = names if len(names) <= _NAMED else [*names[: _NAMED - 1], f"{len(names) - _NAMED + 1} more"]
    where = f" -n {scene.place.target.namespace}" if scene.place.target.namespace else ""
    back = f"`k8sai queue resume {scene.place.word}{where}` takes it back"
    _talk.error(
        f"{scene.place.word} is stopped; {why}: {', '.join(few)} still {'holds' if len(names) == 1 else 'hold'} quota",
        f"the same command again goes on waiting; {back}",
    )
