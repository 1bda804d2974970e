"""Nothing that may be a secret gets past, wherever it stands."""

import json
from typing import Any

import pytest

from k8sai import facts
from k8sai.snapshot.prune import pruned, pruned_fact

CANARY = "canary-3f1b"
APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
CONTAINER = {
    "name": "main",
    "image": "registry.example/train:1",
    "resources": {"requests": {"nvidia.com/gpu": "8"}},
    "env": [{"name": "TOKEN", "value": CANARY}],
    "envFrom": [{"secretRef": {"name": CANARY}}],
    "command": ["sh", "-c", CANARY],
    "args": [f"--password={CANARY}"],
    "livenessProbe": {"httpGet": {"httpHeaders": [{"name": "Authorization", "value": CANARY}]}},
    "lifecycle": {"preStop": {"exec": {"command": [CANARY]}}},
}
POD_SPEC = {
    "containers": [CONTAINER],
    "initContainers": [CONTAINER],
    "volumes": [
        {"name": "c", "configMap": {"name": CANARY}},
        {"name": "v", "csi": {"driver": "x", "volumeAttributes": {"password": CANARY}}},
        {"name": "d", "persistentVolumeClaim": {"claimName": "data"}},
    ],
    "nodeSelector": {"pool": "h100"},
}
METADATA = {
    "name": "a",
    "namespace": "team",
    "annotations": {APPLIED: CANARY, "example.com/note": CANARY, "kueue.x-k8s.io/podset-required-topology": "zone"},
    "managedFields": [{"fieldsV1": {CANARY: {}}}],
}
TEMPLATE = {"metadata": METADATA, "spec": POD_SPEC}
OBJECTS: dict[str, dict[str, Any]] = {
    "a pod": {"kind": "Pod", "metadata": METADATA, "spec": POD_SPEC},
    "a job": {"kind": "Job", "metadata": METADATA, "spec": {"template": TEMPLATE}},
    "a job set": {
        "kind": "JobSet",
        "metadata": METADATA,
        "spec": {"replicatedJobs": [{"name": "w", "template": {"spec": {"template": TEMPLATE}}}]},
    },
    "a trainer": {
        "kind": "TrainJob",
        "metadata": METADATA,
        "spec": {"trainer": {"env": [{"name": "T", "value": CANARY}], "command": [CANARY], "args": [CANARY]}},
    },
    "a Ray cluster": {
        "kind": "RayCluster",
        "metadata": METADATA,
        "spec": {
            "headGroupSpec": {"rayStartParams": {"redis-password": CANARY}, "template": TEMPLATE},
            "gcsFaultToleranceOptions": {"redisPassword": {"value": CANARY}},
        },
    },
    "a Ray job": {
        "kind": "RayJob",
        "metadata": METADATA,
        "spec": {"entrypoint": CANARY, "runtimeEnvYAML": CANARY},
    },
    "a storage class": {"kind": "StorageClass", "metadata": METADATA, "parameters": {"restuserkey": CANARY}},
    "a volume": {
        "kind": "PersistentVolume",
        "metadata": METADATA,
        "spec": {"capacity": {"storage": "1Ti"}, "flexVolume": {"options": {"k": CANARY}}, "nfs": {"path": CANARY}},
    },
    "a claim template": {
        "kind": "ResourceClaimTemplate",
        "metadata": METADATA,
        "spec": {"spec": {"devices": {"config": [{"opaque": {"driver": "d", "parameters": {"k": CANARY}}}]}}},
    },
}


@pytest.mark.parametrize("obj", OBJECTS.values(), ids=OBJECTS)
def test_no_secret_passes(obj: dict[str, Any]) -> None:
    assert CANARY in json.dumps(obj)
    before = json.dumps(obj)
    assert CANARY not in json.dumps(pruned(obj))
    assert json.dumps(obj) == before, "the object itself stays as it is"


def test_what_questions_need_is_kept() -> None:
    spec = pruned(OBJECTS["a job"])["spec"]["template"]["spec"]
    kept = {"name": "main", "image": CONTAINER["image"], "resources": CONTAINER["resources"]}
    assert spec["containers"] == spec["initContainers"] == [kept]
    assert spec["volumes"][2] == {"name": "d", "persistentVolumeClaim": {"claimName": "data"}}
    assert spec["nodeSelector"] == {"pool": "h100"}
    assert pruned(OBJECTS["a job"])["metadata"] == {
        "name": "a",
        "namespace": "team",
        "annotations": {"kueue.x-k8s.io/podset-required-topology": "zone"},
    }
    assert pruned(OBJECTS["a volume"])["spec"] == {"capacity": {"storage": "1Ti"}}


def test_annotations_of_facts() -> None:
    annotations = {APPLIED: CANARY, "example.com/note": CANARY, "gpu-fraction": "0.5", "hami.io/x": "y", "note": CANARY}
    pod = facts.Pod(facts.ObjectMeta("a", annotations=annotations))
    assert pruned_fact(pod).metadata.annotations == {"gpu-fraction": "0.5", "hami.io/x": "y"}
