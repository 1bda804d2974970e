"""The answer to `queue why`, as a value."""

from dataclasses import dataclass
from typing import Final

from k8sai.cluster.reading import Unseen
from k8sai.errors import Exit
from k8sai.queues.positions import Position
from k8sai.queues.verdict import Judgement, Verdict
from k8sai.queues.why.eta import Eta
from k8sai.queues.why.finding import Finding
from k8sai.queues.why.history import History
from k8sai.queues.why.holders import Held
from k8sai.queues.why.said import Quoted
from k8sai.queues.workload import Workload

_VERDICTS: Final[dict[Verdict, str]] = {
    "running": "Running",
    "finished": "Finished",
    "admitted": "Admitted NotReady",
    "borrows": "FitsBorrowing",
    "preempts": "NeedsPreemption WaitingForPreemptedWorkloads",
    "never": """
        ExceedsMaxQuota ExceedsTopology NoMatchingFlavor ResourceNotCovered DeviceMappingMissing Misconfigured
        LimitRange BadRequests
    """,
    "inactive": """
        Deactivated AdmissionCheckRejected OnHold Suspended ClusterQueueMissing LocalQueueMissing ClusterQueueInactive
        CohortCycle NotQueued NoWorkload
    """,
}
VERDICTS: Final[dict[str, Verdict]] = {code: verdict for verdict, codes in _VERDICTS.items() for code in codes.split()}
_STATES: Final = {
    Exit.WAITING: "WAITING, will fit",
    Exit.BLOCKED: "BLOCKED, needs an admin",
    Exit.FINDINGS: "BLOCKED, needs its owner",
    Exit.INCONCLUSIVE: "UNEXPLAINED",
}
_OWN_STATES: Final = {
    "Running": "RUNNING",
    "Admitted": "ADMITTED",
    "NotReady": "ADMITTED, not running yet",
    "Finished": "FINISHED",
    "FitsNow": "WAITING, fits now",
    "FitsBorrowing": "WAITING, fits now by borrowing",
    "PendingEvaluation": "WAITING",
    "ExceedsMaxQuota": "NEVER FITS, needs an admin",
    "ExceedsTopology": "NEVER FITS, needs an admin",
    "NoMatchingFlavor": "NEVER FITS, needs an admin",
    "NotQueued": "NOT IN A QUEUE",
    "BehindHead": "WAITING for its turn",
}


@dataclass(frozen=True, slots=True)
class Why:
    """`message` goes on after "job/sft waits: ". `blockers` in the order they were looked for, the first speaks;
    `remarks` block nothing. `path` leads from its ClusterQueue up to the root. Times in seconds since 1970.
    """

    title: str
    namespace: str
    code: str
    exit: Exit
    message: str
    at: float
    workload: Workload | None = None
    queue: str = ""  # LocalQueue
    path: tuple[str, ...] = ()
    blockers: tuple[Finding, ...] = ()
    remarks: tuple[Finding, ...] = ()
    judged: Judgement | None = None
    sums: tuple[str, ...] = ()  # of judged.options, in the same order, empty where there is no amount
    quoted: Quoted | None = None
    position: Position | None = None
    ahead: tuple[Workload, ...] = ()  # in its ClusterQueue, the first in line first
    held: tuple[Held, ...] = ()
    history: History | None = None
    eta: Eta | None = None
    eta_known: bool = False  # an estimate was asked for
    next: str = ""
    hidden: tuple[Unseen, ...] = ()

    @property
    def verdict(self) -> Verdict:
        """As the document says it."""
        return VERDICTS.get(self.code, "waits")

    @property
    def state(self) -> str:
        """`WAITING, will fit`."""
        return _OWN_STATES.get(self.code) or _STATES.get(self.exit, "WAITING")

    @property
    def sentence(self) -> str:
        """One sentence with a full stop."""
        return f"{self.title} {_does(self.code)}{self.message}".rstrip(": ").rstrip(".") + "."


def _does(code: str) -> str:
    own = {
        "Running": "runs: ",
        "Finished": "has finished: ",
        "Admitted": "is admitted: ",
        "NotReady": "does not run yet: ",
        "NotQueued": "is not Kueue's: ",
        "NoWorkload": "is not held by Kueue: ",
        "Unexplained": "waits: ",
    }
    return own.get(code, "waits: ")
