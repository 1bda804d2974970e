"""In which order a set is written: what others need to exist comes first. Deleting goes the other way round."""

from collections.abc import Iterable
from enum import IntEnum

from k8sai.manifests import Manifest


class Phase(IntEnum):
    """Each phase is written whole before the next begins."""

    GROUND = 0  # namespaces and definitions
    CONFIG = 1  # what pods mount, run as and are limited by
    QUEUE = 2  # quotas, and everything of Kueue but workloads
    WORKLOAD = 3  # what makes pods, and everything else


_GROUND = {("", "Namespace"), ("apiextensions.k8s.io", "CustomResourceDefinition")}
_CONFIG = {
    ("", "ConfigMap"),
    ("", "Secret"),
    ("", "ServiceAccount"),
    ("", "PersistentVolume"),
    ("", "PersistentVolumeClaim"),
    ("storage.k8s.io", "StorageClass"),
    ("scheduling.k8s.io", "PriorityClass"),
    ("node.k8s.io", "RuntimeClass"),
    ("resource.k8s.io", "DeviceClass"),
    ("resource.k8s.io", "ResourceClaimTemplate"),
    ("resource.k8s.io", "ResourceClaim"),
    ("trainer.kubeflow.org", "TrainingRuntime"),
    ("trainer.kubeflow.org", "ClusterTrainingRuntime"),
    ("serving.kserve.io", "ServingRuntime"),
    ("serving.kserve.io", "ClusterServingRuntime"),
}
_CONFIG_GROUPS = {"rbac.authorization.k8s.io"}
_QUEUE = {("", "ResourceQuota"), ("", "LimitRange")}
_QUEUE_GROUPS = {"kueue.x-k8s.io"}
# Within a phase: what the others of the phase refer to.
_WITHIN = (
    "ServiceAccount",
    "ClusterRole",
    "Role",
    "ResourceFlavor",
    "Topology",
    "AdmissionCheck",
    "Cohort",
    "ClusterQueue",
    "LocalQueue",
)


def phase(group: str, kind: str) -> Phase:
    """The phase of a kind."""
    if (group, kind) in _GROUND:
        return Phase.GROUND
    if (group, kind) in _CONFIG or group in _CONFIG_GROUPS:
        return Phase.CONFIG
    if (group, kind) in _QUEUE or (group in _QUEUE_GROUPS and kind != "Workload"):
        return Phase.QUEUE
    return Phase.WORKLOAD


def ordered(manifests: Iterable[Manifest]) -> list[Manifest]:
    """By phase; within a phase what is referred to first, else as they were written."""
    return sorted(manifests, key=lambda one: (phase(one.group, one.kind), _rank(one.kind)))


def _rank(kind: str) -> int:
    return _WITHIN.index(kind) if kind in _WITHIN else len(_WITHIN)
