"""What KServe makes of an LLMInferenceService on single nodes: Deployments, a Service, an InferencePool, an HTTPRoute.

Base configurations are not merged in: what is not in the object itself is not there.
https://github.com/kserve/kserve/tree/v0.20.0/pkg/controller/v1alpha2/llmisvc
"""

from typing import Final

from k8sai.sim import kinds
from k8sai.sim.controllers.desk import own
from k8sai.sim.controllers.kserve_predictor import GROUP, STOP
from k8sai.sim.controllers.kserve_standard_parts import GATEWAY
from k8sai.sim.objects import Obj

SERVICES: Final = kinds.find(GROUP, "llminferenceservices")
HEADER: Final = "x-gateway-model-name"
_PORT: Final = 8000
_MAIN: Final = {"name": "main", "image": "vllm/vllm-openai:latest"}


def route_of(service: Obj) -> Obj | None:
    """`spec.router.route`; None where it has none."""
    found: Obj | None = (service["spec"].get("router") or {}).get("route")
    return found


def group_of(service: Obj) -> str | None:
    """The routing group it is in."""
    return (route_of(service) or {}).get("group")


def stopped(service: Obj) -> bool:
    """It was told to give its pods back."""
    return str((service["metadata"].get("annotations") or {}).get(STOP, "")).lower() == "true"


def model_names(service: Obj) -> list[str]:
    """The name it serves its model by, and those of its adapters."""
    model = service["spec"].get("model") or {}
    adapters = [one["name"] for one in (model.get("lora") or {}).get("adapters") or () if one.get("name")]
    return sorted({model.get("name") or service["metadata"]["name"], *adapters})


def deployments(service: Obj) -> dict[str, Obj]:
    """The main one and, where it is disaggregated, the one that prefills; by their word in the status."""
    spec = service["spec"]
    found = {"primary": _deployment(service, "", spec, "decode" if spec.get("prefill") else "both")}
    if spec.get("prefill"):
        found["prefill"] = _deployment(service, "-prefill", spec["prefill"], "prefill")
    return found


def _deployment(service: Obj, suffix: str, workload: Obj, role: str) -> Obj:
    meta = service["metadata"]
    marks = {
        "app.kubernetes.io/component": f"llminferenceservice-workload{suffix}",
        "app.kubernetes.io/name": meta["name"],
        "app.kubernetes.io/part-of": "llminferenceservice",
        "kserve.io/component": "workload",
        "llm-d.ai/role": role,
    }
    template = workload.get("template") or {"containers": [dict(_MAIN)]}
    spec: Obj = {
        "selector": {"matchLabels": marks},
        "template": {"metadata": {"labels": {**marks, **(workload.get("labels") or {})}}, "spec": template},
    }
    if workload.get("replicas") is not None:
        spec["replicas"] = workload["replicas"]
    return {"metadata": _meta(service, f"{meta['name']}-kserve{suffix}", marks), "spec": spec}


def front(service: Obj) -> Obj:
    """The Service of its workload."""
    name = service["metadata"]["name"]
    selector = {"app.kubernetes.io/name": name, "kserve.io/component": "workload"}
    spec = {"selector": selector, "ports": [{"name": "https", "port": _PORT, "targetPort": _PORT, "protocol": "TCP"}]}
    return {"metadata": _meta(service, f"{name}-kserve-workload-svc", {}), "spec": spec}


def pool(service: Obj) -> Obj | None:
    """Its InferencePool, where it has a scheduler of KServe's."""
    if (service["spec"].get("router") or {}).get("scheduler") is None:
        return None
    name = service["metadata"]["name"]
    selector = {"matchLabels": {"app.kubernetes.io/name": name, "kserve.io/component": "workload"}}
    picker = {"name": f"{name}-epp-service", "port": {"number": 9002}}
    spec = {"selector": selector, "targetPorts": [{"number": _PORT}], "endpointPickerRef": picker}
    return {"metadata": _meta(service, f"{name}-inference-pool", {}), "spec": spec}


def backend(service: Obj) -> Obj:
    """Where its requests go."""
    name = service["metadata"]["name"]
    if pool(service) is not None:
        group = "inference.networking.k8s.io"
        return {"group": group, "kind": "InferencePool", "name": f"{name}-inference-pool", "port": _PORT}
    return {"kind": "Service", "name": f"{name}-kserve-workload-svc", "port": _PORT}


def http_route(service: Obj, members: list[Obj]) -> Obj:
    """Its own path goes to itself alone; requests that name the model are shared by the group's members."""
    meta = service["metadata"]
    name, namespace = meta["name"], meta["namespace"]
    gateway = {"group": "gateway.networking.k8s.io", "kind": "Gateway", "namespace": GATEWAY[0], "name": GATEWAY[1]}
    mine = {**backend(service), "weight": 1}
    shared = [{**backend(one), "weight": weight_of(one)} for one in members if not stopped(one)]
    named = {"name": HEADER, "type": "Exact", "value": f"publishers/{namespace}/models/{model_names(service)[0]}"}
    rules = [
        {
            "name": "v1-completions-path",
            "matches": [{"path": {"type": "PathPrefix", "value": f"/{namespace}/{name}/v1/completions"}}],
            "backendRefs": [mine],
        },
        {
            "name": "v1-model-routing",
            "matches": [{"path": {"type": "Exact", "value": "/v1/completions"}, "headers": [named]}],
            "backendRefs": shared if group_of(service) else [mine],
        },
    ]
    spec = {"parentRefs": [gateway], "rules": rules}
    return {"metadata": _meta(service, f"{name}-kserve-route", {}), "spec": spec}


def weight_of(service: Obj) -> int:
    """0 where it has none."""
    return int((route_of(service) or {}).get("weight") or 0)


def _meta(service: Obj, name: str, marks: Obj) -> Obj:
    return {
        "name": name,
        "namespace": service["metadata"]["namespace"],
        "labels": dict(marks),
        "ownerReferences": [own(service, SERVICES)],
    }
