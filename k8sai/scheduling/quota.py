"""Which pods a ResourceQuota counts: the scopes of its spec.

Source: `podMatchesScopeFunc` of `pkg/quota/v1/evaluator/core/pods.go`, and `ComputePodQOS` for best effort.
"""

from collections.abc import Iterator
from typing import Any, Final

from k8sai.quantity import parse
from k8sai.scheduling.selectors import labels_match

Json = dict[str, Any]

_COMPUTE: Final = ("cpu", "memory")  # what makes a pod more than best effort; devices do not


def covers(quota: Json, pod: Json) -> bool:
    """Whether a quota counts a pod, both as their `spec`. Raises BadQuantity."""
    scopes = [{"scopeName": name, "operator": "Exists"} for name in quota.get("scopes") or ()]
    scopes += (quota.get("scopeSelector") or {}).get("matchExpressions") or ()
    return all(_matches(scope, pod) for scope in scopes)


def _matches(scope: Json, pod: Json) -> bool:
    match scope.get("scopeName"):
        case "Terminating":
            return pod.get("activeDeadlineSeconds") is not None
        case "NotTerminating":
            return pod.get("activeDeadlineSeconds") is None
        case "BestEffort":
            return best_effort(pod)
        case "NotBestEffort":
            return not best_effort(pod)
        case "PriorityClass":
            name = pod.get("priorityClassName")
            rule = {"key": "class", "operator": scope.get("operator"), "values": scope.get("values") or []}
            return labels_match({"matchExpressions": [rule]}, {"class": name} if name else {})
        case "CrossNamespacePodAffinity":
            return any(term.get("namespaces") or term.get("namespaceSelector") is not None for term in _terms(pod))
    return False  # a scope about something else than pods


def best_effort(pod: Json) -> bool:
    """It asks for neither cpu nor memory and limits neither. Raises BadQuantity."""
    of = (pod, *(pod.get("containers") or ()), *(pod.get("initContainers") or ()))
    tables = [(one.get("resources") or {}).get(kind) or {} for one in of for kind in ("requests", "limits")]
    return not any(parse(table[name]) > 0 for table in tables for name in _COMPUTE if name in table)


def _terms(pod: Json) -> Iterator[Json]:
    """Of its affinity and anti-affinity to other pods, required and preferred."""
    for kind in ("podAffinity", "podAntiAffinity"):
        of = (pod.get("affinity") or {}).get(kind) or {}
        yield from of.get("requiredDuringSchedulingIgnoredDuringExecution") or ()
        for weighted in of.get("preferredDuringSchedulingIgnoredDuringExecution") or ():
            yield weighted["podAffinityTerm"]
