"""The words of a drain: the objects it names, the gangs it stops, and what a checkpoint proves.

Times are ISO texts where they are kept, epoch seconds where they are reckoned with; both by the API server's clock.
GPUs are cards, a share of one is a decimal number. Lost work is in GPU-hours.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final, Literal

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Ref:
    """An object. `kind` is as kubectl writes it in full: `jobsets.jobset.x-k8s.io`; `word` as users call it: jobset."""

    kind: str
    namespace: str  # "" for kinds without
    name: str
    uid: str = ""
    word: str = ""

    @property
    def title(self) -> str:
        """`jobset/llm-70b`, as it is typed."""
        return f"{self.word or self.kind.partition('.')[0]}/{self.name}"


@dataclass(frozen=True, slots=True)
class PodRef:
    """One pod of a gang, as it was planned with. `gpus` is what it holds, in cards; `rank` -1 where nobody says."""

    namespace: str
    name: str
    uid: str
    node: str
    gpus: float = 0.0
    rank: int = -1


class Grade(StrEnum):
    """What is known of a checkpoint, best first."""

    RESTORED = "restored"  # a restarted gang said the step it went on from
    ATTESTED = "A"  # its own answer names our request: complete, from all ranks, at or after the step before
    VERIFIED = "B"  # a command of the workload's looked and said so, with a time after the request
    MARKER = "C"  # the framework's commit marker, newer than the request, steady, on a durable volume
    TOUCHED = "D"  # a time or a size has changed
    SIGNALLED = "E"  # it was told, and waited for
    NONE = "-"  # nothing


_ORDER: Final = tuple(Grade)


def at_least(grade: Grade, wanted: Grade) -> bool:
    """`grade` proves as much as `wanted`, or more."""
    return _ORDER.index(grade) <= _ORDER.index(wanted)


class Phase(StrEnum):
    """Where a gang is. Stopping is the point of no return: all that is before it can be taken back."""

    PLANNED = "Planned"
    LOCKED = "Locked"
    REQUESTED = "Requested"
    ACKED = "Acked"  # some or all ranks have answered
    SAVED = "Saved"  # the proof is good enough
    STOPPING = "Stopping"
    STOPPED = "Stopped"  # all pods are gone
    REQUEUED = "Requeued"  # it may start again
    RUNNING = "Running"
    RESTORED = "Restored"  # it runs, and has said from which step
    SKIPPED = "Skipped"
    TIMED_OUT = "TimedOut"
    FAILED = "Failed"
    LOST = "LostToOther"  # somebody else deleted it first
    PARKED = "Parked"  # stopped, and nothing would start it again


ENDED: Final = frozenset(
    (Phase.RUNNING, Phase.RESTORED, Phase.SKIPPED, Phase.TIMED_OUT, Phase.FAILED, Phase.LOST, Phase.PARKED)
)
BEFORE_STOP: Final = frozenset((Phase.PLANNED, Phase.LOCKED, Phase.REQUESTED, Phase.ACKED, Phase.SAVED))

MethodName = Literal["exec", "http", "signal", "evictionrequest", "suspend", "annotation", "none"]
Scope = Literal["rank0", "all", "any"]
After = Literal["continue", "pause", "exit"]
Durable = Literal["pvc", "object", "local", ""]
SwitchKind = Literal["kueue", "suspend", "scale", "leader", "evict", "none"]


@dataclass(frozen=True, slots=True)
class Switch:
    """How a gang is stopped and started again.

    kueue: `spec.active` of its Workload. suspend: a boolean field of the top owner at `path`. scale: replicas of the
    top owner to 0. leader: the leader pod of one LeaderWorkerSet group is evicted, which makes the group anew. evict:
    pods/eviction of each pod. none: it cannot be stopped whole (`why`).
    """

    kind: SwitchKind
    on: Ref | None = None
    path: tuple[str, ...] = ("spec", "suspend")
    why: str = ""


@dataclass(frozen=True, slots=True)
class Gang:
    """Pods that only make progress together, as they are now, on whatever node; `objects` is the chain of owners.

    `pods` are whole objects. `top` is the last of `objects` (a bare pod is its own). `refusal` says why it cannot be
    resolved: then nothing is guessed and nothing is stopped. `expected` is the number of pods it has when whole, 0
    where nobody says. `restarts` is a sentence on what evicting one pod would do.
    """

    id: str  # the uid of what names it; of one group of several: uid/index
    ref: Ref
    kind: str  # JobSet, TrainJob, LeaderWorkerSet, Job, Pod, …: for people and documents
    pods: tuple[Json, ...]
    objects: tuple[Json, ...] = ()
    workload: Json | None = None  # Kueue's
    switch: Switch = field(default_factory=lambda: Switch("none"))
    managed: bool = True  # a controller would make its pods anew
    expected: int = 0
    refusal: str = ""
    restarts: str = ""
    part: str = ""  # which group it is of its owner, where that has several

    @property
    def title(self) -> str:
        """`ml/llm-70b`, as a row shows it; `ml/serve/1` of a group."""
        return f"{self.ref.namespace}/{self.ref.name}{f'/{self.part}' if self.part else ''}"


@dataclass(frozen=True, slots=True)
class Ack:
    """What the workload says of its newest checkpoint: the value of `last-checkpoint`, or the answer to a request.

    `step` -1: not said. `time` is when the save was done, `snapshot` the moment whose work it holds, both epoch
    seconds, 0 where not said. `rank` is who answered, -1: for all. `restored` is the step this attempt went on from,
    -1: not said.
    """

    request: str = ""
    step: int = -1
    time: float = 0.0
    snapshot: float = 0.0
    path: str = ""
    complete: bool = False
    ranks: int = 0
    world: int = 0
    rank: int = -1
    restored: int = -1
    seconds: float = 0.0  # how long the last save took; 0 where not said


@dataclass(frozen=True, slots=True)
class Proof:
    """What was seen of a checkpoint. `why` is the sentence behind the grade, `missing` what a better one would need."""

    grade: Grade
    step: int = -1
    time: float = 0.0
    snapshot: float = 0.0
    path: str = ""
    why: str = ""
    missing: str = ""
    acks: tuple[Ack, ...] = ()


@dataclass(frozen=True, slots=True)
class Contract:
    """What a workload says it can do, from annotations `k8sai.dev/…`, a ConfigMap or `--contract FILE`.

    Lists are in the order they are tried. Times are seconds, None where it does not say. `wrong` are sentences on what
    could not be understood: then the gang is refused rather than handled by half a contract.
    """

    methods: tuple[MethodName, ...] = ("none",)
    scope: Scope = "rank0"
    exec: tuple[str, ...] = ()
    container: str = ""
    http: str = ""  # `POST :8080/checkpoint`
    signal: str = ""  # USR1
    signal_target: str = ""  # `cmd~<regex>`; "" is PID 1
    verify: tuple[str, ...] = ()  # verify-exec
    deadline: float | None = None
    interval: float | None = None
    after: After = "continue"
    path: str = ""
    format: str = ""
    durable: Durable = ""
    proof: Grade = Grade.VERIFIED  # the least that is accepted
    restart: float | None = None
    last: Ack | None = None  # what the workload wrote of itself
    source: str = ""  # where it was found, for people
    wrong: tuple[str, ...] = ()
    more: Mapping[str, str] = field(default_factory=dict)

    @property
    def asks(self) -> bool:
        """It can be asked for a checkpoint at any moment."""
        return any(one not in ("none", "suspend") for one in self.methods)


@dataclass(frozen=True, slots=True)
class Request:
    """One request for a checkpoint. `id` is new for each gang of each drain; asking twice with it is asking once."""

    id: str
    deadline: float  # epoch seconds
    reason: str
    requester: str
    asked: float = 0.0  # epoch seconds
