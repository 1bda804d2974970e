"""`top --by idle`, end to end: a scripted Prometheus over real HTTP proves every figure."""

import json
import math
from pathlib import Path
from typing import Any

import pytest

from k8sai.ages import stamp
from k8sai.errors import Exit
from k8sai.sim.cluster import Sim
from tests.commands.idle_cluster import H100, MIG, MON, OLD, Cluster, api, four, node, pod, prom, sums, top, view
from tests.commands.prometheus import ACTIVE, BLANK, USED, UTIL, Prometheus
from tests.commands.run import environment, run

__all__ = ["api", "prom"]  # fixtures

# --- Prometheus -------------------------------------------------------------------------------------------------------


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
    now = stamp(prom.now - 60)
    api.has(node("n1"), pod("a", "n1", "GPU-0", since=now))
    prom.add(UTIL, 0.0, UUID="GPU-0", Hostname="n1")
    assert sums(view(api, tmp_path)) == (0, 0, 1, {"young": 1})


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
