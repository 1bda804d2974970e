"""Filters that look at other nodes too: pod affinity and anti-affinity, topology spread (the required forms).

What they count is counted once, and follows pods that are placed meanwhile: a gang of a hundred does not count the
cluster a hundred times.
"""

from collections import Counter
from collections.abc import Iterable
from typing import Protocol

from k8sai.scheduling.filters import Check, Refusal
from k8sai.scheduling.nodes import Json, NodeInfo, PodInfo, View
from k8sai.scheduling.selectors import labels_match, pod_wants, untolerated

SPREAD = "node(s) didn't match pod topology spread constraints"
SPREAD_LABEL = "node(s) didn't match pod topology spread constraints (missing required label)"
SEEKS = "node(s) didn't match pod affinity rules"
REPELS = "node(s) didn't match pod anti-affinity rules"
REPELLED = "node(s) didn't satisfy existing pods anti-affinity rules"

Domain = tuple[str, str]  # topology key, value


class Rule(Protocol):
    """One filter for one pod."""

    def check(self, node: NodeInfo) -> Refusal | None:
        """Whether the node's domains take the pod."""

    def placed(self, other: PodInfo, node: NodeInfo) -> None:
        """Another pod runs there now."""

    def room(self, node: NodeInfo, most: int) -> int:
        """How many such pods, up to `most`, a node that passes the check takes while nothing happens elsewhere."""


def domain_checks(pod: PodInfo, view: View) -> list[Check]:
    """The checks this pod needs, with what they count already counted; none for most pods."""
    return [rule.check for rule in domain_rules(pod, view)]


def domain_rules(pod: PodInfo, view: View, *, all_of_them: bool = False) -> list[Rule]:
    """The same as rules. `all_of_them` also gives the one that matters only once pods are placed."""
    rules: list[Rule] = []
    spread = [
        c for c in pod.spec.get("topologySpreadConstraints") or () if c.get("whenUnsatisfiable") == "DoNotSchedule"
    ]
    if spread:
        rules.append(_Spread(pod, spread, view))
    if pod.seeks:
        rules.append(_Seek(pod, view))
    if pod.repels:
        rules.append(_Repel(pod, view))
    repelled = _Repelled(pod, view)
    if all_of_them or repelled:
        rules.append(repelled)
    return rules


def _domain(key: str, node: NodeInfo) -> Domain | None:
    value = node.labels.get(key)
    return None if value is None else (key, value)


def _selects(term: Json, owner: PodInfo, pod: PodInfo, view: View) -> bool:
    """The term of `owner` is about this pod."""
    named, selector = term.get("namespaces") or (), term.get("namespaceSelector")
    if selector is not None:
        inside = pod.namespace in named or labels_match(selector, view.namespaces.get(pod.namespace, {}))
    else:
        inside = pod.namespace in (named or (owner.namespace,))
    return inside and labels_match(term.get("labelSelector"), pod.labels) and _keys_agree(term, owner, pod)


def _keys_agree(term: Json, owner: PodInfo, pod: PodInfo) -> bool:
    """matchLabelKeys and mismatchLabelKeys; an API server has written them into the selector, a manifest has not."""
    return all(
        pod.labels.get(k) == owner.labels[k] for k in term.get("matchLabelKeys") or () if k in owner.labels
    ) and all(pod.labels.get(k) != owner.labels[k] for k in term.get("mismatchLabelKeys") or () if k in owner.labels)


class _Seek:
    """Every term wants, in the node's domain, a pod that all terms are about.

    Where nobody is such a pod, one that is what it seeks may go anywhere: the first of its group.
    """

    def __init__(self, pod: PodInfo, view: View) -> None:
        self._pod, self._view, self._terms = pod, view, pod.seeks
        self._keys = [term["topologyKey"] for term in pod.seeks]
        self._found: set[Domain] = set()
        self._itself = self._sought(pod)
        for node in view.nodes.values():
            if any(self._sought(other) for other in node.pods.values()):
                self._note(node)

    def _sought(self, other: PodInfo) -> bool:
        return all(_selects(term, self._pod, other, self._view) for term in self._terms)

    def _note(self, node: NodeInfo) -> None:
        self._found.update(domain for key in self._keys if (domain := _domain(key, node)))

    def placed(self, other: PodInfo, node: NodeInfo) -> None:
        if self._sought(other):
            self._note(node)

    def check(self, node: NodeInfo) -> Refusal | None:
        domains = [_domain(key, node) for key in self._keys]
        first = not self._found and self._itself
        if None not in domains and (first or all(d in self._found for d in domains)):
            return None
        return Refusal((SEEKS,), True, "InterPodAffinity")

    def room(self, node: NodeInfo, most: int) -> int:
        return most  # each finds the one before it, where it finds any


class _Repel:
    """No pod that one of the pod's own anti-affinity terms is about, in that term's domain."""

    def __init__(self, pod: PodInfo, view: View) -> None:
        self._pod, self._view = pod, view
        self._near: list[tuple[Json, set[Domain]]] = [(term, set()) for term in pod.repels]
        for node in view.nodes.values():
            for other in node.pods.values():
                self.placed(other, node)

    def placed(self, other: PodInfo, node: NodeInfo) -> None:
        for term, near in self._near:
            domain = _domain(term["topologyKey"], node)
            if domain and domain not in near and _selects(term, self._pod, other, self._view):
                near.add(domain)

    def check(self, node: NodeInfo) -> Refusal | None:
        if any(_domain(term["topologyKey"], node) in near for term, near in self._near):
            return Refusal((REPELS,), False, "InterPodAffinity")
        return None

    def room(self, node: NodeInfo, most: int) -> int:
        """One where the pod repels its like."""
        alone = any(
            term["topologyKey"] in node.labels and _selects(term, self._pod, self._pod, self._view)
            for term, _ in self._near
        )
        return min(most, 1) if alone else most


class _Repelled:
    """No pod in the domain whose own anti-affinity is about this one."""

    def __init__(self, pod: PodInfo, view: View) -> None:
        self._pod, self._view = pod, view
        self._banned: set[Domain] = set()
        self._keys: set[str] = set()
        for other, name in view.repelling.values():
            if name in view.nodes:
                self.placed(other, view.nodes[name])

    def __bool__(self) -> bool:
        return bool(self._banned)

    def placed(self, other: PodInfo, node: NodeInfo) -> None:
        for term in other.repels:
            domain = _domain(term["topologyKey"], node)
            if domain and domain not in self._banned and _selects(term, other, self._pod, self._view):
                self._banned.add(domain)
                self._keys.add(domain[0])

    def check(self, node: NodeInfo) -> Refusal | None:
        if self._banned and any(_domain(key, node) in self._banned for key in self._keys):
            return Refusal((REPELLED,), False, "InterPodAffinity")
        return None

    def room(self, node: NodeInfo, most: int) -> int:
        return most


class _Spread:
    """The count in the node's domain, this pod included, may exceed the emptiest domain by maxSkew."""

    def __init__(self, pod: PodInfo, constraints: list[Json], view: View) -> None:
        keys = [c["topologyKey"] for c in constraints]
        eligible = [n for n in view.nodes.values() if all(k in n.labels for k in keys)]
        self._counts = [_Count(pod, constraint, eligible) for constraint in constraints]
        self._keys = keys

    def placed(self, other: PodInfo, node: NodeInfo) -> None:
        if all(k in node.labels for k in self._keys):
            for count in self._counts:
                count.placed(other, node)

    def check(self, node: NodeInfo) -> Refusal | None:
        for count in self._counts:
            value = node.labels.get(count.key)
            if value is None:
                return Refusal((SPREAD_LABEL,), True, "PodTopologySpread", count.key)
            if count.skew(value) > count.most:
                return Refusal((SPREAD,), False, "PodTopologySpread", count.key)
        return None

    def room(self, node: NodeInfo, most: int) -> int:
        return min(most, *(count.room(node, most) for count in self._counts))


class _Count:
    """Matching pods per domain of one constraint, over the nodes its inclusion policies leave."""

    def __init__(self, pod: PodInfo, constraint: Json, eligible: Iterable[NodeInfo]) -> None:
        self.key: str = constraint["topologyKey"]
        self.most: int = constraint["maxSkew"]
        self._pod, self._constraint = pod, constraint
        self._selector = constraint.get("labelSelector")
        self._domains = constraint.get("minDomains") or 1
        self._itself = int(self._matches(pod))
        self._counts: Counter[str] = Counter()
        self._least: int | None = None
        for node in eligible:
            if self._includes(node):
                self._counts[node.labels[self.key]] += sum(self._counted(other) for other in node.pods.values())

    def placed(self, other: PodInfo, node: NodeInfo) -> None:
        if self._counted(other) and self._includes(node):
            self._counts[node.labels[self.key]] += 1
            self._least = None

    def skew(self, value: str) -> int:
        """How far above the emptiest domain this one would be with the pod; too few domains count as an empty one."""
        if self._least is None:
            enough = self._counts and len(self._counts) >= self._domains
            self._least = min(self._counts.values()) if enough else 0
        return self._counts.get(value, 0) + self._itself - self._least

    def room(self, node: NodeInfo, most: int) -> int:
        """As long as this domain is the emptiest, it may go on to the next one's count."""
        if not self._itself or not self._counted(self._pod) or not self._includes(node):
            return most
        value = node.labels[self.key]
        others = [amount for other, amount in self._counts.items() if other != value]
        if len(others) + 1 < self._domains:
            return min(most, self.most - self._counts.get(value, 0))
        return min(most, self.most + min(others) - self._counts.get(value, 0)) if others else most

    def _matches(self, other: PodInfo) -> bool:
        keys = self._constraint.get("matchLabelKeys") or ()
        mine = self._pod.labels
        return labels_match(self._selector, other.labels) and all(
            other.labels.get(k) == mine[k] for k in keys if k in mine
        )

    def _counted(self, other: PodInfo) -> bool:
        """An empty selector matches the pod itself, and yet counts nobody: so it is upstream."""
        if other.terminating or other.namespace != self._pod.namespace or not self._selector:
            return False
        return self._matches(other)

    def _includes(self, node: NodeInfo) -> bool:
        constraint, spec = self._constraint, self._pod.spec
        affine = constraint.get("nodeAffinityPolicy", "Honor") == "Honor"
        if affine and not pod_wants(spec, node.name, node.labels):
            return False
        clean = constraint.get("nodeTaintsPolicy", "Ignore") == "Honor"
        return not (clean and untolerated(node.taints, spec.get("tolerations") or (), ("NoSchedule", "NoExecute")))
