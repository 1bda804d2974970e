"""Every kind that people apply: once it is made, twice it is left alone, and who updates it owns what changed."""

from typing import NamedTuple

import pytest

from tests.contract.api import Api, Json
from tests.contract.objects import IMAGE
from tests.contract.owners import keys, owners

UNPLACED = {"no.such/label": "x"}
LABELS = {"app": "x"}
POD: Json = {"containers": [{"name": "main", "image": IMAGE}], "nodeSelector": UNPLACED}
TEMPLATE: Json = {"metadata": {"labels": LABELS}, "spec": POD}
ONCE: Json = {"spec": {**POD, "restartPolicy": "Never"}}
SELECTOR: Json = {"matchLabels": LABELS}
CLAIM: Json = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
RBAC = "rbac.authorization.k8s.io"
DEVICES: Json = {"devices": {"requests": [{"name": "gpu", "exactly": {"deviceClassName": "x"}}]}}


class Kind(NamedTuple):
    version: str
    plural: str
    kind: str
    body: Json
    namespaced: bool = True

    def path(self, namespace: str) -> str:
        root = f"/apis/{self.version}" if "/" in self.version else f"/api/{self.version}"
        place = f"/namespaces/{namespace}" if self.namespaced else ""
        return f"{root}{place}/{self.plural}"


KINDS = [
    Kind("v1", "configmaps", "ConfigMap", {"data": {"a": "1"}, "immutable": True}),
    Kind("v1", "limitranges", "LimitRange", {"spec": {"limits": [{"type": "Container", "max": {"cpu": "4000m"}}]}}),
    Kind("v1", "namespaces", "Namespace", {}, namespaced=False),
    Kind("v1", "nodes", "Node", {"spec": {"unschedulable": True}}, namespaced=False),
    Kind("v1", "persistentvolumeclaims", "PersistentVolumeClaim", {"spec": CLAIM}),
    Kind("v1", "pods", "Pod", {"spec": POD}),
    Kind("v1", "resourcequotas", "ResourceQuota", {"spec": {"hard": {"requests.nvidia.com/gpu": 8}}}),
    Kind("v1", "secrets", "Secret", {"stringData": {"a": "1"}, "type": "Opaque"}),
    Kind("v1", "serviceaccounts", "ServiceAccount", {"imagePullSecrets": [{"name": "x"}]}),
    Kind("v1", "services", "Service", {"spec": {"selector": LABELS, "ports": [{"port": 80, "name": "http"}]}}),
    Kind("apps/v1", "daemonsets", "DaemonSet", {"spec": {"selector": SELECTOR, "template": TEMPLATE}}),
    Kind("apps/v1", "deployments", "Deployment", {"spec": {"selector": SELECTOR, "template": TEMPLATE}}),
    Kind(
        "apps/v1",
        "statefulsets",
        "StatefulSet",
        {
            "spec": {
                "selector": SELECTOR,
                "serviceName": "x",
                "template": TEMPLATE,
                "volumeClaimTemplates": [{"metadata": {"name": "d"}, "spec": CLAIM}],
            }
        },
    ),
    Kind("batch/v1", "jobs", "Job", {"spec": {"suspend": True, "template": ONCE}}),
    Kind(
        "batch/v1",
        "cronjobs",
        "CronJob",
        {"spec": {"schedule": "0 0 1 1 *", "jobTemplate": {"spec": {"template": ONCE}}}},
    ),
    Kind(
        "policy/v1", "poddisruptionbudgets", "PodDisruptionBudget", {"spec": {"minAvailable": 1, "selector": SELECTOR}}
    ),
    Kind(f"{RBAC}/v1", "roles", "Role", {"rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}]}),
    Kind(
        f"{RBAC}/v1",
        "rolebindings",
        "RoleBinding",
        {
            "roleRef": {"apiGroup": RBAC, "kind": "ClusterRole", "name": "view"},
            "subjects": [{"kind": "ServiceAccount", "name": "default", "namespace": "default"}],
        },
    ),
    Kind("resource.k8s.io/v1", "resourceclaims", "ResourceClaim", {"spec": DEVICES}),
    Kind("resource.k8s.io/v1", "resourceclaimtemplates", "ResourceClaimTemplate", {"spec": {"spec": DEVICES}}),
    Kind(
        "scheduling.k8s.io/v1", "priorityclasses", "PriorityClass", {"value": 5, "description": "x"}, namespaced=False
    ),
    Kind("storage.k8s.io/v1", "storageclasses", "StorageClass", {"provisioner": "x.y/z"}, namespaced=False),
]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.plural)
def test_applied_twice(api: Api, namespace: str, kind: Kind) -> None:
    name = f"applied-{namespace}"
    path = f"{kind.path(namespace)}/{name}"
    body: Json = {
        "apiVersion": kind.version,
        "kind": kind.kind,
        "metadata": {"name": name, "labels": LABELS},
        **kind.body,
    }
    try:
        made = api.apply(path, body)
        assert made.status == 201
        mine = owners(made.ok())["one", "Apply"]
        assert set(mine) == {"f:metadata", *(f"f:{field}" for field in kind.body)}
        again = api.apply(path, body, dryRun="All").ok()
        assert owners(again)["one", "Apply"] == mine
        assert again["metadata"].get("generation") == made.body["metadata"].get("generation")
        noted = api.patch(path, {"metadata": {"annotations": {"k8sai.dev/n": "1"}}}, query={"fieldManager": "two"}).ok()
        assert owners(noted)["one", "Apply"] == mine
        annotations = owners(noted)["two", "Update"]["f:metadata"]["f:annotations"]
        assert keys("k8sai.dev/n").items() <= annotations.items()
    finally:
        api.delete(path, {"gracePeriodSeconds": 0, "propagationPolicy": "Background"})


def test_a_secret_is_the_same_in_plain_text(api: Api, core: str) -> None:
    path, head = f"{core}/secrets/s", {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}}
    made = api.apply(path, {**head, "stringData": {"a": "1"}}).ok()
    assert (made["data"], "stringData" in made) == ({"a": "MQ=="}, False)
    again = api.apply(path, {**head, "stringData": {"a": "1"}}).ok()
    assert again["metadata"]["resourceVersion"] == made["metadata"]["resourceVersion"]
    assert api.apply(path, {**head, "stringData": {"a": "2"}}).ok()["data"] == {"a": "Mg=="}
