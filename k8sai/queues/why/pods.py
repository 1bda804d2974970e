"""Admitted and not running: its pods, what gates them, and until when they must be ready."""

from collections import Counter
from collections.abc import Iterator

from k8sai.cluster.reading import Json
from k8sai.queues.why.configuration import configuration, patience
from k8sai.queues.why.finding import Finding
from k8sai.queues.why.look import Look
from k8sai.queues.workload import Workload


def check(look: Look) -> Iterator[Finding]:
    """Quota is no node: an admitted workload can wait for devices, images or a scheduler all the same."""
    workload = look.workload
    if workload is None or not workload.holds("Admitted") or workload.holds("Finished") or workload.holds("Evicted"):
        return
    ready = workload.condition("PodsReady")
    if ready is not None and ready.holds:
        return
    if look.reading.blind("pods"):
        if ready is not None:
            message = f"it was admitted, and Kueue says of its pods: {ready.message or ready.reason}"
            yield Finding("pods", "NotReady", message, f"Workload {workload.ref}", next=_why(look))
        return
    states = Counter(map(_state, look.asked.pods))
    gone = states.pop("ended", 0)
    running = states.pop("runs", 0) + gone
    wanted = sum(pod_set.count for pod_set in workload.pod_sets)
    admitted = workload.condition("Admitted")
    since = look.ago(admitted.at) if admitted is not None else ""
    if running >= wanted:
        return
    parts = [f"{number} {state}" for state, number in states.items()]
    missing = wanted - running - sum(states.values())
    parts += [f"{missing} not there"] if missing > 0 else []
    message = (
        f"it was admitted{f' {since} ago' if since else ''}, and {running} of {wanted} pods run: {', '.join(parts)}"
    )
    yield Finding(
        "pods",
        "NotReady",
        message,
        f"Workload {workload.ref}",
        evidence=_timeouts(look, workload),
        next=_why(look),
    )


def _why(look: Look) -> str:
    return f"k8sai why {look.title} -n {look.namespace}"


def _state(pod: Json) -> str:
    status, spec = pod.get("status") or {}, pod.get("spec") or {}
    phase = status.get("phase") or "Pending"
    if phase in ("Succeeded", "Failed"):
        return "ended"
    if phase == "Running":
        ready = any(c.get("type") == "Ready" and c.get("status") == "True" for c in status.get("conditions") or ())
        return "runs" if ready else "not ready"
    gates = [str(gate.get("name")) for gate in spec.get("schedulingGates") or ()]
    if gates:
        return f"gated by {', '.join(gates)}"
    return "starting" if spec.get("nodeName") else "not scheduled"


def _timeouts(look: Look, workload: Workload) -> tuple[str, ...]:
    """Kueue evicts it where waitForPodsReady is on; how long it waits stands in Kueue's configuration."""
    return tuple(filter(None, (_deadline(look, workload), _before(workload))))


def _deadline(look: Look, workload: Workload) -> str:
    admitted, seconds = workload.condition("Admitted"), patience(configuration(look.reading))
    if admitted is None or not admitted.at or seconds is None:
        return ""
    left = admitted.at + seconds - look.at
    return f"Kueue evicts it if its pods are not ready by {look.clock(look.at + left)} UTC" if left > 0 else ""


def _before(workload: Workload) -> str:
    times = sum(one.count for one in workload.evictions if one.reason == "PodsReadyTimeout")
    said = "once" if times == 1 else f"{times} times"
    return f"it was evicted {said} because its pods were not ready in time" if times else ""
