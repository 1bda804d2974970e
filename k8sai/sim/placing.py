"""Pods of a scenario that run already: which node and which devices each gets, and what its status says."""

from dataclasses import dataclass, field

from k8sai.ages import stamp
from k8sai.scheduling.filters import fit, static
from k8sai.scheduling.nodes import PodInfo, View, pod_info
from k8sai.scheduling.score import score
from k8sai.sim.controllers.devices import Devices, is_device
from k8sai.sim.controllers.podstatus import admitted_status, running_status
from k8sai.sim.objects import Obj


@dataclass(slots=True)
class Placing:
    """The nodes as they fill up while a scenario is loaded."""

    view: View = field(default_factory=View)
    nodes: dict[str, Obj] = field(default_factory=dict)
    devices: Devices = field(default_factory=Devices)
    groups: dict[str, list[str]] = field(default_factory=dict)  # node group -> its nodes that take pods
    _addresses: int = 0

    def add(self, group: str, node: Obj) -> None:
        """A node of a group."""
        name = node["metadata"]["name"]
        self.nodes[name] = node
        self.view.put_node(node)
        self.groups.setdefault(group, []).append(name)

    def choose(self, group: str, info: PodInfo) -> str:
        """The node of the group where the pod fits best, or ""."""
        ranked = [
            (score(info, node), node.name)
            for node in (self.view.nodes[name] for name in self.groups.get(group, ()))
            if static(info, node) is None and fit(info, node) is None
        ]
        return max(ranked, key=lambda r: (r[0], [-ord(c) for c in r[1]]))[1] if ranked else ""

    def running(self, pod: Obj, node: str, info: PodInfo, at: float) -> Obj:
        """The pod as it looks when it has been running there since `at` (epoch seconds)."""
        self.view.assume(info, node)
        machine, now = self.nodes[node], stamp(at)
        groups = []
        for resource, count in info.requests.items():
            if is_device(resource):
                ids = self.devices.take(machine, info.uid, resource, count) or []
                groups.append({"name": resource, "resources": [{"resourceID": i, "health": "Healthy"} for i in ids]})
        self._addresses += 1
        number = self._addresses
        address = f"10.{64 + (number >> 16) % 64}.{(number >> 8) & 255}.{number & 255}"
        scheduled = {"type": "PodScheduled", "status": "True", "lastTransitionTime": now}
        bound = {
            **pod,
            "spec": {**pod["spec"], "nodeName": node},
            "status": {**(pod.get("status") or {}), "conditions": [scheduled]},
        }
        bound["status"] = admitted_status(bound, machine, now)
        bound["status"] = running_status(bound, now, 0, address, groups)
        return bound

    def place(self, group: str, pod: Obj, at: float) -> Obj | None:
        """The pod running on the best node of the group, or None where it fits nowhere."""
        info = pod_info(pod)
        node = self.choose(group, info)
        return self.running(pod, node, info, at) if node else None
