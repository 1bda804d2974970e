"""One pod's turn: the node that takes it, or why none does; the binding, and the condition that says why it waits."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from k8sai.scheduling.allocate import ClassMissing, SelectorFailed
from k8sai.scheduling.claims import ClaimsMissing, Wants
from k8sai.scheduling.domains import domain_checks
from k8sai.scheduling.filters import (
    NOT_HELPFUL,
    Check,
    Refusal,
    first_refusal,
    fit,
    no_preemption,
    static,
    with_nominees,
)
from k8sai.scheduling.nodes import NodeInfo, PodInfo, View, pod_info
from k8sai.scheduling.score import score
from k8sai.sim.binding import bind
from k8sai.sim.controllers.desk import PODS, Desk, condition, with_condition
from k8sai.sim.controllers.dra import Dra
from k8sai.sim.objects import Obj
from k8sai.sim.status import ApiFailure

NAME = "default-scheduler"


@dataclass(slots=True)
class Outcome:
    """One pod looked at: the node found, or why there is none."""

    pod: Obj
    info: PodInfo
    wants: Wants
    node: str = ""
    refusals: dict[str, Refusal] = field(default_factory=dict)


class Cycle:
    """`run` looks and writes nothing but why a pod cannot be considered; `bind` and `refuse` write.

    `again` is called with a pod whose claim was lost to another one between the two.
    """

    def __init__(self, desk: Desk, view: View, dra: Dra, again: Callable[[Obj], None]) -> None:
        self._desk = desk
        self._view = view
        self._dra = dra
        self._again = again

    def run(self, pod: Obj) -> Outcome | None:
        """Look for a node; None when the pod cannot be considered at all (that is told, or is silent as upstream)."""
        info = pod_info(pod)
        try:
            wants = self._dra.wants(pod, info)
            return self._find_node(pod, info, wants)
        except ClaimsMissing:
            return None
        except ClassMissing as missing:
            text = f"0/{len(self._view.nodes)} nodes are available: {missing}. "
            text += no_preemption(len(self._view.nodes), [NOT_HELPFUL] * len(self._view.nodes))
            self.refuse(pod, "Unschedulable", text)
        except SelectorFailed as failed:
            self.refuse(pod, "SchedulerError", str(failed))
        return None

    def _find_node(self, pod: Obj, info: PodInfo, wants: Wants) -> Outcome:
        tried = Outcome(pod, info, wants)
        checks = self.checks(pod, info, wants, self._view)
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
        own_node = next((n for n, there in self._view.nominated.items() if info.uid in there), "")
        chosen = self._view.nodes.get(own_node)
        if (
            chosen is not None
            and fit(info, with_nominees(info, chosen, self._view)) is None
            and not static(info, chosen)
        ):
            return (chosen,)
        return self._view.nodes.values()

    def checks(self, pod: Obj, info: PodInfo, wants: Wants, view: View) -> list[Check]:
        """The filters in the scheduler's order."""
        checks: list[Check] = [
            lambda node: static(info, node),
            lambda node: fit(info, with_nominees(info, node, view), wants.bridged(node) if wants.bridges else ()),
            *domain_checks(info, view),
        ]
        if wants:
            checks.append(self._dra.check(info, wants))
        return checks

    def bind(self, tried: Outcome) -> None:
        """Write its claims, then where it runs."""
        pod = self._dra.commit(tried.pod, tried.wants, tried.node) if tried.wants else tried.pod
        if pod is None:
            self._again(tried.pod)
            return
        self._view.nominate_nowhere(tried.info.uid)
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

    def refuse(self, pod: Obj, reason: str, message: str, nominated: str = "", *, event: bool = True) -> None:
        """The PodScheduled condition and the event that say why; nothing is written when both say so already."""
        status = dict(pod.get("status") or {})
        old = condition(pod, "PodScheduled") or {}
        if not nominated:
            self._view.nominate_nowhere(pod["metadata"]["uid"])
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
