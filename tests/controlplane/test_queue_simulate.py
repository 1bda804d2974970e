"""simulate says what the real Kueue then does: pod sets, flavors, borrowing, waiting, never, preemption, what-ifs."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.contract.api import Json
from tests.controlplane.gpu_nodes import add_nodes, gpu_node
from tests.controlplane.ours import k8sai
from tests.controlplane.queue_cases import KUEUE, QUEUE, Place, classes, fresh, job, pod_sets, text
from tests.controlplane.server import ControlPlane
from tests.queues.simulate_objects import GPU, cluster_queue, cohort, flavor, group, local_queue, made, pod_spec

pytestmark = pytest.mark.controlplane


RACK = "example.com/simulate-rack"
FLAVORS = (
    flavor("h100"),
    flavor("a100"),
    flavor("tainted", nodeTaints=[{"key": "team", "value": "vision", "effect": "NoSchedule"}]),
    flavor("lab", nodeLabels={"site": "lab"}),
)


@pytest.fixture(scope="module")
def kueue(plane: ControlPlane, addon: Callable[..., None]) -> ControlPlane:
    addon("jobset", "lws", "trainer", "kueue")
    plane.apply(*classes(**{"simulate-high": 100, "simulate-low": -5}), *map(fresh, FLAVORS))
    return plane


# --- pod sets ---------------------------------------------------------------------------------------------------------


def template(gpus: int) -> Json:
    return {"spec": pod_spec(gpus)}


def labelled(api: str, kind: str, **spec: Any) -> Json:
    return {"apiVersion": api, "kind": kind, "metadata": {"name": "asked", "labels": {QUEUE: "main"}}, "spec": spec}


def always(gpus: int) -> Json:
    return {"metadata": {"labels": {"app": "asked"}}, "spec": {**pod_spec(gpus), "restartPolicy": "Always"}}


MADE = [
    job("asked", 2, pods=3),
    {**job("asked", 2, pods=8), "spec": {**job("asked", 2)["spec"], "parallelism": 8, "completions": 5}},
    labelled(
        "jobset.x-k8s.io/v1alpha2",
        "JobSet",
        replicatedJobs=[
            {"name": "driver", "replicas": 1, "template": {"spec": {"template": template(0)}}},
            {
                "name": "worker",
                "replicas": 2,
                "template": {"spec": {"parallelism": 4, "completions": 4, "template": template(8)}},
            },
        ],
    ),
    labelled(
        "leaderworkerset.x-k8s.io/v1",
        "LeaderWorkerSet",
        replicas=2,
        leaderWorkerTemplate={"size": 3, "leaderTemplate": template(1), "workerTemplate": template(4)},
    ),
    labelled(
        "leaderworkerset.x-k8s.io/v1",
        "LeaderWorkerSet",
        replicas=1,
        leaderWorkerTemplate={"size": 2, "workerTemplate": template(4)},
    ),
    labelled("apps/v1", "StatefulSet", replicas=3, selector={"matchLabels": {"app": "asked"}}, template=always(1)),
    labelled("apps/v1", "Deployment", replicas=2, selector={"matchLabels": {"app": "asked"}}, template=always(1)),
    {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "asked", "labels": {QUEUE: "main"}}, "spec": pod_spec(2)},
    labelled(
        "trainer.kubeflow.org/v1alpha1",
        "TrainJob",
        runtimeRef={"name": "torch-distributed"},
        trainer={"numNodes": 3, "resourcesPerNode": {"requests": {GPU: "4"}, "limits": {GPU: "4"}}},
    ),
]


@pytest.mark.parametrize("number", range(len(MADE)), ids=[f"{n}-{one['kind']}" for n, one in enumerate(MADE)])
def test_pod_sets_are_those_kueue_makes(kueue: ControlPlane, tmp_path: Path, number: int) -> None:
    obj, place = MADE[number], Place(kueue, "simulate-sets")
    queue = f"simulate-sets-{number}"
    place.put(cluster_queue(queue, 1), local_queue(place.namespace, queue))
    ours = simulated(place, obj, tmp_path)["workloads"]
    place.create(obj)
    path = f"{KUEUE}/namespaces/{place.namespace}/workloads"
    theirs = place.api.until(path, lambda found: len(found) >= len(ours), seconds=60)
    assert len(theirs) == len(ours)
    expected = sorted(map(pod_sets, theirs.values()))
    shown = sorted(
        [(one["name"], one["count"], str(one["requests"].get(GPU, 0))) for one in each["podSets"]] for each in ours
    )
    if obj["kind"] in ("Pod", "Deployment"):  # each has one pod set of one pod, whose name is nobody's concern
        assert [len(one) for one in expected] == [len(one) for one in shown]
    assert shown == expected


def simulated(place: Place, obj: Json, folder: Path, *flags: str, code: int | None = None) -> Json:
    file = folder / "asked.yaml"
    file.write_text(text(obj))
    words = ("queue", "simulate", "-f", str(file), "-n", place.namespace, "-o", "json", *flags)
    ended = k8sai(*words, kubeconfig=place.plane.kubeconfig())
    document = ended.document(ended.code)
    assert document["exit"] == ended.code
    assert code in (None, ended.code), ended.err
    return document


# --- verdicts ---------------------------------------------------------------------------------------------------------


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
WITHIN = {"preemption": {"withinClusterQueue": "LowerPriority"}}
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
def test_kueue_does_what_simulate_says(kueue: ControlPlane, tmp_path: Path, case: Case) -> None:
    place, name = Place(kueue, "simulate"), f"simulate-{case.name}"
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


def change(place: Place, queue: str, patch: Json, name: str) -> None:
    """Really make it, and wait until Kueue has taken it."""
    body = _filled(patch, name)
    place.api.patch(f"{KUEUE}/clusterqueues/{queue}", body).ok()
    place.api.until_object(f"{KUEUE}/clusterqueues/{queue}", lambda one: _active(one))


def _active(queue: Json) -> bool:
    conditions = (queue.get("status") or {}).get("conditions") or ()
    return any(one["type"] == "Active" and one["status"] == "True" for one in conditions)


def _filled(patch: Any, name: str) -> Any:
    if isinstance(patch, dict):
        return {key: _filled(value, name) for key, value in patch.items()}
    return patch.format(q=name) if isinstance(patch, str) else patch


def evicted(place: Place, case: Case) -> set[str]:
    """Evictions are written one after the other: all that are expected are awaited, none where none is."""
    if case.victims:
        path = f"{KUEUE}/namespaces/{place.namespace}/workloads"
        place.api.until(path, lambda _: case.victims <= place.evicted(), seconds=30)
    return place.evicted()


# --- the line, and what stands before any quota -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("strategy", "nominal", "given"),
    [
        ("BestEffortFIFO", 14, {"second", "asked"}),
        ("BestEffortFIFO", 12, {"second"}),
        ("BestEffortFIFO", 17, {"first"}),
        ("StrictFIFO", 14, set()),
        ("StrictFIFO", 19, {"first"}),
    ],
)
def test_the_line_is_played_as_kueue_plays_it(
    kueue: ControlPlane, strategy: str, nominal: int, given: set[str]
) -> None:
    """8 are held; 9, then 4, then 2 wait. The quota grows: who is given some is what simulate said."""
    place, name = Place(kueue, "simulate-line"), f"simulate-line-{strategy.lower()}-{nominal}"
    place.put(cluster_queue(name, 8, queueingStrategy=strategy), local_queue(place.namespace, name))
    place.run(job("old", 8))
    for owner, gpus in (("first", 9), ("second", 4), ("asked", 2)):
        place.create(job(owner, gpus))
        place.decided(owner, lambda _: True)
        place.new_second()  # Kueue's order of one second is by uid
    words = ("simulate", "job/asked", "-n", place.namespace, "-o", "json", "--if", f"cq.{name}.nominal={nominal}")
    document = k8sai("queue", *words, kubeconfig=kueue.kubeconfig())
    ours = json.loads(document.out)
    assert {one["owner"].partition("/")[2] for one in ours["admissions"]} == given, document.err
    change(place, name, {"spec": {"resourceGroups": group(("h100", {"nominalQuota": nominal}))}}, name)
    path = f"{KUEUE}/namespaces/{place.namespace}/workloads"
    place.api.until(path, lambda _: given | {"old"} <= place.holding(), seconds=30)
    assert place.holding() == given | {"old"}


def close(name: str, gpus: int, pods: int = 1) -> Json:
    """All pods of it in one rack."""
    made = job(name, gpus, pods=pods)
    made["spec"]["template"]["metadata"] = {"annotations": {"kueue.x-k8s.io/podset-required-topology": RACK}}
    return made


def test_room_that_is_close_enough_together(kueue: ControlPlane, tmp_path: Path) -> None:
    """Two racks of 4 GPUs, 3 of each are taken: no rack has the 2 that are left. Other tests' pods stay out."""
    labels = ({"simulate": "yard", RACK: rack} for rack in "ab")
    taint = {"key": "simulate", "value": "yard", "effect": "NoSchedule"}
    add_nodes(kueue.api, [gpu_node(f"simulate-{rack[RACK]}", 4, labels=rack, taints=[taint]) for rack in labels])
    tolerates = [{"key": "simulate", "operator": "Exists"}]
    levels = [{"nodeLabel": RACK}, {"nodeLabel": "kubernetes.io/hostname"}]
    place = Place(kueue, "simulate-yard")
    place.put(
        made("Topology", "simulate-yard", {"levels": levels}),
        flavor("simulate-yard", nodeLabels={"simulate": "yard"}, topologyName="simulate-yard", tolerations=tolerates),
        cluster_queue("simulate-yard", 8, flavor="simulate-yard"),
        local_queue(place.namespace, "simulate-yard"),
    )
    for name in ("one", "two"):
        place.run(close(name, 3))
    fits, scattered, never = close("fits", 1), close("scattered", 1, 2), close("never", 1, 5)
    assert simulated(place, fits, tmp_path, code=0)["answer"] == "FitsNow"
    ours = simulated(place, scattered, tmp_path, code=6)
    assert ours["answer"] == "Fragmented"
    assert "allows to fit only 1 out of 2 pod(s)" in ours["sentence"]
    assert ours["largest"]["pods"] == 1
    ended = simulated(place, scattered, tmp_path, "--if", f"finish={place.namespace}/one", code=0)
    assert ended["answer"] == "FitsNow"
    assert simulated(place, never, tmp_path, code=11)["answer"] == "Never"
    place.create(scattered)
    assert place.outcome("scattered").answer == "Fragmented"
    place.create(fits)
    assert place.outcome("fits").answer == "FitsNow"


def test_what_kueue_does_not_look_at(kueue: ControlPlane, tmp_path: Path) -> None:
    place = Place(kueue, "simulate-door")
    place.put(cluster_queue("simulate-door", 8), local_queue(place.namespace, "simulate-door"))
    limit = {"limits": [{"type": "Container", "max": {GPU: "2"}}]}
    place.create({"apiVersion": "v1", "kind": "LimitRange", "metadata": {"name": "most"}, "spec": limit})
    ours = simulated(place, job("asked", 4), tmp_path, code=11)
    place.create(job("asked", 4))
    assert (ours["answer"], place.outcome("asked").answer) == ("Misconfigured", "Misconfigured")
    assert ours["code"] == "LimitRange"
    nobody = job("nobody", 1, queue="mian")
    assert simulated(place, nobody, tmp_path, code=11)["code"] == "LocalQueueMissing"
    place.create(nobody)
    assert place.outcome("nobody").answer == "Misconfigured"
    bare = job("bare", 1)
    del bare["metadata"]["labels"]
    assert simulated(place, bare, tmp_path, code=11)["code"] == "NotQueued"


# --- a probe ----------------------------------------------------------------------------------------------------------


def left(place: Place) -> Iterator[str]:
    for one in place.workloads():
        if "k8sai.dev/probe" in (one["metadata"].get("labels") or {}):
            yield one["metadata"]["name"]


@pytest.mark.parametrize(("gpus", "code", "said"), [(8, 0, "gave it quota of h100"), (9, 11, "keeps it waiting: ")])
def test_a_probe_hears_kueue_and_leaves_nothing(kueue: ControlPlane, gpus: int, code: int, said: str) -> None:
    place = Place(kueue, "simulate-probe")
    queue = f"simulate-probe-{gpus}"
    place.put(cluster_queue(queue, 8), local_queue(place.namespace, queue))
    words = ("queue", "simulate", "--gpus", str(gpus), "-n", place.namespace, "--probe")
    refused = k8sai(*words, kubeconfig=kueue.kubeconfig())
    assert (refused.code, "nobody is here to ask" in refused.err) == (5, True)
    assert place.workloads() == []
    asked = k8sai(*words, "-y", kubeconfig=kueue.kubeconfig())
    assert asked.code == code, asked.err
    assert said in asked.out.splitlines()[-1]
    assert asked.err == ""
    assert list(left(place)) == []


def test_a_probe_that_would_evict_is_not_made(kueue: ControlPlane) -> None:
    place = Place(kueue, "simulate-probe")
    place.put(
        cluster_queue("simulate-probe-evicts", 8, preemption=WITHIN["preemption"]),
        local_queue(place.namespace, "simulate-probe-evicts"),
    )
    place.run(job("one", 8))
    words = ("--gpus", "8", "--priority", "simulate-high", "-n", place.namespace, "--probe", "-y")
    asked = k8sai("queue", "simulate", *words, kubeconfig=kueue.kubeconfig())
    assert (asked.code, "would evict others" in asked.err) == (5, True)
    assert len(place.workloads()) == 1
