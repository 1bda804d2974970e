"""A snapshot of a real cluster: what the file says is what the server says, and a secret never gets into it."""

import gzip
import json
from pathlib import Path

import pytest

from tests.controlplane.gpu_nodes import add_nodes, gpu_node, only_for, only_there
from tests.controlplane.gpu_pods import add_pods, gpu_pod, wait_placed
from tests.controlplane.namespaces import new_namespace
from tests.controlplane.ours import k8sai
from tests.controlplane.server import ControlPlane

CANARY = "canary-9c41"
FORBIDDEN = 16


@pytest.fixture
def held(plane: ControlPlane) -> str:
    """A namespace with a pod on a GPU node, a job, a quota, and secrets wherever people keep them."""
    namespace = new_namespace(plane.api, "snapshot")
    add_nodes(plane.api, [gpu_node(f"{namespace}-0", 8, labels={"test": namespace}, taints=[only_for(namespace)])])
    hides = {"name": "main", "image": "x", "env": [{"name": "TOKEN", "value": CANARY}], "args": [CANARY]}
    template = {"spec": {"restartPolicy": "Never", "containers": [hides]}}
    core = f"/api/v1/namespaces/{namespace}"
    plane.api.post(f"{core}/secrets", {"metadata": {"name": "s"}, "stringData": {"p": CANARY}}).ok()
    plane.api.post(f"{core}/configmaps", {"metadata": {"name": "c"}, "data": {"p": CANARY}}).ok()
    plane.api.post(f"{core}/resourcequotas", {"metadata": {"name": "q"}, "spec": {"hard": {"pods": "9"}}}).ok()
    job = {"metadata": {"name": "trap"}, "spec": {"suspend": True, "template": template}}
    plane.api.post(f"/apis/batch/v1/namespaces/{namespace}/jobs", job).ok()
    applied = {"kubectl.kubernetes.io/last-applied-configuration": CANARY}
    add_pods(plane.api, namespace, [gpu_pod("p", 3, annotations=applied, **only_there(namespace))])
    wait_placed(plane.api, namespace)
    return namespace


def test_the_file_says_what_the_server_says(plane: ControlPlane, held: str, tmp_path: Path) -> None:
    file, config = tmp_path / "c.gz", plane.kubeconfig()
    saved = k8sai("snapshot", "save", "-o", str(file), kubeconfig=config)
    assert (saved.code, saved.out) == (0, f"{file}\n"), saved.err
    text = gzip.decompress(file.read_bytes()).decode()
    assert CANARY not in text
    kept = json.loads(text)["others"]
    for kind, name in (("jobs.batch", "trap"), ("resourcequotas", "q"), ("namespaces", held)):
        assert name in {one["metadata"]["name"] for one in kept[kind]}, kind
    document = k8sai("top", "--from", str(file), "-o", "json", kubeconfig=config).document()
    (node,) = (node for node in document["nodes"] if node["name"] == f"{held}-0")
    assert (node["totals"]["used"], node["totals"]["free"]) == (3, 5)
    assert document["complete"]


def test_codes_for_names(plane: ControlPlane, held: str, tmp_path: Path) -> None:
    file, config = tmp_path / "r.gz", plane.kubeconfig()
    assert k8sai("snapshot", "save", "--redact", "-o", str(file), kubeconfig=config).code == 0
    text = gzip.decompress(file.read_bytes()).decode()
    assert held not in text and CANARY not in text
    document = k8sai("top", "--from", str(file), "-o", "json", kubeconfig=config).document()
    assert 3 in {node["totals"]["used"] for node in document["nodes"]}


def test_who_may_read_nothing_gets_no_file(plane: ControlPlane, tmp_path: Path) -> None:
    file = tmp_path / "c.gz"
    ended = k8sai("snapshot", "save", "-o", str(file), kubeconfig=plane.kubeconfig("alice"))
    assert (ended.code, ended.out) == (FORBIDDEN, ""), ended.err
    assert not file.exists()
