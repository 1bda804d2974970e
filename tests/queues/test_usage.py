"""What is reserved, from Workloads or from the status of queues, and where the two differ."""

from dataclasses import replace

import pytest

from k8sai.cluster.reading import Unseen
from k8sai.queues.facts import ClusterQueue, Condition, Share
from k8sai.queues.setting import WORKLOADS, Setting
from k8sai.queues.usage import Differs, by_workloads, differences, reserved, tree
from k8sai.queues.workload import Admission, Assigned, PodSet, Workload
from tests.queues.test_judge import GPU, group, holding, setting

H100 = Share("h100", GPU)
QUEUE = ClusterQueue("a", groups=(group("h100"),), reserved={H100: 6})


def here(*holders: Workload) -> Setting:
    return setting(QUEUE, holders=holders)


def with_condition(one: Workload, kind: str, *, holds: bool = True) -> Workload:
    return replace(one, conditions=(*one.conditions, Condition(kind, holds)))


def test_workloads_are_added_up() -> None:
    assert by_workloads(here(holding("one", "a", 2), holding("two", "a", 3), holding("gone", "b", 9))) == {
        "a": {H100: 5},
        "b": {H100: 9},
    }


@pytest.mark.parametrize(
    ("held", "amount"),
    [
        (holding("plain", "a", 4), 4),
        (with_condition(holding("evicted", "a", 4), "Evicted"), 4),
        (with_condition(holding("finished", "a", 4), "Finished"), 0),
        (replace(holding("deactivated", "a", 4), active=False), 0),
        (replace(holding("waiting", "a", 4), conditions=(Condition("QuotaReserved", False),)), 0),
        (replace(holding("no admission", "a", 4), admission=None), 0),
    ],
    ids=lambda one: one.name if isinstance(one, Workload) else str(one),
)
def test_until_when_a_workload_holds(held: Workload, amount: int) -> None:
    assert by_workloads(here(held))["a"].get(H100, 0) == amount


@pytest.mark.parametrize(("done", "left"), [(0, 12), (1, 9), (3, 3), (4, 0)])
def test_pods_that_are_done_give_theirs_back(done: int, left: int) -> None:
    admission = Admission("a", (Assigned("main", {GPU: "h100"}, {GPU: 12}, 4),))
    job = replace(holding("job", "a", 0), admission=admission, pod_sets=(PodSet("main", 4, {GPU: 3}),))
    assert by_workloads(here(replace(job, reclaimable={"main": done})))["a"] == {H100: left}


def test_fewer_pods_than_asked_for_are_not_taken_for_done() -> None:
    """Admitted with 2 of 4 pods (partial admission), one of all four is done: still 2 count."""
    admission = Admission("a", (Assigned("main", {GPU: "h100"}, {GPU: 6}, 2),))
    job = replace(holding("job", "a", 0), admission=admission, pod_sets=(PodSet("main", 4, {GPU: 3}),))
    assert by_workloads(here(replace(job, reclaimable={"main": 1})))["a"] == {H100: 6}


def test_who_may_not_read_workloads_reads_the_queues() -> None:
    blind = replace(here(), hidden=(Unseen(WORKLOADS, "forbidden"),))
    assert reserved(blind) == {"a": {H100: 6}}
    kept = tree(blind)
    assert kept.available(kept.queues["a"], H100) == 2
    assert differences(blind) == ()


def test_where_they_differ() -> None:
    assert differences(here(holding("one", "a", 6))) == ()
    assert differences(here(holding("one", "a", 4))) == (Differs("a", H100, 6, 4),)
    other = holding("two", "a", 1, flavor="a100")
    assert differences(here(holding("one", "a", 6), other)) == (Differs("a", Share("a100", GPU), 0, 1),)
