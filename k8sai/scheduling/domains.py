"""Filters that look at other nodes too: pod affinity and anti-affinity, topology spread (the required forms)."""

from collections import Counter
from collections.abc import Iterable

from k8sai.scheduling.filters import Check, Refusal
from k8sai.scheduling.nodes import Json, NodeInfo, PodInfo, View
from k8sai.scheduling.selectors import labels_match, pod_wants, untolerated

SPREAD = "node(s) didn't match pod topology spread constraints"
SPREAD_LABEL = "node(s) didn't match pod topology spread constraints (missing required label)"
SEEKS = "node(s) didn't match pod affinity rules"
REPELS = "node(s) didn't match pod anti-affinity rules"
REPELLED = "node(s) didn't satisfy existing pods anti-affinity rules"

Domain = tuple[str, str]  # topology key, value


def domain_checks(pod: PodInfo, view: View) -> list[Check]:
    """The checks this pod needs, with what they count already counted; none for most pods."""
    checks: list[Check] = []
    spread = [
        c for c in pod.spec.get("topologySpreadConstraints") or () if c.get("whenUnsatisfiable") == "DoNotSchedule"
    ]
    if spread:
        checks.append(_spread(pod, spread, view))
    banned = {
        (term["topologyKey"], view.nodes[node].labels.get(term["topologyKey"], ""))
        for other, node in view.repelling.values()
        if node in view.nodes
        for term in other.repels
        if _selects(term, other.namespace, pod, view)
    }
    if banned:
        checks.append(lambda node: Refusal((REPELLED,), False) if _inside(node, banned) else None)
    if pod.repels:
        near = {d for term in pod.repels for d in _domains(term, pod, view)}
        checks.append(lambda node: Refusal((REPELS,), False) if _inside(node, near) else None)
    if pod.seeks:
        checks.append(_seek(pod, view))
    return checks


def _inside(node: NodeInfo, domains: Iterable[Domain]) -> bool:
    return any(node.labels.get(key) == value for key, value in domains)


def _selects(term: Json, home: str, pod: PodInfo, view: View) -> bool:
    """The term of a pod in namespace `home` is about this pod."""
    named, selector = term.get("namespaces") or (), term.get("namespaceSelector")
    if selector is not None:
        inside = pod.namespace in named or labels_match(selector, view.namespaces.get(pod.namespace, {}))
    else:
        inside = pod.namespace in (named or (home,))
    return inside and labels_match(term.get("labelSelector"), pod.labels)


def _domains(term: Json, pod: PodInfo, view: View) -> set[Domain]:
    """Where pods run that the term of this pod is about."""
    key = term["topologyKey"]
    return {
        (key, node.labels[key])
        for node in view.nodes.values()
        if key in node.labels and any(_selects(term, pod.namespace, other, view) for other in node.pods.values())
    }


def _seek(pod: PodInfo, view: View) -> Check:
    """Every term wants a matching pod in the node's domain; the first of a group that seeks itself goes anywhere."""
    wanted = [(term, _domains(term, pod, view)) for term in pod.seeks]
    first = not any(found for _, found in wanted) and all(_selects(t, pod.namespace, pod, view) for t, _ in wanted)

    def check(node: NodeInfo) -> Refusal | None:
        for term, found in wanted:
            value = node.labels.get(term["topologyKey"])
            if value is None or not (first or (term["topologyKey"], value) in found):
                return Refusal((SEEKS,), True)
        return None

    return check


def _spread(pod: PodInfo, constraints: list[Json], view: View) -> Check:
    """The count in the node's domain, this pod included, may exceed the emptiest domain by maxSkew."""
    keys = [c["topologyKey"] for c in constraints]
    counted: list[tuple[Json, Counter[str], int, int]] = []
    eligible = [n for n in view.nodes.values() if all(k in n.labels for k in keys)]
    for constraint in constraints:
        counts = _counts(pod, constraint, eligible)
        least = min(counts.values(), default=0)
        if len(counts) < (constraint.get("minDomains") or 1):
            least = 0
        itself = int(labels_match(constraint.get("labelSelector"), pod.labels))
        counted.append((constraint, counts, least, itself))

    def check(node: NodeInfo) -> Refusal | None:
        for constraint, counts, least, itself in counted:
            value = node.labels.get(constraint["topologyKey"])
            if value is None:
                return Refusal((SPREAD_LABEL,), True)
            if counts[value] + itself - least > constraint["maxSkew"]:
                return Refusal((SPREAD,), False)
        return None

    return check


def _counts(pod: PodInfo, constraint: Json, eligible: Iterable[NodeInfo]) -> Counter[str]:
    """Matching pods per domain, over the nodes the inclusion policies of the constraint leave."""
    key, selector = constraint["topologyKey"], constraint.get("labelSelector")
    honour_affinity = constraint.get("nodeAffinityPolicy", "Honor") == "Honor"
    honour_taints = constraint.get("nodeTaintsPolicy", "Ignore") == "Honor"
    counts: Counter[str] = Counter()
    for node in eligible:
        if honour_affinity and not pod_wants(pod.spec, node.name, node.labels):
            continue
        if honour_taints and untolerated(node.taints, pod.spec.get("tolerations") or (), ("NoSchedule", "NoExecute")):
            continue
        counts[node.labels[key]] += sum(
            other.namespace == pod.namespace and not other.terminating and labels_match(selector, other.labels)
            for other in node.pods.values()
        )
    return counts
