"""Field selectors of requests, read as the API server reads them; and how kubectl prints a LabelSelector.

Source: apimachinery `pkg/fields/selector.go`. (Label selectors of requests: `label_selectors`; of objects:
`scheduling.selectors`.)
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

from k8sai.sim import status
from k8sai.sim.kinds import Resource
from k8sai.sim.objects import Obj

Test = Callable[[Obj], bool]


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
    if resource.definition is not None:
        known = {path: tuple(path.split(".")) for path in resource.definition.selectable}
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
