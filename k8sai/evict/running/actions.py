"""What may be done next, as values: `decide` gives them, the loop does them."""

from dataclasses import dataclass

from k8sai.evict.state import GangState, NodeState, PodState, Stage


@dataclass(frozen=True, slots=True)
class Note:
    """A line of the journal: an event's reason, and its sentence."""

    word: str
    text: str


@dataclass(frozen=True, slots=True)
class Change:
    """The state of one thing becomes this one; nothing in the cluster is written for it but the state itself."""

    to: NodeState | GangState | PodState
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True, slots=True)
class Push:
    """Carry out what is pending of it, at most one write."""

    of: NodeState | GangState | PodState


@dataclass(frozen=True, slots=True)
class Ask:
    """Ask the gang for a checkpoint, or go on asking with the same id."""

    gang: GangState


@dataclass(frozen=True, slots=True)
class Hold:
    """Nothing to do for it until something changes; look again after so many seconds."""

    on: str
    why: str
    seconds: float = 2.0


@dataclass(frozen=True, slots=True)
class Turn:
    """The whole drain is in another stage."""

    stage: Stage
    reason: str = ""


Action = Change | Push | Ask | Hold | Turn
