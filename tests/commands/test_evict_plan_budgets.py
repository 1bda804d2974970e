"""`evict plan` where disruption budgets stand in the way, or would be broken by a stop."""

from k8sai.errors import Exit
from tests.commands.evict_site import EvictSite
from tests.commands.test_evict_plan import lines, nodes
from tests.evict.yard_objects import budget, contract, job, service


def test_a_budget_that_can_never_pass_blocks(evicts: EvictSite) -> None:
    made = nodes(evicts)
    evicts.put(service("gw", evicts.namespace, 2), budget("gw", "gw", minAvailable=2))
    evicts.runs("gw", 2)
    evicts.until("poddisruptionbudgets.policy", "gw", lambda one: one["status"].get("expectedPods") == 2)
    ran = evicts("plan", *made)
    assert ran.code == Exit.BLOCKED
    (blocked,) = lines(ran.out, "BLOCKERS")
    assert blocked.startswith(
        "never passes: pdb site/gw: it wants 2 of 2 healthy: 0 disruptions are ever allowed (keeps 2 pods: site/gw-"
    )
    (said,) = evicts.document("plan", *made, code=Exit.BLOCKED)["blocked"]
    assert (said["never"], len(said["pods"])) == (True, 2)


def test_pods_under_one_budget_go_one_after_the_other_which_blocks_nothing(evicts: EvictSite) -> None:
    """Each of them alone passes the server's dry run."""
    made = nodes(evicts)
    evicts.put(service("gw", evicts.namespace, 3), budget("gw", "gw", minAvailable=2))
    evicts.runs("gw", 3)
    evicts.until("poddisruptionbudgets.policy", "gw", lambda one: one["status"].get("disruptionsAllowed") == 1)
    document = evicts.document("plan", *made)
    assert document["blocked"] == []
    assert sorted(bool(one["blocked"]) for one in document["pods"]) == [False, True, True]


def test_two_budgets_over_one_pod_are_named_both(evicts: EvictSite) -> None:
    made = nodes(evicts)
    evicts.put(service("gw", evicts.namespace, 2), budget("one", "gw"), budget("two", "gw"))
    evicts.runs("gw", 2)
    ran = evicts("plan", *made)
    assert ran.code == Exit.BLOCKED
    assert "pdb site/one and pdb site/two both cover it" in lines(ran.out, "BLOCKERS")[0]


def test_a_stop_that_would_break_a_budget_is_refused_unless_it_is_ignored(evicts: EvictSite) -> None:
    nodes(evicts)
    evicts.put(job("sft", evicts.namespace, says=contract("sft")))
    evicts.runs("sft", 2)
    guard = budget("guard", "x", minAvailable=2)
    guard["spec"]["selector"] = {"matchLabels": {"batch.kubernetes.io/job-name": "sft"}}
    evicts.put(guard)
    evicts.until("poddisruptionbudgets.policy", "guard", lambda one: one["status"].get("expectedPods") == 2)
    on = sorted(evicts.where("sft"))
    (gang,) = evicts.document("plan", *on, code=Exit.REFUSED)["gangs"]
    (refusal,) = gang["refusals"]
    assert (refusal["code"], refusal["flag"]) == ("gang-pdb", "--gang-pdb=ignore")
    ignored = evicts("plan", *on, "--gang-pdb=ignore")
    assert ignored.code == Exit.OK
    assert any("ignored: pdb site/guard" in line for line in lines(ignored.out, "WARN"))
