"""Whose pod it is: the controller at the top that labels and names reveal, and the queue it came through."""

from collections.abc import Mapping
from typing import Final

from k8sai.facts import ObjectMeta

QUEUE_LABEL: Final = "kueue.x-k8s.io/queue-name"
_QUEUE_LABELS: Final = (QUEUE_LABEL, "kai.scheduler/queue", "runai/queue")
_QUEUE_ANNOTATIONS: Final = ("scheduling.volcano.sh/queue-name", "volcano.sh/queue-name")
_GANG_LABELS: Final = ("kueue.x-k8s.io/pod-group-name", "scheduling.x-k8s.io/pod-group")
_GANG_ANNOTATIONS: Final = ("scheduling.k8s.io/group-name", "pod-group-name")
# A label that names the workload above the pod's direct owner, and that workload's kind; the outermost first.
_ABOVE: Final = (
    ("ray.io/cluster", "RayCluster"),
    ("jobset.sigs.k8s.io/jobset-name", "JobSet"),
    ("serving.kserve.io/inferenceservice", "InferenceService"),
    ("leaderworkerset.sigs.k8s.io/name", "LeaderWorkerSet"),
    ("training.kubeflow.org/job-name", "TrainingJob"),
    ("volcano.sh/job-name", "VolcanoJob"),
)
_TRAINING: Final = {
    "PyTorchJob": "PyTorchJob",
    "TFJob": "TFJob",
    "MPIJob": "MPIJob",
    "XGBoostJob": "XGBoostJob",
    "PaddleJob": "PaddleJob",
    "JAXJob": "JAXJob",
}


def owner(meta: ObjectMeta) -> str:
    """`Kind/name` of the top controller as far as the pod itself tells; empty for a pod on its own."""
    labels = meta.labels or {}
    direct = next((ref for ref in meta.owner_references or () if ref.controller), None)
    for label, kind in _ABOVE:
        name = labels.get(label)
        if name:
            return f"{_TRAINING.get(direct.kind, kind) if direct else kind}/{name}"
    if direct is None:
        return ""
    if direct.kind == "ReplicaSet":
        return (
            f"Deployment/{_deployment(direct.name, labels)}"
            if "pod-template-hash" in labels
            else f"ReplicaSet/{direct.name}"
        )
    return f"{direct.kind}/{direct.name}"


def queue(meta: ObjectMeta) -> str:
    """The queue the pod was submitted to; empty if none."""
    return _first(meta.labels, _QUEUE_LABELS) or _first(meta.annotations, _QUEUE_ANNOTATIONS)


def gang(meta: ObjectMeta) -> str:
    """The pod group the pod starts with or not at all, by the labels of coscheduling, Kueue, Volcano and KAI."""
    return _first(meta.labels, _GANG_LABELS) or _first(meta.annotations, _GANG_ANNOTATIONS)


def _deployment(replicaset: str, labels: Mapping[str, str]) -> str:
    return replicaset.removesuffix("-" + labels["pod-template-hash"])


def _first(texts: Mapping[str, str] | None, keys: tuple[str, ...]) -> str:
    return next((texts[key] for key in keys if texts.get(key)), "") if texts else ""
