"""Rules about what an object is: kinds that exist, versions that are still served, names that fit."""

import re
from collections.abc import Iterator
from difflib import get_close_matches
from typing import Final

from k8sai.cookbook.lint.finding import Said, mapping, warning
from k8sai.manifests import Manifest


def _kinds(names: str) -> tuple[str, ...]:
    return tuple(names.split())


# The groups a Kubernetes server has of itself, with their kinds that people write.
BUILTIN: Final[dict[str, tuple[str, ...]]] = {
    "": _kinds(
        "ConfigMap Endpoints Event LimitRange Namespace Node PersistentVolume PersistentVolumeClaim Pod "
        "PodTemplate ReplicationController ResourceQuota Secret Service ServiceAccount"
    ),
    "apps": ("ControllerRevision", "DaemonSet", "Deployment", "ReplicaSet", "StatefulSet"),
    "batch": ("CronJob", "Job"),
    "autoscaling": ("HorizontalPodAutoscaler",),
    "networking.k8s.io": ("Ingress", "IngressClass", "IPAddress", "NetworkPolicy", "ServiceCIDR"),
    "policy": ("PodDisruptionBudget",),
    "rbac.authorization.k8s.io": ("ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding"),
    "scheduling.k8s.io": ("CompositePodGroup", "PodGroup", "PriorityClass", "Workload"),
    "storage.k8s.io": _kinds(
        "CSIDriver CSINode CSIStorageCapacity StorageClass VolumeAttachment VolumeAttributesClass"
    ),
    "resource.k8s.io": _kinds(
        "DeviceClass DeviceTaintRule ResourceClaim ResourceClaimTemplate ResourcePoolStatusRequest ResourceSlice"
    ),
    "admissionregistration.k8s.io": _kinds(
        "MutatingAdmissionPolicy MutatingAdmissionPolicyBinding MutatingWebhookConfiguration "
        "ValidatingAdmissionPolicy ValidatingAdmissionPolicyBinding ValidatingWebhookConfiguration"
    ),
    "apiextensions.k8s.io": ("CustomResourceDefinition",),
    "apiregistration.k8s.io": ("APIService",),
    "certificates.k8s.io": ("CertificateSigningRequest", "ClusterTrustBundle", "PodCertificateRequest"),
    "coordination.k8s.io": ("Lease", "LeaseCandidate"),
    "discovery.k8s.io": ("EndpointSlice",),
    "events.k8s.io": ("Event",),
    "flowcontrol.apiserver.k8s.io": ("FlowSchema", "PriorityLevelConfiguration"),
    "lifecycle.k8s.io": ("Eviction", "EvictionRequest"),
    "node.k8s.io": ("RuntimeClass",),
}
# Versions that a current server, or a current controller, does not serve or is about to drop.
_GONE: Final = {
    "resource.k8s.io/v1alpha2": "resource.k8s.io/v1",
    "resource.k8s.io/v1alpha3": "resource.k8s.io/v1",
    "scheduling.k8s.io/v1alpha1": "scheduling.k8s.io/v1beta1",
    "scheduling.k8s.io/v1alpha2": "scheduling.k8s.io/v1beta1",
    "autoscaling/v2beta1": "autoscaling/v2",
    "autoscaling/v2beta2": "autoscaling/v2",
    "batch/v1beta1": "batch/v1",
    "policy/v1beta1": "policy/v1",
    "extensions/v1beta1": "apps/v1",
    "networking.k8s.io/v1beta1": "networking.k8s.io/v1",
    "karpenter.sh/v1beta1": "karpenter.sh/v1",
    "karpenter.sh/v1alpha5": "karpenter.sh/v1",
    "jobset.x-k8s.io/v1alpha1": "jobset.x-k8s.io/v1alpha2",
    "mpi.kubeflow.org/v1": "kubeflow.org/v2beta1",
}
_GOING: Final = {
    "resource.k8s.io/v1beta1": "resource.k8s.io/v1",
    "resource.k8s.io/v1beta2": "resource.k8s.io/v1",
    "kueue.x-k8s.io/v1beta1": "kueue.x-k8s.io/v1beta2",
    "ray.io/v1alpha1": "ray.io/v1",
    "opentelemetry.io/v1alpha1/OpenTelemetryCollector": "opentelemetry.io/v1beta1",
    "kyverno.io/v1/ClusterPolicy": "policies.kyverno.io/v1",
    "kyverno.io/v1/Policy": "policies.kyverno.io/v1",
    "jaegertracing.io/v1/Jaeger": "opentelemetry.io/v1beta1 with Jaeger 2",
}
_ALIKE: Final = ("SecurityContext", "PodSecurityPolicy", "InferenceModel")
_LONGEST: Final = {  # characters of a name that still leave room for what is made from it
    "Service": 63,
    "Namespace": 63,
    "CronJob": 52,
    "Job": 63,
    "JobSet": 53,
    "LeaderWorkerSet": 57,
    "StatefulSet": 57,
    "Deployment": 63,
    "ScaledObject": 63,
    "TrainJob": 53,
}
_NAME: Final = re.compile(r"[a-z0-9]([-a-z0-9.]*[a-z0-9])?")
_FREE_NAMES: Final = ("rbac.authorization.k8s.io",)  # groups whose names are paths, not DNS names


def rules(manifest: Manifest) -> Iterator[Said]:
    """Everything there is to say of kind, version and name."""
    yield from kind(manifest)
    yield from version(manifest)
    yield from name(manifest)


def kind(manifest: Manifest) -> Iterator[Said]:
    """Kinds that no server has: misspelt, or parts of an object taken for one."""
    known = BUILTIN.get(manifest.group)
    if known is None and manifest.group and "." in manifest.group and not manifest.group.endswith(".k8s.io"):
        return
    if known is None:
        if not manifest.group.endswith(("x-k8s.io", "k8s-sigs.io")) and "." not in manifest.group:
            yield Said("unknown-kind", f"there is no group {manifest.group}", "apiVersion")
        return
    if manifest.kind not in known and manifest.api_version not in _GONE:
        close = get_close_matches(manifest.kind, known, 1, 0.8)
        more = f"; did you mean {close[0]}?" if close else ""
        if manifest.kind in _ALIKE:
            more = "; it is a part of other objects, or was removed"
        yield Said("unknown-kind", f"{manifest.api_version} has no kind {manifest.kind}{more}", "kind")


def version(manifest: Manifest) -> Iterator[Said]:
    """Versions that went, that go, and those behind gates that are off."""
    whole = f"{manifest.api_version}/{manifest.kind}"
    if now := _GONE.get(manifest.api_version):
        yield Said("removed-version", f"{manifest.api_version} is not served any more: it is {now}", "apiVersion")
    elif now := _GOING.get(manifest.api_version) or _GOING.get(whole):
        yield warning("old-version", f"{manifest.api_version} {manifest.kind} is deprecated: it is {now}", "apiVersion")
    elif manifest.group in BUILTIN and re.search(r"v\d+(alpha|beta)\d+$", manifest.api_version):
        message = f"a server has no {manifest.api_version} {manifest.kind} unless it was told to: the gate is off"
        yield warning("gated-version", message, "apiVersion")


def name(manifest: Manifest) -> Iterator[Said]:
    """Names that the server refuses, or that leave no room for the pods' own."""
    meta = mapping(manifest.object.get("metadata"))
    given = meta.get("name")
    if not isinstance(given, str) or manifest.group in _FREE_NAMES:
        return
    if not _NAME.fullmatch(given):
        yield Said(
            "name",
            f"{given} is no name: small letters, digits, - and ., with a letter or digit at both ends",
            "metadata.name",
        )
    longest = _LONGEST.get(manifest.kind, 253)
    if len(given) > longest:
        yield Said(
            "name", f"{given} has {len(given)} characters; a {manifest.kind} has at most {longest}", "metadata.name"
        )
