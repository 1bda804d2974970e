"""What decisions about a gang share: the moment, the deadline that counts, and how a gang ends."""

from dataclasses import dataclass, replace
from typing import Final

from k8sai.ages import stamp
from k8sai.evict.facts import ENDED, Phase
from k8sai.evict.running.actions import Change, Note
from k8sai.evict.running.seen import GangSeen
from k8sai.evict.state import GangState, Intent, Settings, Word

ENDED_WELL: Final = "it has ended by itself"  # begins the reason of a gang that needed no drain
FELL: Final = "it has failed by itself"
MARGIN: Final = 20.0  # seconds kept for the stop itself, before somebody else takes the node


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


def in_phase(gang: GangState, phase: Phase, now: Now) -> GangState:
    return replace(gang, phase=phase, since=now.stamp)


def intent(word: Word, now: Now) -> Intent:
    return Intent(word, now.stamp, now.by)


def end_of(see: GangSeen, now: Now) -> float:
    """When it must be over, epoch seconds; 0: nobody says. The earliest wins."""
    ends = [one for one in (now.settings.deadline, see.until - MARGIN if see.until else 0.0) if one]
    return min(ends) if ends else 0.0


def ends(gang: GangState, phase: Phase, why: str, now: Now, word: str = "GangSkipped") -> Change:
    """A request that stands is taken back first: the phase says how it ended, the intent what is still to be done."""
    pending = intent("withdraw", now) if is_open(gang) else None
    return Change(replace(in_phase(gang, phase, now), reason=why, pending=pending), (Note(word, why),))


def lost(see: GangSeen) -> str:
    """Its pods are gone, and not by us: what is known of that."""
    if see.taker:
        return f"lost to {see.taker}"
    if see.fallen:
        return f"{FELL}: {see.fallen}, and its other pods were taken away"
    return f"lost to somebody else{see.fate and f': {see.fate}'}"


def is_open(gang: GangState) -> bool:
    """A request of ours stands, for all that is known."""
    return gang.request is not None and gang.method not in ("", "none", "suspend", "periodic")
