"""What KServe makes of an InferenceService in Standard mode: a Deployment and a Service per version, and HTTPRoutes.

https://github.com/kserve/kserve/blob/v0.20.0/pkg/controller/v1beta1/inferenceservice/components/predictor.go
"""

from typing import Any, Final

from k8sai.sim import kinds
from k8sai.sim.controllers.desk import own
from k8sai.sim.controllers.kserve_predictor import GROUP, annotations, labels, pod_spec
from k8sai.sim.objects import Obj

INFERENCES: Final = kinds.find(GROUP, "inferenceservices")
GATEWAY: Final = ("kserve", "kserve-ingress-gateway")  # kserveIngressGateway of KServe's configuration
_SCALER: Final = f"{GROUP}/autoscalerClass"
_NOT_SCALED: Final = ("maxReplicas", "scaleTarget", "scaleMetric", "autoScaling")
_PORT: Final = 80


def canaries(inference: Obj) -> list[Obj]:
    """The entries of the list."""
    return inference["spec"].get("canary") or []


def name_of_version(inference: Obj, predictor: Obj) -> str:
    """Of its Deployment and Service: PredictorServiceName."""
    return "-".join(filter(None, (inference["metadata"]["name"], predictor.get("name"), "predictor")))


def fixed(inference: Obj) -> bool:
    """No autoscaler: minReplicas are the replicas."""
    return (inference["metadata"].get("annotations") or {}).get(_SCALER) == "none"


def canary_replicas(inference: Obj, entry: Obj) -> int:
    """canaryReplicaCount: what it says, else its share of the stable side's, rounded up."""
    if entry["predictor"].get("minReplicas") is not None:
        return int(entry["predictor"]["minReplicas"])
    stable = int(inference["spec"]["predictor"].get("minReplicas", 1))
    return -(-stable * int(entry.get("trafficPercent") or 0) // 100)


def stable_replicas(inference: Obj, ready: dict[str, bool]) -> int | None:
    """minReplicas less those of all ready canaries, never below 1; None where the field is absent."""
    least = inference["spec"]["predictor"].get("minReplicas")
    if least is None:
        return None
    counted = sum(canary_replicas(inference, one) for one in canaries(inference) if ready.get(one["predictor"]["name"]))
    return max(int(least) - counted, 1) if counted else int(least)


def merged(stable: Any, canary: Any) -> Any:
    """mergo.Merge with override: maps and structs field by field, lists whole; what is empty overrides nothing."""
    if isinstance(stable, dict) and isinstance(canary, dict):
        return {
            **stable,
            **{key: merged(stable.get(key), value) for key, value in canary.items() if value or key not in stable},
        }
    return canary or stable


def canary_predictor(inference: Obj, entry: Obj) -> Obj:
    """buildCanaryPredictor: the entry over the stable predictor, without autoscaling."""
    whole = merged(inference["spec"]["predictor"], entry["predictor"])
    return {key: value for key, value in whole.items() if key not in _NOT_SCALED}


def deployment(inference: Obj, predictor: Obj, replicas: int | None) -> Obj:
    """`replicas` None leaves them to whoever scales it."""
    meta, name = inference["metadata"], name_of_version(inference, predictor)
    marks, app = labels(inference, predictor), {"app": f"isvc.{name}"}
    notes = annotations(inference, predictor)
    template = {"labels": {**marks, **app}, "annotations": notes}
    spec: Obj = {
        "selector": {"matchLabels": app},
        "template": {"metadata": template, "spec": _probed(pod_spec(predictor, meta["name"]))},
        **({} if replicas is None else {"replicas": replicas}),
    }
    return {"metadata": _meta(inference, name, marks, notes), "spec": spec}


def _probed(spec: Obj) -> Obj:
    """setDefaultPodSpec: whether a port is open, where nobody asks for more."""
    first, *others = spec["containers"]
    port = (first.get("ports") or [{"containerPort": 8080}])[0]["containerPort"]
    probe = {"tcpSocket": {"port": port}, "timeoutSeconds": 1, "periodSeconds": 10}
    return {**spec, "containers": [{"readinessProbe": probe, **first}, *others]}


def service(inference: Obj, predictor: Obj) -> Obj:
    """In front of its pods."""
    name = name_of_version(inference, predictor)
    ports = [{"name": name[:15].rstrip("-"), "port": _PORT, "targetPort": 8080, "protocol": "TCP"}]
    spec = {"selector": {"app": f"isvc.{name}"}, "ports": ports}
    return {"metadata": _meta(inference, name, labels(inference, predictor), {}), "spec": spec}


def routes(inference: Obj, ready: dict[str, bool]) -> list[Obj]:
    """Of the service and of its predictor; their names do not change with a promotion, what they refer to does."""
    name = inference["metadata"]["name"]
    return [_route(inference, one, ready) for one in (f"{name}-predictor", name)]


def _route(inference: Obj, name: str, ready: dict[str, bool]) -> Obj:
    meta = inference["metadata"]
    gateway = {"group": "gateway.networking.k8s.io", "kind": "Gateway", "namespace": GATEWAY[0], "name": GATEWAY[1]}
    headers = [{"name": "KServe-Isvc-Name", "value": meta["name"]}]
    headers.append({"name": "KServe-Isvc-Namespace", "value": meta["namespace"]})
    rule = {
        "matches": [{"path": {"type": "RegularExpression", "value": "^/.*$"}}],
        "filters": [{"type": "RequestHeaderModifier", "requestHeaderModifier": {"set": headers}}],
        "backendRefs": backends(inference, ready),
        "timeouts": {"request": "60s"},
    }
    spec = {"hostnames": [f"{name}-{meta['namespace']}.example.com"], "parentRefs": [gateway], "rules": [rule]}
    return {"metadata": _meta(inference, name, meta.get("labels") or {}, {}), "spec": spec}


def backends(inference: Obj, ready: dict[str, bool]) -> list[Obj]:
    """applyCanaryWeights: canaries that are not ready are left out, and their share stays with the stable side."""
    stable = inference["spec"]["predictor"]
    shares = [one for one in canaries(inference) if ready.get(one["predictor"]["name"])]
    rest = 100 - sum(int(one.get("trafficPercent") or 0) for one in shares)
    first = _ref(inference, stable, rest if canaries(inference) else None)
    return [first, *(_ref(inference, one["predictor"], int(one.get("trafficPercent") or 0)) for one in shares)]


def _ref(inference: Obj, predictor: Obj, weight: int | None) -> Obj:
    ref = {"kind": "Service", "name": name_of_version(inference, predictor), "port": _PORT}
    ref["namespace"] = inference["metadata"]["namespace"]
    return ref if weight is None else {**ref, "weight": weight}


def _meta(inference: Obj, name: str, marks: Obj, notes: Obj) -> Obj:
    return {
        "name": name,
        "namespace": inference["metadata"]["namespace"],
        "labels": dict(marks),
        "annotations": dict(notes),
        "ownerReferences": [own(inference, INFERENCES)],
    }
