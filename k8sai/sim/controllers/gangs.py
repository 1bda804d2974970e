"""Gangs: which pods start together or not at all, and how they are placed."""

from collections.abc import Callable
from typing import NamedTuple

from k8sai.scheduling.filters import NO_VICTIMS, NOT_HELPFUL, no_preemption, unavailable
from k8sai.scheduling.nodes import View
from k8sai.sim.controllers.cycle import Cycle, Outcome
from k8sai.sim.controllers.desk import PODS, Desk, finished, leaving
from k8sai.sim.controllers.dra import Dra
from k8sai.sim.objects import Obj, uid_of

MIN_COUNT = "sim.k8sai.dev/gang-min-count"
_NAMED_BY_LABEL = (
    "kueue.x-k8s.io/pod-group-name",
    "scheduling.x-k8s.io/pod-group",
    "jobset.sigs.k8s.io/jobset-name",
    "batch.kubernetes.io/job-name",
)
_TOTAL = "kueue.x-k8s.io/pod-group-total-count"
_SHORT = (
    "pod group is unschedulable, minCount (%d) cannot be satisfied: %d scheduled, 0 remaining, "
    "pod group preemption: No preemption victims found for incoming preemptor"
)


class Gang(NamedTuple):
    """A group of pods of one namespace, and how many must fit at once."""

    namespace: str
    name: str
    minimum: int


def gang_of(pod: Obj) -> Gang | None:
    """The gang a pod belongs to.

    The name is `spec.schedulingGroup` or a pod group's, JobSet's or Job's label; the minimum is the annotation
    `sim.k8sai.dev/gang-min-count` or Kueue's total count. Without a minimum there is no gang.
    """
    meta = pod["metadata"]
    annotations, labels = meta.get("annotations") or {}, meta.get("labels") or {}
    text = annotations.get(MIN_COUNT) or annotations.get(_TOTAL, "")
    minimum = int(text) if text.isdigit() else 0
    names = ((pod["spec"].get("schedulingGroup") or {}).get("podGroupName"), *(labels.get(k) for k in _NAMED_BY_LABEL))
    name = next((n for n in names if n), "")
    return Gang(meta["namespace"], name, minimum) if name and minimum > 1 else None


class Gangs:
    """Places the members of a gang. `taken` is called with the uid of each that has had its turn."""

    def __init__(self, desk: Desk, view: View, dra: Dra, cycle: Cycle, taken: Callable[[str], object]) -> None:
        self._desk = desk
        self._view = view
        self._dra = dra
        self._cycle = cycle
        self._taken = taken

    def schedule(self, gang: Gang) -> None:
        """Place enough members at once, or none; a gang that is not complete stays silent."""
        waiting, placed = self._members(gang)
        for pod in waiting:
            self._taken(uid_of(pod))
        if len(waiting) + placed < gang.minimum:
            return
        tries = [tried for tried in map(self._trial, waiting) if tried is not None]
        fitting = [tried for tried in tries if tried.node]
        for tried in fitting:
            self._undo(tried)
        if len(fitting) + placed >= gang.minimum:
            for tried in fitting:
                self._cycle.bind(tried)
        else:
            for tried in fitting:
                self._cycle.refuse(tried.pod, "Unschedulable", _SHORT % (gang.minimum, len(fitting) + placed))
        for tried in tries:
            if not tried.node:
                self._cycle.refuse(tried.pod, "Unschedulable", self._lacks(tried))

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

    def _lacks(self, tried: Outcome) -> str:
        total = len(self._view.nodes)
        verdicts = [NOT_HELPFUL if r.helpless else NO_VICTIMS for r in tried.refusals.values()]
        return f"{unavailable(total, tried.refusals.values())} {no_preemption(total, verdicts)}"
