"""The pod that KServe makes of a predictor. Runtimes are not looked up: the model's own container fields count.

https://github.com/kserve/kserve/blob/master/pkg/controller/v1beta1/inferenceservice/components/predictor.go
"""

from typing import Final

from k8sai.sim.objects import Obj

GROUP: Final = "serving.kserve.io"
MODE: Final = f"{GROUP}/deploymentMode"
STOP: Final = f"{GROUP}/stop"
STORAGE: Final = f"internal.{GROUP}/storage-initializer-sourceuri"
CONTAINER: Final = "kserve-container"
_FRAMEWORKS: Final = ("huggingface", "lightgbm", "onnx", "paddle", "pmml", "pytorch", "sklearn", "tensorflow", "triton")
_OF_THE_MODEL: Final = ("modelFormat", "protocolVersion", "runtime", "runtimeVersion", "storage", "storageUri")
_POD_FIELDS: Final = (
    *("affinity", "hostIPC", "imagePullSecrets", "nodeSelector", "priorityClassName", "runtimeClassName"),
    *("schedulerName", "serviceAccountName", "terminationGracePeriodSeconds", "tolerations", "volumes"),
)
_MODES: Final = {"Serverless": "Knative", "RawDeployment": "Standard"}
_NOT_PASSED_ON: Final = ("kubectl.kubernetes.io/last-applied-configuration",)


def mode(service: Obj) -> str:
    """Knative, Standard or ModelMesh: the status first, then the annotation, then KServe's default."""
    annotated = (service["metadata"].get("annotations") or {}).get(MODE)
    found = (service.get("status") or {}).get("deploymentMode") or annotated or "Standard"
    return _MODES.get(found, found)


def stopped(service: Obj) -> bool:
    """It was told to give its pods back."""
    return bool((service["metadata"].get("annotations") or {}).get(STOP, "").lower() == "true")


def model_of(predictor: Obj) -> Obj:
    """The model, whether it is told by `model` or by its framework; {} for a container of the user's own."""
    found: Obj = next((predictor[key] for key in ("model", *_FRAMEWORKS) if predictor.get(key)), {})
    return found


def pod_spec(predictor: Obj, name: str) -> Obj:
    """Of an InferenceService of that name."""
    model, own = model_of(predictor), list(predictor.get("containers") or ())
    if model:
        kind = (model.get("modelFormat") or {}).get("name", "model")
        fields = {key: value for key, value in model.items() if key not in _OF_THE_MODEL}
        first = {"image": f"kserve/{kind}server:latest", **fields, "name": CONTAINER}
    else:
        first = {**(own.pop(0) if own else {}), "name": CONTAINER}
    first["env"] = [*(first.get("env") or ()), {"name": "INFERENCE_SERVICE_NAME", "value": name}]
    kept = {key: predictor[key] for key in _POD_FIELDS if predictor.get(key)}
    return {**kept, "containers": [first, *own]}


def labels(service: Obj, predictor: Obj) -> dict[str, str]:
    """Of the pods of a predictor, and of what makes them."""
    marks = {f"{GROUP}/inferenceservice": service["metadata"]["name"], "component": "predictor"}
    return {**(service["metadata"].get("labels") or {}), **(predictor.get("labels") or {}), **marks}


def annotations(service: Obj, predictor: Obj) -> dict[str, str]:
    """Annotations of an InferenceService go to its pods: one more is another pod template."""
    passed = {
        key: value for key, value in (service["metadata"].get("annotations") or {}).items() if key not in _NOT_PASSED_ON
    }
    uri = model_of(predictor).get("storageUri")
    return {**passed, **({STORAGE: uri} if uri else {}), **(predictor.get("annotations") or {})}
