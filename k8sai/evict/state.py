"""What a drain remembers, as it lies in its ConfigMap; values, each change a new one.

The journal is `pending`: of a node, a gang or a pod that is to be written to, what will be written stands there before
the write, and is taken out after it has been seen to stand. Whoever comes after a kill -9 finds it and looks first.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, Literal

from k8sai.evict.facts import Contract, Grade, Json, Phase, PodRef, Proof, Ref, Request, Switch

VERSION: Final = 1
KEPT: Final = 400  # lines of the journal
OnTimeout = Literal["skip", "evict", "abort"]
Word = Literal[
    "cordon", "uncordon", "mark", "request", "withdraw", "stop", "start", "evict", "taint", "untaint", "boost"
]


class Stage(StrEnum):
    """Where a whole drain is."""

    RUNNING = "Running"
    ABORTING = "Aborting"
    DONE = "Done"
    PARTIAL = "Partial"  # ended, and not all is as planned
    ABORTED = "Aborted"
    BLOCKED = "Blocked"  # ended at a budget that cannot pass


OVER: Final = frozenset((Stage.DONE, Stage.PARTIAL, Stage.ABORTED, Stage.BLOCKED))


@dataclass(frozen=True, slots=True)
class Settings:
    """What `run` was told; seconds where it is a time. `resume` goes by it."""

    on_timeout: OnTimeout = "skip"
    parallel: int = 1  # gangs that save at the same time
    deadline: float = 0.0  # epoch seconds for the whole drain; 0: none
    pdb_wait: float = 300.0  # how long a budget is waited for
    wait_ready: float = 0.0  # how long to wait until gangs run again; 0: not
    accept: Grade = Grade.VERIFIED  # the least proof; a contract may only ask for less than B down to C
    accept_forced: bool = False  # --accept-proof: for all gangs
    allow_park: bool = False
    ignore_gang_pdb: bool = False
    force: bool = False  # unmanaged pods go too
    ignore_daemonsets: bool = False
    delete_emptydir: bool = False
    grace: int = -1
    pod_selector: str = ""
    conditions: bool = True  # DrainInProgress and Drained of nodes
    device: str = ""  # the UUID of --device
    reason: str = "drain"


@dataclass(frozen=True, slots=True)
class Intent:
    """A write that has been decided on and may have been done. `before` is what stood there, to be put back."""

    word: Word
    at: str
    by: str
    before: Json = field(default_factory=dict)
    after: Json = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Device:
    """One GPU as a ResourceSlice publishes it."""

    driver: str
    pool: str
    name: str
    uuid: str = ""

    @property
    def id(self) -> str:
        """`gpu.nvidia.com/node-1/gpu-0`."""
        return f"{self.driver}/{self.pool}/{self.name}"


@dataclass(frozen=True, slots=True)
class NodeState:
    """A node to be drained. `ours`: it was we who cordoned it, so it is we who may uncordon it.

    With a `device` it is that GPU alone, cordoned by a DeviceTaintRule: `name` is its id, `uid` that of the rule once
    there is one.
    """

    name: str
    uid: str
    cordoned: bool = False
    ours: bool = False
    drained: bool = False
    released: bool = False
    pending: Intent | None = None
    reason: str = ""
    device: Device | None = None

    @property
    def title(self) -> str:
        """`node/gpu-1`, `gpu/GPU-4c1f…`."""
        if self.device is None:
            return f"node/{self.name}"
        return f"gpu/{self.device.uuid or self.device.id}"


@dataclass(frozen=True, slots=True)
class GangState:
    """A gang. `stops` counts the stop writes that were taken: more than one never happens. `undo` puts back what the
    stop changed (the replicas of a set, a suspend that was false).
    """

    id: str
    ref: Ref
    kind: str
    pods: tuple[PodRef, ...]
    gpus: float
    contract: Contract
    switch: Switch
    phase: Phase = Phase.PLANNED
    since: str = ""
    method: str = ""  # the one that is being tried
    tried: tuple[str, ...] = ()  # methods that failed, each a sentence
    request: Request | None = None
    before_step: int = -1  # the newest step known before we asked
    proof: Proof | None = None
    accepted: Grade = Grade.VERIFIED  # the least that this gang is stopped with
    stops: int = 0
    stopped_at: str = ""
    undo: Json = field(default_factory=dict)
    restored: int = -1
    pending: Intent | None = None
    action: str = ""  # what the plan said: stop, wait, ride, evict, refuse, skip
    reason: str = ""
    lost: float = 0.0  # GPU-hours, as planned and then as it came
    epoch: int = 0  # of its Lease


@dataclass(frozen=True, slots=True)
class PodState:
    """A pod that is no gang's and is evicted by itself, last."""

    pod: PodRef
    done: bool = False
    evicted_at: str = ""
    pending: Intent | None = None
    reason: str = ""
    blocked: str = ""  # the budget, with its numbers


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the journal. `word` is an event's reason: CheckpointProven, GangStopped, …"""

    at: str
    by: str
    word: str
    on: str  # `node/gpu-1`, `jobset/llm-70b`
    text: str = ""


@dataclass(frozen=True, slots=True)
class State:
    """One drain. `hash` is of the plan it carries out."""

    id: str
    hash: str
    stage: Stage = Stage.RUNNING
    epoch: int = 0
    begun: str = ""
    ended: str = ""
    by: str = ""
    namespace: str = ""  # where it is kept
    settings: Settings = field(default_factory=Settings)
    nodes: tuple[NodeState, ...] = ()
    gangs: tuple[GangState, ...] = ()
    pods: tuple[PodState, ...] = ()
    journal: tuple[Line, ...] = ()
    reason: str = ""
    version: int = VERSION

    @property
    def device(self) -> Device | None:
        """The one GPU that it is about, if it is about one."""
        return next((one.device for one in self.nodes if one.device), None)
