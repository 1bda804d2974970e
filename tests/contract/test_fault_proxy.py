"""The proxy that does harm changes nothing else, and its record is what came: on the embedded server and a real one."""

import subprocess
from pathlib import Path

import pytest

from k8sai.cluster.api_errors import ApiForbidden
from k8sai.cluster.connect import connect
from k8sai.cluster.options import Options
from k8sai.cluster.writing import Writer
from tests.contract.api import Api
from tests.contract.conftest import Server
from tests.contract.fault_line import Line, failing
from tests.contract.fault_line import line as line
from tests.controlplane.session import kubectl
from tests.faults.faults import (
    CONFLICT,
    CUT,
)
from tests.faults.proxy import FaultProxy
from tests.faults.schedule import Rule


def test_without_faults_nothing_is_changed_on_the_way(line: Line, server: Server) -> None:
    """Whatever the encoding: bodies, codes and headers that matter."""
    through = Api.of(line.proxy.kubeconfig)
    for path in ("/version", "/api/v1", f"{line.map.path}", f"/api/v1/namespaces/{line.namespace}/pods", "/nowhere"):
        mine, own = through.get(path), server.api.get(path)
        assert (mine.status, mine.headers["Content-Type"]) == (own.status, own.headers["Content-Type"])
        if path != f"/api/v1/namespaces/{line.namespace}/pods":  # its resourceVersion goes on
            assert mine.body == own.body
    through.close()


def test_every_write_is_kept_in_its_order_with_what_became_of_it(line: Line) -> None:
    line.proxy.faults(Rule(CUT, "PATCH"), Rule(CONFLICT, "PATCH", skip=1))
    for _ in range(2):
        failing(line.guarded)
    line.guarded()
    failing(line.guarded)

    kept = [(one.method, one.path == line.map.path, one.fault, one.status) for one in line.proxy.schedule.writes]

    refused = line.proxy.schedule.writes[-1].status
    assert refused in (409, 422)
    assert kept == [
        ("PATCH", True, CUT.name, 0),
        ("PATCH", True, CONFLICT.name, 0),
        ("PATCH", True, "", 200),
        ("PATCH", True, "", refused),
    ]
    assert line.proxy.schedule.on_targets == []  # configmaps are the drain's own
    assert line.proxy.schedule.writes[2].sets == {"/data/a": "2"}


def test_a_trial_is_no_write(line: Line) -> None:
    body = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": "p"}}
    path = f"/api/v1/namespaces/{line.namespace}/pods/p/eviction"
    through = Api.of(line.proxy.kubeconfig)
    through.post(path, {**body, "deleteOptions": {"dryRun": ["All"]}})
    through.post(path, body, {"dryRun": "All"})
    through.post("/apis/authentication.k8s.io/v1/selfsubjectreviews", {})
    assert line.proxy.schedule.writes == []
    through.post(path, body)
    through.close()
    assert [one.path for one in line.proxy.schedule.writes] == [path]


def test_rights_stay_those_of_who_asks(server: Server, namespace: str, tmp_path: Path) -> None:
    if server.plane is None:
        pytest.skip("the embedded cluster knows nobody by a certificate")
    with FaultProxy(server.plane.kubeconfig("alice"), tmp_path, plane=server.plane) as proxy:
        connection = connect(Options(kubeconfig=str(proxy.kubeconfig)))
        assert Writer(connection).whoami() == "alice"
        error = failing(lambda: connection.request("GET", f"/api/v1/namespaces/{namespace}/pods"))
        connection.close()
    assert isinstance(error, ApiForbidden) and "alice" in error.message
    assert {one.user for one in proxy.schedule.all} == {"alice"}


@pytest.mark.kubectl
def test_kubectl_goes_through_it_with_its_websockets(line: Line, server: Server) -> None:
    """There is no kubelet behind the pod: the refusal of `exec` is the server's own, word for word."""
    pod = {"metadata": {"name": "p"}, "spec": {"containers": [{"name": "main", "image": "registry.example/x:1"}]}}
    server.api.post(f"/api/v1/namespaces/{line.namespace}/pods", pod).ok()

    def said(kubeconfig: Path) -> tuple[int, str]:
        words = ["-n", line.namespace, "exec", "p", "--", "true"]
        done = subprocess.run(
            [str(kubectl()), "--kubeconfig", str(kubeconfig), *words], capture_output=True, text=True, check=False
        )
        return done.returncode, done.stderr

    assert said(line.proxy.kubeconfig) == said(server.kubeconfig)
    asked = [one for one in line.proxy.schedule.all if one.path.endswith("/exec")]
    assert asked and all(one.query["command"] == ["true"] for one in asked)
