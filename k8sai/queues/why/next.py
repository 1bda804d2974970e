"""The next command to type: try the change that would mend it, else look where the reason is."""

from typing import TYPE_CHECKING

from k8sai.queues.why.look import Look
from k8sai.queues.workload import Workload

if TYPE_CHECKING:
    from k8sai.queues.why.result import Why


def next_command(look: Look, answer: "Why") -> str:
    """Empty where there is nothing to do but wait."""
    first = answer.blockers[0] if answer.blockers else None
    if first is not None:
        change = next((fix.change for fix in first.fixes if fix.change), "")
        if change and look.workload is not None:
            return f"k8sai queue simulate {named(look.workload)} -n {look.namespace} --if {change}"
        return first.next
    if answer.code in ("Running", "Admitted"):
        return f"k8sai why {look.title} -n {look.namespace}"
    return ""


def named(workload: Workload) -> str:
    """As `simulate` and `move` find it: by its owner, a group of pods by its own name."""
    return f"wl/{workload.name}" if workload.title.startswith(("pod/", "workload/")) else workload.title
