"""`queue resume` at work: the doors of a queue before the queue, and what follows from it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from k8sai.cluster.options import Options
from k8sai.cluster.writing import Target, Writer
from k8sai.commands import _print, _queue_place, _queue_plan, _talk
from k8sai.errors import Exit
from k8sai.queues.acting import stopping
from k8sai.queues.acting.steps import Change, carry_out
from k8sai.queues.acting.stopping import Place
from k8sai.view import Note

if TYPE_CHECKING:
    from k8sai.queues.setting import Setting


@dataclass(frozen=True, slots=True)
class Wish:
    """The flags."""

    options: Options
    names: tuple[str, ...]
    dry_run: str
    output: str


def run(wish: Wish) -> int:
    """The exit code."""
    found = _queue_place.look(wish.options, wish.names)
    writer, setting, place, context = found.writer, found.setting, found.place, found.connection.context
    # Doors first: once the queue itself admits, all that wait are there, and age alone decides.
    changes = (*(stopping.resume_along(one) for one in _doors(writer, setting, place)), stopping.resume(place))
    _queue_plan.insist_on_rights(writer, changes)
    if wish.dry_run != "none":
        _dry(wish, writer, context, changes)
    else:
        for change in changes:
            carry_out(writer, change)
            _tell(wish, change, changes[-1].target)
        if wish.output in ("json", "yaml"):
            _say_document(wish, writer, context, changes)
    _print.outlived(_print.flush)
    if wish.dry_run == "none":
        _say_after(setting, place, changes)
    return Exit.OK


def _doors(writer: Writer, setting: "Setting", place: Place) -> list[Place]:
    """The LocalQueues that were drained for this ClusterQueue."""
    resource = writer.preferred(place.target.resource.group, "LocalQueue")
    if place.kind != "ClusterQueue" or resource is None:
        return []
    found = []
    for one in stopping.local_queues(setting, place):
        target = Target(resource, one.namespace, one.name)
        live = writer.live(target) if one.stop != "None" else None
        if live is not None and Place(target, live).notes.get(stopping.WITH) == place.target.name:
            found.append(Place(target, live))
    return found


def _dry(wish: Wish, writer: Writer, context: str, changes: Sequence[Change]) -> None:
    warnings = _queue_plan.try_out(writer, changes) if wish.dry_run == "server" else ()
    if wish.output in ("json", "yaml"):
        _say_document(wish, writer, context, changes)
    else:
        if wish.output == "table":
            _queue_plan.show(_queue_plan.plan_of(changes, writer.manager))
        for change in changes:
            _tell(wish, change, changes[-1].target)
    for text in warnings:
        _talk.note(Note(text, "warn"))


def _tell(wish: Wish, change: Change, asked: Target) -> None:
    policy = (change.patch.get("spec") or {}).get("stopPolicy")
    back = f"stopped ({policy}) as before" if policy not in (None, "None") else "resumed"
    became = ("unchanged" if change.idle else back) + _queue_plan.DRY[wish.dry_run]
    words = {"name": change.target.ref, "table": f"{_queue_plan.named(change, asked)} {became}"}.get(wish.output)
    if words:
        _print.outlived(lambda: _print.line(words))


def _say_document(wish: Wish, writer: Writer, context: str, changes: Sequence[Change]) -> None:
    plan = _queue_plan.plan_of(changes, writer.manager)
    made = _queue_plan.document(plan, context, wish.dry_run, {}, done=wish.dry_run == "none")
    _print.outlived(lambda: _print.document(made, wish.output))


def _say_after(setting: "Setting", place: Place, changes: Sequence[Change]) -> None:
    """What waits and in which order; what still stops it."""
    above_it = stopping.still_stopped(setting, place)
    for above in above_it:
        kind = "cq" if type(above).__name__ == "ClusterQueue" else "lq"
        where = f" -n {place.target.namespace}" if kind == "lq" else ""
        text = f"{type(above).__name__} {above.name} above it is still stopped ({above.stop})"
        _talk.note(Note(text, "warn", f"`k8sai queue resume {kind}/{above.name}{where}`"))
    closed: tuple[str, ...] = ()
    opened = {one.target for one in changes if (one.patch.get("spec") or {}).get("stopPolicy") == "None"}
    if place.kind == "ClusterQueue":
        closed = _closed(setting, place, {f"{one.namespace}/{one.name}" for one in opened})
        for ref in closed:
            namespace, _, name = ref.partition("/")
            hint = f"`k8sai queue resume lq/{name} -n {namespace}`"
            _talk.note(Note(f"LocalQueue {ref} is stopped for itself, and stays so", "warn", hint))
    if all(one.idle for one in changes):
        return
    reached = stopping.waiting(setting, place)
    waiting = tuple(one for one in reached if f"{one.namespace}/{one.queue}" not in closed)
    if place.kind == "Workload":
        for text in map(stopping.deactivated_by_kueue, waiting):
            if text:
                _talk.note(Note(f"Kueue had deactivated it: {text}", "warn", "what led to that may do so again"))
        return
    many = "1 waiting workload is" if len(waiting) == 1 else f"{len(waiting)} waiting workloads are"
    again = "looked at again once that is resumed" if above_it else "looked at again"
    words = [f"{many} {again}" if waiting else "nothing waits there"]
    if behind := stopping.drained(waiting, "ClusterQueueStopped"):
        words.append(f"drained by the ClusterQueue: {len(behind)}, younger ones may go before")
    if kept := stopping.drained(waiting, "LocalQueueStopped"):
        words.append(f"drained by a LocalQueue: {len(kept)}, the place in line is kept")
    _talk.note(Note("; ".join(words)))


def _closed(setting: "Setting", place: Place, opened: set[str]) -> tuple[str, ...]:
    """Its LocalQueues, namespace/name, that were stopped for themselves."""
    found = stopping.local_queues(setting, place)
    return tuple(one.ref for one in found if one.stop != "None" and one.ref not in opened)
