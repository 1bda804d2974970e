"""Gangs that a drain has stopped and nobody has started, found by their marks alone: without a journal."""

from collections.abc import Iterator
from typing import Final

from k8sai.cluster.reading import Reading
from k8sai.evict.facts import Contract, Json, Phase, PodRef, Ref, Switch
from k8sai.evict.gangs.kinds import (
    APPWRAPPER,
    JOB,
    JOBSET,
    KUBEFLOW,
    LWS,
    OWNERS,
    RAYCLUSTER,
    RAYJOB,
    STATEFULSET,
    TRAINJOB,
    WORKLOAD,
    Kind,
    group_kind,
)
from k8sai.evict.gangs.pods import controller, ended, notes, uid
from k8sai.evict.gangs.resolve import resolve
from k8sai.evict.keeping.names import PARKED
from k8sai.evict.state import GangState

_SUSPEND: Final = Switch("suspend")
_SWITCHES: Final[dict[Kind, Switch]] = {
    WORKLOAD: Switch("kueue", path=("spec", "active")),
    **dict.fromkeys((JOB, JOBSET, TRAINJOB, RAYJOB, RAYCLUSTER, APPWRAPPER), _SUSPEND),
    **dict.fromkeys(KUBEFLOW, Switch("suspend", path=("spec", "runPolicy", "suspend"))),
    **dict.fromkeys((LWS, STATEFULSET), Switch("scale", path=("spec", "replicas"))),
}


def parked(reading: Reading, drain: str = "", namespace: str = "") -> tuple[GangState, ...]:
    """Those of one drain, or of all; each as far as its marks tell, to be given to `next_start` with the id of its
    drain, which is its `reason`. What may not be read is in `reading.hidden`.
    """
    return tuple(
        _state(reading, kind, obj, switch)
        for kind, switch in _SWITCHES.items()
        for obj in reading.list(kind.full, namespace)
        if (mark := notes(obj).get(PARKED)) and drain in ("", mark)
    )


def _state(reading: Reading, kind: Kind, obj: Json, switch: Switch) -> GangState:
    on = kind.ref(obj)
    ref = _owner(obj) if kind == WORKLOAD else on
    return GangState(
        ref.uid or on.uid, ref, OWNERS[kind.group, kind.name].name if kind != WORKLOAD else "Workload",
        tuple(_pods(reading, ref)), 0.0, Contract(), Switch(switch.kind, on, switch.path), Phase.STOPPED,
        stops=1, reason=notes(obj)[PARKED],
    )  # fmt: skip


def _owner(workload: Json) -> Ref:
    """What the Workload stands for."""
    ref = controller(workload)
    kind = OWNERS.get(group_kind(ref)) if ref else None
    if ref is None or kind is None:
        return WORKLOAD.ref(workload)
    return Ref(kind.full, workload["metadata"].get("namespace", ""), ref["name"], ref.get("uid", ""), kind.word)


def _pods(reading: Reading, ref: Ref) -> Iterator[PodRef]:
    """Those that are still ending."""
    listed = [one for one in reading.list("pods", ref.namespace) if not ended(one)]
    gang = next((one for one in resolve(listed, reading).gangs if one.ref.uid == ref.uid), None)
    for pod in gang.pods if gang else ():
        node = str((pod.get("spec") or {}).get("nodeName") or "")
        yield PodRef(ref.namespace, pod["metadata"]["name"], uid(pod), node)
