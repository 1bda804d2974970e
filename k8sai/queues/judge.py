"""What Kueue would do with a workload now: flavors in their order, quota, and whom it would evict.

Source: pkg/scheduler/flavorassigner of Kueue 0.19.
"""

from k8sai.queues.facts import ClusterQueue, PodSet, Share, Workload
from k8sai.queues.quota import Node, Tree
from k8sai.queues.setting import Setting
from k8sai.queues.usage import tree as tree_of
from k8sai.queues.verdict import MODES, Judgement, Line, Mode, Option


def judge(setting: Setting, workload: Workload, queue: ClusterQueue, tree: Tree | None = None) -> Judgement:
    """As if the workload were the next in line of that queue; what it may hold already is not taken off."""
    tree = tree or tree_of(setting)
    node = tree.queues.get(queue.name)
    if node is None:
        return Judgement("never", "CohortCycle", queue.name)
    options: list[Option] = []
    assigned: dict[str, dict[str, str]] = {}
    used: dict[Share, int] = {}
    worst: Option | None = None
    for pod_set in workload.pod_sets:
        asks = workload.asks_of(pod_set)
        for group in queue.groups:
            wanted = {resource: asks[resource] for resource in group.covered if resource in asks}
            if not wanted:
                continue
            tried = [_option(tree, node, pod_set, name, wanted, used) for name, _ in group.flavors]
            options += tried
            best = min(tried, key=lambda option: MODES.index(option.mode))
            worst = best if worst is None or MODES.index(best.mode) > MODES.index(worst.mode) else worst
            assigned.setdefault(pod_set.name, {}).update(dict.fromkeys(wanted, best.flavor))
            for line in best.lines:
                used[line.share] = line.need
    mode: Mode = worst.mode if worst else "fits"
    code = {"fits": "FitsNow", "borrows": "FitsBorrowing", "waits": "WaitingForQuota"}.get(mode, "ExceedsMaxQuota")
    return Judgement(mode, code, queue.name, tuple(options), assigned, worst.level if worst else 0)


def _option(
    tree: Tree, node: Node, pod_set: PodSet, flavor: str, wanted: dict[str, int], used: dict[Share, int]
) -> Option:
    lines = []
    for resource, amount in wanted.items():
        share = Share(flavor, resource)
        need, have, most = used.get(share, 0) + amount, tree.available(node, share), tree.potential(node, share)
        lines.append(Line(share, need, have, most, _mode(tree, node, share, need, have, most)))
    return Option(pod_set.name, flavor, max((line.mode for line in lines), key=MODES.index), tuple(lines))


def _mode(tree: Tree, node: Node, share: Share, need: int, have: int, most: int) -> Mode:
    if need > most:
        return "never"
    if need > have:
        return "waits"
    return "borrows" if tree.used(node, share) + need > tree.subtree(node, share) else "fits"
