"""What Kueue would do with a workload now: flavors in their order, quota, topology, and whom it would evict.

Source: pkg/scheduler and pkg/scheduler/flavorassigner of Kueue 0.19. Elastic jobs (workload slices) are judged as if
they were new. Whether the queue is active and open to the namespace is not looked at.
"""

from collections.abc import Mapping
from dataclasses import replace

from k8sai.queues.facts import ClusterQueue
from k8sai.queues.judging.assign import Assignment, Starts, assign
from k8sai.queues.judging.flavors import code_of
from k8sai.queues.judging.preempt import victims
from k8sai.queues.judging.scene import Need, Scene
from k8sai.queues.judging.spared import spared
from k8sai.queues.judging.topology import Found
from k8sai.queues.judging.topology_asked import topology_asks, topology_shares
from k8sai.queues.judging.topology_nodes import Land
from k8sai.queues.quota import Tree
from k8sai.queues.setting import Setting
from k8sai.queues.verdict import Judgement, Mode, Option, Victim
from k8sai.queues.workload import Workload

_MOST_CYCLES = 16  # Kueue knows no end where two resource groups stop at flavors in turn


def judge(
    setting: Setting, workload: Workload, queue: ClusterQueue, tree: Tree | None = None, *, rooms: Land | None = None
) -> Judgement:
    """As if the workload were the next in line of that queue; what it may hold already is not taken off.

    Without `rooms` (topology_nodes.survey) nobody looks whether pods find room close enough together.
    """
    return Judge(setting, tree, rooms=rooms).of(workload, queue)


class Judge:
    """Judges many workloads on one setting: what they share is made once.

    `sharing` are the strategies of fair sharing, () for none; None: the default ones where queues show weighted shares.
    """

    def __init__(
        self,
        setting: Setting,
        tree: Tree | None = None,
        *,
        rooms: Land | None = None,
        sharing: tuple[str, ...] | None = None,
    ) -> None:
        self.scene = Scene(setting, tree, rooms, sharing)

    def of(self, workload: Workload, queue: ClusterQueue, *, reasons: bool = True) -> Judgement:
        """Without `reasons` nobody is told why they are not evicted: `spared` is empty."""
        if queue.name not in self.scene.tree.queues:
            return Judgement("never", "CohortCycle", queue.name)
        found = self._cycles(workload, queue)
        if not reasons or found.fits:
            return found
        return replace(found, spared=spared(self.scene, workload, queue, found))

    def _cycles(self, workload: Workload, queue: ClusterQueue) -> Judgement:
        """Kueue goes on with the flavors it has not looked at in its next cycle, as long as there are any."""
        first, starts = self._full_or_fewer(workload, queue, {})
        found = first
        for _ in range(_MOST_CYCLES):
            if found.fits or found.victims or not any(starts.values()):
                break
            later, starts = self._full_or_fewer(workload, queue, starts)
            options = _all_tried(found.options, later.options)
            settled = later if later.fits or later.victims else first
            found = replace(settled, options=options, cycles=found.cycles + 1)
        return found

    def _full_or_fewer(self, workload: Workload, queue: ClusterQueue, starts: Starts) -> tuple[Judgement, Starts]:
        assignment = assign(self.scene, workload, queue, {}, starts)
        whole = self._judged(workload, queue, {}, assignment)
        if whole.fits or whole.victims:
            return whole, {}
        return self._with_fewer_pods(workload, queue, starts) or whole, assignment.next

    def _judged(
        self, workload: Workload, queue: ClusterQueue, counts: Mapping[str, int], assignment: Assignment
    ) -> Judgement:
        if not assignment.complete:
            return _judgement(queue, assignment, counts, assignment.mode)
        if assignment.believed and assignment.mode == "preempts":
            return _judgement(queue, assignment, counts, "waits")  # Kueue 0.19 tries it again and again
        asks = topology_asks(self.scene, workload, queue, assignment, counts)
        fits = assignment.mode in ("fits", "borrows")
        trouble = self.scene.obstacle(asks) if fits else None
        if fits and trouble is None:
            return _judgement(queue, assignment, counts, assignment.mode)
        hopeless = self.scene.obstacle(asks, empty=True)
        if hopeless is not None:
            return _judgement(queue, assignment, counts, "never", trouble=trouble or hopeless)
        contested = assignment.contested | topology_shares(assignment, asks)
        need = Need(workload, self.scene.tree.queues[queue.name], assignment.amounts, contested, asks)
        found = victims(self.scene, need)
        return _judgement(queue, assignment, counts, "preempts" if found else "waits", found=found, trouble=trouble)

    def _with_fewer_pods(self, workload: Workload, queue: ClusterQueue, starts: Starts) -> Judgement | None:
        """Partial admission: the most pods, by steps over all pod sets alike, that could be admitted; by halving."""
        spare = {one.name: one.count - (one.min_count or one.count) for one in workload.pod_sets}
        steps = sum(spare.values())
        low, high, best = 1, steps + 1, None
        while low < high:
            step = (low + high) // 2
            counts = {one.name: one.count - spare[one.name] * step // steps for one in workload.pod_sets}
            found = self._judged(workload, queue, counts, assign(self.scene, workload, queue, counts, starts))
            if found.fits or found.victims:
                high, best = step, found
            else:
                low = step + 1
        return best


def _all_tried(first: tuple[Option, ...], later: tuple[Option, ...]) -> tuple[Option, ...]:
    """What was tried last of each flavor, in the order in which they were tried first."""
    last = {(one.pod_set, one.flavor or one.refusal, bool(one.lines)): one for one in (*first, *later)}
    return tuple(last.values())


def _judgement(
    queue: ClusterQueue,
    assignment: Assignment,
    counts: Mapping[str, int],
    mode: Mode,
    *,
    found: tuple[Victim, ...] = (),
    trouble: Found | None = None,
) -> Judgement:
    options, code = list(assignment.options), code_of(mode)
    if mode == "refused":
        code = next(one.code for one in options if one.mode == "refused")
    if trouble is not None:
        code = code if mode == "preempts" else "ExceedsTopology" if mode == "never" else "TopologyPlacementFailed"
        name, flavor = trouble.ask.pod_set.name, trouble.ask.flavor
        options.append(Option(name, flavor, mode, code=code, refusal=trouble.refusal, best=trouble.best))
    level, given = assignment.level, assignment.given
    return Judgement(mode, code, queue.name, tuple(options), given, level, found, counts=dict(counts))
