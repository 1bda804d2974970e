"""Whether an applied configuration fits the shape of its kind: declared fields, right types, items told apart.

Server-side apply reads a body more strictly than other writes do. Source: structured-merge-diff v6,
`typed/validate.go`.
"""

from collections.abc import Iterator
from typing import Any

from k8sai.schema.elements import BadItem, field_step, item_step, step_text
from k8sai.schema.lists import METADATA, Custom, Shape
from k8sai.schema.structural import Structural
from k8sai.sim.fields import shape as fields_of_message
from k8sai.sim.kinds import Resource
from k8sai.sim.objects import Obj
from k8sai.sim.status import ApiFailure
from k8sai.sim.wire import Field, message_of, messages

_HEAD = ("apiVersion", "kind")
_HOLDERS = ("PersistentVolumeClaim",)  # embedded elsewhere with apiVersion and kind of its own
_SCALARS: dict[str, tuple[tuple[type, ...], str]] = {
    "s": ((str,), "string"),
    "y": ((str,), "string"),
    "i": ((int, float), "numeric (int or float)"),
    "b": ((bool,), "boolean"),
    "q": ((str, int, float), "any scalar"),
    "t": ((str,), "any scalar"),
    "m": ((str,), "any scalar"),
    "x": ((str, int), "any scalar"),
}
_LETTERS = {("string", ""): "s", ("string", "date-time"): "", ("boolean", ""): "b", ("integer", ""): "i"}
_LETTERS |= {("number", ""): "i"}
_CONTAINERS: dict[str, tuple[type, str]] = {"object": (dict, "map"), "array": (list, "list")}
_GO_TYPES = {str: "string", bool: "bool", int: "int64", float: "float64"}


def check_declared(resource: Resource, config: Obj, shape: Shape) -> None:
    """ApiFailure 500 for a configuration that does not fit."""
    message = message_of(resource.group, resource.kind)
    known = message if resource.builtin and message in messages() else ""
    whole = shape.rest if isinstance(shape, Custom) and isinstance(shape.rest, Structural) else shape
    found = list(_of_map(known, config, whole, _HEAD))
    if not found:
        return
    meta = config.get("metadata")
    place = f"{(meta or {}).get('namespace', '')}/{(meta or {}).get('name', '')}" if isinstance(meta, dict) else "/"
    kind = f"{resource.group}/{resource.version}" if resource.group else f"/{resource.version}"
    said = found[0] if len(found) == 1 else "errors:\n  " + "\n  ".join(found)
    text = f"failed to create typed patch object ({place}; {kind}, Kind={resource.kind}): {said}"
    raise ApiFailure(500, "", text)


def _of_map(message: str, value: Obj, shape: Shape, head: tuple[str, ...] = ()) -> Iterator[str]:
    """What is wrong in a struct of a message; of a map, or of a custom object, where there is no message."""
    fields = fields_of_message(message) if message else {}
    for name, one in value.items():
        step = step_text(field_step(name))
        if isinstance(shape, Structural) and shape.embedded and name in (*_HEAD, "metadata"):
            if name == "metadata" and one is not None:
                yield from (step + text for text in _of_value("ObjectMeta", one, METADATA))
            continue
        field = fields.get(name)
        unknown = message and name not in head if field is None else False
        if unknown or (isinstance(shape, Structural) and shape.closed and not shape.named(name)):
            yield f"{step}: field not declared in schema"
            return
        if one is not None:
            yield from (step + text for text in _of_field(field, one, shape.field(name)))


def _of_field(field: Field | None, value: Any, shape: Shape) -> Iterator[str]:
    if field is None:
        yield from _of_value("", value, shape)
    elif field.mapped:
        if not isinstance(value, dict):
            yield f": expected map, got {_go(value)}"
            return
        for name, one in value.items():
            if one is not None:
                yield from (step_text(field_step(name)) + t for t in _of_value(field.type, one, shape.field(name)))
    elif field.repeated:
        if not isinstance(value, list):
            yield f": expected list, got {_go(value)}"
            return
        yield from _of_list(field.type, value, shape)
    else:
        yield from _of_value(field.type, value, shape)


def _of_value(kind: str, value: Any, shape: Shape) -> Iterator[str]:
    """`kind` is a scalar's letter, a message, or empty where nothing is known but what the schema says."""
    if not kind and isinstance(shape, Structural):
        kind = _LETTERS.get((shape.type, str(shape.raw.get("format") or "")), _LETTERS.get((shape.type, ""), ""))
        wrong = _CONTAINERS.get(shape.type)
        if wrong is not None and not isinstance(value, wrong[0]):
            yield f": expected {wrong[1]}, got {_go(value)}"
            return
    if kind in _SCALARS:
        types, name = _SCALARS[kind]
        if not isinstance(value, types) or (isinstance(value, bool) and kind in "ixq"):
            shown = _GO_TYPES.get(type(value), "[]interface {}") if kind == "i" else _go(value)
            if name == "string":
                shown = f"&value.valueUnstructured{{Value:{_syntax(value)}}}"
            yield f": expected {name}, got {shown}"
    elif kind and kind != "r" and kind in messages():
        if isinstance(value, dict):
            yield from _of_map(kind, value, shape, _HEAD if kind in _HOLDERS else ())
        else:
            yield f": expected map, got {_go(value)}"
    elif isinstance(value, dict):
        yield from _of_map("", value, shape)
    elif isinstance(value, list):
        yield from _of_list("", value, shape)


def _of_list(kind: str, items: list[Any], shape: Shape) -> Iterator[str]:
    seen: set[str] = set()
    for at, item in enumerate(items):
        step = f"i:{at}"
        if shape.list_type != "atomic":
            try:
                step = item_step(shape, item)
            except BadItem as bad:
                yield f": element {at}: {bad}"
                return
            if step in seen:
                yield f": duplicate entries for key {step_text(step)}"
            seen.add(step)
        if item is not None:
            yield from (step_text(step) + text for text in _of_value(kind, item, shape.item()))


def _go(value: Any) -> str:
    """A value as Go prints one that it wrapped."""
    return f"&{{{_plain(value)}}}"


def _syntax(value: Any) -> str:
    """A value as Go source writes it."""
    if isinstance(value, dict):
        return "map[string]interface {}{" + ", ".join(f'"{k}":{_syntax(value[k])}' for k in sorted(value)) + "}"
    if isinstance(value, list):
        return "[]interface {}{" + ", ".join(_syntax(one) for one in value) + "}"
    return f'"{value}"' if isinstance(value, str) else _plain(value)


def _plain(value: Any) -> str:
    if isinstance(value, dict):
        return "map[" + " ".join(f"{key}:{_plain(value[key])}" for key in sorted(value)) + "]"
    if isinstance(value, list):
        return "[" + " ".join(_plain(one) for one in value) + "]"
    return str(value).lower() if isinstance(value, bool) else str(value)
