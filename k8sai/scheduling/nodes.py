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

ANYWHERE = "0.0.0.0"
Port = tuple[str, int, str]  # protocol, number, the node's address it is bound to (0.0.0.0: every one)


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
    ports: frozenset[Port]
    terminating: bool
    volumes: tuple[str, ...] = ()  # names of its PersistentVolumeClaims

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
    return PodInfo(
        uid=meta["uid"],
        namespace=meta["namespace"],
        name=meta["name"],
        labels=meta.get("labels") or {},
        priority=spec.get("priority") or 0,
        created=meta.get("creationTimestamp") or "",
        spec=spec,
        requests=requests,
        ports=host_ports(spec),
        terminating=bool(meta.get("deletionTimestamp")),
        volumes=volume_claims(meta["name"], spec),
    )


def host_ports(spec: Json) -> frozenset[Port]:
    """Ports of the node that containers and sidecars take; on the host's network every port is the host's."""
    sidecars = [c for c in spec.get("initContainers") or () if c.get("restartPolicy") == "Always"]
    default = "containerPort" if spec.get("hostNetwork") else "hostPort"
    return frozenset(
        (p.get("protocol") or "TCP", number, p.get("hostIP") or ANYWHERE)
        for c in (*sidecars, *(spec.get("containers") or ()))
        for p in c.get("ports") or ()
        if (number := p.get("hostPort") or p.get(default))
    )


def volume_claims(pod: str, spec: Json) -> tuple[str, ...]:
    """The PersistentVolumeClaims a pod mounts; an ephemeral volume's is made for it."""
    found = []
    for volume in spec.get("volumes") or ():
        if volume.get("persistentVolumeClaim"):
            found.append(volume["persistentVolumeClaim"]["claimName"])
        elif volume.get("ephemeral") is not None:
            found.append(f"{pod}-{volume['name']}")
    return tuple(found)


def clash(one: Iterable[Port], other: Iterable[Port]) -> bool:
    """Two pods want the same port of the same address."""
    theirs = tuple(other)
    return any(
        (protocol, port) == (p, n) and (address == a or ANYWHERE in (address, a))
        for protocol, port, address in one
        for p, n, a in theirs
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
    """The cluster as the scheduler sees it, kept up to date by events; an event costs one pod or one node.

    A snapshot shares the nodes with its original; whichever of the two changes one first takes a copy of it.
    """

    nodes: MutableMapping[str, NodeInfo] = field(default_factory=dict)
    repelling: dict[str, tuple[PodInfo, str]] = field(default_factory=dict)  # uid -> (pod with anti-affinity, its node)
    nominated: dict[str, dict[str, PodInfo]] = field(default_factory=dict)  # node -> uid -> pod
    namespaces: dict[str, dict[str, str]] = field(default_factory=dict)  # labels, for namespaceSelector
    _where: dict[str, str] = field(default_factory=dict)  # uid -> node it holds
    _homeless: dict[str, dict[str, PodInfo]] = field(default_factory=dict)  # pods whose node does not exist (any more)
    _nominee: dict[str, str] = field(default_factory=dict)  # uid -> node it is nominated for
    _own: set[str] | None = None  # nodes nobody else shares; None: all of them

    def snapshot(self) -> "View":
        """The cluster as it is now: what happens to the one is not seen in the other."""
        self._own = set()
        return View(
            dict(self.nodes),
            dict(self.repelling),
            {node: dict(there) for node, there in self.nominated.items() if there},
            self.namespaces,
            dict(self._where),
            {node: dict(there) for node, there in self._homeless.items() if there},
            dict(self._nominee),
            set(),
        )

    def _writable(self, name: str) -> NodeInfo:
        info = self.nodes[name]
        if self._own is not None and name not in self._own:
            info = self.nodes[name] = info.changed()
            self._own.add(name)
        return info

    def put_node(self, obj: Json) -> None:
        """New or changed; its pods stay."""
        self.add_node(node_info(obj))

    def add_node(self, info: NodeInfo) -> None:
        """As `put_node`; `info` is the view's from here on."""
        old = self.nodes.get(info.name)
        for pod in old.pods.values() if old else self._homeless.pop(info.name, {}).values():
            info.add(pod)
        self.nodes[info.name] = info
        if self._own is not None:
            self._own.add(info.name)

    def drop_node(self, name: str) -> None:
        gone = self.nodes.pop(name, None)
        if gone and gone.pods:
            self._homeless[name] = dict(gone.pods)

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
            self._writable(node).add(pod)
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
            self._writable(node).remove(uid)
        else:
            self._homeless.get(node, {}).pop(uid, None)

    def node_of(self, uid: str) -> str:
        """Where the pod counts, or ""."""
        return self._where.get(uid, "")

    def nominate(self, pod: PodInfo, node: str) -> None:
        """Reserve the pod's request there, and nowhere else."""
        self.nominate_nowhere(pod.uid)
        self.nominated.setdefault(node, {})[pod.uid] = pod
        self._nominee[pod.uid] = node

    def nominate_nowhere(self, uid: str) -> None:
        """The pod is not nominated any more."""
        node = self._nominee.pop(uid, None)
        if node is not None:
            self.nominated[node].pop(uid, None)
            if not self.nominated[node]:
                del self.nominated[node]

    def nominees(self) -> Collection[str]:
        """The uids of all pods that a node is reserved for."""
        return self._nominee.keys()

    def pods(self) -> Iterable[str]:
        """The uids of all that count, also on nodes that do not exist."""
        return self._where.keys()

    def reserved_for(self, pod: PodInfo, node: str) -> list[PodInfo]:
        """Nominees of equal or higher priority that this pod has to leave room for."""
        there = self.nominated.get(node)
        return [p for p in there.values() if p.uid != pod.uid and p.priority >= pod.priority] if there else []
