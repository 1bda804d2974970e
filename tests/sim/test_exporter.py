"""The demo's dcgm-exporter: read back by the reader of real ones; the same question has the same answer."""

from typing import Any

import pytest

from k8sai.cluster.dcgm import Reading, readings
from k8sai.cluster.exposition import samples
from k8sai.sim.exporter import exposition
from k8sai.sim.prometheus import answer
from tests.sim.lab import Lab
from tests.sim.test_scenarios import loaded


@pytest.fixture(scope="module")
def demo() -> Lab:
    lab = loaded("demo")
    lab.run(30)
    return lab


def said(lab: Lab, node: str) -> tuple[Reading, ...]:
    return readings(samples(exposition(lab.store, node)), at=1.0)


def held(lab: Lab, node: str) -> dict[str, str]:
    """Device id -> pod, as the kubelet tells it."""
    found: dict[str, str] = {}
    for pod in lab.all("pods"):
        if pod["spec"].get("nodeName") != node:
            continue
        for status in pod["status"].get("containerStatuses", ()):
            for group in status.get("allocatedResourcesStatus", ()):
                found |= {one["resourceID"]: pod["metadata"]["name"] for one in group["resources"]}
    return found


def test_every_nvidia_node_has_an_exporter(demo: Lab) -> None:
    wanted = {n["metadata"]["name"] for n in demo.all("nodes") if "nvidia.com/gpu.present" in n["metadata"]["labels"]}
    there = [p for p in demo.all("pods") if p["metadata"]["labels"].get("app") == "nvidia-dcgm-exporter"]
    assert wanted - {p["spec"]["nodeName"] for p in there if p["status"]["phase"] == "Running"} == {
        "a100-06"
    }  # not ready


def test_whole_cards(demo: Lab) -> None:
    cards = said(demo, "h100-00")
    assert {card.uuid: card.pod for card in cards} == held(demo, "h100-00")
    assert len(cards) == 8
    for card in cards:
        assert card.node == "h100-00" and card.model == "NVIDIA H100 80GB HBM3" and card.namespace == "pretrain"
        assert card.util is not None and 0 <= card.util <= 1
        assert card.memory_total == 81559 and card.power is not None and card.power < 700


def test_an_idle_card_does_nothing(demo: Lab) -> None:
    assert [(card.util, card.memory_used, card.pod) for card in said(demo, "h100-10")] == [(0.0, 4.0, "")] * 8


def test_an_ill_card_says_nothing(demo: Lab) -> None:
    assert len(said(demo, "h100-07")) == 6
    assert len(said(demo, "dra-01")) == 7


def test_slices_have_the_uuid_of_their_card(demo: Lab) -> None:
    found = said(demo, "a100-mig-00")
    assert len(found) == 28 + 8
    assert len({one.uuid for one in found}) == 4 + 4, "seven of 1g on a card, or two of 3g"
    assert {one.mig_profile for one in found} == {"1g.10gb", "3g.40gb"}
    assert len({(one.uuid, one.mig_instance) for one in found}) == len(found)
    assert sorted(one.pod for one in found if one.pod) == sorted(held(demo, "a100-mig-00").values())
    assert "DCGM_FI_DEV_GPU_UTIL" not in exposition(demo.store, "a100-mig-00")


def test_a_shared_card_is_told_once_for_each_pod(demo: Lab) -> None:
    holders = held(demo, "l40s-01")
    text = exposition(demo.store, "l40s-01")
    assert sum(line.startswith("DCGM_FI_DEV_GPU_TEMP{") and "pod=" in line for line in text.splitlines()) == len(
        holders
    )
    assert len(said(demo, "l40s-01")) == 4


def test_claimed_cards_and_partitions(demo: Lab) -> None:
    claimed = [one for one in said(demo, "dra-00") if one.pod]
    assert {one.namespace for one in claimed} == {"inference"} and len(claimed) == 7
    slices: dict[str, list[str]] = {
        one["spec"]["nodeName"]: [] for one in demo.all("resourceslices", "resource.k8s.io")
    }
    for one in demo.all("resourceslices", "resource.k8s.io"):
        slices[one["spec"]["nodeName"]] += [d["attributes"]["uuid"]["string"] for d in one["spec"].get("devices", ())]
    parts = [one for one in said(demo, "dra-mig-00") if one.mig_instance]
    assert parts and {one.mig_uuid for one in parts} <= set(slices["dra-mig-00"])
    assert {one.uuid for one in parts} <= set(slices["dra-mig-00"])


def test_the_same_question_has_the_same_answer(demo: Lab) -> None:
    before = exposition(demo.store, "h100-00")
    assert exposition(demo.store, "h100-00") == before
    demo.run(20)
    assert exposition(demo.store, "h100-00") != before


@pytest.mark.parametrize("node", ["mi300x-00", "cpu-00", "gone"])
def test_no_nvidia_cards(node: str, demo: Lab) -> None:
    assert exposition(demo.store, node) == "# no NVIDIA cards\n"


# --- Prometheus, which knows what they did ----------------------------------------------------------------------------


def asked(lab: Lab, path: str, **query: str) -> list[dict[str, Any]]:
    code, body = answer(lab.store, f"api/v1/{path}", query)
    assert (code, body["status"]) == (200, "success"), body
    found: list[dict[str, Any]] = body["data"]["result"]
    return found


def test_prometheus_has_every_card_under_its_own_labels(demo: Lab) -> None:
    """honorLabels=false, the chart's default: who holds a card is in `exported_pod`."""
    found = asked(demo, "query", query='{__name__=~"DCGM_FI_DEV_GPU_UTIL|DCGM_FI_DEV_FB_USED"}')
    mine = {one["metric"]["UUID"]: one["metric"] for one in found if one["metric"]["Hostname"] == "h100-00"}
    assert {uuid: one["exported_pod"] for uuid, one in mine.items()} == held(demo, "h100-00")
    assert {(one["namespace"], one["pod"].rpartition("-")[0]) for one in mine.values()} == {
        ("gpu-operator", "nvidia-dcgm-exporter")
    }
    (count,) = asked(demo, "query", query='count({__name__=~"DCGM_FI_DEV_GPU_UTIL"})')
    assert int(count["value"][1]) == sum(one["metric"]["__name__"] == "DCGM_FI_DEV_GPU_UTIL" for one in found)


def test_prometheus_tells_the_most_of_each_part(demo: Lab) -> None:
    now = demo.store.now()
    span = {"start": str(now - 270), "end": str(now), "step": "90"}
    expression = 'max by (UUID, GPU_I_ID) (max_over_time(DCGM_FI_DEV_GPU_UTIL{UUID=~"%s"}[90s]))'
    (card, other, *_) = said(demo, "h100-00")
    (row,) = asked(demo, "query_range", query=expression % card.uuid, **span)
    assert row["metric"] == {"UUID": card.uuid} and len(row["values"]) == 4
    assert all(float(value) / 100 >= (card.util or 0) for _, value in row["values"])
    both = asked(demo, "query_range", query=expression % f"{card.uuid}|{other.uuid}", **span)
    assert {one["metric"]["UUID"] for one in both} == {card.uuid, other.uuid}


@pytest.mark.parametrize(
    ("path", "query", "code"),
    [
        ("query", {"query": "topk(3, up)"}, 400),
        ("query_range", {"query": "max by (UUID) (max_over_time(DCGM_FI_DEV_GPU_UTIL[90s]))"}, 400),
        (
            "query_range",
            {
                "query": "max by (UUID) (max_over_time(DCGM_FI_DEV_GPU_UTIL[90s]))",
                "start": "0",
                "end": "20000",
                "step": "1",
            },
            400,
        ),
        ("labels", {}, 404),
    ],
)
def test_what_this_prometheus_does_not_know(path: str, query: dict[str, str], code: int, demo: Lab) -> None:
    found, body = answer(demo.store, f"api/v1/{path}", query)
    assert (found, body["status"]) == (code, "error") and body["error"]


def test_a_share_of_the_pods_of_a_workload_does_nothing(demo: Lab) -> None:
    notebooks = [one for node in ("h100-mig-00", "h100-mig-01") for one in said(demo, node) if one.pod]
    idle = [one.pod for one in notebooks if not one.util]
    assert 0.2 * len(notebooks) < len(idle) < 0.7 * len(notebooks)
