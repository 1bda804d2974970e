"""May this pod run on this node: the scheduler's filters in their order, with kube-scheduler's own words.

A node reports the first filter that refuses it, but every resource that is short. `helpless` tells that evicting pods
would not change the answer (kube-scheduler: "Preemption is not helpful").
"""

from collections import Counter
from collections.abc import Callable, Container, Iterable
from dataclasses import dataclass

from k8sai.scheduling.nodes import NodeInfo, PodInfo, View
from k8sai.scheduling.selectors import pod_wants, untolerated

CORDONED = "node(s) were unschedulable"
TAINTED = "node(s) had untolerated taint(s)"
UNWANTED = "node(s) didn't match Pod's node affinity/selector"
PORTS = "node(s) didn't have free ports for the requested pod ports"
TOO_MANY = "Too many pods"
NO_VICTIMS = "No preemption victims found for incoming pod"
NOT_HELPFUL = "Preemption is not helpful for scheduling"

_UNSCHEDULABLE = {"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"}
_BLOCKING = ("NoSchedule", "NoExecute")


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a node does not take a pod."""

    reasons: tuple[str, ...]
    helpless: bool


Check = Callable[[NodeInfo], Refusal | None]


def static(pod: PodInfo, node: NodeInfo) -> Refusal | None:
    """Cordon, taints, selector: what no eviction changes."""
    tolerations = pod.spec.get("tolerations") or ()
    if node.unschedulable and untolerated((_UNSCHEDULABLE,), tolerations, _BLOCKING):
        return Refusal((CORDONED,), True)
    if node.taints and untolerated(node.taints, tolerations, _BLOCKING):
        return Refusal((TAINTED,), True)
    if not pod_wants(pod.spec, node.name, node.labels):
        return Refusal((UNWANTED,), True)
    return None


def fit(pod: PodInfo, node: NodeInfo, bridged: Container[str] = ()) -> Refusal | None:
    """Host ports, pods per node and every requested resource; those in `bridged` are served by device claims here."""
    if pod.ports and any(pod.ports & other.ports for other in node.pods.values()):
        return Refusal((PORTS,), False)
    reasons, helpless = [], False
    if len(node.pods) + 1 > node.allocatable.get("pods", 110):
        reasons.append(TOO_MANY)
    for resource, amount in pod.requests.items():
        if resource in bridged:
            continue
        has = node.allocatable.get(resource, 0)
        if amount > has - node.used.get(resource, 0):
            reasons.append(f"Insufficient {resource}")
            helpless = helpless or amount > has
    return Refusal(tuple(reasons), helpless) if reasons else None


def with_nominees(pod: PodInfo, node: NodeInfo, view: View) -> NodeInfo:
    """The node as this pod finds it: room reserved for nominees counts as held."""
    others = view.reserved_for(pod, node.name)
    return node.changed(plus=others) if others else node


def first_refusal(node: NodeInfo, checks: Iterable[Check]) -> Refusal | None:
    """The first check that refuses the node."""
    for check in checks:
        refusal = check(node)
        if refusal is not None:
            return refusal
    return None


def unavailable(total: int, refusals: Iterable[Refusal]) -> str:
    """`0/N nodes are available: k reason, ….`, reasons sorted as text."""
    return _histogram(total, (reason for refusal in refusals for reason in refusal.reasons))


def no_preemption(total: int, verdicts: Iterable[str]) -> str:
    """`preemption: 0/N nodes are available: k verdict, ….`"""
    return f"preemption: {_histogram(total, verdicts)}"


def _histogram(total: int, reasons: Iterable[str]) -> str:
    counted = sorted(f"{count} {reason}" for reason, count in Counter(reasons).items())
    return f"0/{total} nodes are available:" + (f" {', '.join(counted)}." if counted else "")
