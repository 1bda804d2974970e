"""KServe's InferenceServices in Standard mode and its LLMInferenceServices, as its controllers and webhooks treat them.

The cases of InferenceServices are those of KServe's own canary_controller_test.go.
"""

from typing import Any

import pytest

from k8sai.sim.controllers.kserve_standard_parts import merged
from k8sai.sim.kserve_hooks import ROUTING_GROUP
from k8sai.sim.status import ApiFailure
from tests.canary.kserve import GATEWAY, NAMESPACE, isvc, llmisvc, model
from tests.sim.lab import Lab, Obj

SERVING, ROUTES = "serving.kserve.io", "gateway.networking.k8s.io"
STOP = f"{SERVING}/stop"


@pytest.fixture
def lab() -> Lab:
    made = Lab()
    made.node("n1", gpus=32)
    made.create("namespaces", NAMESPACE)
    made.create("gateways", GATEWAY)
    return made


def canary(name: str = "v2", percent: int = 25, **more: Any) -> Obj:
    return {"trafficPercent": percent, "predictor": {"name": name, "model": model("hf://org/chat-v2"), **more}}


def with_canaries(*entries: Obj, replicas: int = 4, **more: Any) -> Obj:
    made = isvc(replicas=replicas, **more)
    made["spec"]["canary"] = [*entries]
    return made


def named(name: str, inference: Obj) -> Obj:
    """Its stable predictor has that name."""
    inference["spec"]["predictor"]["name"] = name
    return inference


def made(lab: Lab, plural: str, obj: Obj) -> None:
    lab.create(plural, {**obj, "metadata": {"namespace": "default", **obj["metadata"]}})
    lab.run()
    lab.run()


def changed(lab: Lab, plural: str, name: str, **spec: Any) -> Obj:
    old = lab.get(plural, name, SERVING)
    return lab.update(plural, {**old, "spec": {**old["spec"], **spec}}, SERVING)


def replicas(lab: Lab) -> dict[str, int]:
    return {one["metadata"]["name"]: one["spec"]["replicas"] for one in lab.all("deployments", "apps")}


def shares(lab: Lab, name: str, rule: int = 0) -> dict[str, int | None]:
    refs = lab.get("httproutes", name, ROUTES)["spec"]["rules"][rule]["backendRefs"]
    return {one["name"]: one.get("weight") for one in refs}


# --- InferenceServices ------------------------------------------------------------------------------------------------


def test_a_ready_canary_takes_its_share_of_the_replicas(lab: Lab) -> None:
    made(lab, "inferenceservices", with_canaries(canary()))
    assert replicas(lab) == {"chat-predictor": 3, "chat-v2-predictor": 1}
    changed(lab, "inferenceservices", "chat", canary=[canary(percent=50)])
    lab.run()
    assert replicas(lab) == {"chat-predictor": 2, "chat-v2-predictor": 2}
    assert shares(lab, "chat") == shares(lab, "chat-predictor") == {"chat-predictor": 50, "chat-v2-predictor": 50}
    status = lab.get("inferenceservices", "chat", SERVING)["status"]
    assert status["canaryStatuses"] == [
        {"name": "v2", "ready": True, "trafficPercent": 50, "modelStatus": {"transitionStatus": ""}}
    ]


def test_a_canary_that_is_not_ready_takes_nothing_and_gets_nothing(lab: Lab) -> None:
    made(lab, "inferenceservices", with_canaries(canary(nodeSelector={"not": "there"})))
    assert replicas(lab) == {"chat-predictor": 4, "chat-v2-predictor": 1}
    assert list(shares(lab, "chat")) == ["chat-predictor"]


def test_one_available_replica_counts_for_all(lab: Lab) -> None:
    made(lab, "inferenceservices", with_canaries(canary(percent=0, minReplicas=1)))
    changed(lab, "inferenceservices", "chat", canary=[canary(percent=0, minReplicas=4)])
    lab.settle()
    assert replicas(lab) == {"chat-predictor": 1, "chat-v2-predictor": 4}


def test_a_canary_that_is_removed_is_swept_away(lab: Lab) -> None:
    made(lab, "inferenceservices", with_canaries(canary()))
    changed(lab, "inferenceservices", "chat", canary=[])
    lab.run()
    assert replicas(lab) == {"chat-predictor": 4}
    assert list(shares(lab, "chat")) == ["chat-predictor"]


def test_a_promotion_sweeps_the_old_one_away_and_leaves_the_new_ones_pods(lab: Lab) -> None:
    made(lab, "inferenceservices", with_canaries(canary()))
    template = lab.get("deployments", "chat-v2-predictor", "apps")["spec"]["template"]
    predictor = {"minReplicas": 4, "name": "v2", "model": model("hf://org/chat-v2")}
    changed(lab, "inferenceservices", "chat", predictor=predictor, canary=[])
    lab.settle()
    assert replicas(lab) == {"chat-v2-predictor": 4}
    assert lab.get("deployments", "chat-v2-predictor", "apps")["spec"]["template"] == template
    assert list(shares(lab, "chat")) == ["chat-v2-predictor"]


def test_a_stopped_service_gives_all_back(lab: Lab) -> None:
    made(lab, "inferenceservices", with_canaries(canary()))
    old = lab.get("inferenceservices", "chat", SERVING)
    marks = {**old["metadata"]["annotations"], STOP: "true"}
    lab.update("inferenceservices", {**old, "metadata": {**old["metadata"], "annotations": marks}}, SERVING)
    lab.run()
    assert (replicas(lab), lab.all("httproutes", ROUTES)) == ({}, [])


def test_what_an_entry_leaves_out_is_inherited_and_nothing_can_be_taken_away() -> None:
    stable = {"a": 1, "off": True, "list": ["x", "y"], "map": {"k": "1", "l": "2"}}
    entry = {"off": False, "list": ["z"], "map": {"k": "3"}, "b": 2}
    assert merged(stable, entry) == {"a": 1, "off": True, "list": ["z"], "map": {"k": "3", "l": "2"}, "b": 2}


REFUSED: list[tuple[Obj, str]] = [
    (with_canaries({"trafficPercent": 5, "predictor": {"model": model()}}), r"canary\[0\] predictor.name is required"),
    (with_canaries(canary(), canary()), 'canary predictor.name "v2" is duplicated'),
    (named("v2", with_canaries(canary())), 'canary predictor.name "v2" conflicts with stable predictor name'),
    (with_canaries(canary("a", 60), canary("b", 60)), r"sum of canary trafficPercent values \(120\) must be <= 100"),
    (with_canaries(canary(percent=101)), "trafficPercent must be between 0 and 100, got 101"),
    (with_canaries(canary(maxReplicas=3)), r'canary "v2" must not set maxReplicas \(canary uses fixed replicas\)'),
    (with_canaries(canary(workerSpec={"size": 2})), "must not set workerSpec"),
    (with_canaries(canary(minReplicas=5)), r"minReplicas \(5\) must not exceed stable predictor minReplicas \(4\)"),
    (isvc(replicas=3, maxReplicas=2), "MinReplicas cannot be greater than MaxReplicas"),
]


@pytest.mark.parametrize(("obj", "why"), REFUSED, ids=[why[:25] for _, why in REFUSED])
def test_the_webhook_refuses(lab: Lab, obj: Obj, why: str) -> None:
    with pytest.raises(ApiFailure, match=why) as refused:
        made(lab, "inferenceservices", obj)
    assert (refused.value.code, refused.value.reason) == (403, "Forbidden")


def test_the_webhook_refuses_canaries_on_knative(lab: Lab) -> None:
    obj = with_canaries(canary())
    obj["metadata"]["annotations"][f"{SERVING}/deploymentMode"] = "Serverless"
    with pytest.raises(ApiFailure, match="canary is only supported in Standard deployment mode"):
        made(lab, "inferenceservices", obj)


def test_a_name_changes_only_with_the_model(lab: Lab) -> None:
    made(lab, "inferenceservices", isvc(replicas=1))
    with pytest.raises(ApiFailure, match=r"predictor.name change requires a model change \(e.g. storageUri\)"):
        changed(lab, "inferenceservices", "chat", predictor={"name": "v2", "model": model(image="other")})


# --- LLMInferenceServices ---------------------------------------------------------------------------------------------


def member(name: str, weight: int, **more: Any) -> Obj:
    return llmisvc(name, group="talk", weight=weight, model={"name": "chat", "uri": "hf://a"}, **more)


def pools(lab: Lab, name: str) -> dict[str, int | None]:
    return shares(lab, f"{name}-kserve-route", 1)


def test_each_member_s_route_leads_to_all(lab: Lab) -> None:
    made(lab, "llminferenceservices", member("a", 80))
    made(lab, "llminferenceservices", member("b", 20))
    assert pools(lab, "a") == pools(lab, "b") == {"a-inference-pool": 80, "b-inference-pool": 20}
    one = lab.get("llminferenceservices", "a", SERVING)
    assert one["metadata"]["labels"] == {ROUTING_GROUP: "talk"}
    told = one["status"]["router"]["group"]
    assert (told["name"], [(m["name"], m["weight"]) for m in told["members"]]) == ("talk", [("a", 80), ("b", 20)])
    assert list(shares(lab, "a-kserve-route", 0)) == ["a-inference-pool"]  # its own path


def test_a_member_without_a_ready_replica_is_left_out_but_not_of_its_own_route(lab: Lab) -> None:
    made(lab, "llminferenceservices", member("a", 80))
    made(lab, "llminferenceservices", member("b", 20, template={"nodeSelector": {"not": "there"}, "containers": []}))
    assert (list(pools(lab, "a")), list(pools(lab, "b"))) == (
        ["a-inference-pool"],
        ["a-inference-pool", "b-inference-pool"],
    )


def test_a_stopped_member_stays_in_the_group_and_in_no_route(lab: Lab) -> None:
    made(lab, "llminferenceservices", member("a", 80))
    made(lab, "llminferenceservices", member("b", 20))
    old = lab.get("llminferenceservices", "b", SERVING)
    generation = old["metadata"]["generation"]
    lab.update("llminferenceservices", {**old, "metadata": {**old["metadata"], "annotations": {STOP: "true"}}}, SERVING)
    lab.run()
    assert list(pools(lab, "a")) == ["a-inference-pool"]
    told = lab.get("llminferenceservices", "a", SERVING)["status"]["router"]["group"]["members"]
    assert [one.get("stopped", False) for one in told] == [False, True]
    new = lab.get("llminferenceservices", "b", SERVING)
    assert (new["metadata"]["generation"], "workloads" in new["status"]) == (generation, False)


def test_members_of_other_models_form_groups_of_their_own(lab: Lab) -> None:
    made(lab, "llminferenceservices", member("a", 80))
    made(lab, "llminferenceservices", llmisvc("b", group="talk", weight=20))
    assert (list(pools(lab, "a")), list(pools(lab, "b"))) == (["a-inference-pool"], ["b-inference-pool"])
    conditions = {one["type"]: one for one in lab.get("llminferenceservices", "a", SERVING)["status"]["conditions"]}
    assert (conditions["GroupReady"]["status"], conditions["Ready"]["status"]) == ("True", "True")
    said = conditions["GroupDegraded"]
    assert (said["reason"], said["message"]) == (
        "MemberDivergence",
        "group has members with different model sets: b",
    )


LLM_REFUSED: list[tuple[Obj, str]] = [
    ({"route": {"group": "a"}}, "spec.router.route.weight: Required value: group requires weight"),
    ({"route": {"weight": 1}}, "spec.router.route.group: Required value: weight requires group"),
    ({"route": {"group": "a", "weight": 1}, "ingress": {}}, "traffic splitting requires Gateway API routing"),
    ({"route": {"group": "a", "weight": 1, "http": {"refs": [{"name": "b"}]}}}, "cannot be used with custom HTTPRoute"),
]


@pytest.mark.parametrize(("router", "why"), LLM_REFUSED, ids=[why[:30] for _, why in LLM_REFUSED])
def test_the_webhook_refuses_half_a_group(lab: Lab, router: Obj, why: str) -> None:
    with pytest.raises(ApiFailure, match=why):
        made(lab, "llminferenceservices", llmisvc("a", router=router))
