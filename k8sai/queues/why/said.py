"""Kueue's own word beside our arithmetic: agreed, older than the state, or about something else. Never left out."""

from dataclasses import dataclass
from typing import Final, Literal

from k8sai.queues.reasons import Said
from k8sai.queues.why.finding import Finding
from k8sai.queues.why.look import Look
from k8sai.queues.words import amount

Agreement = Literal["agrees", "differs", "silent"]

# Codes that are the same word of Kueue's, which says less or looks at another moment.
_FAMILIES: Final = (
    {"Suspended", "ClusterQueueInactive", "CohortCycle", "ClusterQueueMissing", "LocalQueueMissing"},
    {"WaitingForQuota", "NeedsPreemption", "WaitingForPreemptedWorkloads", "BehindHead"},
    {"Misconfigured", "LimitRange", "BadRequests", "LocalQueueMissing", "ClusterQueueMissing"},
    {"UnsatisfiedAdmissionChecks", "AdmissionCheckRejected", "RequeueBackoff"},
    {"Deactivated", "AdmissionCheckRejected"},
    {"TopologyPlacementFailed", "ExceedsTopology"},
    {"Admitted", "Running", "NotReady"},
)


@dataclass(frozen=True, slots=True)
class Quoted:
    """What Kueue said and how it stands to ours; `words` are what differs."""

    said: Said | None
    agreement: Agreement
    words: str = ""


def quoted(look: Look, code: str, finding: Finding | None) -> Quoted:
    """`finding` is the headline with that code."""
    said = look.said
    if said is None or said.code == "PendingEvaluation":
        return Quoted(said, "silent", "Kueue has said nothing of it yet" if said is None else "")
    if said.code == code or any(said.code in one and code in one for one in _FAMILIES):
        return _numbers(look, said, finding)
    if said.code in _obstacles(look, said):
        return Quoted(said, "agrees", "it names another obstacle")
    return Quoted(said, "differs", f"Kueue said {said.code}{_when(look, said)}; now it is {code}")


def _obstacles(look: Look, said: Said) -> set[str]:
    """What else is in its way, of the flavors that Kueue speaks of: it tells one obstacle of several."""
    flavors = {part.share.flavor for part in said.parts}
    return {option.code for one in look.tried for option in one.options if option.flavor in flavors}


def _numbers(look: Look, said: Said, finding: Finding | None) -> Quoted:
    """ "N more needed" counts from what is available, but never from less than nothing."""
    if finding is None or finding.share is None or finding.need is None or finding.have is None:
        return Quoted(said, "agrees")
    told = [part.more for part in said.about(finding.share) if part.more is not None]
    ours, resource = max(0, finding.need - max(0, finding.have)), finding.share.resource
    if told and finding.code != "ExceedsMaxQuota" and ours not in told:
        more, now = amount(resource, told[-1]), amount(resource, ours)
        return Quoted(said, "differs", f"Kueue said {more} more{_when(look, said)}; now {now}")
    if told and finding.have < 0:
        must = amount(resource, finding.need - finding.have)
        return Quoted(said, "agrees", f"Kueue counts from 0: {must} must really be freed")
    return Quoted(said, "agrees")


def _when(look: Look, said: Said) -> str:
    return f" at {look.clock(said.at)}" if said.at else ""
