"""The scheduler: pods that wait, the most important first, each tried when something changed that may help it."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from k8sai.sim import kinds
from k8sai.sim.binding import bind
from k8sai.sim.controllers.desk import NODES, PODS, Desk, Key, Obj, condition, finished, key_of, leaving, with_condition
from k8sai.sim.controllers.dra import ClaimsMissing, Dra, Wants
from k8sai.sim.controllers.gangs import Gang, gang_of
from k8sai.sim.objects import deleting
from k8sai.sim.scheduling.allocate import ClassMissing, SelectorFailed
from k8sai.sim.scheduling.domains import domain_checks
from k8sai.sim.scheduling.filters import (
    NO_VICTIMS,
    NOT_HELPFUL,
    Check,
    Refusal,
    first_refusal,
    fit,
    no_preemption,
    static,
    unavailable,
    with_nominees,
)
from k8sai.sim.scheduling.nodes import NodeInfo, PodInfo, View, holds, pod_info
from k8sai.sim.scheduling.preempt import Budget, Candidate, choose, hopeless_reasons
from k8sai.sim.scheduling.score import score
from k8sai.sim.status import ApiFailure
from k8sai.sim.store import Event

NAMESPACES = kinds.find("", "namespaces")
BUDGETS = kinds.find("policy", "poddisruptionbudgets")
NAME = "default-scheduler"
_GATED = "Scheduling is blocked due to non-empty scheduling gates"
_TERMINATING = "not eligible due to a terminating pod on the nominated node."
_NEVER = "not eligible due to preemptionPolicy=Never."


@dataclass(slots=True)
class _Try:
    """One pod looked at: the node found, or why there is none."""

    pod: Obj
    info: PodInfo
    wants: Wants
    node: str = ""
    refusals: dict[str, Refusal] = field(default_factory=dict)


class Scheduler:
    """One key: the next pod."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._add = desk.queue("scheduler", self.sync)
        self._dra = Dra(desk)
        self.view = View()
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
        elif self._dra.on_event(event):
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

    # one pod

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
        gang = gang_of(pod)
        if pod["spec"].get("schedulingGates"):
            self._refuse(pod, "SchedulingGated", _GATED, event=False)
        elif gang is not None:
            self._schedule_gang(gang)
        else:
            tried = self._try(pod)
            if tried is not None and tried.node:
                self._bind(tried)
            elif tried is not None:
                self._explain(tried)

    def _try(self, pod: Obj) -> _Try | None:
        """Look for a node; None when the pod cannot be considered at all (that is told, or is silent as upstream)."""
        info = pod_info(pod)
        try:
            wants = self._dra.wants(pod, info)
            return self._find_node(pod, info, wants)
        except ClaimsMissing:
            return None
        except ClassMissing as missing:
            text = f"0/{len(self.view.nodes)} nodes are available: {missing}. "
            text += no_preemption(len(self.view.nodes), [NOT_HELPFUL] * len(self.view.nodes))
            self._refuse(pod, "Unschedulable", text)
        except SelectorFailed as failed:
            self._refuse(pod, "SchedulerError", str(failed))
        return None

    def _find_node(self, pod: Obj, info: PodInfo, wants: Wants) -> _Try:
        tried = _Try(pod, info, wants)
        checks = self._checks(pod, info, wants, self.view)
        best = None
        for node in self._candidates(info):
            refusal = first_refusal(node, checks)
            if refusal is not None:
                tried.refusals[node.name] = refusal
                continue
            ranked = (score(info, node), node.name)
            if best is None or ranked[0] > best[0] or (ranked[0] == best[0] and ranked[1] < best[1]):
                best = ranked
        tried.node = best[1] if best else ""
        return tried

    def _candidates(self, info: PodInfo) -> Iterable[NodeInfo]:
        """All nodes; for a nominee its own node alone, when it fits there."""
        own_node = next((n for n, there in self.view.nominated.items() if info.uid in there), "")
        chosen = self.view.nodes.get(own_node)
        if (
            chosen is not None
            and fit(info, with_nominees(info, chosen, self.view)) is None
            and not static(info, chosen)
        ):
            return (chosen,)
        return self.view.nodes.values()

    def _checks(self, pod: Obj, info: PodInfo, wants: Wants, view: View) -> list[Check]:
        """The filters in the scheduler's order."""
        checks: list[Check] = [
            lambda node: static(info, node),
            lambda node: fit(
                info, with_nominees(info, node, view), self._dra.bridged(wants, node) if wants.bridges else ()
            ),
        ]
        if wants:
            checks.append(self._dra.check(pod, wants))
        return [*checks, *domain_checks(info, view)]

    def _bind(self, tried: _Try) -> None:
        pod = self._dra.commit(tried.pod, tried.wants, tried.node) if tried.wants else tried.pod
        if pod is None:
            self._activate(tried.pod)
            return
        self.view.nominate_nowhere(tried.info.uid)
        meta = pod["metadata"]
        try:
            bound = bind(self._desk.store, meta["namespace"], meta["name"], tried.node, uid=meta["uid"])
        except ApiFailure as failure:
            if failure.code in (404, 409):
                return
            raise
        status = {k: v for k, v in (bound.get("status") or {}).items() if k != "nominatedNodeName"}
        self._desk.put_status(PODS, bound, status)
        text = f"Successfully assigned {meta['namespace']}/{meta['name']} to {tried.node}"
        self._desk.recorder.say(pod, "Scheduled", text, by=NAME, action="Binding")

    # no node

    def _explain(self, tried: _Try) -> None:
        """Preempt if that helps, and say why the pod waits."""
        total = len(self.view.nodes)
        if not total:
            self._refuse(tried.pod, "Unschedulable", "no nodes available to schedule pods")
            return
        said = unavailable(total, tried.refusals.values())
        nominated = (tried.pod.get("status") or {}).get("nominatedNodeName", "")
        if tried.pod["spec"].get("preemptionPolicy") == "Never":
            self._refuse(tried.pod, "Unschedulable", f"{said} preemption: {_NEVER}")
            return
        if nominated and self._victims_terminate(tried.info, nominated):
            self._refuse(tried.pod, "Unschedulable", f"{said} preemption: {_TERMINATING}", nominated)
            return

        def checks(view: View) -> list[Check]:
            return self._checks(tried.pod, tried.info, tried.wants, view)

        found = choose(tried.info, self.view, tried.refusals, checks, self._budgets())
        if found is None:
            verdicts = [
                verdict
                for name, refusal in tried.refusals.items()
                for verdict in (
                    (NOT_HELPFUL,)
                    if refusal.helpless
                    else hopeless_reasons(tried.info, self.view, self.view.nodes[name], checks) or (NO_VICTIMS,)
                )
            ]
            self._refuse(tried.pod, "Unschedulable", f"{said} {no_preemption(total, verdicts)}")
            return
        self._preempt(tried, found, said)

    def _victims_terminate(self, info: PodInfo, nominated: str) -> bool:
        node = self.view.nodes.get(nominated)
        return node is not None and any(p.terminating and p.priority < info.priority for p in node.pods.values())

    def _preempt(self, tried: _Try, found: Candidate, said: str) -> None:
        text = f"found a potential placement for pod on node {found.node}, preempting {len(found.victims)} victims"
        self.view.nominate(tried.info, found.node)
        self._refuse(tried.pod, "Unschedulable", f"{said} preemption: {text}", found.node)
        now = self._desk.stamp()
        for victim in found.victims:
            pod = self._desk.find(PODS, (victim.namespace, victim.name))
            if pod is None or leaving(pod):
                continue
            target = {
                "type": "DisruptionTarget",
                "status": "True",
                "reason": "PreemptionByScheduler",
                "message": f"{NAME}: preempting to accommodate a higher priority pod",
            }
            status = pod.get("status") or {}
            conditions = with_condition(status.get("conditions"), target, now)
            marked = self._desk.put_status(PODS, pod, {**status, "conditions": conditions})
            self._desk.delete(PODS, marked or pod)
            uid = tried.pod["metadata"]["uid"]
            text = f"Preempted by pod {uid} on node {found.node}"
            self._desk.recorder.say(pod, "Preempted", text, by=NAME, action="Preempting")

    def _budgets(self) -> list[Budget]:
        return [
            Budget(
                b["metadata"]["namespace"],
                b["spec"].get("selector"),
                (b.get("status") or {}).get("disruptionsAllowed", 0),
            )
            for b in self._desk.store.list(BUDGETS)
        ]

    def _refuse(self, pod: Obj, reason: str, message: str, nominated: str = "", *, event: bool = True) -> None:
        """The PodScheduled condition and the event that say why; nothing is written when both say so already."""
        status = dict(pod.get("status") or {})
        old = condition(pod, "PodScheduled") or {}
        if not nominated:
            self.view.nominate_nowhere(pod["metadata"]["uid"])
        if old.get("message") == message and status.get("nominatedNodeName", "") == nominated:
            return
        status.pop("nominatedNodeName", None)
        if nominated:
            status["nominatedNodeName"] = nominated
        new = {"type": "PodScheduled", "status": "False", "reason": reason, "message": message}
        status["conditions"] = with_condition(status.get("conditions"), new, self._desk.stamp())
        self._desk.put_status(PODS, pod, status)
        if event:
            self._desk.recorder.say(pod, "FailedScheduling", message, by=NAME, warning=True, action="Scheduling")

    # gangs

    def _members(self, gang: Gang) -> tuple[list[Obj], int]:
        """Ungated members that wait, in order, and how many are placed already."""
        waiting, placed = [], 0
        for pod in self._desk.store.list(PODS, gang.namespace):
            if gang_of(pod) != gang or leaving(pod):
                continue
            if pod["spec"].get("nodeName"):
                placed += not finished(pod)
            elif not pod["spec"].get("schedulingGates"):
                waiting.append(pod)
        return sorted(waiting, key=lambda p: (p["metadata"]["creationTimestamp"], p["metadata"]["name"])), placed

    def _schedule_gang(self, gang: Gang) -> None:
        """Place enough members at once, or none; a gang that is not complete stays silent."""
        waiting, placed = self._members(gang)
        for pod in waiting:
            self._active.pop(pod["metadata"]["uid"], None)
        if len(waiting) + placed < gang.minimum:
            return
        tries = [self._trial(pod) for pod in waiting]
        fitting = [t for t in tries if t is not None and t.node]
        for tried in fitting:
            self.view.drop_pod(tried.info.uid)
            self._dra.assume(tried.wants, tried.node, -1)
        if len(fitting) + placed >= gang.minimum:
            for tried in fitting:
                self._bind(tried)
            return
        for tried in fitting:
            text = (
                f"pod group is unschedulable, minCount ({gang.minimum}) cannot be satisfied: {len(fitting) + placed} "
            )
            text += "scheduled, 0 remaining, pod group preemption: No preemption victims found for incoming preemptor"
            self._refuse(tried.pod, "Unschedulable", text)
        for left in tries:
            if left is not None and not left.node:
                total = len(self.view.nodes)
                verdicts = [NOT_HELPFUL if r.helpless else NO_VICTIMS for r in left.refusals.values()]
                said = f"{unavailable(total, left.refusals.values())} {no_preemption(total, verdicts)}"
                self._refuse(left.pod, "Unschedulable", said)

    def _trial(self, pod: Obj) -> _Try | None:
        """Try a member as if those before it were placed; it counts on its node until the trial is undone."""
        tried = self._try(pod)
        if tried is not None and tried.node:
            self.view.assume(tried.info, tried.node)
            self._dra.assume(tried.wants, tried.node)
        return tried


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
