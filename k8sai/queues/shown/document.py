"""The `QueueView` document of `queue list` and `queue describe`: names that scripts may rely on.

Amounts are numbers: cpu in cores (a decimal where they are not whole), memory in bytes, devices as they are.
"""

from collections.abc import Iterable
from typing import Any

from k8sai.ages import stamp
from k8sai.cluster.reading import Unseen
from k8sai.queues.facts import ClusterQueue, Cohort, Json, LocalQueue
from k8sai.queues.rows import CYCLE, Row
from k8sai.queues.shown.counts import Counts
from k8sai.queues.shown.figures import Figures

API_VERSION = "k8sai.dev/v1alpha1"


def heading(kind: str, *, context: str, at: float, hidden: Iterable[Unseen]) -> Json:
    """The keys every document starts with."""
    gaps = tuple(hidden)
    return {
        "apiVersion": API_VERSION,
        "kind": kind,
        "at": stamp(at),
        "context": context,
        "complete": not gaps,
        "hidden": [{"what": gap.what, "why": gap.why, "hint": gap.hint} for gap in gaps],
    }


def view(rows: Iterable[Row], *, context: str, at: float, hidden: Iterable[Unseen] = ()) -> Json:
    """`hidden` is what could not be read and would be in it."""
    return {**heading("QueueView", context=context, at=at, hidden=hidden), **lists(rows)}


def lists(rows: Iterable[Row]) -> Json:
    """The three lists of the document, by the kind of row."""
    shown = tuple(rows)
    return {
        "cohorts": [cohort(row, row.owner) for row in shown if isinstance(row.owner, Cohort)],
        "clusterQueues": [cluster_queue(row, row.owner) for row in shown if isinstance(row.owner, ClusterQueue)],
        "localQueues": [local_queue(row, row.owner) for row in shown if isinstance(row.owner, LocalQueue)],
    }


def cluster_queue(row: Row, owner: ClusterQueue) -> Json:
    """One entry of `clusterQueues`."""
    return {
        "name": owner.name,
        "cohort": owner.cohort or None,
        **_activity(row),
        "stopPolicy": owner.stop,
        "strategy": owner.strategy,
        "weight": _plain(owner.weight),
        "weightedShare": row.weighted_share,
        "workloads": _workloads(row.counts),
        "gpusAsked": row.gpus_wanted,
        "blockedHead": row.blocked_head.ref if row.blocked_head else None,
        "resources": [_quota(figures) for figures in row.figures],
    }


def cohort(row: Row, owner: Cohort) -> Json:
    """One entry of `cohorts`: `used` and `admitted` are all of the queues below it, `total` their quota and its own."""
    return {
        "name": owner.name,
        "parent": owner.parent or None,
        "implied": owner.implied,
        "cycle": row.reason == CYCLE,
        "weight": _plain(owner.weight),
        "weightedShare": row.weighted_share,
        "workloads": _workloads(row.counts),
        "gpusAsked": row.gpus_wanted,
        "resources": [{**_quota(figures), "total": _amount(figures, figures.total)} for figures in row.figures],
    }


def local_queue(row: Row, owner: LocalQueue) -> Json:
    """One entry of `localQueues`."""
    return {
        "namespace": owner.namespace,
        "name": owner.name,
        "clusterQueue": owner.cluster_queue,
        **_activity(row),
        "stopPolicy": owner.stop,
        "workloads": _workloads(row.counts),
        "gpusAsked": row.gpus_wanted,
        "asked": {resource: number(resource, amount) for resource, amount in row.demand.items()},
        "resources": [
            {
                "flavor": figures.share.flavor,
                "resource": figures.share.resource,
                "used": _amount(figures, figures.reserved),
                "admitted": _amount(figures, figures.admitted),
                "pending": _amount(figures, figures.pending),
            }
            for figures in row.figures
            if figures.share.flavor
        ],
    }


def number(resource: str, amount: int) -> int | float:
    """Kueue's units as people count: cpu in cores, everything else as it is."""
    return amount if resource != "cpu" else _plain(amount / 1000)


def _quota(figures: Figures) -> Json:
    return {
        "flavor": figures.share.flavor,
        "resource": figures.share.resource,
        "nominal": _amount(figures, figures.nominal),
        "borrowingLimit": _amount(figures, figures.borrowing_limit),
        "lendingLimit": _amount(figures, figures.lending_limit),
        "used": _amount(figures, figures.reserved),
        "admitted": _amount(figures, figures.admitted),
        "borrowed": _amount(figures, figures.borrowed),
        "lent": _amount(figures, figures.lent),
        "available": _amount(figures, figures.available),
        "availableToKueue": _amount(figures, figures.shown_available),
        "potential": _amount(figures, figures.potential),
        "pending": _amount(figures, figures.pending),
    }


def _amount(figures: Figures, amount: int | None) -> int | float | None:
    return None if amount is None else number(figures.share.resource, amount)


def _activity(row: Row) -> Json:
    return {"active": row.active, "reason": row.reason or None, "message": row.message or None}


def _workloads(counts: Counts) -> dict[str, Any]:
    return {
        "pending": counts.pending,
        "active": counts.active,
        "parked": counts.parked,
        "out": counts.out,
        "reserving": counts.reserving,
        "admitted": counts.running,
        "oldestPending": None if counts.oldest is None else stamp(counts.oldest),
    }


def _plain(value: float) -> int | float:
    return int(value) if value == int(value) else value
