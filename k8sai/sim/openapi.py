"""The OpenAPI documents, as far as kubectl needs them: which kinds exist, and which parameters their requests take.

Schemas name no fields: this server does not check unknown ones, and `kubectl explain` says so little about a kind.
"""

import hashlib
from typing import Any

from k8sai.sim.discovery import VERSION
from k8sai.sim.kinds import Catalog, Resource
from k8sai.sim.objects import encode

_PARAMETERS = {
    "dryRun": "When present, indicates that modifications should not be persisted; the only value is All.",
    "fieldManager": "A name for the actor that makes the change.",
    "fieldValidation": "What happens to unknown fields: Ignore, Warn or Strict. This server ignores them.",
}
_ACTIONS = {"post": "create", "put": "update", "patch": "patch", "delete": "delete", "get": "get"}


def index(catalog: Catalog) -> dict[str, Any]:
    """The answer of /openapi/v3: a document for each group and version, with its hash."""
    paths = {}
    for path in group_paths(catalog):
        digest = hashlib.sha512(encode(document(catalog, path))).hexdigest().upper()
        paths[path] = {"serverRelativeURL": f"/openapi/v3/{path}?hash={digest}"}
    return {"paths": paths}


def group_paths(catalog: Catalog) -> list[str]:
    """`api/v1`, `apis/apps/v1`, … in the order of the catalog."""
    return list(dict.fromkeys(_prefix(resource) for resource in catalog))


def document(catalog: Catalog, path: str) -> dict[str, Any] | None:
    """The OpenAPI 3 document of one group and version; None where it is not served."""
    served = [resource for resource in catalog if _prefix(resource) == path]
    if not served:
        return None
    paths: dict[str, Any] = {}
    for resource in served:
        paths.update(_paths(resource, v3=True))
    schemas = {_schema_name(resource): _schema(resource) for resource in served}
    info = {"title": "Kubernetes", "version": VERSION["gitVersion"]}
    return {"openapi": "3.0.0", "info": info, "paths": paths, "components": {"schemas": schemas}}


def swagger(catalog: Catalog) -> dict[str, Any]:
    """The OpenAPI 2 document of everything."""
    paths: dict[str, Any] = {}
    for resource in catalog:
        paths.update(_paths(resource, v3=False))
    definitions = {_schema_name(resource): _schema(resource) for resource in catalog}
    info = {"title": "Kubernetes", "version": VERSION["gitVersion"]}
    return {"swagger": "2.0", "info": info, "paths": paths, "definitions": definitions}


def _prefix(resource: Resource) -> str:
    return f"apis/{resource.api_version}" if resource.group else f"api/{resource.version}"


def _schema_name(resource: Resource) -> str:
    group = resource.group.partition(".")[0] or "core"
    return f"io.k8s.api.{group}.{resource.version}.{resource.kind}"


def _gvk(resource: Resource) -> dict[str, str]:
    return {"group": resource.group, "version": resource.version, "kind": resource.kind}


def _schema(resource: Resource) -> dict[str, Any]:
    text = f"{resource.kind} of {resource.api_version}, stored as it is sent."
    fields = {
        "apiVersion": {"type": "string", "description": "The schema version of this object."},
        "kind": {"type": "string", "description": "The kind of this object."},
        "metadata": {
            "type": "object",
            "description": "Standard object metadata.",
            "x-kubernetes-preserve-unknown-fields": True,
        },
        "spec": {"type": "object", "description": "What is wanted.", "x-kubernetes-preserve-unknown-fields": True},
        "status": {"type": "object", "description": "What is.", "x-kubernetes-preserve-unknown-fields": True},
    }
    return {
        "type": "object",
        "description": text,
        "properties": fields,
        "x-kubernetes-group-version-kind": [_gvk(resource)],
        "x-kubernetes-preserve-unknown-fields": True,
    }


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
            "x-kubernetes-group-version-kind": _gvk(resource),
        }
    return operations


def _parameter(name: str, v3: bool) -> dict[str, Any]:
    kind: dict[str, Any] = {"schema": {"type": "string", "uniqueItems": True}} if v3 else {"type": "string"}
    return {"name": name, "in": "query", "description": _PARAMETERS[name], **kind}
