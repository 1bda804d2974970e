"""`top --by idle`, end to end: a scripted Prometheus and scripted exporters over real HTTP prove every figure."""

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from k8sai.commands._meters import Meter, read_meter
from k8sai.errors import Exit
from k8sai.fleet.evidence import IdleRule
from k8sai.fleet.index import Fleet
from k8sai.sim.cluster import Sim
from tests.cluster.scripted_api import Answer, Asked, ScriptedApi, connected, forbidden, listed, refused, scripted
from tests.commands.prometheus import ACTIVE, BLANK, USED, UTIL, Prometheus
from tests.commands.run import Ran, environment, run
from tests.commands.server import write_kubeconfig

MON = "/api/v1/namespaces/mon/services/prom:9090/proxy"
H100 = "NVIDIA-H100-80GB-HBM3"
MIG = "nvidia.com/mig-1g.10gb"
OLD = "2026-01-02T00:00:00Z"


def node(name: str, product: str = H100, **capacity: str) -> dict[str, Any]:
    has = {key.replace("__", "/").replace("_", "."): value for key, value in capacity.items()} or {
        "nvidia.com/gpu": "4"
    }
    return {
        "kind": "Node",
        "metadata": {"name": name, "uid": name, "labels": {"nvidia.com/gpu.product": product}},
        "spec": {},
        "status": {"capacity": has, "allocatable": has, "conditions": [{"type": "Ready", "status": "True"}]},
    }


def pod(name: str, on: str, *devices: str, resource: str = "nvidia.com/gpu", since: str = OLD) -> dict[str, Any]:
    """A pod that holds these devices, as the kubelet tells it."""
    amounts = {resource: str(len(devices))}
    told = {"name": resource, "resources": [{"resourceID": one, "health": "Healthy"} for one in devices]}
    return {
        "kind": "Pod",
        "metadata": {"name": name, "namespace": "team", "uid": name, "labels": {"kueue.x-k8s.io/queue-name": "q"}},
        "spec": {
            "nodeName": on,
            "containers": [{"name": "main", "resources": {"requests": amounts, "limits": amounts}}],
        },
        "status": {
            "phase": "Running",
            "startTime": since,
            "containerStatuses": [{"name": "main", "allocatedResourcesStatus": [told]}],
        },
    }


def exporter(on: str) -> dict[str, Any]:
    meta = {"name": f"dcgm-{on}", "namespace": "gpu-operator", "labels": {"app": "nvidia-dcgm-exporter"}}
    return {"metadata": meta, "spec": {"nodeName": on}, "status": {"phase": "Running"}}


class Cluster(ScriptedApi):
    """An API server with these nodes and pods, and exporters on some of the nodes."""

    def has(self, *objects: dict[str, Any], exporters: tuple[str, ...] = ()) -> None:
        self.on("nodes", listed(*[one for one in objects if one["kind"] == "Node"]))
        pods = listed(*[one for one in objects if one["kind"] == "Pod"])
        running = listed(*map(exporter, exporters))
        self.on(
            "pods",
            lambda asked: (
                pods
                if not (selector := asked.query.get("labelSelector", ""))
                else running
                if selector.startswith("app=")
                else listed()
            ),
        )

    def exports(self, on: str, *texts: str | Answer) -> None:
        """What the node's exporter answers, one after the other; the last again and again."""
        path = f"/api/v1/namespaces/gpu-operator/pods/dcgm-{on}:9400/proxy/metrics"
        self.on(path, *[one if isinstance(one, Answer) else Answer(body=one.encode()) for one in texts])


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Iterator[Cluster]:
    monkeypatch.setattr("tests.cluster.scripted_api.ScriptedApi", Cluster)
    with scripted() as server:
        assert isinstance(server, Cluster)
        server.on("/version", Answer(body=b'{"major": "1", "minor": "37", "gitVersion": "v1.37.0"}'))
        yield server


@pytest.fixture
def prom(api: Cluster) -> Prometheus:
    found = Prometheus()
    found.serve(api, MON)
    return found


def top(api: ScriptedApi, home: Path, *flags: str) -> Ran:
    config = write_kubeconfig(home / "config", api.url)
    return run("kubectl-ai_top", *flags, "--kubeconfig", config, env=environment(home, K8SAI_CONFIG_DIR=str(home)))


def view(api: ScriptedApi, home: Path, *flags: str, code: Exit = Exit.OK) -> dict[str, Any]:
    ran = top(api, home, "--prometheus", "mon/prom:9090", "-o", "json", *flags)
    assert ran.code == code, ran.err
    found: dict[str, Any] = json.loads(ran.out)
    return found


def sums(found: dict[str, Any]) -> tuple[float, float, float, dict[str, float]]:
    """Idle, busy and unknown cards, and why they are unknown."""
    total = found["idleTotal"]
    return total["cards"], total["busy"], total["unknown"], total["unknownWhy"]


# --- Prometheus -------------------------------------------------------------------------------------------------------


def four(api: Cluster, prom: Prometheus) -> None:
    """A node of four cards: a's two are idle, b's one is busy, one is free."""
    api.has(node("n1"), pod("a", "n1", "GPU-0", "GPU-1"), pod("b", "n1", "GPU-2"))
    for card, value in (("GPU-0", 0.0), ("GPU-1", 3.0), ("GPU-2", 90.0), ("GPU-3", 0.0)):
        prom.add(UTIL, value, UUID=card, Hostname="n1")
        prom.add(USED, 2048.0, UUID=card, Hostname="n1")


def test_who_holds_idle_cards(api: Cluster, prom: Prometheus, tmp_path: Path) -> None:
    four(api, prom)
    ran = top(api, tmp_path, "--by", "idle", "--prometheus", "mon/prom:9090")
    assert (ran.code, ran.err) == (Exit.OK, "")
    head, table = ran.out.split("\n\n")
    assert head == (
        "test: 2 of 3 held cards idle (below 5% for 15m, says Prometheus mon/prom:9090), 6.00 GPU-hours; 1 busy"
    )
    heading, row = table.splitlines()
    assert heading.split() == ["NAMESPACE", "POD", "IDLE", "FOR", "MAX", "MEMORY", "GPU-HOURS", "HELD", "NODE"]
    assert row.split()[:9] == ["team", "a", "2", "of", "2", "3h+", "3%", "4.0GiB", "6.00"]


def test_the_document(api: Cluster, prom: Prometheus, tmp_path: Path) -> None:
    four(api, prom)
    found = view(api, tmp_path)
    (one,) = found["idle"]
    assert {key: one[key] for key in ("namespace", "name", "node", "queue", "product", "cards", "held", "unknown")} == {
        "namespace": "team",
        "name": "a",
        "node": "n1",
        "queue": "q",
        "product": H100,
        "cards": 2,
        "held": 2,
        "unknown": 0,
    }
    assert (one["maxUtilization"], one["memoryUsedMiB"], one["heldSince"]) == (0.03, 4096, OLD)
    assert (one["gpuHours"], one["cost"], one["complete"], one["orLonger"]) == (6, None, True, True)
    assert one["devices"] == ["GPU-0", "GPU-1"]
    assert found["idleReason"] == "" and sums(found) == (2, 1, 0, {})
    assert found["idleTotal"]["source"] == "Prometheus mon/prom:9090"


def test_other_formats(api: Cluster, prom: Prometheus, tmp_path: Path) -> None:
    four(api, prom)
    flags = ("--by", "idle", "--prometheus", "mon/prom:9090", "-o")
    assert top(api, tmp_path, *flags, "name").out == "pod/a\n"
    heading, row = top(api, tmp_path, *flags, "csv").out.splitlines()
    assert dict(zip(heading.split(","), row.split(","), strict=True))["gpuHours"] == "6"
    assert "q" in top(api, tmp_path, *flags, "wide").out.splitlines()[-1].split()


def test_a_busy_moment_within_the_window(api: Cluster, prom: Prometheus, tmp_path: Path) -> None:
    api.has(node("n1"), pod("a", "n1", "GPU-0"))
    prom.add(UTIL, [0.0] * 20 + [80.0] + [0.0] * 200, UUID="GPU-0", Hostname="n1")  # ten minutes ago
    assert sums(view(api, tmp_path)) == (0, 1, 0, {})
    assert sums(view(api, tmp_path, "--window", "9m")) == (1, 0, 0, {})


def test_idle_for_longer_than_the_window(api: Cluster, prom: Prometheus, tmp_path: Path) -> None:
    """Of idle cards the last day is asked for: busy until five hours ago, a gap two hours ago, a window of its own."""
    api.has(node("n1"), pod("a", "n1", "GPU-0"), pod("b", "n1", "GPU-1"), pod("c", "n1", "GPU-2"))
    hour = [0.0] * 120
    prom.add(UTIL, [*hour * 5, *[80.0] * 120, *hour], UUID="GPU-0", Hostname="n1")
    prom.add(UTIL, [*hour * 2, *[None] * 120, *hour], UUID="GPU-1", Hostname="n1")
    prom.add(UTIL, [*hour[:40], 80.0, *hour], UUID="GPU-2", Hostname="n1")
    found = {one["name"]: (one["gpuHours"], one["orLonger"]) for one in view(api, tmp_path)["idle"]}
    assert found == {"a": (5, False), "b": (2, True), "c": (0.25, True)}
    asked = [one.query["query"] for one in api.of(f"{MON}/api/v1/query_range")]
    assert len(asked) == 4 and "GPU-0|GPU-1|GPU-2" in asked[2]


def test_the_threshold(api: Cluster, prom: Prometheus, tmp_path: Path) -> None:
    four(api, prom)
    assert sums(view(api, tmp_path, "--idle-below", "3")) == (1, 2, 0, {})
    assert sums(view(api, tmp_path, "--idle-below", "3.1")) == (2, 1, 0, {})


def test_nan_and_blank_sensors_prove_nothing(api: Cluster, prom: Prometheus, tmp_path: Path) -> None:
    cards = [f"GPU-{n}" for n in range(4)]
    api.has(node("n1"), pod("a", "n1", *cards))
    for card, value in zip(cards, (math.nan, BLANK, 2147483632.0, -1.0), strict=True):
        prom.add(UTIL, value, UUID=card, Hostname="n1")
        prom.add(USED, 512.0, UUID=card, Hostname="n1")
    found = view(api, tmp_path)
    assert sums(found) == (0, 0, 4, {"silent": 4})
    assert not any("utilization" in device for n in found["nodes"] for device in n["devices"])


def test_one_blank_sample_costs_the_proof_of_idleness_only(api: Cluster, prom: Prometheus, tmp_path: Path) -> None:
    api.has(node("n1"), pod("a", "n1", "GPU-0", "GPU-1", "GPU-2"))
    prom.add(UTIL, [0.0] * 10 + [BLANK] + [0.0] * 50, UUID="GPU-0", Hostname="n1")
    prom.add(UTIL, [90.0] * 10 + [BLANK] + [90.0] * 50, UUID="GPU-1", Hostname="n1")
    prom.add(UTIL, [0.0] * 10 + [math.nan] + [0.0] * 50, UUID="GPU-2", Hostname="n1")
    assert sums(view(api, tmp_path)) == (1, 1, 1, {"short": 1})


def test_a_card_that_came_late_or_went_silent(api: Cluster, prom: Prometheus, tmp_path: Path) -> None:
    api.has(node("n1"), pod("a", "n1", *[f"GPU-{n}" for n in range(4)]))
    quiet: list[float | None] = [0.0] * 40
    prom.add(UTIL, quiet[:10], UUID="GPU-0", Hostname="n1")  # five minutes of fifteen
    prom.add(UTIL, quiet, age=200.0, UUID="GPU-1", Hostname="n1")  # still in the instant vector, no longer scraped
    prom.add(UTIL, quiet, age=400.0, UUID="GPU-2", Hostname="n1")  # gone
    prom.add(UTIL, [*quiet[:10], *[None] * 10, *quiet], UUID="GPU-3", Hostname="n1")  # down in between
    assert sums(view(api, tmp_path)) == (0, 0, 4, {"short": 2, "stale": 1, "unmetered": 1})


def test_two_jobs_that_scrape_one_card(api: Cluster, prom: Prometheus, tmp_path: Path) -> None:
    api.has(node("n1"), pod("a", "n1", "GPU-0", "GPU-1"))
    for job, values in (("one", (0.0, 0.0)), ("two", (70.0, 0.0))):
        for card, value in zip(("GPU-0", "GPU-1"), values, strict=True):
            prom.add(UTIL, value, UUID=card, Hostname="n1", job=job, instance=f"{job}:9400")
    found = view(api, tmp_path)
    assert sums(found) == (1, 1, 0, {})
    devices = {one["id"]: one["utilization"] for n in found["nodes"] for one in n["devices"]}
    assert devices == {"GPU-0": 0.7, "GPU-1": 0.0}


def test_an_exporter_that_started_again_is_the_same_card(api: Cluster, prom: Prometheus, tmp_path: Path) -> None:
    api.has(node("n1"), pod("a", "n1", "GPU-0"))
    prom.add(UTIL, [0.0] * 10, UUID="GPU-0", Hostname="n1", pod="dcgm-new")
    prom.add(UTIL, [0.0] * 100, age=300.0, UUID="GPU-0", Hostname="n1", pod="dcgm-old")
    assert sums(view(api, tmp_path)) == (1, 0, 0, {})


@pytest.mark.parametrize(
    "labels",
    [
        {"UUID": "{0}", "hostname": "n1"},
        {"uuid": "{0}", "node": "n1"},
        {"gpu_uuid": "{0}"},
        {"UUID": "{0}", "Hostname": "n1.example.com", "pod": "dcgm-x", "namespace": "mon", "exported_pod": "other"},
    ],
    ids=["hostname", "uuid", "nowhere", "another-pod"],
)
def test_cards_are_joined_by_uuid_whatever_the_labels(
    labels: dict[str, Any], api: Cluster, prom: Prometheus, tmp_path: Path
) -> None:
    """No pod label, the wrong one, or none of a node: the kubelet's device status says who holds the card."""
    api.has(node("n1"), pod("a", "n1", "GPU-0", "GPU-1"))
    for card, value in (("GPU-0", 0.0), ("GPU-1", 60.0)):
        prom.add(UTIL, value, **{name: text.format(card) for name, text in labels.items()})
    assert sums(view(api, tmp_path)) == (1, 1, 0, {})


def test_without_device_status_the_exporters_pod_label_joins(api: Cluster, prom: Prometheus, tmp_path: Path) -> None:
    """honorLabels=false: Prometheus keeps the exporter's own labels for itself."""
    bare = [pod("a", "n1", "x"), pod("b", "n1", "x")]
    for one in bare:
        del one["status"]["containerStatuses"]
    api.has(node("n1"), *bare)
    own: dict[str, Any] = {
        "pod": "dcgm-n1",
        "namespace": "gpu-operator",
        "container": "nvidia-dcgm-exporter",
        "Hostname": "n1",
    }
    prom.add(UTIL, 0.0, UUID="GPU-0", exported_pod="a", exported_namespace="team", **own)
    prom.add(UTIL, 50.0, UUID="GPU-1", exported_pod="b", exported_namespace="team", **own)
    prom.add(UTIL, 0.0, UUID="GPU-2", **own)
    found = view(api, tmp_path)
    assert sums(found) == (1, 1, 0, {}) and found["idle"][0]["name"] == "a"


def test_slices_are_judged_by_the_engine_alone(api: Cluster, prom: Prometheus, tmp_path: Path) -> None:
    """Three pods with a slice each: idle, busy, and one of which only the card's GPU_UTIL is known."""
    pods = [pod(name, "m1", f"MIG-{name}", resource=MIG) for name in ("a", "b", "c")]
    api.has(node("m1", nvidia_com__gpu="0", **{"nvidia_com__mig-1g_10gb": "7"}), *pods)
    for instance, (name, active) in enumerate((("a", 0.01), ("b", 0.5)), 7):
        labels: dict[str, Any] = {"UUID": "GPU-0", "GPU_I_ID": str(instance), "Hostname": "m1"}
        prom.add(ACTIVE, active, exported_pod=name, exported_namespace="team", **labels)
        prom.add(UTIL, 0.0, exported_pod=name, exported_namespace="team", **labels)
    prom.add(UTIL, 0.0, UUID="GPU-0", GPU_I_ID="9", Hostname="m1", exported_pod="c", exported_namespace="team")
    found = view(api, tmp_path)
    idle, busy, unknown, why = sums(found)
    assert [round(share, 3) for share in (idle, busy, unknown)] == [0.143] * 3
    assert list(why) == ["unmetered"] and [one["name"] for one in found["idle"]] == ["a"]


def test_a_shared_card_is_judged_as_one(api: Cluster, prom: Prometheus, tmp_path: Path) -> None:
    shared = node("s1", nvidia_com__gpu="8")
    shared["metadata"]["labels"] |= {"nvidia.com/gpu.replicas": "4", "nvidia.com/gpu.sharing-strategy": "time-slicing"}
    api.has(shared, pod("a", "s1", "GPU-0::0"), pod("b", "s1", "GPU-0::1"), pod("c", "s1", "GPU-1::0"))
    for name, card, value in (("a", "GPU-0", 40.0), ("b", "GPU-0", 40.0), ("c", "GPU-1", 0.0)):
        prom.add(UTIL, value, UUID=card, Hostname="s1", exported_pod=name, exported_namespace="team")
    found = view(api, tmp_path)
    assert sums(found) == (0.25, 0.5, 0, {}) and found["idle"][0]["name"] == "c"


def test_a_young_pod_is_not_judged(api: Cluster, prom: Prometheus, tmp_path: Path) -> None:
    from datetime import UTC, datetime

    now = datetime.fromtimestamp(prom.now - 60, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    api.has(node("n1"), pod("a", "n1", "GPU-0", since=now))
    prom.add(UTIL, 0.0, UUID="GPU-0", Hostname="n1")
    assert sums(view(api, tmp_path)) == (0, 0, 1, {"young": 1})


# --- what a Prometheus may answer instead -----------------------------------------------------------------------------


@pytest.mark.parametrize("address", ["mon/prom:9090", "{}/prom"])
def test_a_range_that_is_refused(address: str, api: Cluster, prom: Prometheus, tmp_path: Path) -> None:
    four(api, prom)
    prom.serve(api, "/prom")
    said = {"status": "error", "errorType": "execution", "error": "query processing would load too many samples"}
    prom.refuse_ranges = Answer(422, json.dumps(said).encode())
    ran = top(api, tmp_path, "--prometheus", address.format(api.url), "-o", "json")
    assert ran.code == Exit.PARTIAL
    assert "refused the query: query processing would load too many samples" in ran.err
    found = json.loads(ran.out)
    assert sums(found) == (0, 1, 2, {"short": 2}), "what is busy now is busy"
    assert not found["complete"] and found["totals"]["used"] == 3


def test_warnings_make_idle_unknown(api: Cluster, prom: Prometheus, tmp_path: Path) -> None:
    four(api, prom)
    prom.warnings = ["No StoreAPIs matched for this query"]
    ran = top(api, tmp_path, "--prometheus", "mon/prom:9090", "--by", "idle")
    assert ran.code == Exit.PARTIAL
    assert "0 of 3 held cards idle" in ran.out and "2 unknown: 2 the meter's answer was partial" in ran.out
    assert "Prometheus answered in part: No StoreAPIs matched for this query" in ran.err
    prom.warnings = ["PromQL info: metric might not be a counter"]
    assert sums(view(api, tmp_path)) == (2, 1, 0, {})


def test_no_source_no_word(api: Cluster, tmp_path: Path) -> None:
    api.has(node("n1"), pod("a", "n1", "GPU-0"))
    bare = json.loads(top(api, tmp_path, "-o", "json").out)
    assert (bare["idle"], bare["idleTotal"], bare["idleReason"]) == (None, None, "no meter was asked")
    found = view(api, tmp_path, code=Exit.PARTIAL)
    assert (found["idle"] is None and "does not exist" in found["idleReason"]) or "no such path" in found["idleReason"]
    ran = top(api, tmp_path, "--by", "idle")
    assert ran.code == Exit.USAGE and "only a meter knows which cards are idle" in ran.err


# --- which Prometheus -------------------------------------------------------------------------------------------------


def service(name: str, namespace: str, port: int = 9090) -> dict[str, Any]:
    return {"metadata": {"name": name, "namespace": namespace}, "spec": {"ports": [{"name": "web", "port": port}]}}


def test_prometheus_is_found_by_itself(api: Cluster, prom: Prometheus, tmp_path: Path) -> None:
    """Of two the one that has the metrics; the other is another team's."""
    four(api, prom)
    empty = Prometheus()
    empty.serve(api, "/api/v1/namespaces/apps/services/prometheus-operated:9090/proxy")
    named = {"prometheus-operated": service("prometheus-operated", "apps"), "prom": service("prom", "mon")}

    def services(asked: Asked) -> Answer:
        if asked.query.get("labelSelector") == "app.kubernetes.io/name=prometheus":
            return listed(named["prom"])
        field = asked.query.get("fieldSelector", "")
        return listed(*[one for name, one in named.items() if field == f"metadata.name={name}"])

    api.on("/api/v1/services", services)
    ran = top(api, tmp_path, "--by", "idle", "--prometheus", "auto")
    assert ran.code == Exit.OK and "2 of 3 held cards idle" in ran.out
    assert ran.err == "note: the Prometheus asked is mon/prom:9090\n"


@pytest.mark.parametrize(
    ("services", "sentence"),
    [
        (listed(), "no Service of this cluster looks like a Prometheus"),
        (listed(service("prometheus", "apps")), "no Prometheus of this cluster answers (apps/prometheus:9090)"),
        (forbidden("list", "services"), "forbids ann to list services in the whole cluster"),
    ],
    ids=["none", "silent", "forbidden"],
)
def test_no_prometheus_to_be_found(services: Answer, sentence: str, api: Cluster, tmp_path: Path) -> None:
    api.has(node("n1"), pod("a", "n1", "GPU-0"))
    api.on("/api/v1/services", services)
    ran = top(api, tmp_path, "--by", "idle", "--prometheus", "auto")
    assert ran.code == Exit.PARTIAL and sentence in ran.err


# --- exporters --------------------------------------------------------------------------------------------------------


def text(**cards: float) -> str:
    return "".join(
        f'{UTIL}{{UUID="{card.replace("_", "-")}",Hostname="n1"}} {value}\n' for card, value in cards.items()
    )


def test_exporters_are_watched_for_a_window(api: Cluster, tmp_path: Path) -> None:
    api.has(node("n1"), pod("a", "n1", "GPU-0"), pod("b", "n1", "GPU-1"), exporters=("n1",))
    api.exports("n1", text(GPU_0=0, GPU_1=0), text(GPU_0=0, GPU_1=99), text(GPU_0=0, GPU_1=0))
    ran = top(api, tmp_path, "--dcgm", "--window", "1s", "-o", "json")
    assert ran.code == Exit.OK, ran.err
    found = json.loads(ran.out)
    assert sums(found) == (1, 1, 0, {}) and found["idleTotal"]["source"] == "dcgm-exporter"


def test_one_look_is_no_window(api: Cluster, tmp_path: Path) -> None:
    api.has(node("n1"), pod("a", "n1", "GPU-0"), exporters=("n1",))
    api.exports("n1", text(GPU_0=0))
    found = json.loads(top(api, tmp_path, "--dcgm", "-o", "json").out)
    assert found["idle"] is None and found["idleReason"] == "one look tells how busy a card is, not that it is idle"
    assert found["nodes"][0]["devices"][0]["utilization"] == 0
    ran = top(api, tmp_path, "--dcgm", "--by", "idle")
    assert ran.code == Exit.USAGE and "one look proves no card idle" in ran.err


class Clock:
    """A minute passes in no time."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now

    def rest(self, seconds: float) -> None:
        self.now += seconds


def watched(api: Cluster, home: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Fleet:
    """A minute of looks, one every five seconds."""
    from k8sai.cluster.live import read_once

    monkeypatch.setattr("k8sai.cluster.metrics.time.time", clock)
    fleet, connection = Fleet(), connected(api, home)
    read_once(connection, fleet)
    rule = IdleRule(window=60.0)
    source = read_meter(Meter(rule=rule, watch=60.0), connection, fleet, rest=clock.rest, clock=clock)
    assert source.state == "once", source
    return fleet


def told(fleet: Fleet) -> tuple[float, float, float, dict[str, float]]:
    found = fleet.idle()
    assert found is not None
    total = found.total()
    return total.idle, total.busy, total.unknown, dict(total.why)


def test_a_minute_of_looks(api: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    api.has(node("n1"), pod("a", "n1", "GPU-0", "GPU-1", "GPU-2", "GPU-3"), exporters=("n1",))
    quiet = text(GPU_0=0, GPU_1=0, GPU_2=0, GPU_3=0)
    some = text(GPU_0=0, GPU_1=50, GPU_2=BLANK)  # the third blank, the fourth not there, for five looks
    api.exports("n1", *[quiet] * 5, *[some] * 5, quiet)
    fleet = watched(api, tmp_path, clock, monkeypatch)
    assert told(fleet) == (1, 1, 2, {"short": 2})
    path = "/api/v1/namespaces/gpu-operator/pods/dcgm-n1:9400/proxy/metrics"
    assert len(api.of(path)) == 13


def test_one_exporter_is_down(api: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    api.has(node("n1"), node("n2"), pod("a", "n1", "GPU-0"), pod("b", "n2", "GPU-8"), exporters=("n1", "n2"))
    api.exports("n1", text(GPU_0=0))
    api.exports("n2", *[text(GPU_8=0)] * 3, refused(503, "ServiceUnavailable", "no route"))
    assert told(watched(api, tmp_path, clock, monkeypatch)) == (1, 0, 1, {"short": 1})


def test_samples_with_an_old_time_are_no_looks(api: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    stamp = int((clock.now - 400) * 1000)
    api.has(node("n1"), pod("a", "n1", "GPU-0"), exporters=("n1",))
    api.exports("n1", f'{UTIL}{{UUID="GPU-0"}} 0 {stamp}\n')
    assert told(watched(api, tmp_path, clock, monkeypatch)) == (0, 0, 1, {"stale": 1})


def test_the_engine_may_be_busy_where_the_driver_says_nothing(
    api: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock()
    api.has(node("n1"), pod("a", "n1", "GPU-0"), exporters=("n1",))
    api.exports("n1", f'{UTIL}{{UUID="GPU-0"}} 0\n{ACTIVE}{{UUID="GPU-0"}} 0.4\n')
    assert told(watched(api, tmp_path, clock, monkeypatch)) == (0, 1, 0, {})


# --- flags ------------------------------------------------------------------------------------------------------------


def test_money(api: Cluster, prom: Prometheus, tmp_path: Path) -> None:
    four(api, prom)
    (tmp_path / "prices.yaml").write_text("currency: EUR\nperGpuHour: {'*H100*': 4}\n")
    ran = top(api, tmp_path, "--by", "idle", "--prometheus", "mon/prom:9090", "--window", "1h")
    assert "6.00 GPU-hours, 24.00 EUR; 1 busy" in ran.out
    assert "COST" in ran.out and ran.out.splitlines()[-1].split()[9] == "24.00"
    other = tmp_path / "other.yaml"
    other.write_text("perGpuHour: {default: 1}\n")
    found = view(api, tmp_path, "--prices", str(other))
    assert (found["idleTotal"]["cost"], found["idleTotal"]["currency"], found["idle"][0]["cost"]) == (6, "", 6)
    other.write_text("perGpuHour: {default: much}\n")
    ran = top(api, tmp_path, "--prometheus", "mon/prom:9090", "--prices", str(other), "--once")
    assert ran.code == Exit.USAGE and "other.yaml: perGpuHour[default]: 'much' is not a price such as 2.9" in ran.err


@pytest.mark.parametrize(
    ("flags", "sentence"),
    [
        (["--window", "5m"], "--window means nothing without a meter"),
        (["--idle-below", "3"], "--idle-below means nothing without a meter"),
        (["--prices", "x"], "--prices means nothing without a meter"),
        (["--dcgm", "--window", "soon"], "--window: 'soon' is not a duration"),
        (["--dcgm", "--window", "100d"], "--window 100d is not between 1s and 30d"),
        (["--dcgm", "--idle-below", "0"], "--idle-below 0 is not a percentage above 0"),
        (["--dcgm", "--idle-below", "101"], "--idle-below 101 is not a percentage above 0"),
        (["--dcgm", "--prices", "nosuch"], "there is no price file nosuch"),
        (["--from", "x", "--by", "idle"], "--from reads no meter"),
    ],
    ids=lambda value: value[-2] if isinstance(value, list) else "",
)
def test_flags_that_mean_nothing(flags: list[str], sentence: str, tmp_path: Path) -> None:
    ran = run("kubectl-ai_top", *flags, env=environment(tmp_path))
    assert ran.code in (Exit.USAGE, Exit.NOT_FOUND) and ran.out == ""
    assert ran.err.startswith(f"error: {sentence}")


# --- the demo ---------------------------------------------------------------------------------------------------------


def test_the_demo_has_forgotten_cards(tmp_path: Path) -> None:
    with Sim("demo") as sim:
        sim.settled(30)
        sim.write_kubeconfig(tmp_path / "config")
        ran = run(
            "kubectl-ai_top", "--prometheus", "auto", "-o", "json", "--kubeconfig", tmp_path / "config",
            env=environment(tmp_path),
        )  # fmt: skip
    assert ran.code == Exit.OK
    assert "monitoring/prometheus:9090" in ran.err
    found = json.loads(ran.out)
    idle, busy, unknown, why = sums(found)
    assert idle > 5 and busy > 100 and set(why) <= {"young", "unmetered", "unnamed"}
    assert idle + busy + unknown == pytest.approx(found["totals"]["used"], abs=0.01)
    assert {one["namespace"] for one in found["idle"]} >= {"research", "posttrain", "pretrain"}
