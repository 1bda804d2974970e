"""What keeps a workload from having pods, or its pods from being looked at."""

import pytest

from k8sai.errors import Exit
from tests.why.cluster import ask, layer
from tests.why.objects import GPU, Json, condition, event, job, node, obj, owned, pod, template, unschedulable


def jobset(name: str = "train", **spec: object) -> Json:
    of = {"spec": {"parallelism": 2, "completions": 2, "template": template(8)}}
    return obj(
        "JobSet",
        name,
        "jobset.x-k8s.io/v1alpha2",
        spec={"replicatedJobs": [{"name": "w", "replicas": 1, "template": of}], **spec},
    )


# --- suspended --------------------------------------------------------------------------------------------------------


def test_a_suspended_job() -> None:
    why = ask("job/train", job(suspend=True, status={"conditions": [condition("Suspended")]}), node("gpu-1"))
    assert why.sentence == "job/train waits: it is suspended since 10m."
    assert (why.code, why.exit) == ("Suspended", Exit.WAITING)
    assert why.next == 'kubectl patch job/train -n ml --type=merge -p \'{"spec":{"suspend":false}}\''


def test_the_owner_above_a_job_is_suspended() -> None:
    above = jobset(suspend=True)
    child = owned(job("train-w-0", 2, 8, suspend=True), above)
    why = ask("job/train-w-0", above, child)
    assert why.sentence == "job/train-w-0 waits: jobset/train is suspended."
    assert ask("jobset/train", above, child).sentence == "jobset/train waits: it is suspended."


def test_a_suspended_training_job() -> None:
    spec = {"runPolicy": {"suspend": True}, "pytorchReplicaSpecs": {"Worker": {"replicas": 4, "template": template(8)}}}
    why = ask("pytorchjob/train", obj("PyTorchJob", "train", "kubeflow.org/v1", spec=spec))
    assert (why.sentence, why.code) == ("pytorchjob/train waits: it is suspended.", "Suspended")
    assert '"runPolicy":{"suspend":false}' in why.next


def test_scaled_to_zero() -> None:
    web = obj("Deployment", "web", "apps/v1", spec={"replicas": 0, "template": template(1)})
    why = ask("deploy/web", web)
    assert (why.sentence, why.exit) == ("deployment/web has no pods: it is scaled to 0 replicas.", Exit.OK)


# --- quota, limits, admission -----------------------------------------------------------------------------------------


def quota(hard: Json, used: Json, **spec: object) -> Json:
    return obj("ResourceQuota", "gpu-quota", spec={"hard": hard, **spec}, status={"hard": hard, "used": used})


def test_quota_exceeded() -> None:
    train = job(pods=2, gpus=4)
    said = (
        'Error creating: pods "train-x" is forbidden: exceeded quota: gpu-quota, requested: requests.nvidia.com/gpu=4, '
        "used: requests.nvidia.com/gpu=6, limited: requests.nvidia.com/gpu=8"
    )
    key = f"requests.{GPU}"
    why = ask("job/train", train, quota({key: "8"}, {key: "6"}), event(train, "FailedCreate", said), node("gpu-1"))
    assert why.sentence == (
        "job/train is not created: quota gpu-quota allows 8 requests.nvidia.com/gpu in namespace ml and 6 are used, "
        "the next pod asks 4."
    )
    assert (why.code, why.exit) == ("QuotaExceeded", Exit.NO_CAPACITY)
    assert said in layer(why, "quota").evidence
    assert why.next == "kubectl describe resourcequota/gpu-quota -n ml"


def test_quota_that_never_fits_by_arithmetic_alone() -> None:
    key = f"requests.{GPU}"
    why = ask("job/train", job(gpus=16), quota({key: "8"}, {key: "0"}))
    assert why.sentence == (
        "job/train is not created: one pod asks 16 requests.nvidia.com/gpu, and quota gpu-quota allows 8 in all."
    )
    assert (why.code, why.exit) == ("QuotaNeverFits", Exit.BLOCKED)


def test_a_quota_of_another_priority_does_not_count() -> None:
    scope = {"matchExpressions": [{"scopeName": "PriorityClass", "operator": "In", "values": ["batch"]}]}
    why = ask("job/train", job(gpus=16), quota({"pods": "0"}, {"pods": "0"}, scopeSelector=scope))
    assert layer(why, "quota").status == "ok"
    assert why.code == "MembersWait"


def test_some_pods_are_there_and_quota_keeps_the_rest_away() -> None:
    train = job(pods=3, gpus=8)
    there = [owned(pod(f"train-{n}", 8, on=f"gpu-{n}"), train) for n in (1, 2)]
    why = ask("job/train", train, there, node("gpu-1"), node("gpu-2"), quota({"pods": "2"}, {"pods": "2"}))
    assert why.sentence == (
        "job/train waits: 1 of its 3 pods is not there: quota gpu-quota allows 2 pods in namespace ml and 2 are used, "
        "the next pod asks 1."
    )
    assert (why.code, why.exit) == ("QuotaExceeded", Exit.NO_CAPACITY)


def test_limit_range() -> None:
    small = obj("LimitRange", "small", spec={"limits": [{"type": "Container", "max": {GPU: "4"}}]})
    why = ask("job/train", job(gpus=8), small)
    assert why.sentence == (
        "job/train is not created: container main asks more nvidia.com/gpu than limit range small allows (4)."
    )
    assert (why.code, why.exit) == ("LimitRange", Exit.BLOCKED)


@pytest.mark.parametrize(
    ("said", "code", "message"),
    [
        (
            'pods "x" is forbidden: no PriorityClass with name gold was found',
            "PriorityClassMissing",
            "there is no PriorityClass gold",
        ),
        (
            'admission webhook "policy.example" denied the request: GPUs need a cost centre',
            "AdmissionDenied",
            "webhook policy.example says no: GPUs need a cost centre",
        ),
        (
            'pods "x" is forbidden: violates PodSecurity "restricted:latest": host namespaces (hostNetwork=true)',
            "AdmissionDenied",
            "the namespace's pod security level restricted:latest forbids it: host namespaces (hostNetwork=true)",
        ),
        (
            'pods "x" is forbidden: error looking up service account ml/trainer: serviceaccount "trainer" not found',
            "AdmissionDenied",
            'serviceaccount "trainer" not found',
        ),
    ],
)  # fmt: skip
def test_admission(said: str, code: str, message: str) -> None:
    train = job(gpus=8)
    why = ask("job/train", train, event(train, "FailedCreate", f"Error creating: {said}"))
    assert why.sentence == f"job/train is not created: {message}."
    assert (why.code, why.exit) == (code, Exit.BLOCKED)


def test_a_replica_set_says_it_in_a_condition() -> None:
    web = obj("Deployment", "web", "apps/v1", spec={"replicas": 1, "template": template(1)})
    said = 'pods "web-1" is forbidden: no PriorityClass with name gold was found'
    replicas = obj(
        "ReplicaSet", "web-1", "apps/v1", spec={"replicas": 1, "template": template(1)},
        status={"conditions": [condition("ReplicaFailure", "FailedCreate", said)]},
    )  # fmt: skip
    why = ask("web", web, owned(replicas, web))
    assert (why.object, why.code) == ("deployment/web", "PriorityClassMissing")


# --- members ----------------------------------------------------------------------------------------------------------


def test_a_stateful_set_makes_one_pod_after_the_other() -> None:
    web = obj("StatefulSet", "web", "apps/v1", spec={"replicas": 3, "template": template(1)})
    first = owned(pod("web-0", 1, on="gpu-1", status={"conditions": [], "containerStatuses": []}), web)
    why = ask("sts/web", web, first, node("gpu-1"))
    assert why.sentence == (
        "statefulset/web waits: 2 of its 3 pods are not there: it makes its pods one after the other, "
        "and web-0 is not ready."
    )
    assert (why.code, why.exit) == ("MembersWait", Exit.WAITING)


def test_the_jobs_of_a_set_start_one_after_the_other() -> None:
    one = {"replicas": 1, "template": {"spec": {"parallelism": 1, "completions": 1, "template": template(1)}}}
    jobs = [{"name": "driver", **one}, {"name": "workers", **one}]
    spec = {"replicatedJobs": jobs, "startupPolicy": {"startupPolicyOrder": "InOrder"}}
    above = obj("JobSet", "train", "jobset.x-k8s.io/v1alpha2", spec=spec)
    labels = {"labels": {"jobset.sigs.k8s.io/replicatedjob-name": "driver"}}
    driver = owned(job("train-driver-0", meta=labels), above)
    why = ask("train", above, driver, owned(pod("train-driver-0-x", on="gpu-1"), driver), node("gpu-1"))
    assert why.sentence == (
        "jobset/train waits: 1 of its 2 pods is not there: its jobs start one after the other, and workers must wait."
    )
    assert (why.code, why.exit) == ("MembersWait", Exit.WAITING)


def test_nobody_makes_the_pods() -> None:
    why = ask("job/train", job(pods=4, gpus=8))
    assert why.sentence == (
        "job/train waits: its controller has made 0 of 4 pods, and nothing that we can see forbids the rest; "
        "is its controller running?"
    )
    assert (why.code, why.exit) == ("MembersWait", Exit.WAITING)


# --- gates and gangs --------------------------------------------------------------------------------------------------


def test_a_scheduling_gate() -> None:
    gated = pod(gpus=1, schedulingGates=[{"name": "example.com/wait"}])
    why = ask("train-7", node("gpu-1"), gated)
    assert why.sentence == (
        "train-7 waits: the scheduling gate example.com/wait keeps the scheduler from looking at it; "
        "whoever set it must take it away."
    )
    assert (why.code, why.exit) == ("SchedulingGated", Exit.WAITING)
    assert layer(why, "nodes").message == "1 node could take it now: gpu-1"


def gang(count: int = 3) -> Json:
    spec = {"schedulingPolicy": {"gang": {"minCount": count}}}
    return obj("PodGroup", "crew", "scheduling.k8s.io/v1beta1", spec=spec)


def crew(name: str, **more: object) -> Json:
    return pod(name, 8, schedulingGroup={"podGroupName": "crew"}, **more)  # type: ignore[arg-type]


def test_a_gang_below_its_minimum() -> None:
    why = ask("a", gang(), crew("a"), crew("b"), node("gpu-1"))
    assert why.sentence == "a waits: gang crew starts with 3 pods at once, and only 2 exist."
    assert (why.code, why.exit) == ("GangIncomplete", Exit.WAITING)


def test_a_member_of_a_gang_is_gated() -> None:
    held = crew("c", schedulingGates=[{"name": "example.com/wait"}])
    why = ask("a", gang(), crew("a"), crew("b"), held, node("gpu-1"))
    assert why.sentence == "a waits: gang crew starts with 3 pods at once, and c is held by scheduling gates."


def test_a_gang_without_its_group() -> None:
    why = ask("a", crew("a"), node("gpu-1"), served=("podgroups.scheduling.k8s.io",))
    assert why.sentence == "a waits: it belongs to the PodGroup crew, which does not exist in namespace ml."
    assert (why.code, why.exit) == ("PodGroupMissing", Exit.BLOCKED)


def test_a_gang_that_does_not_fit_at_once() -> None:
    said = unschedulable("pod group is unschedulable, minCount (3) cannot be satisfied: 2 scheduled, 0 remaining")
    why = ask("a", gang(), *(crew(name, status=said) for name in "abc"), node("gpu-1"), node("gpu-2"))
    assert why.sentence == "a waits: gang crew starts with 3 pods at once, and only 2 of them fit now."
    assert (why.code, why.exit) == ("GangShort", Exit.NO_CAPACITY)
    assert why.next == "k8sai fit --gpus 8 --pods 3 --resource nvidia.com/gpu --cpu 1 -n ml"
    nodes = layer(why, "nodes")
    assert (nodes.status, nodes.code) == ("ok", "")
    assert nodes.message == "each of 2 nodes could take one pod now: gpu-1 and gpu-2; the gang needs 3 at once"


def test_what_fit_is_asked_says_all_that_flags_can() -> None:
    picky: Json = {
        "memory": "64Gi",
        "nodeSelector": {"pool": "train"},
        "tolerations": [
            {"key": "team", "value": "ml", "effect": "NoSchedule"},
            {"key": "node.kubernetes.io/not-ready", "operator": "Exists", "effect": "NoExecute"},
        ],
    }
    pods = [crew(name, **picky) for name in "abc"]
    why = ask("a", gang(), *pods, node("gpu-1", labels={"pool": "train"}))
    assert why.next == (
        "k8sai fit --gpus 8 --pods 3 --resource nvidia.com/gpu --cpu 1 --memory 64Gi -l pool=train "
        "--tolerate team=ml:NoSchedule -n ml"
    )


def test_a_gang_by_its_group() -> None:
    pods = [crew(name) for name in "abc"]
    why = ask("podgroup/crew", gang(), *pods, pod("other", 1), node("gpu-1"), node("gpu-2"))
    assert why.sentence == (
        "podgroup/crew: 3 of 3 pods wait, like a: gang crew starts with 3 pods at once, and only 2 of them fit now."
    )
    assert (why.code, why.exit, why.members[0].pods) == ("GangShort", Exit.NO_CAPACITY, ("a", "b", "c"))
    assert (
        ask("pg/crew", gang(1), crew("a", on="gpu-1"), node("gpu-1")).sentence == "podgroup/crew runs: 1 of 1 pod runs."
    )


def test_a_group_without_pods() -> None:
    why = ask("podgroup/crew", gang(), node("gpu-1"))
    assert (why.sentence, why.exit) == ("podgroup/crew waits: no pod names it.", Exit.WAITING)


@pytest.mark.parametrize(
    ("api", "metadata"),
    [
        ("scheduling.x-k8s.io/v1alpha1", {"labels": {"scheduling.x-k8s.io/pod-group": "crew"}}),
        ("scheduling.volcano.sh/v1beta1", {"annotations": {"scheduling.k8s.io/group-name": "crew"}}),
        ("scheduling.run.ai/v2alpha2", {"annotations": {"pod-group-name": "crew"}}),
    ],
)
def test_gangs_of_other_schedulers(api: str, metadata: dict[str, dict[str, str]]) -> None:
    group = obj("PodGroup", "crew", api, spec={"minMember": 2})
    why = ask("a", group, pod("a", 8, schedulerName="volcano", **metadata), node("gpu-1"))  # type: ignore[arg-type]
    assert why.sentence == "a waits: gang crew starts with 2 pods at once, and only 1 exists."
    assert (why.code, why.exit) == ("GangIncomplete", Exit.WAITING)
    assert layer(why, "nodes").message == "1 node could take one pod now: gpu-1; the gang needs 2 at once"
    whole = ask("podgroup/crew", group, pod("a", 8, schedulerName="volcano", **metadata), node("gpu-1"))  # type: ignore[arg-type]
    assert (whole.object, whole.code) == ("podgroup/crew", "GangIncomplete")
