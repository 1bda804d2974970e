"""`evict run`, `status`, `abort` and `gc` as users run them: stdout, stderr and exit code, on the embedded cluster."""

import os
import signal
import subprocess
from datetime import UTC, datetime
from typing import Any

import pytest

from k8sai.errors import Exit
from k8sai.evict.keeping import names
from k8sai.evict.keeping.kept import STATE
from k8sai.evict.state import State
from k8sai.holding.form import text
from tests.commands.evict_site import EvictSite
from tests.commands.run import BIN, environment
from tests.evict.yard_objects import bare, budget, contract, job, service
from tests.evict.yard_player import Played, Way

YES = ("--yes", "--ignore-daemonsets")


def trained(site: EvictSite, name: str = "llm", pods: int = 1, **says: str) -> list[str]:
    """A Job that says how it saves, with room for it elsewhere; its nodes."""
    site.nodes("n0", "n1")
    site.put(job(name, site.namespace, pods=pods, says=contract(name, **says)))
    site.runs(name, pods)
    return sorted(site.where(name))


def drained(site: EvictSite, way: Way = "saves", *words: str, code: int = 0) -> dict[str, Any]:
    """The document of a drain of its nodes."""
    on = trained(site)
    with site.played(llm=Played(way)):
        return site.document("run", *on, *YES, *words, code=code)


def test_a_drain_and_what_it_leaves(evicts: EvictSite) -> None:
    told = drained(evicts, "saves", "--wait-ready", "50s")
    assert (told["kind"], told["state"], told["exit"]) == ("EvictStatus", "Done", 0)
    [gang] = told["gangs"]
    assert (gang["phase"], gang["stops"], gang["proof"]["grade"], gang["restoredStep"]) == ("Restored", 1, "A", 107)
    assert {one["reason"] for one in told["journal"]} >= {"EvictPlanned", "NodeCordoned", "CheckpointProven"}
    drain = told["id"]
    assert evicts.document("status", drain)["state"] == "Done"
    assert any(line.startswith(drain) for line in evicts("status", "--all").out.splitlines())
    ran = evicts("abort", drain)
    assert (ran.code, evicts.cordoned()) == (Exit.OK, set())
    assert "uncordoned" in ran.out
    ran = evicts("gc", "--older-than", "0s")
    assert f"drain {drain} in namespace" in ran.out
    assert evicts("status", drain).code == Exit.NOT_FOUND


def test_a_gang_that_does_not_save_is_kept(evicts: EvictSite) -> None:
    told = drained(evicts, "silent", "--deadline", "6s", code=Exit.FAILED_SAFE)
    assert [one["phase"] for one in told["gangs"]] == ["TimedOut"]
    assert evicts.document("status", told["id"], code=Exit.FAILED_SAFE)["nodes"][0]["drained"] is False


def test_without_a_yes_nothing_is_written(evicts: EvictSite) -> None:
    on = trained(evicts)
    ran = evicts("run", *on, "--ignore-daemonsets")
    assert ran.code == Exit.REFUSED
    assert "this would drain 1 node and stop 1 gang at" in ran.err
    assert "nobody can be asked: nothing was written" in ran.err
    assert evicts.cordoned() == set()


def test_what_the_plan_refuses_ends_it_before_a_write(evicts: EvictSite) -> None:
    evicts.nodes("n0", "n1")
    evicts.put(bare("note", evicts.namespace))
    evicts.runs("note", 1)
    ran = evicts("run", *evicts.where("note"), *YES)
    assert ran.code == Exit.REFUSED
    assert "nothing was written" in ran.err
    assert "--partial leaves it" in ran.err
    assert evicts.cordoned() == set()


def test_a_budget_is_waited_for_then_named(evicts: EvictSite) -> None:
    evicts.nodes("n0", "n1")
    evicts.put(service("gw", evicts.namespace), budget("gw", "gw"))
    evicts.runs("gw", 1)
    ran = evicts("run", *evicts.where("gw"), *YES, "--partial", "--timeout", "2s")
    assert ran.code == Exit.BLOCKED, ran
    assert "The disruption budget gw needs 1 healthy pods and has 1 currently" in ran.out


def test_ctrl_c_says_how_it_goes_on(evicts: EvictSite) -> None:
    on = trained(evicts)
    env = environment(evicts.folder, KUBECONFIG=str(evicts.config))
    words = [str(BIN / "kubectl-ai_evict"), "run", *on, *YES]
    with subprocess.Popen(words, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        for line in process.stdout:
            if "asked by annotation" in line:
                break
        os.kill(process.pid, signal.SIGINT)
        err = process.stderr.read()
        process.stdout.read()
    assert process.returncode == Exit.INTERRUPT
    assert "evict resume" in err
    assert "evict abort" in err
    drain = err.partition("drain ")[2].split()[0]
    assert evicts("status", drain).code == Exit.ORPHANED
    with evicts.played(llm=Played()):
        ran = evicts("resume", drain)
    assert ran.code == Exit.OK, ran


def test_a_drain_that_is_not_there(evicts: EvictSite) -> None:
    for verb in ("status", "resume", "abort"):
        ran = evicts(verb, "zzz999")
        assert (ran.code, "there is no drain zzz999" in ran.err) == (Exit.NOT_FOUND, True), ran
    for verb in ("resume", "abort"):
        ran = evicts(verb, "")
        assert (ran.code, "the drain's ID is empty" in ran.err) == (Exit.USAGE, True), ran


def test_all_drains_as_a_document(evicts: EvictSite) -> None:
    drained(evicts)
    found = evicts.document("status", "--all")
    assert found["kind"] == "EvictStatusList"
    assert (found["complete"], found["hidden"], found["context"]) == (True, [], found["items"][0]["context"])
    assert found["at"] >= found["items"][0]["begun"]


def test_who_may_not_read_leases_is_not_told_that_an_operator_is_gone(evicts: EvictSite) -> None:
    left = State("abc234", "hash", namespace=evicts.namespace, epoch=1, begun="2026-11-21T10:00:00Z")
    place = names.state_at(evicts.namespace, "abc234")
    body = {"metadata": names.metadata(place, "abc234", "state"), "data": {STATE: text(left, "it")}}
    evicts.api.post(f"/api/v1/namespaces/{evicts.namespace}/configmaps", body).ok()
    reads = [{"apiGroups": [""], "resources": ["configmaps", "nodes", "pods"], "verbs": ["get", "list"]}]
    evicts.grant(reads)
    assert evicts("status", "abc234").code == Exit.ORPHANED
    ran = evicts("status", "abc234", "--as", evicts.user)
    assert (ran.code, "whether somebody carries it on is not known" in ran.err) == (Exit.WAITING, True), ran
    found = evicts.document("status", "abc234", "--as", evicts.user, code=Exit.WAITING)
    assert (found["complete"], found["orphaned"]) == (False, False)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("",), "'' is no name of a node"),
        (("../pods",), "'../pods' is no name of a node"),
        (("n", "--deadline", "2020-01-01T00:00:00Z"), "--deadline 2020-01-01T00:00:00Z: that is over"),
        (("n", "--deadline", "0s"), "--deadline 0s: that is over"),
        (("n", "--grace-period", "-7"), "--grace-period -7: seconds, or -1"),
        (("n", "--max-loss", "nan"), "--max-loss nan: a number from 0 on"),
        (("n", "--max-loss", "-1"), "--max-loss -1: a number from 0 on"),
        (("n", "--price", "inf"), "--price inf: a number from 0 on"),
        (("n", "--max-parallel-gangs", "0"), "--max-parallel-gangs 0: at least one"),
        (("-l", "(("), "label selector: '((' is not a requirement"),
        (("n", "--state-namespace", "No Such"), "--state-namespace 'No Such': no name"),
    ],
)
def test_a_value_that_means_nothing_is_said_before_anything_is_read(
    evicts: EvictSite, words: tuple[str, ...], said: str
) -> None:
    for verb in ("plan", "run"):
        ran = evicts(verb, *words)
        assert (ran.code, ran.out) == (2, "")
        assert said in ran.err


def test_a_slip_in_a_flag_leads_to_the_help_of_its_verb(evicts: EvictSite) -> None:
    for verb in ("run", "plan", "gc"):
        ran = evicts(verb, "--no-such-flag")
        assert (ran.code, f"ai-evict {verb} --help`" in ran.err) == (2, True), ran.err
    assert "ai-evict --help`" in evicts("no-such-verb").err


def test_an_agreed_plan_takes_no_flags_beside_it(evicts: EvictSite) -> None:
    trained(evicts)
    file = str(evicts.folder / "plan.json")
    evicts("plan", "--gang", f"{evicts.namespace}/llm", "--out", file)
    ran = evicts("run", "--plan", file, "--yes", "--on-timeout", "evict")
    assert ran.code == 2
    assert "flags beside it would change what was agreed to" in ran.err


def test_what_was_agreed_to_and_is_gone_is_a_drift(evicts: EvictSite) -> None:
    (node,) = trained(evicts)
    files = {"gang": str(evicts.folder / "gang.json"), "node": str(evicts.folder / "node.json")}
    evicts("plan", "--gang", f"{evicts.namespace}/llm", "--out", files["gang"])
    evicts("plan", node, "--out", files["node"])
    evicts.api.delete(evicts.path("jobs.batch", "llm"), {"propagationPolicy": "Foreground"})
    evicts.api.until(evicts.path("pods"), lambda pods: not pods)
    ran = evicts("run", "--plan", files["gang"], "--yes")
    assert (ran.code, ran.out) == (Exit.DRIFT, "")
    assert (
        "not as it was planned with (--gang site/llm: there is no such gang with pods): nothing was written" in ran.err
    )
    evicts.api.delete(evicts.path("nodes", node))
    ran = evicts("run", "--plan", files["node"], "--yes")
    assert (ran.code, "(there is no node" in ran.err) == (Exit.DRIFT, True), ran.err


def test_a_right_that_is_missing_ends_it_with_the_code_of_rights(evicts: EvictSite) -> None:
    (node,) = trained(evicts)
    looking = [
        {"apiGroups": ["", "batch", "policy", "apps"], "resources": ["*"], "verbs": ["get", "list"]},
        {"apiGroups": [""], "resources": ["pods/eviction"], "verbs": ["create"]},
    ]
    evicts.grant(looking)
    assert evicts("plan", node, "--as", evicts.user).code == Exit.FORBIDDEN
    ran = evicts("run", node, "--yes", "--as", evicts.user)
    assert ran.code == Exit.FORBIDDEN
    assert "error: you may not patch nodes: nothing was written" in ran.err
    assert evicts.cordoned() == set()


def test_a_plan_says_who_is_at_it(evicts: EvictSite) -> None:
    (node,) = trained(evicts)
    gang = evicts.api.get(f"/apis/batch/v1/namespaces/{evicts.namespace}/jobs/llm").ok()["metadata"]["uid"]
    for place in (names.node_lease("default", node), names.gang_lease("default", gang)):
        spec = {"holderIdentity": "ana@ci-7/1/x", "leaseDurationSeconds": 60, "renewTime": _moment()}
        body = {"metadata": names.metadata(place, "xyz789", "lease"), "spec": spec}
        evicts.api.post("/apis/coordination.k8s.io/v1/namespaces/default/leases", body).ok()
    told = evicts.document("plan", node, code=Exit.REFUSED)
    assert [one["code"] for one in told["gangs"][0]["refusals"]] == ["locked"]
    out = evicts("plan", node).out
    assert f"node {evicts.clean(node)} is locked: ana@ci-7 holds it for drain xyz789" in out
    ran = evicts("run", node, "--yes")
    assert (ran.code, "nothing was written" in ran.err, evicts.cordoned()) == (Exit.LOCKED, True, set())


def test_a_drain_that_cannot_take_its_node_is_not_said_to_be_kept(evicts: EvictSite) -> None:
    """A node that another drain holds is a warning in the plan: it is seen when the locks are taken."""
    (node,) = evicts.nodes("held")
    place = names.node_lease("default", node)
    spec = {"holderIdentity": "ana@ci-7/1/x", "leaseDurationSeconds": 60, "renewTime": _moment()}
    body = {"metadata": names.metadata(place, "xyz789", "lease"), "spec": spec}
    evicts.api.post("/apis/coordination.k8s.io/v1/namespaces/default/leases", body).ok()
    ran = evicts("run", node, "--yes")
    assert (ran.code, "is kept in" in ran.err) == (Exit.LOCKED, False)


def test_a_node_of_the_control_plane_and_one_that_is_not_ready_are_said(evicts: EvictSite) -> None:
    (node,) = trained(evicts)
    there = evicts.api.get(f"/api/v1/nodes/{node}").ok()
    assert "WARN" not in evicts("plan", node).out
    evicts.api.patch(
        f"/api/v1/nodes/{node}", {"metadata": {"labels": {"node-role.kubernetes.io/control-plane": ""}}}
    ).ok()
    lost = {"conditions": [{"type": "Ready", "status": "Unknown", "reason": "NodeStatusUnknown"}]}
    evicts.api.patch(f"/api/v1/nodes/{node}/status", {"status": there["status"] | lost}).ok()
    out = evicts("plan", node).out
    assert "is one of the control plane" in out
    assert "is not Ready: nobody can be asked there" in out


def _moment() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
