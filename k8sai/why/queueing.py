"""Kueue: whether the queue has admitted it, and if not, the reason with its number, by our own arithmetic."""

from dataclasses import replace
from typing import Final

from k8sai.cluster.reading import Json, holds
from k8sai.errors import Exit
from k8sai.fleet.owners import QUEUE_LABEL
from k8sai.queues.others.groups import held
from k8sai.queues.setting import LOCAL_QUEUES, WORKLOADS, read_by
from k8sai.queues.why.answer import explain
from k8sai.queues.why.look import Look
from k8sai.queues.why.result import Why
from k8sai.queues.why.subject import Asked
from k8sai.queues.why.subject import suspended as suspended
from k8sai.queues.workload import Workload
from k8sai.why.case import Case
from k8sai.why.kinds import WORKLOAD
from k8sai.why.subject import Subject
from k8sai.why.verdict import Layer, fine, no_matter, reason, unseen

LAYER: Final = "queue"
GATES: Final = "kueue.x-k8s.io/"
# Of a verdict that is no matter of waiting, the word of this room; all others wait.
_WORDS: Final = {"never": "QueueNeverFits", "inactive": "QueueInactive"}


def check(case: Case) -> Layer:
    queue = queue_of(case)
    if case.node or case.ended:
        return no_matter(LAYER)
    if not queue:
        return _of_others(case) or no_matter(LAYER, "no queue is named")
    workload = workload_of(case)
    if workload is not None:
        return _judged(case, workload, queue)
    if case.reading.blind(WORKLOADS):
        return unseen(LAYER, f"it was given to queue {queue}, whose Workloads may not be read")
    if not _held(case):
        return fine(LAYER, f"it was given to queue {queue} and is not held back")
    if not case.reading.served(WORKLOADS):
        return reason(LAYER, "QueueInactive", f"it was given to queue {queue}, but the cluster has no Kueue")
    return _without_workload(case, queue)


def _of_others(case: Case) -> Layer | None:
    """A queue of KAI's or Volcano's that keeps its pod group waiting."""
    found = held(case.reading, (case.pod,) if case.pod is not None else ())
    if found is None:
        return None
    word = "QueueInactive" if found.inactive else "QueueNeverFits" if found.never else "QueueWaiting"
    return reason(LAYER, word, found.sentence, *found.evidence, next="k8sai queue list")


def asked_of(subject: Subject, name: str = "") -> Asked:
    """The same object as `queue why` asks about it; `name` is that of a Workload which was named itself."""
    owners = tuple(one.object for one in (subject.it, *subject.above) if one.kind is not WORKLOAD)
    below = (*(one.object for one in subject.below), *(pod for pod in subject.pods if pod not in owners))
    namespace = str(subject.it.object["metadata"].get("namespace", ""))
    return Asked(f"workload/{name}" if name else subject.it.said, namespace, owners, below, name)


def queue_of(case: Case) -> str:
    """The LocalQueue it names, or that of its Workload."""
    for obj in (case.pod, *(owner.object for owner in case.owners)):
        name = ((obj or {}).get("metadata", {}).get("labels") or {}).get(QUEUE_LABEL)
        if name:
            return str(name)
    if case.subject.it.kind is WORKLOAD:
        return str((case.subject.it.object.get("spec") or {}).get("queueName") or "")
    return ""


def workload_of(case: Case) -> Json | None:
    """The newest Workload of the pod or of one of its owners."""
    if case.subject.it.kind is WORKLOAD:
        return case.subject.it.object
    uids = {owner.uid for owner in case.owners} | ({case.meta.get("uid")} if case.pod else set())
    group = ((case.pod or {}).get("metadata", {}).get("labels") or {}).get("kueue.x-k8s.io/pod-group-name")
    found = [
        workload
        for workload in _workloads(case)
        if any(ref.get("uid") in uids for ref in workload["metadata"].get("ownerReferences") or ())
        or (group and workload["metadata"]["name"] == group)
    ]
    return max(found, key=lambda w: str(w["metadata"].get("creationTimestamp")), default=None)


def _workloads(case: Case) -> list[Json]:
    """Those of the namespace."""
    found: list[Json] = case.reading.list(WORKLOADS, case.namespace)
    return found


def _held(case: Case) -> bool:
    """It looks like something that Kueue keeps from running."""
    if case.pod is None:
        return any(suspended(owner.object) for owner in case.owners)
    gates = case.spec.get("schedulingGates") or ()
    return any(gate["name"].startswith(GATES) for gate in gates)


def _without_workload(case: Case, queue: str) -> Layer:
    follow = f"k8sai queue why {case.subject.it.said} -n {case.namespace}"
    if case.reading.get(LOCAL_QUEUES, case.namespace, queue) is None and not case.reading.blind(LOCAL_QUEUES):
        message = f"namespace {case.namespace} has no LocalQueue {queue}"
        return reason(LAYER, "QueueInactive", message, next=follow)
    message = f"it was given to queue {queue}, and Kueue has made no Workload for it yet"
    return reason(LAYER, "QueueWaiting", message, next=follow)


def _judged(case: Case, workload: Json, queue: str) -> Layer:
    name = str(workload["metadata"]["name"])
    if holds(workload, "Finished"):
        return fine(LAYER, f"Workload {name} has finished")
    if holds(workload, "Admitted") and not holds(workload, "Evicted"):
        admission = (workload.get("status") or {}).get("admission") or {}
        return fine(LAYER, f"admitted to ClusterQueue {admission.get('clusterQueue', '')}", _flavors(admission))
    return _said(case, _explained(case, name), name, queue)


def _explained(case: Case, name: str) -> Why:
    """As `queue why workload/NAME` would say it, from what this question reads."""
    setting = replace(read_by(case.reading, case.namespace), at=case.scene.at)
    asked = asked_of(case.subject, name)
    return explain(Look(setting, case.reading, asked))


def _said(case: Case, why: Why, name: str, queue: str) -> Layer:
    about = case.subject.it.said if case.subject.it.kind is not WORKLOAD else f"workload/{name}"
    own = why.verdict == "inactive" or why.code in ("UnsatisfiedAdmissionChecks", "PendingEvaluation")
    message = why.message if own else f"queue {queue} has not admitted it: {why.message}"
    fixes = tuple(f"{fix.by}: {fix.text}" for fix in (why.blockers[0].fixes if why.blockers else ()))
    return reason(
        LAYER,
        _WORDS.get(why.verdict, "QueueWaiting"),
        message,
        *_words(why, why.workload, name),
        *fixes,
        next=f"k8sai queue why {about} -n {case.namespace}",
        partial=why.exit == Exit.PARTIAL,
    )


def _words(why: Why, workload: Workload | None, name: str) -> tuple[str, ...]:
    """Kueue's own, with what differs."""
    quote = why.quoted
    if quote is None or quote.said is None or workload is None:
        return (f"Workload {name} has no conditions yet",)
    words = f"Workload {name}: {quote.said.reason}: {quote.said.message}"
    return (words, quote.words) if quote.words else (words,)


def _flavors(admission: Json) -> str:
    pairs = {
        f"{resource} from flavor {flavor}"
        for pods in admission.get("podSetAssignments") or ()
        for resource, flavor in (pods.get("flavors") or {}).items()
    }
    return ", ".join(sorted(pairs))
