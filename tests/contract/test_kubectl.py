"""Plain kubectl against either server: what people type must work."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from tests.contract.api import Api, Json
from tests.contract.conftest import Nodes, Server
from tests.contract.objects import deployment, job, pod
from tests.controlplane.gpu_nodes import GPU
from tests.controlplane.gpu_pods import add_pods, gpu_pod, runs, wait_placed
from tests.controlplane.session import kubectl

pytestmark = pytest.mark.kubectl


@pytest.fixture
def command(server: Server, namespace: str, tmp_path: Path) -> list[str]:
    """How kubectl is started: as the server's admin, in the test's namespace."""
    program = str(kubectl())
    return [program, f"--kubeconfig={server.kubeconfig}", f"--cache-dir={tmp_path}", f"--namespace={namespace}"]


@pytest.fixture
def run(command: list[str]) -> Callable[..., str]:
    """`run("get", "pods")`: what it printed; a failure fails the test with what it said."""

    def call(*arguments: str, stdin: str | None = None) -> str:
        done = subprocess.run(
            [*command, *arguments], input=stdin, capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == 0, f"kubectl {' '.join(arguments)}: {done.stdout}{done.stderr}"
        return done.stdout

    return call


def _lines(text: str) -> list[list[str]]:
    return [line.split() for line in text.splitlines()]


def test_version_and_kinds(run: Callable[..., str]) -> None:
    assert "Server Version: v1." in run("version")
    kinds = run("api-resources", "-o", "name").split()
    assert {"pods", "nodes", "deployments.apps", "jobs.batch", "resourceslices.resource.k8s.io"} <= set(kinds)


def test_get_nodes_and_pods_everywhere(
    api: Api, run: Callable[..., str], namespace: str, nodes: Callable[..., Nodes]
) -> None:
    where = nodes()
    add_pods(api, namespace, [gpu_pod("p", 2, nodeSelector=where.selector)])
    wait_placed(api, namespace)
    rows = _lines(run("get", "nodes,pods", "-A"))
    assert [f"node/{where.names[0]}", "Ready", "<none>"] in [row[:3] for row in rows]
    assert [namespace, "pod/p", "1/1", "Running", "0"] in [row[:5] for row in rows]
    wide = run("get", "pods", "-o", "wide")
    assert where.names[0] in wide


def test_describe_node(api: Api, run: Callable[..., str], namespace: str, nodes: Callable[..., Nodes]) -> None:
    where = nodes()
    add_pods(api, namespace, (gpu_pod(f"p{i}", 3, nodeSelector=where.selector) for i in range(2)))
    wait_placed(api, namespace)
    text = run("describe", "node", where.names[0])
    rows = _lines(text)
    assert rows.count([f"{GPU}:", "8"]) == 2, "capacity and allocatable"
    assert [GPU, "6", "6"] in rows
    assert "Non-terminated Pods:" in text
    assert [namespace, "p0"] in [row[:2] for row in rows]


def test_apply_twice_then_differently(run: Callable[..., str]) -> None:
    manifest = deployment(replicas=0)
    assert run("apply", "-f", "-", stdin=yaml.safe_dump(manifest)) == "deployment.apps/web created\n"
    assert run("apply", "-f", "-", stdin=yaml.safe_dump(manifest)) == "deployment.apps/web unchanged\n"
    manifest["spec"]["template"]["spec"]["containers"][0]["image"] = "registry.example/train:2"
    assert run("apply", "-f", "-", stdin=yaml.safe_dump(manifest)) == "deployment.apps/web configured\n"
    image = "{.spec.template.spec.containers[0].image}"
    assert run("get", "deployment", "web", "-o", f"jsonpath={image}") == "registry.example/train:2"
    assert run("delete", "deployment", "web").startswith('deployment.apps "web" deleted')


def test_apply_without_writing(run: Callable[..., str]) -> None:
    manifest = yaml.safe_dump(deployment())
    said = run("apply", "--dry-run=server", "-f", "-", stdin=manifest)
    assert said == "deployment.apps/web created (server dry run)\n"
    assert run("get", "deployments", "-o", "name") == ""


def test_drain_without_writing(api: Api, run: Callable[..., str], namespace: str, nodes: Callable[..., Nodes]) -> None:
    where = nodes()
    add_pods(api, namespace, [gpu_pod("p", nodeSelector=where.selector)])
    wait_placed(api, namespace)
    said = run("drain", where.names[0], "--dry-run=server", "--ignore-daemonsets", "--force")
    assert f"node/{where.names[0]} cordoned (server dry run)" in said
    assert f"node/{where.names[0]} drained (server dry run)" in said
    assert "unschedulable" not in api.get(f"/api/v1/nodes/{where.names[0]}").ok()["spec"]
    assert runs(api.get(f"/api/v1/namespaces/{namespace}/pods/p").ok())


def test_drain_and_uncordon(
    api: Api, run: Callable[..., str], namespace: str, core: str, nodes: Callable[..., Nodes]
) -> None:
    where = nodes()
    apps = f"/apis/apps/v1/namespaces/{namespace}"
    api.post(f"{apps}/deployments", deployment(replicas=2, nodeSelector=where.selector)).ok()
    api.until(f"{core}/pods", lambda pods: len(pods) == 2 and all(map(runs, pods.values())))
    assert f"node/{where.names[0]} drained" in run("drain", where.names[0], "--timeout=40s")
    assert f"node/{where.names[0]} uncordoned" in run("uncordon", where.names[0])
    api.until(f"{core}/pods", lambda pods: len(pods) == 2 and all(map(runs, pods.values())))


def test_get_keeps_watching(api: Api, command: list[str], core: str) -> None:
    watching = [*command, "get", "pods", "--watch", "--output-watch-events", "--no-headers"]
    with subprocess.Popen(watching, stdout=subprocess.PIPE, text=True, env=os.environ) as process:
        assert process.stdout
        try:
            api.post(f"{core}/pods", pod("first", nodeSelector={"no.such/label": "x"})).ok()
            assert process.stdout.readline().split()[:2] == ["ADDED", "first"]
            api.delete(f"{core}/pods/first").ok()
            while (line := process.stdout.readline().split())[0] == "MODIFIED":
                pass  # the scheduler has its say first
            assert line[:2] == ["DELETED", "first"]
        finally:
            process.kill()


def test_rollouts_and_waits(run: Callable[..., str], nodes: Callable[..., Nodes]) -> None:
    selector = nodes().selector
    run("apply", "-f", "-", stdin=yaml.safe_dump(deployment(nodeSelector=selector)))
    assert 'deployment "web" successfully rolled out' in run("rollout", "status", "deployment/web", "--timeout=40s")
    assert run("scale", "deployment/web", "--replicas=3") == "deployment.apps/web scaled\n"
    run("wait", "--for=jsonpath={.status.readyReplicas}=3", "deployment/web", "--timeout=40s")
    run("apply", "-f", "-", stdin=yaml.safe_dump(job(nodeSelector=selector)))
    run("wait", "--for=create", "pod", "-l", "app=train", "--timeout=40s")
    run("wait", "--for=condition=Ready", "pod", "-l", "app=train", "--timeout=40s")


def test_small_writes(run: Callable[..., str], api: Api, core: str, nodes: Callable[..., Nodes]) -> None:
    (name,) = nodes().names
    assert run("label", "node", name, "team=a") == f"node/{name} labeled\n"
    assert run("annotate", "node", name, "k8sai.dev/note=x") == f"node/{name} annotated\n"
    assert run("taint", "node", name, "k8sai.dev/t=1:NoSchedule") == f"node/{name} tainted\n"
    assert run("cordon", name) == f"node/{name} cordoned\n"
    node = api.get(f"/api/v1/nodes/{name}").ok()
    assert node["metadata"]["labels"]["team"] == "a"
    assert "k8sai.dev/t" in {taint["key"] for taint in node["spec"]["taints"]}
    run("create", "configmap", "settings", "--from-literal=a=1")
    run("patch", "configmap", "settings", "--type=json", "-p", '[{"op": "add", "path": "/data/b", "value": "2"}]')
    assert api.get(f"{core}/configmaps/settings").ok()["data"] == {"a": "1", "b": "2"}


def test_describe_a_pod_that_waits(api: Api, run: Callable[..., str], core: str, namespace: str) -> None:
    add_pods(api, namespace, [gpu_pod("p", nodeSelector={"no.such/label": "x"})])
    api.until(f"{core}/events", bool, {"fieldSelector": "reason=FailedScheduling"})
    text = run("describe", "pod", "p")
    assert "FailedScheduling" in text
    assert "Status:           Pending" in text
    assert "FailedScheduling" in run("events", "--for", "pod/p")


def test_what_is_not_there(command: list[str]) -> None:
    done = subprocess.run([*command, "get", "pod", "ghost"], capture_output=True, text=True, timeout=30, check=False)
    assert (done.returncode, done.stderr) == (1, 'Error from server (NotFound): pods "ghost" not found\n')


def test_a_kind_nobody_serves(command: list[str]) -> None:
    made = {"apiVersion": "no.such/v1", "kind": "Gizmo", "metadata": {"name": "g"}}
    words = [*command, "create", "-f", "-"]
    done = subprocess.run(words, input=yaml.safe_dump(made), capture_output=True, text=True, timeout=30, check=False)
    assert 'no matches for kind "Gizmo" in version "no.such/v1"' in done.stderr


def test_may_i(run: Callable[..., str]) -> None:
    assert run("auth", "can-i", "list", "pods") == "yes\n"


def test_lists_read_back_as_written(run: Callable[..., str], api: Api, core: str) -> None:
    run("create", "configmap", "settings", "--from-literal=a=1")
    read: Json = yaml.safe_load(run("get", "configmap", "settings", "-o", "yaml"))
    assert (read["apiVersion"], read["kind"], read["data"]) == ("v1", "ConfigMap", {"a": "1"})
    assert read["metadata"]["uid"] == api.get(f"{core}/configmaps/settings").ok()["metadata"]["uid"]
