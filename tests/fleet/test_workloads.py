"""What one owner's pods hold and ask for together, and in which order such rows come."""

from typing import Any

import pytest

from k8sai.errors import Usage
from k8sai.fleet.answers import Workload
from k8sai.fleet.index import Fleet
from k8sai.fleet.query import PodQuery
from k8sai.fleet.workloads import ORDERS, WorkloadQuery
from tests.fleet.facts_by_hand import H100, card, claim, fleet_of, node, pod, resource_slice

CLIQUE = "nvidia.com/gpu.clique"


def by(kind: str, name: str) -> tuple[dict[str, Any], ...]:
    return ({"kind": kind, "name": name, "controller": True},)


def member(name: str, gpus: int = 1, on: str = "", of: str = "train", **more: Any) -> Any:
    return pod(name, gpus, on, owners=by("Job", of), **more)


def racks(*cliques: str) -> tuple[Any, ...]:
    zone = "topology.kubernetes.io/zone"
    return tuple(
        node(f"n{at}", product=H100, labels={zone: f"z{at % 2}", **({CLIQUE: clique} if clique else {})})
        for at, clique in enumerate(cliques, 1)
    )


def only(fleet: Fleet) -> Workload:
    (found,) = fleet.workloads()
    return found


def test_a_gang_is_one_row() -> None:
    queue = {"kueue.x-k8s.io/queue-name": "q"}
    fleet = fleet_of(
        *racks("c1", "c1"),
        member("a", 8, "n1", labels=queue, spec={"priority": 3}),
        member("b", 4, "n2", phase="Pending"),
        member("c", 8, spec={"priority": 9}),
    )
    row = only(fleet)
    assert (row.namespace, row.kind, row.name, row.owner) == ("team-a", "Job", "train", "Job/train")
    assert (row.queue, row.priority, row.state) == ("q", 9, "partly running")
    assert (row.pods, row.running, row.pending_pods, row.used, row.pending) == (2, 1, 1, 12, 8)
    assert (row.nodes, row.zones, row.products) == (("n1", "n2"), ("z0", "z1"), (H100,))
    assert (row.cliques, row.split) == (("c1",), False)
    assert (row.created, row.waiting_since) == ("2026-11-02T00:00:00Z", "2026-11-02T00:00:00Z")
    assert row.reason == "NoVerdict"


@pytest.mark.parametrize(
    ("cliques", "split"), [(("c1", "c1"), False), (("c1", "c2"), True), (("c1", ""), True), (("", ""), False)]
)
def test_a_gang_over_several_cliques_is_marked(cliques: tuple[str, str], split: bool) -> None:
    assert only(fleet_of(*racks(*cliques), member("a", 8, "n1"), member("b", 8, "n2"))).split is split


def test_a_pod_on_its_own_is_a_workload() -> None:
    row = only(fleet_of(*racks(""), pod("notebook", 1, "n1")))
    assert (row.kind, row.name, row.state) == ("Pod", "notebook", "running")


GATED = {"schedulingGates": [{"name": "kueue.x-k8s.io/admission"}]}
GANG = {"scheduling.x-k8s.io/pod-group": "g"}


@pytest.mark.parametrize(
    ("members", "state"),
    [
        ([member("a", 1, "n1")], "running"),
        ([member("a", 1, "n1", phase="Pending"), member("b", 1, "n1")], "starting"),
        ([member("a", 1, "n1"), member("b")], "partly running"),
        ([member("a"), member("b")], "waiting"),
        ([member("a", spec=GATED), member("b", spec=GATED)], "gated"),
        ([member("a", spec=GATED), member("b")], "waiting"),
        ([member("a", labels=GANG), member("b", labels=GANG)], "gang waiting"),
        ([member("a", spec={"schedulingGroup": {"podGroupName": "g"}})], "gang waiting"),
        ([member("a", 1, "n1", terminating=True)], "ending"),
        ([member("a", 1, "n1", terminating=True), member("b", 1, "n1")], "running"),
        ([member("a", 1, "n1", terminating=True), member("b")], "waiting"),
    ],
)
def test_states(members: list[Any], state: str) -> None:
    assert only(fleet_of(*racks(""), *members)).state == state


def test_a_gang_nobody_judged_says_its_name() -> None:
    row = only(fleet_of(member("a", labels=GANG)))
    assert row.reason == "GangWaiting"
    assert row.message.startswith("gang g waits as a whole")


def test_claims_count_once_for_the_workload_that_uses_them() -> None:
    uses = {"resourceClaims": [{"name": "c", "resourceClaimName": "shared"}]}
    fleet = fleet_of(
        node(),
        resource_slice([card(0), card(1)], node="n1"),
        claim(
            "shared", [{"device": "gpu-0"}, {"device": "gpu-1"}], reserved=("uid-team-a-a", "uid-team-a-b"), node="n1"
        ),
        member("a", 0, "n1", spec=uses),
        member("b", 0, "n1", spec=uses),
    )
    assert (only(fleet).used, only(fleet).pods) == (2, 2)


def test_nothing_is_left_when_the_last_pod_is_gone() -> None:
    last = member("a", 8, "n1")
    fleet = fleet_of(*racks("c1"), last)
    fleet.drop("pods", last)
    assert fleet.workloads() == ()
    with pytest.raises(KeyError):
        fleet.workload("team-a", "Job/train")


def three() -> Fleet:
    return fleet_of(
        *racks("c1", "c1"),
        member("big-0", 8, "n1", of="big"),
        member("big-1", 8, "n2", of="big"),
        member("late", 4, of="late", namespace="team-b", labels={"runai/queue": "fast"}),
        pod("alone", 1, "n1", namespace="team-b", spec={"priority": 7}),
    )


def found(**query: Any) -> list[str]:
    return [owner for _, owner in three().workload_names(WorkloadQuery(**query))]


def test_orders() -> None:
    assert found() == ["Job/big", "Pod/alone", "Job/late"]
    assert found(sort="pending") == ["Job/late", "Job/big", "Pod/alone"]
    assert found(sort="name", reverse=True) == ["Job/late", "Job/big", "Pod/alone"]
    assert found(sort="priority")[0] == "Pod/alone"
    assert found(sort="state")[0] == "Job/late"
    assert found(sort="queue")[0] == "Job/late"
    assert found(sort="waiting")[0] == "Job/late"
    assert found(sort="nodes")[0] == "Job/big"
    for sort in ORDERS:
        assert set(found(sort=sort)) == {"Job/big", "Pod/alone", "Job/late"}
    with pytest.raises(Usage, match="there is no order 'size'"):
        found(sort="size")


def test_who_is_found() -> None:
    assert found(namespace="team-b") == ["Pod/alone", "Job/late"]
    assert found(queue="fast") == ["Job/late"]
    assert found(text="big|fast") == ["Job/big", "Job/late"]
    assert found(text="!big") == ["Pod/alone", "Job/late"]
    assert found(labels="topology.kubernetes.io/zone=z0") == ["Job/big"]


def test_its_pods_are_found_by_it() -> None:
    names = three().pod_names(PodQuery(namespace="team-a", workload="Job/big"))
    assert names == [("team-a", "big-0"), ("team-a", "big-1")]
    assert three().pod_names(PodQuery(namespace="team-b", workload="Pod/alone")) == [("team-b", "alone")]


def test_news_that_change_no_sum_are_told_all_the_same() -> None:
    judged = {"conditions": [{"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "full"}]}
    fleet = fleet_of(*racks("c1"), member("a", 8), member("b", 8, "n1"))
    before = fleet.version, fleet.totals()
    assert only(fleet).reason == "NoVerdict"
    fleet.put("pods", member("a", 8, status=judged))
    fleet.put("pods", member("b", 8, "n1", started="2026-11-05T00:00:00Z"))
    row = only(fleet)
    assert (row.reason, row.message) == ("Unschedulable", "full")
    assert fleet.pod("team-a", "b").since == "2026-11-05T00:00:00Z"
    assert fleet.version > before[0] and fleet.totals() == before[1]
