"""What is free in each lowest domain of a topology: allocatable of its nodes less the pods that Kueue did not place.

Source: pkg/cache/scheduler/tas_*.go of Kueue 0.19. Nodes count that are ready, schedulable, labelled as the flavor
says, and labelled at every level.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from k8sai.cluster.objects import Objects
from k8sai.cluster.reading import Reading
from k8sai.queues.facts import Flavor, Json, Topology
from k8sai.queues.parse_workload import pod_requests
from k8sai.queues.setting import Setting
from k8sai.queues.values import amounts

HOST = "kubernetes.io/hostname"
_ANNOTATIONS = tuple(
    f"kueue.x-k8s.io/podset-{kind}topology{more}"
    for kind, more in (
        ("required-", ""),
        ("preferred-", ""),
        ("unconstrained-", ""),
        ("slice-required-", ""),
        ("slice-required-", "-constraints"),
    )
)


@dataclass(frozen=True, slots=True)
class Leaf:
    """A domain of the lowest level. `node` is its node where that level is the host name."""

    values: tuple[str, ...]
    free: dict[str, int] = field(default_factory=dict)
    node: Json | None = None


@dataclass(frozen=True, slots=True)
class Ground:
    """The leaves of a flavor with a topology, by their values."""

    flavor: Flavor
    topology: Topology
    leaves: Mapping[tuple[str, ...], Leaf]

    @property
    def by_host(self) -> bool:
        """Its lowest level is a node: then taints and labels of nodes are compared with the pods."""
        return bool(self.topology.levels) and self.topology.levels[-1] == HOST


@dataclass(frozen=True, slots=True)
class Land:
    """All flavors with a topology, by name; `hidden` says which kinds (nodes, pods) could not be read."""

    grounds: Mapping[str, Ground]
    hidden: tuple[str, ...] = ()


def survey(objects: Objects, setting: Setting) -> Land | None:
    """Read nodes and pods; None where no flavor has a topology or nodes may not be read."""
    if not any(one.topology in setting.topologies for one in setting.flavors.values()):
        return None
    reading = Reading(objects)
    nodes, pods = reading.list("nodes"), reading.list("pods")
    if reading.blind("nodes"):
        return None
    return Land(grounds(setting, nodes, pods), tuple(one.what for one in reading.hidden))


def grounds(setting: Setting, nodes: Iterable[Json], pods: Iterable[Json]) -> dict[str, Ground]:
    """The same of nodes and pods at hand."""
    ready = [node for node in nodes if _ready(node)]
    used = _used(pods)
    return {
        flavor.name: _ground(flavor, setting.topologies[flavor.topology], ready, used)
        for flavor in setting.flavors.values()
        if flavor.topology in setting.topologies
    }


def _ground(flavor: Flavor, topology: Topology, nodes: Iterable[Json], used: Mapping[str, Mapping[str, int]]) -> Ground:
    leaves: dict[tuple[str, ...], Leaf] = {}
    for node in nodes:
        labels = node["metadata"].get("labels") or {}
        here = all(labels.get(key) == value for key, value in flavor.labels.items())
        if not here or not all(level in labels for level in topology.levels):
            continue
        values = tuple(labels[level] for level in topology.levels)
        single = node if topology.levels[-1] == HOST else None
        leaf = leaves.setdefault(values, Leaf(values, node=single))
        for resource, amount in amounts((node.get("status") or {}).get("allocatable")).items():
            leaf.free[resource] = leaf.free.get(resource, 0) + amount
        for resource, amount in used.get(node["metadata"]["name"], {}).items():
            leaf.free[resource] = leaf.free.get(resource, 0) - amount
    return Ground(flavor, topology, leaves)


def _used(pods: Iterable[Json]) -> dict[str, dict[str, int]]:
    """By node, of pods that Kueue did not place."""
    used: dict[str, dict[str, int]] = {}
    for pod in pods:
        node = (pod.get("spec") or {}).get("nodeName")
        if not node or _over(pod) or _placed_by_kueue(pod):
            continue
        here = used.setdefault(node, {})
        for resource, amount in {**pod_requests(pod["spec"]), "pods": 1}.items():
            here[resource] = here.get(resource, 0) + amount
    return used


def _over(pod: Json) -> bool:
    return (pod.get("status") or {}).get("phase") in ("Succeeded", "Failed")


def _placed_by_kueue(pod: Json) -> bool:
    found = pod["metadata"].get("annotations") or {}
    return any(name in found for name in _ANNOTATIONS)


def _ready(node: Json) -> bool:
    conditions = (node.get("status") or {}).get("conditions") or ()
    ready = any(one.get("type") == "Ready" and one.get("status") == "True" for one in conditions)
    return ready and not (node.get("spec") or {}).get("unschedulable")
