"""The whole embedded cluster over HTTP: it starts, answers, settles, is loaded anew, and ends."""

import gc
import json
import socket
import stat
import threading
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest
import yaml

from k8sai.errors import ClusterError, NotFound, Usage
from k8sai.sim.cluster import Sim

_OPEN = urllib.request.build_opener(urllib.request.ProxyHandler({})).open


def get(sim: Sim, path: str) -> dict[str, Any]:
    with _OPEN(sim.server + path) as answer:
        found: dict[str, Any] = json.load(answer)
        return found


def post(sim: Sim, path: str, body: Any) -> dict[str, Any]:
    request = urllib.request.Request(sim.server + path, json.dumps(body).encode(), {"Content-Type": "application/json"})
    with _OPEN(request) as answer:
        found: dict[str, Any] = json.load(answer)
        return found


def test_a_pod_sent_over_http_runs() -> None:
    with Sim("cpu-only") as sim:
        spec = {"containers": [{"name": "main", "image": "x"}]}
        post(sim, "/api/v1/namespaces/default/pods", {"metadata": {"name": "p"}, "spec": spec})
        sim.settled()
        found = get(sim, "/api/v1/namespaces/default/pods/p")
    assert (found["status"]["phase"], found["spec"]["nodeName"].partition("-")[0]) == ("Running", "cpu")


def test_after_stop_nothing_answers_and_no_thread_is_left() -> None:
    before = set(threading.enumerate())
    with Sim() as sim:
        assert get(sim, "/version")["major"]
    assert set(threading.enumerate()) == before
    with pytest.raises(urllib.error.URLError):
        get(sim, "/version")
    sim.stop()
    with pytest.raises(ClusterError, match="not running"):
        sim.settled()


def test_it_can_be_started_again() -> None:
    sim = Sim("cpu-only")
    for _ in range(2):
        with sim:
            assert len(get(sim, "/api/v1/nodes")["items"]) == 6


def test_the_kubeconfig_is_private_and_points_at_it(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "kubeconfig"
    with Sim() as sim:
        sim.write_kubeconfig(path, "mine")
        found = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert found["clusters"][0]["cluster"]["server"] == sim.server
    assert found["current-context"] == found["contexts"][0]["name"] == "mine"


def test_a_taken_port_is_one_sentence() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(Usage) as caught:
            Sim(port=port).start()
    assert caught.value.message == f"cannot listen on port {port}: address already in use"


def test_a_scenario_that_fails_while_it_loads_stops_the_start(tmp_path: Path) -> None:
    path = tmp_path / "bad.yaml"
    head = "apiVersion: k8sai.dev/v1alpha1\nkind: Scenario\n"
    path.write_text(head + "objects: [{apiVersion: v1, kind: Pod, metadata: {name: p}, spec: {}}]\n", encoding="utf-8")
    before = set(threading.enumerate())
    with pytest.raises(Usage, match="refused"):
        Sim(path).start()
    assert set(threading.enumerate()) == before


def test_an_unknown_scenario_is_told_at_once() -> None:
    with pytest.raises(NotFound, match="there is no scenario"):
        Sim("nope")


def test_another_scenario_replaces_what_is_there() -> None:
    with Sim("demo") as sim:
        sim.load("cpu-only")
        sim.settled()
        assert len(get(sim, "/api/v1/nodes")["items"]) == 6
        spaces = {n["metadata"]["name"] for n in get(sim, "/api/v1/namespaces")["items"]}
        assert "pretrain" not in spaces
        assert {"default", "shop"} <= spaces
        sim.load("empty")
        assert get(sim, "/api/v1/pods")["items"] == []
        assert get(sim, "/apis/resource.k8s.io/v1/resourceslices")["items"] == []
        sim.load("demo")
        sim.settled(30)
        assert get(sim, "/sim.k8sai.dev/about")["nodes"] == 48


def test_a_scenario_is_put_beside_what_is_there() -> None:
    with Sim("cpu-only") as sim:
        before = {one["metadata"]["name"] for one in get(sim, "/api/v1/nodes")["items"]}
        sim.add("drain")
        sim.settled()
        after = {one["metadata"]["name"] for one in get(sim, "/api/v1/nodes")["items"]}
        pods = get(sim, "/api/v1/namespaces/pretrain/pods")["items"]
    assert before < after and "h200-00" in after
    assert [one["status"]["phase"] for one in pods] == ["Running", "Running"]


def test_denials_of_a_scenario_hold() -> None:
    with Sim("no-rights") as sim:
        assert get(sim, "/api/v1/namespaces/mine/pods")["items"]
        for path in ("/api/v1/nodes", "/api/v1/pods", "/api/v1/namespaces/theirs/pods"):
            with pytest.raises(urllib.error.HTTPError) as caught:
                get(sim, path)
            with caught.value:
                assert caught.value.code == 403


def test_speed_shortens_runs() -> None:
    with Sim("cpu-only", speed=1000) as sim:
        job = {
            "template": {
                "metadata": {"annotations": {"sim.k8sai.dev/run-for": "10m"}},
                "spec": {"restartPolicy": "Never", "containers": [{"name": "main", "image": "x"}]},
            }
        }
        path = "/apis/batch/v1/namespaces/default/jobs"
        post(sim, path, {"metadata": {"name": "j"}, "spec": job})
        with _OPEN(f"{sim.server}{path}?watch=1&fieldSelector=metadata.name%3Dj", timeout=30) as events:
            for line in events:
                conditions = json.loads(line)["object"].get("status", {}).get("conditions", [])
                if any(c["type"] == "Complete" for c in conditions):
                    break


def test_time_runs_forwards_only() -> None:
    with pytest.raises(Usage, match="forwards"):
        Sim(speed=0)


def test_the_garbage_collector_is_kept_out_of_a_large_cluster() -> None:
    gc.unfreeze()
    with Sim("empty"):
        assert gc.get_freeze_count() == 0
    with Sim("huge", nodes=3000) as sim:
        assert gc.get_freeze_count() > 0
        assert get(sim, "/sim.k8sai.dev/about")["nodes"] == 3000
    assert gc.get_freeze_count() == 0
