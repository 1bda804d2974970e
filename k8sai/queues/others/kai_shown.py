"""KAI's queues and its waiting PodGroups as tables and as parts of the `QueueView` document."""

from collections.abc import Iterable, Iterator

from k8sai.queues.facts import Json
from k8sai.queues.others.kai import Amount, Queue
from k8sai.queues.others.kai_groups import Reason, Waiting
from k8sai.queues.others.tree import Branch, forest
from k8sai.view import Cell, Column, Row, Table


def table(found: Iterable[Queue], *, plain: bool = False) -> Table:
    """The tree of queues, a line per resource."""
    columns = (
        Column("KAI QUEUE", shrink=True),
        Column("RESOURCE"),
        *(
            Column(title, "right")
            for title in ("QUOTA", "LIMIT", "WEIGHT", "ALLOCATED", "FIXED", "REQUESTED", "PENDING", "PRIORITY")
        ),
    )
    known = {one.name: one for one in found}
    rows: list[Row] = []
    for branch in forest((Branch(one.name, one.parent) for one in known.values()), plain=plain):
        one = known[branch.name]
        for number, share in enumerate(one.shown):
            first = number == 0
            cells = (
                Cell(f"{branch.before}{one.title}" if first or plain else ""),
                Cell(share.resource),
                *(Cell(amount(share.resource, value)) for value in (share.quota, share.limit)),
                Cell(f"{share.weight.normalize():f}"),
                *(Cell(amount(share.resource, value)) for value in (share.allocated, share.fixed, share.requested)),
                Cell(str(one.waiting) if first and one.waiting else "", "warn"),
                Cell(str(one.priority) if first else ""),
            )
            rows.append(Row(f"kai/{one.name} {share.resource}", cells))
    return Table(columns, tuple(rows))


def waiting_table(found: Iterable[Waiting]) -> Table:
    """PodGroups that wait, a line per reason."""
    columns = (Column("PODGROUP", shrink=True), Column("KAI QUEUE"), Column("REASON"), Column("WHY", shrink=True))
    rows = [
        Row(
            f"{one.namespace}/{one.name} {number}",
            tuple(map(Cell, (name, one.queue, why.code, why.numbers() or why.message))),
        )
        for one in found
        for number, why in enumerate(one.reasons)
        for name in (f"{one.namespace}/{one.name}",)
    ]
    return Table(columns, tuple(rows))


def amount(resource: str, value: Amount) -> str:
    """Cores, GPUs with fractions; memory in megabytes, as KAI writes quota."""
    if value is None:
        return "unlimited"
    if resource == "memory":
        return f"{(value / 10**6).to_integral_value():f}M" if value else "0"
    return f"{value.normalize():f}"


def document(found: Iterable[Queue]) -> Iterator[Json]:
    """An entry of `kaiQueues` each; null is unlimited."""
    for one in found:
        yield {
            "name": one.name,
            "displayName": one.title,
            "parent": one.parent or None,
            "priority": one.priority,
            "pending": one.waiting,
            "resources": [
                {
                    "resource": share.resource,
                    "quota": _number(share.quota),
                    "limit": _number(share.limit),
                    "overQuotaWeight": _number(share.weight),
                    "allocated": _number(share.allocated),
                    "allocatedNonPreemptible": _number(share.fixed),
                    "requested": _number(share.requested),
                }
                for share in one.shares
            ],
        }


def waiting_document(found: Iterable[Waiting]) -> Iterator[Json]:
    """An entry of `kaiPending` each, with KAI's own names."""
    for one in found:
        yield {
            "namespace": one.namespace,
            "name": one.name,
            "queue": one.queue,
            "reasons": [*map(_explained, one.reasons)],
        }


def _explained(one: Reason) -> Json:
    return {
        "reason": one.code,
        "message": one.message,
        "queue": one.queue or None,
        "requested": dict(one.requested),
        "deserved": dict(one.deserved),
        "limits": dict(one.limits),
        "allocated": dict(one.allocated),
        "allocatedNonPreemptible": dict(one.allocated_fixed),
    }


def _number(value: Amount) -> int | float | None:
    if value is None:
        return None
    return int(value) if value == value.to_integral_value() else float(value)
