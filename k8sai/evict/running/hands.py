"""What a drain is carried out with: the cluster, its journal, its Leases, a clock. Everything that tests replace."""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from k8sai.evict.facts import Ack, Json, MethodName, Proof, Request
from k8sai.evict.state import GangState, State

if TYPE_CHECKING:
    from k8sai.cluster.connection import Connection
    from k8sai.cluster.objects import Objects
    from k8sai.cluster.reading import Reading
    from k8sai.cluster.writing import Writer
    from k8sai.evict.keeping.kept import Held
    from k8sai.evict.method import Method
    from k8sai.evict.switches.step import Step


class Journal(Protocol):
    """`keeping.kept.Kept`."""

    def read(self) -> "Held | None":
        """As it is now."""

    def begin(self, state: State) -> "Held":
        """Made, or found."""

    def save(self, held: "Held", state: State) -> "Held":
        """Bound to what was read."""


class Hold(Protocol):
    """`keeping.locks.Locks`, taken."""

    @property
    def epoch(self) -> int:
        """Of the drain's Lease."""

    def insist(self) -> None:
        """Raises Locked, ClusterError, Forbidden where any Lease is lost."""


class Switches(Protocol):
    """`switches.all`: what stops a gang and starts it again; None: it stands."""

    def next_stop(self, state: GangState, reading: "Reading", drain: str, /) -> "Step":
        """Toward all of it stopped."""

    def next_start(self, state: GangState, reading: "Reading", drain: str, /) -> "Step":
        """Toward all of it allowed to run."""


class Prover(Protocol):
    """`running.proving.prove`: looks at what a checkpoint has left, and grades it."""

    def __call__(
        self, hands: "Hands", gang: GangState, pods: Sequence[Json], request: Request, acks: Sequence[Ack], /
    ) -> Proof:
        """Raises Forbidden, ClusterError."""


@dataclass(frozen=True, slots=True)
class News:
    """Something that happened or is waited for, for people: at (epoch seconds), a word, of what, a sentence."""

    at: float
    word: str
    on: str
    text: str


def spawn(work: Callable[[], None]) -> None:
    """In a thread of its own: asking may take minutes."""
    threading.Thread(target=work, name="ask", daemon=True).start()


@dataclass(frozen=True, slots=True)
class Hands:
    """`pause` may return before its seconds, as soon as something changes. `stop` ends the drain after the call in
    flight. `by` is the actor for the journal, `seen_acks` reads what the workload itself says of its checkpoints.
    """

    connection: "Connection"
    writer: "Writer"
    objects: "Objects"
    journal: Journal
    locks: Hold
    by: str
    methods: Mapping[MethodName, "Method"]
    switches: Switches
    prove: Prover
    now: Callable[[], float] = time.time
    pause: Callable[[float], None] = time.sleep
    spawn: Callable[[Callable[[], None]], None] = spawn
    told: Callable[[News], None] = lambda _: None
    stop: threading.Event = field(default_factory=threading.Event)

    def tell(self, word: str, on: str, text: str) -> None:
        """One line for whoever watches."""
        self.told(News(self.now(), word, on, text))
