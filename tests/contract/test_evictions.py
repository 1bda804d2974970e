"""pods/eviction: every answer a server has, and what is left behind. Source: eviction.go and disruption.go of 1.37."""

import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.contract.api import Answer, Api, Json
from tests.contract.conftest import Nodes
from tests.contract.evicting import LINGERS, Yard, allowed, cause, failed, observed
from tests.contract.objects import deployment
from tests.contract.queues import condition

PROCESSED = "The disruption budget guard is still being processed by the server."
STATUS = {"kind": "Status", "apiVersion": "v1", "metadata": {}}
SEVERAL = "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support."
NO_SCALE = "jobs.batch does not implement the scale subresource"


@pytest.fixture
def yard(api: Api, core: str, nodes: Callable[..., Nodes]) -> Yard:
    return Yard(api, core, nodes())


def test_granted_with_a_condition_that_says_so(yard: Yard) -> None:
    yard.run("p", annotations=LINGERS, terminationGracePeriodSeconds=600)
    granted = yard.evict("p")
    assert granted.status == 201
    assert granted.body == STATUS | {"status": "Success", "code": 201}
    told = condition(yard.get("p"), "DisruptionTarget")
    assert (told["status"], told["reason"], told["message"]) == (
        "True",
        "EvictionByEvictionAPI",
        "Eviction API: evicting",
    )


def test_a_plain_delete_has_no_such_condition(yard: Yard) -> None:
    yard.run("p", annotations=LINGERS)
    yard.api.delete(f"{yard.pods}/p").ok()
    assert condition(yard.get("p"), "DisruptionTarget") == {}


def test_the_first_eviction_sets_the_grace_and_later_ones_only_shorten_it(yard: Yard) -> None:
    def grace() -> int:
        return int(yard.get("p")["metadata"]["deletionGracePeriodSeconds"])

    yard.run("p", annotations=LINGERS, terminationGracePeriodSeconds=30)
    yard.evict("p", gracePeriodSeconds=600).ok()
    assert grace() == 600
    yard.evict("p", gracePeriodSeconds=60).ok()
    assert grace() == 60
    yard.evict("p", gracePeriodSeconds=900).ok()
    assert grace() == 60
    yard.evict("p", gracePeriodSeconds=0).ok()
    yard.evict("p").refused(404, "NotFound")


def test_a_spent_budget(yard: Yard) -> None:
    yard.run("p1", "p2")
    yard.budget(minAvailable=2, reached=allowed(0))
    refused = yard.evict("p1")
    assert cause(refused) == "The disruption budget guard needs 2 healthy pods and has 2 currently"
    assert refused.body["message"] == "Cannot evict pod as it would violate the pod's disruption budget."
    assert "Retry-After" not in refused.headers and "retryAfterSeconds" not in refused.body["details"]
    assert cause(yard.evict("p1", dry=True)) == cause(refused)


def test_dry_runs_ask_the_budget_and_spend_nothing(yard: Yard) -> None:
    yard.run("p1", "p2")
    yard.budget(minAvailable=1, reached=allowed(1))
    for name in ("p1", "p2"):
        assert yard.evict(name, dry=True).status == 201
        assert yard.evict(name, dryRun=["All"]).status == 201
        assert "deletionTimestamp" not in yard.get(name)["metadata"]
        assert condition(yard.get(name), "DisruptionTarget") == {}
    assert yard.state()["disruptionsAllowed"] == 1
    assert yard.evict("p1").status == 201
    assert cause(yard.evict("p2"))


def test_a_uid_that_is_not_the_pods_spends_the_budget_all_the_same(yard: Yard) -> None:
    yard.run("p1", "p2")
    yard.budget(minAvailable=1, reached=allowed(1))
    uid = yard.get("p1")["metadata"]["uid"]
    dry = yard.evict("p1", dry=True, preconditions={"uid": "another"}).refused(409, "Conflict")
    assert yard.state()["disruptionsAllowed"] == 1
    refused = yard.evict("p1", preconditions={"uid": "another"}).refused(409, "Conflict")
    assert refused["message"] == dry["message"]
    assert refused["message"] == (
        f'Operation cannot be fulfilled on Pod "p1": the UID in the precondition (another) does not match the UID in '
        f"record ({uid}). The object might have been deleted and then recreated"
    )
    assert refused["details"]["kind"] == "Pod"
    assert list(yard.state()["disruptedPods"]) == ["p1"]
    assert yard.state()["disruptionsAllowed"] == 0
    assert yard.evict("p2").status == 429
    assert "deletionTimestamp" not in yard.get("p1")["metadata"]


def test_without_a_budget_a_wrong_uid_costs_nothing(yard: Yard) -> None:
    yard.run("p")
    yard.evict("p", preconditions={"uid": "another"}).refused(409, "Conflict")
    yard.evict("p", preconditions={"uid": yard.get("p")["metadata"]["uid"]}).ok()


def test_two_budgets_are_an_error_for_ever(yard: Yard) -> None:
    yard.run("p1", "p2")
    yard.budget("guard", minAvailable=1, reached=allowed(1))
    yard.budget("other", minAvailable=1, reached=allowed(1))
    for dry in (False, True):
        refused = yard.evict("p1", dry=dry)
        assert refused.status == 500
        assert refused.body == STATUS | {"status": "Failure", "message": SEVERAL, "code": 500}


@pytest.mark.parametrize("spec", [{"maxUnavailable": 1}, {"maxUnavailable": "50%"}, {"minAvailable": "50%"}], ids=str)
def test_a_share_of_a_jobs_pods_cannot_be_counted(yard: Yard, spec: Json) -> None:
    yard.job()
    budget = yard.budget(reached=failed, **spec)
    told = condition(budget, "DisruptionAllowed")
    assert (told["status"], told["message"]) == ("False", NO_SCALE)
    assert "observedGeneration" not in budget["status"] or not budget["status"]["observedGeneration"]
    rank = yard.ranks("guarded", 2)["0"]["metadata"]["name"]
    for dry in (True, False):
        refused = yard.evict(rank, dry=dry)
        assert cause(refused) == PROCESSED
        assert refused.headers["Retry-After"] == "10"
        assert refused.body["details"]["retryAfterSeconds"] == 10


def test_a_number_of_a_jobs_pods_can(yard: Yard) -> None:
    yard.job(annotations=LINGERS)
    yard.budget(minAvailable=1, reached=allowed(1))
    ranks = yard.ranks("guarded", 2)
    assert yard.evict(ranks["0"]["metadata"]["name"]).status == 201
    assert yard.evict(ranks["1"]["metadata"]["name"]).status == 429


@pytest.mark.parametrize("spec", [{"maxUnavailable": 1}, {"minAvailable": "50%"}], ids=str)
def test_a_share_of_pods_without_a_controller_is_none(yard: Yard, spec: Json) -> None:
    yard.run("p1", "p2")
    budget = yard.budget(**spec, reached=lambda one: observed(one) and one["status"]["currentHealthy"] == 2)
    assert (budget["status"]["expectedPods"], budget["status"]["disruptionsAllowed"]) == (0, 0)
    assert cause(yard.evict("p1")) == "The disruption budget guard does not allow evicting pods currently"


def test_a_share_of_a_deployment(yard: Yard) -> None:
    apps = yard.core.replace("/api/v1", "/apis/apps/v1")
    yard.api.post(f"{apps}/deployments", deployment("guarded", 4, nodeSelector=yard.where.selector)).ok()
    yard.budget(maxUnavailable="50%", reached=allowed(2))


def test_a_status_that_cannot_be(yard: Yard) -> None:
    yard.job()
    yard.budget(maxUnavailable=1, reached=failed)
    path = f"{yard.budgets}/guard/status"
    yard.api.patch(path, {"status": {"disruptionsAllowed": -1}}).refused(422, "Invalid")


def test_too_many_granted_evictions_that_never_happened(yard: Yard) -> None:
    """Whose budget cannot be counted: there nobody tidies up the status."""
    yard.job()
    yard.budget(maxUnavailable=1, reached=failed)
    rank = yard.ranks("guarded", 2)["0"]["metadata"]["name"]
    path = f"{yard.budgets}/guard/status"
    yard.api.patch(path, {"status": {"observedGeneration": 1}}).ok()
    words = "The disruption budget guard does not allow evicting pods currently"
    assert cause(yard.evict(rank)) == f"{words} because it failed sync: {NO_SCALE}"
    granted = {f"gone-{number}": "2026-01-01T00:00:00Z" for number in range(2001)}
    yard.api.patch(path, {"status": {"disruptedPods": granted}}).ok()
    refused = yard.evict(rank)
    many = "too many pending evictions not confirmed by PDB controller"
    assert cause(refused, 403, "Forbidden") == f"{words}: {many}"
    assert refused.body["message"] == (
        'poddisruptionbudget.policy "guard" is forbidden: DisruptedPods map too big - too many evictions not confirmed '
        "by PDB controller"
    )


def test_pods_that_serve_nobody_go_whatever_the_budget_says(yard: Yard) -> None:
    yard.run("ended", "leaving", annotations=LINGERS)
    pending = {"metadata": {"name": "pending", "labels": {"app": "guarded"}}}
    spec = yard.get("ended")["spec"] | {"nodeSelector": {"no.such/label": "x"}}
    spec.pop("nodeName")
    yard.api.post(yard.pods, {**pending, "spec": spec}).ok()
    yard.budget(minAvailable=9, reached=allowed(0))
    yard.api.delete(f"{yard.pods}/leaving").ok()
    yard.api.patch(f"{yard.pods}/ended/status", {"status": {"phase": "Failed"}}).ok()
    for name in ("ended", "leaving", "pending"):
        assert yard.evict(name, dry=True).status == 201
        assert yard.evict(name).status == 201


@pytest.mark.parametrize(("policy", "least", "code"), [("", 1, 201), ("", 2, 429), ("AlwaysAllow", 2, 201)])
def test_a_pod_that_is_not_ready(yard: Yard, policy: str, least: int, code: int) -> None:
    yard.run("well", "ill")
    status = {"conditions": [{"type": "Ready", "status": "False"}]}
    yard.api.patch(f"{yard.pods}/ill/status", {"status": status}, "application/strategic-merge-patch+json").ok()
    chosen = {"unhealthyPodEvictionPolicy": policy} if policy else {}
    yard.budget(minAvailable=least, **chosen, reached=lambda one: one.get("status", {}).get("currentHealthy") == 1)
    assert yard.evict("ill").status == code


@pytest.mark.parametrize("version", ["policy/v1", "policy/v1beta1"])
def test_versions_of_the_body(yard: Yard, version: str) -> None:
    yard.run("p")
    body = {"apiVersion": version, "kind": "Eviction", "metadata": {"name": "p"}}
    assert yard.api.post(f"{yard.pods}/p/eviction", body).status == 201


@pytest.mark.parametrize(
    "body",
    [
        {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": "other"}},
        {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {}},
        {"apiVersion": "lifecycle.k8s.io/v1alpha1", "kind": "Eviction", "metadata": {"name": "p"}},
        {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}},
    ],
    ids=["name", "no-name", "lifecycle", "kind"],
)
def test_a_body_that_is_none_of_it(yard: Yard, body: Json) -> None:
    yard.run("p")
    yard.api.post(f"{yard.pods}/p/eviction", body).refused(400, "BadRequest")
    assert "deletionTimestamp" not in yard.get("p")["metadata"]


def test_no_such_pod_and_no_such_method(yard: Yard) -> None:
    assert yard.evict("none").refused(404, "NotFound")["message"] == 'pods "none" not found'
    yard.api.get(f"{yard.pods}/none/eviction").refused(405, "MethodNotAllowed")


def test_a_policy_on_evictions_refuses_before_the_budget_is_spent(yard: Yard) -> None:
    yard.run("p1", "p2")
    yard.budget(minAvailable=1, reached=allowed(1))
    name = yard.namespace
    policies = "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies"
    rule: dict[str, Any] = {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"]}
    chosen = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": name}}}
    spec = {
        "failurePolicy": "Fail",
        "matchConstraints": {"resourceRules": [{**rule, "resources": ["pods/eviction"]}], **chosen},
        "validations": [{"expression": "object.metadata.name != 'p1'", "message": "p1 stays"}],
    }
    bound = {"policyName": name, "validationActions": ["Deny"]}
    try:
        yard.api.post(policies, {"metadata": {"name": name}, "spec": spec}).ok()
        yard.api.post(f"{policies[:-3]}ybindings", {"metadata": {"name": name}, "spec": bound}).ok()
        refused = _refused_soon(yard)
        said = refused.refused(422, "Invalid")
        by = f"ValidatingAdmissionPolicy '{name}' with binding '{name}' denied request"
        assert said["message"] == f'pods "p1" is forbidden: {by}: p1 stays'
        yard.evict("p1").refused(422, "Invalid")
        assert yard.state()["disruptionsAllowed"] == 1
        assert yard.evict("p2").status == 201
    finally:
        for plural in ("validatingadmissionpolicybindings", "validatingadmissionpolicies"):
            yard.api.delete(f"/apis/admissionregistration.k8s.io/v1/{plural}/{name}")


def _refused_soon(yard: Yard) -> Answer:
    """A server learns of policies after a while."""
    end = time.monotonic() + 20
    while (answer := yard.evict("p1", dry=True)).status == 201 and time.monotonic() < end:
        pass
    return answer
