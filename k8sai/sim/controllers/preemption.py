"""Preemption: a pod that fits nowhere takes the place of less important ones, or says why that does not help."""

from k8sai.scheduling.filters import NO_VICTIMS, NOT_HELPFUL, Check, no_preemption, unavailable
from k8sai.scheduling.nodes import PodInfo, View
from k8sai.scheduling.preempt import Budget, Candidate, choose, hopeless_reasons
from k8sai.sim import kinds
from k8sai.sim.controllers.cycle import NAME, Cycle, Outcome
from k8sai.sim.controllers.desk import PODS, Desk, leaving, with_condition

BUDGETS = kinds.find("policy", "poddisruptionbudgets")
_TERMINATING = "not eligible due to a terminating pod on the nominated node."
_NEVER = "not eligible due to preemptionPolicy=Never."


class Preemption:
    """What the scheduler does for a pod that no node takes."""

    def __init__(self, desk: Desk, view: View, cycle: Cycle) -> None:
        self._desk = desk
        self._view = view
        self._cycle = cycle

    def explain(self, tried: Outcome) -> None:
        """Preempt if that helps, and say why the pod waits."""
        total = len(self._view.nodes)
        if not total:
            self._cycle.refuse(tried.pod, "Unschedulable", "no nodes available to schedule pods")
            return
        said = unavailable(total, tried.refusals.values())
        nominated = (tried.pod.get("status") or {}).get("nominatedNodeName", "")
        if tried.pod["spec"].get("preemptionPolicy") == "Never":
            self._cycle.refuse(tried.pod, "Unschedulable", f"{said} preemption: {_NEVER}")
            return
        if nominated and self._victims_terminate(tried.info, nominated):
            self._cycle.refuse(tried.pod, "Unschedulable", f"{said} preemption: {_TERMINATING}", nominated)
            return

        def checks(view: View) -> list[Check]:
            return self._cycle.checks(tried.pod, tried.info, tried.wants, view)

        found = choose(tried.info, self._view, tried.refusals, checks, self._budgets())
        if found is None:
            verdicts = [
                verdict
                for name, refusal in tried.refusals.items()
                for verdict in (
                    (NOT_HELPFUL,)
                    if refusal.helpless
                    else hopeless_reasons(tried.info, self._view, self._view.nodes[name], checks) or (NO_VICTIMS,)
                )
            ]
            self._cycle.refuse(tried.pod, "Unschedulable", f"{said} {no_preemption(total, verdicts)}")
            return
        self._preempt(tried, found, said)

    def _victims_terminate(self, info: PodInfo, nominated: str) -> bool:
        node = self._view.nodes.get(nominated)
        return node is not None and any(p.terminating and p.priority < info.priority for p in node.pods.values())

    def _preempt(self, tried: Outcome, found: Candidate, said: str) -> None:
        text = f"found a potential placement for pod on node {found.node}, preempting {len(found.victims)} victims"
        self._view.nominate(tried.info, found.node)
        self._cycle.refuse(tried.pod, "Unschedulable", f"{said} preemption: {text}", found.node)
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
