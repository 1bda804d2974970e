"""Whether a job could ever be admitted where it is to be moved: Kueue accepts a wrong or missing target in silence."""

from difflib import get_close_matches

from k8sai.cluster.reading import Unseen
from k8sai.errors import Forbidden, K8saiError, NotFound, Refused
from k8sai.queues.facts import ClusterQueue, LocalQueue
from k8sai.queues.judging.judge import judge
from k8sai.queues.setting import CLUSTER_QUEUES, LOCAL_QUEUES, Setting
from k8sai.queues.workload import Workload
from k8sai.scheduling.selectors import labels_match


def target_of(setting: Setting, namespace: str, name: str) -> LocalQueue:
    """Raises NotFound with a near name, Forbidden where LocalQueues may not be read."""
    found = setting.local_queues.get(f"{namespace}/{name}")
    if found is not None:
        return found
    names = sorted(one.name for one in setting.local_queues.values() if one.namespace == namespace)
    gap = next((one for one in setting.hidden if one.what == LOCAL_QUEUES), None)
    if gap is not None and not names:
        raise Forbidden(f"whether there is a LocalQueue {name} cannot be seen: {gap.why}", gap.hint)
    near = get_close_matches(name, names, 1)
    there = f"it has {', '.join(names[:8])}" if names else "it has none"
    hint = f"did you mean --to {near[0]}?" if near else there
    raise NotFound(f"namespace {namespace} has no LocalQueue {name}", hint)


def refusal(setting: Setting, workload: Workload, local: LocalQueue) -> K8saiError | None:
    """Why it would never be admitted there, or not before somebody changes the queue; None where nothing is known."""
    if local.stop != "None":
        return Refused(
            f"LocalQueue {local.name} is stopped ({local.stop})",
            f"`k8sai queue resume lq/{local.name} -n {local.namespace}` opens it",
        )
    queue = setting.cluster_queues.get(local.cluster_queue)
    if queue is not None:
        return _by_cluster_queue(setting, workload, local, queue)
    if not setting.blind(CLUSTER_QUEUES):
        return Refused(f"LocalQueue {local.name} leads to ClusterQueue {local.cluster_queue}, which is not there")
    if local.active is not None and not local.active.holds:
        return Refused(f"LocalQueue {local.name} is not active: {local.active.message}")
    return None


def unchecked(setting: Setting, local: LocalQueue) -> tuple[Unseen, ...]:
    """What could not be read of that which decides."""
    queue = setting.cluster_queues.get(local.cluster_queue)
    what = CLUSTER_QUEUES if queue is None else "namespaces" if queue.selector else ""
    return tuple(gap for gap in setting.hidden if gap.what == what)


def _by_cluster_queue(
    setting: Setting, workload: Workload, local: LocalQueue, queue: ClusterQueue
) -> K8saiError | None:
    word = f"ClusterQueue {queue.name} of LocalQueue {local.name}"
    if queue.stop != "None":
        return Refused(f"{word} is stopped ({queue.stop})", f"`k8sai queue resume cq/{queue.name}` opens it")
    if queue.active is not None and not queue.active.holds:
        return Refused(f"{word} is not active: {queue.active.message}", f"`k8sai queue describe cq/{queue.name}`")
    labels = setting.namespaces.get(workload.namespace)
    if queue.selector is None or (labels is not None and not labels_match(queue.selector, labels)):
        return Refused(f"{word} lets nobody of namespace {workload.namespace} in: its namespaceSelector does not match")
    asks = {resource: amount for resource, amount in workload.asks().items() if amount}
    uncovered = [resource for resource in asks if queue.group_of(resource) is None]
    if uncovered:
        return Refused(f"{word} has no quota of {', '.join(uncovered)}, which {workload.title} asks for")
    judged = judge(setting, workload, queue)
    if judged.code in ("ExceedsMaxQuota", "NoMatchingFlavor"):
        what = (
            "it asks for more than that could ever have" if judged.code == "ExceedsMaxQuota" else "no flavor suits it"
        )
        return Refused(
            f"{word} would never admit {workload.title}: {what}",
            f"`k8sai queue describe lq/{local.name} -n {local.namespace}` shows what it has",
        )
    return None
