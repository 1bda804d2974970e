"""Whether a checkpoint outlives its pods, from the volumes that are really mounted."""

from typing import Any

import pytest

from k8sai.evict.contracts.storage import durable
from k8sai.evict.facts import Contract, Json
from tests.evict.contract_world import pod, reading

CKPT = Contract(path="/ckpt/run")


def mounted(volume: Json | None, at: str = "/ckpt", name: str = "a", container: str = "main") -> Json:
    mounts = [{"name": "v", "mountPath": at}] if volume is not None else []
    return pod(name, containers=[{"name": container, "volumeMounts": mounts}], volumes=[{"name": "v"} | (volume or {})])


PVC = {"persistentVolumeClaim": {"claimName": "ckpt"}}


@pytest.mark.parametrize(
    ("volume", "lasts", "why"),
    [
        (PVC, True, "on claim ckpt"),
        ({"nfs": {"server": "x"}}, True, "(nfs)"),
        ({"csi": {"driver": "gcsfuse.csi.storage.gke.io"}}, True, "gcsfuse"),
        ({"csi": {"driver": "secrets-store.csi.k8s.io"}}, None, "says nothing about how long it lasts"),
        ({"emptyDir": {}}, False, "an emptyDir, which goes with the pod"),
        ({"ephemeral": {}}, False, "whose claim goes with the pod"),
        ({"hostPath": {"path": "/data"}}, False, "which stays on the node"),
        (None, False, "is in no volume"),
    ],
)
def test_each_kind_of_volume(volume: Json | None, lasts: bool | None, why: str) -> None:
    found = durable([mounted(volume)], CKPT)
    assert found[0] is lasts and why in found[1]


def test_the_innermost_mount_counts() -> None:
    both = mounted({"emptyDir": {}}, "/ckpt")
    both["spec"]["volumes"].append({"name": "w"} | PVC)
    both["spec"]["containers"][0]["volumeMounts"].append({"name": "w", "mountPath": "/ckpt/run/"})
    assert durable([both], CKPT)[0] is True
    assert durable([both], Contract(path="/ckpt/runs"))[0] is False
    assert durable([mounted(PVC, "/ckpt/ru")], CKPT)[0] is False


def test_the_worst_of_the_pods_that_write_there_counts() -> None:
    assert durable([mounted(PVC), mounted({"emptyDir": {}}, name="b")], CKPT)[0] is False
    assert durable([mounted(PVC), mounted(None, name="launcher")], CKPT)[0] is True


def test_the_container_of_the_contract_counts() -> None:
    side = mounted(PVC, container="side")
    assert durable([side], CKPT)[0] is True
    assert durable([side], Contract(path="/ckpt/run", container="main"))[0] is False


@pytest.mark.parametrize(
    ("contract", "lasts"),
    [
        ({}, None),
        ({"durable": "pvc"}, True),
        ({"durable": "object"}, True),
        ({"durable": "local"}, False),
        ({"path": "s3://bucket/run"}, True),
        ({"path": "s3://bucket/run", "durable": "local"}, True),
        ({"path": "file:///ckpt/run"}, False),
    ],
)
def test_what_the_contract_says(contract: dict[str, Any], lasts: bool | None) -> None:
    assert durable([mounted({"emptyDir": {}})], Contract(**contract))[0] is lasts


def test_what_is_mounted_counts_for_more_than_what_is_said() -> None:
    assert durable([mounted({"emptyDir": {}})], Contract(path="/ckpt", durable="pvc"))[0] is False
    unknown = {"csi": {"driver": "x"}}
    assert durable([mounted(unknown)], Contract(path="/ckpt", durable="object"))[0] is True


@pytest.mark.parametrize(("source", "lasts"), [("local", False), ("hostPath", False), ("nfs", True)])
def test_a_claim_on_the_disk_of_a_node_does_not_serve_a_gang_elsewhere(source: str, lasts: bool) -> None:
    claim = {"metadata": {"name": "ckpt", "namespace": "ml"}, "spec": {"volumeName": "pv-1"}}
    volume = {"metadata": {"name": "pv-1"}, "spec": {source: {"path": "/disk"}}}
    world = reading(persistentvolumeclaims=[claim], persistentvolumes=[volume])
    assert durable([mounted(PVC)], CKPT, world)[0] is lasts
    assert durable([mounted(PVC)], CKPT, reading())[0] is True
