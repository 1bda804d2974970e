"""`why` of gangs, preemption and pods on their way, and what may not be read, on a real API server and scheduler."""

from k8sai.errors import Exit
from tests.controlplane.asking import JOBS, Case, job
from tests.controlplane.gpu_pods import pods_path


def test_preemption_under_way(case: Case) -> None:
    node = case.node("a")
    classes = "/apis/scheduling.k8s.io/v1/priorityclasses"
    case.put(classes, {"metadata": {"name": case.namespace}, "value": 1000})
    case.pod("small", 8, annotations={"test.k8sai.dev/linger": ""})
    case.runs("small")
    case.pod("train", 8, priorityClassName=case.namespace)
    case.until("train", lambda pod: bool(pod["status"].get("nominatedNodeName")))
    case.until("small", lambda pod: bool(pod["metadata"].get("deletionTimestamp")))
    why = case.why("train")
    assert why.sentence == (
        f"train waits: node {node} is being cleared for it: {case.namespace}/small is ending there."
    )
    assert (why.code, why.exit) == ("PreemptionUnderWay", Exit.WAITING)
    assert case.why("small").code == "Terminating"


GROUPS = "/apis/scheduling.k8s.io/v1beta1/namespaces/{ns}/podgroups"


def gang(case: Case, minimum: int) -> None:
    case.put(GROUPS, {"metadata": {"name": "crew"}, "spec": {"schedulingPolicy": {"gang": {"minCount": minimum}}}})


def test_a_gang_that_is_not_complete(case: Case) -> None:
    case.node("a")
    gang(case, 3)
    case.pod("one", 1, schedulingGroup={"podGroupName": "crew"})
    why = case.why("one")
    assert why.sentence == "one waits: gang crew starts with 3 pods at once, and only 1 exists."
    assert (why.code, why.exit) == ("GangIncomplete", Exit.WAITING)


def test_a_gang_that_does_not_fit(case: Case) -> None:
    case.node("a")
    gang(case, 3)
    for name in ("one", "two", "three"):
        case.pod(name, 4, schedulingGroup={"podGroupName": "crew"})
    case.refused("one")
    why = case.why("one")
    assert why.sentence == "one waits: gang crew starts with 3 pods at once, and only 2 of them fit now."
    assert (why.code, why.exit) == ("GangShort", Exit.NO_CAPACITY)


def test_a_job_that_runs_and_one_that_completed(case: Case) -> None:
    case.node("a")
    case.put(JOBS, job(gpus=2, parallelism=2, completions=2, of={"nodeSelector": case.mine}))
    case.api.until(
        pods_path(case.namespace), lambda pods: sum(p["status"].get("phase") == "Running" for p in pods.values()) == 2
    )
    why = case.why("train")
    assert (why.object, why.sentence, why.exit) == ("job/train", "job/train runs: 2 of 2 pods run.", Exit.OK)
    case.pod("short", annotations={"test.k8sai.dev/complete-after": "1ms"})
    case.until("short", lambda pod: pod["status"].get("phase") == "Succeeded")
    assert case.why("short").sentence == "short has completed."


def test_a_pod_that_starts(case: Case) -> None:
    node = case.node("a")
    case.pod("train", 1, annotations={"test.k8sai.dev/never-start": ""})
    case.until("train", lambda pod: bool(pod["spec"].get("nodeName")))
    why = case.why("train")
    assert why.sentence.startswith(f"train is starting: {node} is starting its containers")
    assert (why.code, why.exit) == ("Starting", Exit.WAITING)


def test_with_rights_in_the_namespace_alone(case: Case) -> None:
    case.node("a")
    case.pod("train", 16)
    case.refused("train")
    rbac = "/apis/rbac.authorization.k8s.io/v1/namespaces/{ns}"
    case.put(f"{rbac}/rolebindings", {
        "metadata": {"name": "view"},
        "roleRef": {"kind": "ClusterRole", "name": "view", "apiGroup": "rbac.authorization.k8s.io"},
        "subjects": [{"kind": "User", "name": "alice", "apiGroup": "rbac.authorization.k8s.io"}],
    })  # fmt: skip
    can = {
        "spec": {
            "resourceAttributes": {"verb": "list", "resource": "pods", "namespace": case.namespace},
            "user": "alice",
        }
    }
    reviews = "/apis/authorization.k8s.io/v1/subjectaccessreviews"
    case.plane.processes.wait("alice's right", lambda: case.put(reviews, can)["status"]["allowed"], 30)
    why = case.why("train", "alice")
    assert why.sentence == (
        "train waits: it is short of nvidia.com/gpu on every node it could use, says the scheduler."
    )
    assert (why.code, why.exit) == ("GpusShort", Exit.PARTIAL)
    assert "nodes" in [gap.what for gap in why.hidden]
