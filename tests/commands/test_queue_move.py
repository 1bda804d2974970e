"""`queue move` as a user runs it: whole stdout, stderr and exit code, on the embedded cluster."""

import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest

from k8sai.errors import Exit
from k8sai.queues.acting.stopping import MOVING
from k8sai.sim.cluster import Sim
from tests.commands.faults import Fate, Faults
from tests.commands.queue_site import KUEUE, QUEUE, Site, holds
from tests.commands.run import BIN, Ran


def full(site: Site, *queues: str) -> None:
    """Each of these has a job that takes all its quota."""
    for queue in queues:
        site.job(f"full-{queue}", queue)
        site.admitted(f"full-{queue}")


def standing(site: Site, job: str) -> tuple[str, str, bool, bool]:
    """The job's label, the Workload's queue, whether it is active, whether it is marked as moving."""
    workload = site.workload(job)
    marked = MOVING in workload["metadata"].get("annotations", {})
    label = site.read("jobs", job)["metadata"]["labels"][QUEUE]
    return label, workload["spec"]["queueName"], workload["spec"].get("active", True), marked


def writers(site: Site, job: str) -> set[str]:
    """Us, where we have written to the job or its Workload."""
    both = (site.read("jobs", job), site.workload(job))
    return {one["manager"] for obj in both for one in obj["metadata"].get("managedFields", [])} & {"k8sai"}


def test_a_job_that_waits_keeps_its_age_and_goes_before_younger_ones(site: Site) -> None:
    full(site, "one", "two")
    site.job("old")
    site.waits("old")
    before = site.workload("old")["metadata"]
    site.later("old")
    site.job("young", "two")
    site.waits("young")
    assert site.said(site("move", "job/old", "--to", "two")) == Ran(
        Exit.OK,
        "job.batch/old moved to two\n",
        "note: job/old stands at 1 of 2 in ClusterQueue site-two: it keeps its age and priority, "
        "and goes before 1 that waited there\n",
    )
    after = site.workload("old")["metadata"]
    assert standing(site, "old") == ("two", "two", True, False)
    assert [after[key] for key in ("name", "uid")] == [before[key] for key in ("name", "uid")]
    again = site.said(site("move", "job/old", "--to", "two"))
    assert (again.code, again.out) == (Exit.OK, "job.batch/old unchanged: it is in two\n")


def test_a_running_job_is_not_touched(site: Site) -> None:
    site.job("a")
    site.admitted("a")
    before = standing(site, "a")
    assert site.said(site("move", "job/a", "--to", "two")) == Ran(
        Exit.REFUSED,
        "",
        "error: job/a is running in one: nothing was written\n"
        "  → `kubectl ai-queue move job/a --to two -n site --evict` evicts it first\n",
    )
    assert (standing(site, "a"), writers(site, "a")) == (before, set())


def test_a_running_job_is_evicted_where_that_is_asked_for(site: Site) -> None:
    site.job("a")
    site.admitted("a")
    ran = site.said(site("move", "job/a", "--to", "two", "--evict"))
    assert (ran.code, ran.out) == (Exit.OK, "job.batch/a moved to two\n")
    assert ran.err.splitlines()[0] == "1 job is evicted to be moved:"
    assert standing(site, "a") == ("two", "two", True, False)
    site.admitted("a")
    assert site.workload("a")["status"]["admission"]["clusterQueue"] == site.cq("two")


def test_what_was_drained_does_not_follow_by_itself(site: Site) -> None:
    site.job("a")
    site.admitted("a")
    assert site("stop", "lq/one", "--drain", "-y").code == Exit.OK
    ran = site("move", "job/a", "--to", "two", "-o", "name")
    assert (ran.code, ran.out) == (Exit.OK, "job.batch/a\n"), ran.err
    assert standing(site, "a") == ("two", "two", True, False)


def test_what_is_not_active_stays_so(site: Site) -> None:
    full(site, "one")
    site.job("a")
    site.waits("a")
    assert site("stop", "job/a").code == Exit.OK
    ran = site.said(site("move", "job/a", "--to", "two"))
    assert ran == Ran(
        Exit.OK,
        "job.batch/a moved to two\n",
        "note: job/a is not active, as it was before: it waits for `kubectl ai-queue resume workload/job-a-xxxxx`\n",
    )
    assert standing(site, "a") == ("two", "two", False, False)


def test_dry_runs(site: Site) -> None:
    site.job("a")
    name = site.admitted("a")["metadata"]["name"]
    before = standing(site, "a")
    ran = site("move", "job/a", "--to", "two", "--evict", "--dry-run=server")
    assert (ran.code, ran.err) == (Exit.OK, "")
    heads = [line for line in ran.out.splitlines() if not line.startswith(" ")]
    assert heads == [
        f"~ workload.kueue.x-k8s.io/{name} in namespace {site.namespace}",
        f"~ job.batch/a in namespace {site.namespace}",
        f"~ workload.kueue.x-k8s.io/{name} in namespace {site.namespace}",
        "job.batch/a moved to two, evicted first (server dry run)",
    ]
    plan = site.document("move", "job/a", "--to", "two", "--evict", "--dry-run=server")
    assert [(one["op"], one["tried"]) for one in plan["changes"]] == [("update", True), *[("update", False)] * 2]
    assert (plan["complete"], len(plan["hidden"])) == (False, 2)
    assert plan["moves"] == [
        {
            "object": "job.batch/a",
            "namespace": site.namespace,
            "from": "one",
            "to": "two",
            "evicts": True,
            "state": "planned",
            "error": "",
        }
    ]
    assert standing(site, "a") == before


def test_several_by_their_labels(site: Site) -> None:
    team: dict[str, Any] = {"labels": {"team": "vision"}}
    full(site, "two")
    site.job("runs", **team)
    site.admitted("runs")
    site.job("waits", **team)
    site.waits("waits")
    site.job("other")
    words = ("move", "-l", "team=vision", "--to", "two")
    assert site.said(site(*words, "--dry-run=client")) == Ran(
        Exit.PARTIAL,
        "JOB        FROM  TO   GPUS  HOW\n"
        "job/runs   one   two     0  not: job/runs is running in one: nothing was written\n"
        "job/waits  one   two     0  as it waits\n",
        "",
    )
    ran = site.said(site(*words))
    assert (ran.code, ran.out) == (Exit.PARTIAL, "job.batch/waits moved to two\n")
    assert "error: job/runs is running in one: nothing was written" in ran.err
    asked = site.said(site(*words, "--evict"))
    assert (asked.code, asked.out) == (Exit.REFUSED, "")
    assert "error: this would evict 1 job with 0 GPUs, and nobody can be asked: nothing was written" in asked.err
    done = site.said(site(*words, "--evict", "-y"))
    assert (done.code, done.out) == (
        Exit.OK,
        "job.batch/runs moved to two\njob.batch/waits unchanged: it is in two\n",
    )
    assert standing(site, "other")[:2] == ("one", "one")


def test_a_class_is_given_on_the_way_or_alone(site: Site) -> None:
    full(site, "one", "two")
    site.api.post(f"{KUEUE}/workloadpriorityclasses", {"metadata": {"name": site.cq("high")}, "value": 100}).ok()
    site.job("a")
    site.waits("a")
    wrong = site.said(site("move", "job/a", "--priority-class", site.cq("hihg")))
    assert (wrong.code, wrong.err) == (
        Exit.NOT_FOUND,
        "error: there is no WorkloadPriorityClass site-hihg\n  → did you mean site-high?\n",
    )
    assert site("move", "job/a", "--priority-class", site.cq("high")).code == Exit.OK
    site.until("a", lambda one: one["spec"].get("priority") == 100)
    assert standing(site, "a")[:2] == ("one", "one")


# --- where to ---------------------------------------------------------------------------------------------------------


def refused(site: Site, to: str) -> str:
    """The sentence; nothing was written."""
    full(site, "one")
    site.job("a")
    site.waits("a")
    ran = site.said(site("move", "job/a", "--to", to))
    assert (ran.code, ran.out, writers(site, "a")) == (Exit.REFUSED, "", set())
    return ran.err.splitlines()[0]


def test_a_target_that_is_stopped(site: Site) -> None:
    assert site("stop", "lq/two").code == Exit.OK
    assert refused(site, "two") == "error: LocalQueue two is stopped (Hold)"


def test_a_target_whose_cluster_queue_is_stopped(site: Site) -> None:
    assert site("stop", f"cq/{site.cq('two')}").code == Exit.OK
    assert refused(site, "two") == "error: ClusterQueue site-two of LocalQueue two is stopped (Hold)"


def test_a_target_without_a_cluster_queue(site: Site) -> None:
    site.local_queue("lost", "nowhere")
    assert refused(site, "lost") == "error: LocalQueue lost leads to ClusterQueue nowhere, which is not there"


def test_a_target_that_lets_nobody_of_the_namespace_in(site: Site) -> None:
    site.cluster_queue("closed", namespaceSelector={"matchLabels": {"team": "others"}})
    site.local_queue("closed", site.cq("closed"))
    assert refused(site, "closed") == (
        "error: ClusterQueue site-closed of LocalQueue closed lets nobody of namespace site in: "
        "its namespaceSelector does not match"
    )


def test_a_target_without_quota_of_what_is_asked_for(site: Site) -> None:
    quota = {"name": "memory", "nominalQuota": "1Gi"}
    group = {"coveredResources": ["memory"], "flavors": [{"name": site.namespace, "resources": [quota]}]}
    site.cluster_queue("other", resourceGroups=[group])
    site.local_queue("other", site.cq("other"))
    assert refused(site, "other") == (
        "error: ClusterQueue site-other of LocalQueue other has no quota of cpu, which job/a asks for"
    )


def test_a_target_that_is_too_small(site: Site) -> None:
    quota = {"name": "cpu", "nominalQuota": "1"}
    group = {"coveredResources": ["cpu"], "flavors": [{"name": site.namespace, "resources": [quota]}]}
    site.cluster_queue("small", resourceGroups=[group])
    site.local_queue("small", site.cq("small"))
    assert refused(site, "small") == (
        "error: ClusterQueue site-small of LocalQueue small would never admit job/a: "
        "it asks for more than that could ever have"
    )


def test_a_local_queue_that_leads_there_already(site: Site) -> None:
    assert site.said(site("move", "lq/one", "--to", f"cq/{site.cq('one')}")) == Ran(
        Exit.OK, "localqueue.kueue.x-k8s.io/one unchanged: it leads to site-one\n", ""
    )


def test_a_local_queue_itself(site: Site) -> None:
    words = ("move", "lq/one", "--to", f"cq/{site.cq('two')}")
    ran = site.said(site(*words))
    assert (ran.code, ran.err) == (
        Exit.REFUSED,
        "error: LocalQueue one leads to site-one, and that cannot be changed: nothing was written\n"
        "  → the manifest above makes it anew; a new LocalQueue and `kubectl ai-queue move -l … --to NEW` do as well\n",
    )
    lines = ran.out.splitlines()
    assert [line for line in lines if line.startswith("#")][2:] == [
        "#   kubectl delete localqueue one -n site",
        "#   kubectl apply -f THIS_FILE",
    ]
    assert "  clusterQueue: site-two" in lines
    assert site("move", "lq/one", "--to", "two").code == Exit.USAGE
    assert site("move", "lq/one", "--to", "cq/nowhere").code == Exit.NOT_FOUND


# --- what cannot be moved ---------------------------------------------------------------------------------------------


USAGE = "`kubectl ai-queue move job/NAME --to LOCALQUEUE`"
PENDING = "`kubectl ai-queue pending -n site`"
QUEUES = "name a job; `kubectl ai-queue list` shows the queues"


@pytest.mark.parametrize(
    ("words", "code", "error", "hint"),
    [
        ((), 2, "name one job, or several by -l QUERY", USAGE),
        (("job/a",), 2, "--to says where the job is to go", USAGE),
        (("job/a", "-l", "x=y", "--to", "two"), 2, "name one job, or several by -l QUERY", USAGE),
        (("cq/a", "--to", "two"), 2, "a ClusterQueue cannot be moved", QUEUES),
        (("job/nobody", "--to", "two"), 4, "there is no Job nobody in namespace site", "`kubectl ai-queue list`"),
        (("job/nobody", "--to", "tow"), 4, "namespace site has no LocalQueue tow", "did you mean --to two?"),
        (("-l", "x=y", "--to", "two"), 4, "no job with x=y waits or runs in namespace site", PENDING),
    ],
)
def test_errors(site: Site, words: tuple[str, ...], code: int, error: str, hint: str) -> None:
    assert site.said(site("move", *words)) == Ran(code, "", f"error: {error}\n  → {hint}\n")


def test_a_part_of_a_job_is_not_moved_alone(site: Site) -> None:
    site.job("whole")
    site.admitted("whole")
    uid = site.read("jobs", "whole")["metadata"]["uid"]
    owner = {"apiVersion": "batch/v1", "kind": "Job", "name": "whole", "uid": uid, "controller": True}
    site.job("part", "", ownerReferences=[owner])
    assert site.said(site("move", "job/part", "--to", "two")) == Ran(
        Exit.REFUSED,
        "",
        "error: job/part is a part of job/whole, which Kueue queues as a whole\n  → name job/whole\n",
    )


def test_an_elastic_job(site: Site) -> None:
    site.job("a", annotations={"kueue.x-k8s.io/elastic-job": "true"})
    ran = site.said(site("move", "job/a", "--to", "two", "--evict"))
    assert (ran.code, ran.err) == (
        Exit.REFUSED,
        "error: job/a is elastic: it may have several Workloads at once and is not moved\n",
    )


KUEUES = {"apiGroups": ["kueue.x-k8s.io"], "resources": ["workloads", "localqueues"], "verbs": ["get", "list", "watch"]}
JOBS = {"apiGroups": ["batch"], "resources": ["jobs"], "verbs": ["get", "list", "watch", "patch"]}


def test_with_rights_in_the_namespace_alone(tmp_path: Path) -> None:
    """What of the target cannot be seen is said; what cannot be written is known before anything is."""
    with Sim("cpu-only", rbac=True) as strict:
        site = Site(strict, tmp_path)
        site.grant("user", KUEUES, JOBS)
        full(site, "one", "two")
        site.job("waits")
        site.waits("waits")
        words = ("--to", "two", "--as", "user")
        evicted = site.said(site("move", "job/full-one", "--evict", *words))
        assert (evicted.code, evicted.out) == (Exit.FORBIDDEN, "")
        assert "you may not patch workloads.kueue.x-k8s.io in namespace site: nothing was written" in evicted.err
        assert standing(site, "full-one") == ("one", "one", True, False)
        moved = site.said(site("move", "job/waits", *words))
        assert (moved.code, moved.out) == (Exit.OK, "job.batch/waits moved to two\n"), moved.err
        assert "warning: whether two suits could not be checked fully: " in moved.err
        assert standing(site, "waits") == ("two", "two", True, False)


# --- what goes wrong --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("broken", range(1, 4))
@pytest.mark.parametrize("fate", ["lost", 409, 500])
def test_whatever_the_connection_does_it_arrives(site: Site, broken: int, fate: Fate) -> None:
    """At the first, second and third write."""
    site.job("a")
    site.admitted("a")

    def decide(number: int) -> Fate:
        return fate if number == broken else "pass"

    with Faults(site.server, decide) as faults:
        ran = site("move", "job/a", "--to", "two", "--evict", server=faults.url)
    assert ran.code == Exit.OK, ran.err
    assert standing(site, "a") == ("two", "two", True, False)


@pytest.mark.parametrize("last", [0, 2])
def test_a_server_that_is_gone_half_way_leaves_what_the_next_run_ends(site: Site, last: int) -> None:
    site.job("a")
    site.admitted("a")

    def decide(number: int) -> Fate:
        return "pass" if number <= last else 500

    with Faults(site.server, decide) as faults:
        ran = site("move", "job/a", "--to", "two", "--evict", server=faults.url)
    assert (ran.code, ran.out) == (Exit.CLUSTER, "")
    assert ("the same command again goes on from there" in ran.err) is (last > 0)
    again = site("move", "job/a", "--to", "two", *(("--evict",) if not last else ()))
    assert again.code == Exit.OK, again.err
    assert standing(site, "a") == ("two", "two", True, False)


@pytest.mark.parametrize("killed", range(1, 4))
def test_kill_9_between_any_two_steps(site: Site, killed: int) -> None:
    """It is killed when a write is on its way, which is carried out and never answered."""
    site.job("a")
    site.admitted("a")
    processes: list[subprocess.Popen[bytes]] = []

    def decide(number: int) -> Fate:
        if number == killed:
            processes[0].send_signal(signal.SIGKILL)
        return "pass"

    with Faults(site.server, decide) as faults:
        words = [str(BIN / "kubectl-ai_queue"), "move", "job/a", "--to", "two", "--evict"]
        processes.append(
            subprocess.Popen(words, env=site.env(faults.url), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        )
        assert processes[0].wait(60) == -signal.SIGKILL
    site.until("a", lambda one: one["spec"].get("active") is False or one["spec"]["queueName"] == "two")
    assert site("move", "job/a", "--to", "two", "--evict").code == Exit.OK
    assert standing(site, "a") == ("two", "two", True, False)
    assert holds(site.admitted("a"), "Admitted")
