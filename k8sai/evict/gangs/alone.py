"""Whether evicting one pod restarts that pod alone, so that a part of an owner's pods may be evicted."""

from collections.abc import Iterable
from typing import Final

from k8sai.evict.facts import Json
from k8sai.evict.gangs.job import replaces
from k8sai.evict.gangs.kinds import JOB, JOBSET, KUBEFLOW, STATEFULSET, TRAINJOB, group_kind
from k8sai.evict.gangs.pods import env, labels

_REPLACE: Final = frozenset((one.group, one.name) for one in (JOBSET, TRAINJOB, STATEFULSET, *KUBEFLOW))
_LIGHTHOUSE: Final = "TORCHFT_LIGHTHOUSE"  # where torchft's replica groups meet
_REPLICATED: Final = "jobset.sigs.k8s.io/replicatedjob-name"
_INDEX: Final = "jobset.sigs.k8s.io/job-index"


def hinders(owners: Iterable[Json]) -> str:
    """Why not; "" where it does. Of a JobSet it is its Jobs that decide, which are among the owners."""
    for one in owners:
        kind = group_kind(one)
        title = f"{kind[1].lower()}/{one['metadata']['name']}"
        if kind == (JOB.group, JOB.name) and not replaces(one):
            return f"{title} has no backoffLimit left for a pod that is evicted"
        if kind != (JOB.group, JOB.name) and kind not in _REPLACE:
            return f"evicting one pod of {title} takes others along"
    return ""


def replica_group(pod: Json, owners: tuple[Json, ...]) -> str:
    """Of a torchft trainer, whose replica groups go on without each other: its Job's place in the JobSet. Else ""."""
    if env(pod, _LIGHTHOUSE) is None or hinders(owners):
        return ""
    marks = labels(pod)
    return f"{marks[_REPLICATED]}-{marks[_INDEX]}" if _REPLICATED in marks and _INDEX in marks else ""
