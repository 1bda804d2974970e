"""The queues it goes through: missing, stopped and by whom, inactive, or in a cycle of cohorts."""

from collections.abc import Iterator
from difflib import get_close_matches

from k8sai.queues.facts import ClusterQueue, LocalQueue
from k8sai.queues.reasons import inactive
from k8sai.queues.setting import CLUSTER_QUEUES, LOCAL_QUEUES
from k8sai.queues.why.finding import Finding, Fix
from k8sai.queues.why.look import Look
from k8sai.queues.why.managers import writer_of
from k8sai.queues.why.multikueue import is_multikueue, remotes

_CANNOT = "Can't admit new workloads: "
STOP_REASON = "k8sai.dev/stop-reason"
STOPPED_BY = "k8sai.dev/stopped-by"
_MOST_OF_A_REASON = 200  # characters


def check(look: Look) -> Iterator[Finding]:
    """From the namespace's door inward. What holds quota already is kept: there it is worth knowing only."""
    if look.workload is not None and look.workload.holds("Finished"):
        return
    if look.local is not None:
        yield from _stopped(look, look.local)
    elif look.queue_name and not look.holds_quota:
        yield from _no_local(look)
    if look.queue is not None:
        yield from _of_cluster_queue(look, look.queue)
    elif look.local is not None and not look.setting.blind(CLUSTER_QUEUES):
        name = look.local.cluster_queue
        message = f"LocalQueue {look.local.ref} leads to ClusterQueue {name}, which is not there"
        near = get_close_matches(name, look.setting.cluster_queues, 1)
        hint = (f"there is a ClusterQueue {near[0]}; a LocalQueue cannot be repointed, only made anew",) if near else ()
        yield Finding("queue", "ClusterQueueMissing", message, f"LocalQueue {look.local.ref}", evidence=hint)


def _no_local(look: Look) -> Iterator[Finding]:
    name = f"{look.namespace}/{look.queue_name}"
    if look.setting.blind(LOCAL_QUEUES) and not look.setting.local_queues:
        return
    here = sorted(one.name for one in look.setting.local_queues.values() if one.namespace == look.namespace)
    near = get_close_matches(look.queue_name, here, 1)
    fixes = tuple(Fix("user", f"give it to queue {one}") for one in near)
    has = f"it has {', '.join(here)}" if here else "it has none"
    follow = look.command("move", look.title, "--to", near[0]) if near else look.command("list", "").replace("  ", " ")
    message = f"namespace {look.namespace} has no LocalQueue {look.queue_name}"
    yield Finding(
        "queue", "LocalQueueMissing", message, f"LocalQueue {name}", evidence=(has,), fixes=fixes, next=follow
    )


def _of_cluster_queue(look: Look, queue: ClusterQueue) -> Iterator[Finding]:
    if queue.cohort in look.tree.cycles:
        yield _cycle(look, queue)
        return
    yield from _stopped(look, queue)
    active = queue.active
    if active is not None and not active.holds and queue.stop == "None" and active.reason != "Stopped":
        code = inactive(active)
        said = "Kueue calls it so without a reason" if code == "CohortCycle" else active.message.removeprefix(_CANNOT)
        message = f"ClusterQueue {queue.name} is inactive: {said.rstrip('.')}"
        yield Finding(
            "queue",
            code,
            message,
            f"ClusterQueue {queue.name}",
            evidence=tuple(_checks(look, queue)),
            next=f"k8sai queue describe cq/{queue.name}",
            remark=look.holds_quota,
        )


def _checks(look: Look, queue: ClusterQueue) -> Iterator[str]:
    """AdmissionChecks that are inactive take their ClusterQueue with them; of MultiKueue each cluster is told."""
    for name in (one.name for one in queue.checks):
        known = look.setting.checks.get(name)
        if known is not None and known.active is not None and not known.active.holds:
            yield f"AdmissionCheck {name}: {known.active.message or known.active.reason}"
            if is_multikueue(known):
                yield from (one.said for one in remotes(look.reading, known, look.workload))


def _cycle(look: Look, queue: ClusterQueue) -> Finding:
    chain = [queue.cohort]
    while (above := look.setting.cohorts.get(chain[-1])) is not None and above.parent and above.parent not in chain:
        chain.append(above.parent)
    again = look.setting.cohorts[chain[-1]].parent if chain[-1] in look.setting.cohorts else ""
    message = f"the cohorts above ClusterQueue {queue.name} are in a cycle: {' → '.join([*chain, again])}"
    fix = Fix("admin", f"give Cohort {chain[-1]} another parent, or none")
    return Finding(
        "queue",
        "CohortCycle",
        message,
        f"Cohort {queue.cohort}",
        evidence=_status(queue),
        fixes=(fix,),
        next=f"kubectl get cohorts.kueue.x-k8s.io {chain[-1]} -o yaml",
        remark=look.holds_quota,
    )


def _status(queue: ClusterQueue) -> tuple[str, ...]:
    """Kueue leaves it as it was before the cycle, or writes False with the reason Ready."""
    active = queue.active
    return (f"its own status does not say so: Active={active.holds}, {active.reason}",) if active is not None else ()


def _short(text: str) -> str:
    """For a headline; `queue describe` has all of it."""
    return text if len(text) <= _MOST_OF_A_REASON else f"{text[:_MOST_OF_A_REASON]}…"


def _stopped(look: Look, queue: ClusterQueue | LocalQueue) -> Iterator[Finding]:
    if queue.stop == "None":
        return
    local = isinstance(queue, LocalQueue)
    scope = f"LocalQueue {queue.ref}" if isinstance(queue, LocalQueue) else f"ClusterQueue {queue.name}"
    notes = queue.object.get("metadata", {}).get("annotations") or {}
    writer = writer_of(queue.object, "spec", "stopPolicy")
    who = writer._replace(manager=str(notes.get(STOPPED_BY) or writer.manager)).said(look.at)
    reason = _short(str(notes.get(STOP_REASON) or ""))
    message = f"{scope} is stopped ({queue.stop}){who}{f': {reason}' if reason else ''}"
    resume = f"k8sai queue resume {'lq' if local else 'cq'}/{queue.name}" + (f" -n {look.namespace}" if local else "")
    fix = Fix("admin", "resume it")
    remark = look.holds_quota and look.workload is not None and look.workload.holds("Admitted")
    yield Finding("queue", "Suspended", message, scope, fixes=(fix,), next=resume, remark=remark)
