"""A plan: what a drain would do, in which order, at what loss. A value; nothing in it has happened.

`hash` is over what the plan stands on: uids of gangs and pods, nodes, budgets. `run` makes the plan again and stops
(drift) where the hash is another.
"""

from dataclasses import dataclass, field
from typing import Literal

from k8sai.evict.facts import Gang, Json, PodRef
from k8sai.evict.state import Device, GangState, NodeState, PodState, Settings

Action = Literal["stop", "wait", "ride", "evict", "refuse", "skip"]


@dataclass(frozen=True, slots=True)
class Range:
    """GPU-hours: least, most likely, most. `open`: the most is not known, and is printed as `>=`."""

    low: float = 0.0
    best: float = 0.0
    high: float = 0.0
    open: bool = False

    def __add__(self, other: "Range") -> "Range":
        return Range(self.low + other.low, self.best + other.best, self.high + other.high, self.open or other.open)


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why something is not done, and the next command. `word` is for machines: no-contract, unresolved, unmanaged,
    emptydir, daemonset, gang-pdb, no-room, forbidden, weak-proof, unsafe-signal, not-durable, bad-contract, mirror,
    grace, locked.
    """

    word: str
    why: str
    hint: str = ""
    flag: str = ""  # the flag that accepts it


@dataclass(frozen=True, slots=True)
class Blocker:
    """A budget or an admission rule that lets nothing pass. `never`: no waiting helps."""

    name: str  # `pdb serving/gw`
    why: str
    pods: tuple[str, ...] = ()
    never: bool = False


@dataclass(frozen=True, slots=True)
class PlannedGang:
    """One row. `gang` is as it is now; `state` is what `run` begins with."""

    gang: Gang
    state: GangState
    action: Action
    nodes: tuple[str, ...]  # all nodes it has pods on
    inside: tuple[str, ...]  # those that are drained
    method: str  # exec, http, …, periodic, none
    grade: str  # the proof that is expected
    now: Range = field(default_factory=Range)  # lost when it is stopped this moment
    planned: Range = field(default_factory=Range)
    save: float | None = None  # seconds
    deadline: float | None = None  # seconds from the request
    last: str = ""  # of the newest checkpoint, in words
    stop: str = ""  # kueue active=false, suspend, …
    refusals: tuple[Refusal, ...] = ()
    warnings: tuple[str, ...] = ()
    begins: float | None = None  # epoch seconds: when the checkpoint that is waited for is expected


@dataclass(frozen=True, slots=True)
class PlannedPod:
    """A pod that is no gang's."""

    pod: Json
    ref: PodRef
    action: Action
    refusals: tuple[Refusal, ...] = ()
    blocked: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """`hidden` says what could not be read: (what, why)."""

    id: str
    hash: str
    at: float  # epoch seconds of the server
    server: str
    nodes: tuple[NodeState, ...]
    gpus: float
    gangs: tuple[PlannedGang, ...] = ()
    pods: tuple[PlannedPod, ...] = ()
    blockers: tuple[Blocker, ...] = ()
    warnings: tuple[str, ...] = ()
    now: Range = field(default_factory=Range)
    planned: Range = field(default_factory=Range)
    idle: float = 0.0  # GPU-hours that cordoned cards stand idle until the drain is over
    settings: Settings = field(default_factory=Settings)
    missing_rights: tuple[str, ...] = ()
    hidden: tuple[tuple[str, str], ...] = ()
    states: tuple[PodState, ...] = ()
    selects: str = ""  # of one GPU, in words: what closing it means

    @property
    def device(self) -> Device | None:
        """The one GPU that it is about, if it is about one."""
        return next((one.device for one in self.nodes if one.device), None)

    @property
    def refused(self) -> bool:
        """Something of it cannot be done as asked."""
        return any(one.refusals for one in self.gangs) or any(one.refusals for one in self.pods)
