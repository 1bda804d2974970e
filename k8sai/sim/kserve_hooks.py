"""KServe's webhooks as far as canaries go: what they refuse in an InferenceService and in an LLMInferenceService, and
the label that they put on a member of a routing group.

Source: KServe 0.20, pkg/apis/serving: v1beta1/inference_service_validation.go,
v1alpha2/llm_inference_service_validation.go and llm_inference_service_defaults.go.
"""

from collections.abc import Iterator
from typing import Final

from k8sai.sim.controllers.kserve_predictor import GROUP, MODE, model_of
from k8sai.sim.kinds import Resource
from k8sai.sim.objects import Obj
from k8sai.sim.status import ApiFailure

ROUTING_GROUP: Final = f"{GROUP}/routing-group"
_NOT_IN_CANARIES: Final = ("maxReplicas", "scaleTarget", "scaleMetric", "autoScaling")


def fill(resource: Resource, obj: Obj) -> None:
    """Complete an object in place: the names of modes that are no longer used, and the label of a group."""
    if resource.group != GROUP:
        return
    meta = obj["metadata"]
    if resource.kind == "InferenceService":
        notes = meta.get("annotations") or {}
        modern = {"RawDeployment": "Standard", "Serverless": "Knative"}.get(notes.get(MODE, ""))
        if modern:
            meta["annotations"] = {**notes, MODE: modern}
    elif resource.kind == "LLMInferenceService":
        group = (((obj.get("spec") or {}).get("router") or {}).get("route") or {}).get("group")
        kept = {key: value for key, value in (meta.get("labels") or {}).items() if key != ROUTING_GROUP}
        marks = {**kept, ROUTING_GROUP: group} if group else kept
        if marks != (meta.get("labels") or {}):
            meta["labels"] = marks


def check(resource: Resource, new: Obj, old: Obj | None = None) -> None:
    """ApiFailure 403 in the words of its webhook."""
    if resource.group != GROUP:
        return
    if resource.kind == "InferenceService":
        hook, found = "inferenceservice.kserve-webhook-server.validator", _inference(new, old)
    else:
        hook, found = "llminferenceservice.kserve-webhook-server.v1alpha2.validator", _llm(new)
    refused = next(found, "")
    if refused:
        raise ApiFailure(403, "Forbidden", f'admission webhook "{hook}" denied the request: {refused}')


def _inference(new: Obj, old: Obj | None) -> Iterator[str]:
    spec = new.get("spec") or {}
    if old is not None:
        yield from _renamed(spec["predictor"], old["spec"]["predictor"])
    least, most = spec["predictor"].get("minReplicas", 1), spec["predictor"].get("maxReplicas") or 0
    if most and least > most:
        yield "MinReplicas cannot be greater than MaxReplicas."
    listed = spec.get("canary") or []
    if listed and (new["metadata"].get("annotations") or {}).get(MODE) != "Standard":
        yield "canary is only supported in Standard deployment mode"
    names = [spec["predictor"].get("name")]
    for at, one in enumerate(listed):
        yield from _canary(at, one, names, least)
        names.append(one["predictor"].get("name"))
    whole = sum(int(one.get("trafficPercent") or 0) for one in listed)
    if whole > 100:
        yield f"sum of canary trafficPercent values ({whole}) must be <= 100"


def _renamed(predictor: Obj, was: Obj) -> Iterator[str]:
    same = model_of(predictor).get("storageUri", "") == model_of(was).get("storageUri", "")
    if predictor.get("name") != was.get("name") and same:
        yield "predictor.name change requires a model change (e.g. storageUri)"


def _canary(at: int, entry: Obj, names: list[str | None], stable: int) -> Iterator[str]:
    predictor = entry.get("predictor") or {}
    name, percent, least = predictor.get("name"), entry.get("trafficPercent") or 0, predictor.get("minReplicas") or 0
    if not name:
        yield f"canary[{at}] predictor.name is required"
    if name in names[1:]:
        yield f'canary predictor.name "{name}" is duplicated'
    if name == names[0]:
        yield f'canary predictor.name "{name}" conflicts with stable predictor name'
    if not 0 <= percent <= 100:
        yield f'canary "{name}" trafficPercent must be between 0 and 100, got {percent}'
    if predictor.get("workerSpec"):
        yield f'canary "{name}" must not set workerSpec (multi-node is not yet supported for canary)'
    for key in _NOT_IN_CANARIES:
        if predictor.get(key):
            yield f'canary "{name}" must not set {key} (canary uses fixed replicas)'
    if least > stable:
        yield f'canary "{name}" minReplicas ({least}) must not exceed stable predictor minReplicas ({stable})'


def _llm(new: Obj) -> Iterator[str]:
    router = (new.get("spec") or {}).get("router") or {}
    route = router.get("route") or {}
    group, weight = route.get("group"), route.get("weight")
    if group is None and weight is None:
        return
    where = "spec.router.route"
    if router.get("ingress") is not None:
        why = "traffic splitting requires Gateway API routing; the controller manages HTTPRoutes, not Ingress resources"
        yield f'{where}.group: Invalid value: "{group or ""}": {why}'
    if group is None:
        yield f"{where}.group: Required value: weight requires group"
    if weight is None:
        yield f"{where}.weight: Required value: group requires weight"
    if (route.get("http") or {}).get("refs"):
        why = "controller-managed routes (route.http.spec or route.http: {}) are required"
        said = f"traffic splitting cannot be used with custom HTTPRoute refs; {why}"
        yield f'{where}.group: Invalid value: "{group}": {said}'
