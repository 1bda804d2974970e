"""What comes next for a gang that is being stopped: gone, started, seen to run; and how any of it is taken back.

From the stop on there is only one way: until every old pod is gone, and then until it may run again.
"""

from dataclasses import replace
from typing import Final

from k8sai.ages import epoch, human
from k8sai.evict.facts import ENDED, Grade, Phase
from k8sai.evict.running.actions import Action, Change, Hold, Note, Push
from k8sai.evict.running.gang_words import Now, ends, in_phase, intent, is_open, lost
from k8sai.evict.running.seen import GangSeen
from k8sai.evict.state import GangState
from k8sai.evict.switches.step import Never, Wait, Write

RESTORE: Final = 60.0  # seconds a gang that runs again is given to say from which step
AGAIN: Final = "somebody has started it again while its pods were ending"
BLOCKED: Final = "blocked: "  # begins the reason of what a budget kept


def stopping(gang: GangState, see: GangSeen, now: Now) -> Action:
    if gang.pending:
        return _being_stopped(gang, see, now)
    if see.alive:
        if see.stop is not None and _whole(gang) and not see.going:
            return Change(replace(in_phase(gang, Phase.STOPPED, now), reason=AGAIN), (Note("GangNotStopped", AGAIN),))
        return Hold(gang.ref.title, f"its pods to end: {see.alive} of {len(gang.pods)} are left")
    return Change(in_phase(gang, Phase.STOPPED, now), (Note("GangStopped", "all its pods are gone"),))


def _being_stopped(gang: GangState, see: GangSeen, now: Now) -> Action:
    """The write, or the writes of a gang that goes pod by pod; a crash may have left it undone, done or half done."""
    if see.blocked and (see.never or now.at - epoch(gang.since) >= now.settings.pdb_wait):
        return ends(replace(gang, pending=None), Phase.FAILED, f"{BLOCKED}{see.blocked}", now, "EvictBlocked")
    if see.alive and isinstance(see.stop, Write) and not (gang.stops and _whole(gang)):
        return Push(gang)
    if see.alive and isinstance(see.stop, Wait):
        return Hold(gang.ref.title, see.stop.why)
    if isinstance(see.stop, Never) and not gang.stops:
        return ends(replace(gang, pending=None), Phase.FAILED, see.stop.why, now, "GangNotStopped")
    if see.alive and isinstance(see.stop, Never):
        return ends(replace(gang, pending=None), Phase.FAILED, see.stop.why, now, "GangNotStopped")
    if see.stop is None or gang.stops:
        return Change(replace(gang, stops=1, stopped_at=gang.stopped_at or now.stamp, pending=None))
    return ends(replace(gang, pending=None), Phase.LOST, lost(see), now, "GangLost")


def _whole(gang: GangState) -> bool:
    """One write stops all of it."""
    return gang.switch.kind in ("kueue", "suspend", "scale")


def starting(gang: GangState, see: GangSeen, now: Now) -> Action:
    """Every old pod is gone: it may run again. What somebody else has started only loses our marks.

    Its request is withdrawn first: whoever starts would find it, and might pause for it.
    """
    if is_open(gang) and not gang.pending:
        return Change(replace(gang, pending=intent("withdraw", now)))
    if see.start is None:
        if gang.reason == AGAIN:
            return ends(replace(gang, pending=None), Phase.FAILED, AGAIN, now)
        to = replace(in_phase(gang, Phase.REQUEUED, now), pending=None, reason="")
        return Change(to, (Note("GangRequeued", "it may start again"),))
    if isinstance(see.start, Wait):
        return Hold(gang.ref.title, see.start.why)
    if isinstance(see.start, Never):
        why = f"{see.start.why}{see.start.hint and f': {see.start.hint}'}"
        return ends(replace(gang, pending=None), Phase.PARKED, why, now, "GangNotStarted")
    if gang.pending:
        return Push(gang)
    return Change(replace(gang, pending=intent("start", now)))


def requeued(gang: GangState, see: GangSeen, now: Now) -> Action:
    if see.back:
        return ends(gang, Phase.FAILED, f"it was made again on a node to be drained: {', '.join(see.back[:3])}", now)
    if see.running:
        return Change(in_phase(gang, Phase.RUNNING, now), (Note("GangRunning", "it runs again"),))
    late = now.at - epoch(gang.since) > now.settings.wait_ready
    if late:
        why = f"it does not run again within {human(now.settings.wait_ready)}"
        return Change(replace(gang, reason=why), (Note("GangNotRunning", why),))
    return Hold(gang.ref.title, "the gang to run again")


def running(gang: GangState, see: GangSeen, now: Now) -> Action:
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
    to = replace(in_phase(gang, Phase.RESTORED, now), restored=step, reason=why)
    return Change(to, (Note("GangRestored", why or f"it goes on from step {step}"),))


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
            ends(replace(gang, pending=None), Phase.SKIPPED, "aborted", now) if untouched else _undone(gang, see, now)
        )
    if gang.phase in ENDED or gang.phase is Phase.REQUEUED:
        return None
    return ends(gang, Phase.SKIPPED, "aborted", now)


def _undone(gang: GangState, see: GangSeen, now: Now) -> Action:
    """What is being stopped is let end, and started; one write of several may be all that there is."""
    if gang.pending:
        return Change(replace(gang, stops=1, pending=None))
    if see.going or (see.alive and _whole(gang) and see.stop is None):
        return Hold(gang.ref.title, f"its pods to end: {see.alive} of {len(gang.pods)} are left")
    return Change(in_phase(gang, Phase.STOPPED, now), (Note("GangStopped", "its pods are gone"),))
