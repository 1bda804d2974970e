"""Does it match: label selectors, node selectors, tolerations; on plain JSON objects."""

from collections.abc import Iterable, Mapping
from typing import Any

Labels = Mapping[str, str]
Json = Mapping[str, Any]


class SelectorError(Exception):
    """A device selector does not compile, or failed on a device."""


def labels_match(selector: Json | None, labels: Labels) -> bool:
    """A LabelSelector on labels. None matches nothing, an empty selector everything (apimachinery's rule)."""
    if selector is None:
        return False
    wanted = selector.get("matchLabels") or {}
    return all(labels.get(k) == v for k, v in wanted.items()) and all(
        _requirement(r, labels) for r in selector.get("matchExpressions") or ()
    )


def _requirement(requirement: Json, labels: Labels) -> bool:
    """One `key operator values` of a label or node selector; Gt and Lt are a node selector's only."""
    key, operator, values = requirement["key"], requirement["operator"], requirement.get("values") or ()
    match operator:
        case "In":
            return labels.get(key) in values
        case "NotIn":
            return labels.get(key) not in values
        case "Exists":
            return key in labels
        case "DoesNotExist":
            return key not in labels
        case "Gt" | "Lt":
            return _compares(operator, labels.get(key), values)
    return False


def _compares(operator: str, text: str | None, values: Iterable[str]) -> bool:
    try:
        have, bound = int(text or ""), int(next(iter(values)))
    except (ValueError, StopIteration):
        return False
    return have > bound if operator == "Gt" else have < bound


def node_matches(selector: Json | None, name: str, labels: Labels) -> bool:
    """A NodeSelector (terms are alternatives) on a node; an empty term matches nothing."""
    if not selector:
        return True
    return any(_term_matches(term, name, labels) for term in selector.get("nodeSelectorTerms") or ())


def _term_matches(term: Json, name: str, labels: Labels) -> bool:
    expressions, fields = term.get("matchExpressions") or (), term.get("matchFields") or ()
    if not expressions and not fields:
        return False
    return all(_requirement(r, labels) for r in expressions) and all(
        _requirement(r, {"metadata.name": name}) for r in fields
    )


def pod_wants(spec: Json, name: str, labels: Labels) -> bool:
    """The pod's nodeSelector and required node affinity accept this node."""
    wanted = spec.get("nodeSelector")
    if wanted and any(labels.get(k) != v for k, v in wanted.items()):
        return False
    affinity = (spec.get("affinity") or {}).get("nodeAffinity") or {}
    return node_matches(affinity.get("requiredDuringSchedulingIgnoredDuringExecution"), name, labels)


def tolerates(tolerations: Iterable[Json], taint: Json) -> bool:
    """One of the tolerations covers the taint."""
    return any(_covers(t, taint) for t in tolerations)


def _covers(toleration: Json, taint: Json) -> bool:
    if toleration.get("effect") and toleration["effect"] != taint.get("effect"):
        return False
    key = toleration.get("key", "")
    if key and key != taint["key"]:
        return False
    if toleration.get("operator", "Equal") == "Exists":
        return True
    return bool(key) and toleration.get("value", "") == taint.get("value", "")


def untolerated(taints: Iterable[Json], tolerations: Iterable[Json], effects: tuple[str, ...]) -> Json | None:
    """The first taint with one of the effects that nothing tolerates."""
    kept = tuple(tolerations)
    return next((t for t in taints if t.get("effect") in effects and not tolerates(kept, t)), None)
