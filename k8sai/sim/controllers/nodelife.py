"""Nodes: the taint of a cordon, eviction by NoExecute taints, pods of nodes that are gone, and the heartbeat Leases."""

from k8sai.scheduling.selectors import tolerates
from k8sai.sim import kinds
from k8sai.sim.controllers.desk import NODES, PODS, Desk, condition, finished, leaving, with_condition
from k8sai.sim.memory import Event
from k8sai.sim.objects import Obj, micro_timestamp
from k8sai.sim.status import ApiFailure

LEASES = kinds.find("coordination.k8s.io", "leases")
_HOME = "kube-node-lease"
_CORDON = {"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"}
_TARGET = {
    "type": "DisruptionTarget",
    "status": "True",
    "reason": "DeletionByTaintManager",
    "message": "Taint manager: deleting due to NoExecute taint",
}
_ORPHANED = 40.0  # seconds until pods of a missing node are collected
_LEASE_SECONDS = 40
_BEAT = 10.0
_PER_TICK = 100  # Leases renewed at once, so that thousands of nodes do not stall the server


class NodeLife:
    """One key per node name, and ("pod", namespace, name, uid) for a pod that may have to leave its node."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._add = desk.queue("nodelife", self.sync)

    def on_event(self, event: Event) -> None:
        if event.resource is NODES:
            if event.old is None or event.type == "DELETED" or event.obj.get("spec") != event.old.get("spec"):
                self._add(event.obj["metadata"]["name"])
        elif event.resource is PODS and event.type != "DELETED":
            node, meta = event.obj["spec"].get("nodeName"), event.obj["metadata"]
            new = event.old is None or not event.old["spec"].get("nodeName")
            if node and new:
                self._add(("pod", meta["namespace"], meta["name"], meta["uid"]))

    def sync(self, key: str | tuple[str, str, str, str]) -> None:
        if isinstance(key, tuple):
            pod = self._desk.find(PODS, (key[1], key[2]))
            if pod is not None and pod["metadata"]["uid"] == key[3]:
                self._check_pod(pod)
            return
        node = self._desk.find(NODES, ("", key))
        if node is None:
            for pod in self._desk.pods.on(key):
                self._check_pod(pod)
            return
        self._cordon(node)
        taints = (node.get("spec") or {}).get("taints") or ()
        if any(t.get("effect") == "NoExecute" for t in taints):
            for pod in self._desk.pods.on(key):
                self._check_pod(pod)

    def _cordon(self, node: Obj) -> None:
        spec = node.get("spec") or {}
        taints = spec.get("taints") or []
        marked = any(t["key"] == _CORDON["key"] for t in taints)
        if bool(spec.get("unschedulable")) == marked:
            return
        kept = [t for t in taints if t["key"] != _CORDON["key"]]
        if not marked:
            kept.append({**_CORDON, "timeAdded": self._desk.stamp()})
        changed = {k: v for k, v in spec.items() if k != "taints"} | ({"taints": kept} if kept else {})
        self._desk.store.update(NODES, {**node, "spec": changed})

    def _check_pod(self, pod: Obj) -> None:
        if leaving(pod) and self._desk.find(NODES, ("", pod["spec"]["nodeName"])):
            return
        node = self._desk.find(NODES, ("", pod["spec"]["nodeName"]))
        if node is None:
            self._desk.clock.after(_ORPHANED, lambda: self._collect(pod))
            return
        taints = [t for t in (node.get("spec") or {}).get("taints") or () if t.get("effect") == "NoExecute"]
        if taints and not finished(pod):
            self._evict(pod, taints)

    def _collect(self, pod: Obj) -> None:
        """Pod GC: nobody else would end it."""
        if self._desk.find(NODES, ("", pod["spec"]["nodeName"])) is None:
            self._desk.delete(PODS, pod, grace=0)

    def _evict(self, pod: Obj, taints: list[Obj]) -> None:
        """The taint manager: at once without a toleration, later where tolerationSeconds says so."""
        tolerations = pod["spec"].get("tolerations") or ()
        waits = []
        for taint in taints:
            matching = [t for t in tolerations if tolerates((t,), taint)]
            if not matching:
                self._go(pod, taints)
                return
            limits = [t["tolerationSeconds"] for t in matching if t.get("tolerationSeconds") is not None]
            if len(limits) == len(matching):
                waits.append(min(limits))
        if waits:
            self._desk.clock.after(float(min(waits)), lambda: self._go(pod, taints))

    def _go(self, pod: Obj, taints: list[Obj]) -> None:
        node = self._desk.find(NODES, ("", pod["spec"]["nodeName"]))
        there = ((node or {}).get("spec") or {}).get("taints") or ()
        if not any(t["key"] == old["key"] and t.get("effect") == "NoExecute" for t in there for old in taints):
            return
        text = f"Marking for deletion Pod {pod['metadata']['namespace']}/{pod['metadata']['name']}"
        self._desk.recorder.say(pod, "TaintManagerEviction", text, by="taint-eviction-controller")
        now = self._desk.find(PODS, (pod["metadata"]["namespace"], pod["metadata"]["name"]))
        if now is None or now["metadata"]["uid"] != pod["metadata"]["uid"] or leaving(now):
            return
        state = now.get("status") or {}
        marked = with_condition(state.get("conditions"), _TARGET, self._desk.stamp())
        self._desk.delete(PODS, self._desk.put_status(PODS, now, {**state, "conditions": marked}) or now)


class Heartbeats:
    """Renews each living node's Lease; every ten seconds, less often where there are thousands of nodes."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._round: list[str] = []

    def on_event(self, event: Event) -> None:
        if event.resource is NODES and event.type == "ADDED":
            self._renew(event.obj)
        elif event.resource is NODES and event.type == "DELETED":
            name = event.obj["metadata"]["name"]
            if self._desk.store.find(LEASES, _HOME, name):
                self._desk.store.delete(LEASES, _HOME, name)

    def start(self) -> None:
        """Begin to beat."""
        self._desk.clock.after(_BEAT, self._beat)

    def _beat(self) -> None:
        if not self._round:
            self._round = [n["metadata"]["name"] for n in self._desk.store.list(NODES)]
        now, self._round = self._round[:_PER_TICK], self._round[_PER_TICK:]
        for name in now:
            node = self._desk.find(NODES, ("", name))
            if node is not None and (condition(node, "Ready") or {}).get("status") != "Unknown":
                self._renew(node)
        self._desk.clock.after(_BEAT, self._beat)

    def _renew(self, node: Obj) -> None:
        name = node["metadata"]["name"]
        spec = {
            "holderIdentity": name,
            "leaseDurationSeconds": _LEASE_SECONDS,
            "renewTime": micro_timestamp(self._desk.clock.now()),
        }
        known = self._desk.store.find(LEASES, _HOME, name)
        if known is not None:
            self._desk.store.update(LEASES, {**known, "spec": spec})
            return
        owner = {"apiVersion": "v1", "kind": "Node", "name": name, "uid": node["metadata"]["uid"]}
        metadata = {"name": name, "namespace": _HOME, "ownerReferences": [owner]}
        try:
            self._desk.store.create(LEASES, {"metadata": metadata, "spec": spec})
        except ApiFailure as failure:
            if failure.reason != "AlreadyExists":
                raise
