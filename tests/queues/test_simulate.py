"""What a simulation says: every verdict, who comes first, who must end, the largest size, the document."""

from dataclasses import replace
from typing import Any

import pytest

from k8sai.fit.ask import Asked, Group
from k8sai.queues.facts import ClusterQueue, Workload
from k8sai.queues.judging.judge import Judge
from k8sai.queues.judging.topology_nodes import Land, grounds
from k8sai.queues.setting import Setting
from k8sai.queues.simulating.change import read
from k8sai.queues.simulating.change_apply import apply
from k8sai.queues.simulating.document import document
from k8sai.queues.simulating.shown import lines
from k8sai.queues.simulating.simulate import KINDS, Outcome, Simulation, simulate, simulate_waiting
from k8sai.queues.simulating.wish import Surroundings, Wanted, Wish, of_flags
from k8sai.queues.simulating.wish_file import of_manifest
from k8sai.queues.simulating.words import sentence
from k8sai.queues.verdict import EXITS, Judgement
from tests.queues.simulate_objects import (
    GPU,
    cluster_queue,
    flavor,
    gpu_tree,
    group,
    local_queue,
    made,
    namespace,
    pod_spec,
    setting,
    workload,
)

Json = dict[str, Any]


def wish(here: Setting, gpus: int, pods: int = 1, where: str = "ns-finetune", **spec: Any) -> Wish:
    priority, queue = spec.pop("priority", ""), spec.pop("queue", "main")
    pod = {"metadata": {"namespace": where}, "spec": pod_spec(gpus, **spec)}
    asked = Asked((Group("pod", pods, pod),), each=f"{gpus} GPUs")
    return of_flags(asked, Wanted(where, queue, priority), here, Surroundings())


def outcome(gpus: int, pods: int = 1, *changes: str, objects: list[Json] | None = None, **more: Any) -> Outcome:
    before = setting(objects if objects is not None else gpu_tree())
    here = apply(before, read(before, changes))
    return simulate(here, [wish(here, gpus, pods, **more)], moved=bool(changes)).outcomes[0]


def said(found: Outcome) -> str:
    assert found.at_turn is not None or found.refused is not None
    return sentence(found.at_turn or Setting(), found)


def urgent(value: int = 80) -> Json:
    return {**made("WorkloadPriorityClass", "urgent", {}), "value": value}


WITHIN = {"preemption": {"withinClusterQueue": "LowerPriority"}}


@pytest.mark.parametrize(
    ("gpus", "pods", "more", "kind", "text"),
    [
        (4, 3, {"where": "ns-serving"}, "FitsNow", "FitsNow: 3 pods of 4 GPUs would get 12 GPU of h100 at once"),
        (
            1,
            2,
            {},
            "FitsBorrowing",
            "FitsBorrowing: 2 pods of 1 GPUs would get 2 GPU of h100 at once, by borrowing inside Cohort prod: "
            "ClusterQueue finetune would be 8 GPU over its own quota",
        ),
        (
            8,
            1,
            {},
            "Waits",
            "Waits: 1 pod of 8 GPUs is short of 6 of 8 GPU in h100; the limit that binds: borrowingLimit 8 of "
            "ClusterQueue finetune",
        ),
        (
            4,
            1,
            {"where": "ns-explore"},
            "Waits",
            "Waits: 1 pod of 4 GPUs is short of 2 of 4 GPU in h100; the limit that binds: all 20 GPU of Cohort ai",
        ),
        (
            25,
            1,
            {},
            "Never",
            "Never: 1 pod of 25 GPUs asks for 25 GPU of h100, and there are never more than 24 GPU for it; the limit "
            "that binds: borrowingLimit 8 of ClusterQueue finetune",
        ),
        (
            1,
            1,
            {"queue": "mian"},
            "Misconfigured",
            "Misconfigured: 1 pod of 1 GPUs: namespace ns-finetune has no LocalQueue mian",
        ),
        (
            1,
            1,
            {"queue": ""},
            "Misconfigured",
            "Misconfigured: 1 pod of 1 GPUs: it names no queue, so Kueue leaves it alone",
        ),
    ],
)
def test_a_verdict_is_one_sentence(gpus: int, pods: int, more: Json, kind: str, text: str) -> None:
    found = outcome(gpus, pods, **more)
    assert (found.kind, said(found)) == (kind, text)


def test_the_answer_follows_the_change() -> None:
    assert outcome(8).kind == "Waits"
    assert outcome(8, 1, "cq.finetune.borrowingLimit=14").kind == "FitsBorrowing"
    assert outcome(8, 1, "cq.finetune.borrowingLimit=13").short[0].deficit == 1
    assert outcome(8, 1, "finish=eval-grid").kind == "FitsBorrowing"
    assert outcome(8, 1, "cq.finetune.stop=Hold").code == "Suspended"
    assert outcome(8, 1, "lq.ns-finetune/main.cq=serving").kind == "FitsNow"


def test_who_would_be_evicted_is_named_with_what_is_lost() -> None:
    found = outcome(8, objects=[*gpu_tree(**WITHIN), urgent()], priority="urgent")
    assert (found.kind, KINDS[found.kind]) == ("NeedsPreemption", 10)
    assert [one.workload.name for one in found.judgement.victims] == ["job-eval-grid"]  # type: ignore[union-attr]
    assert said(found) == (
        "NeedsPreemption: 1 pod of 8 GPUs would get 8 GPU of h100 once 1 workload is evicted: 6 GPU, 4 GPU·h of work "
        "lost"
    )


def test_nobody_of_its_own_priority_is_evicted() -> None:
    assert outcome(8, objects=[*gpu_tree(**WITHIN), urgent(50)], priority="urgent").kind == "Waits"


def test_who_must_end_is_the_fewest_of_those_that_end_first() -> None:
    assert [one.workload.name for one in outcome(8).freed] == ["job-sft-70b"]  # it runs longest
    limited = [*gpu_tree()]
    limited[-3]["spec"]["maximumExecutionTimeSeconds"] = 3600
    (first,) = outcome(8, objects=limited).freed
    assert (first.workload.name, first.left) == ("job-eval-grid", 1200.0)


def test_of_very_many_who_must_end_the_last_is_found_by_halving(monkeypatch: pytest.MonkeyPatch) -> None:
    judged: list[Workload] = []

    class Counting(Judge):
        def of(self, workload: Workload, queue: ClusterQueue, *, reasons: bool = True) -> Judgement:
            judged.append(workload)
            return super().of(workload, queue, reasons=reasons)

    monkeypatch.setattr("k8sai.queues.simulating.freeing.Judge", Counting)
    alone = [flavor("h100"), cluster_queue("q", 400), local_queue("a", "q"), namespace("a")]
    holders = [
        workload("a", f"w{number}", 1, held="q", created=f"2026-11-03T10:{number // 60:02}:{number % 60:02}Z")
        for number in range(400)
    ]
    names = [one.workload.name for one in outcome(100, where="a", objects=[*alone, *holders]).freed]
    assert names == [f"job-w{number}" for number in range(100)]
    assert len(judged) < 12


def test_nobody_needs_to_end_where_that_would_not_help() -> None:
    alone = [flavor("h100"), cluster_queue("q", 8), local_queue("a", "q"), namespace("a")]
    squatter = workload("a", "old", 4, held="q", flavor="gone")
    assert outcome(9, where="a", objects=alone).freed == ()
    assert outcome(8, where="a", objects=[*alone, squatter]).kind == "FitsNow"


def test_the_largest_size_is_tried() -> None:
    found = outcome(4, 3, where="ns-serving").size
    assert found is not None and (found.pods, found.each, found.resource) == (3, 4, GPU)
    found = outcome(8, 2).size
    assert found is not None and (found.pods, found.each) == (0, 1)


def test_of_one_size_more_nothing_fits() -> None:
    for gpus, pods in ((1, 1), (2, 3), (5, 1), (12, 1)):
        found = outcome(gpus, pods, where="ns-serving").size
        assert found is not None
        assert outcome(gpus, max(1, found.pods), where="ns-serving").fits is (found.pods > 0)
        assert not outcome(gpus, found.pods + 1, where="ns-serving").fits
        assert outcome(max(1, found.each), pods, where="ns-serving").fits is (found.each > 0)
        assert not outcome(found.each + 1, pods, where="ns-serving").fits


def test_flavors_that_refuse_say_why() -> None:
    taint = {"key": "team", "value": "vision", "effect": "NoSchedule"}
    groups = group(("vision", {"nominalQuota": 8}))
    objects = [
        flavor("vision", nodeTaints=[taint]),
        made("ClusterQueue", "q", {"namespaceSelector": {}, "resourceGroups": groups}),
        local_queue("a", "q"),
        namespace("a"),
    ]
    found = outcome(1, where="a", objects=objects)
    assert (found.kind, KINDS[found.kind], found.verdict) == ("NoMatchingFlavor", 11, "never")
    assert "untolerated taint" in said(found)
    assert outcome(1, where="a", objects=objects, tolerations=[{"operator": "Exists"}]).kind == "FitsNow"


def test_a_resource_without_quota_is_a_matter_of_setup() -> None:
    objects = [flavor("h100"), cluster_queue("q", 8), local_queue("a", "q"), namespace("a")]
    here = setting(objects)
    pod = {"metadata": {"namespace": "a"}, "spec": pod_spec(1)}
    pod["spec"]["containers"][0]["resources"]["requests"] = {"cpu": "1"}
    found = simulate(here, [of_flags(Asked((Group("pod", 1, pod),)), Wanted("a", "main"), here, Surroundings())])
    assert (found.kind, found.worst.code) == ("Misconfigured", "ResourceNotCovered")


@pytest.mark.parametrize(
    ("objects", "code", "words"),
    [
        ([cluster_queue("q", 8, stopPolicy="Hold")], "Suspended", "ClusterQueue q is stopped (Hold)"),
        (
            [cluster_queue("q", 8, namespaceSelector=None)],
            "Misconfigured",
            "takes no namespace: it has no namespaceSelector",
        ),
        (
            [cluster_queue("q", 8, namespaceSelector={"matchLabels": {"team": "b"}})],
            "Misconfigured",
            "ClusterQueue q does not take this namespace (a)",
        ),
        ([], "ClusterQueueMissing", "LocalQueue a/main leads to ClusterQueue q, which is not there"),
        (
            [
                cluster_queue("q", 8, "one"),
                made("Cohort", "one", {"parentName": "two"}),
                made("Cohort", "two", {"parentName": "one"}),
            ],
            "CohortCycle",
            "ClusterQueue q is not active: Cohort one is in a cycle of cohorts, or below one",
        ),
    ],
)
def test_what_stands_before_any_quota(objects: list[Json], code: str, words: str) -> None:
    found = outcome(1, where="a", objects=[flavor("h100"), *objects, local_queue("a", "q"), namespace("a")])
    assert (found.kind, found.code) == ("Misconfigured", code)
    assert words in said(found)
    assert found.judgement is None and found.size is None


def test_a_stopped_queue_says_which_what_if_looks_past_it() -> None:
    objects = [flavor("h100"), cluster_queue("q", 8), local_queue("a", "q", stopPolicy="Hold"), namespace("a")]
    found = outcome(1, where="a", objects=objects)
    assert found.refused is not None and found.refused.next == "`--if lq.a/main.stop=None` looks past it"
    assert outcome(1, 1, "lq.a/main.stop=None", where="a", objects=objects).kind == "FitsNow"


@pytest.mark.parametrize(
    ("changes", "kind", "verdict", "words"),
    [
        ({"spec": {"active": False}}, "Misconfigured", "inactive", "job/third: it is deactivated"),
        (
            {"metadata": {"annotations": {"kueue.x-k8s.io/admission-gated-by": "example.com/data"}}},
            "Waits",
            "waits",
            "job/third: its admission is gated by example.com/data",
        ),
        (
            {"status": {"requeueState": {"count": 1, "requeueAt": "2026-11-03T12:05:00Z"}}},
            "Waits",
            "waits",
            "it was put back into its queue and is left alone until 2026-11-03T12:05:00Z",
        ),
    ],
)
def test_who_does_not_stand_in_line_is_told_so_and_not_judged(
    changes: Json, kind: str, verdict: str, words: str
) -> None:
    waits = workload("a", "third", 2)
    for part, fields in changes.items():
        waits[part].update(fields)
    here = setting([flavor("h100"), cluster_queue("q", 8), local_queue("a", "q"), namespace("a"), waits])
    (found,) = simulate_waiting(here, [here.workloads["a/job-third"]]).outcomes
    assert (found.kind, found.verdict) == (kind, verdict)
    assert words in said(found)
    assert found.code in EXITS


# --- topology ---------------------------------------------------------------------------------------------------------

RACK = "example.com/rack"


def yard(*changes: str, gpus: int = 1, pods: int = 2) -> Simulation:
    """Two racks of 4 GPUs, of each 3 are taken by a workload; all pods have to be in one rack."""
    objects = [
        made("Topology", "racks", {"levels": [{"nodeLabel": RACK}]}),
        flavor("h100", nodeLabels={"site": "a"}, topologyName="racks"),
        cluster_queue("q", 20),
        local_queue("a", "q"),
        namespace("a"),
    ]
    for rack in "xy":
        held = workload("a", f"in-{rack}", 3, held="q")
        held["spec"]["podSets"][0]["topologyRequest"] = {"required": RACK}
        (given,) = held["status"]["admission"]["podSetAssignments"]
        given["topologyAssignment"] = {"levels": [RACK], "domains": [{"values": [rack], "count": 1}]}
        objects.append(held)
    before = setting(objects)
    here = apply(before, read(before, changes))
    nodes = [
        {
            "metadata": {"name": rack, "labels": {"site": "a", RACK: rack}},
            "status": {"allocatable": {GPU: "4", "pods": "9"}, "conditions": [{"type": "Ready", "status": "True"}]},
        }
        for rack in "xy"
    ]
    template = {"metadata": {"annotations": {"kueue.x-k8s.io/podset-required-topology": RACK}}, "spec": pod_spec(gpus)}
    job = {"kind": "Job", "metadata": {"name": "asked"}, "spec": {"parallelism": pods, "template": template}}
    wished = of_manifest([job], Wanted("a", "main"), here, Surroundings(), "f.yaml")
    return simulate(here, wished, moved=bool(changes), land=Land(grounds(here, nodes, [])))


def test_quota_without_room_close_together_is_fragmented() -> None:
    (found,) = yard().outcomes
    assert (found.kind, KINDS[found.kind], found.verdict) == ("Fragmented", 6, "waits")
    assert said(found) == (
        'Fragmented: Job asked: quota is there, room close enough together is not: h100: topology "racks" allows to '
        "fit only 1 out of 2 pod(s)"
    )
    assert [one.workload.name for one in found.freed] == ["job-in-x"]
    assert found.size is not None and (found.size.pods, found.size.each) == (1, 0)
    assert yard("finish=in-y").kind == "FitsNow"


def test_what_no_rack_could_ever_hold_never_fits() -> None:
    (found,) = yard(gpus=4, pods=2).outcomes
    assert (found.kind, found.code) == ("Never", "ExceedsTopology")


def test_who_is_given_quota_takes_its_room() -> None:
    found = yard(pods=1)
    given = found.played.setting.workloads[found.outcomes[0].workload.ref]
    assert given.admission is not None
    assert given.admission.pod_sets[0].topology == {"levels": [RACK], "domains": [{"values": ["x"], "count": 1}]}


# --- the line ---------------------------------------------------------------------------------------------------------


def waiting(*changes: str, strategy: str = "BestEffortFIFO") -> tuple[Setting, list[str]]:
    """Three wait in a queue of 8: 8, then 4, then 2 GPUs; `old` holds all of it."""
    objects = [
        flavor("h100"),
        cluster_queue("q", 8, queueingStrategy=strategy),
        local_queue("a", "q"),
        namespace("a"),
        workload("a", "old", 8, held="q"),
        workload("a", "first", 8, created="2026-11-03T10:10:00Z"),
        workload("a", "second", 4, created="2026-11-03T10:20:00Z"),
        workload("a", "third", 2, created="2026-11-03T10:30:00Z"),
    ]
    before = setting(objects)
    after = apply(before, read(before, changes))
    found = simulate_waiting(after, [after.workloads["a/job-third"]], moved=bool(changes))
    return after, [found.kind, *(step.workload.name for step in found.outcomes[0].ahead)]


def test_those_ahead_take_the_room_first() -> None:
    assert waiting()[1] == ["Waits"]
    assert waiting("finish=old")[1] == ["Waits", "job-first"]
    assert waiting("cq.q.nominal=14")[1] == ["FitsNow", "job-second"]
    assert waiting("cq.q.nominal=12")[1] == ["Waits", "job-second"]


def test_behind_a_head_that_does_not_fit_nobody_passes_in_a_strict_queue() -> None:
    assert waiting("cq.q.nominal=14", "cq.q.strategy=StrictFIFO")[1] == ["Waits"]
    here, _ = waiting("cq.q.nominal=14", strategy="StrictFIFO")
    found = simulate_waiting(here, [here.workloads["a/job-third"]]).outcomes[0]
    assert (found.code, found.verdict, EXITS[found.code]) == ("BehindHead", "waits", 10)
    assert said(found) == "Waits: job/third stands behind a/job/first, which StrictFIFO queue q takes first"


def test_who_is_taken_after_its_turn_may_have_the_room_before_it() -> None:
    here = setting(
        [
            flavor("h100"),
            namespace("a"),
            cluster_queue("q", 8),
            local_queue("a", "q"),
            workload("a", "old", 6, held="q"),
            workload("a", "large", 8, created="2026-11-03T11:00:00Z"),
            workload("a", "small", 2, created="2026-11-03T11:30:00Z"),
        ]
    )
    found = simulate_waiting(here, [here.workloads["a/job-large"]], moved=True)
    frees = [cell.text for cell in lines(found, here, ()) if cell.text.startswith("frees")]
    assert frees == [
        "frees     a/job/old 6 GPU (runs 120m): then it fits, unless a/job/small (2 GPU), taken after it, "
        "or who arrives meanwhile has the room"
    ]


def test_what_is_short_is_said_of_a_flavor_in_which_it_could_ever_fit() -> None:
    """The other one lacks less, and would never have enough."""
    queue = cluster_queue("q", 0, resourceGroups=group(("a100", {"nominalQuota": 6}), ("t4", {"nominalQuota": 8})))
    objects = [
        *(flavor(name) for name in ("a100", "t4")),
        namespace("a"),
        queue,
        local_queue("a", "q"),
        workload("a", "old", 8, held="q", flavor="t4"),
    ]
    found = outcome(8, where="a", objects=objects)
    assert said(found) == (
        "Waits: 1 pod of 8 GPUs is short of 8 of 8 GPU in t4; the limit that binds: all 8 GPU of ClusterQueue q"
    )
    assert [one.workload.name for one in found.freed] == ["job-old"]


def test_one_that_is_new_stands_last_among_its_equals() -> None:
    here, _ = waiting("cq.q.nominal=12")
    found = simulate(here, [wish(here, 4, where="a")])
    assert [one.workload.name for one in found.played.steps] == ["job-second"]
    assert (found.kind, found.outcomes[0].alone.fits) == ("Waits", True)  # type: ignore[union-attr]
    first = simulate(replace(here, classes=setting([urgent()]).classes), [wish_of_class(here, "urgent")])
    assert [one.workload.priority for one in first.played.steps] == [80]


def wish_of_class(here: Setting, name: str) -> Wish:
    return wish(replace(here, classes=setting([urgent()]).classes), 4, where="a", priority=name)


def test_victims_wait_again() -> None:
    objects = [*gpu_tree(**WITHIN), urgent()]
    here = setting(objects)
    found = simulate(here, [wish(here, 8, priority="urgent")])
    after = found.played.setting
    assert after.workloads["ns-finetune/job-eval-grid"].waits
    assert after.workloads[found.outcomes[0].workload.ref].reserves


# --- the document -----------------------------------------------------------------------------------------------------


def test_a_document_has_what_scripts_rely_on() -> None:
    here = setting(gpu_tree())
    found = simulate(here, [wish(here, 1, 2)])
    shown = document(found, [], context="c", hidden=())
    assert (shown["kind"], shown["verdict"], shown["answer"], shown["exit"]) == (
        "QueueSimulation",
        "borrows",
        "FitsBorrowing",
        0,
    )
    assert shown["flavors"] == {"main": {GPU: "h100"}}
    assert shown["borrows"] == {"h100": {GPU: 8}}
    assert (shown["preempts"], shown["if"], shown["complete"]) == ([], [], True)
    queue = next(one for one in shown["after"]["clusterQueues"] if one["name"] == "finetune")
    assert queue["resources"][0]["used"] == 24
    assert shown["largest"] == {"podSet": "main", "pods": 2, "each": 1, "resource": GPU}


def test_a_document_of_what_waits_says_what_is_short_and_who_must_end() -> None:
    here = setting(gpu_tree())
    shown = document(simulate(here, [wish(here, 8)]), [], context="c", hidden=())
    assert (shown["verdict"], shown["flavors"], shown["borrows"]) == ("waits", {}, {})
    assert shown["short"] == [{"flavor": "h100", "resource": GPU, "deficit": 6}]
    (one,) = shown["workloads"]
    assert [(freed["name"], freed["frees"], freed["secondsLeft"]) for freed in one["frees"]] == [
        ("job-sft-70b", {"h100": {GPU: 16}}, None)
    ]


def test_several_are_judged_after_each_other_and_the_worst_speaks() -> None:
    here = setting(gpu_tree())
    found = simulate(here, [wish(here, 2), replace_name(wish(here, 2))])
    assert [one.kind for one in found.outcomes] == ["FitsBorrowing", "Waits"]
    assert found.kind == "Waits"


def replace_name(one: Wish) -> Wish:
    return replace(one, workload=replace(one.workload, name="another", uid="~2"))
