"""The whole proposal: what the objects say, that their sums add up, and that the same nodes give the same text."""

import random
from collections.abc import Mapping
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from k8sai.cluster.reading import Reading
from k8sai.errors import Forbidden, NotFound, Usage
from k8sai.queues.setup.from_nodes import machines
from k8sai.queues.setup.init import Setup, propose
from k8sai.queues.values import quantity
from tests.queues.machines import GPU, Json, node, recorded
from tests.queues.test_init_flavors import NODE
from tests.queues.test_init_wish import asked

DEMO = "demo.json.gz"


class Given:
    """Objects by kind, as a cluster would give them; a kind whose value is None is forbidden."""

    context = "test"

    def __init__(self, objects: Mapping[str, list[Json] | None]) -> None:
        self._objects = {"pods": [], "namespaces": [], **objects}

    def served(self, kind: str) -> bool:
        return kind in self._objects

    def list(self, kind: str, namespace: str = "", *, labels: str = "", fields: str = "") -> list[Json]:
        found = self._objects[kind]
        if found is None:
            raise Forbidden(f"you may not list {kind}")
        return found

    def get(self, kind: str, namespace: str, name: str) -> Json:
        raise AssertionError("nothing is asked for by name")


def proposed(*nodes: Json, more: Mapping[str, list[Json] | None] | None = None, **wish: Any) -> Setup:
    return propose(Reading(Given({"nodes": list(nodes), **(more or {})})), asked(**wish))


def of_kind(setup: Setup, kind: str) -> dict[str, Json]:
    return {one["metadata"]["name"]: one.get("spec", {}) for one in setup.objects if one["kind"] == kind}


def quotas(spec: Json, key: str = "nominalQuota") -> dict[tuple[str, str], int]:
    return {
        (flavor["name"], one["name"]): quantity(one["name"], one[key]) or 0
        for group in spec["resourceGroups"]
        for flavor in group["flavors"]
        for one in flavor["resources"]
        if key in one
    }


# --- the demo ---------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def demo() -> Setup:
    return propose(recorded_reading(), asked(teams="a=60,b=40"))


def recorded_reading() -> Reading:
    return recorded(DEMO)


def test_the_text_is_the_objects(demo: Setup) -> None:
    assert [one for one in yaml.safe_load_all(demo.text) if one] == [dict(one) for one in demo.objects]


def test_parts_of_teams_add_up_to_what_is_there_less_headroom(demo: Setup) -> None:
    a, b = (quotas(spec) for spec in of_kind(demo, "ClusterQueue").values())
    assert {share: a[share] + b[share] for share in a} == {
        (flavor, resource): found[resource].nominal if resource in found else 0
        for flavor, found in demo.shared.supplies.items()
        for resource in demo.shared.resources
    }
    assert (a["h100-80gb-hbm3", GPU], b["h100-80gb-hbm3", GPU]) == (49, 32)
    assert (a["a100-sxm4-80gb-mig", "nvidia.com/mig-3g.40gb"], a["cpu", GPU]) == (19, 0)


def test_each_flavor_names_all_resources_in_one_order(demo: Setup) -> None:
    for spec in of_kind(demo, "ClusterQueue").values():
        (group,) = spec["resourceGroups"]
        assert group["coveredResources"][:3] == ["cpu", "memory", "ephemeral-storage"]
        assert all(
            [one["name"] for one in flavor["resources"]] == group["coveredResources"] for flavor in group["flavors"]
        )
        assert [flavor["name"] for flavor in group["flavors"]] == [*of_kind(demo, "ResourceFlavor")]


def test_gpus_may_be_borrowed_up_to_what_the_others_have(demo: Setup) -> None:
    specs = of_kind(demo, "ClusterQueue")
    assert quotas(specs["a"], "borrowingLimit") == {
        share: amount for share, amount in quotas(specs["b"]).items() if amount and "/" in share[1]
    }


def test_all_flavors_have_a_topology_whose_levels_their_nodes_have(demo: Setup) -> None:
    levels = {name: [one["nodeLabel"] for one in spec["levels"]] for name, spec in of_kind(demo, "Topology").items()}
    assert levels == {
        "zone-clique-hostname": ["topology.kubernetes.io/zone", "nvidia.com/gpu.clique", "kubernetes.io/hostname"],
        "zone-hostname": ["topology.kubernetes.io/zone", "kubernetes.io/hostname"],
    }
    used = {name: spec["topologyName"] for name, spec in of_kind(demo, "ResourceFlavor").items()}
    assert [name for name, topology in used.items() if topology == "zone-clique-hostname"] == ["h100-80gb-hbm3"]
    assert set(used.values()) == set(levels)


def test_gpus_of_dra_are_said_and_not_promised(demo: Setup) -> None:
    assert "264 of gpu.nvidia.com" in demo.text
    assert "deviceClassNames: [mig.nvidia.com]" in demo.text
    assert all(share[1] != "gpu.nvidia.com" for share in quotas(of_kind(demo, "ClusterQueue")["a"]))


def test_twice_is_the_same(demo: Setup) -> None:
    assert propose(recorded_reading(), asked(teams="a=60,b=40")).text == demo.text


# --- parts of it ------------------------------------------------------------------------------------------------------


def test_one_queue_for_everybody() -> None:
    found = proposed(node("a"), namespace="ml")
    (spec,) = of_kind(found, "ClusterQueue").values()
    assert spec["namespaceSelector"] == {}
    assert "cohortName" not in spec and quotas(spec, "borrowingLimit") == {}
    assert spec["preemption"] == {"withinClusterQueue": "LowerPriority"}
    (local,) = [one for one in found.objects if one["kind"] == "LocalQueue"]
    assert (local["metadata"], local["spec"]) == ({"name": "default", "namespace": "ml"}, {"clusterQueue": "cluster"})


def test_a_team_of_several_namespaces() -> None:
    found = proposed(node("a"), teams="a,b", namespaces_of=["a=a-dev,a-prod"])
    assert of_kind(found, "ClusterQueue")["a"]["namespaceSelector"] == {
        "matchExpressions": [{"key": "kubernetes.io/metadata.name", "operator": "In", "values": ["a-dev", "a-prod"]}]
    }
    where = [one["metadata"]["namespace"] for one in found.objects if one["kind"] == "LocalQueue"]
    assert where == ["a-dev", "a-prod", "b"]


def test_namespaces_that_are_not_there_are_made_and_stay_in_the_proposal() -> None:
    ours = {"metadata": {"name": "b", "managedFields": [{"manager": "k8sai"}]}}
    there: dict[str, list[Json] | None] = {"namespaces": [{"metadata": {"name": "a"}}, ours]}
    assert [*of_kind(proposed(node("n"), teams="a,b,c", more=there), "Namespace")] == ["b", "c"]
    unknown = proposed(node("n"), teams="a", more={"namespaces": None})
    assert [*of_kind(unknown, "Namespace")] == []
    assert [gap.what for gap in unknown.hidden] == ["namespaces"]


def test_pods_of_daemonsets_and_static_pods_take_their_part() -> None:
    def pod(owner: str, **spec: Any) -> Json:
        container = {"name": "c", "resources": {"requests": {"cpu": "2", "memory": "4Gi"}}}
        meta = {"name": "p", "ownerReferences": [{"kind": owner, "controller": True}]}
        return {"metadata": meta, "spec": {"nodeName": "n", "containers": [container], **spec}, "status": {}}

    pods = [pod("DaemonSet"), pod("Node"), pod("ReplicaSet", priorityClassName="system-cluster-critical"), pod("Job")]
    found = proposed(node("n"), headroom="0%", more={"pods": pods})
    assert quotas(of_kind(found, "ClusterQueue")["cluster"])["h100-80gb-hbm3", "cpu"] == 58000
    assert "cpu: 64 allocatable - 0 headroom - 6 of pods of the nodes themselves = 58" in found.text


def test_some_flavors_without_a_host_name_means_no_topology() -> None:
    bare = node("b", product="Tesla-T4")
    del bare["metadata"]["labels"]["kubernetes.io/hostname"]
    found = proposed(node("a"), bare)
    assert of_kind(found, "Topology") == {}
    assert found.remarks == ("no topology: nodes of t4 have no label kubernetes.io/hostname",)
    with pytest.raises(Usage, match="--topology: b have no label"):
        proposed(node("a"), bare, topology="kubernetes.io/hostname")
    assert of_kind(proposed(node("a"), topology="none"), "Topology") == {}


def test_nodes_that_take_no_pods_are_no_ground_for_quota() -> None:
    with pytest.raises(NotFound, match="no node that pods could be put on"):
        proposed(node("a", cordoned=True))
    found = proposed(node("a"), node("t", product="Tesla-T4", ready=False))
    assert [(left.nodes, left.why) for left in found.left_out] == [(("t",), "not ready or cordoned, all of their kind")]
    assert [*of_kind(found, "ResourceFlavor")] == ["h100-80gb-hbm3"]


def test_more_pairs_than_kueue_takes_are_refused_and_a_label_makes_them_fewer() -> None:
    def kinds(**labels: str) -> list[Json]:
        return [
            node(f"n{place}", labels=labels, resources={f"example.com/d{place}": "1"}, product=f"P{place}")
            for place in range(24)
        ]

    with pytest.raises(Usage, match="24 flavors of 27 resources each, and Kueue takes 512"):
        proposed(*kinds())
    found = proposed(*kinds(**{"k8sai.dev/flavor": "all"}))
    assert of_kind(found, "ResourceFlavor")["all"]["nodeLabels"] == {"k8sai.dev/flavor": "all"}


def test_without_the_right_to_read_nodes_there_is_no_answer() -> None:
    with pytest.raises(Forbidden):
        propose(Reading(Given({"nodes": None})), asked())


@settings(max_examples=40, deadline=None)
@given(st.lists(NODE, min_size=1, max_size=7), st.sampled_from(["", "a=60,b=40", "a=1,b=0,c=0.5"]), st.randoms())
def test_no_more_is_promised_than_there_is(described: list[Json], teams: str, chance: random.Random) -> None:
    nodes = [node(f"n{place}", **one) for place, one in enumerate(described)]
    try:
        found = proposed(*nodes, teams=teams)
    except NotFound as nothing:
        able = [one for one in machines(Reading(Given({"nodes": nodes}))) if one.counts and not one.control_plane]
        assert bool(able) == nothing.hint.startswith("`kubectl label nodes") or not able
        return
    assert proposed(*chance.sample(nodes, len(nodes)), teams=teams).text == found.text
    total: dict[tuple[str, str], int] = {}
    for spec in of_kind(found, "ClusterQueue").values():
        for share, amount in quotas(spec).items():
            total[share] = total.get(share, 0) + amount
    for pool in found.shared.pools:
        for resource in found.shared.resources:
            there = sum(one.allocatable.get(resource, 0) for one in pool.counting)
            assert 0 <= total[pool.name, resource] <= there
            if "/" in resource:
                assert total[pool.name, resource] >= there * 0.95
