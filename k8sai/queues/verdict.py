"""What Kueue would do with a workload now, as values: per pod set and flavor, and in all."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from k8sai.errors import Exit
from k8sai.queues.facts import Share
from k8sai.queues.workload import Workload

# From best to worst. `refused`: the flavor's nodes, topology or quota are not for these pods at all.
Mode = Literal["fits", "borrows", "preempts", "waits", "never", "refused"]
MODES: Final[tuple[Mode, ...]] = ("fits", "borrows", "preempts", "waits", "never", "refused")

# The verdicts of the documents `QueueWhy` and `QueueSimulation`.
Verdict = Literal["admitted", "running", "finished", "borrows", "preempts", "waits", "inactive", "never"]

# Machine words, by the exit code each stands for. Those Kueue has (gate UnadmittedWorkloadsObservability) are its own.
_CODES: Final[dict[Exit, str]] = {
    Exit.OK: "Running Admitted Finished FitsNow FitsBorrowing",
    Exit.FINDINGS: "Deactivated NotQueued QueueDiffers NoWorkload LocalQueueMissing LimitRange BadRequests",
    Exit.WAITING: """
        WaitingForQuota WaitingForPreemptedWorkloads NeedsPreemption PendingEvaluation RequeueBackoff BehindHead
        AdmissionGated WaitingForPodsReady UnsatisfiedAdmissionChecks TopologyPlacementFailed NotReady
    """,
    Exit.BLOCKED: """
        OnHold Suspended ClusterQueueMissing ClusterQueueInactive Misconfigured ResourceNotCovered DeviceMappingMissing
        NoMatchingFlavor ExceedsMaxQuota ExceedsTopology CohortCycle AdmissionCheckRejected
    """,
    Exit.INCONCLUSIVE: "Unexplained",
}
EXITS: Final[dict[str, Exit]] = {code: exit for exit, codes in _CODES.items() for code in codes.split()}


@dataclass(frozen=True, slots=True)
class Line:
    """One resource of a pod set in one flavor. `have` is unclamped; `need` includes pod sets before it.

    `level` is how far up the tree it borrows: 0 from nobody, else the height of the lowest cohort that has room.
    """

    share: Share
    need: int
    have: int
    most: int
    mode: Mode
    level: int = 0

    @property
    def deficit(self) -> int:
        """What must really be freed for it; Kueue says less where `have` is negative: need - max(0, have).

        Who needs nothing fits even there.
        """
        return max(0, self.need - self.have) if self.need else 0


@dataclass(frozen=True, slots=True)
class Option:
    """A flavor tried for a pod set. `code` and `refusal` say why it is refused.

    `best` is how many of its pods (or slices) find room close enough together, where that is what it lacks.
    """

    pod_set: str
    flavor: str
    mode: Mode
    lines: tuple[Line, ...] = ()
    level: int = 0
    code: str = ""
    refusal: str = ""
    best: int | None = None


@dataclass(frozen=True, slots=True)
class Victim:
    """A workload that would be evicted, and by which right (Kueue's reason: InClusterQueue, InCohortReclamation, …)."""

    workload: Workload
    queue: str
    reason: str


@dataclass(frozen=True, slots=True)
class Spared:
    """A workload that holds what is needed and may not be evicted, and why."""

    workload: Workload
    queue: str
    why: str


@dataclass(frozen=True, slots=True)
class Judgement:
    """`assigned` is a flavor per pod set and resource; `level` how far up the tree it borrows, as Kueue counts it.

    `counts` are the pods per pod set where fewer than asked for are admitted (partial admission). Kueue takes `cycles`
    to look at all the flavors.
    """

    mode: Mode
    code: str
    queue: str
    options: tuple[Option, ...] = ()
    assigned: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    level: int = 0
    victims: tuple[Victim, ...] = ()
    spared: tuple[Spared, ...] = ()
    counts: Mapping[str, int] = field(default_factory=dict)
    cycles: int = 1

    @property
    def fits(self) -> bool:
        """It would be given quota now, without evicting anybody."""
        return self.mode in ("fits", "borrows")

    @property
    def verdict(self) -> Verdict:
        """As the documents say it."""
        words: dict[Mode, Verdict] = {
            "fits": "admitted",
            "borrows": "borrows",
            "preempts": "preempts",
            "waits": "waits",
        }
        return words.get(self.mode, "never")
