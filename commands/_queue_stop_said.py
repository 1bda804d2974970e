"""What `queue stop` says: the cost before it asks, the plan of a dry run, who is left, and the way back."""

from collections.abc import Iterator, Sequence
from typing import Any

from k8sai.commands import _print, _queue_plan, _talk
from k8sai.commands._queue_stop_scene import Scene
from k8sai.errors import Exit
from k8sai.queues.acting.steps import Change
from k8sai.queues.acting.stopping import WITH
from k8sai.view import Note

_NAMED = 8  # workloads that are named in a sentence


def _title(scene: Scene) -> str:
    """What becomes of those in the table."""
    count = len(scene.costs)
    if scene.wish.drain:
        return f"{count} {'workload' if count == 1 else 'workloads'} would be evicted:"
    lose = "workload not yet admitted would lose its" if count == 1 else "workloads not yet admitted would lose their"
    return f"{count} {lose} reservation:"


def say_cost(scene: Scene) -> None:
    """Before anybody is asked."""
    if scene.costs:
        _talk.line(_title(scene))
        _talk.page(_queue_plan.costs_table(scene.costs))
    for note in _warnings(scene):
        _talk.note(note)


def _warnings(scene: Scene) -> Iterator[Note]:
    """What a table of costs does not say."""
    if scene.wish.drain and (alone := sum(one.final for one in scene.costs)):
        are = "is of pods that nobody makes" if alone == 1 else "are of pods that nobody makes"
        yield Note(f"{alone} of them {are} anew: Kueue evicts pods by deleting them, for good", "warn")
    if scene.gap is not None:
        yield Note(f"not all who would lose quota can be seen: {scene.gap.why}", "warn", scene.gap.hint)
    if others := [one for one in scene.held.admitted if scene.wish.drain and not scene.evicted(one)]:
        text = f"{len(others)} admitted came by LocalQueues that are gone or lead elsewhere: they go on"
        yield Note(text, "warn", f"`k8sai queue stop {scene.place.word} --drain` evicts them as well")
    if scene.wish.drain and scene.place.kind == "ClusterQueue" and not scene.wish.through and scene.held.admitted:
        yield Note(
            "what is drained by its ClusterQueue may lose its place to younger workloads when that is resumed",
            "warn",
            f"`k8sai queue stop {scene.place.word} --drain --through-local-queues` keeps the places",
        )


def insist_on_a_yes(scene: Scene) -> None:
    """Raises Refused."""
    count, gpus = len(scene.costs), sum(one.gpus for one in scene.costs)
    if not count and scene.gap is None:
        return
    jobs = (
        f"{count} {'workload' if count == 1 else 'workloads'}" if scene.gap is None else "workloads that are not seen"
    )
    holding = f" with {gpus} GPUs" if gpus else ""
    what = f"evict {jobs}{holding}" if scene.wish.drain else f"take the reservation of {jobs}{holding}"
    _queue_plan.insist_on_a_yes(
        scene.wish.yes, what, f"{what[0].upper()}{what[1:]}?", "--dry-run=server shows what would be written"
    )


def show(scene: Scene, changes: Sequence[Change]) -> int:
    """A dry run."""
    dry = scene.wish.dry_run
    warnings = _queue_plan.try_out(scene.writer, changes) if dry == "server" else ()
    if scene.wish.output in ("json", "yaml"):
        say_document(scene, changes, done=False)
    elif scene.wish.output == "name":
        for change in changes:
            _print.line(change.target.ref)
    else:
        _queue_plan.show(_queue_plan.plan_of(changes, scene.writer.manager))
        if scene.costs:
            _print.line(_title(scene))
            _print.page(_queue_plan.costs_table(scene.costs))
        for change in changes:
            _print.line(f"{_queue_plan.named(change, scene.place.target)} {became(change)}{_queue_plan.DRY[dry]}")
    _print.flush()
    for note in (*_warnings(scene), *(Note(text, "warn") for text in warnings)):
        _talk.note(note)
    return Exit.OK


# --- after -----------------------------------------------------------------------------------------------------------


def became(change: Change) -> str:
    """What was done, in kubectl's way."""
    if change.idle:
        return "unchanged"
    spec = change.patch.get("spec") or {}
    if "active" in spec:
        return "stopped"
    if "stopPolicy" in spec:
        return f"stopped ({spec['stopPolicy']})"
    notes = change.patch["metadata"]["annotations"]
    if notes.get(WITH, "") is None:
        return "stopped already; now it stays so when its ClusterQueue is resumed"
    return "stopped already; its reason is changed"


def say_document(scene: Scene, changes: Sequence[Change], *, done: bool) -> None:
    """The `Plan`, with `evicts` or `takes`."""
    losers = "evicts" if scene.wish.drain else "takes"
    more: dict[str, Any] = {losers: _queue_plan.costs_document(scene.costs)}
    plan = _queue_plan.plan_of(changes, scene.writer.manager)
    made = _queue_plan.document(plan, scene.connection.context, scene.wish.dry_run, more, done)
    gaps = [{"what": scene.gap.what, "why": scene.gap.why}] if scene.gap is not None else []
    made |= {"complete": made["complete"] and not gaps, "hidden": [*made["hidden"], *gaps]}
    _print.outlived(lambda: _print.document(made, scene.wish.output))


def say_after(scene: Scene, changes: Sequence[Change]) -> None:
    """What goes on and what waits; the way back."""
    _print.outlived(_print.flush)
    asked_for = "HoldAndDrain" if scene.drains else "Hold"
    if scene.place.policy == "HoldAndDrain" and asked_for == "Hold" and scene.place.kind != "Workload":
        _talk.note(Note(f"{scene.place.word} is drained already (HoldAndDrain), which is stricter and stays"))
    if all(one.idle for one in changes):
        return
    count = 0 if scene.wish.drain or scene.place.policy == "HoldAndDrain" else len(scene.held.admitted)
    on = f"{count} admitted {'workload goes' if count == 1 else 'workloads go'} on; " if count else ""
    said = "it is not admitted" if scene.place.kind == "Workload" else f"{on}nothing new is admitted"
    for_good = scene.place.kind == "Workload" and any(one.final for one in scene.costs)
    back = f"`k8sai queue resume {scene.place.word}{scene.where}` takes it back"
    _talk.note(Note(said, hint="" if for_good else back))


def say_left(scene: Scene, why: str) -> None:
    """Who still holds quota, and how to go on."""
    names = [f"{one.namespace}/{one.title}" for one in scene.holding]
    few = names if len(names) <= _NAMED else [*names[: _NAMED - 1], f"{len(names) - _NAMED + 1} more"]
    back = f"`k8sai queue resume {scene.place.word}{scene.where}` takes it back"
    _talk.error(
        f"{scene.place.word} is stopped; {why}: {', '.join(few)} still {'holds' if len(names) == 1 else 'hold'} quota",
        f"the same command again goes on waiting; {back}",
    )
