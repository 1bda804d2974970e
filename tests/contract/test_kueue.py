"""Kueue: who gets quota, who waits and with which words, who is evicted for whom, how it ends."""

from collections.abc import Callable

from tests.contract.conftest import Nodes
from tests.contract.queues import GPU, QUEUE, Queues, condition, holds, told, why

DONE = {"test.k8sai.dev/complete-after": "1ms", "sim.k8sai.dev/run-for": "1ms"}  # a short life, to either kubelet
_POD_SET = "couldn't assign flavors to pod set main: "


def test_a_job_is_held_back_until_its_workload_is_admitted(queues: Queues) -> None:
    queues.make("a", 8)
    made = queues.job("train", "a", 2)
    assert made["spec"]["suspend"] is True
    workload = queues.admitted("train")
    meta = workload["metadata"]
    assert meta["name"].rpartition("-")[0] == "job-train"
    assert len(meta["name"].rpartition("-")[2]) == 5
    assert meta["labels"] == {"kueue.x-k8s.io/job-uid": made["metadata"]["uid"]}
    (owner,) = meta["ownerReferences"]
    assert (owner["kind"], owner["name"], owner["controller"]) == ("Job", "train", True)
    spec = workload["spec"]
    assert (spec["queueName"], spec["active"], spec["priority"]) == ("a", True, 0)
    (pod_set,) = spec["podSets"]
    assert (pod_set["name"], pod_set["count"]) == ("main", 1)
    assert pod_set["template"]["metadata"]["labels"] == {"batch.kubernetes.io/job-name": "train"}
    assert workload["status"]["admission"] == {
        "clusterQueue": queues.name("a"),
        "podSetAssignments": [
            {
                "name": "main",
                "count": 1,
                "flavors": {"cpu": queues.name("f"), GPU: queues.name("f")},
                "resourceUsage": {"cpu": "1", GPU: "2"},
            }
        ],
    }
    assert told(workload, "QuotaReserved") == ("True", "QuotaReserved")
    assert why(workload) == f"Quota reserved in ClusterQueue {queues.name('a')}"
    assert told(workload, "Admitted") == ("True", "Admitted")
    assert condition(workload, "Admitted")["message"] == "The workload is admitted"
    queues.api.until_object(f"{queues.jobs}/train", lambda job: job["spec"]["suspend"] is False)


def test_a_jobs_name_makes_the_name_of_its_workload_by_its_hash(queues: Queues) -> None:
    import hashlib

    queues.make("a", 8)
    uid = queues.job("train", "a", 2)["metadata"]["uid"]
    digest = hashlib.sha1(f"Job\nbatch\ntrain\n{uid}".encode(), usedforsecurity=False).hexdigest()
    assert queues.admitted("train")["metadata"]["name"] == f"job-train-{digest[:5]}"


def test_pods_get_the_flavors_labels_and_tolerations(queues: Queues) -> None:
    toleration = {"key": "lab", "operator": "Exists", "effect": "NoSchedule"}
    queues.flavor("lab", nodeLabels={"contract.k8sai.dev/lab": "x"}, tolerations=[toleration])
    queues.make("a", 8, flavors=("lab",))
    queues.job("train", "a", 2, nodeSelector={"own": "y"})
    workload = queues.admitted("train")["metadata"]["name"]
    job = queues.api.until_object(f"{queues.jobs}/train", lambda one: one["spec"]["suspend"] is False)
    template = job["spec"]["template"]
    assert template["spec"]["nodeSelector"] == {"own": "y", "contract.k8sai.dev/lab": "x"}
    assert template["spec"]["tolerations"] == [toleration]
    assert template["metadata"]["annotations"] == {"kueue.x-k8s.io/workload": workload}
    marks = {key: value for key, value in template["metadata"]["labels"].items() if key.startswith("kueue.x-k8s.io/")}
    assert marks == {
        "kueue.x-k8s.io/cluster-queue-name": queues.name("a"),
        "kueue.x-k8s.io/local-queue-name": "a",
        "kueue.x-k8s.io/podset": "main",
    }


def test_who_is_short_of_quota_is_told_how_much(queues: Queues) -> None:
    queues.make("a", 8)
    queues.job("first", "a", 6)
    queues.admitted("first")
    queues.job("second", "a", 3)
    waiting = queues.waits("second", "more needed")
    assert told(waiting, "QuotaReserved") == ("False", "Pending")
    assert why(waiting) == f"{_POD_SET}insufficient unused quota for {GPU} in flavor {queues.name('f')}, 1 more needed"
    (requests,) = waiting["status"]["resourceRequests"]
    assert requests == {"name": "main", "resources": {"cpu": "1", GPU: "3"}}
    queues.api.delete(f"{queues.jobs}/first", {"propagationPolicy": "Background"}).ok()
    admitted = queues.admitted("second")
    assert "resourceRequests" not in admitted["status"]


def test_who_can_never_have_so_much_is_told_so(queues: Queues) -> None:
    queues.make("a", 8)
    queues.job("giant", "a", 9)
    waiting = queues.waits("giant", "maximum capacity")
    asks = "previously considered podsets requests (0) + current podset request (9) > maximum capacity (8)"
    assert why(waiting) == f"{_POD_SET}insufficient quota for {GPU} in flavor {queues.name('f')}, {asks}"


def test_a_resource_that_is_not_covered_is_named(queues: Queues) -> None:
    spec = queues.spec(8)
    (group,) = spec["resourceGroups"]
    group["coveredResources"], group["flavors"][0]["resources"] = [GPU], [{"name": GPU, "nominalQuota": "8"}]
    queues.cluster_wide("clusterqueues", "ClusterQueue", "a", spec=spec)
    queues.local("a", queues.name("a"))
    queues.job("train", "a", 1)
    assert why(queues.waits("train", "unavailable")) == f"{_POD_SET}resource cpu unavailable in ClusterQueue"


def test_a_team_borrows_what_another_does_not_use(queues: Queues) -> None:
    queues.make("a", 4, "co")
    queues.make("b", 4, "co", limits={"borrowingLimit": "2"})
    queues.job("over", "b", 6)
    queues.admitted("over")
    queue = queues.api.until_object(
        queues.cluster_queue("b"), lambda one: one.get("status", {}).get("admittedWorkloads") == 1
    )
    (flavor,) = queue["status"]["flavorsReservation"]
    assert {one["name"]: (one["total"], one["borrowed"]) for one in flavor["resources"]} == {
        "cpu": ("1", "0"),
        GPU: ("6", "2"),
    }
    assert queue["status"]["flavorsUsage"] == queue["status"]["flavorsReservation"]
    counted = {key: queue["status"][key] for key in ("pendingWorkloads", "reservingWorkloads", "admittedWorkloads")}
    assert counted == {"pendingWorkloads": 0, "reservingWorkloads": 1, "admittedWorkloads": 1}
    queues.job("more", "b", 1)
    assert why(queues.waits("more", "more needed")).endswith("1 more needed")
    queues.job("lender", "a", 3)
    assert why(queues.waits("lender", "more needed")).endswith("1 more needed")


def test_flavors_are_tried_in_their_order(queues: Queues) -> None:
    queues.flavor("lab", nodeTaints=[{"key": "team", "value": "vision", "effect": "NoSchedule"}])
    queues.flavor("g", nodeLabels={"gpu": "g"})
    queues.make("a", 4, flavors=("lab", "f", "g"))
    queues.job("one", "a", 3)
    queues.job("picky", "a", 1, nodeSelector={"gpu": "g"})
    one, picky = queues.admitted("one"), queues.admitted("picky")
    (first,), (second,) = (each["status"]["admission"]["podSetAssignments"] for each in (one, picky))
    assert (first["flavors"][GPU], second["flavors"][GPU]) == (queues.name("f"), queues.name("f"))
    queues.job("two", "a", 4)
    (third,) = queues.admitted("two")["status"]["admission"]["podSetAssignments"]
    assert third["flavors"][GPU] == queues.name("g")


def test_flavors_that_are_not_for_it_say_why(queues: Queues) -> None:
    queues.flavor("lab", nodeTaints=[{"key": "team", "value": "vision", "effect": "NoSchedule"}])
    queues.flavor("g", nodeLabels={"gpu": "g"})
    queues.make("a", 8, flavors=("lab", "g", "f"))
    queues.job("lost", "a", 9, nodeSelector={"gpu": "h"})
    lab, g, f = map(queues.name, ("lab", "g", "f"))
    asks = "previously considered podsets requests (0) + current podset request (9) > maximum capacity (8)"
    assert why(queues.waits("lost", "affinity")) == (
        f"{_POD_SET}flavor {g} doesn't match node affinity, insufficient quota for {GPU} in flavor {f}, {asks}, "
        f"untolerated taint {{team vision NoSchedule <nil>}} in flavor {lab}"
    )


def test_a_job_that_can_do_with_fewer_pods_gets_fewer(queues: Queues) -> None:
    queues.make("a", 8)
    resources = {"requests": {"cpu": "1", GPU: "2"}, "limits": {GPU: "2"}}
    container = {"name": "main", "image": "registry.example/x:1", "resources": resources}
    template = {"spec": {"restartPolicy": "Never", "containers": [container]}}
    metadata = {"name": "wide", "labels": {QUEUE: "a"}, "annotations": {"kueue.x-k8s.io/job-min-parallelism": "3"}}
    spec = {"parallelism": 6, "completions": 6, "template": template}
    queues.api.post(queues.jobs, {"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata, "spec": spec}).ok()
    workload = queues.admitted("wide")
    (asked,), (given,) = workload["spec"]["podSets"], workload["status"]["admission"]["podSetAssignments"]
    assert (asked["count"], asked["minCount"], given["count"]) == (6, 3, 4)
    assert given["resourceUsage"] == {"cpu": "4", GPU: "8"}
    queues.api.until_object(f"{queues.jobs}/wide", lambda job: job["spec"]["parallelism"] == 4)


def test_a_more_important_job_takes_the_place_of_another(queues: Queues) -> None:
    queues.priority("high", 1000)
    queues.make("a", 8, "co", preemption={"withinClusterQueue": "LowerPriority"})
    queues.job("victim", "a", 8)
    queues.admitted("victim")
    high = queues.job("high", "a", 8, priority="high")
    preemptor = queues.admitted("high")
    assert preemptor["spec"]["priorityClassRef"] == {
        "group": "kueue.x-k8s.io",
        "kind": "WorkloadPriorityClass",
        "name": queues.name("high"),
    }
    victim = queues.until("victim", lambda one: told(one, "QuotaReserved") == ("False", "Pending"))
    path = f"/{queues.name('co')}/{queues.name('a')}"
    message = (
        f"Preempted to accommodate a workload (UID: {preemptor['metadata']['uid']}, JobUID: {high['metadata']['uid']}) "
        f"due to prioritization in the ClusterQueue; preemptor path: {path}; preemptee path: {path}"
    )
    assert told(victim, "Evicted") == ("True", "Preempted")
    assert told(victim, "Preempted") == ("True", "InClusterQueue")
    assert told(victim, "Requeued") == ("True", "Preempted")
    assert told(victim, "Admitted") == ("False", "NoReservation")
    assert {condition(victim, kind)["message"] for kind in ("Evicted", "Preempted", "Requeued")} == {message}
    assert victim["status"]["schedulingStats"]["evictions"] == [
        {"reason": "Preempted", "underlyingCause": "", "count": 1}
    ]
    job = queues.api.until_object(f"{queues.jobs}/victim", lambda one: one["spec"]["suspend"] is True)
    assert not any(key.startswith("kueue") for key in job["spec"]["template"]["metadata"].get("labels", {}))
    queues.api.delete(f"{queues.jobs}/high", {"propagationPolicy": "Background"}).ok()
    again = queues.admitted("victim")
    assert told(again, "Evicted") == ("False", "QuotaReserved")
    assert condition(again, "Evicted")["message"] == f"Previously: {message}"


def test_a_lender_takes_back_what_is_its_own(queues: Queues) -> None:
    queues.make("a", 4, "co", preemption={"reclaimWithinCohort": "Any"})
    queues.make("b", 4, "co")
    queues.job("borrower", "b", 8)
    queues.admitted("borrower")
    queues.job("owner", "a", 2)
    queues.admitted("owner")
    victim = queues.until("borrower", lambda one: told(one, "Preempted") == ("True", "InCohortReclamation"))
    assert "due to reclamation within the cohort;" in condition(victim, "Preempted")["message"]


def test_a_strict_head_blocks_those_behind_it(queues: Queues) -> None:
    queues.make("a", 8, queueingStrategy="StrictFIFO")
    queues.priority("high", 10)
    queues.job("giant", "a", 9, priority="high")
    queues.waits("giant", "maximum capacity")
    queues.job("small", "a", 1)
    small = queues.until("small", lambda one: told(one, "PodsReady") == ("False", "WaitForStart"))
    queues.make("b", 1)  # by when it works, a cycle has passed
    assert condition(small, "QuotaReserved") == {}
    queues.api.delete(f"{queues.jobs}/giant", {"propagationPolicy": "Background"}).ok()
    queues.admitted("small")


def test_a_finished_job_gives_its_quota_back(queues: Queues, nodes: Callable[..., Nodes]) -> None:
    queues.make("a", 4)
    queues.job("short", "a", 4, annotations=DONE, nodeSelector=nodes().selector)
    done = queues.until("short", lambda one: holds(one, "Finished"))
    assert told(done, "Finished") == ("True", "Succeeded")
    assert condition(done, "Finished")["message"] == "Reached expected number of succeeded pods"
    assert holds(done, "QuotaReserved")
    assert holds(done, "Admitted")
    queues.job("next", "a", 4)
    queues.admitted("next")


def test_a_jobset_is_one_workload_with_a_pod_set_per_replicated_job(queues: Queues) -> None:
    queues.make("a", 8)

    def replicated(name: str, replicas: int, pods: int) -> dict[str, object]:
        requests = {"resources": {"requests": {"cpu": "1"}}}
        container = {"name": "main", "image": "registry.example/train:1", **requests}
        template = {"spec": {"restartPolicy": "Never", "containers": [container]}}
        job = {"spec": {"parallelism": pods, "completions": pods, "template": template}}
        return {"name": name, "replicas": replicas, "template": job}

    path = f"/apis/jobset.x-k8s.io/v1alpha2/namespaces/{queues.namespace}/jobsets"
    body = {
        "apiVersion": "jobset.x-k8s.io/v1alpha2",
        "kind": "JobSet",
        "metadata": {"name": "gang", "labels": {QUEUE: "a"}},
        "spec": {"replicatedJobs": [replicated("leader", 1, 1), replicated("workers", 2, 3)]},
    }
    assert queues.api.post(path, body).ok()["spec"]["suspend"] is True
    workload = queues.admitted("gang")
    assert workload["metadata"]["name"].startswith("jobset-gang-")
    assert [(one["name"], one["count"]) for one in workload["spec"]["podSets"]] == [("leader", 1), ("workers", 6)]
    usage = [one["resourceUsage"] for one in workload["status"]["admission"]["podSetAssignments"]]
    assert usage == [{"cpu": "1"}, {"cpu": "6"}]
    queues.api.until(f"/api/v1/namespaces/{queues.namespace}/pods", lambda pods: len(pods) == 7)
    queues.api.delete(f"{path}/gang", {"propagationPolicy": "Background"}).ok()
