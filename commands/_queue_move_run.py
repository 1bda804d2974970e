"""`queue move` at work: find, check, show, write, read back, and say where the job stands now."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from k8sai.cluster.following import Changes
from k8sai.cluster.options import Options
from k8sai.cluster.writing import Writer
from k8sai.commands import _print, _queue_move_said, _queue_plan, _queue_read, _talk
from k8sai.commands._queue_move_find import Planned, insist_on_class, one, planned, several
from k8sai.commands._queue_named import asked
from k8sai.errors import Exit, K8saiError, Usage
from k8sai.queues.acting import moving_target
from k8sai.queues.acting.moving import Wish
from k8sai.queues.acting.moving_steps import Move
from k8sai.view import Note

if TYPE_CHECKING:
    from k8sai.cluster.connection import Connection
    from k8sai.cluster.objects import Objects
    from k8sai.queues.setting import Setting


@dataclass(frozen=True, slots=True)
class Flags:
    """As they were given."""

    options: Options
    names: tuple[str, ...]
    to: str
    evict: bool
    selector: str
    priority_class: str
    dry_run: str
    timeout: float | None
    yes: bool
    output: str


@dataclass(frozen=True, slots=True)
class Scene:
    """The cluster as it was before."""

    flags: Flags
    connection: "Connection"
    objects: "Objects"
    writer: Writer
    setting: "Setting"


def run(flags: Flags) -> int:
    """Find, check, show, write; the exit code."""
    _refuse_contradictions(flags)
    connection, objects = _queue_read.connected(flags.options)
    namespace = connection.namespace
    if flags.names and asked(flags.names)[1] == "LocalQueue":
        from k8sai.commands._queue_move_recreate import recreate

        return recreate(connection, objects, asked(flags.names)[2], flags.to)
    setting = _queue_read.setting(objects, connection.server, namespace)
    scene = Scene(flags, connection, objects, Writer(connection), setting)
    insist_on_class(setting, flags.priority_class)
    if flags.to:
        _remark(setting, namespace, flags.to)
    wish = Wish(flags.to, flags.priority_class, flags.evict)
    if flags.names:
        plans = [planned(setting, one(scene.writer, objects, setting, namespace, flags.names), wish)]
        if plans[0].error is not None:
            raise plans[0].error
    else:
        plans = [planned(setting, seen, wish) for seen in several(scene.writer, setting, namespace, flags.selector)]
    _queue_plan.insist_on_rights(scene.writer, [change for plan in plans for change in plan.changes])
    if flags.dry_run != "none":
        return _shown(scene, plans)
    _insist_on_a_yes(scene, plans)
    return _moved(scene, plans)


def _refuse_contradictions(flags: Flags) -> None:
    """Raises Usage."""
    if bool(flags.names) == bool(flags.selector):
        raise Usage("name one job, or several by -l QUERY", "`k8sai queue move job/NAME --to LOCALQUEUE`")
    if not flags.to and not flags.priority_class:
        raise Usage("--to says where the job is to go", "`k8sai queue move job/NAME --to LOCALQUEUE`")
    if flags.names and asked(flags.names)[1] == "ClusterQueue":
        raise Usage("a ClusterQueue cannot be moved", "name a job; `k8sai queue list` shows the queues")


def _remark(setting: "Setting", namespace: str, to: str) -> None:
    """What of the target could not be checked. Raises NotFound, Forbidden."""
    there = moving_target.target_of(setting, namespace, to)
    for gap in moving_target.unchecked(setting, there):
        _talk.note(Note(f"whether {to} suits could not be checked fully: {gap.why}", "warn", gap.hint))


# --- before -----------------------------------------------------------------------------------------------------------


def _shown(scene: Scene, plans: Sequence[Planned]) -> int:
    """A dry run: of several a table, of one its fields."""
    flags, later = scene.flags, "it depends on what comes before"
    if flags.dry_run == "server":
        plans = [_tried(scene, plan) for plan in plans]
    if flags.output in ("json", "yaml"):
        _say_document(scene, plans, [("planned", None, None)] * len(plans))
    elif flags.output == "name":
        for plan in plans:
            if plan.error is None:
                _print.line(plan.target.ref)
    elif flags.names:
        tried = dict.fromkeys(range(1, len(plans[0].changes)), later)
        _queue_plan.show(_queue_plan.plan_of(plans[0].changes, scene.writer.manager, tried))
        _print.line(_queue_move_said.would(plans[0]) + _queue_plan.DRY[flags.dry_run])
    else:
        _print.page(_queue_move_said.table(plans))
    _print.flush()
    return _code([plan.error for plan in plans])


def _tried(scene: Scene, plan: Planned) -> Planned:
    """Its first write, by the server. Of a single one what the server refuses with is raised."""
    try:
        for text in _queue_plan.try_out(scene.writer, plan.changes[:1]):
            _talk.note(Note(text, "warn"))
    except K8saiError as error:
        if scene.flags.names:
            raise
        return replace(plan, error=error)
    return plan


def _insist_on_a_yes(scene: Scene, plans: Sequence[Planned]) -> None:
    """What is evicted is said first; several need a yes. Raises Refused."""
    doomed = [plan.workload for plan in plans if plan.evicts and plan.workload is not None]
    if not doomed:
        return
    costs = _queue_move_said.costs(scene.setting, plans)
    _talk.line(f"{len(doomed)} {'job is' if len(doomed) == 1 else 'jobs are'} evicted to be moved:")
    _talk.page(_queue_plan.costs_table(costs))
    if scene.flags.selector:
        what = f"evict {len(doomed)} {'job' if len(doomed) == 1 else 'jobs'} with {sum(c.gpus for c in costs)} GPUs"
        _queue_plan.insist_on_a_yes(
            scene.flags.yes, what, f"{what[0].upper()}{what[1:]}?", "--dry-run=server shows what would be moved"
        )


# --- writing ----------------------------------------------------------------------------------------------------------

Result = tuple[str, Any, K8saiError | None]


def _moved(scene: Scene, plans: Sequence[Planned]) -> int:
    """One after the other; of several, what fails is told and the others go on."""
    results: list[Result] = []
    for plan in plans:
        results.append(_one(scene, plan))
        _tell(scene, plan, results[-1])
    if scene.flags.output in ("json", "yaml"):
        _say_document(scene, plans, results)
    _print.outlived(_print.flush)
    arrived = [(plan, seen) for plan, (_, seen, _) in zip(plans, results, strict=True) if seen is not None]
    for note in _queue_move_said.standing(scene.objects, scene.connection, arrived):
        _talk.note(note)
    return _code([error for _, _, error in results])


def _one(scene: Scene, plan: Planned) -> Result:
    """`moved`, `unchanged` or `failed`. Of a single one its error is raised."""
    if plan.error is not None or plan.seen is None or plan.wish is None:
        return "failed", None, plan.error
    if not plan.changes:
        return "unchanged", plan.seen, None
    targets = (plan.seen.target, plan.seen.workload_target)
    with Changes(scene.connection, targets) as changes, _talk.Progress(f"moving {plan.title}") as line:
        move = Move(
            scene.writer, plan.seen, plan.wish, changes.pause, told=lambda what: line.say(f"{plan.title}: {what}")
        )
        try:
            return "moved", move.run(scene.flags.timeout), None
        except K8saiError as error:
            _say_half(move)
            if scene.flags.names:
                raise
            return "failed", None, error
        except KeyboardInterrupt:
            _say_half(move)
            raise


def _say_half(move: Move) -> None:
    if move.stands:
        _talk.note(Note(move.stands, "warn", "the same command again goes on from there"))


def _tell(scene: Scene, plan: Planned, result: Result) -> None:
    word, _, error = result
    if error is not None:
        about = "" if error.message.startswith(plan.title) else f"{plan.title}: "
        _talk.error(f"{about}{error.message}", error.hint)
        return
    to = plan.wish.to if plan.wish else ""
    said = f"{plan.target.ref} " + (f"moved to {to}" if word == "moved" else f"unchanged: it is in {to}")
    words = {"name": plan.target.ref, "table": said}.get(scene.flags.output)
    if words:
        _print.outlived(lambda: _print.line(words))


def _say_document(scene: Scene, plans: Sequence[Planned], results: Sequence[Result]) -> None:
    dry = scene.flags.dry_run
    later = {}
    if dry == "server":
        numbers = [number for plan in plans for number in range(len(plan.changes))]
        later = {place: "it depends on what comes before" for place, number in enumerate(numbers) if number}
    changes = [change for plan in plans for change in plan.changes]
    more = {"moves": [_queue_move_said.entry(plan, *result) for plan, result in zip(plans, results, strict=True)]}
    failed = any(error for _, _, error in results)
    planned = _queue_plan.plan_of(changes, scene.writer.manager, later)
    done = dry == "none" and not failed
    made = _queue_plan.document(planned, scene.connection.context, dry, more, done)
    _print.outlived(lambda: _print.document(made, scene.flags.output))


def _code(errors: Sequence[K8saiError | None]) -> int:
    """Of several: PARTIAL where some failed, the first error's where all did."""
    failed = [error for error in errors if error is not None]
    if not failed:
        return Exit.OK
    return Exit.PARTIAL if len(failed) < len(errors) else failed[0].exit
