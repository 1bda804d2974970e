"""A rollout from its beginning to its end: with good requests, with bad ones, and without any."""

from dataclasses import replace
from typing import Any

import pytest

from k8sai.canary.facts import Phase
from k8sai.canary.outcome import exit_of
from k8sai.canary.running import verbs
from k8sai.errors import Exit
from tests.canary.operators import QUICK, Site
from tests.canary.run_cases import HTTPROUTE
from tests.canary.run_site import to_step


@pytest.fixture
def site() -> Site:
    return HTTPROUTE.site()


def test_a_healthy_canary_goes_the_whole_way(site: Site) -> None:
    site.begun()
    assert (site.state.phase, site.state.cause, site.state.weight) == (Phase.PAUSED, "start", 0)
    state = site.driven()
    assert (state.phase, state.weight, exit_of(state)) == (Phase.PROMOTED, 100, Exit.OK)
    assert site.weights == [0, 5, 50, 100]
    assert [one.verb for one in state.history] == [
        "begin",
        "ready",
        "shift",
        "pass",
        "shift",
        "pass",
        "promote",
        "retire",
    ]
    assert len(site.on_target()) == 4


def test_a_canary_that_fails_its_gate_goes_back(site: Site) -> None:
    site.begun()
    site.script["bad"] = 0.05
    state = site.driven()
    assert (state.phase, state.cause, exit_of(state)) == (Phase.ROLLED_BACK, "gate", Exit.FAILED_SAFE)
    assert state.reason.startswith("the gate failed: errors<1%: ")
    assert site.weights == [0, 5, 0]
    site.driven()
    assert len(site.on_target()) == 2


def test_a_canary_that_cannot_serve_goes_back_without_numbers(site: Site) -> None:
    site.begun()
    to_step(site, 5)
    site.script["no_data"] = "Prometheus answers 503"
    site.world.edit("deployments.apps", "chat-v2", {"op": "replace", "path": "/spec/replicas", "value": 0})
    site.world.run(60)
    state = site.driven()
    assert (state.phase, state.cause, exit_of(state)) == (Phase.ROLLED_BACK, "trouble", Exit.FAILED_SAFE)
    assert state.reason == "the canary cannot serve: svc/chat-v2 has no ready endpoints"
    assert site.weights[-1] == 0


def test_a_canary_that_finds_no_room_is_taken_away(site: Site) -> None:
    big = {"op": "replace", "path": "/spec/template/spec/containers/0/resources/limits/nvidia.com~1gpu", "value": "64"}
    site.world.edit("deployments.apps", "chat-v2", big)
    site.world.edit("deployments.apps", "chat-v2", {"op": "replace", "path": "/spec/replicas", "value": 0})
    site.world.run(60)
    site.world.edit("deployments.apps", "chat-v2", {"op": "replace", "path": "/spec/replicas", "value": 1})
    site.world.run(10)
    held = site.begun()
    assert (held.state.phase, held.state.cause, exit_of(held.state)) == (
        Phase.ROLLED_BACK,
        "capacity",
        Exit.NO_CAPACITY,
    )
    assert held.state.reason.startswith("the canary was not ready after 1800 s: ")
    assert site.weights == [0]


def test_prometheus_down_holds_and_then_pauses_and_nothing_is_rolled_back(site: Site) -> None:
    site.begun()
    site.script["no_data"] = "Prometheus answers 503"
    state = site.driven()
    assert (state.phase, state.cause, exit_of(state)) == (Phase.PAUSED, "no-data", Exit.INCONCLUSIVE)
    assert (state.weight, site.weights) == (5, [0, 5])
    assert state.reason.endswith("Prometheus answers 503")
    site.world.run(1800)
    assert site.driven().phase is Phase.PAUSED
    assert site.weights == [0, 5]
    site.script.clear()
    assert site.driven().phase is Phase.PROMOTED


def test_requests_that_do_not_reach_the_canary_are_told_with_the_gateway(site: Site) -> None:
    site.begun()
    site.script["share"] = 0
    state = site.driven()
    assert (state.phase, state.cause, exit_of(state)) == (Phase.PAUSED, "split", Exit.INCONCLUSIVE)
    said = "SplitNotHonoured: 5 % is configured, 0.0 % of 30000 requests reached the canary, 2 windows in a row: "
    assert f"hold: {said}gateway gateway does not follow the weights" in site.news
    assert "SplitNotHonoured" in state.reason
    assert site.weights == [0, 5]


@pytest.mark.parametrize(
    ("wish", "phase", "code"),
    [
        ("hold", Phase.PAUSED, Exit.INCONCLUSIVE),
        ("rollback", Phase.ROLLED_BACK, Exit.INCONCLUSIVE),
        ("promote", Phase.PROMOTED, Exit.OK),
    ],
)
def test_too_few_requests_for_a_verdict(site: Site, wish: Any, phase: Phase, code: Exit) -> None:
    site.settings = replace(QUICK, gate_timeout=600)
    site.begun()
    site.script["per_second"] = 0.5
    state = site.rolled(lambda hands, held: verbs.run(hands, held, wish, end=None))
    assert (state.phase, exit_of(state)) == (phase, code)
