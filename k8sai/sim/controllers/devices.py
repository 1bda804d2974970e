"""The device manager of every node: which cards and partitions exist there, which are ill, and who holds which.

Ids are derived from the node's name, so that a node made with kubectl has devices too. A node's annotation
`sim.k8sai.dev/unhealthy-devices: nvidia.com/gpu=3,5;nvidia.com/mig-1g.10gb=0` makes devices ill, by index.
"""

import uuid
from collections import Counter
from dataclasses import dataclass, field

from k8sai.quantity import whole
from k8sai.sim.objects import Obj

UNHEALTHY = "sim.k8sai.dev/unhealthy-devices"
_SPACE = uuid.UUID("6b1f3a52-7e0c-5a64-9d1b-2f7c54a1c9e0")


def is_device(resource: str) -> bool:
    """Extended resources are served by device plugins."""
    return "/" in resource and not resource.startswith("kubernetes.io/")


def replicas(node: Obj, resource: str) -> int:
    """How many pods share one device of that resource on the node."""
    labels = node["metadata"].get("labels") or {}
    shared = labels.get("nvidia.com/gpu.sharing-strategy", "none") != "none"
    text = labels.get("nvidia.com/gpu.replicas", "1")
    return int(text) if shared and resource.startswith("nvidia.com/gpu") and text.isdigit() else 1


def device_ids(node: Obj, resource: str) -> list[str]:
    """The ids the resource's plugin reports, ill ones included, in the order of their indexes."""
    name, labels = node["metadata"]["name"], node["metadata"].get("labels") or {}
    count = whole((node.get("status") or {}).get("capacity", {}).get(resource, 0))
    each = replicas(node, resource)
    prefix = _prefix(resource, labels)
    found = []
    for index in range(count // each):
        device = device_id(name, resource, index, prefix)
        found += [f"{device}::{n}" for n in range(each)] if each > 1 else [device]
    return found


def device_id(node: str, resource: str, index: int, prefix: str) -> str:
    """The id of one physical device or partition: `GPU-<uuid>`, `MIG-<uuid>`, or a PCI address for AMD."""
    if resource.startswith("amd.com/"):
        return f"0000:{0x05 + 0x10 * (index % 8):02x}:00.{index // 8}"
    base = resource.removesuffix(".shared")
    return f"{prefix}-{uuid.uuid5(_SPACE, f'{node}/{base}/{index}')}"


def _prefix(resource: str, labels: Obj) -> str:
    if resource.startswith("nvidia.com/"):
        sliced = resource.startswith("nvidia.com/mig-") or "-MIG-" in labels.get("nvidia.com/gpu.product", "")
        return "MIG" if sliced else "GPU"
    return resource.partition("/")[2]


def unhealthy(node: Obj) -> dict[str, set[int]]:
    """Indexes of ill devices per resource; what the annotation says wrongly is passed over."""
    text = (node["metadata"].get("annotations") or {}).get(UNHEALTHY, "")
    found: dict[str, set[int]] = {}
    for part in filter(None, (p.strip() for p in text.split(";"))):
        resource, _, indexes = part.partition("=")
        found[resource] = {int(i) for i in indexes.split(",") if i.strip().isdigit()}
    return found


def allocatable(node: Obj) -> Obj:
    """The node's allocatable with ill devices taken off its capacity."""
    status = node.get("status") or {}
    capacity: Obj = status.get("capacity") or {}
    out = dict(status.get("allocatable") or capacity)
    ill = unhealthy(node)
    for resource in filter(is_device, capacity):
        each = replicas(node, resource)
        count = whole(capacity[resource])
        gone = sum(each for index in ill.get(resource, ()) if index * each < count)
        out[resource] = str(count - gone)
    return out


@dataclass(slots=True)
class Devices:
    """Who holds which device, per node and resource."""

    _held: dict[tuple[str, str], dict[str, str]] = field(default_factory=dict)  # node, resource -> device id -> pod uid
    _by_pod: dict[str, list[tuple[str, str, str]]] = field(default_factory=dict)  # uid -> node, resource, device id

    def free(self, node: Obj, resource: str) -> list[str]:
        """Healthy devices that nobody holds; of shared ones those of the least used card first."""
        held = self._held.get((node["metadata"]["name"], resource), {})
        each, ill = replicas(node, resource), unhealthy(node).get(resource, set())
        ids = device_ids(node, resource)
        left = [d for i, d in enumerate(ids) if d not in held and i // each not in ill]
        if each > 1:
            load = Counter(d.partition("::")[0] for d in held)
            left.sort(key=lambda d: load[d.partition("::")[0]])
        return left

    def take(self, node: Obj, uid: str, resource: str, count: int) -> list[str] | None:
        """Give a pod that many devices, or None when there are fewer."""
        left = self.free(node, resource)
        if len(left) < count:
            return None
        if replicas(node, resource) > 1:
            left = _spread(left)
        for device in left[:count]:
            self.hold(node["metadata"]["name"], uid, resource, device)
        return left[:count]

    def hold(self, node: str, uid: str, resource: str, device: str) -> None:
        """The pod holds this device (also one that does not exist any more)."""
        self._held.setdefault((node, resource), {})[device] = uid
        self._by_pod.setdefault(uid, []).append((node, resource, device))

    def held_by(self, uid: str) -> list[tuple[str, str]]:
        """(resource, device id) of a pod, in the order given."""
        return [(resource, device) for _, resource, device in self._by_pod.get(uid, ())]

    def release(self, uid: str) -> None:
        """The pod holds nothing any more."""
        for node, resource, device in self._by_pod.pop(uid, ()):
            self._held.get((node, resource), {}).pop(device, None)

    def health(self, node: Obj, resource: str, device: str) -> str:
        """Healthy, Unhealthy, or Unknown for a device the plugin does not report."""
        ids = device_ids(node, resource)
        if device not in ids:
            return "Unknown"
        ill = ids.index(device) // replicas(node, resource) in unhealthy(node).get(resource, set())
        return "Unhealthy" if ill else "Healthy"


def _spread(ids: list[str]) -> list[str]:
    """One replica of each card before a second of any."""
    seen: Counter[str] = Counter()
    ranked = []
    for position, device in enumerate(ids):
        card = device.partition("::")[0]
        ranked.append((seen[card], position, device))
        seen[card] += 1
    return [device for _, _, device in sorted(ranked)]
