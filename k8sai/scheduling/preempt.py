"""Whom to evict so that a more important pod fits: the choice kube-scheduler's DefaultPreemption makes."""

from collections import ChainMap
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from k8sai.scheduling.filters import Check, Refusal, first_refusal
from k8sai.scheduling.nodes import Json, NodeInfo, PodInfo, View
from k8sai.scheduling.selectors import labels_match

Checks = Callable[[View], list[Check]]  # the pod's filters against a cluster that may lack some pods


@dataclass(frozen=True, slots=True)
class Budget:
    """A PodDisruptionBudget: how many of the pods it selects may go now."""

    namespace: str
    selector: Json | None
    allowed: int


@dataclass(frozen=True, slots=True)
class Candidate:
    """A node, the pods to evict there, and how many evictions would break a budget."""

    node: str
    victims: tuple[PodInfo, ...]
    violations: int


def choose(
    pod: PodInfo, view: View, refusals: Mapping[str, Refusal], checks: Checks, budgets: Iterable[Budget]
) -> Candidate | None:
    """The best node to preempt on: fewest broken budgets, least important victims, fewest, youngest. None: nowhere."""
    kept = tuple(budgets)
    found = [
        candidate
        for name, refusal in refusals.items()
        if not refusal.helpless and name in view.nodes
        for candidate in (_victims(pod, view, view.nodes[name], checks, kept),)
        if candidate is not None
    ]
    return min(found, key=_cost) if found else None


def _cost(candidate: Candidate) -> tuple[int, int, int, int, float, str]:
    priorities = [v.priority for v in candidate.victims]
    top = [v.created for v in candidate.victims if v.priority == max(priorities)]
    return (
        candidate.violations,
        max(priorities),
        sum(priorities),
        len(priorities),
        -float("".join(filter(str.isdigit, min(top))) or 0),
        candidate.node,
    )


def _victims(pod: PodInfo, view: View, node: NodeInfo, checks: Checks, budgets: tuple[Budget, ...]) -> Candidate | None:
    """All less important pods leave; then as many as possible may stay, the most important first."""
    lesser = [p for p in node.pods.values() if p.priority < pod.priority]
    if not lesser:
        return None
    gone = {p.uid for p in lesser}
    if not _fits(view, node, gone, checks):
        return None
    broken = _violating(lesser, budgets)
    victims = []
    for other in sorted(lesser, key=lambda p: (p.uid not in broken, -p.priority, p.created)):
        gone.discard(other.uid)
        if not _fits(view, node, gone, checks):
            gone.add(other.uid)
            victims.append(other)
    return Candidate(node.name, tuple(victims), sum(v.uid in broken for v in victims)) if victims else None


def hopeless_reasons(pod: PodInfo, view: View, node: NodeInfo, checks: Checks) -> tuple[str, ...]:
    """Why the pod would not fit even without the less important pods of the node; empty where there are none."""
    lesser = {p.uid for p in node.pods.values() if p.priority < pod.priority}
    refusal = _refusal(view, node, lesser, checks) if lesser else None
    return refusal.reasons if refusal else ()


def _fits(view: View, node: NodeInfo, gone: set[str], checks: Checks) -> bool:
    return _refusal(view, node, gone, checks) is None


def _refusal(view: View, node: NodeInfo, gone: set[str], checks: Checks) -> Refusal | None:
    changed = node.changed(without=gone)
    trial = View(
        ChainMap({node.name: changed}, view.nodes),  # a copy of thousands of nodes for each what-if is too slow
        {uid: seen for uid, seen in view.repelling.items() if uid not in gone},
        view.nominated,
        view.namespaces,
    )
    return first_refusal(changed, checks(trial))


def _violating(pods: list[PodInfo], budgets: tuple[Budget, ...]) -> set[str]:
    """Those whose eviction, one after the other, would exceed a budget."""
    left = [b.allowed for b in budgets]
    found = set()
    for pod in pods:
        for index, budget in enumerate(budgets):
            if budget.namespace == pod.namespace and labels_match(budget.selector, pod.labels):
                left[index] -= 1
                if left[index] < 0:
                    found.add(pod.uid)
    return found
