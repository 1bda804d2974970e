"""`queue stop` as a user runs it: whole stdout, stderr and exit code, on the embedded cluster."""

import os
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest

from k8sai.errors import Exit
from k8sai.queues.acting.stopping import AT, REASON, WITH
from k8sai.sim.cluster import Sim
from tests.commands.faults import Fate, Faults
from tests.commands.queue_site import KUEUE, Site, holds
from tests.commands.run import BIN, Ran, environment, read_all, run, terminal
from tests.commands.server import Canned, write_kubeconfig

CHECKPOINTS: dict[str, Any] = {"annotations": {"k8sai.dev/checkpoint": "suspend", "k8sai.dev/checkpoint-path": "/ckpt"}}


def test_what_is_admitted_goes_on(site: Site) -> None:
    site.job("a")
    site.admitted("a")
    assert site.said(site("stop", f"cq/{site.cq('one')}", "--reason", "new nodes")) == Ran(
        Exit.OK,
        "clusterqueue.kueue.x-k8s.io/site-one stopped (Hold)\n",
        "note: 1 admitted workload goes on; nothing new is admitted\n"
        "  → `kubectl ai-queue resume cq/site-one` takes it back\n",
    )
    queue = site.read("clusterqueues", "one")
    assert queue["spec"]["stopPolicy"] == "Hold"
    notes = queue["metadata"]["annotations"]
    assert (notes[REASON], notes[AT][-1]) == ("new nodes", "Z")
    site.job("b")
    site.waits("b")
    assert holds(site.workload("a"), "Admitted")


def test_twice_is_once(site: Site) -> None:
    words = ("stop", "lq/one")
    assert site.said(site(*words)).out == "localqueue.kueue.x-k8s.io/one stopped (Hold)\n"
    assert site.said(site(*words)) == Ran(Exit.OK, "localqueue.kueue.x-k8s.io/one unchanged\n", "")
    again = site.said(site(*words, "--reason", "now said"))
    assert again.out == "localqueue.kueue.x-k8s.io/one stopped already; its reason is changed\n"


def test_a_drain_names_its_victims_and_wants_a_yes(site: Site) -> None:
    site.job("a", **CHECKPOINTS)
    site.admitted("a")
    ran = site.said(site("stop", f"cq/{site.cq('one')}", "--drain"))
    title, head, victim, *rest = ran.err.splitlines()
    assert (ran.code, ran.out, title) == (Exit.REFUSED, "", "1 workload would be evicted:")
    assert head.split() == ["JOB", "QUEUE", "GPUS", "RAN", "GPU-HOURS", "LOST", "CHECKPOINT"]
    job, queue, gpus, ran_for, lost, *hint = victim.split()
    assert (job, queue, gpus, lost, " ".join(hint)) == (
        "site/job/a",
        "one",
        "0",
        "0.0",
        "saves when it is ended, to /ckpt",
    )
    assert ran_for.endswith("s")
    assert rest == [
        "warning: what is drained by its ClusterQueue may lose its place to younger workloads when that is resumed",
        "  → `kubectl ai-queue stop cq/site-one --drain --through-local-queues` keeps the places",
        "error: this would evict 1 workload, and nobody can be asked: nothing was written",
        "  → -y says yes, --dry-run=server shows what would be written",
    ]
    assert site.read("clusterqueues", "one")["spec"].get("stopPolicy", "None") == "None"
    assert holds(site.workload("a"), "Admitted")


def test_a_drain_waits_until_all_are_gone_and_again_is_nothing(site: Site) -> None:
    site.job("a")
    site.admitted("a")
    ran = site.said(site("stop", "lq/one", "--drain", "-y"))
    assert (ran.code, ran.out) == (Exit.OK, "localqueue.kueue.x-k8s.io/one stopped (HoldAndDrain)\n")
    assert ran.err.splitlines()[-2:] == [
        "note: nothing new is admitted",
        "  → `kubectl ai-queue resume lq/one -n site` takes it back",
    ]
    assert holds(site.workload("a"), "QuotaReserved", "False")
    assert site.said(site("stop", "lq/one", "--drain")) == Ran(Exit.OK, "localqueue.kueue.x-k8s.io/one unchanged\n", "")
    held = site.said(site("stop", "lq/one"))
    assert held.err == "note: lq/one is drained already (HoldAndDrain), which is stricter and stays\n"


def test_through_its_local_queues(site: Site) -> None:
    site.job("a")
    site.admitted("a")
    name = f"cq/{site.cq('one')}"
    ran = site.said(site("stop", name, "--drain", "--through-local-queues", "-y", "--reason", "r"))
    assert (ran.code, ran.out) == (
        Exit.OK,
        "clusterqueue.kueue.x-k8s.io/site-one stopped (Hold)\n"
        "localqueue.kueue.x-k8s.io/one in namespace site stopped (HoldAndDrain)\n",
    )
    assert "may lose its place" not in ran.err
    assert site.read("localqueues", "one")["metadata"]["annotations"][WITH] == site.cq("one")
    back = site.said(site("resume", name))
    assert back.out == (
        "localqueue.kueue.x-k8s.io/one in namespace site resumed\nclusterqueue.kueue.x-k8s.io/site-one resumed\n"
    )
    assert not site.read("localqueues", "one")["metadata"].get("annotations")
    site.admitted("a")


def test_a_dry_run_writes_nothing(site: Site) -> None:
    for how, words in (("client", "(dry run)"), ("server", "(server dry run)")):
        ran = site.said(site("stop", f"cq/{site.cq('one')}", f"--dry-run={how}", "--reason", "r"))
        assert ran == Ran(
            Exit.OK,
            "~ clusterqueue.kueue.x-k8s.io/site-one\n"
            f"    {_policy(ran.out)}\n"
            "    + .metadata.annotations:\n"
            "    +   k8sai.dev/stop-reason: r\n"
            f"{_by(ran.out)}"
            '    +   k8sai.dev/stopped-at: "TIME"\n'
            f"clusterqueue.kueue.x-k8s.io/site-one stopped (Hold) {words}\n",
            "",
        )
    assert site.read("clusterqueues", "one")["spec"].get("stopPolicy", "None") == "None"


def _policy(out: str) -> str:
    """A server that sets defaults says `None → Hold` of the field."""
    return next(line.strip() for line in out.splitlines() if "stopPolicy" in line)


def _by(out: str) -> str:
    return "".join(f"{line}\n" for line in out.splitlines() if "stopped-by" in line)


def test_documents(site: Site) -> None:
    site.job("a", **CHECKPOINTS)
    site.admitted("a")
    plan = site.document("stop", "lq/one", "--drain", "--dry-run=server")
    assert (plan["kind"], plan["complete"], plan["dryRun"]) == ("Plan", True, "server")
    (change,) = plan["changes"]
    assert (change["op"], change["object"]) == ("update", "localqueue.kueue.x-k8s.io/one")
    assert [one["to"] for one in change["fields"] if one["path"] == ".spec.stopPolicy"] == ["HoldAndDrain"]
    (evicted,) = plan["evicts"]
    assert (evicted["object"], evicted["queue"], evicted["checkpoint"]) == (
        "job/a",
        "one",
        "saves when it is ended, to /ckpt",
    )
    done = site.document("stop", "lq/one")
    assert (done["changes"][0]["state"], done["takes"]) == ("written", [])
    assert site("resume", "lq/one", "-o", "name").out == "localqueue.kueue.x-k8s.io/one\n"


def test_a_job_that_waits_and_one_that_runs(site: Site) -> None:
    site.job("a")
    site.admitted("a")
    site.job("b")
    site.waits("b")
    assert site.said(site("stop", "job/a")) == Ran(
        Exit.REFUSED,
        "",
        "error: job/a is admitted: to stop it is to evict it, and nothing was written\n"
        "  → `kubectl ai-queue stop workload/job-a-xxxxx -n site --drain` evicts it\n",
    )
    assert site.said(site("stop", "job/b")).out == "workload.kueue.x-k8s.io/job-b-xxxxx stopped\n"
    assert site.workload("b")["spec"]["active"] is False
    assert site.said(site("resume", "job/b")) == Ran(Exit.OK, "workload.kueue.x-k8s.io/job-b-xxxxx resumed\n", "")
    assert site("stop", "workload/" + site.workload("a")["metadata"]["name"], "--drain", "-y").code == Exit.OK
    site.until("a", lambda one: holds(one, "QuotaReserved", "False"))


def test_what_is_reserved_and_not_yet_admitted_is_listed_and_wants_a_yes(site: Site) -> None:
    check = {"metadata": {"name": site.cq("check")}, "spec": {"controllerName": "example.com/test"}}
    site.api.post(f"{KUEUE}/admissionchecks", check).ok()
    site.api.patch(
        f"{KUEUE}/admissionchecks/{site.cq('check')}/status",
        {"status": {"conditions": [condition("Active")]}},
    ).ok()
    site.cluster_queue("checked", admissionChecksStrategy={"admissionChecks": [{"name": site.cq("check")}]})
    site.local_queue("checked", site.cq("checked"))
    site.job("a", "checked")
    site.until("a", lambda one: holds(one, "QuotaReserved"))
    ran = site.said(site("stop", "lq/checked"))
    assert (ran.code, ran.out) == (Exit.REFUSED, "")
    lines = ran.err.splitlines()
    assert lines[0] == "1 workload not yet admitted would lose its reservation:"
    assert lines[-2:] == [
        "error: this would take the reservation of 1 workload, and nobody can be asked: nothing was written",
        "  → -y says yes, --dry-run=server shows what would be written",
    ]
    assert site("stop", "lq/checked", "-y").code == Exit.OK
    site.until("a", lambda one: holds(one, "QuotaReserved", "False"))


def condition(kind: str) -> dict[str, str]:
    return {
        "type": kind,
        "status": "True",
        "reason": "Test",
        "message": "",
        "lastTransitionTime": "2026-01-01T00:00:00Z",
    }


def test_on_a_terminal_it_asks(site: Site) -> None:
    site.job("a")
    site.admitted("a")
    for said, code in ((b"n\n", Exit.REFUSED), (b"y\n", Exit.OK)):
        with terminal("kubectl-ai_queue", "stop", "lq/one", "--drain", env=site.env(), columns=120) as (
            process,
            master,
        ):
            os.write(master, said)
            shown = b"".join(read_all(master)).decode()
            assert process.wait(60) == code, shown
        assert "Evict 1 workload? [y/N]" in shown
    assert holds(site.workload("a"), "QuotaReserved", "False")


def stuck(site: Site, name: str = "stuck") -> None:
    """A Workload that holds quota in `one` and lets nobody take it back: no controller speaks for its pods."""
    pods = {"name": "main", "count": 1, "template": {"spec": {"restartPolicy": "Never", "containers": [MAIN]}}}
    made = {"metadata": {"name": name}, "spec": {"queueName": "one", "active": True, "podSets": [pods]}}
    site.api.post(site.workloads, made).ok()
    site.api.until_object(f"{site.workloads}/{name}", lambda one: holds(one, "Admitted"))


MAIN = {"name": "main", "image": "x", "resources": {"requests": {"cpu": "1"}}}


def test_a_drain_that_is_late_says_who_is_left(site: Site) -> None:
    stuck(site)
    ran = site.said(site("stop", "lq/one", "--drain", "-y", "--timeout", "1s"))
    assert (ran.code, ran.out) == (Exit.TIMEOUT, "localqueue.kueue.x-k8s.io/one stopped (HoldAndDrain)\n")
    assert ran.err.splitlines()[-4:] == [
        "error: lq/one is stopped; not drained within 1 s: site/workload/stuck still holds quota",
        "  → the same command again goes on waiting; `kubectl ai-queue resume lq/one -n site` takes it back",
        "note: nothing new is admitted",
        "  → `kubectl ai-queue resume lq/one -n site` takes it back",
    ]
    assert site("stop", "lq/one", "--drain", "--timeout", "0s").code == Exit.TIMEOUT


def test_on_a_terminal_it_says_how_far_it_is(site: Site) -> None:
    stuck(site)
    words = ("stop", "lq/one", "--drain", "-y", "--timeout", "60s")
    shown, said = b"", "draining lq/one: 1 of 1 still hold quota … "
    with terminal("kubectl-ai_queue", *words, env=site.env(), columns=120) as (process, master):
        chunks = read_all(master)
        while said not in shown.decode(errors="ignore"):
            shown += next(chunks)
        process.send_signal(signal.SIGINT)
        b"".join(chunks)
        assert process.wait(60) == Exit.INTERRUPT


def test_ctrl_c_says_what_stands(site: Site) -> None:
    stuck(site)
    words = [str(BIN / "kubectl-ai_queue"), "stop", "lq/one", "--drain", "-y"]
    with subprocess.Popen(words, env=site.env(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert "stopped (HoldAndDrain)" in process.stdout.readline()
        path = f"{KUEUE}/namespaces/{site.namespace}/localqueues/one"
        site.api.until_object(path, lambda one: one["spec"].get("stopPolicy") == "HoldAndDrain")
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
    assert process.returncode == Exit.INTERRUPT
    assert "lq/one is stopped; it goes on without us: " in err
    assert "the same command again goes on waiting" in err


# --- what goes wrong --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("stop", "cq/nobody"), 4, "error: there is no ClusterQueue nobody\n  → `kubectl ai-queue list`\n"),
        (
            ("stop", "deploy/web"),
            5,
            "error: Kueue queues deployment/web pod by pod: there is no one Workload of it\n"
            "  → `kubectl ai-queue why deployment/web -n site` tells how its pods stand\n",
        ),
        (
            ("stop", "lq/oen"),
            4,
            "error: there is no LocalQueue oen in namespace site\n  → did you mean lq/one?\n",
        ),
        (
            ("stop", "cohort/all"),
            2,
            "error: a cohort has no stop of its own, and nothing can be moved to it\n"
            "  → name its ClusterQueues: cq/NAME\n",
        ),
        (
            ("stop", "jbo/a"),
            2,
            "error: 'jbo' is neither a queue nor a kind that Kueue queues\n  → did you mean job/a?\n",
        ),
        (
            ("stop", "one"),
            2,
            "error: name one thing: cq/NAME, lq/NAME, workload/NAME or job/NAME\n  → `kubectl ai-queue list`\n",
        ),
        (
            ("stop", "lq/one", "--through-local-queues"),
            2,
            "error: --through-local-queues is a way to drain\n  → add --drain\n",
        ),
        (
            ("stop", "lq/one", "--through-local-queues", "--drain"),
            2,
            "error: --through-local-queues is for a ClusterQueue\n  → leave it out\n",
        ),
        (
            ("stop", "jobset/a"),
            4,
            "error: there is no JobSet a in namespace site\n  → `kubectl ai-queue list`\n",
        ),
    ],
)
def test_errors(site: Site, words: tuple[str, ...], code: int, said: str) -> None:
    if "deploy/web" in words:
        pod = {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "main", "image": "x"}]}}
        spec = {"replicas": 0, "selector": {"matchLabels": {"a": "b"}}, "template": pod}
        path = f"/apis/apps/v1/namespaces/{site.namespace}/deployments"
        site.api.post(path, {"metadata": {"name": "web"}, "spec": spec}).ok()
    assert site.said(site(*words)) == Ran(code, "", said)


def test_a_job_that_kueue_does_not_queue(site: Site) -> None:
    site.job("free", "")
    ran = site.said(site("stop", "job/free"))
    assert ran == Ran(
        Exit.NOT_FOUND,
        "",
        "error: Kueue has no Workload of job/free\n  → `kubectl ai-queue why job/free -n site` tells why\n",
    )


def test_without_kueue(tmp_path: Path) -> None:
    groups = {"kind": "APIGroupList", "apiVersion": "v1", "groups": []}
    with Canned({"/apis": (200, groups)}) as server:
        config = write_kubeconfig(tmp_path / "config", server.url)
        ran = run("kubectl-ai_queue", "stop", "cq/a", env=environment(tmp_path, KUBECONFIG=str(config)))
    assert (ran.code, ran.out) == (Exit.NOT_FOUND, "")
    assert "has no Kueue: it does not serve clusterqueues.kueue.x-k8s.io" in ran.err


@pytest.mark.parametrize(
    ("fates", "code"),
    [(["lost"], 0), ([500], 0), ([409], 0), ([429, "lost"], 0), ([500] * 5, 3), ([409] * 5, 5)],
)
def test_whatever_the_connection_does(site: Site, fates: list[Fate], code: int) -> None:
    def fate(number: int) -> Fate:
        return fates[number - 1] if number <= len(fates) else "pass"

    with Faults(site.server, fate) as broken:
        ran = site("stop", "lq/one", server=broken.url)
    assert ran.code == code, ran.err
    stopped = site.read("localqueues", "one")["spec"].get("stopPolicy", "None")
    assert stopped == ("Hold" if code == 0 else "None")


def test_without_the_right_to_patch_nothing_is_tried(tmp_path: Path) -> None:
    words = ("--as", "reader", "--as-group", "system:authenticated")
    with Sim("cpu-only", rbac=True) as strict:
        strict_site = Site(strict, tmp_path)
        strict_site.grant(
            "reader",
            {"apiGroups": ["*"], "resources": ["*"], "verbs": ["get", "list", "watch"]},
            everywhere=True,
        )
        ran = strict_site.said(strict_site("stop", "lq/one", *words))
        assert (ran.code, ran.out) == (Exit.FORBIDDEN, "")
        said = "error: you may not patch localqueues.kueue.x-k8s.io in namespace site: nothing was written"
        assert ran.err.splitlines()[0] == said
        assert "kubectl auth can-i patch localqueues.kueue.x-k8s.io" in ran.err
