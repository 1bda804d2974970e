"""simulate says what the real Kueue then does: flavors, borrowing, waiting, never, preemption, what-ifs."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.contract.api import Json
from tests.controlplane.queue_cases import KUEUE, Place, job
from tests.controlplane.queue_simulated import WITHIN, change, labelled, simulated, template
from tests.controlplane.server import ControlPlane
from tests.queues.simulate_objects import cluster_queue, cohort, group, local_queue, made

pytestmark = pytest.mark.controlplane


@dataclass(frozen=True)
class Case:
    """`queues` are made by names of the case's own; what runs comes first, in order."""

    name: str
    answer: str
    queues: Callable[
        [str], list[Json]
    ]  # the ClusterQueue called so is behind LocalQueue main; `{name}-other` behind other
    asked: Json
    runs: tuple[Json, ...] = ()
    changes: tuple[str, ...] = ()  # with {q} for the name
    made: tuple[
        tuple[str, Json], ...
    ] = ()  # the same changes as merge patches of ClusterQueues (by suffix of the name)
    victims: frozenset[str] = frozenset()


def alone(nominal: int, **more: Any) -> Callable[[str], list[Json]]:
    return lambda name: [cluster_queue(name, nominal, **more)]


def pair(
    mine: int, theirs: int, mine_more: Json | None = None, theirs_more: Json | None = None
) -> Callable[[str], list[Json]]:
    return lambda name: [
        cluster_queue(name, mine, f"{name}-co", **(mine_more or {})),
        cluster_queue(f"{name}-other", theirs, f"{name}-co", **(theirs_more or {})),
    ]


def deep(name: str) -> list[Json]:
    """The room is two levels up."""
    return [
        cohort(f"{name}-team", f"{name}-co"),
        cluster_queue(name, 2, f"{name}-team"),
        cluster_queue(f"{name}-other", 8, f"{name}-co"),
    ]


def flavored(*flavors: tuple[str, int], **more: Any) -> Callable[[str], list[Json]]:
    groups = group(*((name, {"nominalQuota": nominal}) for name, nominal in flavors))
    return lambda name: [made("ClusterQueue", name, {"namespaceSelector": {}, "resourceGroups": groups, **more})]


def jobset(*jobs: tuple[str, int, int, int]) -> Json:
    """Name, replicas, pods, GPUs."""
    return labelled(
        "jobset.x-k8s.io/v1alpha2",
        "JobSet",
        suspend=True,
        replicatedJobs=[
            {
                "name": name,
                "replicas": replicas,
                "template": {"spec": {"parallelism": pods, "completions": pods, "template": template(gpus)}},
            }
            for name, replicas, pods, gpus in jobs
        ],
    )


ANY = {"preemption": {"reclaimWithinCohort": "Any", "withinClusterQueue": "LowerPriority"}}

BORROWING = {
    "preemption": {
        "reclaimWithinCohort": "LowerPriority",
        "borrowWithinCohort": {"policy": "LowerPriority"},
        "withinClusterQueue": "LowerPriority",
    }
}
TOLERATES = [{"key": "team", "operator": "Exists"}]

CASES = [
    Case("fits", "FitsNow", alone(8), job("asked", 8)),
    Case("exactly", "FitsNow", alone(8), job("asked", 2, pods=3), (job("one", 2),)),
    Case("waits", "Waits", alone(8), job("asked", 2, pods=4), (job("one", 1),)),
    Case("never", "Never", alone(8), job("asked", 3, pods=3)),
    Case("borrows", "FitsBorrowing", pair(4, 4), job("asked", 6)),
    Case("borrows-deep", "FitsBorrowing", deep, job("asked", 6)),
    Case("limit-waits", "Waits", pair(4, 8, {"borrow": 4}), job("asked", 3), (job("one", 6),)),
    Case("limit-never", "Never", pair(4, 8, {"borrow": 4}), job("asked", 9)),
    Case("lent-out", "Waits", pair(4, 4), job("asked", 3), (job("one", 6, queue="other"),)),
    Case("not-lent", "Never", pair(4, 8, None, {"lend": 2}), job("asked", 7)),
    Case("second-flavor", "FitsNow", flavored(("h100", 2), ("a100", 8)), job("asked", 4)),
    Case("taint", "NoMatchingFlavor", flavored(("tainted", 8)), job("asked", 1)),
    Case("tolerated", "FitsNow", flavored(("tainted", 8)), job("asked", 1, tolerations=TOLERATES)),
    Case("affinity", "NoMatchingFlavor", flavored(("lab", 8)), job("asked", 1, nodeSelector={"site": "office"})),
    Case("past-the-taint", "FitsNow", flavored(("tainted", 8), ("h100", 4)), job("asked", 4)),
    Case("selector", "Misconfigured", alone(8, namespaceSelector=None), job("asked", 1)),
    Case("jobset", "FitsNow", alone(9), jobset(("driver", 1, 1, 1), ("worker", 2, 2, 2))),
    Case("jobset-second-set", "Never", alone(8), jobset(("driver", 1, 1, 1), ("worker", 2, 2, 2))),
    Case("jobset-waits", "Waits", alone(9), jobset(("driver", 1, 1, 1), ("worker", 2, 2, 2)), (job("one", 1),)),
    Case(
        "preempts",
        "NeedsPreemption",
        alone(8, **WITHIN),
        job("asked", 4, priority="simulate-high"),
        (job("old", 4), job("new", 4)),
        victims=frozenset({"new"}),
    ),
    Case("same-priority", "Waits", alone(8, **WITHIN), job("asked", 4), (job("one", 8),)),
    Case(
        "reclaims",
        "NeedsPreemption",
        pair(4, 4, ANY),
        job("asked", 4),
        (job("theirs", 4, queue="other"), job("over", 4, queue="other", priority="simulate-high")),
        victims=frozenset({"theirs"}),
    ),
    Case(
        "borrows-by-preemption",
        "NeedsPreemption",
        pair(4, 4, BORROWING),
        job("asked", 6),
        (job("theirs", 5, queue="other", priority="simulate-low"),),
        victims=frozenset({"theirs"}),
    ),
    Case("priority-too-high", "Waits", pair(4, 4, BORROWING), job("asked", 6), (job("theirs", 5, queue="other"),)),
    Case(
        "if-nominal",
        "FitsNow",
        alone(8),
        job("asked", 12),
        changes=("cq.{q}.nominal=12",),
        made=(("", {"spec": {"resourceGroups": group(("h100", {"nominalQuota": 12}))}}),),
    ),
    Case(
        "if-limit",
        "FitsBorrowing",
        pair(4, 8, {"borrow": 0}),
        job("asked", 9),
        changes=("cq.{q}.borrowingLimit=5",),
        made=(("", {"spec": {"resourceGroups": group(("h100", {"nominalQuota": 4, "borrowingLimit": 5}))}}),),
    ),
    Case(
        "if-cohort",
        "FitsBorrowing",
        lambda name: [cluster_queue(name, 4), cluster_queue(f"{name}-other", 4, f"{name}-co")],
        job("asked", 8),
        changes=("cq.{q}.cohort={q}-co",),
        made=(("", {"spec": {"cohortName": "{q}-co"}}),),
    ),
    Case(
        "if-preemption",
        "NeedsPreemption",
        alone(8),
        job("asked", 8, priority="simulate-high"),
        (job("one", 8),),
        changes=("cq.{q}.preemption.within=LowerPriority",),
        made=(("", {"spec": WITHIN}),),
        victims=frozenset({"one"}),
    ),
    Case(
        "if-still-short",
        "Waits",
        alone(8),
        job("asked", 8),
        (job("one", 8),),
        changes=("cq.{q}.nominal=15",),
        made=(("", {"spec": {"resourceGroups": group(("h100", {"nominalQuota": 15}))}}),),
    ),
    Case(
        "if-resumed",
        "FitsNow",
        alone(8, stopPolicy="Hold"),
        job("asked", 8),
        changes=("cq.{q}.stop=None",),
        made=(("", {"spec": {"stopPolicy": "None"}}),),
    ),
]


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_kueue_does_what_simulate_says(simulate_plane: ControlPlane, tmp_path: Path, case: Case) -> None:
    place, name = Place(simulate_plane, "simulate"), f"simulate-{case.name}"
    queues = case.queues(name)
    others = [one["metadata"]["name"] for one in queues if one["metadata"]["name"] == f"{name}-other"]
    doors = [local_queue(place.namespace, name), *(local_queue(place.namespace, other, "other") for other in others)]
    place.put(*queues, *doors)
    for obj in case.runs:
        place.run(obj)
        if case.victims:
            place.next_second()
    flags = [word for change in case.changes for word in ("--if", change.format(q=name))]
    ours = simulated(place, case.asked, tmp_path, *flags)
    for suffix, patch in case.made:
        change(place, f"{name}{suffix}", patch, name)
    place.create(case.asked)
    theirs = place.outcome(case.asked["metadata"]["name"])
    assert (ours["answer"], theirs.answer) == (case.answer, case.answer), theirs.message
    assert ours["flavors"] == theirs.flavors or case.victims
    assert ours["workloads"][0]["level"] == theirs.level
    assert {one["owner"].partition("/")[2] for one in ours["preempts"]} == case.victims == evicted(place, case)


def evicted(place: Place, case: Case) -> set[str]:
    """Evictions are written one after the other: all that are expected are awaited, none where none is."""
    if case.victims:
        path = f"{KUEUE}/namespaces/{place.namespace}/workloads"
        place.api.until(path, lambda _: case.victims <= place.evicted(), seconds=30)
    return place.evicted()
