"""OpenAPI schemas of the kinds, made from their shapes: names and types of fields, for `kubectl explain`."""

from typing import Any

from k8sai.sim.fields import shape
from k8sai.sim.kinds import Resource
from k8sai.sim.wire import Field, message_of, messages

_ANY = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
_SCALARS: dict[str, dict[str, Any]] = {
    "s": {"type": "string"},
    "i": {"type": "integer", "format": "int64"},
    "b": {"type": "boolean"},
    "y": {"type": "string", "format": "byte"},
    "q": {"type": "string"},
    "t": {"type": "string", "format": "date-time"},
    "m": {"type": "string", "format": "date-time"},
    "x": {"type": "string", "format": "int-or-string"},
    "r": {"type": "object"},
}
_TEXTS = {
    "apiVersion": "The schema version of this object.",
    "kind": "The kind of this object.",
    "metadata": "Standard object metadata.",
    "spec": "What is wanted.",
    "status": "What is.",
}


def gvk(resource: Resource) -> dict[str, str]:
    """The kind as OpenAPI extensions name it."""
    return {"group": resource.group, "version": resource.version, "kind": resource.kind}


def schemas(resources: tuple[Resource, ...], prefix: str) -> dict[str, Any]:
    """The schemas of some kinds and of all they are made of; `prefix` is where references point to."""
    found: dict[str, Any] = {}
    for resource in resources:
        message = message_of(resource.group, resource.kind)
        known = resource.builtin and message in messages()
        schema = _object(message, prefix, found) if known else _custom(resource)
        head = {"apiVersion": {"type": "string"}, "kind": {"type": "string"}}
        fields = {**head, **(schema.get("properties") or {})}
        described = {key: {"description": _TEXTS.get(key, ""), **value} for key, value in fields.items()}
        group = resource.group.partition(".")[0] or "core"
        found[f"io.k8s.api.{group}.{resource.version}.{resource.kind}"] = {
            **schema,
            "description": f"{resource.kind} of {resource.api_version}.",
            "properties": described,
            "x-kubernetes-group-version-kind": [gvk(resource)],
        }
    return found


def _custom(resource: Resource) -> dict[str, Any]:
    if resource.definition is not None:
        return resource.definition.schema.raw
    return {"type": "object", "properties": {"metadata": _ANY, "spec": _ANY, "status": _ANY}}


def _object(message: str, prefix: str, found: dict[str, Any]) -> dict[str, Any]:
    fields = shape(message)
    return {"type": "object", "properties": {name: _field(field, prefix, found) for name, field in fields.items()}}


def _field(field: Field, prefix: str, found: dict[str, Any]) -> dict[str, Any]:
    one = _SCALARS.get(field.type)
    if one is None:
        name = f"dev.k8sai.sim.{field.type}"
        if name not in found:
            found[name] = {}
            found[name] = {"description": "", **_object(field.type, prefix, found)}
        one = {"$ref": prefix + name}
    if field.repeated:
        return {"type": "array", "items": one}
    if field.mapped:
        return {"type": "object", "additionalProperties": one}
    return {"allOf": [one], "default": {}} if "$ref" in one else dict(one)
