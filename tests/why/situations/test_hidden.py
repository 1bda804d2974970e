"""What may not be read: still an answer where there can be one, and a word where it could change the answer."""

from dataclasses import replace

import pytest

from k8sai.cluster.sources import Source
from k8sai.errors import ClusterError, Exit, Forbidden, NotFound, Usage
from k8sai.why.answer import explain
from k8sai.why.kinds import POD, asked
from tests.why.cluster import Held, ask, layer, scene
from tests.why.objects import Json, claiming, event, job, mounting, node, obj, pod, unschedulable

SHORT = unschedulable("0/3 nodes are available: 3 Insufficient nvidia.com/gpu. preemption: 0/3 nodes are available: …")


def test_without_nodes_the_scheduler_speaks() -> None:
    why = ask("train-7", pod(gpus=8, status=SHORT), denied=("nodes",))
    assert why.sentence == (
        "train-7 waits: it is short of nvidia.com/gpu on every node it could use, says the scheduler."
    )
    assert (why.code, why.exit) == ("GpusShort", Exit.PARTIAL)
    assert ("nodes", "nodes are forbidden") in [(gap.what, gap.why) for gap in why.hidden]


def test_without_nodes_and_without_a_word() -> None:
    why = ask("train-7", pod(gpus=8), denied=("nodes",))
    assert why.sentence == "train-7 waits: nothing that may be read explains it; the nodes may not be read."
    assert (why.code, why.exit) == ("Unexplained", Exit.PARTIAL)


def test_room_on_nodes_whose_pods_may_not_be_read_is_a_guess() -> None:
    theirs = scene([node("gpu-1"), pod(gpus=8, status=SHORT)])
    only_mine = Source("pods", "once", 1, namespace="ml")
    why = explain(replace(theirs, sources=(only_mine,)), POD, "ml", "train-7")
    assert why.sentence == (
        "train-7 waits: 1 node could take it now: gpu-1, by the pods that may be read; "
        "the scheduler said otherwise when it looked last."
    )
    assert (why.code, why.exit) == ("Fits", Exit.PARTIAL)


def test_events_that_may_not_be_read_change_nothing_for_a_pod_that_runs() -> None:
    why = ask("train-7", node("gpu-1"), pod(on="gpu-1"), denied=("events",))
    assert (why.code, why.exit) == ("Running", Exit.OK)


def test_a_claim_that_may_not_be_read() -> None:
    why = ask("train-7", node("d1", 0), claiming(status=SHORT), denied=("resourceclaims.resource.k8s.io",))
    assert layer(why, "claims").status == "unknown"
    assert why.exit == Exit.PARTIAL


def test_a_volume_that_may_not_be_read() -> None:
    why = ask("train-7", node("gpu-1"), mounting(status=SHORT), denied=("persistentvolumeclaims",))
    assert layer(why, "volumes").message == "PersistentVolumeClaim data may not be read"
    assert why.exit == Exit.PARTIAL


def test_a_workload_of_kueue_that_may_not_be_read() -> None:
    train = job(suspend=True, meta={"labels": {"kueue.x-k8s.io/queue-name": "research"}})
    why = ask("job/train", train, served=("workloads.kueue.x-k8s.io",), denied=("workloads.kueue.x-k8s.io",))
    assert why.sentence == (
        "job/train waits: nothing that may be read explains it; it was given to queue research, "
        "whose Workloads may not be read."
    )
    assert why.exit == Exit.PARTIAL


def test_the_object_itself_may_not_be_read() -> None:
    with pytest.raises(Forbidden):
        ask("train-7", pod(), denied=("pods",))


def test_no_such_object() -> None:
    with pytest.raises(NotFound) as error:
        ask("trian-7", pod())
    assert error.value.message == "there is no pod and no workload 'trian-7' in namespace ml"
    assert error.value.hint == "did you mean `k8sai why train-7 -n ml`?"


def test_no_such_job() -> None:
    with pytest.raises(NotFound) as error:
        ask("job/trian", job())
    assert (error.value.message, error.value.hint) == (
        "there is no job 'trian' in namespace ml",
        "did you mean `k8sai why job/train -n ml`?",
    )


def test_a_pod_goes_before_a_job_of_the_same_name() -> None:
    assert ask("train", node("gpu-1"), job(), pod("train", on="gpu-1")).object == "pod/train"


def test_the_outermost_of_two_of_the_same_name() -> None:
    spec = {"replicatedJobs": [], "suspend": True}
    above = obj("JobSet", "train", "jobset.x-k8s.io/v1alpha2", spec=spec)
    assert ask("train", above, job(suspend=True)).object == "jobset/train"


def test_an_event_of_a_predecessor_of_the_same_name_is_nobodys() -> None:
    before, now = job(gpus=1), job(gpus=1)
    why = ask(
        "job/train", now, event(before, "FailedCreate", 'Error creating: admission webhook "x" denied the request: no')
    )
    assert why.code == "MembersWait"


@pytest.mark.parametrize(
    "word", ["po", "pods", "job", "jobs.batch", "wl", "deploy", "sts", "rs", "ds", "lws", "isvc", "vcjob"]
)
def test_kinds_as_kubectl_names_them(word: str) -> None:
    kind, name = asked((word, "x"))
    assert kind is not None and name == "x"
    assert asked((f"{word}/x",)) == (kind, "x")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("node", "gpu-1"), "a node does not wait for anything"),
        (("jbo", "x"), "'jbo' is no kind that runs pods"),
        (("a", "b", "c"), "name one object: a pod's name, KIND NAME or KIND/NAME"),
        (("job/a/b",), "name one object: a pod's name, KIND NAME or KIND/NAME"),
    ],
)
def test_what_is_no_object(words: tuple[str, ...], message: str) -> None:
    with pytest.raises(Usage) as error:
        asked(words)
    assert error.value.message == message


def test_pods_that_may_not_be_read_are_not_taken_for_pods_that_nobody_made() -> None:
    """Also where a quota would forbid to make them all once more."""
    quota = obj("ResourceQuota", "gpus", spec={"hard": {"pods": "0"}}, status={"hard": {"pods": "0"}, "used": {}})
    why = ask("job/train", node("gpu-1"), quota, job(pods=2, gpus=8), denied=("pods",))
    assert why.sentence == "job/train waits: nothing that may be read explains it; its pods may not be read."
    assert (why.code, why.exit) == ("Unexplained", Exit.PARTIAL)
    assert [gap.what for gap in why.hidden] == ["pods"]


def test_a_server_that_fails_is_no_matter_of_rights() -> None:
    class Failing(Held):
        def get(self, kind: str, namespace: str, name: str) -> Json:
            raise ClusterError("the server failed (500)", "try again in a moment")

    broken = replace(scene([node("gpu-1")]), objects=Failing([]))
    with pytest.raises(ClusterError, match="the server failed") as found:
        explain(broken, POD, "ml", "train-7")
    assert found.value.exit == Exit.CLUSTER


@pytest.mark.parametrize(
    ("asked_for", "said"), [("train-7", "train-7"), ("train", "job/train"), ("job/train", "job/train")]
)
def test_what_is_in_another_namespace_is_named_with_it(asked_for: str, said: str) -> None:
    theirs = [{**one, "metadata": {**one["metadata"], "namespace": "theirs"}} for one in (pod(), job())]
    with pytest.raises(NotFound, match="in namespace ml") as found:
        ask(asked_for, *theirs)
    assert found.value.hint == f"did you mean `k8sai why {said} -n theirs`?"
