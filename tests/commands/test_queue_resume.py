"""`queue resume` as a user runs it: whole stdout, stderr and exit code, on the embedded cluster."""

from k8sai.errors import Exit
from k8sai.queues.acting.stopping import MOVING, REASON
from tests.commands.queue_site import Site, holds
from tests.commands.run import Ran


def test_it_says_what_happens_to_whom(site: Site) -> None:
    site.job("a")
    site.admitted("a")
    site.job("b")
    site.waits("b")
    name = f"cq/{site.cq('one')}"
    assert site("stop", name, "--drain", "-y", "--reason", "r").code == Exit.OK
    assert site.said(site("resume", name)) == Ran(
        Exit.OK,
        "clusterqueue.kueue.x-k8s.io/site-one resumed\n",
        "note: 2 waiting workloads are looked at again; drained by the ClusterQueue: 1, younger ones may go before\n",
    )
    queue = site.read("clusterqueues", "one")
    assert (queue["spec"]["stopPolicy"], queue["metadata"].get("annotations", {})) == ("None", {})
    assert site.said(site("resume", name)) == Ran(Exit.OK, "clusterqueue.kueue.x-k8s.io/site-one unchanged\n", "")


def test_what_a_local_queue_drained_keeps_its_place(site: Site) -> None:
    site.job("a")
    site.admitted("a")
    assert site("stop", "lq/one", "--drain", "-y").code == Exit.OK
    ran = site.said(site("resume", "lq/one"))
    said = "note: 1 waiting workload is looked at again; drained by a LocalQueue: 1, the place in line is kept\n"
    assert ran.err == said
    site.admitted("a")


def test_a_queue_above_that_is_still_stopped(site: Site) -> None:
    assert site("stop", f"cq/{site.cq('one')}").code == site("stop", "lq/one").code == Exit.OK
    assert site.said(site("resume", "lq/one")) == Ran(
        Exit.OK,
        "localqueue.kueue.x-k8s.io/one resumed\n",
        "warning: ClusterQueue site-one above it is still stopped (Hold)\n"
        "  → `kubectl ai-queue resume cq/site-one`\n"
        "note: nothing waits there\n",
    )


def test_a_local_queue_that_was_stopped_for_itself_stays_so(site: Site) -> None:
    assert site("stop", "lq/one").code == Exit.OK
    assert site("stop", f"cq/{site.cq('one')}", "--drain", "--through-local-queues", "-y").code == Exit.OK
    again = site.said(site("stop", "lq/two"))
    assert again.code == Exit.OK
    ran = site.said(site("resume", f"cq/{site.cq('two')}"))
    assert ran.out == "clusterqueue.kueue.x-k8s.io/site-two unchanged\n"
    assert site.read("localqueues", "two")["spec"]["stopPolicy"] == "Hold"


def test_a_stop_of_a_local_queue_outlasts_a_drain_of_its_cluster_queue(site: Site) -> None:
    site.job("a")
    site.admitted("a")
    assert site("stop", "lq/one", "--reason", "mine").code == Exit.OK
    name = f"cq/{site.cq('one')}"
    assert site("stop", name, "--drain", "--through-local-queues", "-y", "--reason", "big").code == Exit.OK
    assert site.said(site("resume", name)) == Ran(
        Exit.OK,
        "localqueue.kueue.x-k8s.io/one in namespace site stopped (Hold) as before\n"
        "clusterqueue.kueue.x-k8s.io/site-one resumed\n",
        "warning: LocalQueue site/one is stopped for itself, and stays so\n"
        "  → `kubectl ai-queue resume lq/one -n site`\n"
        "note: nothing waits there\n",
    )
    queue = site.read("localqueues", "one")
    assert queue["spec"]["stopPolicy"] == "Hold"
    assert queue["metadata"]["annotations"][REASON] == "mine"


def test_a_dry_run(site: Site) -> None:
    assert site("stop", "lq/one").code == Exit.OK
    ran = site.said(site("resume", "lq/one", "--dry-run=server"))
    assert (ran.code, ran.err) == (Exit.OK, "")
    assert ran.out.splitlines()[0] == "~ localqueue.kueue.x-k8s.io/one in namespace site"
    assert '    ~ .spec.stopPolicy: Hold → "None"  (k8sai)' in ran.out.splitlines()
    assert ran.out.splitlines()[-1] == "localqueue.kueue.x-k8s.io/one resumed (server dry run)"
    assert site.read("localqueues", "one")["spec"]["stopPolicy"] == "Hold"
    plan = site.document("resume", "lq/one")
    assert [(one["op"], one["state"]) for one in plan["changes"]] == [("update", "written")]


def test_a_job_half_moved_is_for_move_to_end(site: Site) -> None:
    site.job("a")
    name = site.admitted("a")["metadata"]["name"]
    half = {"metadata": {"annotations": {MOVING: "two"}}, "spec": {"active": False}}
    site.api.patch(f"{site.workloads}/{name}", half).ok()
    assert site.said(site("resume", "job/a")) == Ran(
        Exit.REFUSED,
        "",
        "error: workload/job-a-xxxxx is half moved to LocalQueue two: resumed here it would go back to its old queue\n"
        "  → `kubectl ai-queue move workload/job-a-xxxxx --to two -n site` ends the move\n",
    )
    assert site("move", f"workload/{name}", "--to", "two").code == Exit.OK
    assert site.admitted("a")["spec"]["queueName"] == "two"
    assert not holds(site.workload("a"), "Evicted")
