"""What a simulation says: every verdict, who must end, the largest size."""

from typing import Any

import pytest

from k8sai.fit.ask import Asked, Group
from k8sai.queues.facts import ClusterQueue
from k8sai.queues.judging.judge import Judge
from k8sai.queues.simulating.simulate import KINDS, simulate, simulate_waiting
from k8sai.queues.simulating.wish import Surroundings, Wanted, of_flags
from k8sai.queues.verdict import EXITS, Judgement
from k8sai.queues.workload import Workload
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
from tests.queues.simulated import WITHIN, outcome, said, urgent

Json = dict[str, Any]


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
