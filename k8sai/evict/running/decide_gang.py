"""What comes next for a gang: asked, proven, stopped once, gone, started. Pure.

A stop is decided on with the proof that the gang was promised, or with what the journal says was accepted instead. From
there on there is only one way: until every old pod is gone, and then until it may run again.
"""

from dataclasses import dataclass, replace
from typing import Final

from k8sai.ages import epoch, human, stamp
from k8sai.evict.facts import ENDED, Grade, Phase, Proof, Request, at_least
from k8sai.evict.running.actions import Action, Ask, Change, Hold, Note, Push, Turn
from k8sai.evict.running.seen import Attempt, GangSeen
from k8sai.evict.state import GangState, Intent, OnTimeout, PodState, Settings, Stage, Word
from k8sai.evict.switches.step import Never, Wait, Write

SAVE: Final = 600.0  # seconds to save, where nobody says how long it takes
OLD: Final = 600.0  # seconds after which a proof is asked for again: there was work since
MARGIN: Final = 20.0  # seconds kept for the stop itself, before somebody else takes the node
RESTORE: Final = 60.0  # seconds a gang that runs again is given to say from which step
AGAIN: Final = "somebody has started it again while its pods were ending"
BLOCKED: Final = "blocked: "  # begins the reason of what a budget kept
_ASKED: Final = (Phase.REQUESTED, Phase.ACKED)


@dataclass(frozen=True, slots=True)
class Now:
    """What is the same for all gangs in one turn. `slots`: so many more may save at the same time; `held`: every node
    is cordoned, so what stops does not come back to one that is to be drained.
    """

    at: float
    by: str
    drain: str
    settings: Settings
    slots: int
    held: bool

    @property
    def stamp(self) -> str:
        return stamp(self.at)


def over(gang: GangState, settings: Settings) -> bool:
    """Nothing more is done for it."""
    if gang.pending:
        return False
    if gang.phase is Phase.REQUEUED:
        return settings.wait_ready <= 0 or bool(gang.reason)
    if gang.phase is Phase.RUNNING:
        return bool(gang.reason)
    return gang.phase in ENDED


def saving(gang: GangState) -> bool:
    """It takes bandwidth of the storage."""
    return gang.phase in _ASKED and gang.method != "periodic"


def saves(one: object) -> bool:
    """The same, of what anything becomes."""
    return isinstance(one, GangState) and saving(one)


def next_for(gang: GangState, see: GangSeen, now: Now) -> Action | None:
    """None: nothing more."""
    if over(gang, now.settings):
        return None
    if gang.pending and gang.pending.word == "withdraw":
        return Push(gang)
    match gang.phase:
        case Phase.PLANNED | Phase.LOCKED:
            return _begun(gang, see, now)
        case Phase.REQUESTED | Phase.ACKED:
            return _asked(gang, see, now)
        case Phase.SAVED:
            return _saved(gang, see, now)
        case Phase.STOPPING:
            return _stopping(gang, see, now)
        case Phase.STOPPED:
            return starting(gang, see, now)
        case Phase.REQUEUED:
            return _requeued(gang, see, now)
        case Phase.RUNNING:
            return _running(gang, see, now)
        case _:
            return None


# --- before it is asked -----------------------------------------------------------------------------------------------


def _begun(gang: GangState, see: GangSeen, now: Now) -> Action:
    if gang.action in ("refuse", "skip"):
        return _ends(gang, Phase.SKIPPED, gang.reason or "it was not to be touched", now)
    if (gone := _gone_by_itself(gang, see, now)) is not None:
        return gone
    if gang.phase is Phase.PLANNED:
        return Change(_in(gang, Phase.LOCKED, now)) if now.held else Hold(gang.ref.title, "every node to be cordoned")
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
        return _ends(gang, Phase.SKIPPED, f"it has ended by itself{see.end and f': {see.end}'}", now, "GangEnded")
    if see.going:
        return Hold(gang.ref.title, "its pods to end, which somebody else deletes")
    if see.alive:
        return _ends(gang, Phase.SKIPPED, "none of its pods is on a node that is drained any more", now)
    return _ends(gang, Phase.LOST, f"lost to {see.taker or 'somebody else'}", now, "GangLost")


def _waits(gang: GangState, see: GangSeen, now: Now) -> Action:
    end = _end(see, now)
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
    end = _end(see, now)
    known = gang.contract.last.seconds if gang.contract.last else 0.0
    if method not in ("none", "suspend", "periodic") and end and now.at + known > end:
        why = f"a checkpoint takes {human(known)}, and there is less time left" if known else "there is no time left"
        return unproven(gang, see, now, why, Phase.TIMED_OUT)
    deadline = now.at + _patience(gang, method)
    deadline = min(deadline, end) if end else deadline
    request = Request(_request_id(gang, now), deadline, now.settings.reason, now.by, now.at)
    to = replace(_in(gang, Phase.REQUESTED, now), method=method, request=request, proof=None, reason=why)
    if method == "periodic":
        text = f"waits for its own next checkpoint, until {stamp(deadline)}"
        return Change(to, (Note("CheckpointRequested", text),))
    text = f"asked by {method}, until {stamp(deadline)}"
    return Change(replace(to, pending=_intent("request", now)), (Note("CheckpointRequested", text),))


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


def _end(see: GangSeen, now: Now) -> float:
    """When it must be over, epoch seconds; 0: nobody says. The earliest wins."""
    ends = [one for one in (now.settings.deadline, see.until - MARGIN if see.until else 0.0) if one]
    return min(ends) if ends else 0.0


# --- asked ------------------------------------------------------------------------------------------------------------


def _asked(gang: GangState, see: GangSeen, now: Now) -> Action:
    if (gone := _gone_by_itself(replace(gang, pending=None), see, now)) is not None:
        return gone
    request, attempt = gang.request, see.attempt
    if request is None:
        return Change(_in(gang, Phase.LOCKED, now))
    if see.proof is not None and at_least(see.proof.grade, gang.accepted):
        return _proven(gang, see.proof, now)
    end = _end(see, now)
    if attempt is None and now.at >= request.deadline and not (end and now.at >= end):
        return _asked_anew(gang, see, request, now)
    if now.at >= (min(request.deadline, end) if end else request.deadline):
        late = f"no proof in time{_so_far(attempt)}"
        by = see.until_by if see.until and end < request.deadline else ""
        return unproven(gang, see, now, f"{late}{by and f', before {by} takes the node'}", Phase.TIMED_OUT)
    if gang.method == "periodic":
        return Hold(gang.ref.title, f"its own next checkpoint, until {stamp(request.deadline)}", 5.0)
    if attempt is None or attempt.request != request.id:
        return Ask(gang)
    return _answered(gang, see, attempt, now)


def _asked_anew(gang: GangState, see: GangSeen, request: Request, now: Now) -> Action:
    """Whoever asked is gone, and the time they gave as well: the same request with as much time again, or after long
    another one, since what it saved then is old.
    """
    if now.at - request.asked > OLD:
        return _request(gang, see, now, "its request was too old")
    end = _end(see, now)
    deadline = now.at + _patience(gang, gang.method)
    again = replace(request, deadline=min(deadline, end) if end else deadline)
    text = f"asked again by {gang.method}, until {stamp(again.deadline)}"
    return Change(replace(gang, request=again), (Note("CheckpointRequested", text),))


def _answered(gang: GangState, see: GangSeen, attempt: Attempt, now: Now) -> Action:
    if attempt.trouble:
        tried = (*gang.tried, f"{gang.method}: {attempt.trouble}")
        text = f"{gang.method} failed: {attempt.trouble}"
        to = replace(_in(gang, Phase.LOCKED, now), tried=tried, pending=_intent("withdraw", now))
        return Change(to, (Note("MethodFailed", text),))
    if attempt.heard and gang.phase is Phase.REQUESTED:
        text = f"{attempt.heard} of {attempt.asked or attempt.heard} have taken it up"
        return Change(_in(gang, Phase.ACKED, now), (Note("CheckpointAcked", text),))
    if attempt.running:
        return Hold(gang.ref.title, f"its checkpoint{_so_far(attempt)}")
    if gang.method in ("none", "suspend"):
        return unproven(gang, see, now, f"nothing proves a checkpoint (method {gang.method})", Phase.FAILED)
    return Hold(gang.ref.title, f"the proof of its checkpoint{_so_far(attempt)}")


def _so_far(attempt: Attempt | None) -> str:
    if attempt is None or not attempt.asked:
        return ""
    return f" ({attempt.heard} of {attempt.asked} have answered)"


def _proven(gang: GangState, proof: Proof, now: Now) -> Action:
    step = f", step {proof.step}" if proof.step >= 0 else ""
    text = f"grade {proof.grade}{step}{proof.path and f', {proof.path}'}{proof.why and f': {proof.why}'}"
    return Change(replace(_in(gang, Phase.SAVED, now), proof=proof, pending=None), (Note("CheckpointProven", text),))


def unproven(gang: GangState, see: GangSeen, now: Now, why: str, phase: Phase) -> Action:
    """No proof that is good enough: what --on-timeout says."""
    policy: OnTimeout = now.settings.on_timeout
    if policy == "abort" and not gang.stops:
        return Turn(Stage.ABORTING, f"{gang.ref.title}: {why}")
    if policy == "evict" and not gang.stops:
        proof = see.proof or Proof(Grade.NONE, why=why)
        to = replace(_in(gang, Phase.SAVED, now), proof=proof, accepted=proof.grade, pending=None)
        text = f"{why}; stopped all the same (--on-timeout=evict), with grade {proof.grade}"
        return Change(to, (Note("CheckpointTimedOut", f"{text}{_loss(gang)}"),))
    return _ends(gang, phase, why, now, "CheckpointTimedOut")


def _loss(gang: GangState) -> str:
    return f", {gang.lost:.1f} GPU-h are lost" if gang.lost else ""


def _ends(gang: GangState, phase: Phase, why: str, now: Now, word: str = "GangSkipped") -> Change:
    """A request that stands is taken back first: the phase says how it ended, the intent what is still to be done."""
    pending = _intent("withdraw", now) if _open(gang) else None
    return Change(replace(_in(gang, phase, now), reason=why, pending=pending), (Note(word, why),))


def _open(gang: GangState) -> bool:
    """A request of ours stands, for all that is known."""
    return gang.request is not None and gang.method not in ("", "none", "suspend", "periodic")


# --- stopped ----------------------------------------------------------------------------------------------------------


def _saved(gang: GangState, see: GangSeen, now: Now) -> Action:
    if (gone := _gone_by_itself(gang, see, now)) is not None:
        return gone
    proof = gang.proof
    if proof is None or not at_least(proof.grade, gang.accepted):
        return Change(_in(gang, Phase.LOCKED, now))
    if not now.held:
        return Hold(gang.ref.title, "every node to be cordoned")
    if gang.method not in ("none", "suspend") and now.at - epoch(gang.since) > OLD and gang.accepted is not Grade.NONE:
        return _request(replace(gang, tried=()), see, now, "its proof was too old")
    if gang.switch.kind == "none":
        return _ends(gang, Phase.FAILED, gang.switch.why or "it cannot be stopped whole", now)
    text = f"stopped by {gang.switch.kind}, with grade {proof.grade}"
    to = replace(_in(gang, Phase.STOPPING, now), pending=_intent("stop", now))
    return Change(to, (Note("GangStopping", text),))


def _stopping(gang: GangState, see: GangSeen, now: Now) -> Action:
    if gang.pending:
        return _being_stopped(gang, see, now)
    if see.alive:
        if see.stop is not None and _whole(gang) and not see.going:
            return Change(replace(_in(gang, Phase.STOPPED, now), reason=AGAIN), (Note("GangNotStopped", AGAIN),))
        return Hold(gang.ref.title, f"its pods to end: {see.alive} of {len(gang.pods)} are left")
    return Change(_in(gang, Phase.STOPPED, now), (Note("GangStopped", "all its pods are gone"),))


def _being_stopped(gang: GangState, see: GangSeen, now: Now) -> Action:
    """The write, or the writes of a gang that goes pod by pod; a crash may have left it undone, done or half done."""
    if see.blocked and (see.never or now.at - epoch(gang.since) >= now.settings.pdb_wait):
        return _ends(replace(gang, pending=None), Phase.FAILED, f"{BLOCKED}{see.blocked}", now, "EvictBlocked")
    if see.alive and isinstance(see.stop, Write) and not (gang.stops and _whole(gang)):
        return Push(gang)
    if see.alive and isinstance(see.stop, Wait):
        return Hold(gang.ref.title, see.stop.why)
    if isinstance(see.stop, Never) and not gang.stops:
        return _ends(replace(gang, pending=None), Phase.FAILED, see.stop.why, now, "GangNotStopped")
    if see.alive and isinstance(see.stop, Never):
        return _ends(replace(gang, pending=None), Phase.FAILED, see.stop.why, now, "GangNotStopped")
    if see.stop is None or gang.stops:
        return Change(replace(gang, stops=1, stopped_at=gang.stopped_at or now.stamp, pending=None))
    lost = f"lost to {see.taker or 'somebody else'}"
    return _ends(replace(gang, pending=None), Phase.LOST, lost, now, "GangLost")


def _whole(gang: GangState) -> bool:
    """One write stops all of it."""
    return gang.switch.kind in ("kueue", "suspend", "scale")


def starting(gang: GangState, see: GangSeen, now: Now) -> Action:
    """Every old pod is gone: it may run again. What somebody else has started only loses our marks.

    Its request is withdrawn first: whoever starts would find it, and might pause for it.
    """
    if _open(gang) and not gang.pending:
        return Change(replace(gang, pending=_intent("withdraw", now)))
    if see.start is None:
        if gang.reason == AGAIN:
            return _ends(replace(gang, pending=None), Phase.FAILED, AGAIN, now)
        to = replace(_in(gang, Phase.REQUEUED, now), pending=None, reason="")
        return Change(to, (Note("GangRequeued", "it may start again"),))
    if isinstance(see.start, Wait):
        return Hold(gang.ref.title, see.start.why)
    if isinstance(see.start, Never):
        why = f"{see.start.why}{see.start.hint and f': {see.start.hint}'}"
        return _ends(replace(gang, pending=None), Phase.PARKED, why, now, "GangNotStarted")
    if gang.pending:
        return Push(gang)
    return Change(replace(gang, pending=_intent("start", now)))


def _requeued(gang: GangState, see: GangSeen, now: Now) -> Action:
    if see.back:
        return _ends(gang, Phase.FAILED, f"it was made again on a node to be drained: {', '.join(see.back[:3])}", now)
    if see.running:
        return Change(_in(gang, Phase.RUNNING, now), (Note("GangRunning", "it runs again"),))
    late = now.at - epoch(gang.since) > now.settings.wait_ready
    if late:
        why = f"it does not run again within {human(now.settings.wait_ready)}"
        return Change(replace(gang, reason=why), (Note("GangNotRunning", why),))
    return Hold(gang.ref.title, "the gang to run again")


def _running(gang: GangState, see: GangSeen, now: Now) -> Action:
    """Its word from which step it went on is worth a moment, where it has said such things before."""
    if see.restored >= 0:
        return _restored(gang, see.restored, now)
    told = gang.proof is not None and gang.proof.grade in (Grade.ATTESTED, Grade.VERIFIED)
    wait = min(RESTORE, now.settings.wait_ready) if told else 0.0
    if now.at - epoch(gang.since) < wait:
        return Hold(gang.ref.title, "the gang to say from which step it goes on")
    return Change(replace(gang, reason="it runs again; it has not said from which step"))


def _restored(gang: GangState, step: int, now: Now) -> Action:
    proven = gang.proof.step if gang.proof else -1
    older = 0 <= step < proven
    why = f"restored from step {step}, and step {proven} was proven" if older else ""
    to = replace(_in(gang, Phase.RESTORED, now), restored=step, reason=why)
    return Change(to, (Note("GangRestored", why or f"it goes on from step {step}"),))


# --- taken back -------------------------------------------------------------------------------------------------------


def back(gang: GangState, see: GangSeen, now: Now) -> Action | None:
    """Toward a gang that is left alone: asked for nothing, parked by nobody. None: it is."""
    if gang.pending and gang.pending.word == "withdraw":
        return Push(gang)
    if gang.phase is Phase.STOPPED:
        return starting(gang, see, now)
    if gang.phase is Phase.PARKED and not isinstance(see.start, Never):
        return starting(gang, see, now)
    if gang.phase is Phase.STOPPING:
        untouched = not gang.stops and see.stop is not None and not see.going
        return (
            _ends(replace(gang, pending=None), Phase.SKIPPED, "aborted", now) if untouched else _undone(gang, see, now)
        )
    if gang.phase in ENDED or gang.phase is Phase.REQUEUED:
        return None
    return _ends(gang, Phase.SKIPPED, "aborted", now)


def _undone(gang: GangState, see: GangSeen, now: Now) -> Action:
    """What is being stopped is let end, and started; one write of several may be all that there is."""
    if gang.pending:
        return Change(replace(gang, stops=1, pending=None))
    if see.going or (see.alive and _whole(gang) and see.stop is None):
        return Hold(gang.ref.title, f"its pods to end: {see.alive} of {len(gang.pods)} are left")
    return Change(_in(gang, Phase.STOPPED, now), (Note("GangStopped", "its pods are gone"),))


def _in(gang: GangState, phase: Phase, now: Now) -> GangState:
    return replace(gang, phase=phase, since=now.stamp)


def _intent(word: Word, now: Now) -> Intent:
    return Intent(word, now.stamp, now.by)


def fails(one: GangState | PodState, why: str, at: float, by: str) -> Change:
    """The server has refused what was to be written. A gang that was not stopped runs on."""
    if isinstance(one, PodState):
        return Change(replace(one, pending=None, reason=why), (Note("EvictBlocked", why),))
    phase = Phase.PARKED if one.phase is Phase.STOPPED else Phase.FAILED
    to = replace(one, phase=phase, since=stamp(at), pending=None, reason=why)
    return Change(to, (Note("GangNotStarted" if phase is Phase.PARKED else "GangNotStopped", why),))
