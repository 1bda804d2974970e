"""`queue move` on a real Kueue: every case in the life of Jobs and JobSets, and what is left when it breaks off."""

from collections.abc import Callable

import pytest

from k8sai.errors import Exit
from k8sai.queues.acting.stopping import MOVING
from tests.contract.api import Json
from tests.controlplane.queue_yard import KUEUE, QUEUE, Yard, accepted, holds
from tests.controlplane.server import ControlPlane

pytestmark = pytest.mark.controlplane
KINDS = pytest.mark.parametrize("kind", ["Job", "JobSet"])
ARRIVED = ("two", "two", True, False)


@pytest.fixture
def yard(plane: ControlPlane, addon: Callable[..., None]) -> Yard:
    addon("jobset", "kueue")
    return Yard(plane)


def word(job: str) -> str:
    return job.lower()


def same(yard: Yard, job: str, before: Json) -> bool:
    """The Workload is the one it was, as old as it was."""
    after = yard.workload(job)["metadata"]
    return all(after[key] == before["metadata"][key] for key in ("name", "uid", "creationTimestamp"))


@KINDS
def test_waiting(yard: Yard, kind: str) -> None:
    """Only its label is written. It goes before a younger one that waits there, as Kueue's own positions say."""
    yard.runs(yard.job("first"))
    yard.runs(yard.job("second", "two"))
    job = yard.job("older", kind=kind)
    before = yard.waits(job)
    yard.later(job)
    yard.waits(yard.job("younger", "two"))
    ended, writes = yard.written("move", word(job), "--to", "two")
    assert (ended.code, accepted(writes)) == (Exit.OK, [f"patch {kind.lower()}s"]), ended.err
    assert f"stands at 1 of 2 in ClusterQueue {yard.cq('two')}: it keeps its age" in ended.err
    assert yard.standing(job) == ARRIVED and same(yard, job, before)
    ended, writes = yard.written("move", word(job), "--to", "two")
    assert (ended.code, writes) == (Exit.OK, [])
    assert not holds(yard.workload(job), "Evicted")


@KINDS
def test_running_without_evict_writes_nothing(yard: Yard, kind: str) -> None:
    job = yard.job("runs", kind=kind)
    yard.runs(job)
    before = yard.pods()
    ended, writes = yard.written("move", word(job), "--to", "two")
    assert (ended.code, ended.out, writes) == (Exit.REFUSED, "", [])
    assert f"{word(job)} is running in one: nothing was written" in ended.err
    assert yard.pods() == before
    assert yard.standing(job) == ("one", "one", True, False)


def test_reserved_without_evict_writes_nothing(yard: Yard) -> None:
    yard.checked()
    job = yard.job("reserved", "checked")
    yard.until(job, lambda one: holds(one, "QuotaReserved"))
    ended, writes = yard.written("move", word(job), "--to", "two")
    assert (ended.code, ended.out, writes) == (Exit.REFUSED, "", [])
    assert "has quota reserved and waits for its admission checks in checked" in ended.err


@KINDS
def test_running_with_evict(yard: Yard, kind: str) -> None:
    job = yard.job("runs", kind=kind)
    before = yard.runs(job)
    ended, writes = yard.written("move", word(job), "--to", "two", "--evict", "--timeout", "60s")
    assert ended.code == Exit.OK, ended.err
    assert accepted(writes) == ["patch workloads", f"patch {kind.lower()}s", "patch workloads"]
    assert yard.standing(job) == ARRIVED and same(yard, job, before)
    admitted = yard.until(job, lambda one: holds(one, "Admitted"))
    assert admitted["status"]["admission"]["clusterQueue"] == yard.cq("two")
    yard.runs(job)
    assert yard.standing(job) == ARRIVED


def test_reserved_with_evict(yard: Yard) -> None:
    yard.checked()
    job = yard.job("reserved", "checked")
    yard.until(job, lambda one: holds(one, "QuotaReserved"))
    ended = yard("move", word(job), "--to", "two", "--evict", "--timeout", "60s")
    assert ended.code == Exit.OK, ended.err
    assert yard.standing(job) == ARRIVED
    yard.runs(job)


@KINDS
@pytest.mark.parametrize("drained", ["cq", "lq"])
def test_evicted_and_waiting_again(yard: Yard, kind: str, drained: str) -> None:
    """Its Workload does not follow the label by itself."""
    job = yard.job("drained", kind=kind)
    yard.runs(job)
    name = f"cq/{yard.cq('one')}" if drained == "cq" else "lq/one"
    assert yard("stop", name, "--drain", "-y", "--timeout", "60s").code == Exit.OK
    ended, writes = yard.written("move", word(job), "--to", "two")
    assert (ended.code, accepted(writes)) == (Exit.OK, [f"patch {kind.lower()}s", "patch workloads"]), ended.err
    yard.runs(job)
    assert yard.standing(job) == ARRIVED


def test_preempted_and_waiting_again(yard: Yard) -> None:
    name = yard.cq("high")
    yard.make("WorkloadPriorityClass", name, value=100)
    path = f"{KUEUE}/clusterqueues/{yard.cq('one')}"
    yard.api.patch(path, {"spec": {"preemption": {"withinClusterQueue": "LowerPriority"}}}).ok()
    job = yard.job("victim")
    yard.runs(job)
    labels: Json = {"kueue.x-k8s.io/priority-class": name}
    yard.runs(yard.job("winner", **labels))
    yard.until(job, lambda one: holds(one, "Evicted") and holds(one, "QuotaReserved", "False"))
    ended = yard("move", word(job), "--to", "two")
    assert ended.code == Exit.OK, ended.err
    yard.runs(job)
    assert yard.standing(job) == ARRIVED


def test_reactivated_and_not_active(yard: Yard) -> None:
    yard.runs(yard.job("first"))
    job = yard.job("stopped")
    yard.waits(job)
    assert yard("stop", word(job)).code == Exit.OK
    yard.until(job, lambda one: holds(one, "Evicted"))
    ended = yard("move", word(job), "--to", "two")
    assert ended.code == Exit.OK, ended.err
    assert "is not active, as it was before" in ended.err
    assert yard.standing(job) == ("two", "two", False, False)
    assert yard("resume", word(job)).code == Exit.OK
    yard.runs(job)
    assert yard.standing(job) == ARRIVED


@pytest.mark.parametrize("steps", [1, 2])
def test_what_broke_off_is_ended_by_the_same_command(yard: Yard, steps: int) -> None:
    """The first step, and the second, done by hand, as a run leaves them that is killed."""
    job = yard.job("half")
    workload = yard.runs(job)
    half = {"metadata": {"annotations": {MOVING: "two"}}, "spec": {"active": False}}
    yard.api.patch(f"{yard.workloads}/{workload['metadata']['name']}", half).ok()
    if steps == 2:
        yard.until(job, lambda one: holds(one, "QuotaReserved", "False"))
        free = yard.api.until_object(
            yard.path("Job", "half"),
            lambda one: one["spec"]["suspend"] and "stopping" not in str(one["metadata"].get("annotations")),
        )
        assert free
        yard.api.patch(yard.path("Job", "half"), {"metadata": {"labels": {QUEUE: "two"}}}).ok()
    refused = yard("resume", word(job))
    assert refused.code == Exit.REFUSED and "is half moved to LocalQueue two" in refused.err
    ended = yard("move", word(job), "--to", "two", "--timeout", "60s")
    assert ended.code == Exit.OK, ended.err
    assert yard.standing(job) == ARRIVED
    yard.runs(job)


def test_a_class_before_it_runs_and_not_after(yard: Yard) -> None:
    yard.runs(yard.job("first"))
    name = yard.cq("soon")
    yard.make("WorkloadPriorityClass", name, value=50)
    job = yard.job("waits")
    yard.waits(job)
    ended = yard("move", word(job), "--priority-class", name)
    assert ended.code == Exit.OK, ended.err
    assert yard.workload(job)["spec"]["priority"] == 50
    ended, writes = yard.written("move", "job/first", "--priority-class", name)
    assert (ended.code, writes) == (Exit.REFUSED, [])


def test_several(yard: Yard) -> None:
    yard.runs(yard.job("runs", team="a"))
    for number in range(2):
        yard.later(yard.job(f"waits{number}", team="a"))
    ended, writes = yard.written("move", "-l", "team=a", "--to", "two")
    assert (ended.code, accepted(writes)) == (Exit.PARTIAL, ["patch jobs"] * 2), ended.err
    assert ended.out == "job.batch/waits0 moved to two\njob.batch/waits1 moved to two\n"
    assert "job/runs is running in one" in ended.err


def test_a_part_of_a_jobset(yard: Yard) -> None:
    job = yard.job("whole", kind="JobSet")
    yard.runs(job)
    ended, writes = yard.written("move", "job/whole-main-0", "--to", "two", "--evict")
    assert (ended.code, writes) == (Exit.REFUSED, [])
    assert "is a part of jobset/whole, which Kueue queues as a whole" in ended.err


def test_a_plain_pod_and_a_pod_group(yard: Yard) -> None:
    for name, more in (("alone", {}), ("grouped", {"kueue.x-k8s.io/pod-group-name": "g"})):
        notes = {"kueue.x-k8s.io/pod-group-total-count": "1"} if more else {}
        meta = {"name": name, "labels": {QUEUE: "one", **more}, "annotations": notes}
        pod = {"metadata": meta, "spec": yard.pod_spec(1)}
        yard.api.post(f"/api/v1/namespaces/{yard.namespace}/pods", pod).ok()
        yard.until(f"Pod/{name}", lambda one: bool(one.get("status")))
        ended, writes = yard.written("move", f"pod/{name}", "--to", "two", "--evict")
        assert (ended.code, writes) == (Exit.REFUSED, [])
        assert "is queued pod by pod or as a pod group, which cannot be moved" in ended.err


def test_a_local_queue_made_anew_as_the_plan_says(yard: Yard) -> None:
    """What waits goes along with its age; what runs goes on where it is."""
    runs = yard.job("runs")
    yard.runs(runs)
    waits = yard.job("waits")
    yard.waits(waits)
    ended, writes = yard.written("move", "lq/one", "--to", f"cq/{yard.cq('two')}")
    assert (ended.code, writes) == (Exit.REFUSED, [])
    yard.plane.kubectl("delete", "localqueue", "one", "-n", yard.namespace)
    yard.plane.kubectl("apply", "-f", "-", stdin=ended.out)
    admitted = yard.until(waits, lambda one: holds(one, "Admitted"))
    assert admitted["status"]["admission"]["clusterQueue"] == yard.cq("two")
    stays = yard.workload(runs)
    assert holds(stays, "Admitted") and stays["status"]["admission"]["clusterQueue"] == yard.cq("one")
