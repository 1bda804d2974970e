"""A setup held against itself: what is named and not there, what is inactive and why, who may use what."""

from collections.abc import Iterator

from k8sai.queues.facts import ClusterQueue
from k8sai.queues.setting import CHECKS, CLUSTER_QUEUES, FLAVORS, LOCAL_QUEUES, TOPOLOGIES
from k8sai.queues.setup.finding import Finding, few
from k8sai.queues.setup.ground import Ground
from k8sai.scheduling.selectors import labels_match
from k8sai.view import several


def findings(ground: Ground) -> Iterator[Finding]:
    """Of queues, cohorts, flavors and checks."""
    setting = ground.setting
    if setting.blind(CLUSTER_QUEUES):
        return
    yield from _cycle(ground)
    for queue in setting.cluster_queues.values():
        found = [*_missing(ground, queue), *_selector(queue), *_checks(ground, queue)]
        yield from found
        explained = any(one.level == "error" and one.code != "NullSelector" for one in found)
        yield from () if explained else _inactive(ground, queue)
        yield from _topologies(ground, queue)
    yield from _unnamed_cohorts(ground)
    yield from _topology_missing(ground)
    yield from _local_queues(ground)


def _cycle(ground: Ground) -> Iterator[Finding]:
    cycle = ground.tree.cycles
    if not cycle:
        return
    inside = [one.name for one in ground.setting.cluster_queues.values() if one.cohort in cycle]
    yield Finding(
        "error",
        "CohortCycle",
        f"Cohort/{min(cycle)}",
        f"the way up from {few(cycle)} never ends: {several(len(inside), 'ClusterQueue')} below admit nothing, and "
        "Kueue does not say so; 0.19.2 ends with a panic as soon as a namespace's labels change",
        f"`kubectl edit cohort {min(cycle)}` and take spec.parentName out of one of them",
    )


def _missing(ground: Ground, queue: ClusterQueue) -> Iterator[Finding]:
    """Flavors and AdmissionChecks that are named and not there: the queue is inactive."""
    setting, object = ground.setting, f"ClusterQueue/{queue.name}"
    if not setting.blind(FLAVORS):
        for name in dict.fromkeys(share.flavor for share in queue.shares):
            if name not in setting.flavors:
                text = f"there is no ResourceFlavor {name}: the whole queue admits nothing"
                yield Finding("error", "MissingFlavor", object, text, "make the flavor, or take it out of the queue")
    if not setting.blind(CHECKS):
        for check in queue.checks:
            if check.name not in setting.checks:
                text = f"there is no AdmissionCheck {check.name}: the whole queue admits nothing"
                yield Finding("error", "MissingCheck", object, text, "make the check, or take it out of the queue")


def _selector(queue: ClusterQueue) -> Iterator[Finding]:
    if queue.selector is None:
        text = "its namespaceSelector is missing, which lets nobody in; {} would let in every namespace"
        fix = "set spec.namespaceSelector, for example to matchLabels kubernetes.io/metadata.name: NAMESPACE"
        yield Finding("error", "NullSelector", f"ClusterQueue/{queue.name}", text, fix)


def _checks(ground: Ground, queue: ClusterQueue) -> Iterator[Finding]:
    for asked in queue.checks:
        check = ground.setting.checks.get(asked.name)
        if check is None or check.active is None or check.active.holds:
            continue
        text = f"AdmissionCheck {check.name} is not active, so the queue admits nothing: {check.active.message}"
        fix = f"see that its controller {check.controller} runs, or take the check out of the queue"
        yield Finding("error", "CheckInactive", f"ClusterQueue/{queue.name}", text.rstrip(": "), fix)


def _inactive(ground: Ground, queue: ClusterQueue) -> Iterator[Finding]:
    """Where nothing else explains it; a cycle of cohorts does, and Kueue's reason is `Ready` then."""
    object = f"ClusterQueue/{queue.name}"
    if queue.stop != "None":
        text = f"it is stopped: stopPolicy is {queue.stop}"
        yield Finding("warning", "Stopped", object, text, f"`k8sai queue resume cq/{queue.name}`")
    elif queue.active is not None and not queue.active.holds and queue.cohort not in ground.tree.cycles:
        text = f"it is not active ({queue.active.reason}): {queue.active.message}"
        yield Finding("error", "Inactive", object, text, f"`k8sai queue describe {queue.name}`")


def _topologies(ground: Ground, queue: ClusterQueue) -> Iterator[Finding]:
    """Some flavors with a topology, some without: jobs that ask for no topology get none of the former."""
    named = dict.fromkeys(share.flavor for share in queue.shares)
    flavors = [ground.setting.flavors[name] for name in named if name in ground.setting.flavors]
    with_one = {one.name for one in flavors if one.topology}
    without = {one.name for one in flavors if not one.topology}
    if with_one and without:
        yield Finding(
            "warning",
            "MixedTopology",
            f"ClusterQueue/{queue.name}",
            f"{few(with_one)} with a topology and {few(without)} without: a job that asks for no topology is "
            "refused on the former",
            "give all flavors of the queue a topologyName, or none",
        )


def _topology_missing(ground: Ground) -> Iterator[Finding]:
    if ground.setting.blind(TOPOLOGIES):
        return
    for flavor in ground.setting.flavors.values():
        if flavor.topology and flavor.topology not in ground.setting.topologies:
            users = [queue.name for queue in ground.setting.cluster_queues.values() if _uses(queue, flavor.name)]
            text = f"there is no Topology {flavor.topology}"
            text += f": {few(users)} admit{'s' if len(users) == 1 else ''} nothing" if users else ""
            fix = "make the topology; topologyName of a flavor can be set and never changed"
            yield Finding("error", "MissingTopology", f"ResourceFlavor/{flavor.name}", text, fix)


def _uses(queue: ClusterQueue, flavor: str) -> bool:
    return any(share.flavor == flavor for share in queue.shares)


def _unnamed_cohorts(ground: Ground) -> Iterator[Finding]:
    """Parents that are only named are roots with nothing of their own: what was meant to be above them is not."""
    cohorts = ground.setting.cohorts
    for cohort in cohorts.values():
        if cohort.parent and cohort.parent not in cohorts:
            text = f"its parent {cohort.parent} has no object: it is a root without quota or parent of its own"
            fix = f"make a Cohort {cohort.parent}, or correct spec.parentName"
            yield Finding("warning", "MissingParent", f"Cohort/{cohort.name}", text, fix)


def _local_queues(ground: Ground) -> Iterator[Finding]:
    setting = ground.setting
    if setting.blind(LOCAL_QUEUES):
        return
    for local in setting.local_queues.values():
        object = f"LocalQueue/{local.ref}"
        queue = setting.cluster_queues.get(local.cluster_queue)
        if queue is None:
            text = f"there is no ClusterQueue {local.cluster_queue}: its jobs wait for ever"
            fix = "make the ClusterQueue; spec.clusterQueue cannot be changed, so else delete the LocalQueue"
            yield Finding("error", "MissingQueue", object, text, fix)
            continue
        labels = setting.namespaces.get(local.namespace)
        if labels is not None and queue.selector is not None and not labels_match(queue.selector, labels):
            text = f"ClusterQueue {queue.name} does not let namespace {local.namespace} in: its jobs wait for ever"
            fix = f"widen spec.namespaceSelector of {queue.name}, or label the namespace"
            yield Finding("error", "NamespaceNotAdmitted", object, text, fix)
    strays: dict[tuple[str, str], int] = {}
    for workload in setting.workloads.values():
        if workload.waits and workload.queue and f"{workload.namespace}/{workload.queue}" not in setting.local_queues:
            key = workload.namespace, workload.queue
            strays[key] = strays.get(key, 0) + 1
    for (namespace, name), count in strays.items():
        text = f"{several(count, 'workload waits', 'workloads wait')} for a LocalQueue that is not there"
        fix = f"make LocalQueue {name} in namespace {namespace}, or correct the label kueue.x-k8s.io/queue-name"
        yield Finding("error", "MissingLocalQueue", f"LocalQueue/{namespace}/{name}", text, fix)
