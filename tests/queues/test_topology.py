"""Room in a topology: what is free, how many pods fit close enough together, and what that does to a verdict."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from k8sai.queues.facts import ClusterQueue, Condition, Flavor, Preemption, Topology
from k8sai.queues.judging.judge import judge
from k8sai.queues.judging.topology import Ask, Found, Rooms
from k8sai.queues.judging.topology_assigned import placed
from k8sai.queues.judging.topology_nodes import Land, grounds
from k8sai.queues.setting import Setting
from k8sai.queues.workload import Admission, Assigned, PodSet, TopologyWish, Workload
from tests.queues.test_judge import GPU, asking, group, setting

RACK, HOST = "example.com/rack", "kubernetes.io/hostname"
Json = dict[str, Any]


def node(name: str, rack: str = "r1", gpus: int = 4, *, ready: bool = True, **spec: Any) -> Json:
    labels = {RACK: rack, HOST: name, "pool": "h100"}
    conditions = [{"type": "Ready", "status": str(ready)}]
    allocatable = {GPU: str(gpus), "pods": "10"}
    status = {"allocatable": allocatable, "conditions": conditions}
    return {"metadata": {"name": name, "labels": labels}, "spec": spec, "status": status}


def pod(on: str, gpus: int, phase: str = "Running", **annotations: str) -> Json:
    container = {"name": "main", "resources": {"requests": {GPU: str(gpus)}}}
    spec = {"nodeName": on, "containers": [container]}
    return {"metadata": {"name": "pod", "annotations": annotations}, "spec": spec, "status": {"phase": phase}}


def here(*levels: str, queue: ClusterQueue | None = None, holders: tuple[Workload, ...] = ()) -> Setting:
    flavor = Flavor("h100", {"pool": "h100"}, topology="host")
    made = setting(queue or ClusterQueue("a", groups=(group("h100", nominal=64),)), holders=holders, flavors=(flavor,))
    return replace(made, topologies={"host": Topology("host", levels or (RACK, HOST))})


def land(of: Setting, nodes: list[Json], pods: tuple[Json, ...] = ()) -> Land:
    return Land(grounds(of, nodes, pods))


def found(of: Land, count: int, wish: TopologyWish | None, gpus: int = 1, spec: Json | None = None) -> Found:
    one = PodSet("main", count, {GPU: gpus}, topology=wish, spec=spec or {})
    return Rooms(of, ()).place([Ask(one, "h100", count)])[0]


NODES = [node("n1"), node("n2"), node("n3", "r2", 8)]


@pytest.mark.parametrize(
    ("wish", "count", "best"),
    [
        (TopologyWish("required", HOST), 8, 8),
        (TopologyWish("required", HOST), 9, 8),
        (TopologyWish("required", RACK), 9, 8),
        (TopologyWish("preferred", HOST), 9, 9),
        (TopologyWish("preferred", HOST), 17, 16),
        (TopologyWish("unconstrained"), 16, 16),
        (TopologyWish("unconstrained"), 17, 16),
        (TopologyWish("required", RACK, HOST, 4), 12, 2),
        (TopologyWish("preferred", RACK, HOST, 3), 12, 4),
    ],
)
def test_how_many_find_room(wish: TopologyWish, count: int, best: int) -> None:
    assert found(land(here(), NODES), count, wish).best == best


def test_kueues_words() -> None:
    nodes = land(here(), NODES)
    refusals = [
        found(nodes, 9, TopologyWish("required", HOST)).refusal,
        found(nodes, 9, TopologyWish("required", HOST), gpus=9).refusal,
        found(nodes, 12, TopologyWish("required", RACK, HOST, 4)).refusal,
        found(nodes, 1, TopologyWish("required", HOST)).refusal,
    ]
    assert refusals == [
        'topology "host" allows to fit only 8 out of 9 pod(s)',
        'topology "host" doesn\'t allow to fit any of 9 pod(s)',
        'topology "host" allows to fit only 2 out of 3 slice(s)',
        "",
    ]


def test_what_counts_as_free() -> None:
    nodes = [node("n1", gpus=8), node("n2", ready=False), node("n3", unschedulable=True)]
    busy = (pod("n1", 2), pod("n1", 1, "Succeeded"), pod("n1", 4, **{"kueue.x-k8s.io/podset-required-topology": HOST}))
    ground = land(here(), nodes, busy).grounds["h100"]
    assert {values: leaf.free for values, leaf in ground.leaves.items()} == {("r1", "n1"): {GPU: 6, "pods": 9}}


def test_taints_and_selectors_count_where_the_lowest_level_is_a_node() -> None:
    nodes = [node("n1", taints=[{"key": "lab", "effect": "NoSchedule"}]), node("n2")]
    wish = TopologyWish("preferred", RACK)
    assert found(land(here(), nodes), 8, wish).best == 4
    assert found(land(here(), nodes), 8, wish, spec={"tolerations": [{"operator": "Exists"}]}).best == 8
    assert found(land(here(), nodes), 8, wish, spec={"nodeSelector": {HOST: "n1"}}).best == 0
    assert found(land(here(RACK), nodes), 8, wish).best == 8


def test_where_they_go() -> None:
    """The smallest domain that has room, filled from the largest below it; anywhere: the smallest first."""
    nodes = land(here(), [*NODES, node("n4", "r3", 6)])
    assert found(nodes, 5, TopologyWish("required", RACK)).where == {("r3", "n4"): 5}
    assert found(nodes, 7, TopologyWish("required", RACK)).where == {("r1", "n1"): 4, ("r1", "n2"): 3}
    assert found(nodes, 3, TopologyWish("unconstrained")).where == {("r1", "n1"): 3}


def test_pod_sets_count_together_and_the_first_without_room_ends_it() -> None:
    wish = TopologyWish("required", RACK)
    asks = [Ask(PodSet(name, 8, {GPU: 1}, topology=wish), "h100", 8) for name in ("one", "two", "three", "four")]
    assert [one.best for one in Rooms(land(here(), NODES), ()).place(asks)] == [8, 8, 0]


def test_both_shapes_of_an_assignment() -> None:
    slices = {
        "levels": [RACK, HOST],
        "slices": [
            {
                "domainCount": 2,
                "valuesPerLevel": [
                    {"universal": "r1"},
                    {"individual": {"prefix": "n", "suffix": ".x", "roots": ["1", "2"]}},
                ],
                "podCounts": {"individual": [3, 1]},
            },
            {
                "domainCount": 1,
                "valuesPerLevel": [{"universal": "r2"}, {"universal": "n3"}],
                "podCounts": {"universal": 2},
            },
        ],
    }
    assert list(placed(slices)) == [(("r1", "n1.x"), 3), (("r1", "n2.x"), 1), (("r2", "n3"), 2)]
    domains = {"levels": [HOST], "domains": [{"values": ["n1"], "count": 4}]}
    assert list(placed(domains)) == [(("n1",), 4)]


def seated(name: str, on: str, gpus: int, priority: int = 0) -> Workload:
    where = {"levels": [HOST], "domains": [{"values": [on], "count": 1}]}
    admission = Admission("a", (Assigned("main", {GPU: "h100"}, {GPU: gpus}, 1, where),))
    reserved = (Condition("QuotaReserved", True),)
    return replace(asking(gpus, name, priority=priority), admission=admission, conditions=reserved)


def wishing(gpus: int, mode: str = "required", **changes: Any) -> Workload:
    sets = (PodSet("main", 1, {GPU: gpus}, topology=TopologyWish(mode, HOST)),)  # type: ignore[arg-type]
    return replace(asking(gpus), pod_sets=sets, **changes)


def test_quota_is_not_enough() -> None:
    of = here(holders=(seated("one", "n1", 1), seated("two", "n2", 1)))
    verdict = judge(of, wishing(4), of.cluster_queues["a"], rooms=land(of, [node("n1"), node("n2")]))
    assert (verdict.mode, verdict.code) == ("waits", "TopologyPlacementFailed")
    assert verdict.options[-1].refusal == 'topology "host" doesn\'t allow to fit any of 1 pod(s)'
    assert judge(of, wishing(4), of.cluster_queues["a"]).mode == "fits"
    hopeless = judge(of, wishing(5), of.cluster_queues["a"], rooms=land(of, [node("n1"), node("n2")]))
    assert (hopeless.mode, hopeless.code, hopeless.options[-1].best) == ("never", "ExceedsTopology", 0)


def test_who_sits_in_the_way_goes() -> None:
    queue = ClusterQueue("a", groups=(group("h100", nominal=64),), preemption=Preemption(within="LowerPriority"))
    of = here(queue=queue, holders=(seated("cheap", "n1", 1, -5), seated("dear", "n2", 1)))
    verdict = judge(of, wishing(4, priority=5), queue, rooms=land(of, [node("n1"), node("n2")]))
    assert [one.workload.name for one in verdict.victims] == ["cheap"]


def test_flavors_without_the_topology_that_is_asked_for() -> None:
    queue = ClusterQueue("a", groups=(group("plain", "h100"),))
    of = here(queue=queue)
    refusals = [one.refusal for one in judge(of, wishing(1), queue).options]
    assert refusals == ['Flavor "plain" does not support TopologyAwareScheduling', ""]
    unknown = replace(wishing(1), pod_sets=(PodSet("main", 1, {GPU: 1}, topology=TopologyWish("required", "zone")),))
    assert judge(of, unknown, queue).options[1].refusal == 'Flavor "h100" does not contain the requested level'
    plain = replace(queue, groups=(group("h100", "plain"),))
    refusals = [one.refusal for one in judge(here(queue=plain), asking(1), plain).options]
    assert refusals == ['Flavor "h100" supports only TopologyAwareScheduling', ""]


@given(
    st.lists(st.tuples(st.sampled_from(["r1", "r2", "r3"]), st.integers(0, 8)), min_size=1, max_size=9),
    st.integers(1, 20),
    st.sampled_from(["required", "preferred", "unconstrained"]),
    st.sampled_from([RACK, HOST]),
    st.integers(1, 4),
)
def test_all_that_fit_are_placed_where_there_is_room(
    racks: list[tuple[str, int]], slices: int, mode: str, level: str, size: int
) -> None:
    nodes = [node(f"n{number}", rack, gpus) for number, (rack, gpus) in enumerate(racks)]
    wish = TopologyWish(mode, level, HOST if size > 1 else "", size if size > 1 else 0)  # type: ignore[arg-type]
    result = found(land(here(), nodes), slices * size, wish)
    room: dict[tuple[str, ...], int] = {(rack, f"n{number}"): gpus for number, (rack, gpus) in enumerate(racks)}
    assert result.best <= sum(room.values())
    assert sum(result.where.values()) == (slices * size if result.fits else 0)
    assert all(pods <= room[values] and pods % size == 0 for values, pods in result.where.items())
    if mode == "required" and level == RACK:
        assert len({values[0] for values in result.where}) <= 1
    if mode == "required" and level == HOST:
        assert len(result.where) <= 1
