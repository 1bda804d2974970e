"""CustomResourceDefinitions themselves: what is filled in, and the rules they must keep.

The structure of schemas is checked as far as people get it wrong: a type everywhere, one schema a version.
Source: apiextensions-apiserver `pkg/apis/apiextensions/v1/defaults.go` and `validation/validation.go`.
"""

from collections.abc import Iterator
from typing import Any

from k8sai.sim import status
from k8sai.sim.naming import LABEL, SUBDOMAIN, SUBDOMAIN_RULE
from k8sai.sim.objects import Obj, name_of
from k8sai.sim.status import Cause, invalid_value, required

_SCOPES = ("Cluster", "Namespaced")
_TYPES = ("array", "boolean", "integer", "number", "object", "string")
_COLUMNS = ("boolean", "date", "integer", "number", "string")
_PROTECTED = ("k8s.io", "kubernetes.io")
_APPROVED = "api-approved.kubernetes.io"


def fill(obj: Obj) -> None:
    """Complete a definition in place."""
    spec = obj.get("spec") or {}
    names = spec.get("names") or {}
    if names.get("kind"):
        names.setdefault("singular", str(names["kind"]).lower())
        names.setdefault("listKind", f"{names['kind']}List")
    spec.setdefault("conversion", {"strategy": "None"})
    stored = [one.get("name") for one in spec.get("versions") or () if one.get("storage")]
    known = (obj.get("status") or {}).get("storedVersions") or []
    obj["status"] = {**(obj.get("status") or {}), "storedVersions": [*known, *(n for n in stored if n not in known)]}


def causes(obj: Obj) -> Iterator[Cause]:
    """What is wrong with a definition."""
    spec = obj.get("spec") or {}
    names = spec.get("names") or {}
    wanted = f"{names.get('plural', '')}.{spec.get('group', '')}"
    if name_of(obj) != wanted:
        yield invalid_value("metadata.name", name_of(obj), 'must be spec.names.plural+"."+spec.group')
    group = str(spec.get("group") or "")
    if not group:
        yield required("spec.group")
    elif not SUBDOMAIN.fullmatch(group):
        yield invalid_value("spec.group", group, SUBDOMAIN_RULE)
    elif "." not in group:
        yield invalid_value("spec.group", group, "should be a domain with at least one dot")
    elif _is_protected(group) and _APPROVED not in (obj["metadata"].get("annotations") or {}):
        text = "protected groups must have approval annotation"
        text += f' "{_APPROVED}", see https://github.com/kubernetes/enhancements/pull/1111'
        yield required(f"metadata.annotations[{_APPROVED}]", text)
    if not spec.get("scope"):
        yield required("spec.scope")
    elif spec["scope"] not in _SCOPES:
        yield status.unsupported_value("spec.scope", spec["scope"], _SCOPES)
    yield from _versions(spec.get("versions") or [])
    for key in ("plural", "singular", "kind", "listKind"):
        value = str(names.get(key) or "")
        if not value:
            yield required(f"spec.names.{key}")
        elif not LABEL.fullmatch(value.lower()):
            text = "a DNS-1035 label must consist of lower case alphanumeric characters or '-'"
            yield invalid_value(f"spec.names.{key}", value, text)


def _is_protected(group: str) -> bool:
    return any(group == one or group.endswith(f".{one}") for one in _PROTECTED)


def _versions(versions: list[Obj]) -> Iterator[Cause]:
    found = [one.get("name") for one in versions]
    schemas = [(one.get("schema") or {}).get("openAPIV3Schema") for one in versions]
    shared = all(one == schemas[0] for one in schemas)  # then the server keeps and names it once
    for at, version in enumerate(versions):
        place = f"spec.versions[{at}]"
        if not LABEL.fullmatch(str(version.get("name") or "")):
            yield invalid_value(f"{place}.name", version.get("name", ""), "must be a DNS-1035 label")
        if schemas[at] is None:
            yield required(f"{place}.schema.openAPIV3Schema", "schemas are required")
        elif not shared or not at:
            yield from _root(schemas[at], f"{'spec.validation' if shared else f'{place}.schema'}.openAPIV3Schema")
        for number, column in enumerate(version.get("additionalPrinterColumns") or ()):
            if column.get("type") not in _COLUMNS:
                text = f"must be one of {','.join(_COLUMNS)}"
                yield invalid_value(f"{place}.additionalPrinterColumns[{number}].type", column.get("type", ""), text)
    if len(set(found)) < len(found):
        yield invalid_value("spec.versions", versions, "must contain unique version names")
    if sum(bool(one.get("storage")) for one in versions) != 1:
        yield invalid_value("spec.versions", versions, "must have exactly one version marked as storage version")


def _root(schema: Any, place: str) -> Iterator[Cause]:
    if not isinstance(schema, dict) or schema.get("type") != "object":
        found = schema.get("type", "") if isinstance(schema, dict) else ""
        yield invalid_value(f"{place}.type", found, "must be object at the root")
    yield from _structure(schema, place)


def _structure(schema: Any, place: str) -> Iterator[Cause]:
    """Every field, item and value of a map has a type, or says that it takes anything."""
    if not isinstance(schema, dict):
        return
    kind = schema.get("type")
    if kind and kind not in _TYPES:
        yield status.unsupported_value(f"{place}.type", kind, _TYPES)
    for name, below in (schema.get("properties") or {}).items():
        yield from _typed(below, f"{place}.properties[{name}]", "object fields")
    if isinstance(schema.get("items"), dict):
        yield from _typed(schema["items"], f"{place}.items", "array items")
    if isinstance(schema.get("additionalProperties"), dict):
        yield from _typed(schema["additionalProperties"], f"{place}.additionalProperties", "object fields")


def _typed(schema: Obj, place: str, where: str) -> Iterator[Cause]:
    free = schema.get("x-kubernetes-int-or-string") or schema.get("x-kubernetes-preserve-unknown-fields")
    if not schema.get("type") and not free:
        yield required(f"{place}.type", f"must not be empty for specified {where}")
    yield from _structure(schema, place)


def unchangeable(spec: Obj, was: Obj) -> Iterator[Cause]:
    """What an update of a definition may not change."""
    for key in ("group", "scope"):
        if spec.get(key) != was.get(key):
            yield invalid_value(f"spec.{key}", spec.get(key), "field is immutable")
    for key in ("plural", "kind"):
        now, before = (spec.get("names") or {}).get(key), (was.get("names") or {}).get(key)
        if now != before:
            yield invalid_value(f"spec.names.{key}", now, "field is immutable")
