"""Until when a node is there: what others have announced on it. The earliest counts, and later looks never loosen it.

Sources: cluster-autoscaler taints.go, Karpenter v1, GKE's handling of GPU nodes, aws-node-termination-handler,
NVSentinel's node-drainer, kured, KEP-5683. Most of them say that they act, few say when: the rest is what they are
known to give, and `sure` is False.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from k8sai.ages import epoch
from k8sai.evict.facts import Contract, Json

SAVE: Final = 600.0  # seconds for a save, where nothing says how long one takes
TIMES: Final = 3.0  # a deadline is this many times the last save
AT_ONCE: Final = 30.0  # seconds: a pod's usual grace, where somebody evicts already

# taint -> seconds it gives from its value (where that is a time), its timeAdded, or now, and who
_TAINTS: Final[Mapping[str, tuple[float, str]]] = {
    "ToBeDeletedByClusterAutoscaler": (600.0, "cluster-autoscaler"),
    "karpenter.sh/disrupted": (AT_ONCE, "Karpenter"),
    "karpenter.sh/disruption": (AT_ONCE, "Karpenter"),
    "aws-node-termination-handler/spot-itn": (120.0, "AWS (spot interruption)"),
    "aws-node-termination-handler/scheduled-maintenance": (120.0, "AWS (scheduled maintenance)"),
    "aws-node-termination-handler/asg-lifecycle-termination": (300.0, "AWS (scaling group)"),
    "aws-node-termination-handler/rebalance-recommendation": (600.0, "AWS (rebalance recommendation)"),
    "cloud.google.com/impending-node-termination": (3600.0, "GKE"),
    "medik8s.io/drain": (AT_ONCE, "NodeMaintenance"),
    "node.kubernetes.io/unreachable": (300.0, "the node controller (unreachable)"),
    "node.kubernetes.io/not-ready": (300.0, "the node controller (not ready)"),
    "node.kubernetes.io/out-of-service": (0.0, "the node controller (out of service)"),
    "node.cloudprovider.kubernetes.io/shutdown": (0.0, "the cloud provider (shut down)"),
}
_NO_EXECUTE: Final = ("node.kubernetes.io/unreachable", "node.kubernetes.io/not-ready")  # nothing goes without it
_TERMINATION: Final = "karpenter.sh/nodeclaim-termination-timestamp"
_MAINTENANCE: Final = "cloud.google.com/scheduled-maintenance-time"
_SENTINEL: Final = "dgxc.nvidia.com/nvsentinel-state"
_SPOT: Final = ("cloud.google.com/gke-spot", "cloud.google.com/gke-preemptible")
_KURED: Final = ("weave.works/kured-reboot-in-progress", "kured.dev/reboot-in-progress")
_CONDITIONS: Final = {
    "GracefulNodeShutdownInProgress": "the kubelet (shutting down)",
    "MaintenanceInProgress": "an admin (MaintenanceInProgress)",
}
_LEAST, _MOST = 1.0e9, 1.0e11  # a number that is a time in seconds


@dataclass(frozen=True, slots=True)
class External:
    """Until when, epoch seconds; by whom. `sure`: they say when, it is not only what they usually give."""

    at: float
    by: str
    sure: bool = False


def deadline_of(node: Json, now: float, claim: Json | None = None) -> External | None:
    """The earliest that is announced, None where nobody has. `claim` is Karpenter's NodeClaim of the node."""
    found = [*_taints(node, now), *_labels(node, now), *_announced(node, now), *_claimed(claim)]
    return min(found, key=lambda one: (one.at, not one.sure), default=None)


def earlier(*each: External | None) -> External | None:
    """Of several nodes of one gang, or of two looks."""
    return min((one for one in each if one is not None), key=lambda one: one.at, default=None)


def save_within(contract: Contract, left: float | None = None) -> float:
    """Seconds a gang has for its save: what it says, else thrice its last one, else ten minutes.

    `left` are the seconds its nodes or the drain have; they only shorten it.
    """
    last = contract.last.seconds if contract.last else 0.0
    own = contract.deadline if contract.deadline is not None else TIMES * last or SAVE
    return own if left is None else max(0.0, min(own, left))


def _taints(node: Json, now: float) -> Iterator[External]:
    for taint in (node.get("spec") or {}).get("taints") or ():
        key = taint.get("key", "")
        if key not in _TAINTS or (key in _NO_EXECUTE and taint.get("effect") != "NoExecute"):
            continue
        seconds, who = _TAINTS[key]
        if who == "GKE" and any(_meta(node, "labels").get(label) == "true" for label in _SPOT):
            seconds = AT_ONCE
        begun = _moment(taint.get("value")) or _moment(taint.get("timeAdded")) or _action(node, key)
        yield External((begun or now) + seconds, who)


def _action(node: Json, key: str) -> float | None:
    """When aws-node-termination-handler began, as it labels the node."""
    owner = "aws-node-termination-handler/"
    return _moment(_meta(node, "labels").get(f"{owner}action-time")) if key.startswith(owner) else None


def _labels(node: Json, now: float) -> Iterator[External]:
    labels = _meta(node, "labels")
    planned = _moment(labels.get(_MAINTENANCE))
    if planned:
        yield External(planned, "GKE (scheduled maintenance)", sure=True)
    if labels.get(_SENTINEL) in ("quarantined", "draining"):
        yield External(now + 3600.0, f"NVSentinel ({labels[_SENTINEL]})")
    if any(key in _meta(node, "annotations") for key in _KURED):
        yield External(now + AT_ONCE, "kured (reboot in progress)")


def _announced(node: Json, now: float) -> Iterator[External]:
    for one in (node.get("status") or {}).get("conditions") or ():
        if one.get("type") in _CONDITIONS and one.get("status") == "True":
            yield External(now + AT_ONCE, _CONDITIONS[one["type"]])
    gone = _moment(_meta_text(node, "deletionTimestamp"))
    if gone:
        yield External(gone + AT_ONCE, "whoever deleted the node")


def _claimed(claim: Json | None) -> Iterator[External]:
    at = _moment(_meta(claim or {}, "annotations").get(_TERMINATION))
    if at:
        yield External(at, "Karpenter (terminationGracePeriod)", sure=True)


def _meta(one: Json, key: str) -> Mapping[str, str]:
    return (one.get("metadata") or {}).get(key) or {}


def _meta_text(one: Json, key: str) -> str:
    return str((one.get("metadata") or {}).get(key) or "")


def _moment(text: str | None) -> float | None:
    """Epoch seconds of a number or an RFC 3339 time; None for anything else."""
    if not text:
        return None
    try:
        seconds = float(text) if text.replace(".", "", 1).isdigit() else epoch(text)
    except (ValueError, OverflowError):
        return None
    return seconds if _LEAST <= seconds < _MOST else None
