"""Is it Kueue's at all: the queue it names, the Workload it has, and who else has suspended it."""

from collections.abc import Iterator

from k8sai.cluster.reading import Json
from k8sai.queues.others.groups import held
from k8sai.queues.setting import WORKLOADS
from k8sai.queues.why.configuration import configuration, objections
from k8sai.queues.why.finding import Finding
from k8sai.queues.why.look import Look
from k8sai.queues.why.managers import Writer, writer_of
from k8sai.queues.why.subject import suspended


def check(look: Look) -> Iterator[Finding]:
    """Without a Workload this is all there is to say; with one, whether its queue is the one that is meant."""
    if look.workload is not None:
        yield from _differs(look)
    elif not look.asked.queue and not look.asked.workload:
        yield _not_queued(look)
    else:
        yield _no_workload(look)


def _differs(look: Look) -> Iterator[Finding]:
    """The label of a job follows into its Workload only while it waits and was never evicted."""
    named, workload = look.asked.queue, look.workload
    if workload is None or not named or named == workload.queue:
        return
    message = f"its label names queue {named}, and its Workload {workload.name} stays in {workload.queue or 'none'}"
    kept = "Kueue keeps a Workload with quota where it is" if workload.reserves else _never_follows(look)
    yield Finding(
        "kueue",
        "QueueDiffers",
        message,
        f"Workload {workload.ref}",
        evidence=(kept,) if kept else (),
        next=look.command("move", look.title, "--to", named),
        remark=not workload.waits,
    )


def _never_follows(look: Look) -> str:
    evicted = look.workload.condition("Evicted") if look.workload is not None else None
    return "a Workload that was evicted never follows a new label" if evicted and evicted.holds else ""


def _not_queued(look: Look) -> Finding:
    theirs = held(look.reading, look.asked.pods)
    if theirs is not None:
        return Finding("kueue", "NotQueued", theirs.sentence, evidence=theirs.evidence, next="k8sai queue list")
    owner = look.asked.owner
    if owner is None or not suspended(owner):
        message = "it names no queue (label kueue.x-k8s.io/queue-name), so Kueue neither holds it nor counts it"
        return Finding("kueue", "NotQueued", message, next=f"k8sai why {look.title} -n {look.namespace}")
    by = _suspended_by(owner).said(look.at)
    message = f"it names no queue and was suspended{by}: Kueue does not hold it"
    return Finding("kueue", "NotQueued", message, next=f"k8sai why {look.title} -n {look.namespace}")


def _suspended_by(owner: Json) -> Writer:
    inner = writer_of(owner, "spec", "suspend")
    return inner if inner.manager else writer_of(owner, "spec", "runPolicy", "suspend")


def _no_workload(look: Look) -> Finding:
    name = f"{look.namespace}/{look.asked.queue}" if look.asked.queue else look.title
    if look.setting.blind(WORKLOADS) and not look.setting.workloads:
        message = f"it was given to queue {name}, whose Workloads may not be read"
        return Finding("kueue", "NoWorkload", message, partial=True)
    if look.asked.workload:
        return Finding("kueue", "NoWorkload", f"there is no Workload {look.namespace}/{look.asked.workload}")
    message = f"it names queue {name}, and Kueue has made no Workload for it"
    return Finding(
        "kueue",
        "NoWorkload",
        message,
        evidence=tuple(_objections(look)),
        next="kubectl get configmap kueue-manager-config -n kueue-system -o yaml",
    )


def _objections(look: Look) -> Iterator[str]:
    """What is known of why; a person reads on in the configuration where nothing is."""
    owner = look.asked.owner
    if owner is not None and owner.get("kind") != "Pod" and not suspended(owner):
        yield "it is not suspended: it had no queue when it was made, or Kueue does not manage it"
    labels = look.setting.namespaces.get(look.namespace, {})
    found = tuple(objections(configuration(look.reading), owner, look.namespace, labels)) if owner is not None else ()
    yield from found
    if not found:
        yield "Kueue makes one for the kinds and namespaces its configuration names, while it runs"
