"""A rollout as it is shown: what it remembers, what is seen of both sides, and what requests tell."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from k8sai.canary.facts import Ref, Seen
from k8sai.canary.keeping.listing import lost
from k8sai.canary.outcome import MOVING, Outcome, outcome
from k8sai.canary.pods import Pods
from k8sai.canary.state import State
from k8sai.cluster.reading import Unseen

if TYPE_CHECKING:
    from k8sai.canary.gate import Verdict
    from k8sai.canary.split import Split
    from k8sai.holding.holder import Holder


@dataclass(frozen=True, slots=True)
class Observed:
    """What requests tell of the split; `why` says why nobody knows, where nobody does."""

    split: "Split | None" = None
    requests: int = 0
    seconds: float = 0.0
    why: str = ""
    queries: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Look:
    """`state` is None where there is no rollout, `seen` where the target cannot be seen; `unseen` says why."""

    ref: Ref
    backend: str
    at: float
    state: State | None = None
    seen: Seen | None = None
    unseen: str = ""
    holder: "Holder | None" = None
    stable: Pods | None = None
    canary: Pods | None = None
    verdict: "Verdict | None" = None
    observed: Observed = Observed()
    notes: tuple[str, ...] = ()
    hidden: tuple[Unseen, ...] = ()

    @property
    def said(self) -> tuple[str, ...]:
        """What the target's own controller says, and what else is to be known."""
        return (*(self.seen.notes if self.seen else ()), *self.notes)

    @property
    def lost(self) -> bool:
        """Nobody is alive who was at it."""
        return self.state is not None and lost(self.state, self.holder)

    @property
    def alone(self) -> bool:
        """It is on its way, and nobody holds it."""
        return self.state is not None and self.state.phase in MOVING and self.holder is None

    @property
    def outcome(self) -> Outcome:
        """Exit code and next command."""
        return outcome(self.state, self.ref.title, lost=self.lost, alone=self.alone)
