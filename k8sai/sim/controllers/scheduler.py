"""The scheduler: pods that wait, the most important first, each tried when something changed that may help it."""

from k8sai.scheduling.nodes import View, holds, pod_info
from k8sai.sim import kinds
from k8sai.sim.controllers.cycle import NAME, Cycle
from k8sai.sim.controllers.desk import NODES, PODS, Desk, Key, finished, key_of, leaving
from k8sai.sim.controllers.dra import Dra
from k8sai.sim.controllers.gangs import PODGROUPS, Gangs
from k8sai.sim.controllers.preemption import Preemption
from k8sai.sim.memory import Event
from k8sai.sim.objects import Obj, deleting

NAMESPACES = kinds.find("", "namespaces")
_GATED = "Scheduling is blocked due to non-empty scheduling gates"


class Scheduler:
    """One key: the next pod."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._add = desk.queue("scheduler", self.sync)
        self._dra = Dra(desk)
        self.view = View()
        self._cycle = Cycle(desk, self.view, self._dra, self._activate)
        self._preemption = Preemption(desk, self.view, self._cycle)
        self._gangs = Gangs(desk, self.view, self._dra, self._cycle, lambda uid: self._active.pop(uid, None))
        self._waiting: dict[str, Key] = {}  # uid of every pod that wants a node
        self._active: dict[str, tuple[int, str, str]] = {}  # uid -> order: to be tried now

    # following the store

    def on_event(self, event: Event) -> None:
        if event.resource is PODS:
            self._pod(event)
        elif event.resource is NODES:
            self._node(event)
        elif event.resource is NAMESPACES:
            self.view.namespaces[event.obj["metadata"]["name"]] = event.obj["metadata"].get("labels") or {}
        elif event.resource is PODGROUPS or self._dra.on_event(event):
            self._wake()

    def _pod(self, event: Event) -> None:
        pod, uid = event.obj, event.obj["metadata"]["uid"]
        gone = event.type == "DELETED" or finished(pod)
        held = bool(self.view.node_of(uid))
        if gone:
            self.view.drop_pod(uid)
            self._unqueue(uid)
            if held:
                self._wake()
        elif holds(pod):
            if not held or event.old is None or event.old["spec"] is not pod["spec"] or deleting(pod):
                self.view.put_pod(pod)
            self._unqueue(uid)
            if not held:
                self._wake(seeking=True)
        elif leaving(pod):
            self._unqueue(uid)
        elif _may_fit_now(event) and pod["spec"].get("schedulerName", NAME) == NAME:
            self._enqueue(pod)

    def _unqueue(self, uid: str) -> None:
        if self._waiting.pop(uid, None) is not None:
            self._active.pop(uid, None)
            self.view.nominate_nowhere(uid)

    def _enqueue(self, pod: Obj) -> None:
        uid = pod["metadata"]["uid"]
        self._waiting[uid] = key_of(pod)
        nominated = (pod.get("status") or {}).get("nominatedNodeName")
        if nominated:
            self.view.nominate(pod_info(pod), nominated)
        self._activate(pod)

    def _activate(self, pod: Obj) -> None:
        meta = pod["metadata"]
        self._active[meta["uid"]] = (-(pod["spec"].get("priority") or 0), meta["creationTimestamp"], meta["name"])
        self._add("next")

    def _node(self, event: Event) -> None:
        if event.type == "DELETED":
            self.view.drop_node(event.obj["metadata"]["name"])
        elif event.old is None or _node_changed(event.obj, event.old):
            self.view.put_node(event.obj)
            self._wake()

    def _wake(self, *, seeking: bool = False) -> None:
        """Try the waiting pods again; `seeking`: only those that look for other pods."""
        for key in self._waiting.values():
            pod = self._desk.find(PODS, key)
            if pod is not None and (not seeking or (pod["spec"].get("affinity") or {}).get("podAffinity")):
                self._activate(pod)

    # whose turn it is

    def sync(self, _: str) -> None:
        if not self._active:
            return
        uid = min(self._active, key=self._active.__getitem__)
        del self._active[uid]
        if self._active:
            self._add("next")
        pod = self._desk.find(PODS, self._waiting[uid]) if uid in self._waiting else None
        if pod is None or pod["metadata"]["uid"] != uid or holds(pod):
            return
        gang = self._gangs.of(pod)
        if pod["spec"].get("schedulingGates"):
            self._cycle.refuse(pod, "SchedulingGated", _GATED, event=False)
        elif gang is not None:
            self._gangs.schedule(gang)
        else:
            tried = self._cycle.run(pod)
            if tried is not None and tried.node:
                self._cycle.bind(tried)
            elif tried is not None:
                self._preemption.explain(tried)


def _may_fit_now(event: Event) -> bool:
    """An unbound pod is new or changed, or its claims were made since it was last looked at."""
    if event.old is None or event.old["spec"] != event.obj["spec"]:
        return True
    before, after = ((event.old or {}).get("status") or {}), (event.obj.get("status") or {})
    return before.get("resourceClaimStatuses") != after.get("resourceClaimStatuses")


def _node_changed(new: Obj, old: Obj) -> bool:
    """What the filters read is different."""
    same_status = (new.get("status") or {}).get("allocatable") == (old.get("status") or {}).get("allocatable")
    same_labels = new["metadata"].get("labels") == old["metadata"].get("labels")
    return not (same_status and same_labels and new.get("spec") == old.get("spec"))
