"""InferenceServices in Knative mode and Knative Services as people write them, and the names of their revisions."""

from typing import Any, Final

from k8sai.canary.facts import Json, Ref, Wish

SERVING: Final = "serving.knative.dev"
ISVC: Final = Ref("inferenceservices.serving.kserve.io", "default", "chat", word="isvc")
KSVC: Final = Ref(f"services.{SERVING}", "default", "chat", word="ksvc")
TO_MODEL: Final = Wish(model_uri="hf://org/chat-v2")
TO_IMAGE: Final = Wish(image="registry/chat:2")
MODE: Final = {"serving.kserve.io/deploymentMode": "Knative"}


def isvc(*, annotations: Json | None = None, **predictor: Any) -> Json:
    model = {
        "modelFormat": {"name": "huggingface"},
        "storageUri": "hf://org/chat-v1",
        "args": ["--max-model-len=8192"],
        "resources": {"limits": {"nvidia.com/gpu": "1"}},
    }
    return {
        "apiVersion": "serving.kserve.io/v1beta1",
        "kind": "InferenceService",
        "metadata": {"name": "chat", "annotations": {**MODE, **(annotations or {})}},
        "spec": {"predictor": {"minReplicas": 2, "model": model, **predictor}},
    }


def ksvc(*traffic: Json, name: str = "", least: int = 2, **metadata: Any) -> Json:
    container = {"image": "registry/chat:1", "resources": {"limits": {"nvidia.com/gpu": "1"}}}
    scale = {"autoscaling.knative.dev/min-scale": str(least)}
    meta = {"annotations": scale, **({"name": name} if name else {})}
    spec: Json = {"template": {"metadata": meta, "spec": {"containers": [container]}}}
    if traffic:
        spec["traffic"] = [*traffic]
    return {"apiVersion": f"{SERVING}/v1", "kind": "Service", "metadata": {"name": "chat", **metadata}, "spec": spec}
