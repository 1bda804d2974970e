"""Who goes first: the head of a StrictFIFO queue, queues that used less, and workloads whose pods must be ready."""

from collections.abc import Iterator
from typing import Final

from k8sai.queues.facts import LocalQueue
from k8sai.queues.order import ahead, blocking_head, fair_usage, in_line
from k8sai.queues.why.finding import Finding
from k8sai.queues.why.look import Look
from k8sai.queues.workload import Workload

_PODS_READY: Final = ("Waiting", "WaitingForPodsReady")


def check(look: Look) -> Iterator[Finding]:
    """Of one that stands in line."""
    workload = look.workload
    if workload is None or look.queue is None or not in_line(workload, look.at):
        return
    yield from _behind(look, workload)
    yield from _pods_ready(look, workload)
    yield from _fair(look, workload)


def _behind(look: Look, workload: Workload) -> Iterator[Finding]:
    head, queue = blocking_head(look.setting, workload), look.queue
    if head is None or queue is None:
        return
    judged = look.judge().of(head, queue, reasons=False)
    blocks = {"never": "it can never fit", "refused": "no flavor is for its pods"}.get(judged.mode, "")
    though = f", though {blocks}" if blocks else ""
    yield Finding(
        "line",
        "BehindHead",
        f"ClusterQueue {queue.name} is StrictFIFO and {head.title} must go first{though}",
        f"ClusterQueue {queue.name}",
        evidence=(f"{head.ref}, priority {head.priority}, waits {look.ago(head.created)}",),
        next=f"k8sai queue why workload/{head.name} -n {head.namespace}",
    )


def _pods_ready(look: Look, workload: Workload) -> Iterator[Finding]:
    """With waitForPodsReady.blockAdmission nobody is admitted while pods of somebody else are not ready."""
    reserved = workload.condition("QuotaReserved")
    if reserved is None or reserved.holds or reserved.reason not in _PODS_READY:
        return
    others = [one for ones in look.setting.reserving.values() for one in ones if not one.holds("PodsReady")]
    names = ", ".join(one.title for one in others[:3])
    message = "Kueue admits nobody until the pods of what it has admitted are ready" + (f": {names}" if names else "")
    yield Finding("line", "WaitingForPodsReady", message, evidence=(reserved.message,))


def _fair(look: Look, workload: Workload) -> Iterator[Finding]:
    """Admission fair sharing sorts by what each LocalQueue used of late, before priority."""
    queue, local = look.queue, look.local
    if queue is None or local is None or not queue.afs:
        return
    first = {one.ref: one for one in _locals_ahead(look, workload)}
    if first:
        names = ", ".join(first)
        message = f"admission fair sharing lets {names} go first: of late they used less than {local.ref}"
        yield Finding("line", "WaitingForQuota", message, f"LocalQueue {local.ref}", remark=True)


def _locals_ahead(look: Look, workload: Workload) -> Iterator[LocalQueue]:
    own = look.local
    for one in ahead(look.setting, workload):
        other = look.setting.local_queues.get(f"{one.namespace}/{one.queue}")
        if own is not None and other is not None and other.ref != own.ref and fair_usage(other) < fair_usage(own):
            yield other
