"""Who waits for GPUs: pods alike are one shape, and pods that start together or not at all are a gang."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from k8sai.facts import Pod
from k8sai.fleet.resources import Rules
from k8sai.quantity import BadQuantity
from k8sai.scheduling.filters import unwanted
from k8sai.scheduling.intake import info_of
from k8sai.scheduling.nodes import NodeInfo, PodInfo

# Labels and annotations that name a gang.
_GROUPS: Final = (
    "scheduling.k8s.io/group-name",
    "scheduling.x-k8s.io/pod-group",
    "pod-group.scheduling.sigs.k8s.io/name",
    "kueue.x-k8s.io/pod-group-name",
    "pod-group-name",
)


@dataclass(frozen=True, slots=True)
class Shape:
    """Waiting pods alike: one stands for all. `gang` is set where they start together or not at all."""

    info: PodInfo
    gpus: Mapping[str, int]  # by resource
    count: int
    gang: str
    labels: tuple[tuple[str, str], ...]  # of its node selector
    picky: bool  # it has a node affinity too

    def wants(self, node: NodeInfo) -> bool:
        """Its selector and affinity accept the node."""
        labels = node.labels
        for key, value in self.labels:  # a loop, since this runs for every shape on every node
            if labels.get(key) != value:
                return False
        return not self.picky or unwanted(self.info, node) is None


def _shape(pods: list[PodInfo], gpus: Mapping[str, int], gang: str) -> Shape:
    spec = pods[0].spec
    picky = bool((spec.get("affinity") or {}).get("nodeAffinity"))
    return Shape(pods[0], gpus, len(pods), gang, tuple((spec.get("nodeSelector") or {}).items()), picky)


def shapes_of(pods: Iterable[Pod], rules: Rules) -> tuple[list[Shape], int]:
    """The shapes that ask for GPU resources, the smallest first, and how many pods they are."""
    found: dict[tuple[object, ...], list[PodInfo]] = defaultdict(list)
    asks: dict[tuple[object, ...], tuple[dict[str, int], str]] = {}
    waiting = 0
    for pod in pods:
        if pod.status.nominated_node_name:  # its room is reserved
            continue
        try:
            info = info_of(pod)
        except BadQuantity:  # a pod like that starts nowhere
            continue
        gpus = {name: amount for name, amount in info.requests.items() if _counts(name, rules)}
        if not gpus:
            continue
        waiting += 1
        gang = _gang(pod)
        key = (tuple(sorted(info.requests.items())), repr(_places(info)), gang)
        found[key].append(info)
        asks[key] = (gpus, gang)
    shapes = [_shape(alike, *asks[key]) for key, alike in found.items()]
    return sorted(shapes, key=lambda shape: sum(shape.gpus.values())), waiting


def _counts(name: str, rules: Rules) -> bool:
    rule = rules.classify(name)
    return rule is not None and rule.kind != "monitor"


def _places(info: PodInfo) -> tuple[object, ...]:
    """What of the pod decides which nodes it may use."""
    spec = info.spec
    affinity = (spec.get("affinity") or {}).get("nodeAffinity")
    return spec.get("nodeSelector"), affinity, spec.get("tolerations"), info.priority


def _gang(pod: Pod) -> str:
    """The gang the pod says it belongs to; a Job alone is none."""
    meta, group = pod.metadata, pod.spec.scheduling_group
    if group is not None and group.pod_group_name:
        return f"{meta.namespace}/{group.pod_group_name}"
    said = {**(meta.annotations or {}), **(meta.labels or {})}
    name = next((said[key] for key in _GROUPS if said.get(key)), "")
    return f"{meta.namespace}/{name}" if name else ""
