"""Pod groups: pods that name the group they start with, in the words of each scheduler that knows them."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

from k8sai.cluster.reading import Reading
from k8sai.evict.facts import Json
from k8sai.evict.gangs.form import number, within
from k8sai.evict.gangs.kinds import PODGROUP, Kind
from k8sai.evict.gangs.pods import OVERRIDE, labels, notes

Source = Literal["override", "native", "workload", "kueue", "coscheduling", "volcano", "kai"]

KUEUE_GROUP: Final = "kueue.x-k8s.io/pod-group-name"
KUEUE_TOTAL: Final = "kueue.x-k8s.io/pod-group-total-count"
_COSCHEDULING: Final = ("scheduling.x-k8s.io/pod-group", "pod-group.scheduling.sigs.k8s.io")
_VOLCANO: Final = "scheduling.k8s.io/group-name"
_KAI: Final = "pod-group-name"
_OBJECTS: Final[dict[str, Kind]] = {
    "native": PODGROUP,
    "coscheduling": Kind("scheduling.x-k8s.io", "PodGroup", "podgroups"),
    "volcano": Kind("scheduling.volcano.sh", "PodGroup", "podgroups"),
    "kai": Kind("scheduling.run.ai", "PodGroup", "podgroups"),
}


@dataclass(frozen=True, slots=True)
class Group:
    """The name of a group and who gives it, in the order in which the first one counts."""

    source: Source
    name: str

    @property
    def kind(self) -> Kind | None:
        """Of the object that stands for it; None where it is a name only."""
        return _OBJECTS.get(self.source)


def override(pod: Json, *owners: Json) -> str:
    """The gang that somebody put it into by hand, "" where nobody did."""
    found = (one for obj in (pod, *owners) for one in (notes(obj).get(OVERRIDE), labels(obj).get(OVERRIDE)))
    return next((one for one in found if one), "")


def groups(pod: Json) -> Iterator[Group]:
    """All groups that a pod says it is in."""
    spec, marks, said = pod.get("spec") or {}, labels(pod), notes(pod)
    if name := within(spec, "schedulingGroup", "podGroupName"):
        yield Group("native", str(name))
    if ref := spec.get("workloadRef"):  # Kubernetes 1.35
        yield Group("workload", "/".join(str(ref.get(key) or "") for key in ("name", "podGroup", "podGroupReplicaKey")))
    if name := marks.get(KUEUE_GROUP):
        yield Group("kueue", name)
    if name := next((marks[key] for key in _COSCHEDULING if marks.get(key)), ""):
        yield Group("coscheduling", name)
    if name := said.get(_VOLCANO):
        yield Group("volcano", name)
    if name := said.get(_KAI):
        yield Group("kai", name)


def found(group: Group, namespace: str, reading: Reading) -> Json | None:
    """The object that stands for a group; None where there is none or it may not be read."""
    if group.kind is None:
        return None
    listed = reading.list(group.kind.full, namespace)
    return next((one for one in listed if one["metadata"]["name"] == group.name), None)


def size(group: Group, obj: Json | None, pods: tuple[Json, ...]) -> int:
    """The pods it has when whole; 0 where nobody says."""
    if group.source == "kueue":
        said = next((notes(pod)[KUEUE_TOTAL] for pod in pods if notes(pod).get(KUEUE_TOTAL)), "")
        return int(said) if said.isdecimal() else 0
    native = within(obj or {}, "spec", "schedulingPolicy", "gang", "minCount")
    return number(native, number(within(obj or {}, "spec", "minMember"), 0))
