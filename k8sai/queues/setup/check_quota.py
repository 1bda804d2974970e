"""Quota held against what is asked: resources that nobody covers, limits that are not set, policies that surprise."""

from collections.abc import Iterator

from k8sai.queues.facts import ClusterQueue
from k8sai.queues.setting import CLUSTER_QUEUES
from k8sai.queues.setup.finding import Finding, few
from k8sai.queues.setup.ground import Ground
from k8sai.queues.words import amount, gpu
from k8sai.view import several

_ALWAYS = ("cpu", "memory")  # what nearly every pod asks for


def findings(ground: Ground) -> Iterator[Finding]:
    """Of each ClusterQueue."""
    if ground.setting.blind(CLUSTER_QUEUES):
        return
    for queue in ground.setting.cluster_queues.values():
        yield from _not_covered(ground, queue)
        yield from _strict(ground, queue)
        yield from _cohort(ground, queue)


def _not_covered(ground: Ground, queue: ClusterQueue) -> Iterator[Finding]:
    """By workloads that wait it is an error; by what pods usually ask for and nodes have it will be one."""
    object = f"ClusterQueue/{queue.name}"
    asked: dict[str, list[str]] = {}
    for workload in ground.setting.waiting.get(queue.name, ()):
        for resource, value in workload.asks().items():
            if value and queue.group_of(resource) is None:
                asked.setdefault(resource, []).append(workload.title)
    for resource, who in sorted(asked.items()):
        verb = "asks" if len(who) == 1 else "ask"
        text = (
            f"it does not cover {resource}, which {few(who)} {verb} for: {'it waits' if len(who) == 1 else 'they wait'}"
        )
        yield Finding("error", "NotCovered", object, f"{text} for ever", f"add {resource} to its coveredResources")
    had = _of_nodes(ground, queue)
    lacks = [name for name in (*_ALWAYS, *sorted(had)) if name not in asked and queue.group_of(name) is None]
    if usual := " and ".join(name for name in lacks if name in _ALWAYS):
        text = f"it does not cover {usual}, which nearly every job asks for: one that does waits for ever"
        yield Finding("warning", "NotCovered", object, text, f"add {usual} to its coveredResources")
    if devices := [name for name in lacks if name in had]:
        nodes = {name for resource in devices for name in had[resource]}
        where = f"{several(len(nodes), 'node')} of its flavors {'has' if len(nodes) == 1 else 'have'}"
        what = "it" if len(devices) == 1 else "one of them"
        text = f"it does not cover {', '.join(devices)}, which {where}: a job that asks for {what} waits for ever"
        yield Finding("warning", "NotCovered", object, text, f"add {', '.join(devices)} to its coveredResources")


def _of_nodes(ground: Ground, queue: ClusterQueue) -> dict[str, list[str]]:
    """GPU resources of nodes of its flavors, and on which they are."""
    found: dict[str, list[str]] = {}
    flavors = {share.flavor for share in queue.shares} & set(ground.setting.flavors)
    nodes = {one.name: one for name in flavors for one in ground.reached(ground.setting.flavors[name])}
    for node in nodes.values():
        for device in node.devices:
            if node.allocatable.get(device.resource):
                found.setdefault(device.resource, []).append(node.name)
    return found


def _strict(ground: Ground, queue: ClusterQueue) -> Iterator[Finding]:
    if queue.strategy != "StrictFIFO":
        return
    setting = ground.setting
    sizes: dict[str, set[int]] = {}
    for workload in (*setting.waiting.get(queue.name, ()), *setting.reserving.get(queue.name, ())):
        asks = workload.asks()
        resource = next((name for name in asks if gpu(name)), "cpu")
        sizes.setdefault(resource, set()).add(asks.get(resource, 0))
    for resource, found in sorted(sizes.items()):
        if len(found) > 1:
            small, large = amount(resource, min(found)), amount(resource, max(found))
            text = (
                f"StrictFIFO with jobs of {small} to {large} {resource}: a large one that waits holds up all behind it"
            )
            fix = "set spec.queueingStrategy to BestEffortFIFO, or give large jobs a queue of their own"
            yield Finding("warning", "StrictFIFO", f"ClusterQueue/{queue.name}", text, fix)


def _cohort(ground: Ground, queue: ClusterQueue) -> Iterator[Finding]:
    """What only matters to those who lend and borrow."""
    node = ground.tree.queues.get(queue.name)
    if node is None or node.parent is None or len(node.path[-1].leaves) < 2:
        return
    object = f"ClusterQueue/{queue.name}"
    if queue.preemption.reclaim == "Never" and _lends(queue):
        text = "reclaimWithinCohort is Never: what others borrow of its quota cannot be taken back, only waited for"
        yield Finding("warning", "ReclaimNever", object, text, "set spec.preemption.reclaimWithinCohort to Any")
    if queue.weight == 0:
        text = "its fair sharing weight is 0: whatever it borrows is the first to be taken back"
        yield Finding(
            "warning", "WeightZero", object, text, "set spec.fairSharing.weight above 0, if that is not meant"
        )
    for share in queue.shares:
        quota = queue.quota(share)
        more = ground.tree.potential(node, share) - (quota.nominal if quota else 0)
        if quota and quota.borrowing_limit is None and gpu(share.resource) and more > 0:
            text = f"no borrowingLimit: beyond its {quota.nominal} it may take all {more} {share.resource} of "
            text += f"{share.flavor} that its cohort has"
            fix = f"set borrowingLimit; {more} says that this is meant"
            yield Finding("note", "BorrowingUnlimited", object, text, fix)


def _lends(queue: ClusterQueue) -> bool:
    shares = [queue.quota(share) for share in queue.shares]
    return any(quota and quota.nominal and quota.lending_limit != 0 for quota in shares)
