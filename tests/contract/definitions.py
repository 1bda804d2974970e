"""A CustomResourceDefinition that has something of everything, and objects of its kind."""

import time
from itertools import count
from typing import Any

from tests.contract.api import Api, Json

CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
_numbers = count(1)

SPEC: Json = {
    "type": "object",
    "required": ["model"],
    "properties": {
        "model": {"type": "string", "minLength": 2, "maxLength": 20, "pattern": "^[a-z][a-z0-9-]*$"},
        "replicas": {"type": "integer", "format": "int32", "minimum": 0, "maximum": 8, "default": 1},
        "most": {"type": "integer"},
        "precision": {"type": "string", "enum": ["bf16", "fp8"], "default": "bf16"},
        "share": {"type": "number", "exclusiveMinimum": True, "minimum": 0, "maximum": 1},
        "size": {"x-kubernetes-int-or-string": True, "anyOf": [{"type": "integer"}, {"type": "string"}]},
        "started": {"type": "string", "format": "date-time"},
        "note": {"type": "string", "nullable": True},
        "labels": {"type": "object", "additionalProperties": {"type": "string"}, "maxProperties": 2},
        "anything": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
        "object": {
            "type": "object",
            "x-kubernetes-embedded-resource": True,
            "x-kubernetes-preserve-unknown-fields": True,
        },
        "zones": {"type": "array", "x-kubernetes-list-type": "set", "items": {"type": "string"}, "maxItems": 3},
        "shards": {
            "type": "array",
            "x-kubernetes-list-type": "map",
            "x-kubernetes-list-map-keys": ["name"],
            "maxItems": 9,
            "items": {
                "type": "object",
                "required": ["name"],
                "properties": {
                    "name": {"type": "string"},
                    "rank": {
                        "type": "integer",
                        "x-kubernetes-validations": [{"rule": "self >= oldSelf", "message": "a rank never falls"}],
                    },
                },
            },
        },
        "source": {
            "type": "object",
            "properties": {"url": {"type": "string"}, "claim": {"type": "string"}},
            "oneOf": [{"required": ["url"]}, {"required": ["claim"]}],
        },
        "fixed": {
            "type": "string",
            "x-kubernetes-validations": [{"rule": "self == oldSelf", "message": "fixed is immutable"}],
        },
    },
    "x-kubernetes-validations": [
        {
            "rule": "!has(self.most) || self.replicas <= self.most",
            "message": "replicas must not be above most",
            "fieldPath": ".replicas",
        },
        {
            "rule": "!has(self.zones) || self.zones.all(z, z.startsWith('eu-'))",
            "messageExpression": "'not in Europe: ' + self.zones[0]",
            "reason": "FieldValueForbidden",
        },
    ],
}
STATUS: Json = {
    "type": "object",
    "properties": {
        "replicas": {"type": "integer"},
        "selector": {"type": "string"},
        "conditions": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["type", "status"],
                "properties": {"type": {"type": "string"}, "status": {"type": "string"}},
            },
        },
    },
}
COLUMNS = [
    {"name": "Model", "type": "string", "jsonPath": ".spec.model"},
    {"name": "Replicas", "type": "integer", "jsonPath": ".spec.replicas", "description": "How many are wanted"},
    {"name": "Ready", "type": "string", "jsonPath": '.status.conditions[?(@.type=="Ready")].status'},
    {"name": "Zones", "type": "string", "jsonPath": ".spec.zones", "priority": 1},
    {"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"},
]


def group() -> str:
    """A group that no other test has."""
    return f"g{next(_numbers)}.contract.k8sai.dev"


def definition(of: str, plural: str = "models", kind: str = "Model", **spec: Any) -> Json:
    """A namespaced kind with a status, a scale and columns."""
    schema = {"type": "object", "properties": {"spec": SPEC, "status": STATUS}, "required": ["spec"]}
    scale = {
        "specReplicasPath": ".spec.replicas",
        "statusReplicasPath": ".status.replicas",
        "labelSelectorPath": ".status.selector",
    }
    version = {
        "name": "v1",
        "served": True,
        "storage": True,
        "schema": {"openAPIV3Schema": schema},
        "subresources": {"status": {}, "scale": scale},
        "additionalPrinterColumns": COLUMNS,
        "selectableFields": [{"jsonPath": ".spec.precision"}],
    }
    names = {"plural": plural, "kind": kind, "shortNames": [f"{plural[:3]}x"], "categories": ["all"]}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{of}"},
        "spec": {"group": of, "scope": "Namespaced", "names": names, "versions": [version], **spec},
    }


def define(api: Api, crd: Json) -> str:
    """Create it and wait until its objects can be written; the path of its group and storage version."""
    until_ended(api, crd["metadata"]["name"])
    api.post(CRDS, crd).ok()
    return established(api, crd)


def until_ended(api: Api, name: str) -> None:
    """One that another test has deleted is there until its objects are gone."""
    if "deletionTimestamp" in (api.get(f"{CRDS}/{name}").body.get("metadata") or {}):
        api.until_gone(f"{CRDS}/{name}")


def established(api: Api, crd: Json) -> str:
    """Wait until it is served in all its versions; the path of its group and storage version."""
    name, spec = crd["metadata"]["name"], crd["spec"]
    api.until_object(f"{CRDS}/{name}", lambda obj: _established(obj))
    for version in spec["versions"]:
        if version["served"]:
            _until_answered(api, f"/apis/{spec['group']}/{version['name']}/{spec['names']['plural']}?limit=1")
    stored = next(version["name"] for version in spec["versions"] if version["storage"])
    return f"/apis/{spec['group']}/{stored}"


def _until_answered(api: Api, path: str) -> None:
    """A definition is Established a moment before its objects can be listed, and nobody tells when."""
    end = time.monotonic() + 60
    while not api.answers(path):
        assert time.monotonic() < end, path


def _established(obj: Json) -> bool:
    conditions = (obj.get("status") or {}).get("conditions") or ()
    return any(one["type"] == "Established" and one["status"] == "True" for one in conditions)


def model(of: str, name: str = "m", version: str = "v1", kind: str = "Model", **spec: Any) -> Json:
    """An object of the kind."""
    return {
        "apiVersion": f"{of}/{version}",
        "kind": kind,
        "metadata": {"name": name},
        "spec": {"model": "qwen3", **spec},
    }
