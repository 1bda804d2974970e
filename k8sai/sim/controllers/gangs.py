"""Gangs: which pods start together or not at all, and how they are placed."""

from collections.abc import Callable
from typing import NamedTuple

from k8sai.scheduling.filters import NO_VICTIMS, NOT_HELPFUL, no_preemption, unavailable
from k8sai.scheduling.nodes import View
from k8sai.sim import kinds
from k8sai.sim.controllers.cycle import Cycle, Outcome
from k8sai.sim.controllers.desk import PODS, Desk, finished, leaving, with_condition
from k8sai.sim.controllers.dra import Dra
from k8sai.sim.objects import Obj, uid_of

PODGROUPS = kinds.find("scheduling.k8s.io", "podgroups")
_NAME, _TOTAL = "kueue.x-k8s.io/pod-group-name", "kueue.x-k8s.io/pod-group-total-count"
_SHORT = (
    "pod group is unschedulable, minCount (%d) cannot be satisfied: %d scheduled, 0 remaining, "
    "pod group preemption: No preemption victims found for incoming preemptor"
)


class Gang(NamedTuple):
    """A group of pods of one namespace, and how many must fit at once; 0 while the PodGroup is missing."""

    namespace: str
    name: str
    minimum: int


def group_name(pod: Obj) -> str:
    """The PodGroup that the pod names, or ""."""
    found: str = (pod["spec"].get("schedulingGroup") or {}).get("podGroupName") or ""
    return found


class Gangs:
    """Places the members of a gang. `taken` is called with the uid of each that has had its turn."""

    def __init__(self, desk: Desk, view: View, dra: Dra, cycle: Cycle, taken: Callable[[str], object]) -> None:
        self._desk = desk
        self._view = view
        self._dra = dra
        self._cycle = cycle
        self._taken = taken

    def of(self, pod: Obj) -> Gang | None:
        """The gang a pod belongs to: its PodGroup's, or that of Kueue's plain pod groups."""
        meta = pod["metadata"]
        name = group_name(pod)
        if name:
            group = self._desk.find(PODGROUPS, (meta["namespace"], name))
            if group is None:
                return Gang(meta["namespace"], name, 0)
            policy = group["spec"].get("schedulingPolicy") or {}
            return Gang(meta["namespace"], name, policy["gang"]["minCount"]) if policy.get("gang") else None
        total = (meta.get("annotations") or {}).get(_TOTAL, "")
        name = (meta.get("labels") or {}).get(_NAME, "")
        return Gang(meta["namespace"], name, int(total)) if name and total.isdigit() and int(total) > 1 else None

    def schedule(self, gang: Gang) -> None:
        """Place enough members at once, or none; a gang that is not complete, or has no group, stays silent."""
        waiting, placed = self._members(gang)
        for pod in waiting:
            self._taken(uid_of(pod))
        if not gang.minimum or len(waiting) + placed < gang.minimum:
            return
        tries = [tried for tried in map(self._trial, waiting) if tried is not None]
        fitting = [tried for tried in tries if tried.node]
        for tried in fitting:
            self._undo(tried)
        if len(fitting) + placed >= gang.minimum:
            for tried in fitting:
                self._cycle.bind(tried)
            self._say(gang, "True", "Scheduled", "All required pods have been successfully scheduled")
        else:
            short = _SHORT % (gang.minimum, len(fitting) + placed)
            for tried in fitting:
                self._cycle.refuse(tried.pod, "Unschedulable", short)
            self._say(gang, "False", "Unschedulable", short.partition(", ")[2])
        for tried in tries:
            if not tried.node:
                self._cycle.refuse(tried.pod, "Unschedulable", self._lacks(tried))

    def _members(self, gang: Gang) -> tuple[list[Obj], int]:
        """Ungated members that wait, in order, and how many are placed already."""
        waiting, placed = [], 0
        for pod in self._desk.store.list(PODS, gang.namespace):
            if self.of(pod) != gang or leaving(pod):
                continue
            if pod["spec"].get("nodeName"):
                placed += not finished(pod)
            elif not pod["spec"].get("schedulingGates"):
                waiting.append(pod)
        return sorted(waiting, key=lambda p: (p["metadata"]["creationTimestamp"], p["metadata"]["name"])), placed

    def _trial(self, pod: Obj) -> Outcome | None:
        """Try a member as if those before it were placed; it counts on its node until the trial is undone."""
        tried = self._cycle.run(pod)
        if tried is not None and tried.node:
            self._view.assume(tried.info, tried.node)
            self._dra.assume(tried.wants, tried.node)
        return tried

    def _undo(self, tried: Outcome) -> None:
        self._view.drop_pod(tried.info.uid)
        self._dra.assume(tried.wants, tried.node, -1)

    def _say(self, gang: Gang, status: str, reason: str, message: str) -> None:
        """The group's condition; it stays True when a member ends later."""
        group = self._desk.find(PODGROUPS, (gang.namespace, gang.name))
        if group is None:
            return
        known = (group.get("status") or {}).get("conditions") or []
        if any(c["status"] == "True" or c["message"] == message for c in known):
            return
        new = {"type": "PodGroupInitiallyScheduled", "status": status, "reason": reason, "message": message}
        conditions = with_condition(known, new, self._desk.stamp())
        self._desk.put_status(PODGROUPS, group, {**(group.get("status") or {}), "conditions": conditions})

    def _lacks(self, tried: Outcome) -> str:
        total = len(self._view.nodes)
        verdicts = [NOT_HELPFUL if r.helpless else NO_VICTIMS for r in tried.refusals.values()]
        return f"{unavailable(total, tried.refusals.values())} {no_preemption(total, verdicts)}"
