"""Rollouts from start to end on the embedded cluster, on one clock: what passes, what goes back, what holds."""

from dataclasses import replace
from itertools import count
from typing import Any

import pytest

from k8sai.canary.facts import Phase
from k8sai.canary.outcome import exit_of
from k8sai.canary.running import carry, verbs
from k8sai.canary.running.decide import Look
from k8sai.canary.running.pausing import pause
from k8sai.canary.running.rollback import rollback
from k8sai.canary.state import State
from k8sai.cluster.api_errors import ApiForbidden, Unavailable
from k8sai.errors import Drift, Exit, Locked, Refused, Usage
from tests.canary.operators import QUICK, Mortal, Site
from tests.canary.run_cases import CASES, HTTPROUTE

ROUTE = "/apis/gateway.networking.k8s.io/v1/namespaces/default/httproutes/chat"
WEIGHT = "/spec/rules/0/backendRefs/1/weight"


@pytest.fixture
def site() -> Site:
    return HTTPROUTE.site()


def to_step(site: Site, weight: int, **more: Any) -> State:
    return site.rolled(lambda hands, held: verbs.step(hands, held, weight, end=None, **more))


def somebody(site: Site, weight: int) -> None:
    """Another one writes the canary's weight."""
    site.world.edit(site.ref.kind, "chat", {"op": "replace", "path": WEIGHT, "value": weight})
    site.world.settle()


# --- the whole way ----------------------------------------------------------------------------------------------------


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


# --- without numbers --------------------------------------------------------------------------------------------------


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


# --- somebody else ----------------------------------------------------------------------------------------------------


def test_a_weight_that_somebody_else_writes_ends_it_without_another_write(site: Site) -> None:
    site.begun()
    to_step(site, 5)
    before = len(site.on_target())
    somebody(site, 0)
    state = site.driven()
    assert (state.phase, exit_of(state)) == (Phase.DRIFTED, Exit.DRIFT)
    assert state.drift == ("the canary's weight is 0 %, not 5 %",)
    assert len(site.on_target()) == before
    assert site.driven().phase is Phase.DRIFTED
    with pytest.raises(Drift):
        to_step(site, 50)
    assert len(site.on_target()) == before


def test_it_goes_back_from_drift(site: Site) -> None:
    site.begun()
    to_step(site, 5)
    somebody(site, 7)
    site.driven()
    state = site.rolled(rollback)
    assert (state.phase, state.cause) == (Phase.ROLLED_BACK, "asked")
    assert site.weights[-1] == 0


class Raced(Mortal):
    """Somebody writes just before the first write to the target."""

    def send(self, method: str, path: str, *more: Any, **named: Any) -> Any:
        if path == ROUTE and not self._site.on_target():
            somebody(self._site, 3)
        return super().send(method, path, *more, **named)


def test_a_guard_that_does_not_hold_is_drift_with_the_value_and_no_second_write(site: Site) -> None:
    site.begun()
    with pytest.raises(Drift, match=f"^{WEIGHT} of httproute/chat is 3, not 0: nothing was written$"):
        site.driven(Raced(site))
    assert site.on_target() == []
    assert site.state.phase is Phase.DRIFTED
    assert site.state.drift == (f"{WEIGHT} of httproute/chat is 3, not 0",)


def test_a_third_version_is_drift_and_the_snapshot_still_leads_back(site: Site) -> None:
    before = site.target()["spec"]
    site.begun()
    to_step(site, 5)
    image = {"op": "replace", "path": "/spec/template/spec/containers/0/image", "value": "registry/other:9"}
    site.world.edit("deployments.apps", "chat-v2", image)
    site.world.run(60)
    state = site.driven()
    assert state.phase is Phase.DRIFTED
    assert "version behind svc/chat-v2" in state.reason
    site.rolled(rollback)
    assert site.target()["spec"] == before


def test_a_target_of_another_uid_is_not_touched(site: Site) -> None:
    site.begun()
    spec = site.target()["spec"]
    site.world.delete("httproutes", "chat", "gateway.networking.k8s.io")
    site.world.run()
    made = {"apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute", "metadata": {"name": "chat"}}
    site.world.has({**made, "spec": spec})
    with pytest.raises(Drift, match="deleted and made anew"):
        site.driven()
    assert site.on_target() == []


# --- two operators ----------------------------------------------------------------------------------------------------


def test_of_two_steps_at_once_one_acts(site: Site) -> None:
    site.settings = replace(QUICK, gated=False)
    site.begun()
    known = site.state
    with site.operator() as (hands, held):
        assert held
        with pytest.raises(Locked, match="holds the canary"), site.operator():
            pass
        assert verbs.step(hands, held, end=None).state.weight == 5
    with pytest.raises(Locked, match="has just brought"), site.operator(known=known):
        pass
    assert site.weights == [0, 5]


def test_a_rollback_steals_the_lease_and_the_other_one_stops(site: Site) -> None:
    site.begun()

    def steal(news: str) -> None:
        if news == "stands: the canary has 5 % of the requests":
            site.rolled(lambda hands, held: rollback(hands, held), steal=True)

    site.hear = steal
    with pytest.raises(Locked):
        site.driven()
    assert site.state.phase is Phase.ROLLED_BACK
    assert [one.verb for one in site.state.history][-2:] == ["steal", "rollback"]
    assert site.weights == [0, 5, 0]


def test_a_holder_that_wakes_up_late_writes_nothing(site: Site) -> None:
    """Between its goal in the journal and the write it sleeps; meanwhile another one has taken over and gone back."""
    site.begun()

    def sleep(news: str) -> None:
        if news.startswith("shift: "):
            site.world.run(100)
            site.rolled(rollback)

    site.hear = sleep
    with pytest.raises(Locked):
        site.driven()
    assert site.on_target() == []
    assert (site.state.phase, site.state.weight) == (Phase.ROLLED_BACK, 0)


def test_a_person_pauses_it_while_it_runs(site: Site) -> None:
    site.begun()

    def hold(news: str) -> None:
        if news == "stands: the canary has 5 % of the requests":
            held = site.kept.peek()
            assert held
            site.kept.save(held, pause(held.state, site.world.clock.now(), "ana", "lunch"))

    site.hear = hold
    state = site.driven()
    assert (state.phase, state.paused_by, exit_of(state)) == (Phase.PAUSED, "ana", Exit.WAITING)
    assert site.weights == [0, 5]


# --- one step ---------------------------------------------------------------------------------------------------------


def test_a_step_that_stands_is_not_written_again(site: Site) -> None:
    site.begun()
    to_step(site, 5)
    writes = len(site.on_target())
    assert to_step(site, 5).weight == 5
    assert to_step(site, 5, expect=5).weight == 5
    assert len(site.on_target()) == writes


def test_a_step_measures_what_there_was_since(site: Site) -> None:
    site.begun()
    to_step(site, 5)
    with pytest.raises(verbs.Undecided, match="the weight stays"):
        to_step(site, 50)
    site.world.run(60)
    assert to_step(site, 50).weight == 50
    assert site.state.passed == 5


def test_a_step_past_a_gate_that_failed(site: Site) -> None:
    site.begun()
    to_step(site, 5)
    site.script["bad"] = 0.1
    site.world.run(60)
    with pytest.raises(verbs.Failing, match="the gate failed"):
        to_step(site, 50)
    assert to_step(site, 50, force="known, and harmless").weight == 50
    assert ("force", "known, and harmless") in [(one.verb, one.reason) for one in site.state.history]


def test_steps_are_taken_in_order(site: Site) -> None:
    site.begun()
    with pytest.raises(Refused, match="5 % would be skipped"):
        to_step(site, 50)
    with pytest.raises(Usage, match="7 % is no step"):
        to_step(site, 7)
    with pytest.raises(Drift, match="the canary has 0 %, not 1 %"):
        to_step(site, 5, expect=1)
    to_step(site, 50, force="it is the weekend")
    with pytest.raises(Usage, match="5 % is less than"):
        to_step(site, 5)
    with pytest.raises(Refused, match="50 % is the last step"):
        site.rolled(lambda hands, held: verbs.step(hands, held, end=None))


# --- back -------------------------------------------------------------------------------------------------------------


def test_back_a_little_and_back_gradually(site: Site) -> None:
    site.begun()
    to_step(site, 50, force="to see")
    state = site.rolled(lambda hands, held: rollback(hands, held, to_weight=20))
    assert (state.phase, state.weight, state.passed, state.paused_by) == (Phase.PAUSED, 20, 5, "admin")
    assert site.driven().weight == 20
    with pytest.raises(Usage, match="not less than"):
        site.rolled(lambda hands, held: rollback(hands, held, to_weight=20))
    site.rolled(lambda hands, held: rollback(hands, held, gradual=True))
    assert site.weights == [0, 50, 20, 5, 0]
    assert site.state.phase is Phase.ROLLED_BACK


def test_back_after_the_promotion_while_the_old_version_is_kept(site: Site) -> None:
    site.begun()
    to_step(site, 50, force="to see")
    site.rolled(lambda hands, held: verbs.promote(hands, held, force="now", end=None))
    assert (site.state.phase, site.state.ended) == (Phase.PROMOTED, "")
    site.rolled(rollback)
    assert (site.state.phase, site.weights[-1]) == (Phase.ROLLED_BACK, 0)


def test_back_with_everything_broken(site: Site) -> None:
    """Prometheus, the Lease's holder, the canary's pods; and the goal that was on its way."""
    site.begun()
    to_step(site, 5)
    site.script["no_data"] = "Prometheus answers 503"
    assert not site.life(Mortal(site, 4, taken=True))
    site.world.edit("deployments.apps", "chat-v2", {"op": "replace", "path": "/spec/replicas", "value": 0})
    state = site.rolled(rollback)
    assert (state.phase, site.weights[-1]) == (Phase.ROLLED_BACK, 0)
    writes = len(site.on_target())
    site.rolled(rollback)
    assert len(site.on_target()) == writes


def test_a_promotion_below_the_last_step_needs_a_reason(site: Site) -> None:
    site.begun()
    to_step(site, 5)
    with pytest.raises(Refused, match="5 % is below the last step, 50 %"):
        site.rolled(lambda hands, held: verbs.promote(hands, held, end=None))
    state = site.rolled(lambda hands, held: verbs.promote(hands, held, force="the night was quiet", end=None))
    assert (state.phase, state.weight) == (Phase.PROMOTED, 100)


# --- refused ----------------------------------------------------------------------------------------------------------


class Denied(Mortal):
    """A webhook refuses every write to the target."""

    def send(self, method: str, path: str, *more: Any, **named: Any) -> Any:
        if any(word in path for word in ("/configmaps", "/leases", ".k8s.io/v1/self")):
            return super().send(method, path, *more, **named)
        raise ApiForbidden("admission webhook denied the request", verb="patch", by_admission=True)


def test_a_beginning_that_is_refused_leaves_nothing_behind() -> None:
    site = next(case for case in CASES if str(case) == "kserve-standard").site()
    with pytest.raises(Refused, match="admission webhook"):
        site.begun(Denied(site))
    assert site.kept.peek() is None
    assert not site.world.list("configmaps", labels="k8sai.dev/canary=1")
    site.begun()
    assert site.driven().phase is Phase.PROMOTED


def test_a_step_that_is_refused_is_as_if_it_had_not_been_asked_for(site: Site) -> None:
    site.begun()
    before = site.state
    with pytest.raises(Refused, match="admission webhook"):
        site.rolled(lambda hands, held: verbs.step(hands, held, end=None), Denied(site))
    assert site.state == replace(before, epoch=before.epoch + 1)
    assert to_step(site, 5).weight == 5


def test_what_the_backend_does_not_recognize_is_drift(site: Site) -> None:
    """The rule leads elsewhere: KServe, say, has written the route anew."""
    site.begun()
    to_step(site, 5)
    before = len(site.on_target())
    site.world.edit(site.ref.kind, "chat", {"op": "remove", "path": "/spec/rules/0/backendRefs/1"})
    site.world.settle()
    try:
        site.driven()
    except Drift as error:
        assert "rollback" in error.hint
    assert (site.state.phase, len(site.on_target())) == (Phase.DRIFTED, before)


# --- a server that restarts -------------------------------------------------------------------------------------------


def test_a_server_that_is_away_for_a_while_is_waited_for(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two of three looks fail, all the way."""
    site.begun()
    real, asked = carry.look, count()

    def look(*given: Any) -> Look:
        if next(asked) % 3:
            raise Unavailable("connection refused")
        return real(*given)

    monkeypatch.setattr(carry, "look", look)
    state = site.driven()
    assert (state.phase, "wait: connection refused" in site.news) == (Phase.PROMOTED, True)


def test_a_server_that_stays_away_is_given_up(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    site.begun()

    def look(*_: Any) -> Look:
        raise Unavailable("connection refused")

    monkeypatch.setattr(carry, "look", look)
    with pytest.raises(Unavailable):
        site.driven()
    assert (site.state.phase, site.on_target()) == (Phase.PAUSED, [])
