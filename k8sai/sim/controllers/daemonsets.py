"""DaemonSets: a pod on every node that the template accepts."""

from k8sai.scheduling.selectors import pod_wants, untolerated
from k8sai.sim import kinds
from k8sai.sim.controllers.deployments import template_hash
from k8sai.sim.controllers.desk import NODES, PODS, Desk, Key, finished, from_template, key_of, leaving, own, ready
from k8sai.sim.memory import Event
from k8sai.sim.objects import Obj, controller_of

DAEMONSETS = kinds.find("apps", "daemonsets")
_BY = "daemonset-controller"
_HASH = "controller-revision-hash"
# What every daemon pod tolerates, as the real controller adds it.
_ADDED = tuple(
    {"key": f"node.kubernetes.io/{key}", "operator": "Exists", "effect": effect}
    for key, effect in (
        ("not-ready", "NoExecute"),
        ("unreachable", "NoExecute"),
        ("disk-pressure", "NoSchedule"),
        ("memory-pressure", "NoSchedule"),
        ("pid-pressure", "NoSchedule"),
        ("unschedulable", "NoSchedule"),
    )
)


class DaemonSets:
    """One key per DaemonSet."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._add = desk.queue("daemonsets", self.sync)

    def on_event(self, event: Event) -> None:
        if event.resource is DAEMONSETS:
            self._add(key_of(event.obj))
        elif event.resource is PODS:
            owner = controller_of(event.obj)
            if owner and owner["kind"] == "DaemonSet":
                self._add((event.obj["metadata"]["namespace"], owner["name"]))
        elif event.resource is NODES and (
            event.old is None or event.type == "DELETED" or _differs(event.obj, event.old)
        ):
            for daemon in self._desk.store.list(DAEMONSETS):
                self._add(key_of(daemon))

    def sync(self, key: Key) -> None:
        daemon = self._desk.find(DAEMONSETS, key)
        if daemon is None:
            return
        digest = template_hash(daemon["spec"]["template"])
        pods: dict[str, list[Obj]] = {}
        for pod in self._desk.pods.owned(daemon["metadata"]["uid"]):
            if not leaving(pod):
                pods.setdefault(_node_of(pod), []).append(pod)
        wanted = {n["metadata"]["name"] for n in self._desk.store.list(NODES) if _runs_on(daemon, n)}
        if not leaving(daemon):
            self._reconcile(daemon, pods, wanted, digest)
        self._report(daemon, wanted, digest)

    def _reconcile(self, daemon: Obj, pods: dict[str, list[Obj]], wanted: set[str], digest: str) -> None:
        rolling = (daemon["spec"].get("updateStrategy") or {}).get("type") != "OnDelete"
        busy = any(not ready(p) for group in pods.values() for p in group)
        for node, group in pods.items():
            for position, pod in enumerate(group):
                stale = pod["metadata"]["labels"].get(_HASH) != digest
                if node not in wanted or position or finished(pod) or (stale and rolling and not busy):
                    busy = busy or stale
                    self._desk.delete(PODS, pod)
                    text = f"Deleted pod: {pod['metadata']['name']}"
                    self._desk.recorder.say(daemon, "SuccessfulDelete", text, by=_BY)
        ending = {_node_of(p) for p in self._desk.pods.owned(daemon["metadata"]["uid"]) if leaving(p)}
        for node in sorted(wanted - set(pods) - ending):
            made = self._desk.store.create(PODS, _pod(daemon, node, digest))
            self._desk.recorder.say(daemon, "SuccessfulCreate", f"Created pod: {made['metadata']['name']}", by=_BY)

    def _report(self, daemon: Obj, wanted: set[str], digest: str) -> None:
        pods = [p for p in self._desk.pods.owned(daemon["metadata"]["uid"]) if not leaving(p) and not finished(p)]
        up = sum(ready(p) for p in pods)
        status: Obj = {
            "observedGeneration": daemon["metadata"].get("generation", 1),
            "desiredNumberScheduled": len(wanted),
            "currentNumberScheduled": len({_node_of(p) for p in pods} & wanted),
            "updatedNumberScheduled": sum(p["metadata"]["labels"].get(_HASH) == digest for p in pods),
            "numberMisscheduled": len({_node_of(p) for p in pods} - wanted),
            "numberReady": up,
            "numberAvailable": up,
            "numberUnavailable": max(0, len(wanted) - up),
        }
        if not status["numberUnavailable"]:
            del status["numberUnavailable"]
        self._desk.put_status(DAEMONSETS, daemon, status)


def _differs(new: Obj, old: Obj) -> bool:
    return bool(new.get("spec") != old.get("spec") or new["metadata"].get("labels") != old["metadata"].get("labels"))


def _runs_on(daemon: Obj, node: Obj) -> bool:
    spec, meta = daemon["spec"]["template"]["spec"], node["metadata"]
    tolerations = [*(spec.get("tolerations") or ()), *_ADDED]
    if untolerated((node.get("spec") or {}).get("taints") or (), tolerations, ("NoSchedule", "NoExecute")):
        return False
    return pod_wants(spec, meta["name"], meta.get("labels") or {})


def _node_of(pod: Obj) -> str:
    """The node a daemon pod is bound to or made for."""
    bound: str = pod["spec"].get("nodeName", "")
    if bound:
        return bound
    wanted = pod["spec"]["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
    return str(wanted["nodeSelectorTerms"][0]["matchFields"][0]["values"][0])


def _pod(daemon: Obj, node: str, digest: str) -> Obj:
    meta = daemon["metadata"]
    owner = own(daemon, DAEMONSETS)
    pod = from_template(daemon["spec"]["template"], meta["namespace"], owner, prefix=f"{meta['name']}-")
    pod["metadata"]["labels"] |= {_HASH: digest, "pod-template-generation": str(meta.get("generation", 1))}
    here = {"matchFields": [{"key": "metadata.name", "operator": "In", "values": [node]}]}
    affinity = pod["spec"].get("affinity") or {}
    placed = {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [here]}}
    pod["spec"] = {
        **pod["spec"],
        "affinity": {**affinity, "nodeAffinity": {**(affinity.get("nodeAffinity") or {}), **placed}},
        "tolerations": [*(pod["spec"].get("tolerations") or ()), *_ADDED],
    }
    return pod
