"""What cards say: the text format, dcgm-exporter's habits, and both ways to ask for it, over real HTTP."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from k8sai.cluster.api_errors import ApiForbidden
from k8sai.cluster.dcgm import Reading, readings
from k8sai.cluster.exposition import Sample, samples
from k8sai.cluster.metrics import Prometheus, from_exporters, from_prometheus, prometheus_at
from k8sai.errors import ClusterError, NotFound, Usage
from tests.cluster.scripted_api import Answer, ScriptedApi, connected, forbidden, listed, refused, scripted

EXPORTER = """\
# HELP DCGM_FI_DEV_GPU_UTIL GPU utilization (in %).
# TYPE DCGM_FI_DEV_GPU_UTIL gauge
DCGM_FI_DEV_GPU_UTIL{gpu="0",UUID="GPU-a",device="nvidia0",modelName="NVIDIA H100 80GB HBM3",Hostname="host-1",namespace="team-a",pod="train-0",container="main"} 87
DCGM_FI_DEV_GPU_UTIL{gpu="1",UUID="GPU-b",device="nvidia1",modelName="NVIDIA H100 80GB HBM3",Hostname="host-1"} 0
DCGM_FI_DEV_FB_USED{gpu="0",UUID="GPU-a",modelName="NVIDIA H100 80GB HBM3",Hostname="host-1",namespace="team-a",pod="train-0"} 70000
DCGM_FI_DEV_FB_FREE{gpu="0",UUID="GPU-a",modelName="NVIDIA H100 80GB HBM3",Hostname="host-1",namespace="team-a",pod="train-0"} 11000
DCGM_FI_DEV_FB_RESERVED{gpu="0",UUID="GPU-a",modelName="NVIDIA H100 80GB HBM3",Hostname="host-1"} 559
DCGM_FI_DEV_POWER_USAGE{gpu="0",UUID="GPU-a",modelName="NVIDIA H100 80GB HBM3",Hostname="host-1"} 612.5
DCGM_FI_DEV_GPU_TEMP{gpu="0",UUID="GPU-a",modelName="NVIDIA H100 80GB HBM3",Hostname="host-1"} 64
DCGM_FI_DEV_GPU_TEMP{gpu="1",UUID="GPU-b",modelName="NVIDIA H100 80GB HBM3",Hostname="host-1"} 9223372036854775794
DCGM_FI_DEV_POWER_USAGE{gpu="1",UUID="GPU-b",modelName="NVIDIA H100 80GB HBM3",Hostname="host-1"} NaN
DCGM_FI_DEV_XID_ERRORS{gpu="0",UUID="GPU-a",Hostname="host-1",err_code="0",err_msg="No \\"error\\""} 0
"""  # noqa: E501
CARD_A = Reading(
    "GPU-a",
    gpu="0",
    node="host-1",
    model="NVIDIA H100 80GB HBM3",
    namespace="team-a",
    pod="train-0",
    util=0.87,
    busiest=0.87,
    memory_used=70000.0,
    memory_total=81559.0,
    power=612.5,
    temperature=64.0,
    at=5.0,
)


@pytest.fixture
def api() -> Iterator[ScriptedApi]:
    with scripted() as server:
        yield server


def read(*series: tuple[str, float, dict[str, str]], node: str = "") -> tuple[Reading, ...]:
    return readings((Sample(metric, labels, value) for metric, value, labels in series), at=5.0, node=node)


# --- the text format --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "sample"),
    [
        ("up 1", Sample("up", {}, 1.0)),
        ('a{b="c"} 2.5e3', Sample("a", {"b": "c"}, 2500.0)),
        ('a{b="c",} 1 1700000000000', Sample("a", {"b": "c"}, 1.0, 1700000000.0)),
        ('a{ b = "c" , d = "e" }\t1', Sample("a", {"b": "c", "d": "e"}, 1.0)),
        (r'a{b="x\"y\\z\nw"} 1', Sample("a", {"b": 'x"y\\z\nw'}, 1.0)),
        ('a{b="}, {"} 1', Sample("a", {"b": "}, {"}, 1.0)),
        ('a{b="ü"} +Inf', Sample("a", {"b": "ü"}, float("inf"))),
        ("a{} -3", Sample("a", {}, -3.0)),
    ],
)
def test_a_sample(line: str, sample: Sample) -> None:
    assert list(samples(f"# TYPE a gauge\n\n{line}\n")) == [sample]


@pytest.mark.parametrize(
    "line", ["", "# a 1", "a", 'a{b="c} 1', "a{b=c} 1", 'a{b="c"} one', "1a 1", "<html>", "a{,} 1"]
)
def test_a_line_that_is_none_costs_only_itself(line: str) -> None:
    assert list(samples(f"{line}\nup 1")) == [Sample("up", {}, 1.0)]


@given(st.dictionaries(st.from_regex(r"[a-z_]\w{0,8}", fullmatch=True).filter(str.isascii), st.text()))
def test_any_label_value_survives(labels: dict[str, str]) -> None:
    def escaped(value: str) -> str:
        return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")

    inside = ",".join(f'{name}="{escaped(value)}"' for name, value in labels.items())
    (sample,) = samples(f"m{{{inside}}} 1\n")
    assert sample.labels == labels


# --- dcgm -------------------------------------------------------------------------------------------------------------


def test_one_reading_a_card() -> None:
    first, second = readings(samples(EXPORTER), at=5.0)
    assert first == CARD_A
    assert second == Reading(
        "GPU-b", gpu="1", node="host-1", model="NVIDIA H100 80GB HBM3", util=0.0, busiest=0.0, at=5.0
    )


@pytest.mark.parametrize("blank", [2**31 - 16, 2.0**47, 9223372036854775792.0, float("nan"), float("inf")])
def test_blank_sensors_say_nothing(blank: float) -> None:
    card = {"UUID": "GPU-a"}
    (reading,) = read(("DCGM_FI_DEV_GPU_TEMP", blank, card), ("DCGM_FI_DEV_POWER_USAGE", 70.0, card))
    assert (reading.temperature, reading.power) == (None, 70.0)


def test_slices_of_a_card_are_read_one_by_one() -> None:
    card = {"UUID": "GPU-a", "gpu": "0", "GPU_I_PROFILE": "1g.10gb"}
    one, two, whole = read(
        ("DCGM_FI_PROF_GR_ENGINE_ACTIVE", 0.5, {**card, "GPU_I_ID": "7", "pod": "p", "namespace": "ns"}),
        ("DCGM_FI_PROF_GR_ENGINE_ACTIVE", 0.25, {**card, "GPU_I_ID": "8"}),
        ("DCGM_FI_DEV_POWER_USAGE", 300.0, {"UUID": "GPU-a"}),
    )
    assert (one.mig_instance, one.mig_profile, one.util, one.pod) == ("7", "1g.10gb", 0.5, "p")
    assert (two.mig_instance, two.util, two.pod) == ("8", 0.25, "")
    assert (whole.mig_instance, whole.util, whole.power) == ("", None, 300.0)


def test_the_label_of_the_node_has_had_three_names() -> None:
    names = ("Hostname", "hostname", "node")
    found = read(*[("DCGM_FI_DEV_GPU_TEMP", 30.0, {"UUID": f"GPU-{n}", n: "gpu-1"}) for n in names])
    assert [reading.node for reading in found] == ["gpu-1"] * 3
    assert read(("DCGM_FI_DEV_GPU_TEMP", 30.0, {"UUID": "GPU-a", "Hostname": "x"}), node="gpu-1")[0].node == "gpu-1"


def test_prometheus_renames_the_exporters_labels() -> None:
    exporter = {"namespace": "gpu-operator", "pod": "nvidia-dcgm-exporter-x", "container": "nvidia-dcgm-exporter"}
    held = {**exporter, "UUID": "GPU-a", "exported_namespace": "team-a", "exported_pod": "train-0"}
    busy, idle = read(("DCGM_FI_DEV_GPU_UTIL", 9.0, held), ("DCGM_FI_DEV_GPU_UTIL", 0.0, {**exporter, "UUID": "GPU-b"}))
    assert (busy.namespace, busy.pod) == ("team-a", "train-0")
    assert (idle.namespace, idle.pod) == ("", "")


def test_with_every_card_idle_the_exporter_is_not_taken_for_the_holder() -> None:
    labels = {"UUID": "GPU-b", "namespace": "gpu-operator", "pod": "dcgm-x", "container": "nvidia-dcgm-exporter"}
    (idle,) = read(("DCGM_FI_DEV_GPU_UTIL", 0.0, labels))
    assert (idle.namespace, idle.pod) == ("", "")


def test_a_card_that_is_shared_belongs_to_nobody() -> None:
    """Time slicing: the exporter gives the card's own value once for each pod."""
    card = {"UUID": "GPU-a", "namespace": "ns"}
    (one,) = read(*[("DCGM_FI_DEV_GPU_UTIL", 80.0, {**card, "pod": pod}) for pod in ("a", "b")])
    assert (one.util, one.pod) == (0.8, "")


# --- exporters --------------------------------------------------------------------------------------------------------


def exporter_pod(node: str) -> dict[str, Any]:
    return {"metadata": {"name": f"dcgm-{node}", "namespace": "gpu-operator"}, "spec": {"nodeName": node}}


def path(node: str) -> str:
    return f"/api/v1/namespaces/gpu-operator/pods/dcgm-{node}:9400/proxy/metrics"


def test_each_exporter_is_asked_through_the_api_server(api: ScriptedApi, tmp_path: Path) -> None:
    api.on("pods", listed(exporter_pod("gpu-1"), exporter_pod("gpu-2")), listed(exporter_pod("gpu-1")))
    api.on(path("gpu-1"), Answer(body=EXPORTER.encode()))
    api.on(path("gpu-2"), refused(503, "ServiceUnavailable", "no route to the pod"))
    found = from_exporters(connected(api, tmp_path))
    assert [(r.uuid, r.node, r.util) for r in found.readings] == [("GPU-a", "gpu-1", 0.87), ("GPU-b", "gpu-1", 0.0)]
    assert all(reading.at > 0 for reading in found.readings)
    assert len(found.problems) == 1 and found.problems[0].startswith("the GPUs of node gpu-2 say nothing: ")
    assert len(api.of(path("gpu-1"))) == 1
    assert [q.query["labelSelector"] for q in api.of("pods")] == [
        "app=nvidia-dcgm-exporter",
        "app.kubernetes.io/name=dcgm-exporter",
    ]


def test_only_the_nodes_in_sight_are_asked(api: ScriptedApi, tmp_path: Path) -> None:
    api.on("pods", listed(*[exporter_pod(f"gpu-{n}") for n in range(5)]))
    api.on(path("gpu-3"), Answer(body=EXPORTER.encode()))
    found = from_exporters(connected(api, tmp_path), {"gpu-3"})
    assert len(found.readings) == 2 and found.problems == ()
    assert [asked.path for asked in api.asked if "proxy" in asked.path] == [path("gpu-3")]


def test_no_exporter_in_the_cluster(api: ScriptedApi, tmp_path: Path) -> None:
    api.on("pods", listed())
    with pytest.raises(NotFound, match="no dcgm-exporter runs"):
        from_exporters(connected(api, tmp_path))


def test_exporters_that_may_not_be_asked(api: ScriptedApi, tmp_path: Path) -> None:
    api.on("pods", listed(exporter_pod("gpu-1"), exporter_pod("gpu-2")))
    for node in ("gpu-1", "gpu-2"):
        api.on(path(node), forbidden("get", "pods/proxy", namespace="gpu-operator"))
    with pytest.raises(ApiForbidden, match="get pods/proxy in namespace gpu-operator"):
        from_exporters(connected(api, tmp_path))


# --- Prometheus -------------------------------------------------------------------------------------------------------


def vector(*series: tuple[dict[str, str], str]) -> Answer:
    result: list[Any] = [{"metric": metric, "value": [1795255200.0, value]} for metric, value in series]
    result.append({"metric": {"UUID": "GPU-h"}, "histogram": [1795255200.0, {"count": "3"}]})
    return Answer(body=json.dumps({"status": "success", "data": {"resultType": "vector", "result": result}}).encode())


SERIES = ({"__name__": "DCGM_FI_DEV_GPU_UTIL", "UUID": "GPU-a", "Hostname": "gpu-1", "exported_pod": "p"}, "50")


def test_prometheus_behind_the_api_server(api: ScriptedApi, tmp_path: Path) -> None:
    where = "/api/v1/namespaces/monitoring/services/prometheus-k8s:9090/proxy/api/v1/query"
    api.on(where, vector(SERIES, ({**SERIES[0], "UUID": "GPU-n"}, "NaN")))
    found = from_prometheus(connected(api, tmp_path), prometheus_at("monitoring/prometheus-k8s:9090"))
    assert [(r.uuid, r.node, r.pod, r.util) for r in found.readings] == [("GPU-a", "gpu-1", "p", 0.5)]
    asked = api.of(where)[0].query["query"]
    assert asked.startswith('{__name__=~"DCGM_FI_DEV_GPU_UTIL|') and "DCGM_FI_PROF_GR_ENGINE_ACTIVE" in asked


def test_prometheus_by_its_address(api: ScriptedApi, tmp_path: Path) -> None:
    api.on("/prom/api/v1/query", vector(SERIES))
    where = prometheus_at(f"{api.url}/prom/", {"X-Scope-OrgID": "tenant"})
    found = from_prometheus(connected(api, tmp_path), where)
    assert [reading.uuid for reading in found.readings] == ["GPU-a"]
    assert api.asked[0].headers["X-Scope-OrgID"] == "tenant"
    assert "Authorization" not in api.asked[0].headers  # the cluster's token is not for others


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (Answer(401, b"who are you"), "wants credentials"),
        (
            Answer(400, b'{"status":"error","errorType":"bad_data","error":"parse error"}'),
            "refused the query: parse error",
        ),
        (Answer(200, b"<html>Grafana</html>"), "is not Prometheus"),
        (Answer(200, b'{"status":"success","data":{"resultType":"matrix","result":[]}}'), "matrix, not a vector"),
    ],
)
def test_what_is_not_an_answer(api: ScriptedApi, tmp_path: Path, answer: Answer, sentence: str) -> None:
    api.on("/api/v1/query", answer)
    with pytest.raises(ClusterError, match=sentence):
        from_prometheus(connected(api, tmp_path), prometheus_at(api.url))


def test_prometheus_that_is_not_there(tmp_path: Path) -> None:
    with scripted() as api:
        connection = connected(api, tmp_path)
    with pytest.raises(ClusterError, match="cannot be reached"):
        from_prometheus(connection, prometheus_at(api.url))


@pytest.mark.parametrize(
    ("address", "where"),
    [
        ("https://prom.example.com/x/", Prometheus(url="https://prom.example.com/x")),
        ("monitoring/prom:web", Prometheus(namespace="monitoring", service="prom:web")),
        ("https:mon/prom:9091/p", Prometheus(namespace="mon", service="https:prom:9091", prefix="/p")),
    ],
)
def test_the_address_of_prometheus(address: str, where: Prometheus) -> None:
    assert prometheus_at(address) == where


@pytest.mark.parametrize("address", ["", "prom", "prom:9090", "ftp://x", "https://", "a/b/c:1", "https://h/?a=b"])
def test_what_is_no_address(address: str) -> None:
    with pytest.raises(Usage, match="is not the address of a Prometheus"):
        prometheus_at(address)


def test_a_password_in_the_address_is_sent_and_never_said(api: ScriptedApi, tmp_path: Path) -> None:
    api.on("/api/v1/query", Answer(401, b"who are you"))
    where = prometheus_at(api.url.replace("//", "//ann:s3%2Fcret@"))
    with pytest.raises(ClusterError) as told:
        from_prometheus(connected(api, tmp_path), where)
    assert api.asked[0].headers["Authorization"] == "Basic YW5uOnMzL2NyZXQ="
    assert api.url in str(told.value)
    with pytest.raises(Usage) as refused_:
        prometheus_at("ftp://ann:s3cret@host")
    for said in (str(told.value), str(refused_.value), repr(where)):
        assert "s3" not in said and "YW5u" not in said
