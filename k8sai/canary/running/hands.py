"""What a rollout is carried out with: the cluster, its journal, its Lease, a clock. Everything that tests replace."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Event
from typing import TYPE_CHECKING, Protocol

from k8sai.canary.backend import Backend
from k8sai.canary.facts import Json, Ref, Side
from k8sai.canary.state import Settings, State

if TYPE_CHECKING:
    from collections.abc import Sequence

    from k8sai.canary.keeping.kept import Held
    from k8sai.canary.measuring.sampler import Sample
    from k8sai.cluster.objects import Objects
    from k8sai.cluster.writing import Writer


class Journal(Protocol):
    """`keeping.kept.Kept`."""

    def read(self) -> "Held | None":
        """With the snapshot."""

    def peek(self) -> "Held | None":
        """Without."""

    def begin(self, state: State, before: Json) -> "Held":
        """The snapshot, then the state."""

    def save(self, held: "Held", state: State) -> "Held":
        """Bound to what was read."""

    def forget(self, held: "Held | None" = None) -> None:
        """All of it."""


class Hold(Protocol):
    """`keeping.lease.Lease`, taken."""

    name: str
    epoch: int
    lost: Event

    def insist(self) -> None:
        """Raises Locked, ClusterError, Forbidden where it is lost."""


class Sampling(Protocol):
    """`measuring.sampler.Sampler`."""

    def window(
        self,
        stable: Side,
        canary: Side,
        stable_pods: "Sequence[str]",
        canary_pods: "Sequence[str]",
        start: float,
        end: float,
    ) -> "Sample":
        """The requests between two times (epoch seconds). Raises what asking raises."""


@dataclass(frozen=True, slots=True)
class News:
    """Something that happened, for people: at (epoch seconds), a word, a sentence, the canary's percent."""

    at: float
    word: str
    text: str
    weight: int


def nobody(_: News) -> None:
    """Nobody listens."""


def no_sampler(_: Settings) -> Sampling:
    from k8sai.errors import NotFound

    raise NotFound("nobody has said where Prometheus is")


@dataclass(frozen=True, slots=True)
class Hands:
    """`pause` may return before its seconds, as soon as something changes. `by` is the actor for the history."""

    ref: Ref
    backend: Backend
    writer: "Writer"
    objects: "Objects"
    journal: Journal
    lease: Hold
    by: str
    sampling: Callable[[Settings], Sampling] = no_sampler
    now: Callable[[], float] = time.time
    pause: Callable[[float], None] = time.sleep
    told: Callable[[News], None] = nobody
    taken: set[str] = field(default_factory=set)  # writes that the server took: none of them is sent twice for one goal
    woken: dict[str, float] = field(default_factory=dict)  # when a controller was last woken, by when the goal began

    def tell(self, word: str, text: str, state: State) -> None:
        """One line for whoever watches."""
        self.told(News(self.now(), word, text, state.weight))
