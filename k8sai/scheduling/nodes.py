"""Nodes and pods as the scheduler counts them: requests as whole numbers, what each node has and what is held there."""

from collections.abc import Collection, Iterable, MutableMapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from k8sai.facts import Pod
from k8sai.fleet.requests import effective
from k8sai.quantity import milli, whole

Json = dict[str, Any]
Amounts = dict[str, int]  # cpu in thousandths of a core, memory in bytes, everything else whole

DONE = ("Succeeded", "Failed")


@dataclass(slots=True, frozen=True)
class PodInfo:
    """A pod's demands. `requests` is without zeros and without what a claim serves instead of a device plugin."""

    uid: str
    namespace: str
    name: str
    labels: dict[str, str]
    priority: int
    created: str
    spec: Json
    requests: Amounts
    ports: frozenset[tuple[str, int]]
    terminating: bool

    @property
    def affinity(self) -> Json:
        found: Json = self.spec.get("affinity") or {}
        return found

    @property
    def repels(self) -> tuple[Json, ...]:
        """Required anti-affinity terms."""
        return terms(self.affinity.get("podAntiAffinity"))

    @property
    def seeks(self) -> tuple[Json, ...]:
        """Required affinity terms."""
        return terms(self.affinity.get("podAffinity"))


def terms(affinity: Json | None) -> tuple[Json, ...]:
    """The required terms of a pod (anti-)affinity."""
    return tuple((affinity or {}).get("requiredDuringSchedulingIgnoredDuringExecution") or ())


def pod_info(obj: Json) -> PodInfo:
    """From a pod object. Raises BadQuantity on a malformed request."""
    meta, spec = obj["metadata"], obj["spec"]
    requests = {k: v for k, v in effective(msgspec.convert(obj, Pod)).items() if v}
    bridged = (obj.get("status") or {}).get("extendedResourceClaimStatus") or {}
    for mapping in bridged.get("requestMappings") or ():
        requests.pop(mapping["resourceName"], None)
    ports = (p for c in spec.get("containers", ()) for p in c.get("ports") or () if p.get("hostPort"))
    return PodInfo(
        uid=meta["uid"],
        namespace=meta["namespace"],
        name=meta["name"],
        labels=meta.get("labels") or {},
        priority=spec.get("priority") or 0,
        created=meta.get("creationTimestamp") or "",
        spec=spec,
        requests=requests,
        ports=frozenset((p.get("protocol", "TCP"), p["hostPort"]) for p in ports),
        terminating=bool(meta.get("deletionTimestamp")),
    )


def holds(obj: Json) -> bool:
    """The pod counts on its node: bound, and its phase is not terminal (also while it terminates)."""
    return bool(obj["spec"].get("nodeName")) and (obj.get("status") or {}).get("phase") not in DONE


def amounts(resources: Json | None) -> Amounts:
    """A node's capacity or allocatable as whole numbers. Raises BadQuantity."""
    return {k: milli(v) if k == "cpu" else whole(v) for k, v in (resources or {}).items()}


@dataclass(slots=True)
class NodeInfo:
    """A node, and the pods that hold something there."""

    name: str
    labels: dict[str, str]
    taints: tuple[Json, ...]
    unschedulable: bool
    allocatable: Amounts
    used: Amounts = field(default_factory=dict)
    pods: dict[str, PodInfo] = field(default_factory=dict)

    def add(self, pod: PodInfo) -> None:
        self.remove(pod.uid)
        self.pods[pod.uid] = pod
        for key, amount in pod.requests.items():
            self.used[key] = self.used.get(key, 0) + amount

    def remove(self, uid: str) -> None:
        pod = self.pods.pop(uid, None)
        if pod is not None:
            for key, amount in pod.requests.items():
                self.used[key] -= amount

    def changed(self, *, without: Collection[str] = (), plus: Iterable[PodInfo] = ()) -> "NodeInfo":
        """A copy with some pods gone and others added: what-ifs never touch the real one."""
        copy = NodeInfo(
            self.name, self.labels, self.taints, self.unschedulable, self.allocatable, dict(self.used), dict(self.pods)
        )
        for uid in without:
            copy.remove(uid)
        for pod in plus:
            copy.add(pod)
        return copy


def node_info(obj: Json) -> NodeInfo:
    """From a node object, with no pods yet. Raises BadQuantity."""
    meta, spec, status = obj["metadata"], obj.get("spec") or {}, obj.get("status") or {}
    return NodeInfo(
        name=meta["name"],
        labels=meta.get("labels") or {},
        taints=tuple(spec.get("taints") or ()),
        unschedulable=bool(spec.get("unschedulable")),
        allocatable=amounts(status.get("allocatable") or status.get("capacity")),
    )


@dataclass(slots=True)
class View:
    """The cluster as the scheduler sees it, kept up to date by events; an event costs one pod or one node."""

    nodes: MutableMapping[str, NodeInfo] = field(default_factory=dict)
    repelling: dict[str, tuple[PodInfo, str]] = field(default_factory=dict)  # uid -> (pod with anti-affinity, its node)
    nominated: dict[str, dict[str, PodInfo]] = field(default_factory=dict)  # node -> uid -> pod
    namespaces: dict[str, dict[str, str]] = field(default_factory=dict)  # labels, for namespaceSelector
    _where: dict[str, str] = field(default_factory=dict)  # uid -> node it holds
    _homeless: dict[str, dict[str, PodInfo]] = field(default_factory=dict)  # pods whose node does not exist (any more)

    def put_node(self, obj: Json) -> None:
        """New or changed; its pods stay."""
        info = node_info(obj)
        old = self.nodes.get(info.name)
        for pod in old.pods.values() if old else self._homeless.pop(info.name, {}).values():
            info.add(pod)
        self.nodes[info.name] = info

    def drop_node(self, name: str) -> None:
        gone = self.nodes.pop(name, None)
        if gone and gone.pods:
            self._homeless[name] = gone.pods

    def put_pod(self, obj: Json) -> None:
        """A pod that holds (see `holds`) counts on its node; any other counts nowhere."""
        uid = obj["metadata"]["uid"]
        if not holds(obj):
            self.drop_pod(uid)
            return
        self.assume(pod_info(obj), obj["spec"]["nodeName"])

    def assume(self, pod: PodInfo, node: str) -> None:
        """Count the pod on the node."""
        self.drop_pod(pod.uid)
        self._where[pod.uid] = node
        if node in self.nodes:
            self.nodes[node].add(pod)
        else:
            self._homeless.setdefault(node, {})[pod.uid] = pod
        if pod.repels:
            self.repelling[pod.uid] = (pod, node)

    def drop_pod(self, uid: str) -> None:
        node = self._where.pop(uid, None)
        if node is None:
            return
        self.repelling.pop(uid, None)
        if node in self.nodes:
            self.nodes[node].remove(uid)
        else:
            self._homeless.get(node, {}).pop(uid, None)

    def node_of(self, uid: str) -> str:
        """Where the pod counts, or ""."""
        return self._where.get(uid, "")

    def nominate(self, pod: PodInfo, node: str) -> None:
        """Reserve the pod's request there, and nowhere else."""
        self.nominate_nowhere(pod.uid)
        self.nominated.setdefault(node, {})[pod.uid] = pod

    def nominate_nowhere(self, uid: str) -> None:
        """The pod is not nominated any more."""
        for there in self.nominated.values():
            there.pop(uid, None)

    def reserved_for(self, pod: PodInfo, node: str) -> list[PodInfo]:
        """Nominees of equal or higher priority that this pod has to leave room for."""
        there = self.nominated.get(node)
        return [p for p in there.values() if p.uid != pod.uid and p.priority >= pod.priority] if there else []
