"""InferenceServices and LLMInferenceServices as people write them, for a cluster with KServe 0.20 and a gateway."""

from typing import Any

from k8sai.canary.facts import Json
from tests.canary.world import World

GATEWAY: Json = {
    "apiVersion": "gateway.networking.k8s.io/v1",
    "kind": "Gateway",
    "metadata": {"name": "kserve-ingress-gateway", "namespace": "kserve"},
    "spec": {"gatewayClassName": "envoy", "listeners": [{"name": "http", "port": 80, "protocol": "HTTP"}]},
}
NAMESPACE: Json = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "kserve"}}


def model(uri: str = "hf://org/chat-v1", gpus: int = 1, **more: Any) -> Json:
    limits = {"nvidia.com/gpu": str(gpus)}
    return {
        "modelFormat": {"name": "huggingface"},
        "storageUri": uri,
        "args": ["--max-model-len=8192"],
        "resources": {"limits": limits, "requests": dict(limits)},
        **more,
    }


def isvc(name: str = "chat", *, replicas: int | None = None, scaler: str = "none", **more: Any) -> Json:
    """In Standard mode; keyword arguments are the predictor's."""
    sized = {} if replicas is None else {"minReplicas": replicas}
    marks = {"serving.kserve.io/deploymentMode": "Standard", "serving.kserve.io/autoscalerClass": scaler}
    return {
        "apiVersion": "serving.kserve.io/v1beta1",
        "kind": "InferenceService",
        "metadata": {"name": name, "annotations": marks},
        "spec": {"predictor": {**sized, "model": model(), **more}},
    }


def llmisvc(
    name: str = "chat",
    *,
    replicas: int | None = 1,
    uri: str = "hf://org/chat-v1",
    group: str = "",
    weight: int | None = None,
    **more: Any,
) -> Json:
    """One that KServe routes; keyword arguments are its spec's."""
    limits = {"nvidia.com/gpu": "1"}
    main = {"name": "main", "image": "vllm/vllm-openai:v1", "resources": {"limits": limits, "requests": dict(limits)}}
    route: Json = {"http": {}, **({"group": group} if group else {}), **({} if weight is None else {"weight": weight})}
    spec: Json = {
        "model": {"uri": uri},
        "template": {"containers": [main]},
        "router": {"gateway": {}, "route": route, "scheduler": {}},
        **({} if replicas is None else {"replicas": replicas}),
    }
    return {
        "apiVersion": "serving.kserve.io/v1alpha2",
        "kind": "LLMInferenceService",
        "metadata": {"name": name},
        "spec": {**spec, **more},
    }


def world_with(*targets: Json, gpus: int = 32) -> World:
    """On one node, behind KServe's gateway, and worked on by KServe."""
    world = World()
    world.node("n1", gpus)
    world.has(NAMESPACE, GATEWAY)
    world.has(*targets)
    world.run()
    return world
