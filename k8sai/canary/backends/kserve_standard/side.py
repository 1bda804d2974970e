"""Standard mode: one version of a service, from its Deployment, its pods and what KServe says of it."""

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from k8sai.canary.backends.kserve_standard.spec import deployment_name, pod_labels, predictor_of
from k8sai.canary.facts import Json, Side
from k8sai.canary.pods import Pods, pods_of
from k8sai.cluster.reading import holds

if TYPE_CHECKING:
    from k8sai.cluster.reading import Reading

DEPLOYMENTS: Final = "deployments.apps"


def side_of(target: Json, predictor: str, percent: float, read: "Reading") -> tuple[Side, int]:
    """The version of that predictor's name, and how many of its pods are on their way."""
    meta, name = target["metadata"], deployment_name(target["metadata"]["name"], predictor)
    deployment, told = read.get(DEPLOYMENTS, meta["namespace"], name), told_of(target, predictor)
    bare = Side(predictor or name, pod_labels(name), percent=percent)
    pods = pods_of(bare, meta["namespace"], read)
    blind = deployment is None and read.blind(DEPLOYMENTS)
    side = replace(
        bare,
        replicas=None if blind else _wanted(deployment),
        ready=_guessed(pods, told) if blind else _available(deployment),
        model_ready=_loaded(told),
        trouble=(pods.trouble if pods else "") or _failure(told),
    )
    return side, _coming(side, deployment, pods)


def told_of(target: Json, predictor: str) -> Json:
    """What the status says of a version: of the stable one there is only its model's state."""
    status = target.get("status") or {}
    found = next((one for one in status.get("canaryStatuses") or () if one.get("name") == predictor), None)
    if found is not None:
        return dict(found)
    mine = predictor == (predictor_of(target).get("name") or "")
    return {"modelStatus": status.get("modelStatus")} if mine else {}


def _wanted(deployment: Json | None) -> int:
    """None of a Deployment that is not there; one where it does not say."""
    replicas = deployment["spec"].get("replicas") if deployment else 0
    return 1 if replicas is None else int(replicas)


def _available(deployment: Json | None) -> int:
    return int(((deployment or {}).get("status") or {}).get("availableReplicas") or 0)


def _guessed(pods: Pods | None, told: Json) -> int:
    """Where Deployments may not be read: its pods, else one where KServe says ready."""
    return pods.ready if pods is not None else int(bool(told.get("ready")))


def _state(told: Json) -> str:
    return str(((told.get("modelStatus") or {}).get("states") or {}).get("activeModelState") or "")


def _loaded(told: Json) -> bool | None:
    """None where nobody tells."""
    state = _state(told)
    return None if state in ("", "Pending") else state == "Loaded"


def _failure(told: Json) -> str:
    if _state(told) != "FailedToLoad":
        return ""
    info = (told.get("modelStatus") or {}).get("lastFailureInfo") or {}
    return f"FailedToLoad: {info.get('message') or info.get('reason') or 'no reason is given'}"


def _coming(side: Side, deployment: Json | None, pods: Pods | None) -> int:
    """Not ready yet, but with a node or about to be made; nobody waits for those that find none."""
    if deployment is None or holds(deployment, "ReplicaFailure") or (pods is not None and pods.pending):
        return 0
    return max(0, (side.replicas or 0) - (side.ready or 0))
