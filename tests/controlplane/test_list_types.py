"""The table of list types against what a real kube-apiserver says of its kinds."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from k8sai.schema.lists import Shape, shape_of
from k8sai.sim.kinds import BUILTIN, Resource
from tests.contract.api import Api, Json

pytestmark = pytest.mark.controlplane

# In pod templates of custom kinds these are whole; nobody shares them, and one table of pods is enough.
_OF_TEMPLATES = (".metadata.finalizers", ".volumes[].configMap")
_FREE = ("RawExtension", "FieldsV1", "JSON", "JSONSchemaProps")  # looked at no deeper: nothing is declared in them


class Documents:
    """The OpenAPI 3 documents of one server."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._schemas: dict[str, Json] = {}

    def kind(self, resource: Resource) -> str | None:
        """The name of a kind's schema; None where the server does not serve it."""
        path = f"apis/{resource.api_version}" if resource.group else f"api/{resource.version}"
        answer = self._api.get(f"/openapi/v3/{path}")
        if answer.status == 404:
            return None
        schemas = answer.ok()["components"]["schemas"]
        self._schemas.update(schemas)
        wanted = {"group": resource.group, "version": resource.version, "kind": resource.kind}
        return next((n for n, s in schemas.items() if wanted in s.get("x-kubernetes-group-version-kind", ())), None)

    def schema(self, name: str) -> Json:
        return self._schemas[name]


def _reference(schema: Json) -> str:
    """The schema that this one points to, or nothing."""
    one = schema["allOf"][0] if len(schema.get("allOf", ())) == 1 else schema
    return str(one.get("$ref", "")).rpartition("/")[2]


def _list_type(schema: Json) -> tuple[str, tuple[str, ...]]:
    """As the server reads it: older types say it with the strategy of strategic merge patches."""
    if "x-kubernetes-list-type" in schema:
        return schema["x-kubernetes-list-type"], tuple(schema.get("x-kubernetes-list-map-keys", ()))
    if schema.get("x-kubernetes-patch-strategy", "").startswith("merge"):
        key = schema.get("x-kubernetes-patch-merge-key")
        return ("map", (key,)) if key else ("set", ())
    return "atomic", ()


def _differences(documents: Documents, name: str, shape: Shape, path: str, seen: set[Any]) -> Iterator[str]:
    if (name, shape) in seen or name.rpartition(".")[2] in _FREE:
        return
    seen.add((name, shape))
    yield from _inside(documents, documents.schema(name), shape, path, seen)


def _inside(documents: Documents, schema: Json, shape: Shape, path: str, seen: set[Any]) -> Iterator[str]:
    for field, below in schema.get("properties", {}).items():
        yield from _of_value(documents, below, shape.field(field), f"{path}.{field}", seen)


def _of_value(documents: Documents, schema: Json, shape: Shape, path: str, seen: set[Any]) -> Iterator[str]:
    reference = _reference(schema)
    if schema.get("type") == "array":
        yield from _of_list(documents, schema, shape, path, seen)
        return
    if shape.list_type != "atomic":
        yield f"{path}: a list in the table, none in the server"
        return
    target = documents.schema(reference) if reference else {}
    atomic = "atomic" in (schema.get("x-kubernetes-map-type"), target.get("x-kubernetes-map-type"))
    if reference.endswith(".RawExtension"):
        atomic = True
    if shape.atomic != atomic:
        yield f"{path}: atomic is {shape.atomic} in the table, {atomic} in the server"
    elif "properties" in schema and not atomic:
        yield from _inside(documents, schema, shape, path, seen)
    elif reference and not atomic:
        yield from _differences(documents, reference, shape, path, seen)
    elif isinstance(values := schema.get("additionalProperties"), dict) and (inner := _reference(values)):
        assert documents.schema(inner).get("type") != "object", f"{path}: a map of structs, which no shape can tell"


def _of_list(documents: Documents, schema: Json, shape: Shape, path: str, seen: set[Any]) -> Iterator[str]:
    said = _list_type(schema)
    if (shape.list_type, shape.keys) != said:
        yield f"{path}: {shape.list_type}{shape.keys} in the table, {said} in the server"
        return
    if said[0] != "map":
        return
    name = _reference(schema["items"])
    item = documents.schema(name) if name else schema["items"]
    whole = item.get("x-kubernetes-map-type") == "atomic"
    if shape.item().atomic != whole:
        yield f"{path}[]: atomic is {shape.item().atomic} in the table, {whole} in the server"
    for key in said[1]:
        default = item["properties"][key].get("default")
        if (shape.key_default(key) or None) != (default or None):
            yield f"{path}: key {key} is {shape.key_default(key)!r} in the table, {default!r} in the server"
    if whole:
        return
    if name:
        yield from _differences(documents, name, shape.item(), f"{path}[]", seen)
    else:
        yield from _inside(documents, item, shape.item(), f"{path}[]", seen)


def _of_kind(api: Api, resource: Resource) -> list[str]:
    documents = Documents(api)
    name = documents.kind(resource)
    assert name is not None, f"{resource.title} is not served"
    shape = shape_of(resource.api_version, resource.kind)
    return list(_differences(documents, name, shape, resource.kind, set()))


@pytest.mark.parametrize("resource", [r for r in BUILTIN if r.builtin], ids=lambda r: f"{r.api_version}-{r.kind}")
def test_every_list_is_merged_as_the_server_does(api: Api, resource: Resource) -> None:
    assert _of_kind(api, resource) == []


def test_every_list_of_jobset_and_kueue_is_merged_as_the_server_does(api: Api, addon: Callable[..., None]) -> None:
    addon("jobset", "kueue")
    found = [_of_kind(api, r) for r in BUILTIN if r.group in ("jobset.x-k8s.io", "kueue.x-k8s.io")]
    places = {line.partition(": ")[0] for lines in found for line in lines}
    assert {place for place in places if not place.endswith(_OF_TEMPLATES)} == set()
