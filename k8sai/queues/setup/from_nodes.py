"""The nodes of a cluster as quota is made of them: what each has, what its own pods take, and what keeps it out.

Static pods, pods of DaemonSets and pods of a system priority are the node's own: Kueue admits none of them.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from k8sai.cluster.reading import Reading
from k8sai.fleet.products import labelled
from k8sai.fleet.products import product as product_of
from k8sai.fleet.resources import builtin, classify, weigh
from k8sai.queues.facts import Amounts, Json
from k8sai.queues.parse_workload import pod_requests
from k8sai.queues.values import amounts

NODES, PODS, SLICES = "nodes", "pods", "resourceslices.resource.k8s.io"
HARD = ("NoSchedule", "NoExecute")
_PASSING = "node.kubernetes.io/"  # taints that say how a node is now: not ready, cordoned, short of memory
_CONTROL_PLANE = ("node-role.kubernetes.io/control-plane", "node-role.kubernetes.io/master")
_MIRROR = "kubernetes.io/config.mirror"
_ENDED = ("Succeeded", "Failed")
_SYSTEM = ("system-node-critical", "system-cluster-critical")


def counted(resource: str) -> bool:
    """A workload may ask for it, so a queue must cover it: all but the number of pods and volumes."""
    return resource in ("cpu", "memory", "ephemeral-storage") or "/" in resource or resource.startswith("hugepages-")


def countable(resource: str) -> bool:
    """Given out in whole units: GPUs, network cards and whatever else a device plugin offers."""
    return "/" in resource


@dataclass(frozen=True, slots=True)
class Device:
    """A GPU resource of a node: what one unit is (`card`, `slice`, `replica`, …) and its share of a card."""

    resource: str
    kind: str
    share: int


@dataclass(frozen=True, slots=True)
class Machine:
    """One node. `taints` are those that stay and keep pods off; `own` is what the node's own pods ask for.

    `drivers` are DRA drivers of GPUs with the number of devices they publish here.
    """

    name: str
    labels: Mapping[str, str] = field(default_factory=dict)
    taints: tuple[tuple[str, str, str], ...] = ()  # key, value, effect
    allocatable: Amounts = field(default_factory=dict)
    devices: tuple[Device, ...] = ()
    product: str = ""
    ready: bool = True
    cordoned: bool = False
    own: Amounts = field(default_factory=dict)
    drivers: Mapping[str, int] = field(default_factory=dict)

    @property
    def counts(self) -> bool:
        """Pods can be put there now."""
        return self.ready and not self.cordoned

    @property
    def control_plane(self) -> bool:
        return any(key in _CONTROL_PLANE for key, _, _ in self.taints)

    @property
    def accelerated(self) -> bool:
        """It has GPUs, or its labels say so."""
        return bool(self.devices or self.drivers or self.product)


def machines(reading: Reading) -> tuple[Machine, ...]:
    """All nodes by name. What may not be read besides nodes reads as if there were none: see `reading.hidden`."""
    own = _own(reading.list(PODS))
    drivers = _drivers(reading.list(SLICES))
    found = (machine(node, own, drivers) for node in reading.list(NODES))
    return tuple(sorted(found, key=lambda one: one.name))


def machine(
    node: Json, own: Mapping[str, Amounts] | None = None, drivers: Mapping[str, Mapping[str, int]] | None = None
) -> Machine:
    """Of a Node object; `own` and `drivers` are by node name."""
    meta, spec, status = node["metadata"], node.get("spec") or {}, node.get("status") or {}
    labels, name = meta.get("labels") or {}, meta["name"]
    devices = _devices(labels, meta.get("annotations") or {}, amounts(status.get("capacity")))
    taints = spec.get("taints") or ()
    return Machine(
        name=name,
        labels=labels,
        taints=tuple(sorted(_taint(one) for one in taints if _stays(one))),
        allocatable={key: amount for key, amount in amounts(status.get("allocatable")).items() if counted(key)},
        devices=devices,
        product=_product(labels, devices),
        ready=any(one.get("type") == "Ready" and one.get("status") == "True" for one in status.get("conditions") or ()),
        cordoned=bool(spec.get("unschedulable")),
        own=(own or {}).get(name, {}),
        drivers=(drivers or {}).get(name, {}),
    )


def _taint(taint: Json) -> tuple[str, str, str]:
    return str(taint.get("key") or ""), str(taint.get("value") or ""), str(taint.get("effect") or "")


def _stays(taint: Json) -> bool:
    return taint.get("effect") in HARD and not str(taint.get("key") or "").startswith(_PASSING)


def _devices(
    labels: Mapping[str, str], annotations: Mapping[str, str], capacity: Mapping[str, int]
) -> tuple[Device, ...]:
    found = []
    for name, amount in sorted(capacity.items()):
        rule = classify(name)
        if rule is not None and rule.kind != "monitor" and amount:
            found.append(Device(name, *weigh(rule, name, labels, annotations, capacity)))
    return tuple(found)


def _product(labels: Mapping[str, str], devices: Iterable[Device]) -> str:
    families = [rule.family for device in devices if (rule := classify(device.resource)) is not None]
    return next((found for family in families if (found := product_of(labels, family))), labelled(labels))


def _own(pods: Iterable[Json]) -> dict[str, dict[str, int]]:
    total: dict[str, dict[str, int]] = {}
    for pod in pods:
        spec = pod.get("spec") or {}
        if spec.get("nodeName") and _is_own(pod) and (pod.get("status") or {}).get("phase") not in _ENDED:
            mine = total.setdefault(spec["nodeName"], {})
            for resource, amount in pod_requests(spec).items():
                mine[resource] = mine.get(resource, 0) + amount
    return total


def _is_own(pod: Json) -> bool:
    meta = pod["metadata"]
    owners = {owner.get("kind") for owner in meta.get("ownerReferences") or () if owner.get("controller")}
    priority = (pod.get("spec") or {}).get("priorityClassName")
    return bool(owners & {"DaemonSet", "Node"}) or _MIRROR in (meta.get("annotations") or {}) or priority in _SYSTEM


def _drivers(slices: Iterable[Json]) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for one in slices:
        spec = one.get("spec") or {}
        node, driver = spec.get("nodeName"), str(spec.get("driver") or "")
        if node and builtin().driver(driver):
            mine = found.setdefault(node, {})
            mine[driver] = mine.get(driver, 0) + len(spec.get("devices") or ())
    return found
