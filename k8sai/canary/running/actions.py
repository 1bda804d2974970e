"""What a rollout can do next; values that `decide` says and `loop` acts on."""

from dataclasses import dataclass

from k8sai.canary.state import Cause, Word


@dataclass(frozen=True, slots=True)
class Intend:
    """Decide on a goal: it goes into the journal before anything is written to the target."""

    word: Word
    weight: int
    cause: Cause = ""
    reason: str = ""
    all_at_once: bool = False


@dataclass(frozen=True, slots=True)
class GoOn:
    """Carry on with the goal in the journal."""


@dataclass(frozen=True, slots=True)
class Ready:
    """The canary serves; its first step may be taken."""


@dataclass(frozen=True, slots=True)
class Measure:
    """Count the requests between two times (epoch seconds) into the gate."""

    start: float
    end: float


@dataclass(frozen=True, slots=True)
class Pass:
    """The step has passed its gate, or goes on without one; `verb` is for the history."""

    reason: str
    verb: str = "pass"


@dataclass(frozen=True, slots=True)
class Resume:
    """Gate the step anew after a pause that nobody asked for."""


@dataclass(frozen=True, slots=True)
class Hold:
    """Nothing to do until then (epoch seconds), or until something changes."""

    why: str
    until: float


@dataclass(frozen=True, slots=True)
class Pause:
    """Stop here; the weight stays."""

    cause: Cause
    reason: str


@dataclass(frozen=True, slots=True)
class Astray:
    """Somebody else has changed what is rolled out: nothing more is written."""

    drift: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Done:
    """Nothing to do for whoever asked."""


Action = Intend | GoOn | Ready | Measure | Pass | Resume | Hold | Pause | Astray | Done
