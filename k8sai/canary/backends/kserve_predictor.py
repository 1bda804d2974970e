"""The predictor of an InferenceService: what is its version and what its size, and a new version of it.

KServe copies annotations of an InferenceService into its pod template, so nothing of ours is ever written there.
https://github.com/kserve/kserve/blob/v0.20.0/pkg/apis/serving/v1beta1/predictor.go
"""

from copy import deepcopy
from typing import Any, Final

from k8sai.canary.facts import Json, Wish
from k8sai.canary.wishes import changed
from k8sai.errors import Usage

FRAMEWORKS: Final = (
    *("model", "huggingface", "triton", "pytorch", "onnx", "tensorflow", "sklearn", "xgboost", "lightgbm"),
    *("pmml", "paddle"),
)
SCALING: Final = ("maxReplicas", "scaleTarget", "scaleMetric", "autoScaling")  # KServe refuses them in a canary
_SIZE: Final = ("minReplicas", *SCALING, "scaleMetricType", "canaryTrafficPercent", "name")
CONTAINER: Final = "kserve-container"
STOP: Final = "serving.kserve.io/stop"


def stopped(target: Json) -> bool:
    """Told to give its pods back."""
    return str((target["metadata"].get("annotations") or {}).get(STOP, "")).lower() == "true"


def implementation(predictor: Json) -> str:
    """The key under which the model is: `model`, an old framework's name, "" for containers of one's own."""
    return next((key for key in FRAMEWORKS if isinstance(predictor.get(key), dict)), "")


def model_uri(predictor: Json) -> str:
    """Where its weights come from, as KServe looks for it."""
    key = implementation(predictor)
    if key:
        return str(predictor[key].get("storageUri") or "")
    env = ((predictor.get("containers") or [{}])[0]).get("env") or ()
    return next((str(one.get("value") or "") for one in env if one.get("name") == "STORAGE_URI"), "")


def image(predictor: Json) -> str:
    """Of its serving container; "" where the runtime decides."""
    key = implementation(predictor)
    serving = predictor[key] if key else (predictor.get("containers") or [{}])[0]
    return str(serving.get("image") or "")


def version(predictor: Json) -> Json:
    """What makes its pods: all but its name and its size."""
    return {key: value for key, value in predictor.items() if key not in _SIZE}


def renewed(predictor: Json, wish: Wish) -> Json:
    """The predictor of the new version. Raises Usage for a wish that has no place in it."""
    new = changed(deepcopy(predictor), wish)
    if wish.image:
        _serving(new, wish)["image"] = wish.image
    if wish.model_uri:
        if not implementation(new):
            raise Usage("--model-uri: this predictor has no model, only containers", "--set containers[0].image=…")
        dict_at(new, implementation(new))["storageUri"] = wish.model_uri
    return new


def _serving(predictor: Json, wish: Wish) -> Json:
    """The container that serves, as it is written in a predictor. Raises Usage."""
    key, containers = implementation(predictor), predictor.get("containers") or []
    named = [one for one in containers if one.get("name") == wish.container] if wish.container else containers
    if key and wish.container in ("", CONTAINER):
        return dict_at(predictor, key)
    if not named:
        raise Usage(f"--container {wish.container}: the predictor has none of that name", "leave it out")
    first: Json = named[0]
    return first


def dict_at(obj: Json, key: str) -> Json:
    """The object there, not a copy."""
    found: Json = obj[key]
    return found


def covers(stored: Any, written: Any) -> bool:
    """What is stored is what was written, and what the server has filled in besides."""
    if isinstance(written, dict):
        return isinstance(stored, dict) and all(key in stored and covers(stored[key], written[key]) for key in written)
    if isinstance(written, list):
        same = isinstance(stored, list) and len(stored) == len(written)
        return same and all(covers(one, other) for one, other in zip(stored, written, strict=True))
    return bool(stored == written)
