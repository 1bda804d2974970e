"""The answer as a whole: what fits, who is asked about, and what may not be read."""

import pytest

from k8sai.errors import Exit, NotFound
from tests.queues.why_world import (
    ask,
    base,
    cluster_queue,
    holding,
    kueue,
    more,
    said,
    told,
    training,
    workload,
)
from tests.why.objects import SPACE, Json, obj, owned, pod

# --- what fits --------------------------------------------------------------------------------------------------------


def test_fits_and_nobody_has_looked() -> None:
    train = training()
    why = ask("job/train", base(), train, workload(train))
    assert told(why) == ("FitsNow", Exit.OK, "waits")
    assert why.message == "it fits now in h100, h100-cpu; Kueue has not taken it yet"


def test_fits_by_borrowing() -> None:
    train = training(12)
    queues = [cluster_queue(cohort="ai"), cluster_queue("other", 32, "ai")]
    assert told(ask("job/train", base(queues[0]), queues[1], train, workload(train))) == (
        "FitsBorrowing",
        Exit.OK,
        "borrows",
    )


def test_fits_and_kueue_said_otherwise() -> None:
    train = training()
    why = ask("job/train", base(), train, workload(train, more(4)))
    assert told(why) == ("PendingEvaluation", Exit.WAITING, "waits")
    assert why.message == (
        "by its quota it fits now in h100, h100-cpu; Kueue said otherwise at 11:50 UTC and looks again when something "
        "changes"
    )


# --- who is asked about -----------------------------------------------------------------------------------------------


def test_a_pod_speaks_for_its_job() -> None:
    train = training(6)
    waiting = owned(pod("train-0", 6), train)
    why = ask("train-0", base(), holding("old", 5), train, workload(train, more(3)), waiting)
    assert (why.title, why.code, why.blockers[0].deficit) == ("pod/train-0", "WaitingForQuota", 3)


def test_a_job_of_a_jobset() -> None:
    above = obj("JobSet", "set", "jobset.x-k8s.io/v1alpha2", spec={"suspend": True})
    above["metadata"]["labels"] = {"kueue.x-k8s.io/queue-name": "research"}
    train = owned(training(6, queue=""), above)
    state = workload(train, more(3))
    state["metadata"]["labels"]["kueue.x-k8s.io/job-uid"] = above["metadata"]["uid"]
    state["metadata"]["ownerReferences"][0] |= {"kind": "JobSet", "name": "set", "uid": above["metadata"]["uid"]}
    objects: list[Json | list[Json]] = [base(), holding("old", 5), above, train, state]
    assert ask("job/train", *objects).code == ask("jobset/set", *objects).code == "WaitingForQuota"


def test_a_pod_group() -> None:
    labels = {"kueue.x-k8s.io/queue-name": "research", "kueue.x-k8s.io/pod-group-name": "crew"}
    gated = pod("crew-0", 6, labels=labels, schedulingGates=[{"name": "kueue.x-k8s.io/admission"}])
    template = {"spec": gated["spec"]}
    sets = [{"name": "main", "count": 1, "template": template}]
    crew = kueue("Workload", "crew", {"queueName": "research", "podSets": sets}, namespace=SPACE)
    why = ask("crew-0", base(), holding("old", 5), gated, crew)
    assert why.workload is not None and (why.workload.name, why.code) == ("crew", "WaitingForQuota")


def test_a_workload_by_its_own_name() -> None:
    train = training(6)
    objects: list[Json | list[Json]] = [base(), holding("old", 5), train, workload(train, more(3))]
    why = ask("workload/job-train-1", *objects)
    assert (why.title, why.code) == ("job/train", "WaitingForQuota")


def test_the_newest_workload_counts() -> None:
    train = training(6)
    old = workload(train, said("Finished", "OutOfSync"), meta={"creationTimestamp": "2026-11-21T10:00:00Z"})
    old["metadata"]["name"] = "job-train-0"
    why = ask("job/train", base(), holding("old", 5), train, old, workload(train, more(3)))
    assert why.workload is not None and why.workload.name == "job-train-1"


def test_no_such_object() -> None:
    with pytest.raises(NotFound):
        ask("job/nobody", base())


# --- what may not be read ---------------------------------------------------------------------------------------------

CLUSTER_KINDS = ("clusterqueues.kueue.x-k8s.io", "cohorts.kueue.x-k8s.io", "resourceflavors.kueue.x-k8s.io")


def test_without_cluster_queues_kueues_word_is_all_there_is() -> None:
    train = training(6)
    why = ask("job/train", base(), holding("old", 5), train, workload(train, more(3)), denied=CLUSTER_KINDS)
    assert told(why) == ("WaitingForQuota", Exit.PARTIAL, "waits")
    assert why.message == (
        "Kueue said at 11:50 UTC: couldn't assign flavors to pod set main: insufficient unused quota for "
        "nvidia.com/gpu in flavor h100, 3 more needed"
    )
    assert [gap.what for gap in why.hidden][:1] == ["clusterqueues.kueue.x-k8s.io"]
    assert why.blockers[0].deficit == 3


def test_without_cluster_queues_and_without_a_word() -> None:
    train = training(6)
    why = ask("job/train", base(), train, workload(train), denied=CLUSTER_KINDS)
    assert told(why) == ("Unexplained", Exit.PARTIAL, "waits")
    assert why.message == "nothing that may be read explains it"


def test_without_workloads() -> None:
    train = training(6)
    why = ask("job/train", base(), train, workload(train), denied=("workloads.kueue.x-k8s.io",))
    assert told(why) == ("NoWorkload", Exit.PARTIAL, "inactive")
    assert why.message == "it was given to queue ml/research, whose Workloads may not be read"


def test_without_flavors_it_is_a_guess_unless_kueue_agrees() -> None:
    train = training(6)
    objects: list[Json | list[Json]] = [base(), holding("old", 5), train]
    denied = ("resourceflavors.kueue.x-k8s.io",)
    assert ask("job/train", *objects, workload(train, more(3)), denied=denied).exit == Exit.WAITING
    assert ask("job/train", *objects, workload(train), denied=denied).exit == Exit.PARTIAL
