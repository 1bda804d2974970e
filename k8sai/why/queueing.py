"""Kueue: the Workload behind a job, and what it says about quota."""

from typing import Final

from k8sai.cluster.reading import Json, condition, holds
from k8sai.fleet.owners import QUEUE_LABEL
from k8sai.why.case import Case, listed
from k8sai.why.verdict import Layer, fine, no_matter, reason, unseen

LAYER: Final = "queue"
WORKLOADS: Final = "workloads.kueue.x-k8s.io"
GATES: Final = "kueue.x-k8s.io/"
_NEVER: Final = ("maximum capacity",)
_STOPPED: Final = ("is inactive", "is stopped", "doesn't exist", "not found", "is terminating")


def check(case: Case) -> Layer:
    queue = queue_of(case)
    if case.node or case.ended:
        return no_matter(LAYER)
    if not queue:
        return no_matter(LAYER, "no queue is named")
    workload = workload_of(case)
    if workload is not None:
        return _said_by(case, workload, queue)
    if case.reading.blind(WORKLOADS):
        return unseen(LAYER, f"it was given to queue {queue}, whose Workloads may not be read")
    if not _held(case):
        return fine(LAYER, f"it was given to queue {queue} and is not held back")
    if not case.reading.served(WORKLOADS):
        return reason(LAYER, "QueueInactive", f"it was given to queue {queue}, but the cluster has no Kueue")
    return _without_workload(case, queue)


def queue_of(case: Case) -> str:
    """The LocalQueue it names, or that of its Workload."""
    for obj in (case.pod, *(owner.object for owner in case.owners)):
        name = ((obj or {}).get("metadata", {}).get("labels") or {}).get(QUEUE_LABEL)
        if name:
            return str(name)
    if case.subject.it.kind.resource == WORKLOADS:
        return str((case.subject.it.object.get("spec") or {}).get("queueName") or "")
    return ""


def workload_of(case: Case) -> Json | None:
    """The newest Workload of the pod or of one of its owners."""
    if case.subject.it.kind.resource == WORKLOADS:
        return case.subject.it.object
    uids = {owner.uid for owner in case.owners} | ({case.meta.get("uid")} if case.pod else set())
    group = ((case.pod or {}).get("metadata", {}).get("labels") or {}).get("kueue.x-k8s.io/pod-group-name")
    found = [
        workload
        for workload in case.reading.list(WORKLOADS, case.namespace)
        if any(ref.get("uid") in uids for ref in workload["metadata"].get("ownerReferences") or ())
        or (group and workload["metadata"]["name"] == group)
    ]
    return max(found, key=lambda w: str(w["metadata"].get("creationTimestamp")), default=None)


def _held(case: Case) -> bool:
    """It looks like something that Kueue keeps from running."""
    if case.pod is None:
        return any(suspended(owner.object) for owner in case.owners)
    gates = case.spec.get("schedulingGates") or ()
    return any(gate["name"].startswith(GATES) for gate in gates)


def suspended(obj: Json) -> bool:
    """As Kueue leaves what it has not admitted."""
    spec = obj.get("spec") or {}
    return bool(spec.get("suspend") or (spec.get("runPolicy") or {}).get("suspend"))


def _without_workload(case: Case, queue: str) -> Layer:
    if case.reading.get("localqueues.kueue.x-k8s.io", case.namespace, queue) is None and not case.reading.blind(
        "localqueues.kueue.x-k8s.io"
    ):
        message = f"namespace {case.namespace} has no LocalQueue {queue}"
        return reason(LAYER, "QueueInactive", message, next=case.kubectl("get", "localqueues"))
    message = f"it was given to queue {queue}, and Kueue has made no Workload for it yet"
    return reason(LAYER, "QueueWaiting", message, next=case.kubectl("get", "workloads"))


def _said_by(case: Case, workload: Json, queue: str) -> Layer:
    name = workload["metadata"]["name"]
    describe = case.kubectl("describe", f"workload/{name}")
    admission = (workload.get("status") or {}).get("admission") or {}
    cluster_queue = admission.get("clusterQueue") or ""
    if holds(workload, "Finished"):
        return fine(LAYER, f"Workload {name} has finished")
    if holds(workload, "Admitted"):
        return fine(LAYER, f"admitted to ClusterQueue {cluster_queue}", _flavors(admission))
    if (workload.get("spec") or {}).get("active") is False:
        message = f"its Workload {name} was deactivated{_eviction(workload)}"
        patch = case.kubectl("patch", f"workload/{name}", "--type=merge", "-p", '\'{"spec":{"active":true}}\'')
        return reason(LAYER, "QueueInactive", message, next=patch)
    if holds(workload, "QuotaReserved"):
        return _checks(case, workload, cluster_queue, describe)
    pending = condition(workload, "QuotaReserved") or condition(workload, "Admitted") or {}
    said = " ".join((pending.get("message") or "").split()).rstrip(".")
    message = f"queue {queue} has not admitted it" + (f": {said}" if said else " yet")
    if any(words in said for words in _NEVER):
        return reason(LAYER, "QueueNeverFits", message, _evidence(pending, name), next=describe)
    if any(words in said for words in _STOPPED):
        return reason(LAYER, "QueueInactive", message, _evidence(pending, name), next=describe)
    return reason(
        LAYER, "QueueWaiting", message, _evidence(pending, name), _eviction(workload).lstrip(", "), next=describe
    )


def _evidence(pending: Json, name: str) -> str:
    if not pending:
        return f"Workload {name} has no conditions yet"
    return f"Workload {name}: {pending['type']}={pending.get('status')} {pending.get('reason', '')}"


def _checks(case: Case, workload: Json, cluster_queue: str, describe: str) -> Layer:
    """Quota is reserved, and somebody else must agree."""
    checks = (workload.get("status") or {}).get("admissionChecks") or ()
    open_ones = [f"{c['name']} ({c.get('message') or c.get('state')})" for c in checks if c.get("state") != "Ready"]
    waits = f"waits for the admission check {listed(open_ones)}" if open_ones else "is not admitted yet"
    message = f"ClusterQueue {cluster_queue} has reserved its quota, and it {waits}"
    return reason(LAYER, "QueueWaiting", message, _flavors((workload["status"]).get("admission") or {}), next=describe)


def _flavors(admission: Json) -> str:
    pairs = {
        f"{resource} from flavor {flavor}"
        for pods in admission.get("podSetAssignments") or ()
        for resource, flavor in (pods.get("flavors") or {}).items()
    }
    return ", ".join(sorted(pairs))


def _eviction(workload: Json) -> str:
    evicted = holds(workload, "Evicted")
    return f", evicted: {evicted.get('message') or evicted.get('reason')}".rstrip(".") if evicted else ""
