"""What Kueue would do with a workload now: flavors in their order, quota, and whom it would evict.

Source: pkg/scheduler and pkg/scheduler/flavorassigner of Kueue 0.19. Elastic jobs (workload slices) are judged as if
they were new. Whether the queue is active and open to the namespace is not looked at.
"""

from collections.abc import Mapping
from dataclasses import replace

from k8sai.queues.facts import ClusterQueue, Workload
from k8sai.queues.flavors import code_of
from k8sai.queues.judge_assign import Assignment, assign
from k8sai.queues.preempt import victims
from k8sai.queues.preempt_spared import spared
from k8sai.queues.quota import Tree
from k8sai.queues.scene import Need, Scene
from k8sai.queues.setting import Setting
from k8sai.queues.verdict import Judgement, Mode, Victim


def judge(
    setting: Setting, workload: Workload, queue: ClusterQueue, tree: Tree | None = None, *, rooms: None = None
) -> Judgement:
    """As if the workload were the next in line of that queue; what it may hold already is not taken off."""
    return Judge(setting, tree).of(workload, queue)


class Judge:
    """Judges many workloads on one setting: what they share is made once."""

    def __init__(self, setting: Setting, tree: Tree | None = None) -> None:
        self.scene = Scene(setting, tree)

    def of(self, workload: Workload, queue: ClusterQueue, *, reasons: bool = True) -> Judgement:
        """Without `reasons` nobody is told why they are not evicted: `spared` is empty."""
        if queue.name not in self.scene.tree.queues:
            return Judgement("never", "CohortCycle", queue.name)
        found = self._full_or_fewer(workload, queue)
        if not reasons or found.fits:
            return found
        return replace(found, spared=spared(self.scene, workload, queue, found))

    def _full_or_fewer(self, workload: Workload, queue: ClusterQueue) -> Judgement:
        whole = self._attempt(workload, queue, {})
        if whole.fits or whole.victims:
            return whole
        return self._with_fewer_pods(workload, queue) or whole

    def _attempt(self, workload: Workload, queue: ClusterQueue, counts: Mapping[str, int]) -> Judgement:
        assignment = assign(self.scene, workload, queue, counts)
        mode: Mode = assignment.mode
        found: tuple[Victim, ...] = ()
        if mode in ("preempts", "waits") and assignment.complete:
            need = Need(workload, self.scene.tree.queues[queue.name], assignment.amounts, assignment.contested)
            found = victims(self.scene, need)
            mode = "preempts" if found else "waits"
        return _judgement(queue, assignment, mode, counts, found)

    def _with_fewer_pods(self, workload: Workload, queue: ClusterQueue) -> Judgement | None:
        """Partial admission: the most pods, by steps over all pod sets alike, that could be admitted; by halving."""
        spare = {one.name: one.count - (one.min_count or one.count) for one in workload.pod_sets}
        steps = sum(spare.values())
        low, high, best = 1, steps + 1, None
        while low < high:
            step = (low + high) // 2
            counts = {one.name: one.count - spare[one.name] * step // steps for one in workload.pod_sets}
            found = self._attempt(workload, queue, counts)
            if found.fits or found.victims:
                high, best = step, found
            else:
                low = step + 1
        return best


def _judgement(
    queue: ClusterQueue, assignment: Assignment, mode: Mode, counts: Mapping[str, int], found: tuple[Victim, ...]
) -> Judgement:
    code = code_of(mode)
    if mode == "refused":
        code = next(one.code for one in assignment.options if one.mode == "refused")
    return Judgement(
        mode,
        code,
        queue.name,
        tuple(assignment.options),
        assignment.given,
        assignment.level,
        found,
        counts=dict(counts),
    )
