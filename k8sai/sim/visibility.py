"""Kueue's visibility API: who waits at a ClusterQueue or LocalQueue, in which place.

Source: pkg/visibility/storage of Kueue 0.19, and what its API server answers.
"""

from collections.abc import Sequence
from typing import Final, Protocol

from k8sai.ages import stamp
from k8sai.queues.workload import Workload
from k8sai.sim.asking import Ask
from k8sai.sim.objects import Obj
from k8sai.sim.status import ApiFailure

GROUP: Final = "visibility.kueue.x-k8s.io"
PENDING: Final = "pendingworkloads"
_API: Final = f"{GROUP}/v1beta2"
_USUAL, _MOST = 1_000, 100_000  # items of one answer


class Lines(Protocol):
    """Who knows the lines: the controller."""

    def in_line(self, queue: str) -> Sequence[Workload] | None:
        """Who waits at a ClusterQueue, in order; None where there is none of that name."""

    def cluster_queue_of(self, namespace: str, name: str) -> str | None:
        """Where a LocalQueue leads; None where there is none of that name."""


def pending(lines: Lines | None, ask: Ask) -> Obj:
    """The answer to a get of `pendingworkloads`. ApiFailure 400, 404, 503."""
    if lines is None:
        raise ApiFailure(503, "ServiceUnavailable", "the server is currently unable to handle the request")
    limit = min(max(ask.number("limit") or _USUAL, 0), _MOST)
    offset = max(ask.number("offset") or 0, 0)
    target = ask.target
    if target.resource.namespaced:
        queue = lines.cluster_queue_of(target.namespace, target.name)
        if queue is None:
            raise _unknown("localqueue", target.name)
        items = [
            item
            for item in _items(lines.in_line(queue) or ())
            if (item["metadata"]["namespace"], item["localQueueName"]) == (target.namespace, target.name)
        ]
    else:
        found = lines.in_line(target.name)
        if found is None:
            raise _unknown("clusterqueue", target.name)
        items = _items(found)
    return {
        "kind": "PendingWorkloadsSummary",
        "apiVersion": _API,
        "metadata": {},
        "items": items[offset : offset + limit],
    }


def _items(line: Sequence[Workload]) -> list[Obj]:
    """One per workload, with its place in both lines, counted from 0."""
    places: dict[tuple[str, str], int] = {}
    items = []
    for number, workload in enumerate(line):
        local = workload.namespace, workload.queue
        places[local] = places.get(local, -1) + 1
        owners = [
            {"apiVersion": one.api_version, "kind": one.kind, "name": one.name, "uid": one.uid}
            for one in workload.owners
        ]
        metadata: Obj = {
            "name": workload.name,
            "namespace": workload.namespace,
            "creationTimestamp": stamp(workload.created),
        }
        items.append(
            {
                "metadata": {**metadata, **({"ownerReferences": owners} if owners else {})},
                "priority": workload.priority,
                "localQueueName": workload.queue,
                "positionInClusterQueue": number,
                "positionInLocalQueue": places[local],
            }
        )
    return items


def _unknown(kind: str, name: str) -> ApiFailure:
    details = {"name": name, "group": GROUP, "kind": kind}
    return ApiFailure(404, "NotFound", f'{kind}.{GROUP} "{name}" not found', details)
