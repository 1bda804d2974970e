"""Argo Rollouts driven through a canary: the same on the embedded cluster and with the real controller."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest

from k8sai.canary.backend import Begin, Promote, Rollback, Shift, Wait, Write
from k8sai.canary.backends.rollout.backend import Rollouts
from k8sai.canary.backends.rollout.sides import others
from k8sai.canary.facts import Json, Prepared, Ref, Wish
from k8sai.cluster.patching import Stale
from k8sai.errors import Drift, Refused
from tests.canary.rollouts import CHAT, STEPS, TO_V2, V2, V3, behind, rollout
from tests.contract.api import JSON_PATCH
from tests.contract.canary_driver import Driver
from tests.contract.conftest import Nodes, Server
from tests.contract.real_definitions import define_real

Make = Callable[..., Driver]
BACK = ["abort: requests go back to the stable version", "the old template: nothing is left to try again"]


@pytest.fixture
def driven(server: Server, namespace: str, nodes: Callable[..., Nodes]) -> Iterator[Make]:
    """`driven(routed=True)`: a Rollout of four pods at rest, on nodes of its own."""
    server.needs("argo-rollouts")
    with suppress(pytest.skip.Exception):  # without it the embedded cluster serves the kind all the same
        define_real(server.api, ("argoproj.io/v1alpha1", "Rollout"))
    made: list[str] = []

    def make(**more: Any) -> Driver:
        ref = Ref(CHAT.kind, namespace, "chat", word="rollout")
        pod = {"nodeSelector": nodes(2).selector, "terminationGracePeriodSeconds": 0, **more.pop("pod", {})}
        for obj in (*(behind() if more.get("routed") else ()), rollout(pod=pod, **more)):
            path = f"/api{'s/' if '/' in obj['apiVersion'] else '/'}{obj['apiVersion']}/namespaces/{namespace}"
            server.api.post(f"{path}/{obj['kind'].lower()}{'es' if obj['kind'] == 'Ingress' else 's'}", obj).ok()
        driver = Driver.of(server.api, server.kubeconfig, Rollouts(), ref)
        made.append(driver.path)
        server.api.until_object(driver.path, healthy)
        return driver

    yield make
    for path in made:
        server.api.delete(path)


def healthy(one: Json) -> bool:
    status = one.get("status") or {}
    seen = status.get("observedGeneration") == str(one["metadata"]["generation"])
    return seen and status.get("phase") == "Healthy"


def begun(driver: Driver, at: int = 25, wish: Wish = TO_V2) -> Prepared:
    prepared = driver.prepare(wish)
    driver.reach(Begin(wish, prepared.start), prepared)
    for weight in prepared.steps:
        if weight <= at:
            driver.reach(Shift(weight), prepared)
    return prepared


def status(driver: Driver) -> Json:
    found: Json = driver.target()["status"]
    return found


def pods(driver: Driver) -> tuple[int, int]:
    """(new, all)"""
    found = status(driver)
    return found.get("updatedReplicas", 0), found["replicas"]


def weight(driver: Driver) -> int:
    found: int = status(driver)["canary"]["weights"]["canary"]["weight"]
    return found


def edit(driver: Driver, *operations: Json, subresource: str = "") -> None:
    """Somebody else writes."""
    path = f"{driver.path}/{subresource}" if subresource else driver.path
    driver.api.patch(path, [*operations], JSON_PATCH).ok()


def whys(writes: list[Write]) -> list[str]:
    return [write.why for write in writes]


# --- up ---------------------------------------------------------------------------------------------------------------


def test_its_own_steps_are_walked_from_pause_to_pause(driven: Make) -> None:
    driver = driven()
    prepared = driver.prepare(TO_V2)
    assert (prepared.start, prepared.steps) == (25, (25, 75))
    assert whys(driver.reach(Begin(TO_V2, 25), prepared)) == ["the new version, at 25 %"]
    assert driver.reach(Shift(25), prepared) == []
    assert pods(driver) == (1, 4)
    assert whys(driver.reach(Shift(75), prepared)) == ["past the pause of step 2, to 75 %"]
    assert (status(driver)["currentStepIndex"], pods(driver)) == (5, (3, 4))
    seen = driver.see(prepared)
    assert seen.canary
    assert (seen.configured, seen.route, seen.canary.ready, seen.stable.ready) == (75, 75, 3, 1)
    assert (seen.drift, seen.applied) == ((), True)
    assert whys(driver.reach(Promote(), prepared)) == ["past the pause of step 6, to 100 %"]
    assert status(driver)["stableRS"] == status(driver)["currentPodHash"] != prepared.handle["stable"]
    seen = driver.see(prepared)
    assert (seen.configured, seen.drift) == (100, ())
    assert driver.reach(Promote(), prepared) == []


def test_the_controller_spells_quantities_its_own_way_and_that_is_no_drift(driven: Make) -> None:
    driver = driven()
    live = driver.target()
    assert live["metadata"]["generation"] == 2
    assert live["spec"]["template"]["spec"]["containers"][0]["resources"] == {"limits": {"nvidia.com/gpu": "1"}}
    wish = Wish(values={"spec.containers[0].resources.limits.nvidia\\.com/gpu": "2"})
    prepared = begun(driver, wish=wish)
    assert driver.see(prepared).drift == ()


def test_with_a_route_the_weights_are_what_the_controller_has_set(driven: Make) -> None:
    driver = driven(routed=True)
    prepared = begun(driver, at=75)
    assert (weight(driver), pods(driver)) == (75, (3, 7))
    assert driver.see(prepared).route == 75
    driver.reach(Promote(), prepared)
    assert (driver.see(prepared).configured, driver.see(prepared).route) == (100, 100)


def test_two_operators_leave_one_pause(driven: Make) -> None:
    driver = driven()
    prepared = begun(driver)
    step = driver.step(Shift(75), prepared)
    assert isinstance(step, Write)
    driver.carry(step)
    with pytest.raises(Stale):
        driver.carry(step)
    driver.reach(Shift(75), prepared)
    assert status(driver)["currentStepIndex"] == 5


def test_while_a_person_has_paused_it_no_step_is_taken(driven: Make) -> None:
    driver = driven()
    prepared = begun(driver)
    edit(driver, {"op": "add", "path": "/spec/paused", "value": True})
    with pytest.raises(Refused, match="paused by a person"):
        driver.step(Shift(75), prepared)
    assert status(driver)["currentStepIndex"] == 1


def test_a_third_version_is_drift_and_the_way_back_stays_open(driven: Make) -> None:
    driver = driven()
    prepared = begun(driver, at=75)
    edit(driver, {"op": "replace", "path": "/spec/template/spec/containers/0/image", "value": V3})
    assert "third version" in driver.see(prepared).drift[0]
    with pytest.raises(Drift):
        driver.step(Promote(), prepared)
    driver.reach(Rollback(), prepared)
    home(driver, prepared)


# --- down -------------------------------------------------------------------------------------------------------------


def home(driver: Driver, prepared: Prepared) -> None:
    """The old version has all requests and its own text, and nothing is left to try again."""
    live = driver.target()
    assert live["spec"]["template"] == prepared.before["template"]
    assert live["status"]["currentPodHash"] == live["status"]["stableRS"] == prepared.handle["stable"]
    assert "abort" not in live["status"]
    seen = driver.see(prepared)
    assert (seen.route, seen.canary, seen.stable.ready) == (0, None, 4)
    assert driver.reach(Rollback(), prepared) == []


@pytest.mark.parametrize("routed", [False, True])
def test_a_rollback_aborts_and_writes_the_old_text_once_no_request_goes_there(driven: Make, routed: bool) -> None:
    driver = driven(routed=routed)
    prepared = begun(driver, at=75)
    abort, back = driver.reach(Rollback(), prepared)
    assert whys([abort, back]) == BACK
    assert (abort.subresource, back.subresource) == ("status", "")
    assert back.live
    if routed:
        assert back.live["status"]["canary"]["weights"]["canary"]["weight"] == 0
    else:
        stable = driver.saw[-1].target["status"]["stableRS"]  # the status of the Rollout itself lags behind its sets
        assert others(driver.saw[-1], stable) == 0
        assert others(driver.saw[-2], stable) > 0
    home(driver, prepared)


@pytest.mark.parametrize("routed", [False, True])
def test_a_rollback_of_one_that_a_person_has_paused_ends_with_nothing_for_the_canary(
    driven: Make, routed: bool
) -> None:
    driver = driven(routed=routed)
    prepared = begun(driver)
    edit(driver, {"op": "add", "path": "/spec/paused", "value": True})
    first, second, third = whys(driver.reach(Rollback(), prepared))
    assert (first, third) == (BACK[0], BACK[1])
    assert second.startswith("unpause")
    home(driver, prepared)


@pytest.mark.parametrize("paused", [False, True])
def test_after_promote_full_the_template_goes_back_at_once(driven: Make, paused: bool) -> None:
    driver = driven(routed=True)
    wish = Wish(image=V2, values={"spec.nodeSelector.nowhere": "x"})  # pods that never come up
    prepared = driver.prepare(wish)
    driver.reach(Begin(wish, 25), prepared)
    edit(driver, {"op": "add", "path": "/status/promoteFull", "value": True}, subresource="status")
    driver.api.until_object(driver.path, lambda one: one["status"].get("currentStepIndex") == len(STEPS))
    if paused:
        edit(driver, {"op": "add", "path": "/spec/paused", "value": True})
    assert "promoteFull" in driver.see(prepared).drift[0]
    (write,) = driver.reach(Rollback(all_at_once=True), prepared)
    assert (write.why, write.subresource) == ("the old template: an abort would not hold", "")
    home(driver, prepared)


def test_an_edit_of_the_steps_after_an_abort_is_told_as_a_restart(driven: Make) -> None:
    driver = driven()
    prepared = begun(driver, at=75)
    abort = driver.step(Rollback(), prepared)
    assert isinstance(abort, Write)
    driver.carry(abort)
    driver.api.until_object(driver.path, lambda one: one["status"].get("phase") == "Degraded")
    assert driver.see(prepared).drift == (
        "rollout/chat is aborted: RolloutAborted: Rollout aborted update to revision 2",
    )
    steps: list[Json] = [{"setWeight": 50}, {"pause": {}}]
    edit(driver, {"op": "replace", "path": "/spec/strategy/canary/steps", "value": steps})
    driver.api.until_object(driver.path, lambda one: bool(one["status"].get("pauseConditions")))
    again = "; its controller has begun the canary again, at the first step"
    assert driver.see(prepared).drift == (f"the steps of rollout/chat were edited{again}",)
    assert driver.see(prepared).configured == 50
    assert whys(driver.reach(Rollback(), prepared)) == BACK
    home(driver, prepared)


def test_a_rollback_that_goes_only_part_of_the_way(driven: Make) -> None:
    driver = driven(routed=True)
    prepared = begun(driver, at=75)
    (write,) = driver.reach(Rollback(25), prepared)
    assert (write.why, write.subresource, write.weight) == ("back to step 1, 25 %", "status", 25)
    assert (weight(driver), status(driver)["currentStepIndex"]) == (25, 1)
    driver.reach(Shift(75), prepared)
    assert weight(driver) == 75


@pytest.mark.parametrize("routed", [False, True])
def test_after_a_promotion_the_old_version_comes_back_past_all_steps(driven: Make, routed: bool) -> None:
    driver = driven(routed=routed)
    prepared = begun(driver)
    driver.reach(Promote(), prepared)
    first, *later = driver.reach(Rollback(), prepared)
    assert first.why == "the old template: an abort would not hold"
    assert {one.subresource for one in later} == {"status"}  # again, where the controller wrote over it
    home(driver, prepared)


def test_a_rollback_before_the_controller_has_seen_anything(driven: Make) -> None:
    """However far it has come when the rollback is asked for, it ends at home."""
    driver = driven()
    prepared = driver.prepare(TO_V2)
    begin = driver.step(Begin(TO_V2, 25), prepared)
    assert isinstance(begin, Write)
    driver.carry(begin)
    with suppress(Stale):  # the controller is faster
        driver.reach(Rollback(), prepared)
    driver.reach(Rollback(), prepared)
    home(driver, prepared)


# --- not at all -------------------------------------------------------------------------------------------------------


def test_a_version_on_its_way_is_refused(driven: Make) -> None:
    driver = driven()
    prepared = begun(driver)
    with pytest.raises(Refused, match="a version on its way already"):
        driver.prepare(Wish(image=V3))
    edit(driver, {"op": "add", "path": "/status/abort", "value": True}, subresource="status")
    driver.api.until_object(driver.path, lambda one: "abortedAt" in one["status"])
    with pytest.raises(Refused, match="is aborted"):
        driver.prepare(Wish(image=V3))
    driver.reach(Rollback(), prepared)
    edit(driver, {"op": "add", "path": "/spec/paused", "value": True})
    driver.api.until_object(driver.path, lambda one: one["status"].get("phase") == "Paused")
    with pytest.raises(Refused, match="paused by a person"):
        driver.prepare(TO_V2)


def test_a_version_within_the_rollback_window_would_skip_the_steps(driven: Make) -> None:
    driver = driven(rollbackWindow={"revisions": 3})
    old = driver.target()["spec"]["template"]["spec"]["containers"][0]["image"]
    driver.reach(Promote(), begun(driver))
    with pytest.raises(Refused, match="ungated"):
        driver.prepare(Wish(image=old))


def test_nothing_is_waited_for_that_has_not_begun(driven: Make) -> None:
    driver = driven()
    prepared = driver.prepare(TO_V2)
    assert not isinstance(driver.step(Begin(TO_V2, 25), prepared), Wait)
    assert driver.reach(Rollback(), prepared) == []
