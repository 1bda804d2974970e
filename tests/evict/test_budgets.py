"""Disruption budgets: counted down over several pods, and every answer of the eviction subresource told apart."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from k8sai.cluster.api_errors import Asked, answer_error
from k8sai.evict.planning.budgets import Budgets
from k8sai.evict.planning.verdicts import eviction, heard

Json = dict[str, Any]


def pod(name: str = "a", *, app: str = "gw", ready: bool = True, phase: str = "Running", **meta: Any) -> Json:
    conditions = [{"type": "Ready", "status": "True" if ready else "False"}]
    return {
        "metadata": {"name": name, "namespace": "serving", "uid": f"u-{name}", "labels": {"app": app}, **meta},
        "status": {"phase": phase, "conditions": conditions},
    }


def budget(name: str = "gw", app: str = "gw", *, spec: Json | None = None, **status: Any) -> Json:
    selector = {"matchLabels": {"app": app}} if app else {}
    return {
        "metadata": {"name": name, "namespace": "serving", "uid": f"b-{name}", "generation": 1},
        "spec": {"selector": selector, **({"minAvailable": 2} if spec is None else spec)},
        "status": {
            "observedGeneration": 1,
            "disruptionsAllowed": 1,
            "currentHealthy": 3,
            "desiredHealthy": 2,
            "expectedPods": 3,
            **status,
        },
    }


def test_each_pod_that_goes_takes_one() -> None:
    budgets = Budgets.of([budget()])
    words = [budgets.spend(pod(name)).word for name in "abc"]
    assert words == ["passes", "waits", "waits"]
    said = budgets.spend(pod("d")).why
    assert said == "pdb serving/gw needs 2 healthy, has 3: 1 at a time, the next after its pods run elsewhere"


def test_a_pod_of_another_namespace_or_label_is_not_covered() -> None:
    budgets = Budgets.of([budget(disruptionsAllowed=0)])
    assert budgets.spend(pod(app="other")).passes
    assert budgets.spend(pod(namespace="elsewhere")).passes


def test_a_budget_with_an_empty_selector_covers_all_and_one_without_covers_none() -> None:
    everything, nothing = budget(app=""), budget()
    del nothing["spec"]["selector"]
    assert Budgets.of([{**everything, "status": {**everything["status"], "disruptionsAllowed": 0}}]).spend(
        pod(app="x")
    ).word == ("waits")
    assert Budgets.of([{**nothing, "status": {**nothing["status"], "disruptionsAllowed": 0}}]).spend(pod()).passes


@pytest.mark.parametrize(
    "free",
    [pod(phase="Succeeded"), pod(phase="Failed"), pod(phase="Pending"), pod(deletionTimestamp="2026-01-01T00:00:00Z")],
)
def test_budgets_are_not_asked_about_what_does_not_run(free: Json) -> None:
    assert Budgets.of([budget(disruptionsAllowed=0)]).spend(free).passes


@pytest.mark.parametrize(
    ("spec", "status", "why"),
    [
        ({"maxUnavailable": 0}, {"desiredHealthy": 3, "disruptionsAllowed": 0}, "it wants 3 of 3 healthy"),
        ({"minAvailable": 3}, {"desiredHealthy": 3, "disruptionsAllowed": 0}, "it wants 3 of 3 healthy"),
        ({"minAvailable": "100%"}, {"desiredHealthy": 3, "disruptionsAllowed": 0}, "it wants 3 of 3 healthy"),
        (
            {"maxUnavailable": 1},
            {"expectedPods": 0, "desiredHealthy": 0, "disruptionsAllowed": 0},
            "it counts no pods: a maxUnavailable needs an owner with a scale",
        ),
        (
            {"minAvailable": "50%"},
            {"expectedPods": 0, "desiredHealthy": 0, "disruptionsAllowed": 0},
            "it counts no pods: a percentage needs an owner with a scale",
        ),
        (
            {"maxUnavailable": "50%"},
            {
                "observedGeneration": 0,
                "disruptionsAllowed": 0,
                "conditions": [
                    {
                        "type": "DisruptionAllowed",
                        "status": "False",
                        "reason": "SyncFailed",
                        "message": "jobs.batch does not implement the scale subresource",
                    }
                ],
            },
            "its pods cannot be counted (jobs.batch does not implement the scale subresource)",
        ),
    ],
)
def test_a_budget_that_can_never_pass_is_told_from_one_that_waits(spec: Json, status: Json, why: str) -> None:
    verdict = Budgets.of([budget(spec=spec, **status)]).spend(pod())
    assert (verdict.word, verdict.budget) == ("never", "gw")
    assert why in verdict.why


def test_a_budget_of_which_a_pod_is_unwell_may_pass_later() -> None:
    verdict = Budgets.of([budget(currentHealthy=2, disruptionsAllowed=0)]).spend(pod())
    assert (verdict.word, verdict.why) == ("waits", "pdb serving/gw needs 2 healthy, has 2: 0 disruptions allowed")


def test_a_stale_budget_is_not_yet_known() -> None:
    assert Budgets.of([budget(observedGeneration=0)]).spend(pod()).word == "stale"


def test_two_budgets_over_a_pod_never_pass_and_both_are_named() -> None:
    verdict = Budgets.of([budget("one"), budget("two")]).spend(pod())
    assert verdict.word == "never"
    assert "pdb serving/one and pdb serving/two" in verdict.why


def test_a_pod_that_is_not_ready_goes_where_the_others_are_enough() -> None:
    allowed = budget(currentHealthy=2, disruptionsAllowed=0)
    assert Budgets.of([allowed]).spend(pod(ready=False)).passes
    short = budget(currentHealthy=1, disruptionsAllowed=0)
    assert not Budgets.of([short]).spend(pod(ready=False)).passes
    always = budget(spec={"minAvailable": 2, "unhealthyPodEvictionPolicy": "AlwaysAllow"}, currentHealthy=0)
    assert Budgets.of([always]).spend(pod(ready=False)).passes


@given(allowed=st.integers(0, 5), pods=st.integers(0, 8))
def test_never_more_pass_than_are_allowed(allowed: int, pods: int) -> None:
    status: Json = {"disruptionsAllowed": allowed, "expectedPods": 9, "currentHealthy": 2 + allowed}
    budgets = Budgets.of([budget(**status)])
    words = [budgets.spend(pod(str(number))).word for number in range(pods)]
    assert words.count("passes") == min(allowed, pods)


# --- gangs, whose stop asks no budget ---------------------------------------------------------------------------------


def test_a_stop_that_takes_more_than_a_budget_allows_breaks_it() -> None:
    gang = [pod("a"), pod("b")]
    ((one, why),) = Budgets.of([budget()]).broken_by(gang)
    assert one.name == "gw"
    assert why == "pdb serving/gw needs 2 healthy, has 3: 1 may go, and the stop takes its 2 pods"
    assert Budgets.of([budget(disruptionsAllowed=2)]).broken_by(gang) == []


def test_what_the_controller_cannot_count_is_counted_by_the_gang_alone() -> None:
    failed = [{"type": "DisruptionAllowed", "status": "False", "reason": "SyncFailed", "message": "no scale"}]
    gang = [pod("a"), pod("b")]
    assert Budgets.of([budget(spec={"maxUnavailable": 1}, conditions=failed)]).broken_by(gang)
    assert Budgets.of([budget(spec={"maxUnavailable": "50%"}, conditions=failed)]).broken_by(gang)
    assert not Budgets.of([budget(spec={"maxUnavailable": "100%"}, conditions=failed)]).broken_by(gang)
    assert not Budgets.of([budget(spec={"maxUnavailable": 2}, conditions=failed)]).broken_by(gang)


def test_asking_what_a_stop_breaks_spends_nothing() -> None:
    budgets = Budgets.of([budget()])
    budgets.broken_by([pod("a")])
    assert budgets.spend(pod("a")).passes


# --- what the server answers ------------------------------------------------------------------------------------------

_VIOLATES = "Cannot evict pod as it would violate the pod's disruption budget."


def _status(code: int, message: str, cause: str = "", **more: Any) -> bytes:
    causes = {"details": {"causes": [{"reason": "DisruptionBudget", "message": cause}]}} if cause else {}
    said = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "message": message, "code": code}
    return json.dumps({**said, **causes, **more}).encode()


@pytest.mark.parametrize(
    ("code", "headers", "body", "word", "budget_name", "retry"),
    [
        (
            429,
            {},
            _status(429, _VIOLATES, "The disruption budget z needs 2 healthy pods and has 2 currently"),
            "waits",
            "z",
            None,
        ),
        (
            429,
            {"Retry-After": "10"},
            _status(429, _VIOLATES, "The disruption budget n is still being processed by the server."),
            "stale",
            "n",
            10.0,
        ),
        (429, {"Retry-After": "1"}, b"Too many requests, please try again later.", "limited", "", 1.0),
        (
            500,
            {},
            _status(
                500, "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support."
            ),
            "never",
            "",
            None,
        ),
        (
            403,
            {},
            _status(
                403,
                'poddisruptionbudget.policy "n" is forbidden: DisruptedPods map too big - too many evictions not '
                "confirmed by PDB controller",
                "DisruptedPods map too big",
                reason="Forbidden",
            ),
            "waits",
            "",
            None,
        ),
        (
            403,
            {},
            _status(
                403,
                'pods "rb" is forbidden: User "alice" cannot create resource "pods/eviction" in API group "" in the '
                'namespace "ev2"',
                reason="Forbidden",
            ),
            "denied",
            "",
            None,
        ),
        (
            422,
            {},
            _status(422, "pods \"p\" is forbidden: ValidatingAdmissionPolicy 'x' denied request: no", reason="Invalid"),
            "never",
            "",
            None,
        ),
        (409, {}, _status(409, 'Operation cannot be fulfilled on Pod "p1"', reason="Conflict"), "moved", "", None),
        (404, {}, _status(404, 'pods "x" not found', reason="NotFound"), "gone", "", None),
        (500, {}, _status(500, "etcd is gone"), "failed", "", None),
        (503, {}, b"upstream", "failed", "", None),
        (504, {}, _status(504, "Timeout", reason="Timeout"), "stale", "", None),
    ],
)
def test_every_answer_has_its_word(
    code: int, headers: dict[str, str], body: bytes, word: str, budget_name: str, retry: float | None
) -> None:
    asked = Asked("https://server", "POST", "/api/v1/namespaces/ev2/pods/rb/eviction")
    verdict = heard(answer_error(code, headers, body, asked))
    assert (verdict.word, verdict.budget, verdict.retry) == (word, budget_name, retry)


def test_an_eviction_names_the_uid() -> None:
    body = eviction("ml", "a", "u-1", grace=30, dry_run=True)
    assert body["deleteOptions"] == {
        "preconditions": {"uid": "u-1"},
        "gracePeriodSeconds": 30,
        "dryRun": ["All"],
    }
    assert "gracePeriodSeconds" not in eviction("ml", "a", "u-1")["deleteOptions"]
