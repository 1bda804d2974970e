"""What a resource name is, and what a unit of it is worth on a node."""

from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from k8sai.errors import Usage
from k8sai.fleet.index import Fleet
from k8sai.fleet.resources import Rules, classify, weigh
from k8sai.fleet.rule_file import configured, read
from k8sai.fleet.shares import CARD, cards
from tests.fleet.facts_by_hand import H100, fleet_of, node, pod, resource_slice

HAMI = "GPU-1,10,81559,100,NVIDIA-H100,0,true,0,hami-core:GPU-2,10,81559,100,NVIDIA-H100,0,true,1,hami-core:"


@pytest.mark.parametrize(
    ("name", "family", "kind"),
    [
        ("nvidia.com/gpu", "nvidia", "card"),
        ("nvidia.com/gpu.shared", "nvidia", "replica"),
        ("nvidia.com/mig-1g.5gb", "nvidia", "slice"),
        ("nvidia.com/mig-1g.10gb.me", "nvidia", "slice"),
        ("nvidia.com/mig-3g.40gb.shared", "nvidia", "replica"),
        ("nvidia.com/a100", "nvidia", "card"),
        ("nvidia.com/h100-80gb", "nvidia", "card"),
        ("nvidia.com/gb200", "nvidia", "card"),
        ("nvidia.com/rtx4090", "nvidia", "card"),
        ("nvidia.com/l40s.shared", "nvidia", "replica"),
        ("nvidia.com/GH100_H100_PCIE", "nvidia", "card"),
        ("nvidia.com/gpumem", "nvidia", "monitor"),
        ("nvidia.com/gpucores", "nvidia", "monitor"),
        ("amd.com/gpu", "amd", "card"),
        ("amd.com/cpx_nps4", "amd", "slice"),
        ("gpu.intel.com/i915", "intel", "card"),
        ("gpu.intel.com/xe", "intel", "card"),
        ("gpu.intel.com/millicores", "intel", "monitor"),
        ("gpu.intel.com/memory.max", "intel", "monitor"),
        ("gpu.intel.com/tiles", "intel", "monitor"),
        ("gpu.intel.com/xe_monitoring", "intel", "monitor"),
        ("google.com/tpu", "google", "card"),
        ("aws.amazon.com/neuron", "aws", "card"),
        ("aws.amazon.com/neuroncore", "aws", "slice"),
        ("habana.ai/gaudi", "habana", "card"),
        ("aliyun.com/gpu-mem", "nvidia", "fraction"),
        ("aliyun.com/gpu", "nvidia", "card"),
        ("aliyun.com/gpu-count", "nvidia", "monitor"),
        ("volcano.sh/vgpu-number", "nvidia", "replica"),
        ("volcano.sh/vgpu-memory", "nvidia", "monitor"),
        ("deviceclass.resource.kubernetes.io/gpu.nvidia.com", "other", "card"),
    ],
)
def test_names(name: str, family: str, kind: str) -> None:
    rule = classify(name)
    assert rule is not None
    assert (rule.family, rule.kind) == (family, kind)


@pytest.mark.parametrize(
    "name",
    [
        "cpu",
        "memory",
        "hugepages-2Mi",
        "rdma/hca",
        "nvidia.com/cx6_nics",
        "nvidia.com/hostdev",
        "nvidia.com/gpus",
        "xnvidia.com/gpu",
        "example.com/gpu",
        "vpc.amazonaws.com/efa",
        "deviceclass.resource.kubernetes.io/rdma",
    ],
)
def test_names_that_are_none_of_ours(name: str) -> None:
    assert classify(name) is None


def worth(
    name: str, labels: dict[str, str] | None = None, capacity: dict[str, int] | None = None, **more: Any
) -> object:
    rule = classify(name)
    assert rule is not None
    kind, weight = weigh(rule, name, labels or {}, more.get("annotations", {}), capacity or {name: 1})
    return kind, Fraction(weight, CARD).limit_denominator(1000)


def product(name: str, **more: str) -> dict[str, str]:
    return {"nvidia.com/gpu.product": name, **{key.replace("__", "."): value for key, value in more.items()}}


SHARED = {"nvidia.com/gpu.replicas": "4"}


@pytest.mark.parametrize(
    ("name", "labels", "expected"),
    [
        ("nvidia.com/gpu", {}, ("card", 1)),
        ("nvidia.com/gpu", {"nvidia.com/gpu.replicas": "1"}, ("card", 1)),
        ("nvidia.com/gpu", SHARED, ("replica", Fraction(1, 4))),
        ("nvidia.com/gpu.shared", SHARED, ("replica", Fraction(1, 4))),
        ("nvidia.com/mig-3g.40gb", {}, ("slice", Fraction(3, 7))),
        ("nvidia.com/mig-1g.10gb.me", {}, ("slice", Fraction(1, 7))),
        ("nvidia.com/mig-2g.12gb", product("NVIDIA-A30"), ("slice", Fraction(2, 4))),
        ("nvidia.com/mig-1g.10gb.shared", {"nvidia.com/mig-1g.10gb.replicas": "2"}, ("replica", Fraction(1, 14))),
        ("nvidia.com/gpu", product("NVIDIA-A100-SXM4-40GB-MIG-1g.5gb"), ("slice", Fraction(1, 7))),
        ("nvidia.com/gpu", product("NVIDIA-A100-SXM4-40GB-MIG-1g.5gb-SHARED") | SHARED, ("replica", Fraction(1, 28))),
        ("nvidia.com/gpu", {"cloud.google.com/gke-max-shared-clients-per-gpu": "3"}, ("replica", Fraction(1, 3))),
        ("nvidia.com/gpu", {"cloud.google.com/gke-gpu-partition-size": "2g.10gb"}, ("slice", Fraction(2, 7))),
        ("amd.com/gpu", {}, ("card", 1)),
        ("amd.com/gpu", {"amd.com/compute-memory-partition": "spx_nps1"}, ("card", 1)),
        ("amd.com/gpu", {"amd.com/compute-memory-partition": "cpx_nps4"}, ("slice", Fraction(1, 8))),
        ("amd.com/dpx_nps2", {}, ("slice", Fraction(1, 2))),
        ("amd.com/cpx_nps1", {"amd.com/gpu.product-name": "AMD_Instinct_MI300A"}, ("slice", Fraction(1, 6))),
        ("google.com/tpu", {}, ("card", 1)),
    ],
)
def test_worth_by_labels(name: str, labels: dict[str, str], expected: object) -> None:
    assert worth(name, labels) == expected


def test_worth_by_the_rest_of_the_node() -> None:
    assert worth("nvidia.com/gpu", annotations={"hami.io/node-nvidia-register": HAMI}) == ("replica", Fraction(1, 10))
    as_json = '[{"id":"GPU-1","count":5,"devmem":81559,"devcore":100,"type":"NVIDIA-H100","health":true}]'
    assert worth("nvidia.com/gpu", annotations={"hami.io/node-nvidia-register": as_json}) == ("replica", Fraction(1, 5))
    volcano = {"volcano.sh/node-vgpu-register": "GPU-1,8,24000,NVIDIA-A100,true,hami-core:"}
    assert worth("volcano.sh/vgpu-number", annotations=volcano) == ("replica", Fraction(1, 8))
    memory = {"aliyun.com/gpu-mem": 160, "aliyun.com/gpu-count": 2}
    assert worth("aliyun.com/gpu-mem", capacity=memory) == ("fraction", Fraction(1, 80))
    cores = {"aws.amazon.com/neuron": 16, "aws.amazon.com/neuroncore": 128}
    assert worth("aws.amazon.com/neuroncore", capacity=cores) == ("slice", Fraction(1, 8))


def test_seven_sevenths_are_exactly_a_card() -> None:
    fleet = fleet_of(node(capacity={"nvidia.com/mig-1g.10gb": 56}), *(
        pod(f"p{at}", 1, "n1", resource="nvidia.com/mig-1g.10gb") for at in range(7)
    ))  # fmt: skip
    assert fleet.totals().capacity == 8
    assert fleet.totals().used == 1
    assert fleet.totals().free == 7
    assert fleet.by_kind()["slice"].used == 7
    assert len(fleet.node("n1").slots) == 8
    assert fleet.node("n1").slots[0].holders == 7
    assert sum(slot.state == "held" for slot in fleet.node("n1").slots) == 1


def test_replicas_are_never_called_cards() -> None:
    labels = {"nvidia.com/gpu.product": f"{H100}-SHARED", "nvidia.com/gpu.replicas": "4"}
    fleet = fleet_of(node(capacity={"nvidia.com/gpu": 32}, labels=labels), pod("p", 2, "n1"))
    assert (fleet.totals().capacity, fleet.totals().used) == (8, 0.5)
    (total,) = fleet.products()
    assert (total.name, total.kind, total.resource) == (H100, "replica", "nvidia.com/gpu")
    (line,) = fleet.node("n1").resources
    assert (line.kind, line.capacity, line.used, line.free, line.cards_each) == ("replica", 32, 2, 30, 0.25)


def test_neuron_silicon_counts_once() -> None:
    capacity = {"aws.amazon.com/neuron": 16, "aws.amazon.com/neuroncore": 32}
    fleet = fleet_of(
        node(capacity=capacity),
        pod("a", 4, "n1", resource="aws.amazon.com/neuron"),
        pod("b", 6, "n1", resource="aws.amazon.com/neuroncore"),
    )
    assert (fleet.totals().capacity, fleet.totals().used, fleet.totals().free) == (16, 7, 9)
    assert [(line.resource, line.used, line.free) for line in fleet.node("n1").resources] == [
        ("aws.amazon.com/neuron", 4, 12),
        ("aws.amazon.com/neuroncore", 6, 26),
    ]
    fleet.put("nodes", node(capacity=capacity, cordoned=True))
    assert fleet.totals().blocked == 9


def test_two_vendors_on_a_node_are_two_rows() -> None:
    labels = {"nvidia.com/gpu.product": H100, "amd.com/gpu.product-name": "AMD_Instinct_MI300X"}
    fleet = fleet_of(node(capacity={"nvidia.com/gpu": 4, "amd.com/gpu": 2}, labels=labels))
    assert [line.family for line in fleet.node("n1").resources] == ["amd", "nvidia"]
    assert [(total.name, total.figures.capacity) for total in fleet.products()] == [
        (H100, 4),
        ("AMD_Instinct_MI300X", 2),
    ]


def test_monitors_are_listed_and_not_counted() -> None:
    fleet = fleet_of(node(capacity={"gpu.intel.com/i915": 2, "gpu.intel.com/millicores": 2000}))
    assert fleet.totals().capacity == 2
    assert "monitor" not in fleet.by_kind()


def test_pending_pods_are_worth_what_the_fleet_has() -> None:
    labels = {"nvidia.com/gpu.product": f"{H100}-SHARED", "nvidia.com/gpu.replicas": "4"}
    fleet = fleet_of(node(capacity={"nvidia.com/gpu": 32}, labels=labels), pod("p", 2))
    assert fleet.totals().pending == 0.5
    assert fleet.products()[0].figures.pending == 0.5
    assert Fleet().totals().pending == 0


def test_a_pod_that_may_get_whole_cards_is_not_told_to_share() -> None:
    """Some nodes share their cards under the plain name: eight asked for are eight cards all the same."""
    shared = node("n2", {"nvidia.com/gpu": 320}, labels={"nvidia.com/gpu.replicas": "4"})
    fleet = fleet_of(node("n1"), shared, pod("p", 8))
    assert fleet.totals().pending == 8
    assert fleet.by_kind()["card"].pending == 8
    assert [row.cards for row in fleet.pending()] == [8]


def test_pending_pods_ask_for_a_product_or_for_any() -> None:
    a100 = "NVIDIA-A100-SXM4-80GB"
    picky = pod("picky", 2, spec={"nodeSelector": {"nvidia.com/gpu.product": a100}})
    fleet = fleet_of(node("n1", product=H100), node("n2", product=a100), picky, pod("any", 3))
    assert {(total.name, total.figures.pending) for total in fleet.products()} == {(H100, 0), (a100, 2), ("", 3)}


FILE = """
resources:
  - {pattern: 'example\\.com/gpu', family: example, cards: 1/2}
  - {pattern: 'nvidia\\.com/gpu', family: nvidia, kind: replica, perCard: example.com/split}
drivers:
  - {pattern: 'chips\\.example\\.com', family: example}
"""


def test_the_users_lines_come_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "resources.yaml").write_text(FILE)
    monkeypatch.setenv("K8SAI_CONFIG_DIR", str(tmp_path))
    fleet = Fleet()
    fleet.put("nodes", node("n1", {"example.com/gpu": 4}))
    fleet.put("nodes", node("n2", {"nvidia.com/gpu": 6}, labels={"example.com/split": "3"}))
    fleet.put("resourceslices", resource_slice([{"name": "d"}], node="n1", driver="chips.example.com"))
    assert fleet.totals().capacity == 2 + 2 + 1
    assert fleet.by_kind()["replica"].capacity == 6


def test_without_a_file_the_shipped_table_stands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("K8SAI_CONFIG_DIR", str(tmp_path))
    assert configured().classify("nvidia.com/gpu") is not None


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("resources: [", "f: not YAML: "),
        ("things: []", "f: expected the lists"),
        ("resources: {}", ""),
        ("resources: x", "f: resources is not a list"),
        ("resources: [x]", "f: resources[0]: expected keys"),
        ("resources: [{pattern: a}]", "f: resources[0]: family is missing"),
        ("resources: [{family: a}]", "f: resources[0]: pattern is missing"),
        (
            "resources: [{pattern: a, family: b}, {pattern: '(', family: b}]",
            "f: resources[1]: pattern '(' is not a reg",
        ),
        ("resources: [{pattern: a, family: b, kind: board}]", "f: resources[0]: kind 'board' is none of card, slice"),
        ("resources: [{pattern: a, family: b, weight: 2}]", "f: resources[0]: unknown key 'weight'"),
        ("resources: [{pattern: a, family: b, cards: 1/0}]", "f: resources[0]: cards '1/0' is not a positive number"),
        ("resources: [{pattern: a, family: b, cards: -1}]", "f: resources[0]: cards -1 is not a positive number"),
        ("resources: [{pattern: a, family: 3}]", "f: resources[0]: family 3 is not a text"),
        ("drivers: [{pattern: a, family: b, kind: card}]", "f: drivers[0]: a driver has"),
    ],
)
def test_mistakes_in_the_file_name_place_and_reason(text: str, reason: str) -> None:
    if not reason:
        assert isinstance(read(text, "f"), Rules)
        return
    with pytest.raises(Usage) as error:
        read(text, "f")
    assert error.value.message.startswith(reason)


def test_shares_read_as_people_write_them() -> None:
    assert cards(CARD * 3) == 3
    assert cards(CARD // 7 * 3) == 0.428571
    assert str(cards(-1)) == "0.0"


def test_the_documented_example_is_a_table() -> None:
    page = (Path(__file__).parents[2] / "docs" / "resources.md").read_text(encoding="utf-8")
    example = page.split("```yaml\n")[1].split("```")[0]
    fleet = Fleet(read(example, "resources.yaml"))
    fleet.put("nodes", node(capacity={"example.com/gpu": 8, "example.com/gpu-quarter": 4}))
    assert fleet.totals().capacity == 9
