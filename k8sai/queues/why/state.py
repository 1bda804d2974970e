"""The Workload's own state: deactivated, backing off after a failure, gated, on hold, on its way out."""

import re
from collections.abc import Iterator
from typing import Final

from k8sai.ages import human
from k8sai.queues.facts import Condition
from k8sai.queues.why.finding import Finding, Fix
from k8sai.queues.why.look import Look
from k8sai.queues.why.managers import writer_of
from k8sai.queues.workload import Workload

_SAID_BY_CHECK: Final = re.compile(r'Rejected state: "([^"]+)"(?: \((.*)\))?')
_DUE_TO: Final = "DeactivatedDueTo"
_CAUSES: Final = {
    "RequeuingLimitExceeded": "its pods were not ready in time too often",
    "MaximumExecutionTimeExceeded": "it ran as long as it may",
}


def check(look: Look) -> Iterator[Finding]:
    """Nothing of it keeps one from running that runs."""
    workload = look.workload
    if workload is None or workload.holds("Finished"):
        return
    yield from _deactivated(look, workload)
    yield from _leaving(look, workload)
    yield from _backing_off(look, workload)
    if not workload.reserves:
        yield from _held(look, workload)


def _deactivated(look: Look, workload: Workload) -> Iterator[Finding]:
    going = workload.condition("DeactivationTarget")
    if workload.active and not (going and going.holds):
        return
    cause = _cause(workload)
    scope = f"Workload {workload.ref}"
    if cause == "AdmissionCheck":
        name, words = _rejected(workload)
        message = f"{f'AdmissionCheck {name}' if name else 'an AdmissionCheck'} has rejected it"
        message += f": {words}" if words else ""
        fix = Fix("admin", "what the check asks for, then activate it again")
        yield Finding("state", "AdmissionCheckRejected", message, scope, fixes=(fix,), next=_activate(look, workload))
        return
    who = writer_of(workload.object, "spec", "active").said(look.at) if not cause else ""
    why = f": {_CAUSES.get(cause, cause)}" if cause else ""
    limit = f" ({human(workload.max_seconds)})" if cause.startswith("Maximum") and workload.max_seconds else ""
    fix = Fix("user", "activate it again, and it queues anew")
    message = f"it was deactivated{who}{why}{limit}"
    yield Finding("state", "Deactivated", message, scope, fixes=(fix,), next=_activate(look, workload))


def _rejected(workload: Workload) -> tuple[str, str]:
    """The check and its words: the states of checks go with the reservation, the eviction keeps what was said."""
    state = next((one for one in workload.checks if one.state == "Rejected"), None)
    if state is not None:
        return state.name, state.message
    evicted = workload.condition("Evicted")
    found = _SAID_BY_CHECK.search(evicted.message) if evicted is not None else None
    return (found[1], found[2] or "") if found else ("", "")


def _cause(workload: Workload) -> str:
    """What deactivated it, where it was not a person: `RequeuingLimitExceeded`."""
    going, evicted = workload.condition("DeactivationTarget"), workload.condition("Evicted")
    if evicted is not None and evicted.reason.startswith(_DUE_TO):
        return evicted.reason.removeprefix(_DUE_TO)
    return going.reason if going is not None and going.holds else ""


def _activate(look: Look, workload: Workload) -> str:
    return look.command("resume", f"workload/{workload.name}")


def _leaving(look: Look, workload: Workload) -> Iterator[Finding]:
    evicted = workload.condition("Evicted")
    if evicted is None or not evicted.holds or not workload.reserves or not workload.active:
        return
    message = f"it was evicted{_since(look, evicted)} and holds its quota until its pods are gone"
    yield Finding(
        "state", "PendingEvaluation", message, f"Workload {workload.ref}", evidence=_words(evicted), next=_pods(look)
    )


def _backing_off(look: Look, workload: Workload) -> Iterator[Finding]:
    until = workload.requeue_at
    if until is None or until <= look.at or not workload.active:
        return
    evicted = workload.condition("Evicted")
    tries = f" after {workload.requeues} {'try' if workload.requeues == 1 else 'tries'}" if workload.requeues else ""
    message = f"it backs off until {look.clock(until)} UTC, in {human(until - look.at)}{tries}"
    yield Finding(
        "state",
        "RequeueBackoff",
        message,
        f"Workload {workload.ref}",
        evidence=_words(evicted) if evicted and evicted.holds else (),
        next=_pods(look) if evicted and evicted.reason == "PodsReadyTimeout" else "",
    )


def _held(look: Look, workload: Workload) -> Iterator[Finding]:
    scope = f"Workload {workload.ref}"
    if workload.admission_gates:
        gates = ", ".join(workload.admission_gates)
        message = f"its admission is gated by {gates}: whoever set that must take it away"
        yield Finding("state", "AdmissionGated", message, scope, next=look.kubectl("describe", _ref(workload)))
    blocked = workload.condition("BlockedOnPreemptionGates")
    if blocked is not None and blocked.holds:
        gates = ", ".join(gate for gate in workload.gates if gate not in workload.admission_gates)
        message = f"it may not preempt while its preemption gates are closed{f': {gates}' if gates else ''}"
        yield Finding("state", "AdmissionGated", message, scope, evidence=_words(blocked))
    reserved = workload.condition("QuotaReserved")
    if reserved is not None and not reserved.holds and reserved.reason == "OnHold":
        yield Finding("state", "OnHold", "its controller keeps it on hold", scope, evidence=_words(reserved))


def _words(condition: Condition) -> tuple[str, ...]:
    return (" ".join(condition.message.split()),) if condition.message else ()


def _since(look: Look, condition: Condition) -> str:
    ago = look.ago(condition.at)
    return f" {ago} ago" if ago else ""


def _pods(look: Look) -> str:
    return f"k8sai why {look.title} -n {look.namespace}"


def _ref(workload: Workload) -> str:
    return f"workloads.kueue.x-k8s.io/{workload.name}"
