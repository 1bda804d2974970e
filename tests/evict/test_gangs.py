"""Pods to gangs: the owner at the top decides, every pod of it belongs to it, each kind is read once."""

from typing import Any

import pytest

from tests.evict.gang_shelf import NAMESPACE, GangShelf, job, jobset, made, names, of_jobset, one, owner_of, pod

Json = dict[str, Any]
TRAINER = "trainer.kubeflow.org/v1alpha1"
LWS = "leaderworkerset.x-k8s.io/v1"


def test_a_job_is_a_gang_with_its_pods_on_other_nodes_too() -> None:
    owner = job("llm")
    shelf = GangShelf(owner, pod("llm-0-x", owner, node="a"), pod("llm-1-x", owner, node="b"), pod("other"))
    found = one(shelf, "llm-0-x")
    assert (found.title, found.kind, found.id) == (f"{NAMESPACE}/llm", "Job", "job-llm")
    assert (names(found), found.expected, found.managed) == (["llm-0-x", "llm-1-x"], 2, True)
    assert (found.switch.kind, found.switch.path) == ("suspend", ("spec", "suspend"))
    assert found.switch.on is not None and found.switch.on.title == "job/llm"


def test_of_a_train_job_only_the_top_is_stopped() -> None:
    top = made(TRAINER, "TrainJob", "vit", {"trainer": {"numNodes": 4}})
    found = one(GangShelf(top, *of_jobset(jobset("vit", by=top))), "vit-w-0-0-abcde")
    assert found.switch.on is not None
    assert (found.kind, found.switch.on.title, found.expected, len(found.pods)) == ("TrainJob", "trainjob/vit", 4, 4)
    assert [obj["kind"] for obj in found.objects] == ["Job", "JobSet", "TrainJob"]


def test_a_cron_job_has_no_hold_on_the_job_it_made() -> None:
    owner = job("nightly", by=made("batch/v1", "CronJob", "nightly"))
    assert one(GangShelf(owner, pod("nightly-0-x", owner))).kind == "Job"


def test_each_kind_is_read_once_and_no_pod_alone() -> None:
    """Whatever the number of pods."""
    shelf = GangShelf(*(obj for index in range(20) for obj in of_jobset(jobset(f"llm{index}"))))
    assert len(shelf.resolved().gangs) == 20
    assert dict(shelf.reads) == {"list pods": 1, "list jobs.batch": 1, "list jobsets.jobset.x-k8s.io": 1}


def lws(replicas: int, by: Json | None = None) -> list[Json]:
    """With two pods a group, as its controller makes them: workers are owned by a StatefulSet that the leader owns."""
    spec = {"replicas": replicas, "leaderWorkerTemplate": {"size": 2}}
    top = made(LWS, "LeaderWorkerSet", "serve", spec, by)
    leaders = made("apps/v1", "StatefulSet", "serve", {"replicas": replicas}, top)
    objects = [top, leaders]
    for group in map(str, range(replicas)):
        marks = {"leaderworkerset.sigs.k8s.io/name": "serve", "leaderworkerset.sigs.k8s.io/group-index": group}
        rank = "leaderworkerset.sigs.k8s.io/worker-index"
        leader = pod(f"serve-{group}", leaders, labels={**marks, rank: "0"})
        workers = made("apps/v1", "StatefulSet", f"serve-{group}", {"replicas": 1}, leader)
        objects += [leader, workers, pod(f"serve-{group}-1", workers, labels={**marks, rank: "1"})]
    return objects


def test_one_group_alone_is_scaled_to_nothing() -> None:
    found = one(GangShelf(*lws(1)), "serve-0-1")
    assert (found.switch.kind, found.switch.path, found.expected) == ("scale", ("spec", "replicas"), 2)
    assert names(found) == ["serve-0", "serve-0-1"]


def test_one_group_of_several_is_a_gang_whose_leader_is_evicted() -> None:
    found = one(GangShelf(*lws(3)), "serve-1-1")
    assert (found.id, found.title) == ("leaderworkerset-serve/1", f"{NAMESPACE}/serve/1")
    assert found.switch.on is not None
    assert (found.switch.kind, found.switch.on.name, found.switch.on.uid) == ("leader", "serve-1", "pod-serve-1")
    assert names(found) == ["serve-1", "serve-1-1"]


def test_a_group_without_its_leader_has_no_switch() -> None:
    objects = [obj for obj in lws(2) if obj["metadata"]["name"] != "serve-1" or obj["kind"] != "Pod"]
    found = next(gang for gang in GangShelf(*objects).resolved().gangs if "serve-1-1" in names(gang))
    assert found.switch.kind == "none" and found.refusal


def test_of_a_disaggregated_set_no_replicas_are_written() -> None:
    top = made("disaggregatedset.x-k8s.io/v1", "DisaggregatedSet", "pd")
    assert one(GangShelf(top, *lws(1, by=top)), "serve-0-1").switch.kind == "leader"


@pytest.mark.parametrize(
    ("kind", "path"),
    [("PyTorchJob", ("spec", "runPolicy", "suspend")), ("MPIJob", ("spec", "runPolicy", "suspend"))],
)
def test_the_first_training_operator(kind: str, path: tuple[str, ...]) -> None:
    word = kind.removesuffix("Job").lower()
    replicas = {"Master": {"replicas": 1}, "Worker": {"replicas": 3}}
    top = made("kubeflow.org/v1", kind, "old", {f"{word}ReplicaSpecs": replicas})
    found = one(GangShelf(top, pod("old-worker-0", top), pod("old-worker-1", top)), "old-worker-0")
    assert (found.kind, found.switch.kind, found.switch.path, found.expected) == (kind, "suspend", path, 4)


def ray(spec: Json, kind: str = "RayJob") -> GangShelf:
    top = made("ray.io/v1", kind, "tune", spec)
    group = {"replicas": 2, "numOfHosts": 2}
    cluster = made("ray.io/v1", "RayCluster", "tune-abcde", {"workerGroupSpecs": [group]}, top)
    head = pod("tune-head", cluster, gpus=0, labels={"ray.io/node-type": "head"})
    return GangShelf(top, cluster, head, pod("tune-worker-0", cluster))


def test_a_ray_job_is_suspended_with_its_cluster_and_what_submits_it() -> None:
    shelf = ray({"shutdownAfterJobFinishes": True})
    submitter = job("tune", 1, by=shelf.objects[0])
    shelf.objects[:0] = [pod("tune-0-x", submitter, gpus=0), submitter]
    for name in ("tune-0-x", "tune-worker-0"):
        found = one(shelf, name)
        assert found.switch.on is not None
        assert (found.switch.on.title, found.expected, len(found.pods)) == ("rayjob/tune", 5, 3)


@pytest.mark.parametrize(
    ("kind", "spec", "why"),
    [
        ("RayJob", {}, "shutdownAfterJobFinishes"),
        ("RayJob", {"clusterSelector": {"a": "b"}, "shutdownAfterJobFinishes": True}, "not its own"),
        ("RayService", {}, "no switch"),
    ],
)
def test_what_ray_does_not_suspend_is_refused(kind: str, spec: Json, why: str) -> None:
    found = one(ray(spec, kind), "tune-worker-0")
    assert found.switch.kind == "none" and why in found.refusal


def test_a_ray_cluster_of_its_own_is_suspended() -> None:
    cluster = made("ray.io/v1", "RayCluster", "tune", {})
    assert one(GangShelf(cluster, pod("tune-head", cluster))).switch.kind == "suspend"


def test_volcano_pods_are_evicted() -> None:
    top = made("batch.volcano.sh/v1alpha1", "Job", "mpi", {"tasks": [{"replicas": 2}]})
    found = one(GangShelf(top, pod("mpi-0", top), pod("mpi-1", top)))
    assert (found.kind, found.switch.kind, found.expected, found.managed) == ("Job", "evict", 2, True)


# --- what is no gang --------------------------------------------------------------------------------------------------


def test_loose_are_those_that_go_one_by_one() -> None:
    def replica(name: str, kind: str, **more: Any) -> Json:
        return pod(name, made("apps/v1", kind, name), **more)

    done = {**pod("done", job("done")), "status": {"phase": "Succeeded"}}
    mirror = pod("static", annotations={"kubernetes.io/config.mirror": "x"})
    single = job("cpu", parallelism=1)
    database = made("apps/v1", "StatefulSet", "db", {"replicas": 2})
    shelf = GangShelf(
        replica("web", "ReplicaSet"), replica("agent", "DaemonSet"), done, mirror, single, database,
        pod("shell", gpus=0),
        pod("cpu-0-x", single, gpus=0), pod("db-0", database, gpus=0), pod("db-1", database, gpus=0),
        pod("op-0", made("example.com/v1", "Postgres", "op"), gpus=0),
    )  # fmt: skip
    found = shelf.resolved()
    assert found.gangs == ()
    assert len(found.loose) == 9


def test_a_contract_or_a_gpu_makes_a_gang_of_one() -> None:
    says = {"k8sai.dev/checkpoint": "exec"}
    web = pod("web", made("apps/v1", "ReplicaSet", "web"), gpus=0, annotations=says)
    notebook, alone = pod("notebook"), pod("shell", gpus=0, annotations=says)
    single = job("sft", parallelism=1)
    claimed = pod("dra", gpus=0)
    claimed["spec"]["resourceClaims"] = [{"name": "gpu"}]
    found = GangShelf(web, notebook, alone, single, pod("sft-0-x", single), claimed).resolved().gangs
    assert {gang.ref.name: (gang.kind, gang.switch.kind, gang.managed) for gang in found} == {
        "web": ("Pod", "evict", True),
        "notebook": ("Pod", "evict", False),
        "shell": ("Pod", "evict", False),
        "sft": ("Job", "suspend", True),
        "dra": ("Pod", "evict", False),
    }


# --- what cannot be told ----------------------------------------------------------------------------------------------


def test_an_unknown_owner_is_refused_with_its_kind() -> None:
    owner = made("example.com/v1", "Magic", "m")
    found = one(GangShelf(pod("m-0", owner), pod("m-1", owner)), "m-0")
    assert (found.switch.kind, names(found)) == ("none", ["m-0", "m-1"])
    assert "magic/m (example.com/v1) is of a kind that k8sai cannot stop" in found.refusal
    assert "k8sai.dev/gang" in found.refusal


def test_an_unknown_owner_above_a_known_one_is_refused_too() -> None:
    top = made("example.com/v1", "Pipeline", "p")
    found = one(GangShelf(*of_jobset(jobset("llm", by=top))), "llm-w-0-0-abcde")
    assert (found.kind, found.ref.name, len(found.pods)) == ("JobSet", "llm", 4)
    assert found.switch.kind == "none" and "pipeline/p" in found.refusal


def test_an_owner_that_may_not_be_read_is_refused_with_the_right_that_is_missing() -> None:
    found = one(GangShelf(*of_jobset(jobset("llm")), forbidden=["jobsets.jobset.x-k8s.io"]), "llm-w-0-0-abcde")
    assert found.switch.kind == "none" and len(found.pods) == 4
    assert "its owner jobset/llm may not be read" in found.refusal
    assert "list jobsets.jobset.x-k8s.io" in found.refusal


def test_an_owner_that_may_only_be_read_alone_is() -> None:
    found = one(GangShelf(*of_jobset(jobset("llm")), forbidden=["list jobsets.jobset.x-k8s.io"]), "llm-w-0-0-abcde")
    assert (found.refusal, found.switch.kind) == ("", "suspend")


def test_another_owner_of_the_same_name_is_not_the_owner() -> None:
    old = job("llm")
    new = {**old, "metadata": {**old["metadata"], "uid": "another"}}
    found = one(GangShelf(new, pod("llm-0-x", old)))
    assert found.refusal == "its owner job/llm is gone"


def test_pods_that_may_not_all_be_read_are_refused() -> None:
    owner = job("llm")
    shelf = GangShelf(owner, pod("llm-0-x", owner), forbidden=["list pods"])
    assert one(shelf).refusal == "not all pods of its namespace may be read"


def test_a_reference_that_does_not_control_is_no_owner() -> None:
    shared = {**owner_of(made("example.com/v1", "Magic", "m")), "controller": False}
    found = one(GangShelf(pod("shell", ownerReferences=[shared])))
    assert (found.kind, found.refusal) == ("Pod", "")
