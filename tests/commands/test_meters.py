"""`top --dcgm` and `--prometheus`: through a scripted API server, and on the embedded cluster."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from k8sai.cluster.metrics import Metered, Reading
from k8sai.cluster.prometheus import prometheus_at
from k8sai.cluster.sources import Source, State
from k8sai.commands._meters import Meter, Metering
from k8sai.commands._watch import Follower
from k8sai.errors import ClusterError, Exit, Forbidden, K8saiError
from k8sai.fleet.answers import Gauge
from k8sai.fleet.index import Fleet
from k8sai.fleet.picture import Scope
from k8sai.sim.cluster import Sim
from tests.cluster.scripted_api import Answer, Asked, ScriptedApi, connected, forbidden, listed, refused, scripted
from tests.commands.run import Ran, environment, run
from tests.commands.server import write_kubeconfig
from tests.commands.test_watch import Fed, lines
from tests.fleet.small import fleet, items

EXPORTERS = "/api/v1/namespaces/gpu-operator/pods/dcgm-{}:9400/proxy/metrics"
TEXT = """\
DCGM_FI_DEV_GPU_UTIL{{gpu="0",UUID="GPU-{0}-a",Hostname="{0}",namespace="team-vision",pod="train-0"}} 80
DCGM_FI_DEV_GPU_UTIL{{gpu="1",UUID="GPU-{0}-b",Hostname="{0}"}} 40
DCGM_FI_DEV_POWER_USAGE{{gpu="0",UUID="GPU-{0}-a",Hostname="{0}",namespace="team-vision",pod="train-0"}} 612.5
"""
MISSING = "warning: dcgm readings are missing; no figure depends on them: "


def exporter(node: str) -> dict[str, Any]:
    meta = {"name": f"dcgm-{node}", "namespace": "gpu-operator", "labels": {"app": "nvidia-dcgm-exporter"}}
    return {"metadata": meta, "spec": {"nodeName": node}, "status": {"phase": "Running"}}


@pytest.fixture
def api() -> Iterator[ScriptedApi]:
    """The small cluster; which pods are exporters a test says with `exporters`."""
    small = items()
    with scripted() as server:
        server.on("/version", Answer(body=b'{"major": "1", "minor": "37", "gitVersion": "v1.37.0"}'))
        server.on("nodes", listed(*[one for one in small.values() if one["kind"] == "Node"]))
        server.on("query_range", Answer(body=b'{"status": "success", "data": {"resultType": "matrix", "result": []}}'))
        yield server


def exporters(api: ScriptedApi, *nodes: str) -> None:
    pods = listed(*[one for one in items().values() if one["kind"] == "Pod"])
    running = listed(*map(exporter, nodes))

    def answer(asked: Asked) -> Answer:
        selector = asked.query.get("labelSelector", "")
        return pods if not selector else running if selector.startswith("app=") else listed()

    api.on("pods", answer)
    for node in nodes:
        api.on(EXPORTERS.format(node), Answer(body=TEXT.format(node).encode()))


def top(api: ScriptedApi, tmp_path: Path, *flags: str) -> Ran:
    config = write_kubeconfig(tmp_path / "config", api.url)
    return run("kubectl-ai_top", *flags, "--kubeconfig", config, env=environment(tmp_path))


def test_the_wide_table_says_how_busy(api: ScriptedApi, tmp_path: Path) -> None:
    exporters(api, "gpu-h1", "gpu-a2")
    ran = top(api, tmp_path, "--dcgm", "--by", "node", "-o", "wide")
    assert (ran.code, ran.err) == (Exit.OK, "")
    heading, *rows = ran.out.splitlines()
    at = heading.index("UTIL")
    assert {row.split()[0]: row[at : at + 4].strip() for row in rows} == {
        "gpu-a1": "–",
        "gpu-a2": "60%",
        "gpu-h1": "60%",
        "gpu-h2": "–",
        "gpu-m1": "–",
        "gpu-t1": "–",
    }


def test_the_document_has_gauges_and_the_same_figures(api: ScriptedApi, tmp_path: Path) -> None:
    exporters(api, "gpu-h1")
    ran, without = (top(api, tmp_path, *flags, "-o", "json") for flags in (["--dcgm"], []))
    assert (ran.code, ran.err) == (Exit.OK, "")
    view, bare = json.loads(ran.out), json.loads(without.out)
    devices = {one["id"]: one for node in view["nodes"] for one in node["devices"]}
    assert devices["GPU-gpu-h1-a"]["utilization"] == 0.8 and devices["GPU-gpu-h1-a"]["powerWatts"] == 612.5
    assert devices["GPU-gpu-h1-a"]["holders"][0]["name"] == "train-0"
    assert {key: view["sources"][-1][key] for key in ("kind", "state", "count")} == {
        "kind": "dcgm",
        "state": "once",
        "count": 2,
    }
    for key in ("totals", "products", "namespaces", "queues", "pods", "pending", "complete"):
        assert view[key] == bare[key]
    assert not any("utilization" in one for node in bare["nodes"] for one in node["devices"])


def test_only_the_nodes_asked_for_are_scraped(api: ScriptedApi, tmp_path: Path) -> None:
    exporters(api, "gpu-h1", "gpu-a2")
    assert top(api, tmp_path, "gpu-h1", "--dcgm", "--once").code == Exit.OK
    assert [one.path for one in api.asked if "proxy" in one.path] == [EXPORTERS.format("gpu-h1")]


# --- what is missing --------------------------------------------------------------------------------------------------


def test_no_exporter(api: ScriptedApi, tmp_path: Path) -> None:
    exporters(api)
    ran = top(api, tmp_path, "--dcgm", "--once")
    assert ran.code == Exit.PARTIAL
    assert ran.out.startswith("test at ")
    assert ran.err == (
        f"{MISSING}no dcgm-exporter runs in this cluster\n  → install it, or name a Prometheus that has its metrics\n"
    )


def test_a_cluster_without_gpus_has_none_with_a_meter_either(tmp_path: Path) -> None:
    with Sim("cpu-only") as sim:
        sim.write_kubeconfig(tmp_path / "config")
        ran = run("kubectl-ai_top", "--dcgm", "--once", "--kubeconfig", tmp_path / "config", env=environment(tmp_path))
    assert (ran.code, ran.out) == (Exit.PARTIAL, "")
    assert ran.err.startswith(MISSING)
    assert "no GPUs in k8sai-sim: none of its 6 nodes offers any" in ran.err


def test_no_rights_to_the_exporters(api: ScriptedApi, tmp_path: Path) -> None:
    api.on(EXPORTERS.format("gpu-h1"), forbidden("get", "pods/proxy", namespace="gpu-operator"))
    exporters(api, "gpu-h1")
    ran = top(api, tmp_path, "--dcgm", "-o", "json")
    assert ran.code == Exit.PARTIAL
    view = json.loads(ran.out)
    assert view["totals"]["capacity"] == 38
    assert [gap["what"] for gap in view["hidden"]] == ["dcgm readings"]
    assert view["sources"][-1]["state"] == "forbidden"
    assert ran.err.startswith(MISSING) and "get pods/proxy in namespace gpu-operator" in ran.err
    assert ran.err.count("warning: ") == 1 and "kubectl auth can-i get pods" in ran.err


def test_an_exporter_that_does_not_answer(api: ScriptedApi, tmp_path: Path) -> None:
    api.on(EXPORTERS.format("gpu-a2"), refused(503, "ServiceUnavailable", "no route"))
    exporters(api, "gpu-h1", "gpu-a2")
    ran = top(api, tmp_path, "--dcgm", "-o", "json")
    assert ran.code == Exit.PARTIAL
    assert ran.err.startswith(
        "warning: some dcgm readings are missing; no figure depends on them: the GPUs of node gpu-a2"
    )
    assert json.loads(ran.out)["sources"][-1]["count"] == 2


# --- Prometheus -------------------------------------------------------------------------------------------------------


def vector(*nodes: str) -> Answer:
    result = [
        {
            "metric": {"__name__": "DCGM_FI_DEV_GPU_UTIL", "UUID": f"GPU-{node}", "Hostname": node},
            "value": [1795255200.0, "25"],
        }
        for node in nodes
    ]
    return Answer(body=json.dumps({"status": "success", "data": {"resultType": "vector", "result": result}}).encode())


def test_prometheus_behind_the_api_server(api: ScriptedApi, tmp_path: Path) -> None:
    exporters(api)
    api.on("/api/v1/namespaces/mon/services/prom:9090/proxy/api/v1/query", vector("gpu-h1"))
    ran = top(api, tmp_path, "--prometheus", "mon/prom:9090", "-o", "wide", "--by", "node")
    assert (ran.code, ran.err) == (Exit.OK, "")
    assert "25%" in next(line for line in ran.out.splitlines() if line.startswith("gpu-h1"))


def test_prometheus_by_its_url_gets_its_headers(api: ScriptedApi, tmp_path: Path) -> None:
    exporters(api)
    api.on("/prom/api/v1/query", vector("gpu-h1"))
    headers = ("--prometheus-header", "Authorization: Bearer s3cret", "--prometheus-header", "X-Scope-OrgID:a:b")
    ran = top(api, tmp_path, "--prometheus", f"{api.url}/prom", *headers, "--once")
    assert (ran.code, ran.err) == (Exit.OK, "")
    asked = api.of("/prom/api/v1/query")[0]
    assert (asked.headers["Authorization"], asked.headers["X-Scope-OrgID"]) == ("Bearer s3cret", "a:b")


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [(Answer(401, b"no"), "wants credentials (401)"), (vector(), "has no metrics of dcgm-exporter")],
    ids=["401", "empty"],
)
def test_prometheus_that_has_nothing_for_us(answer: Answer, sentence: str, api: ScriptedApi, tmp_path: Path) -> None:
    exporters(api)
    api.on("/prom/api/v1/query", answer)
    where = api.url.replace("//", "//ann:s3cret@") + "/prom"
    ran = top(api, tmp_path, "--prometheus", where, "--prometheus-header", "X-Token: s3cret", "--once")
    assert ran.code == Exit.PARTIAL and ran.out
    assert ran.err.startswith("warning: prometheus readings are missing; no figure depends on them: ")
    assert sentence in ran.err and "s3cret" not in ran.err + ran.out


# --- for as long as somebody looks ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Script(Meter):
    """A meter that answers by a script."""

    answers: list[Metered | K8saiError] = field(default_factory=list)

    def ask(self, *_: object) -> Metered:
        answer = self.answers.pop(0)
        if isinstance(answer, K8saiError):
            raise answer
        return answer


READ = Metered((Reading("GPU-0", node="gpu-h1", util=0.5, at=1.0),))


def turns(*answers: Metered | K8saiError) -> tuple[list[State], Metering]:
    """The states after each answer."""
    script = Script(answers=list(answers))
    metering = Metering(script, None, Fleet())  # type: ignore[arg-type]
    states: list[State] = []
    while script.answers:
        metering._turn()
        states.append(metering.source().state)
    return states, metering


def test_a_meter_that_goes_away_leaves_its_last_readings_dated() -> None:
    states, metering = turns(READ, ClusterError("gone"), READ)
    assert states == ["live", "retrying", "live"]
    states, metering = turns(READ, ClusterError("gone"))
    assert metering.source().at > 0 and metering.source().message == "gone"


def test_old_readings_are_not_kept_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([1000.0, 1030.0, 2000.0])
    monkeypatch.setattr("k8sai.commands._meters.time.time", lambda: next(clock))
    versions: list[int] = []
    monkeypatch.setattr(Fleet, "use_readings", lambda self, seen, *more: versions.append(len(seen)))
    states, _ = turns(READ, ClusterError("gone"), ClusterError("gone"))
    assert states == ["live", "retrying", "failed"]
    assert versions == [1, 0]


def test_rights_that_are_taken_away_take_the_readings_along(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[int] = []
    monkeypatch.setattr(Fleet, "use_readings", lambda self, seen, *more: told.append(len(seen)))
    states, _ = turns(READ, Forbidden("no"))
    assert (states, told) == (["live", "forbidden"], [1, 0])


def test_the_thread_asks_again_until_it_is_stopped(api: ScriptedApi, tmp_path: Path) -> None:
    api.on("/api/v1/query", Answer(503, b"starting"), vector("gpu-h1"))
    fleet = Fleet()
    metering = Metering(Meter(prometheus_at(api.url)), connected(api, tmp_path), fleet, every=0.01)
    assert metering.source().state == "starting"
    metering.start()
    assert metering.wait_asked(20.0)
    api.until_asked("/api/v1/query", 3)
    metering.stop()
    assert metering.source().state == "live"


def test_a_line_mode_tells_of_the_meter_and_never_of_its_readings(capsys: pytest.CaptureFixture[str]) -> None:
    filled, fed = fleet(items()), Fed()
    cluster = fed.kinds
    follower = Follower(filled, fed, Scope(), documents=False)
    fed.kinds = [*cluster, Source("dcgm", "live", 2, 5.0)]
    follower.step()
    capsys.readouterr()
    filled.use_readings({"GPU-0": ("gpu-h1", "", "")}, {"GPU-0": Gauge(0.5, at=5.0)})
    follower.step()
    assert capsys.readouterr().out == ""
    fed.kinds = [*cluster, Source("dcgm", "retrying", 2, 5.0, message="no answer")]
    follower.step()
    assert lines(capsys) == ["source dcgm lost, what is known may be old: no answer"]
    fed.kinds = [*cluster, Source("dcgm", "live", 2, 20.0)]
    follower.step()
    assert lines(capsys) == ["source dcgm recovered"]


# --- the embedded cluster ---------------------------------------------------------------------------------------------


def test_the_demo_says_how_busy_its_cards_are(tmp_path: Path) -> None:
    with Sim("demo") as sim:
        sim.settled(30)
        sim.write_kubeconfig(tmp_path / "config")
        ran = run(
            "kubectl-ai_top", "--dcgm", "-o", "json", "--kubeconfig", tmp_path / "config", env=environment(tmp_path)
        )
    assert (ran.code, ran.err) == (Exit.OK, "")
    view = json.loads(ran.out)
    nvidia = [node for node in view["nodes"] if not node["name"].startswith(("mi300x", "a100-06"))]
    held = [d for node in nvidia for d in node["devices"] if d["state"] == "held" and not d["parent"]]
    silent = [d["id"] for d in held if "utilization" not in d]
    assert len(held) > 100
    assert all(device.startswith("gpu.nvidia.com/dra-mig-") for device in silent), "cards cut in slices, no others"
