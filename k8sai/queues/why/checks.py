"""Quota is reserved and it is not admitted: each AdmissionCheck, and what stands behind it.

Source: pkg/controller/admissionchecks of Kueue 0.19; a ProvisioningRequest is called WORKLOAD-CHECK-ATTEMPT.
"""

from collections.abc import Iterator
from typing import Final

from k8sai.ages import human
from k8sai.cluster.reading import Json
from k8sai.queues.why.finding import Finding, Fix
from k8sai.queues.why.look import Look
from k8sai.queues.why.multikueue import is_multikueue, nobody_answers, remotes
from k8sai.queues.workload import CheckState, Workload

_PROVISIONING: Final = "kueue.x-k8s.io/provisioning-request"
_REQUESTS: Final = "provisioningrequests.autoscaling.x-k8s.io"
_STEPS: Final = ("Failed", "CapacityRevoked", "BookingExpired", "Provisioned", "Accepted")


def check(look: Look) -> Iterator[Finding]:
    """Every check that is not ready; a workload without checks is admitted with its reservation."""
    workload = look.workload
    if workload is None or not workload.reserves or workload.holds("Admitted") or workload.holds("Evicted"):
        return
    open_ones = [one for one in workload.checks if one.state != "Ready"]
    for state in sorted(open_ones, key=lambda one: one.state == "Pending"):
        yield _open(look, workload, state)
    if not open_ones:
        admission = workload.condition("Admitted")
        words = (admission.message,) if admission is not None and admission.message else ()
        message = f"its quota is reserved in ClusterQueue {look.queue_title}, and Kueue has not admitted it yet"
        yield Finding("checks", "UnsatisfiedAdmissionChecks", message, evidence=words, next=_describe(look, workload))


def _open(look: Look, workload: Workload, state: CheckState) -> Finding:
    scope = f"AdmissionCheck {state.name}"
    known = look.setting.checks.get(state.name)
    evidence = [*_behind(look, workload, state)]
    said = f": {state.message}" if state.message else ""
    held = f"its quota is reserved in ClusterQueue {look.queue_title}"
    if state.state == "Rejected":
        message = f"{scope} has rejected it{said}"
        fix = Fix("admin", "what the check asks for, then activate it again")
        return Finding("checks", "AdmissionCheckRejected", message, scope, evidence=tuple(evidence), fixes=(fix,))
    if known is not None and known.active is not None and not known.active.holds:
        evidence.append(f"{scope} is inactive: {known.active.message}")
    if state.state == "Retry":
        message = f"{held}, and {scope} wants it tried again{_again(look, workload, state)}{said}"
    else:
        waited = f" for {look.ago(state.at)}" if state.at else ""
        who = f", which {known.controller} answers" if known is not None and known.controller else ""
        message = f"{held}, and {scope} has not answered{waited}{who}{said}"
    return Finding(
        "checks",
        "UnsatisfiedAdmissionChecks",
        message,
        scope,
        evidence=tuple(evidence),
        next=_describe(look, workload),
    )


def _again(look: Look, workload: Workload, state: CheckState) -> str:
    at = workload.requeue_at or (state.at + state.requeue_after if state.requeue_after and state.at else 0.0)
    tries = f" (retry {state.retries + 1})" if state.retries else ""
    if at <= look.at:
        return tries
    return f" at {look.clock(at)} UTC, in {human(at - look.at)}{tries}"


def _behind(look: Look, workload: Workload, state: CheckState) -> Iterator[str]:
    known = look.setting.checks.get(state.name)
    if known is None:
        return
    if is_multikueue(known):
        clusters = remotes(look.reading, known, workload)
        yield from (one.said for one in clusters)
        if nobody_answers(clusters):
            yield "no cluster of MultiKueue answers"
    elif known.controller == _PROVISIONING:
        yield from _provisioning(look, workload, state)


def _provisioning(look: Look, workload: Workload, state: CheckState) -> Iterator[str]:
    """The newest attempt, by its number."""
    prefix = f"{workload.name}-{state.name}-"
    mine = [one for one in look.reading.list(_REQUESTS, workload.namespace) if _attempt(one, prefix) is not None]
    last = max(mine, key=lambda one: _attempt(one, prefix) or 0, default=None)
    if last is None:
        yield "no ProvisioningRequest has been made for it"
        return
    title = f"ProvisioningRequest {last['metadata']['name']}"
    conditions = {c.get("type"): c for c in (last.get("status") or {}).get("conditions") or ()}
    step = next((kind for kind in _STEPS if (conditions.get(kind) or {}).get("status") == "True"), "")
    said = " ".join(str((conditions.get(step) or {}).get("message") or "").split())
    yield f"{title}: {step or 'not accepted yet'}{f' ({said})' if said else ''}"


def _attempt(request: Json, prefix: str) -> int | None:
    name = str(request["metadata"]["name"])
    number = name.removeprefix(prefix)
    return int(number) if name.startswith(prefix) and number.isdecimal() else None


def _describe(look: Look, workload: Workload) -> str:
    return look.kubectl("describe", f"workloads.kueue.x-k8s.io/{workload.name}")
