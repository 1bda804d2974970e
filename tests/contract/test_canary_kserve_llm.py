"""LLMInferenceServices in a routing group driven through a canary: the same on the embedded cluster, on one that has
the real definitions, and on a real API server that has them, where a copy of the controllers plays.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from k8sai.canary.backend import Begin, Promote, Retire, Rollback, Shift, Write
from k8sai.canary.backends.llmisvc.backend import LlmIsvcGroup
from k8sai.canary.facts import Json, Prepared, Ref, Wish
from k8sai.cluster.api_errors import ApiConflict
from k8sai.cluster.patching import Stale
from k8sai.errors import Drift
from tests.canary.kserve import llmisvc
from tests.contract.api import JSON_PATCH, MERGE
from tests.contract.kserve_yard import THERE, Played, Yard
from tests.contract.kserve_yard import yard as yard

CHAT = Ref("llminferenceservices.serving.kserve.io", "", "chat", word="llmisvc")
STOP = "serving.kserve.io/stop"
V2 = Wish(model_uri="hf://org/chat-v2")
Make = Callable[..., Played]


@pytest.fixture
def driven(yard: Yard) -> Iterator[Make]:
    """`driven(service())`: all are there and ready; a driver of `chat`."""
    with ExitStack() as stack:
        yield lambda *objects: stack.enter_context(yard.driven(LlmIsvcGroup(), CHAT, *objects))


def service(name: str = "chat", **more: Any) -> Json:
    made = llmisvc(name, **more)
    made["spec"]["template"] |= THERE
    return made


def begun(driver: Played, wish: Wish = V2) -> Prepared:
    prepared = driver.prepare(wish)
    driver.reach(Begin(wish, 1), prepared)
    driver.wait(lambda: (seen := driver.see(prepared)).applied and seen.canary is not None and seen.canary.ready == 1)
    return prepared


def live(driver: Played, name: str) -> Json:
    return driver.api.get(driver.named(name)).ok()


def weights(driver: Played) -> dict[str, int | None]:
    return {name: live(driver, name)["spec"]["router"]["route"].get("weight") for name in ("chat", "chat-v2")}


def shared(driver: Played, name: str) -> dict[str, int]:
    path = f"/apis/gateway.networking.k8s.io/v1/namespaces/{driver.ref.namespace}/httproutes/{name}-kserve-route"
    rules = driver.api.get(path).ok()["spec"]["rules"]
    refs = next(one for one in rules if one["name"] == "v1-model-routing")["backendRefs"]
    return {one["name"]: one["weight"] for one in refs}


def stopped(driver: Played, name: str) -> bool:
    return (live(driver, name)["metadata"].get("annotations") or {}).get(STOP) == "true"


def gpus(driver: Played, name: str) -> int:
    """Pods that are there, each with one."""
    path = f"/api/v1/namespaces/{driver.ref.namespace}/pods"
    found = driver.api.get(path, {"labelSelector": f"app.kubernetes.io/name={name}"}).ok()["items"]
    return sum(1 for one in found if not one["metadata"].get("deletionTimestamp"))


def test_it_is_rolled_out_promoted_and_the_old_one_stopped(driven: Make) -> None:
    driver = driven(service(replicas=2))
    prepared = begun(driver)
    assert weights(driver) == {"chat": 9900, "chat-v2": 100}
    driver.reach(Shift(50), prepared)
    pools = {"chat-inference-pool": 9900, "chat-v2-inference-pool": 9900}
    assert shared(driver, "chat") == shared(driver, "chat-v2") == pools
    writes = driver.reach(Promote(), prepared)
    assert [(one.on.name, one.weight) for one in writes] == [("chat-v2", None), ("chat", 100)]
    assert (gpus(driver, "chat"), gpus(driver, "chat-v2")) == (2, 2)
    (stop,) = driver.reach(Retire(), prepared)
    assert (stop.op, stop.on.name) == ("merge", "chat")
    driver.wait(lambda: gpus(driver, "chat") == 0)
    assert shared(driver, "chat-v2") == {"chat-v2-inference-pool": 9900}
    seen = driver.see(prepared)
    assert (seen.configured, seen.applied, seen.drift) == (100, True, ())


def test_it_is_rolled_back_as_it_was(driven: Make) -> None:
    driver = driven(service())
    before = driver.target()["spec"]
    prepared = begun(driver)
    driver.reach(Shift(25), prepared)
    writes = driver.reach(Rollback(), prepared)
    assert [(one.on.name, one.op) for one in writes] == [
        ("chat-v2", "json-patch"),
        ("chat-v2", "merge"),
        ("chat", "json-patch"),
    ]
    assert driver.target()["spec"] == before
    driver.wait(lambda: gpus(driver, "chat-v2") == 0)
    assert (gpus(driver, "chat"), stopped(driver, "chat-v2")) == (1, True)
    assert driver.step(Rollback(), prepared) is None


def test_a_promotion_is_taken_back_after_the_old_one_was_stopped(driven: Make) -> None:
    driver = driven(service())
    prepared = begun(driver)
    driver.reach(Promote(), prepared)
    driver.reach(Retire(), prepared)
    driver.wait(lambda: gpus(driver, "chat") == 0)
    writes = driver.reach(Rollback(), prepared)
    assert writes[0].body == {"metadata": {"annotations": {STOP: None}}}
    assert (stopped(driver, "chat"), stopped(driver, "chat-v2")) == (False, True)
    assert gpus(driver, "chat") == 1


def test_one_that_is_there_joins_and_is_left_as_it_was(driven: Make) -> None:
    new = service("new", model={"name": "chat", "uri": "hf://org/chat-v2"})
    driver = driven(service(), new)
    before = live(driver, "chat")["spec"], live(driver, "new")["spec"]
    wish = Wish(to="llmisvc/new")
    prepared = begun(driver, wish)
    driver.reach(Shift(50), prepared)
    driver.reach(Rollback(), prepared)
    assert (live(driver, "chat")["spec"], live(driver, "new")["spec"]) == before
    assert not stopped(driver, "new")


def test_a_third_version_is_drift_and_the_way_back_still_right(driven: Make) -> None:
    driver = driven(service())
    prepared = begun(driver)
    driver.edit({"op": "replace", "path": "/spec/model/uri", "value": "hf://org/third"}, name="chat-v2")
    assert driver.see(prepared).drift == ("llmisvc/chat-v2 is another version than when the rollout began",)
    driver.reach(Rollback(), prepared)
    assert (stopped(driver, "chat-v2"), stopped(driver, "chat")) == (True, False)
    assert driver.target()["spec"] == prepared.before["spec"]


def test_members_that_serve_other_models_are_trouble(driven: Make) -> None:
    driver = driven(service())
    prepared = begun(driver)
    driver.edit({"op": "replace", "path": "/spec/model/name", "value": "other"}, name="chat-v2")
    driver.wait(lambda: (canary := driver.see(prepared).canary) is not None and bool(canary.trouble))
    canary = driver.see(prepared).canary
    assert canary is not None and canary.trouble.startswith("MemberDivergence: ")


# --- guards -----------------------------------------------------------------------------------------------------------

OTHERS: dict[str, Json] = {
    "weight": {"op": "replace", "path": "/spec/router/route/weight", "value": 7},
    "group": {"op": "replace", "path": "/spec/router/route/group", "value": "mine"},
}


@pytest.mark.parametrize("word", OTHERS)
def test_a_shift_over_somebody_else_s_write_is_refused_by_the_server(driven: Make, word: str) -> None:
    driver = driven(service())
    prepared = begun(driver)
    write = driver.step(Shift(5), prepared)
    assert isinstance(write, Write)
    driver.edit(OTHERS[word], name="chat-v2")
    before = live(driver, "chat-v2")["spec"]
    with pytest.raises(Stale):
        driver.carry(write)
    assert live(driver, "chat-v2")["spec"] == before


def test_joining_a_group_over_somebody_else_s_is_refused_by_the_server(driven: Make) -> None:
    driver = driven(service())
    prepared = driver.prepare(V2)
    join = driver.step(Begin(V2, 1), prepared)
    assert isinstance(join, Write)
    driver.edit(
        {"op": "add", "path": "/spec/router/route/group", "value": "mine"},
        {"op": "add", "path": "/spec/router/route/weight", "value": 1},
    )
    with pytest.raises(Stale):
        driver.carry(join)


def test_two_starts_make_one_canary(driven: Make) -> None:
    driver = driven(service())
    prepared = driver.prepare(V2)
    join = driver.step(Begin(V2, 1), prepared)
    assert isinstance(join, Write)
    driver.carry(join)
    make = driver.step(Begin(V2, 1), prepared)
    assert isinstance(make, Write) and make.op == "create"
    driver.carry(make)
    with pytest.raises(ApiConflict):
        driver.carry(make)
    assert driver.step(Begin(V2, 1), prepared) is None


def test_a_stop_is_bound_to_what_was_read(driven: Make) -> None:
    driver = driven(service())
    prepared = begun(driver)
    driver.reach(Promote(), prepared)
    stop = driver.step(Retire(), prepared)
    assert isinstance(stop, Write)
    driver.edit({"op": "replace", "path": "/spec/router/route/weight", "value": 5})
    with pytest.raises(ApiConflict):
        driver.carry(stop)
    assert not stopped(driver, "chat")
    with pytest.raises(Drift, match="still gets requests"):
        driver.step(Retire(), prepared)


def test_a_scaling_over_somebody_else_s_is_refused_by_the_server(driven: Make) -> None:
    driver = driven(service(replicas=2))
    prepared = begun(driver)
    grow = driver.step(Promote(), prepared)
    assert isinstance(grow, Write) and grow.on.name == "chat-v2"
    driver.edit({"op": "replace", "path": "/spec/replicas", "value": 0}, name="chat-v2")
    with pytest.raises(Stale):
        driver.carry(grow)


# --- what the server itself takes -------------------------------------------------------------------------------------


def test_the_group_is_told_in_the_version_that_is_read(yard: Yard, driven: Make) -> None:
    driver = driven(service())
    begun(driver)
    assert driver.target()["apiVersion"] == "serving.kserve.io/v1alpha2"
    told = driver.target()["status"]["router"]["group"]
    assert told["name"] == "chat"
    assert {one["name"]: one["weight"] for one in told["members"]} == {"chat": 9900, "chat-v2": 100}


def test_a_weight_has_its_range_and_an_annotation_no_generation(yard: Yard, driven: Make) -> None:
    driver = driven(service(group="talk", weight=1_000_000))
    if yard.api.get("/apis/apiextensions.k8s.io/v1/customresourcedefinitions/" + CHAT.kind).status == 200:
        for wrong in (-1, 1_000_001):
            body = [{"op": "replace", "path": "/spec/router/route/weight", "value": wrong}]
            driver.api.patch(driver.path, body, JSON_PATCH).refused(422, "Invalid")
    generation = driver.target()["metadata"]["generation"]
    driver.api.patch(driver.path, {"metadata": {"annotations": {STOP: "true"}}}, MERGE).ok()
    assert driver.target()["metadata"]["generation"] == generation
    driver.api.patch(driver.path, {"metadata": {"annotations": {STOP: None}}}, MERGE).ok()
    assert STOP not in (driver.target()["metadata"].get("annotations") or {})
