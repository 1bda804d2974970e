"""An HTTPRoute as GitOps tools keep it, and what they are told to ignore."""

from typing import Any

import pytest

from k8sai.canary.checks import gitops_fields
from k8sai.canary.checks.gitops import insist
from k8sai.cluster.reading import Reading
from k8sai.errors import Refused
from tests.why.cluster import Held

Json = dict[str, Any]
TRACKING = "argocd.argoproj.io/tracking-id"


def route(labels: Json | None = None, annotations: Json | None = None, fields: list[Json] | None = None) -> Json:
    refs = [{"name": "chat-v1", "weight": 90}, {"name": "chat-v2", "weight": 10}]
    meta = {"name": "chat", "namespace": "prod", "labels": labels or {}, "annotations": annotations or {}}
    return {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "HTTPRoute",
        "metadata": {**meta, "managedFields": fields or []},
        "spec": {"rules": [{"backendRefs": refs}]},
    }


def entry(manager: str, fields: Json, at: str = "2026-11-03T12:00:00Z", **more: str) -> Json:
    found = {"manager": manager, "operation": "Update", "time": at, "fieldsType": "FieldsV1", "fieldsV1": fields}
    return {**found, **more}


def tracked() -> Json:
    return route(annotations={TRACKING: "chat:gateway.networking.k8s.io/HTTPRoute:prod/chat"})


def application(ignores: list[Json] | None = None, options: tuple[str, ...] = (gitops_fields.RESPECT,)) -> Json:
    spec: Json = {"ignoreDifferences": ignores or [], "syncPolicy": {"syncOptions": list(options), "automated": {}}}
    meta = {"name": "chat", "namespace": "argocd"}
    return {"apiVersion": "argoproj.io/v1alpha1", "kind": "Application", "metadata": meta, "spec": spec}


def flux(kind: str, group: str, spec: Json) -> Json:
    meta = {"name": "models", "namespace": "flux-system"}
    return {"apiVersion": f"{group}/v1", "kind": kind, "metadata": meta, "spec": spec}


def reading(*objects: Json, denied: tuple[str, ...] = (), served: tuple[str, ...] = ()) -> Reading:
    return Reading(Held(objects, denied, served))


def refused(target: Json, read: Reading) -> Refused:
    with pytest.raises(Refused) as caught:
        insist("httproute/chat", target, "httproute", read)
    return caught.value
