"""What comes next for a gang: asked, proven, stopped once, gone, started. Pure."""

from dataclasses import replace
from typing import Final

from k8sai.ages import stamp
from k8sai.evict.facts import Phase
from k8sai.evict.running.actions import Action, Change, Note, Push
from k8sai.evict.running.decide_asking import asked, begun, saved
from k8sai.evict.running.decide_stopping import BLOCKED, back, requeued, running, starting, stopping
from k8sai.evict.running.gang_words import MARGIN, Now, over
from k8sai.evict.running.seen import GangSeen
from k8sai.evict.state import GangState, PodState

__all__ = ["BLOCKED", "MARGIN", "Now", "back", "fails", "next_for", "over", "saves", "saving"]

_ASKED: Final = (Phase.REQUESTED, Phase.ACKED)


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
            return begun(gang, see, now)
        case Phase.REQUESTED | Phase.ACKED:
            return asked(gang, see, now)
        case Phase.SAVED:
            return saved(gang, see, now)
        case Phase.STOPPING:
            return stopping(gang, see, now)
        case Phase.STOPPED:
            return starting(gang, see, now)
        case Phase.REQUEUED:
            return requeued(gang, see, now)
        case Phase.RUNNING:
            return running(gang, see, now)
        case _:
            return None


def fails(one: GangState | PodState, why: str, at: float) -> Change:
    """The server has refused what was to be written. A gang that was not stopped runs on."""
    if isinstance(one, PodState):
        return Change(replace(one, pending=None, reason=why), (Note("EvictBlocked", why),))
    phase = Phase.PARKED if one.phase is Phase.STOPPED else Phase.FAILED
    to = replace(one, phase=phase, since=stamp(at), pending=None, reason=why)
    return Change(to, (Note("GangNotStarted" if phase is Phase.PARKED else "GangNotStopped", why),))
