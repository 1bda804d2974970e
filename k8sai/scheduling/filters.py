"""May this pod run on this node: the scheduler's filters in their order, with kube-scheduler's own words.

A node reports the first filter that refuses it, but every resource that is short. `helpless` tells that evicting pods
would not change the answer (kube-scheduler: "Preemption is not helpful").
"""

from collections import Counter
from collections.abc import Callable, Container, Iterable
from dataclasses import dataclass

from k8sai.scheduling.nodes import Amounts, NodeInfo, PodInfo, View, clash
from k8sai.scheduling.selectors import Json, pod_wants, untolerated

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
    """Why a node does not take a pod: the scheduler's words, which of its plugins says so, and about what."""

    reasons: tuple[str, ...]
    helpless: bool
    plugin: str = ""  # NodeUnschedulable, TaintToleration, NodeResourcesFit, …
    detail: str = ""  # the taint, the claim, the volume: what the scheduler's own words leave out


Check = Callable[[NodeInfo], Refusal | None]


def cordoned(pod: PodInfo, node: NodeInfo) -> Refusal | None:
    if node.unschedulable and untolerated((_UNSCHEDULABLE,), pod.spec.get("tolerations") or (), _BLOCKING):
        return Refusal((CORDONED,), True, "NodeUnschedulable")
    return None


def tainted(pod: PodInfo, node: NodeInfo) -> Refusal | None:
    if not node.taints:
        return None
    taint = untolerated(node.taints, pod.spec.get("tolerations") or (), _BLOCKING)
    return Refusal((TAINTED,), True, "TaintToleration", _taint(taint)) if taint else None


def unwanted(pod: PodInfo, node: NodeInfo) -> Refusal | None:
    if pod_wants(pod.spec, node.name, node.labels):
        return None
    return Refusal((UNWANTED,), True, "NodeAffinity")


def static(pod: PodInfo, node: NodeInfo) -> Refusal | None:
    """Cordon, taints, selector: what no eviction changes."""
    return cordoned(pod, node) or tainted(pod, node) or unwanted(pod, node)


def ports_taken(pod: PodInfo, node: NodeInfo) -> Refusal | None:
    if pod.ports and any(other.ports and clash(pod.ports, other.ports) for other in node.pods.values()):
        return Refusal((PORTS,), False, "NodePorts")
    return None


def too_large(pod: PodInfo, node: NodeInfo, bridged: Container[str] = ()) -> Refusal | None:
    """Pods per node and every requested resource; those in `bridged` are served by device claims here."""
    reasons, helpless = [], False
    if len(node.pods) + 1 > node.allocatable.get("pods", 0):
        reasons.append(TOO_MANY)
    used, allocatable = node.used, node.allocatable
    for resource, amount in pod.requests.items():
        if resource in bridged:
            continue
        has = allocatable.get(resource, 0)
        if amount > has - used.get(resource, 0):
            reasons.append(f"Insufficient {resource}")
            helpless = helpless or amount > has
    return Refusal(tuple(reasons), helpless, "NodeResourcesFit") if reasons else None


def fit(pod: PodInfo, node: NodeInfo, bridged: Container[str] = ()) -> Refusal | None:
    """Host ports, then what `too_large` looks at."""
    return ports_taken(pod, node) or too_large(pod, node, bridged)


def short(pod: PodInfo, node: NodeInfo, bridged: Container[str] = ()) -> Amounts:
    """How much of each resource is missing for one such pod; `pods` where the node takes no more of them."""
    missing = {
        resource: lack
        for resource, amount in pod.requests.items()
        if resource not in bridged
        and (lack := amount - node.allocatable.get(resource, 0) + node.used.get(resource, 0)) > 0
    }
    over = len(node.pods) + 1 - node.allocatable.get("pods", 0)
    return {**missing, "pods": over} if over > 0 else missing


def _taint(taint: Json) -> str:
    """As kubectl writes it: `key=value:Effect`."""
    value = taint.get("value")
    return f"{taint['key']}{f'={value}' if value else ''}:{taint.get('effect', '')}"


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
