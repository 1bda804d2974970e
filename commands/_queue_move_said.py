"""What `queue move` says: the table of several, the cost of evictions, and where a job stands once it is moved."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from k8sai.commands import _queue_read
from k8sai.commands._queue_move_find import Planned
from k8sai.errors import K8saiError
from k8sai.queues import positions
from k8sai.queues.acting.moving import Seen
from k8sai.queues.acting.stopping_cost import Cost, cost, gpus
from k8sai.queues.order import line
from k8sai.queues.setting import read
from k8sai.view import Cell, Column, Note, Page, Row, Table

if TYPE_CHECKING:
    from k8sai.cluster.connection import Connection
    from k8sai.cluster.objects import Objects
    from k8sai.queues.setting import Setting

_SAID = 8  # jobs whose new place is said one by one


def costs(setting: "Setting", plans: Sequence[Planned]) -> tuple[Cost, ...]:
    """Of those that are evicted."""
    return tuple(
        cost(plan.workload, setting.at, plan.seen.owner)
        for plan in plans
        if plan.evicts and plan.workload is not None and plan.seen is not None
    )


def table(plans: Sequence[Planned]) -> Page:
    """Each job, from where to where, and how."""
    rows = tuple(
        Row(
            plan.target.name,
            (
                Cell(plan.title),
                Cell(plan.workload.queue if plan.workload else ""),
                Cell(plan.wish.to if plan.wish else ""),
                Cell(str(gpus(plan.workload)) if plan.workload else ""),
                how(plan),
            ),
        )
        for plan in plans
    )
    columns = (Column("JOB"), Column("FROM"), Column("TO"), Column("GPUS", "right"), Column("HOW", shrink=True))
    return Page((Table(columns, rows),))


def how(plan: Planned) -> Cell:
    """In a word or two, or why not."""
    if plan.error is not None:
        return Cell(f"not: {plan.error.message}", "bad")
    if not plan.changes:
        return Cell("is there", "dim")
    return Cell("evicted first", "warn") if plan.evicts else Cell("as it waits", "good")


def would(plan: Planned) -> str:
    """The line of a dry run."""
    to = plan.wish.to if plan.wish else ""
    if not plan.changes:
        return f"{plan.target.ref} unchanged: it is in {to}"
    return f"{plan.target.ref} moved to {to}" + (", evicted first" if plan.evicts else "")


def entry(plan: Planned, word: str, _: Seen | None, error: K8saiError | None) -> dict[str, Any]:
    """For scripts."""
    error = error or plan.error
    return {
        "object": plan.target.ref,
        "namespace": plan.target.namespace,
        "from": plan.workload.queue if plan.workload else "",
        "to": plan.wish.to if plan.wish else "",
        "evicts": plan.evicts,
        "state": "failed" if error else word,
        "error": error.message if error else "",
    }


def standing(objects: "Objects", connection: "Connection", moved: Sequence[tuple[Planned, Seen]]) -> Iterator[Note]:
    """Of each job where it stands now; its age goes with it, so it may stand before who waited there."""
    if not moved:
        return
    setting = read(objects, connection.namespace)
    names = {queue.name for _, seen in moved if (queue := setting.cluster_queue_of(seen.workload)) is not None}
    told = positions.read(_queue_read.ask(objects), setting, names)
    refs = {seen.workload.ref for _, seen in moved}
    for plan, seen in moved[:_SAID]:
        yield Note(_stands(setting, told, plan, seen, refs))
    if len(moved) > _SAID:
        yield Note(f"and {len(moved) - _SAID} more")


def _stands(setting: "Setting", told: positions.Positions, plan: Planned, seen: Seen, moved: set[str]) -> str:
    workload = setting.workloads.get(seen.workload.ref, seen.workload)
    queue = setting.cluster_queue_of(workload)
    where = f"ClusterQueue {queue.name}" if queue is not None else f"LocalQueue {workload.queue}"
    if workload.reserves:
        return f"{plan.title} has quota in {where}"
    if not workload.active:
        return (
            f"{plan.title} is not active, as it was before: it waits for `k8sai queue resume workload/{workload.name}`"
        )
    position = told.of(workload)
    if position is None or queue is None:
        return f"{plan.title} waits at {where}"
    many = f" of {position.of_cluster_queue}" if position.of_cluster_queue else ""
    said = f"{plan.title} stands at {position.text}{many} in {where}"
    order = [one.ref for one in line(setting, queue.name)]
    behind = order[order.index(workload.ref) + 1 :] if workload.ref in order else []
    passed = len([ref for ref in behind if ref not in moved])
    if passed:
        said += f": it keeps its age and priority, and goes before {passed} that waited there"
    return said
