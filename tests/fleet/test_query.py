"""Which nodes and pods are asked for, and in what order."""

import pytest

from k8sai.errors import Usage
from k8sai.fleet.query import NodeQuery, PodQuery
from k8sai.selectors import selector
from tests.fleet.facts_by_hand import H100, fleet_of, node, pod

ZONE = "topology.kubernetes.io/zone"
FLEET = fleet_of(
    node("gpu-a", product=H100, labels={ZONE: "z1"}, created="2026-11-03T00:00:00Z"),
    node("gpu-b", product="NVIDIA-A10", labels={ZONE: "z2", "pool": "small"}, created="2026-11-01T00:00:00Z"),
    node("gpu-c", {"nvidia.com/gpu": 4}, {"nvidia.com/gpu": 2}, labels={ZONE: "z1"}, created="2026-11-02T00:00:00Z"),
    node("cpu-a", {}),
    pod("p", 6, "gpu-a", namespace="research", labels={"kueue.x-k8s.io/queue-name": "q1"}),
    pod("q", 1, "gpu-b", namespace="serving"),
    pod("r", 4, nominated="gpu-b", namespace="serving", spec={"priority": 10}),
    pod("s", 2, namespace="research"),
)


def names(**query: object) -> list[str]:
    return FLEET.node_names(NodeQuery(**query))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, "gpu-a gpu-b gpu-c"),
        ({"gpu_only": False}, "cpu-a gpu-a gpu-b gpu-c"),
        ({"reverse": True}, "gpu-c gpu-b gpu-a"),
        ({"product": H100}, "gpu-a"),
        ({"sort": "free"}, "gpu-b gpu-a gpu-c"),
        ({"sort": "used"}, "gpu-a gpu-b gpu-c"),
        ({"sort": "used", "reverse": True}, "gpu-c gpu-b gpu-a"),
        ({"sort": "unhealthy"}, "gpu-c gpu-a gpu-b"),
        ({"sort": "pending"}, "gpu-b gpu-a gpu-c"),
        ({"sort": "largest"}, "gpu-b gpu-a gpu-c"),
        ({"sort": "age"}, "gpu-b gpu-c gpu-a"),
        ({"sort": "zone"}, "gpu-a gpu-c gpu-b"),
        ({"sort": "product"}, "gpu-c gpu-b gpu-a"),
        ({"text": "H100"}, "gpu-a"),
        ({"text": "h100|a10$"}, "gpu-a gpu-b"),
        ({"text": "!h100"}, "gpu-b gpu-c"),
        ({"text": "z1"}, "gpu-a gpu-c"),
        ({"text": "serving"}, "gpu-b"),
        ({"text": "research"}, "gpu-a"),
        ({"text": "gpu-["}, ""),
        ({"labels": "pool"}, "gpu-b"),
        ({"labels": f"{ZONE}=z1"}, "gpu-a gpu-c"),
        ({"labels": "!pool", "text": "z1"}, "gpu-a gpu-c"),
    ],
)
def test_nodes(query: dict[str, object], expected: str) -> None:
    assert " ".join(names(**query)) == expected


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (PodQuery(), "p s q r"),
        (PodQuery(namespace="serving"), "q r"),
        (PodQuery(node="gpu-b"), "q r"),
        (PodQuery(text="q1"), "p"),
        (PodQuery(text="!research"), "q r"),
        (PodQuery(labels="pool=small"), "q r"),
        (PodQuery(sort="cards"), "p r q s"),
        (PodQuery(sort="priority"), "r p s q"),
        (PodQuery(sort="name", reverse=True), "r q s p"),
    ],
)
def test_pods(query: PodQuery, expected: str) -> None:
    assert " ".join(row.name for row in FLEET.pods(query)) == expected


LABELS = {"a": "1", "b": "two", "x.io/c": ""}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", True),
        ("a=1", True),
        ("a==1", True),
        ("a = 1", True),
        ("a=2", False),
        ("a!=2", True),
        ("missing!=2", True),
        ("a in (1, 2)", True),
        ("a in (2,3)", False),
        ("a notin (2,3)", True),
        ("missing notin (2)", True),
        ("missing in ()", False),
        ("x.io/c", True),
        ("x.io/c=", True),
        ("!x.io/c", False),
        ("! missing", True),
        ("a=1,b in (one,two),!d", True),
        ("a=1,b in (one,three)", False),
    ],
)
def test_selectors(text: str, expected: bool) -> None:
    assert selector(text)(LABELS) is expected


@pytest.mark.parametrize("text", ["a=b=c", "=1", "a in 1", "a in (1", "a,,b", "a > 1", "a=1 b=2", "-a", "a in (b c)"])
def test_bad_selectors_name_the_part(text: str) -> None:
    with pytest.raises(Usage) as error:
        FLEET.node_names(NodeQuery(labels=text))
    assert "label selector" in error.value.message
    assert error.value.hint
    with pytest.raises(Usage):
        FLEET.pods(PodQuery(labels=text))


def test_an_unknown_order_is_a_mistake() -> None:
    with pytest.raises(Usage, match="no order 'size'"):
        names(sort="size")
    with pytest.raises(Usage, match="no order 'size'"):
        FLEET.pods(PodQuery(sort="size"))


def test_a_node_nobody_knows() -> None:
    with pytest.raises(KeyError):
        FLEET.node("nowhere")
    assert FLEET.pods_on("nowhere") == ()


def test_counts() -> None:
    assert FLEET.counts() == {"nodes": 4, "gpuNodes": 3, "goneNodes": 0, "pods": 4, "pending": 2, "problems": 0}
