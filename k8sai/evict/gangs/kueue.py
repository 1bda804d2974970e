"""The Workload of Kueue that a gang runs by: what it manages is stopped by the Workload alone, never by its owner.

Source: pkg/controller/jobframework of Kueue 0.19: what is admitted and suspended is started again at once.
"""

from dataclasses import dataclass
from typing import Final

from k8sai.cluster.reading import Reading, holds
from k8sai.evict.facts import Json
from k8sai.evict.gangs.groups import KUEUE_GROUP
from k8sai.evict.gangs.kinds import WORKLOAD
from k8sai.evict.gangs.pods import labels, notes, uid

QUEUE: Final = "kueue.x-k8s.io/queue-name"
NAMED: Final = "kueue.x-k8s.io/workload"  # annotation of pods


@dataclass(frozen=True, slots=True)
class Managed:
    """`workload`: None where Kueue does not manage the gang. `why`: that cannot be told, so nothing may be done."""

    workload: Json | None = None
    why: str = ""
    hint: str = ""


def managed(objects: tuple[Json, ...], pods: tuple[Json, ...], reading: Reading) -> Managed:
    """By the group its pods are in, by the Workload that a pod names, else by who owns a Workload; the top first."""
    if not reading.served(WORKLOAD.full):
        return Managed()
    namespace = pods[0]["metadata"].get("namespace", "")
    listed = [one for one in reading.list(WORKLOAD.full, namespace) if holds(one, "Finished") is None]
    if reading.blind(WORKLOAD.full):
        return _unknown(reading, namespace)
    found = _named(listed, pods[0]) or _owned(listed, objects)
    if len(found) > 1:
        return Managed(why=f"it has {len(found)} Workloads of Kueue at once, as an elastic job does")
    if not found and (queue := next((labels(one)[QUEUE] for one in objects if labels(one).get(QUEUE)), "")):
        return Managed(why=f"its label says that it is in Kueue's queue {queue}, but it has no Workload")
    return Managed(found[0] if found else None)


def _named(workloads: list[Json], pod: Json) -> list[Json]:
    names = {labels(pod).get(KUEUE_GROUP), notes(pod).get(KUEUE_GROUP), notes(pod).get(NAMED)} - {None}
    return [one for one in workloads if one["metadata"]["name"] in names]


def _owned(workloads: list[Json], objects: tuple[Json, ...]) -> list[Json]:
    for owner in reversed(objects):
        found = [one for one in workloads if uid(owner) in _owners(one)]
        if found:
            return [one for one in found if holds(one, "QuotaReserved")] or found
    return []


def _owners(workload: Json) -> set[str]:
    return {str(one.get("uid")) for one in workload["metadata"].get("ownerReferences") or ()}


def _unknown(reading: Reading, namespace: str) -> Managed:
    refusal = reading.refusal(WORKLOAD.full)
    said = refusal.message if refusal else ""
    hint = f"the right to list {WORKLOAD.full} in namespace {namespace} is missing"
    return Managed(why=f"it cannot be told whether Kueue manages it: {said}", hint=hint)
