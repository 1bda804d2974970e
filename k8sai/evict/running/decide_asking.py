"""What comes next for a gang that runs: begun, asked by one way after the other, proven. All can be taken back."""

from dataclasses import replace
from typing import Final

from k8sai.ages import epoch, human, stamp
from k8sai.evict.facts import Grade, Phase, Proof, Request, at_least
from k8sai.evict.running.actions import Action, Ask, Change, Hold, Note, Turn
from k8sai.evict.running.gang_words import ENDED_WELL, FELL, Now, end_of, ends, in_phase, intent, lost
from k8sai.evict.running.seen import Attempt, GangSeen
from k8sai.evict.state import GangState, OnTimeout, Stage

SAVE: Final = 600.0  # seconds to save, where nobody says how long it takes
OLD: Final = 600.0  # seconds after which a proof is asked for again: there was work since


def begun(gang: GangState, see: GangSeen, now: Now) -> Action:
    if gang.action in ("refuse", "skip"):
        return ends(gang, Phase.SKIPPED, gang.reason or "it was not to be touched", now)
    if (gone := _gone_by_itself(gang, see, now)) is not None:
        return gone
    if gang.phase is Phase.PLANNED:
        return (
            Change(in_phase(gang, Phase.LOCKED, now)) if now.held else Hold(gang.ref.title, "every node to be cordoned")
        )
    if gang.action == "wait":
        return _waits(gang, see, now)
    if now.slots <= 0 and gang.action != "ride":
        return Hold(gang.ref.title, "other gangs to have saved")
    return _request(gang, see, now)


def _gone_by_itself(gang: GangState, see: GangSeen, now: Now) -> Action | None:
    """Before we stopped it: it has ended, or somebody else was quicker."""
    if see.here or gang.stops or gang.pending:
        return None
    if see.ended:
        how = see.fallen or see.end if see.failed else see.end
        word = FELL if see.failed else ENDED_WELL
        return ends(gang, Phase.SKIPPED, f"{word}{how and f': {how}'}", now, "GangEnded")
    if see.going:
        return Hold(gang.ref.title, "its pods to end, which somebody else deletes")
    if see.alive:
        return ends(gang, Phase.SKIPPED, "none of its pods is on a node that is drained any more", now)
    return ends(gang, Phase.LOST, lost(see), now, "GangLost")


def _waits(gang: GangState, see: GangSeen, now: Now) -> Action:
    end = end_of(see, now)
    if end and now.at >= end:
        return unproven(gang, see, now, "it has not ended in time", Phase.TIMED_OUT)
    return Hold(gang.ref.title, "the gang to end by itself", 10.0)


def _request(gang: GangState, see: GangSeen, now: Now, why: str = "") -> Action:
    """By the first method that has not failed."""
    methods = [one for one in gang.contract.methods if not any(told.startswith(f"{one}: ") for told in gang.tried)]
    if not methods and gang.action != "ride":
        told = "; ".join(gang.tried) or "it knows no way to be asked"
        return unproven(gang, see, now, f"no checkpoint could be had: {told}", Phase.FAILED)
    method = "periodic" if gang.action == "ride" else methods[0]
    end = end_of(see, now)
    known = gang.contract.last.seconds if gang.contract.last else 0.0
    if method not in ("none", "suspend", "periodic") and end and now.at + known > end:
        why = f"a checkpoint takes {human(known)}, and there is less time left" if known else "there is no time left"
        return unproven(gang, see, now, why, Phase.TIMED_OUT)
    deadline = now.at + _patience(gang, method)
    deadline = min(deadline, end) if end else deadline
    request = Request(_request_id(gang, now), deadline, now.settings.reason, now.by, now.at)
    to = replace(in_phase(gang, Phase.REQUESTED, now), method=method, request=request, proof=None, reason=why)
    if method == "periodic":
        text = f"waits for its own next checkpoint, until {stamp(deadline)}"
        return Change(to, (Note("CheckpointRequested", text),))
    text = f"asked by {method}, until {stamp(deadline)}" if method != "none" else "it cannot be asked"
    return Change(replace(to, pending=intent("request", now)), (Note("CheckpointRequested", text),))


def _patience(gang: GangState, method: str) -> float:
    """Seconds from the request to its deadline."""
    return gang.contract.deadline or (_ride(gang) if method == "periodic" else 3 * _save(gang))


def _request_id(gang: GangState, now: Now) -> str:
    """Another one at every new request."""
    return f"{now.drain}-{gang.id.replace('/', '-')}-{int(now.at)}"


def _save(gang: GangState) -> float:
    """Seconds."""
    last = gang.contract.last
    return last.seconds if last and last.seconds else SAVE / 3


def _ride(gang: GangState) -> float:
    return (gang.contract.interval or SAVE) + 3 * _save(gang)


def asked(gang: GangState, see: GangSeen, now: Now) -> Action:
    if (gone := _gone_by_itself(replace(gang, pending=None), see, now)) is not None:
        return gone
    request, attempt = gang.request, see.attempt
    if request is None:
        return Change(in_phase(gang, Phase.LOCKED, now))
    if see.proof is not None and at_least(see.proof.grade, gang.accepted):
        return _proven(gang, see.proof, now)
    end = end_of(see, now)
    if attempt is None and now.at >= request.deadline and not (end and now.at >= end):
        return _asked_anew(gang, see, request, now)
    if now.at >= request.deadline and not (end and now.at >= end) and _unseen(request, attempt):
        return Hold(gang.ref.title, "a last look for its proof")
    if now.at >= (min(request.deadline, end) if end else request.deadline):
        late = f"no proof in time{_so_far(attempt)}"
        by = see.until_by if see.until and end < request.deadline else ""
        return unproven(gang, see, now, f"{late}{by and f', before {by} takes the node'}", Phase.TIMED_OUT)
    if gang.method == "periodic":
        return Hold(gang.ref.title, f"its own next checkpoint, until {stamp(request.deadline)}", 5.0)
    if attempt is None or attempt.request != request.id:
        return Ask(gang)
    return _answered(gang, see, attempt, now)


def _unseen(request: Request, attempt: Attempt | None) -> bool:
    """Whether it may have answered in time without being seen: nobody could look at its deadline, as in an outage."""
    return attempt is not None and not (attempt.running or attempt.trouble) and attempt.looked < request.deadline


def _asked_anew(gang: GangState, see: GangSeen, request: Request, now: Now) -> Action:
    """Whoever asked is gone, and the time they gave as well: the same request with as much time again, or after long
    another one, since what it saved then is old.
    """
    if now.at - request.asked > OLD:
        return _request(gang, see, now, "its request was too old")
    end = end_of(see, now)
    deadline = now.at + _patience(gang, gang.method)
    again = replace(request, deadline=min(deadline, end) if end else deadline)
    text = f"asked again by {gang.method}, until {stamp(again.deadline)}"
    return Change(replace(gang, request=again), (Note("CheckpointRequested", text),))


def _answered(gang: GangState, see: GangSeen, attempt: Attempt, now: Now) -> Action:
    if attempt.trouble:
        tried = (*gang.tried, f"{gang.method}: {attempt.trouble}")
        text = f"{gang.method} failed: {attempt.trouble}"
        to = replace(in_phase(gang, Phase.LOCKED, now), tried=tried, pending=intent("withdraw", now))
        return Change(to, (Note("MethodFailed", text),))
    if attempt.heard and gang.phase is Phase.REQUESTED:
        text = f"{attempt.heard} of {attempt.asked or attempt.heard} have taken it up"
        return Change(in_phase(gang, Phase.ACKED, now), (Note("CheckpointAcked", text),))
    if attempt.running:
        return Hold(gang.ref.title, f"its checkpoint{_so_far(attempt)}")
    if gang.method in ("none", "suspend"):
        return unproven(gang, see, now, f"nothing proves a checkpoint (method {gang.method})", Phase.FAILED)
    return Hold(gang.ref.title, f"the proof of its checkpoint{_so_far(attempt)}")


def _so_far(attempt: Attempt | None) -> str:
    if attempt is None or not attempt.asked:
        return ""
    return f" ({attempt.heard} of {attempt.asked} have taken it up)"


def _proven(gang: GangState, proof: Proof, now: Now) -> Action:
    step = f", step {proof.step}" if proof.step >= 0 else ""
    text = f"grade {proof.grade}{step}{proof.path and f', {proof.path}'}{proof.why and f': {proof.why}'}"
    return Change(
        replace(in_phase(gang, Phase.SAVED, now), proof=proof, pending=None), (Note("CheckpointProven", text),)
    )


def unproven(gang: GangState, see: GangSeen, now: Now, why: str, phase: Phase) -> Action:
    """No proof that is good enough: what --on-timeout says."""
    policy: OnTimeout = now.settings.on_timeout
    why = f"{why}; {see.fallen}" if see.fallen else why
    if policy == "abort" and not gang.stops:
        return Turn(Stage.ABORTING, f"{gang.ref.title}: {why}")
    if policy == "evict" and not gang.stops:
        proof = see.proof or Proof(Grade.NONE, why=why)
        to = replace(in_phase(gang, Phase.SAVED, now), proof=proof, accepted=proof.grade, pending=None)
        text = f"{why}; stopped all the same (--on-timeout=evict), with grade {proof.grade}"
        return Change(to, (Note("CheckpointTimedOut", f"{text}{_loss(gang)}"),))
    return ends(gang, phase, why, now, "CheckpointTimedOut")


def _loss(gang: GangState) -> str:
    return f", {gang.lost:.1f} GPU-h are lost" if gang.lost else ""


def saved(gang: GangState, see: GangSeen, now: Now) -> Action:
    if (gone := _gone_by_itself(gang, see, now)) is not None:
        return gone
    proof = gang.proof
    if proof is None or not at_least(proof.grade, gang.accepted):
        return Change(in_phase(gang, Phase.LOCKED, now))
    if not now.held:
        return Hold(gang.ref.title, "every node to be cordoned")
    if gang.method not in ("none", "suspend") and now.at - epoch(gang.since) > OLD and gang.accepted is not Grade.NONE:
        return _request(replace(gang, tried=()), see, now, "its proof was too old")
    if gang.switch.kind == "none":
        return ends(gang, Phase.FAILED, gang.switch.why or "it cannot be stopped whole", now)
    text = f"stopped by {gang.switch.kind}, with grade {proof.grade}"
    to = replace(in_phase(gang, Phase.STOPPING, now), pending=intent("stop", now))
    return Change(to, (Note("GangStopping", text),))
