"""The OpenAPI documents, as far as kubectl needs them: which kinds exist, and which parameters their requests take."""

import hashlib
from functools import lru_cache
from typing import Any

from k8sai.sim.discovery import VERSION
from k8sai.sim.kinds import Catalog, Resource
from k8sai.sim.objects import encode
from k8sai.sim.schemas import gvk, schemas

_PARAMETERS = {
    "dryRun": "When present, indicates that modifications should not be persisted; the only value is All.",
    "fieldManager": "A name for the actor that makes the change.",
    "fieldValidation": "What happens to unknown fields: Ignore, Warn or Strict.",
}
_INFO = {"title": "Kubernetes", "version": VERSION["gitVersion"]}
SWAGGER_PROTOBUF = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf"
SWAGGER_PROTOBUF_OLD = SWAGGER_PROTOBUF.replace("v2.", "v2@")  # no valid media type, but what kubectl asks for
_ACTIONS = {"post": "create", "put": "update", "patch": "patch", "delete": "delete", "get": "get"}


def index(catalog: Catalog) -> dict[str, Any]:
    """The answer of /openapi/v3: a document for each group and version, with its hash."""
    paths = {}
    for path in dict.fromkeys(_prefix(resource) for resource in catalog):
        paths[path] = {"serverRelativeURL": f"/openapi/v3/{path}?hash={_digest(_served(catalog, path))}"}
    return {"paths": paths}


def document(catalog: Catalog, path: str) -> dict[str, Any] | None:
    """The OpenAPI 3 document of one group and version; None where it is not served."""
    served = _served(catalog, path)
    return _document(served) if served else None


def swagger(catalog: Catalog) -> dict[str, Any]:
    """The OpenAPI 2 document of everything."""
    paths: dict[str, Any] = {}
    for resource in catalog:
        paths.update(_paths(resource, v3=False))
    definitions = schemas(tuple(catalog), "#/definitions/")
    return {"swagger": "2.0", "info": _INFO, "paths": paths, "definitions": definitions}


def swagger_protobuf() -> bytes:
    """An OpenAPI 2 document in protobuf, of no kinds.

    kubectl reads it to find out about kinds that the OpenAPI 3 documents do not have: there are none.
    Source: gnostic `openapiv2/OpenAPIv2.proto`: Document.swagger 1, .info 2; Info.title 1, .version 2.
    """
    info = _text(1, _INFO["title"]) + _text(2, _INFO["version"])
    return _text(1, "2.0") + b"\x12" + bytes([len(info)]) + info


def _text(number: int, text: str) -> bytes:
    return bytes([number << 3 | 2, len(text)]) + text.encode()


def _served(catalog: Catalog, path: str) -> tuple[Resource, ...]:
    return tuple(resource for resource in catalog if _prefix(resource) == path)


@lru_cache(maxsize=1024)
def _document(served: tuple[Resource, ...]) -> dict[str, Any]:
    paths: dict[str, Any] = {}
    for resource in served:
        paths.update(_paths(resource, v3=True))
    components = {"schemas": schemas(served, "#/components/schemas/")}
    return {"openapi": "3.0.0", "info": _INFO, "paths": paths, "components": components}


@lru_cache(maxsize=1024)
def _digest(served: tuple[Resource, ...]) -> str:
    return hashlib.sha512(encode(_document(served))).hexdigest().upper()


def _prefix(resource: Resource) -> str:
    return f"apis/{resource.api_version}" if resource.group else f"api/{resource.version}"


def _paths(resource: Resource, v3: bool) -> dict[str, Any]:
    base = f"/{_prefix(resource)}/{'namespaces/{namespace}/' if resource.namespaced else ''}{resource.plural}"
    found = {base: _operations(resource, ("get", "post", "delete"), v3)}
    if "get" in resource.verbs:
        found[f"{base}/{{name}}"] = _operations(resource, ("get", "put", "patch", "delete"), v3)
    return found


def _operations(resource: Resource, methods: tuple[str, ...], v3: bool) -> dict[str, Any]:
    operations: dict[str, Any] = {}
    for method in methods:
        writes = method in ("post", "put", "patch")
        names = [name for name in _PARAMETERS if writes or (name == "dryRun" and method == "delete")]
        operations[method] = {
            "operationId": f"{method}{resource.group.title().replace('.', '')}{resource.version}{resource.kind}",
            "parameters": [_parameter(name, v3) for name in names],
            "responses": {"200": {"description": "OK"}},
            "x-kubernetes-action": _ACTIONS[method],
            "x-kubernetes-group-version-kind": gvk(resource),
        }
    return operations


def _parameter(name: str, v3: bool) -> dict[str, Any]:
    kind: dict[str, Any] = {"schema": {"type": "string", "uniqueItems": True}} if v3 else {"type": "string"}
    return {"name": name, "in": "query", "description": _PARAMETERS[name], **kind}
