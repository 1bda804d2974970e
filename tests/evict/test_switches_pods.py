"""Gangs that are evicted, each pod once; and ranks that have ended, which a start must not do without."""

from copy import deepcopy
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from k8sai.evict.facts import PodRef
from k8sai.evict.switches.ranks import lacking
from k8sai.evict.switches.step import Never, Wait, Write
from tests.evict.gang_shelf import job, jobset, made, of_jobset, pod, workload
from tests.evict.test_gangs import lws
from tests.evict.test_switches import Bench, Json


def test_pods_without_a_switch_are_evicted_each_once_the_first_rank_last() -> None:
    marks = {"scheduling.x-k8s.io/pod-group": "ring"}
    bench = Bench.of(*(pod(f"r-{rank}", labels=marks) for rank in range(3)))
    pods = tuple(PodRef(one.namespace, one.name, one.uid, one.node, 8, int(one.name[-1])) for one in bench.state.pods)
    bench.state = replace(bench.state, pods=pods)
    order = []
    for _ in pods:
        step = bench.stop()
        assert isinstance(step, Write) and bench.take(step)
        order.append(step.on.name)
    assert (order, bench.stop(), bench.start()) == (["r-2", "r-1", "r-0"], None, None)


@given(st.lists(st.sampled_from(["take", "gone", "again", "done"]), max_size=15))
def test_no_pod_is_evicted_twice(events: list[str]) -> None:
    """Nor one that has taken the name of a pod that is gone."""
    marks = {"scheduling.x-k8s.io/pod-group": "ring"}
    bench = Bench.of(*(pod(f"r-{rank}", labels=marks) for rank in range(3)))
    planned = {one.uid for one in bench.state.pods}
    for event in events:
        step = bench.stop()
        if event == "take" and isinstance(step, Write):
            bench.take(step)
        elif bench.shelf.objects and event == "gone":
            bench.shelf.objects.pop(0)
        elif bench.shelf.objects and event == "done":
            bench.shelf.objects[0]["status"]["phase"] = "Succeeded"
        elif event == "again":
            new = pod("r-0", labels=marks)
            new["metadata"]["uid"] = f"new-{len(bench.shelf.objects)}"
            bench.shelf.objects.append(new)
    evicted = [one.on.uid for one in bench.taken]
    assert len(set(evicted)) == len(evicted) and set(evicted) <= planned


def test_the_leader_of_a_group_is_evicted_once() -> None:
    bench = Bench.of(*[one for one in lws(2) if "serve-1" not in one["metadata"]["name"]])
    step = bench.stop()
    assert isinstance(step, Write) and step.on.name == "serve-0"
    assert bench.take(step) and bench.stop() is None
    again = deepcopy(bench.find(step))
    again["metadata"] |= {"uid": "new"}
    del again["metadata"]["deletionTimestamp"]
    bench.shelf.objects = [again, *(one for one in bench.shelf.objects if one["metadata"]["uid"] != step.on.uid)]
    assert bench.stop() is None and bench.start() is None


# --- ranks that have ended --------------------------------------------------------------------------------------------


def _completed(one: Json, indexes: str, count: int) -> None:
    one["status"] = {"completedIndexes": indexes, "succeeded": count}
    if count == one["spec"]["completions"]:
        one["status"]["conditions"] = [{"type": "Complete", "status": "True"}]


def _jobs(bench: Bench) -> list[Json]:
    return [one for one in bench.shelf.objects if one["kind"] == "Job"]


@pytest.mark.parametrize("kueue", [False, True])
@pytest.mark.parametrize(("indexes", "count"), [("0", 1), ("0-1", 2)])
def test_a_job_of_a_job_set_that_lacks_a_rank_is_made_anew_before_the_start(
    kueue: bool, indexes: str, count: int
) -> None:
    owner = jobset("llm")
    bench = Bench.of(*of_jobset(owner), *([workload("llm", owner, "Admitted")] if kueue else []))
    bench.stopped()
    broken, whole = _jobs(bench)
    _completed(broken, indexes, count)
    cure = bench.start()
    assert isinstance(cure, Write)
    assert (cure.on.uid, cure.delete["propagationPolicy"]) == (broken["metadata"]["uid"], "Background")
    broken["metadata"]["deletionTimestamp"] = "2026-11-22T04:00:00Z"
    assert isinstance(bench.start(), Wait)
    bench.shelf.objects.remove(broken)
    start = bench.start()
    assert isinstance(start, Write) and start.patch
    assert _jobs(bench) == [whole]


def test_a_train_job_is_mended_below_its_job_set() -> None:
    top = made("trainer.kubeflow.org/v1alpha1", "TrainJob", "vit")
    bench = Bench.of(top, *of_jobset(jobset("vit", by=top)))
    bench.stopped()
    _completed(_jobs(bench)[1], "1", 1)
    cure = bench.start()
    assert isinstance(cure, Write) and cure.on.name == "vit-w-1" and cure.delete


def test_a_job_that_had_ended_before_the_gang_was_planned_stays() -> None:
    """An initializer has no pod in the gang."""
    owner = jobset("llm")
    objects = [one for one in of_jobset(owner) if not one["metadata"]["name"].startswith("llm-w-0-")]
    bench = Bench.of(*objects)
    bench.stopped()
    _completed(_jobs(bench)[0], "0-1", 2)
    start = bench.start()
    assert isinstance(start, Write) and start.patch


def test_a_gang_whose_ranks_have_all_ended_is_only_released() -> None:
    bench = Bench.of(*of_jobset(jobset("llm")))
    bench.stopped()
    for one in _jobs(bench):
        _completed(one, "0-1", 2)
    start = bench.start()
    assert isinstance(start, Write) and start.patch


def test_a_job_alone_stays_stopped_with_words() -> None:
    owner = job("llm")
    bench = Bench.of(owner, *(pod(f"llm-{rank}-abcde", owner) for rank in (0, 1)))
    bench.stopped()
    _completed(_jobs(bench)[0], "1", 1)
    never = bench.start()
    assert isinstance(never, Never)
    assert never.why == "job/llm stays suspended: index 1 is complete for good, and it would run without"
    assert never.hint


@pytest.mark.parametrize(
    ("spec", "status", "pods", "lacks"),
    [
        ({}, {}, ["j-0-abcde", "j-1-abcde"], False),
        ({}, {"succeeded": 1, "completedIndexes": "1"}, ["j-0-abcde", "j-1-abcde"], True),
        ({}, {"succeeded": 1, "completedIndexes": "1"}, ["j-0-abcde"], False),  # it had ended before
        ({}, {"succeeded": 1, "completedIndexes": "1"}, [], True),  # nobody knows which pods it had
        ({"parallelism": 12, "completions": 12}, {"succeeded": 9, "completedIndexes": "1,3-10"}, ["j-10-x"], True),
        ({"parallelism": 12, "completions": 12}, {"succeeded": 9, "completedIndexes": "1,3-10"}, ["j-11-x"], False),
        ({"completions": 9}, {"succeeded": 1, "completedIndexes": "1"}, ["j-1-x"], False),  # more work than ranks
        ({"completionMode": "NonIndexed"}, {"succeeded": 1}, ["j-abcde", "j-fghij"], True),
        ({"completionMode": "NonIndexed", "completions": None}, {"succeeded": 1}, ["j-abcde"], True),
        ({"completionMode": "NonIndexed", "completions": None}, {}, ["j-abcde"], False),
        ({}, {"succeeded": 1, "completedIndexes": "1"}, ["j-1-1-abcde"], True),  # a pod of another Job: not known
    ],
)
def test_which_ranks_are_lacking(spec: Json, status: Json, pods: list[str], lacks: bool) -> None:
    one = job("j", **spec)
    one["status"] = status
    assert lacking(one, pods) is lacks
