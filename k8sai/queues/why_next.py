"""The next command to type: try the change that would mend it, else look where the reason is."""

from typing import TYPE_CHECKING

from k8sai.queues.facts import Workload
from k8sai.queues.why_look import Look
from k8sai.queues.words import gpu

if TYPE_CHECKING:
    from k8sai.queues.why_result import Why


def next_command(look: Look, answer: "Why") -> str:
    """Empty where there is nothing to do but wait."""
    first = answer.blockers[0] if answer.blockers else None
    if first is not None:
        change = next((fix.change for fix in first.fixes if fix.change), "")
        wish = _wish(look.workload) if change and look.workload is not None else ""
        if wish:
            return f"k8sai queue simulate {wish} -n {look.namespace} --if {change}"
        return first.next
    if answer.code in ("Running", "Admitted"):
        return f"k8sai why {look.title} -n {look.namespace}"
    return ""


def _wish(workload: Workload) -> str:
    """Flags that ask for the same again; empty where flags cannot say it."""
    pod_set = workload.pod_sets[0] if len(workload.pod_sets) == 1 else None
    devices = [name for name in pod_set.requests if gpu(name)] if pod_set is not None else []
    if pod_set is None or len(devices) != 1:
        return "-f FILE"
    words = [f"--gpus {pod_set.requests[devices[0]]}"]
    words += [f"--pods {pod_set.count}"] if pod_set.count != 1 else []
    words += [f"--queue {workload.queue}"]
    words += [f"--priority {workload.priority_class}"] if workload.priority_class else []
    return " ".join(words)
