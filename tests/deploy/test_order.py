"""What is written before what."""

import random

from k8sai.deploy.order import Phase, ordered, phase
from k8sai.manifests import Manifest


def of(api_version: str, kind: str, name: str = "x") -> Manifest:
    return Manifest({"apiVersion": api_version, "kind": kind, "metadata": {"name": name}}, "x.yaml")


IN_ORDER = [
    of("v1", "Namespace"),
    of("apiextensions.k8s.io/v1", "CustomResourceDefinition"),
    of("v1", "ServiceAccount"),
    of("rbac.authorization.k8s.io/v1", "ClusterRole"),
    of("rbac.authorization.k8s.io/v1", "Role"),
    of("v1", "ConfigMap"),
    of("v1", "Secret"),
    of("v1", "PersistentVolumeClaim"),
    of("storage.k8s.io/v1", "StorageClass"),
    of("scheduling.k8s.io/v1", "PriorityClass"),
    of("kueue.x-k8s.io/v1beta1", "ResourceFlavor"),
    of("kueue.x-k8s.io/v1beta1", "Cohort"),
    of("kueue.x-k8s.io/v1beta1", "ClusterQueue"),
    of("kueue.x-k8s.io/v1beta1", "LocalQueue"),
    of("v1", "ResourceQuota"),
    of("apps/v1", "Deployment"),
    of("v1", "Service"),
    of("jobset.x-k8s.io/v1alpha2", "JobSet"),
    of("kueue.x-k8s.io/v1beta1", "Workload"),
]


def test_what_others_need_comes_first() -> None:
    shuffled = list(IN_ORDER)
    random.Random(1).shuffle(shuffled)
    phases = [phase(one.group, one.kind) for one in ordered(shuffled)]
    assert phases == sorted(phases)
    kinds = [one.kind for one in ordered(shuffled)]
    for first, second in (
        ("ServiceAccount", "Role"),
        ("ResourceFlavor", "ClusterQueue"),
        ("ClusterQueue", "LocalQueue"),
        ("ResourceQuota", "Deployment"),
        ("LocalQueue", "JobSet"),
    ):
        assert kinds.index(first) < kinds.index(second)


def test_what_is_equal_stays_as_it_was_written() -> None:
    written = [of("apps/v1", "Deployment", "b"), of("v1", "Service", "a"), of("apps/v1", "Deployment", "a")]
    assert ordered(written) == written


def test_a_kind_of_the_same_name_in_another_group_is_a_workload() -> None:
    assert phase("serving.example.com", "Namespace") == Phase.WORKLOAD
    assert phase("kueue.x-k8s.io", "Workload") == Phase.WORKLOAD
