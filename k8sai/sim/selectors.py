"""Label selectors and field selectors of requests, read as the API server reads them.

Source: apimachinery `pkg/labels/selector.go` and `pkg/fields/selector.go`.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

from k8sai.sim import status
from k8sai.sim.kinds import Resource
from k8sai.sim.naming import QUALIFIED
from k8sai.sim.objects import Obj

Test = Callable[[Obj], bool]
Labels = Mapping[str, str]

_SET = re.compile(r"\s*([^\s!=<>(),]+)\s+(in|notin)\s*\(([^()]*)\)\s*")
_EXISTS = re.compile(r"\s*(!?)\s*([^\s!=<>(),]+)\s*")
_COMPARED = re.compile(r"\s*([^\s!=<>(),]+)\s*(==|!=|=|>|<)\s*([^\s!=<>(),]*)\s*")
_COMMA = re.compile(r",(?![^(]*\))")


def label_test(text: str) -> Callable[[Labels], bool]:
    """`app=web,tier in (a, b),!legacy` as a test on labels. ApiFailure 400 where it cannot be read."""
    tests = [_label_requirement(part, text) for part in _COMMA.split(text)] if text.strip() else []
    return lambda labels: all(test(labels) for test in tests)


def _label_requirement(part: str, text: str) -> Callable[[Labels], bool]:
    if found := _SET.fullmatch(part):
        key, operator, listed = found.groups()
        values = {one.strip() for one in listed.split(",")}
        _check_key(key, text)
        if operator == "in":
            return lambda labels: labels.get(key) in values
        return lambda labels: labels.get(key) not in values
    if found := _COMPARED.fullmatch(part):
        key, operator, value = found.groups()
        _check_key(key, text)
        if operator in (">", "<"):
            return _numeric(key, operator, value)
        if operator == "!=":
            return lambda labels: labels.get(key) != value
        return lambda labels: labels.get(key) == value
    if found := _EXISTS.fullmatch(part):
        negated, key = found.groups()
        _check_key(key, text)
        return (lambda labels: key not in labels) if negated else (lambda labels: key in labels)
    raise status.bad_request(f"unable to parse requirement: found '{part.strip()}', expected: a label requirement")


def _check_key(key: str, text: str) -> None:
    if not QUALIFIED.fullmatch(key.rpartition("/")[2]):
        raise status.bad_request(f'unable to parse requirement: <nil>: Invalid value: "{key}": in selector {text!r}')


def _numeric(key: str, operator: str, value: str) -> Callable[[Labels], bool]:
    def test(labels: Labels) -> bool:
        try:
            here, bound = int(labels.get(key, "")), int(value)
        except ValueError:
            return False
        return here > bound if operator == ">" else here < bound

    return test


def selector_test(selector: Mapping[str, Any] | None) -> Callable[[Labels], bool]:
    """A LabelSelector (matchLabels, matchExpressions) as a test; None matches nothing, an empty one everything."""
    if selector is None:
        return lambda labels: False
    wanted = dict(selector.get("matchLabels") or {})
    expressions = list(selector.get("matchExpressions") or ())

    def test(labels: Labels) -> bool:
        return all(labels.get(key) == value for key, value in wanted.items()) and all(
            _expression(one, labels) for one in expressions
        )

    return test


def _expression(expression: Mapping[str, Any], labels: Labels) -> bool:
    key, values = expression["key"], expression.get("values") or ()
    match expression["operator"]:
        case "In":
            return labels.get(key) in values
        case "NotIn":
            return labels.get(key) not in values
        case "Exists":
            return key in labels
        case _:
            return key not in labels


def selector_text(selector: Mapping[str, Any] | None) -> str:
    """A LabelSelector as kubectl prints it."""
    if not selector:
        return "<none>"
    parts = [f"{key}={value}" for key, value in sorted((selector.get("matchLabels") or {}).items())]
    for one in selector.get("matchExpressions") or ():
        values = ",".join(sorted(one.get("values") or ()))
        operator = {"In": f"in ({values})", "NotIn": f"notin ({values})"}.get(one["operator"])
        if operator:
            parts.append(f"{one['key']} {operator}")
        else:
            parts.append(one["key"] if one["operator"] == "Exists" else f"!{one['key']}")
    return ",".join(parts) or "<none>"


# Fields beyond metadata.name and metadata.namespace that a kind can be selected by, and where their value is.
_FIELDS: dict[tuple[str, str], dict[str, tuple[str, ...]]] = {
    ("", "pods"): {
        "spec.nodeName": ("spec", "nodeName"),
        "spec.restartPolicy": ("spec", "restartPolicy"),
        "spec.schedulerName": ("spec", "schedulerName"),
        "spec.serviceAccountName": ("spec", "serviceAccountName"),
        "spec.hostNetwork": ("spec", "hostNetwork"),
        "status.phase": ("status", "phase"),
        "status.podIP": ("status", "podIP"),
        "status.nominatedNodeName": ("status", "nominatedNodeName"),
    },
    ("", "nodes"): {"spec.unschedulable": ("spec", "unschedulable")},
    ("", "namespaces"): {"status.phase": ("status", "phase")},
    ("", "secrets"): {"type": ("type",)},
    ("", "services"): {"spec.clusterIP": ("spec", "clusterIP"), "spec.type": ("spec", "type")},
    ("", "replicationcontrollers"): {"status.replicas": ("status", "replicas")},
    ("", "events"): {
        **{
            f"involvedObject.{part}": ("involvedObject", part)
            for part in ("kind", "namespace", "name", "uid", "apiVersion", "resourceVersion", "fieldPath")
        },
        "reason": ("reason",),
        "reportingComponent": ("reportingComponent",),
        "source": ("source", "component"),
        "type": ("type",),
    },
    ("events.k8s.io", "events"): {
        **{
            f"regarding.{part}": ("regarding", part)
            for part in ("kind", "namespace", "name", "uid", "apiVersion", "resourceVersion", "fieldPath")
        },
        "reason": ("reason",),
        "reportingController": ("reportingController",),
        "type": ("type",),
    },
    ("apps", "replicasets"): {"status.replicas": ("status", "replicas")},
    ("batch", "jobs"): {"status.successful": ("status", "succeeded")},
    ("resource.k8s.io", "resourceslices"): {
        "spec.nodeName": ("spec", "nodeName"),
        "spec.driver": ("spec", "driver"),
        "spec.pool.name": ("spec", "pool", "name"),
    },
}
_FALSE = ("spec.unschedulable", "spec.hostNetwork")  # absent means false
_FIELD_PART = re.compile(r"([^=!]+?)(==|!=|=)(.*)")


def field_test(text: str, resource: Resource) -> Test:
    """`spec.nodeName=n1,status.phase!=Running` as a test. ApiFailure 400 for a field the kind cannot be selected by."""
    tests = [_field_requirement(part, resource) for part in text.split(",") if part]
    return lambda obj: all(test(obj) for test in tests)


def _field_requirement(part: str, resource: Resource) -> Test:
    found = _FIELD_PART.fullmatch(part)
    if not found:
        raise status.bad_request(f"invalid selector: '{part}'; can't understand '{part}'")
    name, operator, value = found.groups()
    path = _field_path(name, resource)
    negated = operator == "!="
    absent = "false" if name in _FALSE else ""

    def test(obj: Obj) -> bool:
        return (_value(obj, path, absent) == value) != negated

    return test


def _field_path(name: str, resource: Resource) -> tuple[str, ...]:
    if name == "metadata.name" or (name == "metadata.namespace" and resource.namespaced):
        return ("metadata", name.rpartition(".")[2])
    known = _FIELDS.get((resource.group, resource.plural), {})
    path = known.get(name)
    if path is None:
        if resource.builtin and not known:
            text = f'"{name}" is not a known field selector: only "metadata.name", "metadata.namespace"'
            raise status.bad_request(text)
        raise status.bad_request(f"field label not supported: {name}")
    return path


def _value(obj: Any, path: tuple[str, ...], absent: str) -> str:
    for key in path:
        obj = obj.get(key) if isinstance(obj, dict) else None
    if obj is None:
        return absent
    if isinstance(obj, bool):
        return "true" if obj else "false"
    return str(obj)
