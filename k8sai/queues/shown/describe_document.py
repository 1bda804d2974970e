"""`queue describe` as a document: a `QueueView` of the node and what is below it, and what is told of it alone."""

from collections.abc import Iterable

from k8sai.ages import stamp
from k8sai.cluster.reading import Unseen
from k8sai.queues.describe import Description
from k8sai.queues.facts import Json
from k8sai.queues.shown.document import number, view
from k8sai.queues.shown.sums import limit_words
from k8sai.queues.sums import Sum


def document(found: Description, *, context: str, at: float, hidden: Iterable[Unseen] = ()) -> Json:
    """The keys of `QueueView`, then `described`."""
    return {
        **view((found.row, *found.below), context=context, at=at, hidden=hidden),
        "described": {
            "object": found.row.key,
            "path": list(found.path),
            "stop": None
            if found.stop is None
            else {
                "policy": found.stop.policy,
                "reason": found.stop.reason or None,
                "by": found.stop.by or None,
                "at": found.stop.at or None,
            },
            "namespaceAdmitted": found.admits,
            "sums": [_sum(one) for one in found.sums],
            "policies": dict(found.policies),
            "checks": [
                {
                    "name": one.name,
                    "active": one.active,
                    "there": one.there,
                    "controller": one.controller or None,
                    "message": one.message or None,
                    "flavors": list(one.flavors),
                    "workloads": dict(one.states),
                }
                for one in found.checks
            ],
            "holders": [
                {
                    "namespace": one.workload.namespace,
                    "name": one.workload.name,
                    "owner": one.workload.title,
                    "user": one.user or None,
                    "clusterQueue": one.queue,
                    "priority": one.workload.priority,
                    "admitted": one.admitted,
                    "since": stamp(one.since) if one.since else None,
                    "gpus": one.gpus,
                    "holds": {name: number(name, value) for name, value in one.amounts.items()},
                    "evictedBy": one.evicted_by,
                }
                for one in found.holders
            ],
            "evictions": [
                {
                    "namespace": one.workload.namespace,
                    "name": one.workload.name,
                    "owner": one.workload.title,
                    "reason": one.what.reason,
                    "cause": one.what.cause or None,
                    "count": one.what.count,
                    "at": stamp(one.what.at) if one.what.at else None,
                    "for": one.what.by or None,
                }
                for one in found.evictions
            ],
            "differences": [
                {
                    "flavor": one.share.flavor,
                    "resource": one.share.resource,
                    "status": number(one.share.resource, one.status),
                    "workloads": number(one.share.resource, one.workloads),
                }
                for one in found.differences
            ],
        },
    }


def _sum(one: Sum) -> Json:
    """`available = guaranteed + min(above.available, own)`, or `shared - taken` for a root; `own` null: no limit."""

    def shown(value: int | None) -> int | float | None:
        return None if value is None else number(one.share.resource, value)

    return {
        "node": one.node.name,
        "flavor": one.share.flavor,
        "resource": one.share.resource,
        "available": shown(one.available),
        "guaranteed": shown(one.local),
        "shared": shown(one.shared),
        "taken": shown(one.taken),
        "borrowingLimit": shown(one.borrowing_limit),
        "own": shown(one.own),
        "binds": limit_words(one.binding, one.share),
        "above": _sum(one.above) if one.above else None,
    }
