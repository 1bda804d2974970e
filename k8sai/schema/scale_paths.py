"""The fields that the scale subresource of a custom kind reads and writes, by their paths: `.spec.replicas`.

Source: apiextensions-apiserver `pkg/registry/customresource/validator.go`.
"""

from collections.abc import Iterator
from typing import Any

from k8sai.schema.problems import Problem, invalid, plain

Json = dict[str, Any]

_MOST = (1 << 31) - 1
_GO_TYPES = {bool: "bool", int: "int64", float: "float64", str: "string", list: "[]interface {}"}


class Mistyped(Exception):
    """A field on the way, or at the end, is of another type. The message is the server's."""


def at(obj: Any, path: str) -> Any:
    """The value at a path of fields; None where there is none. Raises Mistyped."""
    fields = path.removeprefix(".").split(".")
    for number_, name in enumerate(fields):
        if obj is None:
            return None
        if not isinstance(obj, dict):
            raise _mistyped(fields[: number_ + 1], obj, "map[string]interface{}")
        obj = obj.get(name)
    return obj


def scale_problems(scale: Json | None, obj: Json) -> Iterator[Problem]:
    """What is wrong with the numbers of replicas and the selector of an object."""
    if scale is None:
        return
    for key in ("specReplicasPath", "statusReplicasPath"):
        yield from _replicas(str(scale.get(key) or ""), obj)
    path = scale.get("labelSelectorPath")
    if path:
        try:
            found = at(obj, path)
            if found is not None and not isinstance(found, str):
                raise _mistyped(path.removeprefix(".").split("."), found, "string")
        except Mistyped as wrong:
            yield invalid(path, "", str(wrong))


def _replicas(path: str, obj: Json) -> Iterator[Problem]:
    try:
        found = at(obj, path)
        if found is not None and (not isinstance(found, int) or isinstance(found, bool)):
            raise _mistyped(path.removeprefix(".").split("."), found, "int64")
    except Mistyped as wrong:
        yield invalid(path, 0, str(wrong))
        return
    if found is not None and found < 0:
        yield invalid(path, found, "should be a non-negative integer")
    elif found is not None and found > _MOST:
        yield invalid(path, found, f"should be less than or equal to {_MOST}")


def _mistyped(fields: list[str], value: Any, wanted: str) -> Mistyped:
    kind = _GO_TYPES.get(type(value), "map[string]interface {}")
    return Mistyped(f".{'.'.join(fields)} accessor error: {plain(value)} is of the type {kind}, expected {wanted}")
