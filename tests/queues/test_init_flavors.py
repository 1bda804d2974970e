"""Nodes sorted into flavors: alike together, selected by their labels and nothing else, with names that last."""

import random
import re
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from k8sai.queues.setup.flavors import Pool, Sorted, sort
from k8sai.queues.setup.from_nodes import Machine, machines
from k8sai.queues.setup.labels import reachable
from tests.queues.machines import GPU, Json, node, read, recorded

DEDICATED = "team=vision:NoSchedule"
DEVICE = "nvidia.com/gpu=present:NoSchedule"


def names(found: Sorted) -> dict[str, list[str]]:
    return {pool.name: [one.name for one in pool.nodes] for pool in found.pools}


def selected(pool: Pool, nodes: Sequence[Machine]) -> list[str]:
    """As a node selector and the scheduler would: labels, and taints that the flavor's pods tolerate."""
    named = {(key, effect) for key, _, effect in pool.tolerated}
    ok = {*pool.taints, *(one for each in nodes for one in each.taints if (one[0], one[2]) in named)}
    return sorted(each.name for each in nodes if reachable(each, dict(pool.labels), ok))


# --- what is alike ----------------------------------------------------------------------------------------------------


def test_the_demo() -> None:
    nodes = machines(recorded("demo.json.gz"))
    found = sort(nodes)
    assert [(pool.name, len(pool.nodes), len(pool.counting)) for pool in found.pools] == [
        ("cpu", 4, 4),
        ("mi300x-oam", 4, 4),
        ("t4", 3, 3),
        ("h100-80gb-hbm3", 12, 11),
        ("a100-sxm4-80gb", 8, 6),
        ("h100-80gb-hbm3-mig-1g-10gb", 2, 2),
        ("l40s-shared", 4, 4),
        ("l40s-shared-team-vision", 2, 2),
        ("a100-sxm4-80gb-mig", 4, 4),
        ("h100-80gb-hbm3-dra", 3, 3),
        ("h100-80gb-hbm3-dra-mig", 2, 2),
    ]
    assert found.left_out == ()
    assert [selected(pool, nodes) for pool in found.pools] == [[one.name for one in pool.nodes] for pool in found.pools]


def test_products_layouts_and_taints_are_told_apart() -> None:
    mixed = {"nvidia.com/mig-1g.10gb": "56"}
    nodes = read(
        node("h1", labels={"nvidia.com/mig.strategy": "none"}),
        node("h2", labels={"nvidia.com/mig.strategy": "none"}),
        node("a1", product="NVIDIA-A100-SXM4-80GB"),
        node("m1", 0, resources=mixed, labels={"nvidia.com/mig.strategy": "mixed"}),
        node("v1", taints=[DEDICATED], labels={"pool": "vision"}),
        node("c1", 0, labels={"pool": "cpu"}),
    )
    assert names(sort(nodes)) == {
        "cpu": ["c1"],
        "a100-sxm4-80gb": ["a1"],
        "h100-80gb-hbm3": ["h1", "h2"],
        "h100-80gb-hbm3-mig": ["m1"],
        "h100-80gb-hbm3-team-vision": ["v1"],
    }


def test_slices_and_shared_cards_are_tried_after_whole_ones() -> None:
    shared = node("s", 32, product="Tesla-T4-SHARED", labels={"nvidia.com/gpu.replicas": "4"})
    found = sort(read(shared, node("h"), node("c", 0, labels={"pool": "cpu"})))
    assert [pool.name for pool in found.pools] == ["cpu", "h100-80gb-hbm3", "t4-shared"]


def test_a_taint_of_gpus_is_tolerated_and_another_is_asked_for() -> None:
    (plain,) = sort(read(node("a", taints=[DEVICE]), node("b"))).pools
    assert (plain.taints, plain.tolerated) == ((), (("nvidia.com/gpu", "present", "NoSchedule"),))
    (kept,) = sort(read(node("a", taints=[DEDICATED]))).pools
    assert (kept.taints, kept.tolerated) == ((("team", "vision", "NoSchedule"),), ())


def test_taints_that_pass_make_no_flavor() -> None:
    away = node("b", taints=["node.kubernetes.io/not-ready:NoExecute"], ready=False)
    mild = node("c", taints=["maintenance=soon:PreferNoSchedule"])
    (pool,) = sort(read(node("a"), away, mild)).pools
    assert ([one.name for one in pool.nodes], [one.name for one in pool.counting]) == (["a", "b", "c"], ["a", "c"])


def test_the_control_plane_is_left_out() -> None:
    control = node("control", 0, taints=["node-role.kubernetes.io/control-plane:NoSchedule"])
    found = sort(read(control, node("a")))
    assert [(left.nodes, left.why) for left in found.left_out] == [(("control",), "control plane")]


# --- labels -----------------------------------------------------------------------------------------------------------


def test_a_second_label_where_the_product_does_not_do() -> None:
    nodes = read(
        node("a", labels={"pool": "train"}), node("b", 0, resources={GPU: "0"}, labels={"pool": "dra", "x": "1"})
    )
    found = sort(nodes)
    assert dict(found.pools[0].labels) == {"nvidia.com/gpu.product": "NVIDIA-H100-80GB-HBM3", "pool": "train"}


def test_tainted_nodes_need_no_label_to_keep_other_pods_off_but_one_to_draw_their_own() -> None:
    bare = node("v", taints=[DEDICATED])
    found = sort(read(node("a"), bare))
    assert names(found) == {"h100-80gb-hbm3": ["a"]}
    (left,) = found.left_out
    assert left.nodes == ("v",)
    assert left.fix == "`kubectl label nodes v k8sai.dev/flavor=h100-80gb-hbm3-team-vision`"
    marked = node("v", taints=[DEDICATED], labels={"k8sai.dev/flavor": "vision"})
    assert names(sort(read(node("a"), marked))) == {"h100-80gb-hbm3": ["a"], "vision": ["v"]}


def test_nodes_that_no_label_tells_apart_are_one_flavor() -> None:
    """A device plugin that is away on one of them: by labels they are the same."""
    found = sort(read(node("a"), node("b", 0, resources={GPU: "0"})))
    assert names(found) == {"h100-80gb-hbm3": ["a", "b"]}


def test_labels_that_pass_select_nothing() -> None:
    passing = {
        "kubernetes.io/hostname": "a",
        "topology.kubernetes.io/zone": "z",
        "nvidia.com/cuda.driver-version.full": "580.95.05",
        "nvidia.com/gpu.clique": "c0",
        "feature.node.kubernetes.io/kernel-version.full": "6.8",
    }
    found = sort(read(node("a", product="", labels=passing)))
    assert [left.nodes for left in found.left_out] == [("a",)]


# --- whatever the nodes -----------------------------------------------------------------------------------------------

LABELS = st.dictionaries(
    st.sampled_from(["pool", "k8sai.dev/flavor", "node.kubernetes.io/instance-type", "rank"]),
    st.sampled_from(["a", "b", "c"]),
    max_size=3,
)
NODE = st.fixed_dictionaries(
    {
        "gpus": st.sampled_from([0, 4, 8]),
        "product": st.sampled_from(["NVIDIA-H100-80GB-HBM3", "Tesla-T4", "Tesla-T4-SHARED", "_", ""]),
        "labels": LABELS,
        "taints": st.lists(
            st.sampled_from([DEVICE, DEDICATED, "spot=true:NoExecute", "node-role.kubernetes.io/master:NoSchedule"]),
            unique=True,
            max_size=2,
        ),
        "resources": st.sampled_from([{}, {"nvidia.com/mig-1g.10gb": "7"}, {"amd.com/gpu": "8"}]),
        "ready": st.booleans(),
        "cordoned": st.booleans(),
    }
)


def cluster(described: list[Json]) -> list[Machine]:
    return read(*(node(f"n{place}", **one) for place, one in enumerate(described)))


@settings(max_examples=60, deadline=None)
@given(st.lists(NODE, min_size=1, max_size=9))
def test_every_node_is_in_one_flavor_or_left_out(described: list[Json]) -> None:
    nodes = cluster(described)
    found = sort(nodes)
    inside = [one.name for pool in found.pools for one in pool.nodes]
    outside = [name for left in found.left_out for name in left.nodes]
    assert sorted(inside + outside) == sorted(one.name for one in nodes)


@settings(max_examples=60, deadline=None)
@given(st.lists(NODE, min_size=1, max_size=9))
def test_nodes_labelled_by_their_kind_are_all_in_a_flavor(described: list[Json]) -> None:
    kinds = [str({key: one[key] for key in ("gpus", "product", "taints", "resources")}) for one in described]
    for one, kind in zip(described, kinds, strict=True):
        one["labels"] = {"pool": f"kind-{kinds.index(kind)}"}
    assert {left.why for left in sort(cluster(described)).left_out} <= {"control plane"}


@settings(max_examples=60, deadline=None)
@given(st.lists(NODE, min_size=1, max_size=9))
def test_a_flavor_reaches_its_nodes_and_no_others(described: list[Json]) -> None:
    nodes = cluster(described)
    for pool in sort(nodes).pools:
        assert selected(pool, nodes) == sorted(one.name for one in pool.nodes)
        assert 1 <= len(pool.labels) <= 8


@settings(max_examples=60, deadline=None)
@given(st.lists(NODE, min_size=1, max_size=9), st.randoms())
def test_the_order_of_nodes_changes_nothing(described: list[Json], chance: random.Random) -> None:
    nodes = cluster(described)
    mixed = chance.sample(nodes, len(nodes))
    assert sort(mixed) == sort(nodes)


@settings(max_examples=60, deadline=None)
@given(st.lists(NODE, min_size=1, max_size=9))
def test_names_are_dns_labels_and_all_different(described: list[Json]) -> None:
    found = [pool.name for pool in sort(cluster(described)).pools]
    assert all(re.fullmatch(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?", name) for name in found)
    assert len(set(found)) == len(found)


@pytest.mark.parametrize("file", ["demo.json.gz", "small.json", "fleet/device-plugins.json", "fleet/dra.json"])
def test_recorded_clusters_keep_to_the_same_rules(file: str) -> None:
    nodes = machines(recorded(file))
    found = sort(nodes)
    assert all(selected(pool, nodes) == sorted(one.name for one in pool.nodes) for pool in found.pools)
    assert len({pool.name for pool in found.pools}) == len(found.pools)
