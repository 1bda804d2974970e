"""What only Argo's own controller shows: its counts of pods, its analyses, deadlines, and its dynamic stable side."""

from collections.abc import Callable
from random import Random

import pytest

from k8sai.canary.backend import Begin, Rollback, Shift, Write
from k8sai.canary.backends.rollout.counts import by_pods
from k8sai.canary.facts import Json, Prepared, Wish
from k8sai.errors import Drift, Refused
from tests.canary.rollouts import TO_V2, V2
from tests.contract.canary_driver import Driver
from tests.controlplane.rollout_yard import Yard
from tests.controlplane.server import ControlPlane

pytestmark = pytest.mark.controlplane

BACK = "the old template: nothing is left to try again"


@pytest.fixture
def yard(plane: ControlPlane, namespace: str, addon: Callable[..., None]) -> Yard:
    addon("argo-rollouts")
    return Yard(plane, namespace)


def begun(driver: Driver, weight: int, wish: Wish = TO_V2) -> Prepared:
    prepared = driver.prepare(wish)
    driver.reach(Begin(wish, prepared.start), prepared)
    driver.reach(Shift(weight), prepared)
    return prepared


def test_a_weight_makes_as_many_pods_as_we_say(yard: Yard) -> None:
    """Of twelve Rollouts at once, each with its own size, weight and surge."""
    chance = Random(20261121)
    cases = [(chance.randint(1, 9), chance.randint(1, 99), chance.choice([0, 1, 2])) for _ in range(9)]
    cases += [(10, 5, 1), (2, 75, 0), (10, 95, 0)]
    drivers = {}
    for number, (replicas, weight, surge) in enumerate(cases):
        steps: list[Json] = [{"setWeight": weight}, {"pause": {}}]
        bounds: Json = {"maxSurge": surge, "maxUnavailable": 1}
        pod = {"containers": [{"name": "main", "image": "registry/vllm:1"}]}
        drivers[number] = yard.has(f"chat-{number}", replicas=replicas, steps=steps, canary=bounds, pod=pod)
    for number in drivers:
        edit = {"op": "replace", "path": "/spec/template/spec/containers/0/image", "value": V2}
        yard.edit(edit, name=f"chat-{number}")
    for driver in drivers.values():
        yard.until(driver, lambda one: one["status"].get("pauseConditions"))
    counts = {}
    for number, driver in drivers.items():
        status = driver.target()["status"]
        canary = status.get("updatedReplicas", 0)
        counts[cases[number]] = canary, status["replicas"] - canary
    assert counts == {case: by_pods(*case) for case in cases}


def analysed(yard: Yard, provider: Json, **conditions: str | int) -> Driver:
    """A Rollout that measures once between its two stops."""
    metric = {"name": "answers", "count": 1, "provider": provider, **conditions}
    template = {"apiVersion": "argoproj.io/v1alpha1", "kind": "AnalysisTemplate", "spec": {"metrics": [metric]}}
    yard.plane.apply({**template, "metadata": {"name": "answers", "namespace": yard.namespace}})
    steps: list[Json] = [{"setWeight": 25}, {"pause": {}}, {"analysis": {"templates": [{"templateName": "answers"}]}}]
    return yard.has(steps=[*steps, {"setWeight": 50}, {"pause": {}}])


def test_an_analysis_that_cannot_measure_aborts_and_is_told_with_its_words(yard: Yard) -> None:
    nobody = {"prometheus": {"address": "http://127.0.0.1:1", "query": "up"}}
    driver = analysed(yard, nobody, successCondition="result[0] > 0", consecutiveErrorLimit=0)
    prepared = begun(driver, 25)
    assert any("analyses of its own" in note for note in prepared.notes)
    with pytest.raises(Drift, match="is aborted: RolloutAborted"):
        driver.reach(Shift(50), prepared)
    assert "is aborted" in driver.see(prepared).drift[0]
    assert [write.why for write in driver.reach(Rollback(), prepared)] == [BACK]
    assert driver.see(prepared).route == 0


def test_an_analysis_without_a_verdict_pauses_and_nobody_overrules_it(yard: Yard) -> None:
    version = {"web": {"url": f"{yard.plane.url}/version", "insecure": True, "jsonPath": "{$.major}"}}
    driver = analysed(yard, version, successCondition='result == "98"', failureCondition='result == "99"')
    prepared = begun(driver, 25)
    with pytest.raises(Refused, match="InconclusiveAnalysisRun"):
        driver.reach(Shift(50), prepared)
    driver.reach(Rollback(), prepared)
    assert driver.see(prepared).route == 0


def test_a_deadline_that_aborts_is_told_and_the_way_home_is_open(yard: Yard) -> None:
    driver = yard.has(progressDeadlineSeconds=3, progressDeadlineAbort=True)
    wish = Wish(image=V2, values={"spec.nodeSelector.nowhere": "x"})
    prepared = driver.prepare(wish)
    assert any("progressDeadlineAbort" in note for note in prepared.notes)
    driver.reach(Begin(wish, 25), prepared)
    with pytest.raises(Drift, match=r"is aborted: (ProgressDeadlineExceeded|RolloutAborted)"):  # one, then the other
        driver.reach(Shift(25), prepared)
    assert [write.why for write in driver.reach(Rollback(all_at_once=True), prepared)] == [BACK]
    assert driver.see(prepared).stable.ready == 4


def test_a_dynamic_stable_side_is_back_before_the_old_text_is_written(yard: Yard) -> None:
    """Degraded is shown while half of the requests still go to the canary: a phase says nothing."""
    driver = yard.has(routed=True, canary={"dynamicStableScale": True})
    prepared = begun(driver, 75)
    driver.reach(Shift(75), prepared)
    seen = driver.see(prepared)
    assert seen.canary
    assert (seen.route, seen.canary.ready) == (75, 3)
    abort, back = driver.reach(Rollback(), prepared)
    assert isinstance(abort, Write) and back.live
    assert back.live["status"]["canary"]["weights"]["canary"]["weight"] == 0
    seen = driver.see(prepared)
    assert (seen.route, seen.stable.ready) == (0, 4)


def test_our_guards_hold_where_the_plugin_has_none(yard: Yard) -> None:
    """Between reading and writing a colleague goes on: 422, and the step is not taken twice."""
    driver = yard.has()
    prepared = begun(driver, 25)
    step = driver.step(Shift(75), prepared)
    assert isinstance(step, Write)
    yard.edit({"op": "remove", "path": "/status/pauseConditions"}, subresource="status")
    with pytest.raises(Drift):
        driver.carry(step)
    driver.reach(Shift(75), prepared)
    assert driver.target()["status"]["currentStepIndex"] == 5
