"""What is said at the end: a sentence, a machine word, an exit code, and every layer that was looked at."""

from dataclasses import dataclass, field
from typing import Final, Literal

from k8sai.cluster.reading import Unseen
from k8sai.errors import Exit

Status = Literal["ok", "blocks", "waits", "unknown", "n/a"]

# The machine words, by the exit code each stands for. A script may rely on them.
#   OK           it does what it should
#   FINDINGS     the workload's own failure: its image, its program, its configuration
#   NO_CAPACITY  short now: somebody else has it, and may give it back
#   WAITING      in order, but not there yet, or waiting for a person's word
#   BLOCKED      nothing changes until an admin or the owner changes something
_WORDS: Final[dict[Exit, str]] = {
    Exit.OK: "Running Completed ScaledToZero",
    Exit.FINDINGS: """
        Evicted Failed DeadlineExceeded ImageFailed CrashLoop OutOfMemory InitFailed ConfigMissing DeviceFailed Rejected
    """,
    Exit.NO_CAPACITY: """
        GpusShort ResourceShort GangShort DevicesTaken CountersExhausted ClaimElsewhere PodsPerNode HostPortTaken
        AntiAffinity SpreadUnmet QuotaExceeded NoNodeFits
    """,
    Exit.WAITING: """
        SchedulingGated Suspended QueueWaiting GangIncomplete MembersWait PreemptionUnderWay Reserved BindingConditions
        ClaimPending VolumePending JustCreated Fits ImagePulling InitRunning Starting NotReady Terminating
    """,
    Exit.BLOCKED: """
        QueueInactive QueueNeverFits QuotaNeverFits LimitRange AdmissionDenied PriorityClassMissing PodGroupMissing
        ClaimMissing ClaimTemplateMissing DeviceClassMissing SelectorMatchesNothing SelectorFailed DevicesTainted
        PoolIncomplete DevicesLeaked DevicesNever BindingFailed VolumeMissing VolumeUnbound VolumeElsewhere
        DevicePluginDown NotAdvertised MigProfileAbsent NeverFits Taint NodeSelector Affinity Cordoned NodesNotReady
        NoNodes NoScheduler SchedulerFailed NodeNotReady NodeGone Finalizers
    """,
    Exit.INCONCLUSIVE: "Unexplained",
}  # fmt: skip
EXITS: Final[dict[str, Exit]] = {word: code for code, words in _WORDS.items() for word in words.split()}

# How a sentence goes on after the name, where "waits" would be wrong.
_VERBS: Final = {
    "Running": "runs",
    "Completed": "has completed",
    "ScaledToZero": "has no pods",
    "Evicted": "was evicted",
    "Failed": "has failed",
    "DeadlineExceeded": "has failed",
    "Rejected": "was rejected by its node",
    "ImageFailed": "cannot start",
    "CrashLoop": "keeps crashing",
    "OutOfMemory": "keeps crashing",
    "InitFailed": "cannot start",
    "ConfigMissing": "cannot start",
    "DeviceFailed": "cannot start",
    "Terminating": "is ending",
    "Finalizers": "is ending",
    "ImagePulling": "is starting",
    "InitRunning": "is starting",
    "Starting": "is starting",
    "NotReady": "runs but is not ready",
    "NodeNotReady": "is on a node that does not answer",
    "NodeGone": "is on a node that is gone",
    "QuotaExceeded": "is not created",
    "QuotaNeverFits": "is not created",
    "LimitRange": "is not created",
    "AdmissionDenied": "is not created",
    "PriorityClassMissing": "is not created",
    "Unexplained": "waits",
}
_PLURALS: Final = {
    "runs": "run",
    "waits": "wait",
    "has": "have",
    "was": "were",
    "is": "are",
    "keeps": "keep",
    "cannot": "cannot",
}

# Of several members the one whose trouble is worse speaks for all.
_WORST: Final = (
    Exit.BLOCKED,
    Exit.FINDINGS,
    Exit.NO_CAPACITY,
    Exit.INCONCLUSIVE,
    Exit.WAITING,
    Exit.OK,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Layer:
    """One thing that could be the reason. `message` is a clause that goes on after "train-7 waits: ".

    `partial` says that something about it could not be read.
    """

    layer: str
    status: Status
    code: str = ""
    message: str = ""
    evidence: tuple[str, ...] = ()
    next: str = ""
    partial: bool = False

    @property
    def speaks(self) -> bool:
        """It is a reason."""
        return self.status in ("blocks", "waits")


@dataclass(frozen=True, slots=True)
class Members:
    """Members of a workload with the same reason."""

    code: str
    message: str
    pods: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Why:
    """The answer. `object` is `kind/name` as kubectl would say it."""

    object: str
    namespace: str
    sentence: str
    code: str
    exit: Exit
    layers: tuple[Layer, ...]
    next: str = ""
    members: tuple[Members, ...] = ()
    hidden: tuple[Unseen, ...] = field(default=())


def reason(layer: str, code: str, message: str, *evidence: str, next: str = "", partial: bool = False) -> Layer:
    """A layer that has something to say; whether it waits or blocks follows from the code."""
    status: Status = {
        Exit.OK: "ok",
        Exit.NO_CAPACITY: "waits",
        Exit.WAITING: "waits",
        Exit.INCONCLUSIVE: "unknown",
    }.get(EXITS[code], "blocks")  # type: ignore[assignment]
    return Layer(layer, status, code, message, tuple(filter(None, evidence)), next, partial)


def fine(layer: str, message: str = "", *evidence: str) -> Layer:
    """Looked at, and it is not the reason."""
    return Layer(layer, "ok", "", message, tuple(filter(None, evidence)))


def no_matter(layer: str, message: str = "") -> Layer:
    """It has nothing to do with this object."""
    return Layer(layer, "n/a", "", message)


def unseen(layer: str, message: str, *evidence: str) -> Layer:
    """It could be the reason, but may not be read."""
    return Layer(layer, "unknown", "", message, tuple(filter(None, evidence)), partial=True)


def severity(code: str) -> int:
    """0 is the worst."""
    return _WORST.index(EXITS[code])


def verb(code: str, *, many: bool = False) -> str:
    """ "waits", "runs", "cannot start": what goes between the name and the message."""
    said = _VERBS.get(code, "waits")
    if not many:
        return said
    first, _, rest = said.partition(" ")
    said = f"{_PLURALS[first]} {rest}".strip()
    return said.replace(" but is ", " but are ").replace("a node that does", "nodes that do")
