"""The harness itself: what it starts lives as the tests believe, and is gone afterwards."""

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.contract.api import Api
from tests.controlplane import dra
from tests.controlplane.gpu_nodes import GPU, NODES, add_nodes, gpu_node
from tests.controlplane.gpu_pods import add_pods, gpu_pod, pods_path, wait_placed
from tests.controlplane.namespaces import new_namespace
from tests.controlplane.processes import ProcessEnded, Processes
from tests.controlplane.server import ControlPlane
from tests.controlplane.session import VARIABLE, ControlPlanes, binaries


def test_without_the_variable_one_sentence_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    assert str(binaries()).startswith("K8SAI_CONTROLPLANE_BIN is not set")


def test_a_folder_without_binaries_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    assert str(tmp_path) in str(binaries())


def test_a_process_that_ends_is_reported_with_its_log(tmp_path: Path) -> None:
    processes = Processes(tmp_path)
    processes.start("short", ("sh", "-c", "echo its last words; exit 3"))
    with pytest.raises(ProcessEnded, match="short ended with 3:\nits last words"):
        processes.wait("short", lambda: False)
    processes.kill_all()


def test_nothing_survives_its_group(tmp_path: Path) -> None:
    processes = Processes(tmp_path)
    processes.start("family", ("sh", "-c", "sleep 600 & echo $!; wait"))
    processes.wait("family", lambda: processes.log("family") != "")
    child = int(processes.log("family"))
    os.kill(child, 0)
    processes.kill_all()
    processes.wait("the child's end", lambda: not Path(f"/proc/{child}").exists() or _is_zombie(child), 5)


def _is_zombie(pid: int) -> bool:
    return "State:\tZ" in Path(f"/proc/{pid}/status").read_text()


def test_the_scheduler_places_pods_on_kwok_nodes(api: Api, namespace: str) -> None:
    label = {"test": namespace}
    add_nodes(api, (gpu_node(f"{namespace}-{i}", 8, labels=label) for i in range(2)))
    add_pods(api, namespace, (gpu_pod(f"p{i}", 4, nodeSelector=label) for i in range(5)))
    pods = wait_placed(api, namespace, expect_pending=1)
    placed = sorted(pod["spec"].get("nodeName", "") for pod in pods.values())
    assert placed == ["", *[f"{namespace}-0"] * 2, *[f"{namespace}-1"] * 2]


def test_annotations_steer_the_kubelets(api: Api, namespace: str) -> None:
    label = {"test": namespace}
    add_nodes(api, [gpu_node(f"{namespace}-0", 8, labels=label)])
    steered = {
        "completes": {"test.k8sai.dev/complete-after": "1ms"},
        "waits": {"test.k8sai.dev/never-start": ""},
        "lingers": {"test.k8sai.dev/linger": ""},
    }
    add_pods(api, namespace, (gpu_pod(n, annotations=a, nodeSelector=label) for n, a in steered.items()))
    pods = pods_path(namespace)
    api.until_object(f"{pods}/completes", lambda pod: pod["status"]["phase"] == "Succeeded")
    api.until_object(f"{pods}/lingers", lambda pod: pod["status"]["phase"] == "Running")
    api.delete(f"{pods}/lingers").ok()
    waiting = api.until_object(f"{pods}/waits", lambda pod: "nodeName" in pod["spec"])
    assert waiting["status"]["phase"] == "Pending"
    lingering = api.get(f"{pods}/lingers").ok()
    assert "deletionTimestamp" in lingering["metadata"]
    assert lingering["status"]["phase"] == "Running"


def test_a_pod_told_to_end_says_so_before_it_goes(api: Api, namespace: str) -> None:
    label = {"test": namespace}
    add_nodes(api, [gpu_node(f"{namespace}-0", 8, labels=label)])
    pod = gpu_pod("ends", nodeSelector=label)
    pod["metadata"]["finalizers"] = ["test.k8sai.dev/look"]
    add_pods(api, namespace, [pod])
    path = f"{pods_path(namespace)}/ends"
    api.until_object(path, lambda pod: pod["status"]["phase"] == "Running")
    api.delete(path).ok()
    ended = api.until_object(path, lambda pod: pod["status"]["phase"] == "Failed")
    assert ended["status"]["containerStatuses"][0]["state"]["terminated"]["exitCode"] == 128 + signal.SIGTERM
    api.patch(path, {"metadata": {"finalizers": None}}).ok()
    api.until_gone(path)


def test_the_api_server_comes_back_with_its_data(plane: ControlPlane, namespace: str) -> None:
    plane.kill_apiserver()
    assert not plane.api.answers()
    plane.start_apiserver_again()
    assert plane.api.get(f"/api/v1/namespaces/{namespace}").status == 200


def test_the_scheduler_allocates_devices_of_slices(api: Api, namespace: str) -> None:
    label = {"test": namespace}
    add_nodes(api, [gpu_node(f"{namespace}-0", 0, labels=label)])
    api.post(dra.SLICES, dra.resource_slice(f"{namespace}-0", [dra.gpu(i) for i in range(2)])).ok()
    api.post(dra.CLASSES, dra.device_class(namespace, f'device.driver == "{dra.DRIVER}"')).ok()
    api.post(dra.templates_path(namespace), dra.claim_template("two", namespace, 2)).ok()
    add_pods(api, namespace, [dra.claiming_pod("p", template="two", nodeSelector=label)])
    wait_placed(api, namespace)
    (claim,) = api.get(dra.claims_path(namespace)).ok()["items"]
    results = claim["status"]["allocation"]["devices"]["results"]
    assert {result["device"] for result in results} == {"gpu-0", "gpu-1"}


def test_gates_get_a_control_plane_of_their_own(controlplanes: ControlPlanes) -> None:
    gated = controlplanes.get("GenericWorkload=true")
    groups = {g["name"]: g for g in gated.api.get("/apis").ok()["groups"]}
    versions = {v["version"] for v in groups["scheduling.k8s.io"]["versions"]}
    kinds = {
        resource["kind"]
        for version in versions
        for resource in gated.api.get(f"/apis/scheduling.k8s.io/{version}").ok()["resources"]
    }
    assert {"Workload", "PodGroup"} <= kinds


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("jobset", "/apis/jobset.x-k8s.io/v1alpha2/jobsets"),
        ("lws", "/apis/leaderworkerset.x-k8s.io/v1/leaderworkersets"),
        ("trainer", "/apis/trainer.kubeflow.org/v1alpha1/trainjobs"),
        ("argo-rollouts", "/apis/argoproj.io/v1alpha1/rollouts"),
        ("kueue", "/apis/kueue.x-k8s.io/v1beta2/workloads"),
    ],
)
def test_addons_serve_their_kinds(addon: Callable[..., None], plane: ControlPlane, name: str, path: str) -> None:
    addon(name)  # a definition that is written again makes its storage anew: 429 for a moment
    plane.processes.wait(f"a list of {path}", lambda: plane.api.answers(path), 60)


def test_kueue_admits_what_its_quota_allows(addon: Callable[..., None], plane: ControlPlane, namespace: str) -> None:
    addon("jobset", "kueue")
    queue = {"apiVersion": "kueue.x-k8s.io/v1beta2", "metadata": {"name": namespace}}
    quota = {
        "flavors": [{"name": namespace, "resources": [{"name": GPU, "nominalQuota": 8}]}],
        "coveredResources": [GPU],
    }
    plane.apply(
        {**queue, "kind": "ResourceFlavor"},
        {**queue, "kind": "ClusterQueue", "spec": {"namespaceSelector": {}, "resourceGroups": [quota]}},
        {
            **queue,
            "kind": "LocalQueue",
            "metadata": {"name": "q", "namespace": namespace},
            "spec": {"clusterQueue": namespace},
        },
        _queued_job("fits", namespace, 8),
        _queued_job("waits", namespace, 1),
    )
    jobs = f"/apis/batch/v1/namespaces/{namespace}/jobs"
    plane.api.until_object(f"{jobs}/fits", lambda job: job["spec"]["suspend"] is False)
    workloads = f"/apis/kueue.x-k8s.io/v1beta2/namespaces/{namespace}/workloads"
    plane.api.until(workloads, lambda found: len(found) == 2)
    assert plane.api.get(f"{jobs}/waits").ok()["spec"]["suspend"] is True


def _queued_job(name: str, namespace: str, gpus: int) -> dict[str, object]:
    limits = {"limits": {GPU: gpus}, "requests": {GPU: gpus}}
    container = {"name": "main", "image": "registry.example/train:1", "resources": limits}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": name, "namespace": namespace, "labels": {"kueue.x-k8s.io/queue-name": "q"}},
        "spec": {"suspend": True, "template": {"spec": {"containers": [container], "restartPolicy": "Never"}}},
    }


def test_nobody_else_may_read(plane: ControlPlane) -> None:
    alice = Api.of(plane.kubeconfig("alice"))
    assert alice.get(NODES).status == 403
    assert new_namespace(plane.api, "free", service_account=False)
