"""Before any quota is looked at: is there a queue, does it take work, does it take this namespace and these pods.

In Kueue's order; the first that is wrong is the answer.
Source: pkg/cache/queue/manager.go, pkg/scheduler/scheduler.go and ValidateAdmissibility of Kueue 0.19.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches

from k8sai.ages import stamp
from k8sai.pod_specs import MOST_PODSETS
from k8sai.queues.facts import ClusterQueue, LocalQueue
from k8sai.queues.quota import Tree
from k8sai.queues.rows import CYCLE, activity
from k8sai.queues.setting import CLUSTER_QUEUES, LOCAL_QUEUES, Setting
from k8sai.queues.usage import tree as tree_of
from k8sai.queues.workload import Workload
from k8sai.scheduling.selectors import labels_match


@dataclass(frozen=True, slots=True)
class Refused:
    """Why Kueue would not even look for quota: a code of `verdict.EXITS`, a sentence, and what mends it."""

    code: str
    sentence: str
    next: str = ""


def refused(
    setting: Setting, workload: Workload, refusals: Iterable[str] = (), tree: Tree | None = None
) -> Refused | None:
    """None where it would be given to the scheduler. `refusals` are what is known to be wrong with its pods."""
    if (aside := _out_of_line(workload, setting.at)) is not None:
        return aside
    if not workload.queue:
        return Refused("NotQueued", "it names no queue, so Kueue leaves it alone", _queues(setting, workload))
    local = setting.local_queues.get(f"{workload.namespace}/{workload.queue}")
    if local is None:
        return _no_local_queue(setting, workload)
    queue = setting.cluster_queues.get(local.cluster_queue)
    if queue is None:
        known = sorted(setting.cluster_queues)
        why = "may not be read" if setting.blind(CLUSTER_QUEUES) else "is not there"
        sentence = f"LocalQueue {local.ref} leads to ClusterQueue {local.cluster_queue}, which {why}"
        return Refused("ClusterQueueMissing", sentence, _near(local.cluster_queue, known))
    return (
        _stopped(local, queue)
        or _inactive(queue, tree or tree_of(setting))
        or _outside(setting, workload, queue)
        or _malformed(workload, refusals)
    )


def _out_of_line(workload: Workload, at: float) -> Refused | None:
    """It waits for something else than its turn."""
    if not workload.active:
        patch = f"kubectl patch workload/{workload.name} -n {workload.namespace}"
        return Refused(
            "Deactivated", "it is deactivated", f'`{patch} --type=merge -p \'{{"spec":{{"active":true}}}}\'`'
        )
    if workload.admission_gates:
        return Refused("AdmissionGated", f"its admission is gated by {', '.join(workload.admission_gates)}")
    if workload.requeue_at is not None and workload.requeue_at > at:
        return Refused(
            "RequeueBackoff", f"it was put back into its queue and is left alone until {stamp(workload.requeue_at)}"
        )
    return None


def _no_local_queue(setting: Setting, workload: Workload) -> Refused:
    if setting.blind(LOCAL_QUEUES):
        return Refused("LocalQueueMissing", f"LocalQueue {workload.queue} may not be read")
    sentence = f"namespace {workload.namespace} has no LocalQueue {workload.queue}"
    return Refused("LocalQueueMissing", sentence, _queues(setting, workload))


def _queues(setting: Setting, workload: Workload) -> str:
    known = sorted(one.name for one in setting.local_queues.values() if one.namespace == workload.namespace)
    near = _near(workload.queue, known) if workload.queue else ""
    if near:
        return near
    if not known:
        return f"namespace {workload.namespace} has no LocalQueue at all: `k8sai queue list` shows where there are some"
    if workload.queue:
        return f"there are: {', '.join(known)}"
    return f"add the label kueue.x-k8s.io/queue-name, or --queue: {', '.join(known)}"


def _near(name: str, known: list[str]) -> str:
    near = get_close_matches(name, known, 1)
    return f"did you mean {near[0]}?" if near else ""


def _stopped(local: LocalQueue, queue: ClusterQueue) -> Refused | None:
    for title, scope, name, stop in (
        (f"LocalQueue {local.ref}", "lq", local.ref, local.stop),
        (f"ClusterQueue {queue.name}", "cq", queue.name, queue.stop),
    ):
        if stop != "None":
            return Refused(
                "Suspended", f"{title} is stopped ({stop})", f"`--if {scope}.{name}.stop=None` looks past it"
            )
    return None


def _inactive(queue: ClusterQueue, tree: Tree) -> Refused | None:
    active, reason, message = activity(queue, tree)
    if active is not False:
        return None
    code = "CohortCycle" if reason == CYCLE else "ClusterQueueInactive"
    return Refused(code, f"ClusterQueue {queue.name} is not active: {message.rstrip('.')}")


def _outside(setting: Setting, workload: Workload, queue: ClusterQueue) -> Refused | None:
    """Nobody knows where namespaces may not be read; one that does not exist yet has no labels."""
    if setting.blind("namespaces") or labels_match(queue.selector, setting.namespaces.get(workload.namespace, {})):
        return None
    why = (
        "takes no namespace: it has no namespaceSelector" if queue.selector is None else "does not take this namespace"
    )
    return Refused("Misconfigured", f"ClusterQueue {queue.name} {why} ({workload.namespace})")


def _malformed(workload: Workload, refusals: Iterable[str]) -> Refused | None:
    if len(workload.pod_sets) > MOST_PODSETS:
        sentence = f"it has {len(workload.pod_sets)} pod sets, and Kueue takes {MOST_PODSETS} at most"
        return Refused("Misconfigured", sentence, "merge some of them")
    found = list(refusals)
    if not found:
        return None
    code = "LimitRange" if any("LimitRange" in one for one in found) else "BadRequests"
    return Refused(code, "; ".join(found))
