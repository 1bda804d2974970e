"""A gang that a drain has stopped, from the mark on what it was stopped by: without a journal."""

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
    POD,
    RAYCLUSTER,
    RAYJOB,
    STATEFULSET,
    TRAINJOB,
    WORKLOAD,
    Kind,
    group_kind,
)
from k8sai.evict.gangs.pods import ended, uid
from k8sai.evict.gangs.resolve import resolve
from k8sai.evict.state import GangState

_SUSPEND: Final = Switch("suspend")
_SWITCHES: Final[dict[Kind, Switch]] = {
    WORKLOAD: Switch("kueue", path=("spec", "active")),
    **dict.fromkeys((JOB, JOBSET, TRAINJOB, RAYJOB, RAYCLUSTER, APPWRAPPER), _SUSPEND),
    **dict.fromkeys(KUBEFLOW, Switch("suspend", path=("spec", "runPolicy", "suspend"))),
    **dict.fromkeys((LWS, STATEFULSET), Switch("scale", path=("spec", "replicas"))),
}

_KINDS: Final = {(one.group, one.name): one for one in _SWITCHES}
PARKABLE: Final = tuple(kind.full for kind in _SWITCHES)  # kinds that may bear the mark


def as_gang(obj: Json, reading: Reading) -> GangState:
    """What bears the mark, as far as it tells: to be given to `next_start` with the id of the drain in the mark."""
    kind = _KINDS[group_kind(obj)]
    on, switch = kind.ref(obj), _SWITCHES[kind]
    ref = _owner(obj) if kind == WORKLOAD else on
    return GangState(
        ref.uid or on.uid, ref, kind.name, tuple(_pods(reading, on)), 0.0, Contract(),
        Switch(switch.kind, on, switch.path), Phase.STOPPED, stops=1,
    )  # fmt: skip


def _owner(workload: Json) -> Ref:
    """What the Workload stands for; it may be owned by pods besides."""
    for one in workload["metadata"].get("ownerReferences") or ():
        kind = OWNERS.get(group_kind(one))
        if kind is not None and kind != POD:
            return Ref(kind.full, workload["metadata"].get("namespace", ""), one["name"], one.get("uid", ""), kind.word)
    return WORKLOAD.ref(workload)


def _pods(reading: Reading, on: Ref) -> Iterator[PodRef]:
    """Those that are still ending; what waits for its gates to open is new."""
    listed = [one for one in reading.list("pods", on.namespace) if not ended(one) and _node(one)]
    gangs = resolve(listed, reading).gangs
    gang = next((one for one in gangs if one.switch.on is not None and one.switch.on.uid == on.uid), None)
    for pod in gang.pods if gang else ():
        if _node(pod):
            yield PodRef(on.namespace, pod["metadata"]["name"], uid(pod), _node(pod))


def _node(pod: Json) -> str:
    return str((pod.get("spec") or {}).get("nodeName") or "")
