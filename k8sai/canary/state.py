"""What a rollout remembers, as it lies in its ConfigMap, and what is asked of it; values, each change a new one.

The journal is `pending`: a goal is written there before its first write to the target and taken out after the
controllers have been seen to have taken it over. Whoever comes after a kill -9 finds it and goes on with that goal.
"""

from dataclasses import dataclass, field
from typing import Final, Literal

from k8sai.canary.facts import STEPS, Json, Phase, Ref

VERSION: Final = 1
OnInconclusive = Literal["hold", "rollback", "promote"]
Cause = Literal[
    "", "person", "start", "inconclusive", "no-data", "split", "gate", "trouble", "capacity", "drift", "asked"
]  # why a rollout is where it is: the machine's word beside `reason`
Word = Literal["begin", "shift", "promote", "retire", "rollback", "restore"]  # the goals of `backend`
KEPT: Final = 50  # entries of the history


@dataclass(frozen=True, slots=True)
class Slo:
    """One requirement: the share of bad requests stays below `budget` (0..1).

    `metric` is errors, ttft, itl, e2e, or the name of one of the user's own; `above` is the bound in seconds from which
    a request is slow (None for errors).
    """

    metric: str
    budget: float
    above: float | None = None
    bad: str = ""  # PromQL of the user's own counter of bad requests, with {{selector}}; so `total`
    total: str = ""
    required: bool = True

    @property
    def title(self) -> str:
        """`ttft>2s<5%`, as it is typed."""
        slow = f">{self.above:g}s" if self.above is not None else ""
        return f"{self.metric}{slow}<{self.budget * 100:g}%"


@dataclass(frozen=True, slots=True)
class Settings:
    """What `start` was told, in seconds where it is a time; `run` goes by it, also when somebody else continues."""

    slos: tuple[Slo, ...] = (Slo("errors", 0.01),)
    gated: bool = True
    min_samples: int = 100  # requests to the canary in a step
    max_error: float = 0.10  # share of errors that ends a rollout within tens of requests
    warmup: float = 180.0  # after a shift, not counted
    gate_timeout: float = 3600.0  # without a verdict: inconclusive
    no_data: float = 600.0  # without numbers: paused
    ready_timeout: float = 1800.0
    interval: float = 30.0  # between two windows
    keep_old: float = 1800.0  # after promotion
    on_inconclusive: OnInconclusive = "hold"
    prometheus: str = ""  # as --prometheus takes it; "" finds one
    allow_gitops: bool = False


@dataclass(frozen=True, slots=True)
class Intent:
    """A goal that has been decided on and may have been written in part. `before` is the weight it began at."""

    word: Word
    weight: int
    before: int
    at: str
    by: str
    all_at_once: bool = False
    reason: str = ""  # a sentence for the history


@dataclass(frozen=True, slots=True)
class Happened:
    """One line of the history. Times are ISO; `before` and `after` are weights."""

    at: str
    by: str
    verb: str
    reason: str
    before: int
    after: int


@dataclass(frozen=True, slots=True)
class State:
    """`weight` is what is meant to stand: only a commit changes it. `step` is the index of the step it belongs to, -1
    before the first; `passed` the highest weight whose gate has passed (or was forced, which the history tells).
    """

    id: str
    target: Ref
    backend: str
    phase: Phase
    handle: Json
    steps: tuple[int, ...] = STEPS
    step: int = -1
    start: int = 0  # the weight the canary begins at
    weight: int = 0
    passed: int = 0
    epoch: int = 0  # of the Lease, when it was last written
    settings: Settings = field(default_factory=Settings)
    wish: Json = field(default_factory=dict)  # what `start` was asked for, for people and for beginning again
    pending: Intent | None = None
    gate: Json = field(default_factory=dict)  # what `gate` has gathered; empty before the first window
    since: str = ""  # when the phase began
    shifted: str = ""  # when the weight was last taken over
    measured: str = ""  # until when requests have been counted into `gate`
    blind: str = ""  # since when there have been no numbers; "" while there are
    unsplit: int = 0  # windows in a row whose requests were not split as configured
    begun: str = ""
    ended: str = ""
    reason: str = ""  # why it is Paused, Drifted, Failed or rolled back, a sentence
    cause: Cause = ""
    drift: tuple[str, ...] = ()
    paused_by: str = ""  # a person; "" where it paused by itself or does not pause
    paused_in: str = ""  # the phase it was in when that person paused it
    history: tuple[Happened, ...] = ()
    version: int = VERSION

    @property
    def last(self) -> bool:
        """The last step has been reached."""
        return self.step >= len(self.steps) - 1
