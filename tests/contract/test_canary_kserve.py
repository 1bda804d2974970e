"""KServe in Standard mode driven through a canary: the same on the embedded cluster, on one that has the real
definitions, and on a real API server that has them, where a copy of the controllers plays.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from k8sai.canary.backend import Begin, Goal, Promote, Retire, Rollback, Shift, Write
from k8sai.canary.backends.kserve_standard.backend import KServeStandard
from k8sai.canary.facts import Json, Prepared, Ref, Wish
from k8sai.cluster.patching import Stale
from k8sai.errors import Drift
from tests.canary.kserve import isvc, model
from tests.contract.api import JSON_PATCH, MERGE
from tests.contract.kserve_yard import THERE, Played, Yard
from tests.contract.kserve_yard import yard as yard

ISVC = Ref("inferenceservices.serving.kserve.io", "", "chat", word="isvc")
V2 = Wish(model_uri="hf://org/chat-v2")
Make = Callable[[Json], Played]


@pytest.fixture
def driven(yard: Yard) -> Iterator[Make]:
    """`driven(service())`: it is there and ready."""
    with ExitStack() as stack:
        yield lambda obj: stack.enter_context(yard.driven(KServeStandard(), ISVC, obj))


def service(replicas: int = 1, **more: Any) -> Json:
    return isvc(replicas=replicas, **THERE, **more)


def begun(driver: Played) -> Prepared:
    prepared = driver.prepare(V2)
    driver.reach(Begin(V2, 0), prepared)
    driver.wait(lambda: (canary := driver.see(prepared).canary) is not None and canary.ready == 1)
    return prepared


def available(driver: Played, name: str) -> int:
    path = f"/apis/apps/v1/namespaces/{driver.ref.namespace}/deployments/{name}"
    answer = driver.api.get(path)
    return int((answer.ok().get("status") or {}).get("availableReplicas", 0)) if answer.status == 200 else 0


def routed(driver: Played) -> dict[str, int]:
    path = f"/apis/gateway.networking.k8s.io/v1/namespaces/{driver.ref.namespace}/httproutes/chat"
    refs = driver.api.get(path).ok()["spec"]["rules"][0]["backendRefs"]
    return {one["name"]: one.get("weight", 1) for one in refs}


def went(driver: Played, prepared: Prepared, *goals: Goal) -> list[Write]:
    return [write for goal in goals for write in driver.reach(goal, prepared)]


def test_it_is_rolled_out_promoted_and_swapped(driven: Make) -> None:
    driver = driven(service(replicas=2))
    before = driver.target()
    prepared = begun(driver)
    went(driver, prepared, Shift(5), Shift(50))
    assert routed(driver) == {"chat-predictor": 50, "chat-v2-predictor": 50}
    writes = went(driver, prepared, Promote())
    assert [one.weight for one in writes] == [None, 100]  # first its size, then the requests
    assert (available(driver, "chat-predictor"), available(driver, "chat-v2-predictor")) == (2, 2)
    (swap,) = went(driver, prepared, Retire())
    assert swap.weight is None
    spec = driver.target()["spec"]
    assert "canary" not in spec
    named = {"name": "kserve-container", **model("hf://org/chat-v2")}
    assert spec["predictor"] == {**before["spec"]["predictor"], "name": "v2", "model": named}
    driver.wait(lambda: available(driver, "chat-predictor") == 0 and routed(driver).keys() == {"chat-v2-predictor"})
    assert available(driver, "chat-v2-predictor") == 2
    assert driver.target()["metadata"]["annotations"] == before["metadata"]["annotations"]
    assert driver.step(Retire(), prepared) is None


def test_the_old_version_keeps_its_replicas(driven: Make) -> None:
    driver = driven(service(replicas=2))
    prepared = begun(driver)
    driver.reach(Shift(50), prepared)
    driver.wait(lambda: available(driver, "chat-predictor") == 2)
    assert driver.target()["spec"]["predictor"]["minReplicas"] == 3


def test_it_is_rolled_back_as_it_was(driven: Make) -> None:
    driver = driven(service(replicas=2))
    before = driver.target()["spec"]
    prepared = begun(driver)
    driver.reach(Shift(50), prepared)
    driver.wait(lambda: available(driver, "chat-predictor") == 2)
    writes = driver.reach(Rollback(), prepared)
    assert [one.weight for one in writes] == [0, None]  # requests first
    assert driver.target()["spec"] == before
    driver.wait(lambda: routed(driver).keys() == {"chat-predictor"})
    assert driver.step(Rollback(), prepared) is None


def test_an_empty_list_stays_where_one_was(driven: Make) -> None:
    target = service()
    target["spec"]["canary"] = []
    driver = driven(target)
    prepared = begun(driver)
    went(driver, prepared, Shift(50), Rollback())
    assert driver.target()["spec"]["canary"] == []


def test_a_third_version_is_drift_and_the_snapshot_still_right(driven: Make) -> None:
    driver = driven(service())
    prepared = begun(driver)
    driver.reach(Shift(25), prepared)
    driver.edit({"op": "replace", "path": "/spec/predictor/model/storageUri", "value": "hf://org/third"})
    assert driver.see(prepared).drift == ("spec.predictor of isvc/chat is another version than when the rollout began",)
    driver.reach(Rollback(), prepared)
    assert driver.target()["spec"] == {"predictor": prepared.before["predictor"]}


# --- guards -----------------------------------------------------------------------------------------------------------

OTHERS: dict[str, Json] = {
    "weight": {"op": "replace", "path": "/spec/canary/0/trafficPercent", "value": 7},
    "name": {"op": "replace", "path": "/spec/canary/0/predictor/name", "value": "v7"},
    "gone": {"op": "remove", "path": "/spec/canary"},
}


@pytest.mark.parametrize("word", OTHERS)
def test_a_shift_over_somebody_else_s_write_is_refused_by_the_server(driven: Make, word: str) -> None:
    driver = driven(service())
    prepared = begun(driver)
    write = driver.step(Shift(5), prepared)
    assert isinstance(write, Write)
    driver.edit(OTHERS[word])
    before = driver.target()["spec"]
    with pytest.raises(Stale):
        driver.carry(write)
    assert driver.target()["spec"] == before


def test_two_starts_make_one_canary(driven: Make) -> None:
    driver = driven(service())
    prepared = driver.prepare(V2)
    write = driver.step(Begin(V2, 0), prepared)
    assert isinstance(write, Write)
    driver.carry(write)
    with pytest.raises(Stale):
        driver.carry(write)
    assert len(driver.target()["spec"]["canary"]) == 1


def test_a_start_over_a_new_model_is_refused_by_the_server(driven: Make) -> None:
    driver = driven(service())
    prepared = driver.prepare(V2)
    write = driver.step(Begin(V2, 0), prepared)
    assert isinstance(write, Write)
    driver.edit({"op": "replace", "path": "/spec/predictor/model/storageUri", "value": "hf://org/third"})
    with pytest.raises(Stale):
        driver.carry(write)


def test_a_scaling_over_somebody_else_s_is_refused_by_the_server(driven: Make) -> None:
    driver = driven(service(replicas=2))
    prepared = begun(driver)
    driver.reach(Shift(50), prepared)
    grow = driver.step(Promote(), prepared)
    assert isinstance(grow, Write) and grow.weight is None
    driver.edit({"op": "replace", "path": "/spec/predictor/minReplicas", "value": 5})
    with pytest.raises(Stale):
        driver.carry(grow)


def test_a_swap_over_a_new_canary_s_model_is_refused_by_the_server(driven: Make) -> None:
    driver = driven(service())
    prepared = begun(driver)
    driver.reach(Promote(), prepared)
    swap = driver.step(Retire(), prepared)
    assert isinstance(swap, Write)
    driver.edit({"op": "replace", "path": "/spec/canary/0/predictor/model/args", "value": ["--other"]})
    with pytest.raises(Stale):
        driver.carry(swap)
    assert driver.target()["spec"]["predictor"]["model"]["storageUri"] == "hf://org/chat-v1"


def test_a_rollback_over_a_new_uid_is_refused_by_the_server(driven: Make) -> None:
    driver = driven(service())
    prepared = begun(driver)
    driver.reach(Shift(25), prepared)
    write = driver.step(Rollback(), prepared)
    assert isinstance(write, Write) and isinstance(write.body, list)
    other = [{**one, "value": "another"} if one["path"] == "/metadata/uid" else one for one in write.body]
    with pytest.raises(Stale):
        driver.carry(Write(write.op, write.on, write.live, other, write.why))


def test_a_canary_that_is_gone_is_not_made_again(driven: Make) -> None:
    driver = driven(service())
    prepared = begun(driver)
    driver.edit(OTHERS["gone"])
    with pytest.raises(Drift, match="is gone"):
        driver.step(Shift(5), prepared)
    driver.reach(Rollback(), prepared)
    assert driver.target()["spec"] == {"predictor": prepared.before["predictor"]}


# --- what the server itself takes -------------------------------------------------------------------------------------


def test_a_model_in_the_list_needs_a_name_and_a_percent_its_range(yard: Yard, driven: Make) -> None:
    driver = driven(service())
    bare = {"trafficPercent": 5, "predictor": {"name": "v2", "model": model("hf://org/chat-v2")}}
    named = {**bare, "predictor": {"name": "v2", "model": {"name": "", **model("hf://org/chat-v2")}}}
    if yard.api.get("/apis/apiextensions.k8s.io/v1/customresourcedefinitions/" + ISVC.kind).status == 200:
        for wrong in (bare, {**named, "trafficPercent": 101}, {**named, "trafficPercent": -1}):
            body = [{"op": "add", "path": "/spec/canary", "value": [wrong]}]
            driver.api.patch(driver.path, body, JSON_PATCH).refused(422, "Invalid")
    driver.api.patch(driver.path, [{"op": "add", "path": "/spec/canary", "value": [named]}], JSON_PATCH).ok()


def test_a_merge_patch_of_the_list_would_erase_the_model(driven: Make) -> None:
    """Hence a weight is never merged in."""
    driver = driven(service())
    begun(driver)
    body = {"spec": {"canary": [{"trafficPercent": 5, "predictor": {"name": "v2"}}]}}
    merged = driver.api.patch(driver.path, body, MERGE).ok()
    assert merged["spec"]["canary"] == [{"trafficPercent": 5, "predictor": {"name": "v2"}}]
