"""KServe in Standard mode: what is written at each verb, what is waited for, and every trap of its controller."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from k8sai.canary.backend import Begin, Goal, Promote, Retire, Rollback, Shift, Wait, Write
from k8sai.canary.backends.kserve_standard.backend import KServeStandard
from k8sai.canary.backends.kserve_standard.spec import enough, lowered, stable_min
from k8sai.canary.facts import Json, Prepared, Ref, Wish
from k8sai.errors import ClusterError, Drift, Forbidden, Refused, Usage
from tests.canary.kserve import GATEWAY, NAMESPACE, isvc, model
from tests.canary.world import World, Writes

KIND = "inferenceservices.serving.kserve.io"
ISVC = Ref(KIND, "default", "chat", word="isvc")
V2 = Wish(model_uri="hf://org/chat-v2")
backend = KServeStandard()


def world_with(target: Json, gpus: int = 32) -> World:
    world = World()
    world.node("n1", gpus)
    world.has(NAMESPACE, GATEWAY)
    world.has(target)
    world.run()
    return world


@pytest.fixture
def world() -> World:
    return world_with(isvc(replicas=4))


def begun(world: World, wish: Wish = V2) -> Prepared:
    prepared = world.prepare(backend, ISVC, wish)
    world.reach(backend, ISVC, Begin(wish, prepared.start), prepared)
    world.run()
    world.run()
    return prepared


def at(world: World, prepared: Prepared, percent: int) -> Prepared:
    world.reach(backend, ISVC, Shift(percent), prepared)
    return prepared


def pods(world: World, deployment: str) -> int:
    return sum(
        1
        for one in world.list("pods", labels=f"app=isvc.{deployment}")
        if not one["metadata"].get("deletionTimestamp") and one["status"].get("phase") == "Running"
    )


def replicas(world: World, deployment: str) -> int:
    found: int = world.get("deployments.apps", "default", deployment)["spec"]["replicas"]
    return found


def weights(world: World) -> list[tuple[str, int | None]]:
    route = world.get("httproutes.gateway.networking.k8s.io", "default", "chat")
    return [(one["name"], one.get("weight")) for one in route["spec"]["rules"][0]["backendRefs"]]


def changes(write: Write) -> list[tuple[str, str]]:
    assert isinstance(write.body, list)
    return [(one["op"], one["path"]) for one in write.body if one["op"] != "test"]


def guarded_by(write: Write) -> dict[str, Any]:
    assert isinstance(write.body, list)
    return {one["path"]: one["value"] for one in write.body if one["op"] == "test"}


# --- start ------------------------------------------------------------------------------------------------------------


def test_start_is_one_patch_that_makes_the_canary_and_insists_that_there_is_none(world: World) -> None:
    before = world.target(ISVC)
    prepared = world.prepare(backend, ISVC, V2)
    (write,) = world.reach(backend, ISVC, Begin(V2, 0), prepared)
    assert (write.op, write.weight, write.on.title) == ("json-patch", 0, "isvc/chat")
    assert isinstance(write.body, list)
    assert write.body == [
        {"op": "test", "path": "/metadata/uid", "value": before["metadata"]["uid"]},
        {"op": "test", "path": "/spec/predictor", "value": before["spec"]["predictor"]},
        {"op": "test", "path": "/spec/canary", "value": None},
        {
            "op": "add",
            "path": "/spec/canary",
            "value": [
                {
                    "trafficPercent": 0,
                    "predictor": {
                        "name": "v2",
                        "minReplicas": 1,
                        "model": {"name": "kserve-container", **model("hf://org/chat-v2")},
                    },
                }
            ],
        },
    ]
    assert world.step(backend, ISVC, Begin(V2, 0), prepared) is None


def test_the_canary_has_all_of_the_old_predictor_but_what_scales_it() -> None:
    scaled = isvc(
        replicas=2,
        maxReplicas=4,
        scaleTarget=3,
        scaleMetric="cpu",
        autoScaling={"metrics": []},
        tolerations=[{"key": "gpu"}],
    )
    world = world_with(scaled)
    entry = world.prepare(backend, ISVC, V2).handle["entry"]
    assert entry == {
        "name": "v2",
        "model": {"name": "kserve-container", **model("hf://org/chat-v2")},
        "tolerations": [{"key": "gpu"}],
    }


def test_an_old_framework_is_named_too() -> None:
    world = world_with(isvc(replicas=1, model=None, sklearn={"storageUri": "s3://a/1"}))
    entry = world.prepare(backend, ISVC, Wish(model_uri="s3://a/2")).handle["entry"]
    assert entry["sklearn"] == {"name": "kserve-container", "storageUri": "s3://a/2"}


def test_annotations_are_the_same_before_and_after(world: World) -> None:
    before = world.target(ISVC)["metadata"]["annotations"]
    prepared = begun(world)
    at(world, prepared, 50)
    world.reach(backend, ISVC, Promote(), prepared)
    world.reach(backend, ISVC, Retire(), prepared)
    assert world.target(ISVC)["metadata"]["annotations"] == before


def test_it_says_what_the_canary_will_need(world: World) -> None:
    prepared = world.prepare(backend, ISVC, Wish(model_uri="hf://org/chat-v2", values={"nodeSelector.gpu": "h200"}))
    (demand,), (peak,) = prepared.demand, prepared.peak
    assert (demand.count, peak.count, prepared.start) == (1, 4, 0)
    spec = demand.template["spec"]
    assert spec["containers"][0]["resources"]["limits"] == {"nvidia.com/gpu": "1"}
    assert spec["nodeSelector"] == {"gpu": "h200"}
    assert prepared.notes == (
        "KServe lowers the old version from 4 to 3 replicas when the canary is ready; the first step brings it back",
        "the readiness probe of isvc/chat asks only whether a port is open: that its model is loaded nobody tells",
    )


def test_a_probe_that_asks_for_the_model_says_nothing_more() -> None:
    probe = {"httpGet": {"path": "/v1/models", "port": 8080}}
    world = world_with(isvc(replicas=1, model=model(readinessProbe=probe)))
    assert world.prepare(backend, ISVC, V2).notes == ()


REFUSED: list[tuple[Json, Wish, str]] = [
    (isvc(replicas=1, workerSpec={"size": 2}), V2, "runs on several nodes, of which KServe makes no canary"),
    (isvc(replicas=1, storageUris=[{"uri": "a"}]), V2, "has storageUris, which KServe does not fetch for a canary"),
    (isvc(replicas=1, scaler="external"), V2, "is scaled from outside by the name of its Deployment"),
    (isvc(replicas=1), Wish(image="vllm/vllm-openai:v2"), "only with another storageUri"),
    (isvc(replicas=1), Wish(model_uri="hf://b", values={"model.args": "null"}), "it cannot take away model.args"),
    (isvc(replicas=2), Wish(model_uri="hf://b", warm_replicas=3), "from 1 to the 2 that the old version has"),
    (isvc(replicas=1), Wish(model_uri="hf://b", swap=True), "--swap would leave 0 of 1 replicas"),
]


@pytest.mark.parametrize(("target", "wish", "why"), REFUSED, ids=[why[:30] for _, _, why in REFUSED])
def test_what_kserve_could_not_do_is_refused_before_anything_is_written(target: Json, wish: Wish, why: str) -> None:
    world = world_with(target)
    with pytest.raises(Refused, match=why):
        world.prepare(backend, ISVC, wish)


@pytest.mark.parametrize("part", ["transformer", "explainer"])
def test_a_service_of_several_parts_is_refused(part: str) -> None:
    target = isvc(replicas=1)
    target["spec"][part] = {"containers": [{"name": "c", "image": "i"}]}
    with pytest.raises(Refused, match=f"go past the {part}"):
        world_with(target).prepare(backend, ISVC, V2)


def test_a_deployment_that_flagger_rolls_out_is_refused(world: World) -> None:
    canary = {"apiVersion": "flagger.app/v1beta1", "kind": "Canary", "metadata": {"name": "theirs"}}
    aim = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "chat-predictor"}
    world.has({**canary, "spec": {"targetRef": aim, "service": {}, "analysis": {}}})
    with pytest.raises(Refused, match="is Flagger's"):
        world.prepare(backend, ISVC, V2)


def test_a_second_canary_is_refused(world: World) -> None:
    begun(world)
    with pytest.raises(Refused, match="has a canary already: v2"):
        world.prepare(backend, ISVC, V2)


def test_a_service_that_is_not_ready_or_not_routed_is_refused() -> None:
    world = World()
    world.has(isvc(replicas=1))
    with pytest.raises(Refused, match="is not ready"):
        world.prepare(backend, ISVC, V2)
    world = world_with(isvc(replicas=1))
    world.delete("httproutes", "chat", "gateway.networking.k8s.io")
    with pytest.raises(Refused, match="KServe gives a canary pods and no requests"):
        world.prepare(backend, ISVC, V2)


@pytest.mark.parametrize("wish", [Wish(), Wish(to="svc/a"), Wish(model_uri="a", headers={"a": "b"})])
def test_a_wish_that_has_no_place_here_is_a_wrong_usage(world: World, wish: Wish) -> None:
    with pytest.raises(Usage):
        world.prepare(backend, ISVC, wish)


def test_a_volume_of_one_node_is_refused(world: World) -> None:
    claim: Json = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "weights"}}
    world.has({**claim, "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}})
    with pytest.raises(Refused, match="two versions cannot both mount it"):
        world.prepare(backend, ISVC, Wish(model_uri="pvc://weights/chat"))


def test_the_canary_is_not_called_as_another_service_s_deployment(world: World) -> None:
    assert world.prepare(backend, ISVC, V2).handle["name"] == "v2"
    world.has(isvc("chat-v2", replicas=1))  # its Deployment is chat-v2-predictor
    assert world.prepare(backend, ISVC, V2).handle["name"] == "v3"
    with pytest.raises(Refused, match="the pods of isvc/chat-v2 are called so"):
        world.prepare(backend, ISVC, Wish(model_uri="b", name="v2"))


# --- shift ------------------------------------------------------------------------------------------------------------


def test_a_shift_tests_the_name_and_the_weight_that_was_read() -> None:
    world = world_with(isvc(replicas=1))
    prepared = begun(world)
    (write,) = world.reach(backend, ISVC, Shift(5), prepared)
    uid = world.target(ISVC)["metadata"]["uid"]
    assert write.body == [
        {"op": "test", "path": "/metadata/uid", "value": uid},
        {"op": "test", "path": "/spec/canary/0/predictor/name", "value": "v2"},
        {"op": "test", "path": "/spec/canary/0/trafficPercent", "value": 0},
        {"op": "replace", "path": "/spec/canary/0/trafficPercent", "value": 5},
    ]
    assert (write.weight, weights(world)) == (5, [("chat-predictor", 95), ("chat-v2-predictor", 5)])


def test_the_weight_rises_only_with_enough_ready_replicas(world: World) -> None:
    prepared = begun(world)
    at(world, prepared, 25)
    grow, shift = world.reach(backend, ISVC, Shift(50), prepared)
    assert grow.weight is None and shift.weight == 50
    assert ("replace", "/spec/canary/0/predictor/minReplicas") in changes(grow)
    assert changes(shift) == [("replace", "/spec/canary/0/trafficPercent")]
    assert pods(world, "chat-v2-predictor") == 2


def test_replicas_of_the_canary_that_are_not_ready_are_waited_for(world: World) -> None:
    prepared = begun(world)
    at(world, prepared, 25)
    grow = world.step(backend, ISVC, Shift(75), prepared)
    assert isinstance(grow, Write)
    world.carry(grow)
    world.settle()
    assert world.step(backend, ISVC, Shift(75), prepared) == Wait("1 of 3 replicas of v2 are ready", pods=True)


def test_the_old_version_keeps_its_replicas_although_kserve_takes_the_canary_s_from_it(world: World) -> None:
    prepared = begun(world)
    assert replicas(world, "chat-predictor") == 3  # KServe's doing, at weight 0
    for percent in (1, 25, 50, 75):
        at(world, prepared, percent)
        world.run()
        assert replicas(world, "chat-predictor") == 4, percent
        assert pods(world, "chat-predictor") == 4, percent


def test_a_lonely_replica_needs_no_raise() -> None:
    world = world_with(isvc(replicas=1))
    prepared = begun(world)
    at(world, prepared, 50)
    assert world.target(ISVC)["spec"]["predictor"]["minReplicas"] == 1
    assert (pods(world, "chat-predictor"), pods(world, "chat-v2-predictor")) == (1, 1)


def test_the_old_version_is_never_raised_above_its_own_most() -> None:
    world = world_with(isvc(replicas=2, maxReplicas=2))
    prepared = begun(world)
    at(world, prepared, 100)
    assert world.target(ISVC)["spec"]["predictor"]["minReplicas"] == 2


def autoscaled_world() -> World:
    """From one to eight, and three now."""
    world = world_with(isvc(replicas=1, scaler="hpa", maxReplicas=8))
    scaled(world, 3)
    return world


def scaled(world: World, replicas: int) -> None:
    """By its autoscaler."""
    world.edit("deployments.apps", "chat-predictor", {"op": "replace", "path": "/spec/replicas", "value": replicas})
    for _ in range(12):
        world.run()


def test_an_autoscaled_service_is_measured_by_what_it_has() -> None:
    world = autoscaled_world()
    prepared = begun(world)
    assert (prepared.handle["size"], prepared.handle["floor"], len(prepared.notes)) == (3, 1, 1)
    at(world, prepared, 100)
    assert (pods(world, "chat-predictor"), pods(world, "chat-v2-predictor")) == (3, 3)
    world.reach(backend, ISVC, Rollback(), prepared)
    assert world.target(ISVC)["spec"]["predictor"]["minReplicas"] == 1


def test_what_an_autoscaler_has_taken_meanwhile_is_there_again_before_all_requests_are() -> None:
    world = autoscaled_world()
    prepared = begun(world)
    at(world, prepared, 75)
    scaled(world, 1)
    assert pods(world, "chat-predictor") == 1
    writes = world.reach(backend, ISVC, Rollback(), prepared)
    assert [one.weight for one in writes] == [67, 0, None]  # one of three can take a third
    assert ("add", "/spec/predictor/minReplicas") in changes(writes[0])
    assert pods(world, "chat-predictor") == 3


def test_an_autoscaler_without_room_is_none() -> None:
    """minReplicas alone is least and most, so KServe's subtraction would bite at once."""
    world = world_with(isvc(replicas=3, scaler="hpa"))
    prepared = begun(world)
    assert pods(world, "chat-predictor") == 2
    at(world, prepared, 50)
    world.run()
    assert (pods(world, "chat-predictor"), pods(world, "chat-v2-predictor")) == (3, 2)


def test_a_step_counts_only_when_the_gateway_has_it(world: World) -> None:
    prepared = begun(world)
    seen = world.see(backend, ISVC, prepared)
    assert (seen.applied, seen.route, seen.configured) == (True, 0.0, 0.0)
    at(world, prepared, 25)
    write = world.step(backend, ISVC, Shift(20), prepared)
    assert isinstance(write, Write)
    world.carry(write)  # and nobody has worked on it yet
    seen = world.see(backend, ISVC, prepared)
    assert (seen.applied, seen.configured, seen.route) == (False, 20.0, 25.0)
    assert isinstance(world.step(backend, ISVC, Shift(20), prepared), Wait)


@pytest.mark.parametrize(("error", "trusted"), [(Forbidden("no"), True), (ClusterError("unwell"), False)])
def test_routes_that_may_not_be_read_are_trusted_and_those_that_cannot_are_not(
    world: World, monkeypatch: pytest.MonkeyPatch, error: Exception, trusted: bool
) -> None:
    prepared = begun(world)
    target, get = world.target(ISVC), world.get

    def unread(kind: str, namespace: str, name: str) -> Json:
        if kind.startswith("httproutes"):
            raise error
        return get(kind, namespace, name)

    monkeypatch.setattr(world, "get", unread)
    seen = backend.see(target, prepared.handle, world.reading())
    assert (seen.applied, seen.route) == (trusted, None)


def test_both_sides_are_seen(world: World) -> None:
    prepared = begun(world)
    at(world, prepared, 25)
    world.run()
    seen = world.see(backend, ISVC, prepared)
    assert seen.canary is not None
    assert (seen.stable.labels, seen.canary.labels) == (
        {"app": "isvc.chat-predictor"},
        {"app": "isvc.chat-v2-predictor"},
    )
    assert (seen.stable.replicas, seen.stable.ready, seen.stable.percent) == (4, 4, 75.0)
    assert (seen.canary.name, seen.canary.ready, seen.canary.percent, seen.drift) == ("v2", 1, 25.0, ())


def test_without_a_rollout_the_first_canary_is_shown(world: World) -> None:
    assert backend.see(world.target(ISVC), {}, world.reading()).canary is None
    begun(world)
    seen = backend.see(world.target(ISVC), {}, world.reading())
    assert seen.canary is not None and (seen.canary.name, seen.drift) == ("v2", ())


def test_with_swap_the_old_version_gives_a_replica_in_the_same_patch() -> None:
    world = world_with(isvc(replicas=2), gpus=2)
    wish = Wish(model_uri="hf://org/chat-v2", swap=True)
    prepared = world.prepare(backend, ISVC, wish)
    (write,) = world.reach(backend, ISVC, Begin(wish, 0), prepared)
    assert changes(write) == [("add", "/spec/canary"), ("add", "/spec/predictor/minReplicas")]
    for _ in range(3):
        world.run()
    at(world, prepared, 50)
    assert (pods(world, "chat-predictor"), pods(world, "chat-v2-predictor")) == (1, 1)


# --- promote ----------------------------------------------------------------------------------------------------------


def test_promote_scales_first_then_moves_all_requests_and_keeps_the_old_version(world: World) -> None:
    prepared = begun(world)
    at(world, prepared, 25)
    grow, shift = world.reach(backend, ISVC, Promote(), prepared)
    assert changes(grow) == [
        ("replace", "/spec/canary/0/predictor/minReplicas"),
        ("add", "/spec/predictor/minReplicas"),
    ]
    assert (changes(shift), shift.weight) == ([("replace", "/spec/canary/0/trafficPercent")], 100)
    assert (pods(world, "chat-v2-predictor"), pods(world, "chat-predictor")) == (4, 4)
    assert weights(world) == [("chat-predictor", 0), ("chat-v2-predictor", 100)]


def test_the_swap_is_one_patch_restarts_no_pod_and_leaves_no_list(world: World) -> None:
    prepared = begun(world)
    at(world, prepared, 50)
    world.reach(backend, ISVC, Promote(), prepared)
    before = {one["metadata"]["uid"] for one in world.list("pods", labels="app=isvc.chat-v2-predictor")}
    (swap,) = world.reach(backend, ISVC, Retire(), prepared)
    assert changes(swap) == [("replace", "/spec/predictor"), ("remove", "/spec/canary")]
    assert set(guarded_by(swap)) == {"/metadata/uid", "/spec/predictor", "/spec/canary"}
    for _ in range(3):
        world.run()
    spec = world.target(ISVC)["spec"]
    assert spec == {
        "predictor": {
            "name": "v2",
            "minReplicas": 4,
            "model": {"name": "kserve-container", **model("hf://org/chat-v2")},
        }
    }
    after = {one["metadata"]["uid"] for one in world.list("pods", labels="app=isvc.chat-v2-predictor")}
    assert after == before and pods(world, "chat-predictor") == 0
    assert world.step(backend, ISVC, Retire(), prepared) is None
    seen = world.see(backend, ISVC, prepared)
    assert seen.canary is not None
    assert (seen.canary.percent, seen.canary.ready, seen.stable.replicas, seen.drift) == (100.0, 4, 0, ())


def test_a_list_that_was_there_and_empty_stays() -> None:
    target = isvc(replicas=1)
    target["spec"]["canary"] = []
    world = world_with(target)
    prepared = begun(world)
    at(world, prepared, 50)
    world.reach(backend, ISVC, Rollback(), prepared)
    assert world.target(ISVC)["spec"]["canary"] == []


def test_autoscaling_comes_back_with_the_swap() -> None:
    world = world_with(isvc(replicas=1, scaler="hpa", maxReplicas=6, scaleTarget=70, scaleMetric="cpu"))
    prepared = begun(world)
    world.reach(backend, ISVC, Promote(), prepared)
    world.reach(backend, ISVC, Retire(), prepared)
    new = world.target(ISVC)["spec"]["predictor"]
    assert {key: new[key] for key in ("minReplicas", "maxReplicas", "scaleTarget", "scaleMetric")} == {
        "minReplicas": 1,
        "maxReplicas": 6,
        "scaleTarget": 70,
        "scaleMetric": "cpu",
    }


def test_the_old_version_is_not_retired_while_it_gets_requests(world: World) -> None:
    prepared = begun(world)
    at(world, prepared, 50)
    with pytest.raises(Drift, match="still gets requests"):
        world.step(backend, ISVC, Retire(), prepared)


def test_the_next_canary_has_the_next_name(world: World) -> None:
    prepared = begun(world)
    world.reach(backend, ISVC, Promote(), prepared)
    world.reach(backend, ISVC, Retire(), prepared)
    for _ in range(3):
        world.run()
    again = world.prepare(backend, ISVC, Wish(model_uri="hf://org/chat-v3"))
    assert (again.handle["name"], again.handle["stable"]) == ("v3", "v2")


# --- rollback ---------------------------------------------------------------------------------------------------------


def test_rollback_moves_the_requests_first_and_then_takes_the_canary_away(world: World) -> None:
    before = world.target(ISVC)["spec"]
    prepared = begun(world)
    at(world, prepared, 50)
    world.run()
    shift, gone = world.reach(backend, ISVC, Rollback(), prepared)
    assert (changes(shift), shift.weight) == ([("replace", "/spec/canary/0/trafficPercent")], 0)
    assert changes(gone) == [("remove", "/spec/canary"), ("add", "/spec/predictor/minReplicas")]
    assert world.target(ISVC)["spec"] == before
    world.run()
    assert (pods(world, "chat-predictor"), pods(world, "chat-v2-predictor")) == (4, 0)
    assert [name for name, _ in weights(world)] == ["chat-predictor"]
    assert world.step(backend, ISVC, Rollback(), prepared) is None


def test_rollback_waits_for_replicas_of_the_old_version_that_are_coming(world: World) -> None:
    prepared = begun(world)
    at(world, prepared, 75)
    for one in world.list("pods", labels="app=isvc.chat-predictor")[:2]:
        world.delete("pods", one["metadata"]["name"])
    world.settle()
    part = world.step(backend, ISVC, Rollback(), prepared)
    assert isinstance(part, Write) and part.weight == 50  # two of four are ready
    world.carry(part)
    world.settle()
    waits = world.step(backend, ISVC, Rollback(), prepared)
    assert isinstance(waits, Wait) and waits.pods
    world.reach(backend, ISVC, Rollback(), prepared)
    assert "canary" not in world.target(ISVC)["spec"]


def test_rollback_does_not_wait_when_the_canary_cannot_serve(world: World) -> None:
    prepared = begun(world)
    at(world, prepared, 75)
    for one in world.list("pods", labels="app=isvc.chat-predictor"):
        world.delete("pods", one["metadata"]["name"])
    world.settle()
    step = world.step(backend, ISVC, Rollback(all_at_once=True), prepared)
    assert isinstance(step, Write) and step.weight == 0


def test_rollback_does_not_wait_for_pods_that_find_no_node() -> None:
    world = world_with(isvc(replicas=2), gpus=3)
    prepared = begun(world)
    at(world, prepared, 50)
    for one in world.list("pods", labels="app=isvc.chat-predictor")[:1]:
        world.delete("pods", one["metadata"]["name"])
    world.pod("thief", 1)
    for _ in range(3):
        world.run()
    writes = world.reach(backend, ISVC, Rollback(), prepared)
    assert [one.weight for one in writes] == [0, None]
    assert "canary" not in world.target(ISVC)["spec"]


def test_rollback_works_for_who_may_see_nothing_but_the_service(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    prepared = begun(world)
    at(world, prepared, 50)
    get = world.get

    def hidden(kind: str, namespace: str, name: str) -> Json:
        if not kind.startswith("inferenceservices"):
            raise Forbidden(f"{kind} may not be read")
        return get(kind, namespace, name)

    def none(kind: str, namespace: str = "", *, labels: str = "", fields: str = "") -> list[Json]:
        raise Forbidden(f"{kind} may not be listed")

    monkeypatch.setattr(world, "get", hidden)
    monkeypatch.setattr(world, "list", none)
    writes = world.reach(backend, ISVC, Rollback(), prepared)
    assert [one.weight for one in writes][-2:] == [0, None]
    assert "canary" not in world.target(ISVC)["spec"]


def test_rollback_to_a_weight_stops_there(world: World) -> None:
    prepared = begun(world)
    at(world, prepared, 50)
    world.run()
    (write,) = world.reach(backend, ISVC, Rollback(weight=25), prepared)
    assert write.weight == 25
    assert world.reach(backend, ISVC, Rollback(weight=40), prepared) == []


def test_rollback_after_promotion_finds_the_old_version_until_it_is_retired(world: World) -> None:
    before = world.target(ISVC)["spec"]
    prepared = begun(world)
    world.reach(backend, ISVC, Promote(), prepared)
    world.run()
    writes = world.reach(backend, ISVC, Rollback(), prepared)
    assert writes[0].weight == 0
    assert world.target(ISVC)["spec"] == before


def test_after_the_swap_there_is_nothing_to_go_back_to(world: World) -> None:
    prepared = begun(world)
    world.reach(backend, ISVC, Promote(), prepared)
    world.reach(backend, ISVC, Retire(), prepared)
    with pytest.raises(Refused, match="has deleted the pods"):
        world.step(backend, ISVC, Rollback(), prepared)


# --- others write -----------------------------------------------------------------------------------------------------

OTHERS: list[tuple[Json, str]] = [
    ({"op": "replace", "path": "/spec/predictor/model/storageUri", "value": "hf://org/other"}, "spec.predictor of"),
    ({"op": "replace", "path": "/spec/canary/0/predictor/model/storageUri", "value": "hf://org/x"}, "the canary v2 of"),
    (
        {
            "op": "add",
            "path": "/spec/canary/-",
            "value": {"trafficPercent": 1, "predictor": {"name": "mine", "model": {"name": "a", "storageUri": "b"}}},
        },
        "has got another canary: mine",
    ),
]


@pytest.mark.parametrize(("edit", "said"), OTHERS, ids=[said for _, said in OTHERS])
def test_a_third_version_is_drift_and_rollback_still_brings_the_first_back(world: World, edit: Json, said: str) -> None:
    prepared = begun(world)
    at(world, prepared, 25)
    world.run()
    world.edit(KIND, "chat", edit)
    for _ in range(3):
        world.run()
    assert any(said in one for one in world.see(backend, ISVC, prepared).drift)
    world.reach(backend, ISVC, Rollback(), prepared)
    spec = world.target(ISVC)["spec"]
    assert spec["predictor"] == prepared.before["predictor"]
    assert [one["predictor"]["name"] for one in spec.get("canary", [])] == (["mine"] if "another" in said else [])


STALE: list[tuple[str, Json]] = [
    ("the weight", {"op": "replace", "path": "/spec/canary/0/trafficPercent", "value": 3}),
    ("the name", {"op": "replace", "path": "/spec/canary/0/predictor/name", "value": "v9"}),
    ("the canary", {"op": "remove", "path": "/spec/canary"}),
]


@pytest.mark.parametrize("edit", [edit for _, edit in STALE], ids=[word for word, _ in STALE])
def test_a_write_of_somebody_else_makes_ours_fail(edit: Json) -> None:
    world = world_with(isvc(replicas=1))
    prepared = begun(world)
    write = world.step(backend, ISVC, Shift(5), prepared)
    assert isinstance(write, Write)
    world.edit(KIND, "chat", edit)
    with pytest.raises(Drift):
        world.carry(write)


def test_a_service_that_somebody_stops_is_drift(world: World) -> None:
    prepared = begun(world)
    world.edit(KIND, "chat", {"op": "add", "path": "/metadata/annotations/serving.kserve.io~1stop", "value": "true"})
    world.run()
    assert world.see(backend, ISVC, prepared).drift == ("isvc/chat is stopped",)
    with pytest.raises(Refused, match="is stopped"):
        world.edit(KIND, "chat", {"op": "remove", "path": "/spec/canary"})
        world.prepare(backend, ISVC, V2)


def test_a_canary_that_somebody_takes_away_is_drift_and_rollback_has_little_to_do(world: World) -> None:
    prepared = begun(world)
    at(world, prepared, 25)
    world.edit(KIND, "chat", {"op": "remove", "path": "/spec/canary"})
    world.run()
    with pytest.raises(Drift, match="the canary v2 is gone"):
        world.step(backend, ISVC, Shift(50), prepared)
    writes: Writes = world.reach(backend, ISVC, Rollback(), prepared)
    assert [changes(one) for one in writes] == [[("add", "/spec/predictor/minReplicas")]]


def test_trouble_of_the_canary_is_seen(world: World) -> None:
    prepared = begun(world)
    name = world.list("pods", labels="app=isvc.chat-v2-predictor")[0]["metadata"]["name"]
    pod = world.get("pods", "default", name)
    waiting = {"waiting": {"reason": "CrashLoopBackOff"}}
    pod["status"] = {**pod["status"], "containerStatuses": [{"name": "kserve-container", "state": waiting}]}
    seen = world.see(backend, ISVC, prepared)
    assert seen.canary is not None and seen.canary.trouble == f"{name}: CrashLoopBackOff"


# --- broken off -------------------------------------------------------------------------------------------------------

GOALS: list[Goal] = [Begin(V2, 0), Shift(5), Shift(50), Promote(), Retire()]


@settings(deadline=None, max_examples=25)
@given(st.lists(st.integers(0, 3), max_size=4), st.integers(1, 4))
def test_a_goal_is_reached_from_wherever_it_broke_off(after: list[int], size: int) -> None:
    """After a kill -9 somebody asks for the goal again: it goes on, and says None once it stands."""
    world = world_with(isvc(replicas=size))
    prepared = world.prepare(backend, ISVC, V2)
    for number, goal in enumerate(GOALS):
        for _ in range(after[number] if number < len(after) else 0):
            step = world.step(backend, ISVC, goal, prepared)
            if isinstance(step, Write):
                world.carry(step)
        world.reach(backend, ISVC, goal, prepared)
        world.run()
        assert world.step(backend, ISVC, goal, prepared) is None
        assert pods(world, "chat-predictor") + pods(world, "chat-v2-predictor") >= size
    assert (pods(world, "chat-v2-predictor"), "canary" in world.target(ISVC)["spec"]) == (size, False)


@given(st.integers(1, 100), st.integers(1, 64))
def test_enough_replicas_carry_their_share(percent: int, size: int) -> None:
    need = enough(percent, size)
    assert 100 * need >= percent * size and (need == 1 or 100 * (need - 1) < percent * size)


@given(st.integers(1, 32), st.integers(1, 32), st.integers(0, 32))
def test_the_raised_minimum_is_what_kserve_lowers_to_what_is_held(base: int, canary: int, less: int) -> None:
    hold = max(1, base - less)
    raised = stable_min(base, canary, hold, 0)
    assert lowered(raised, canary) >= hold
    assert raised >= canary  # KServe refuses a canary that is larger


def test_a_model_that_failed_to_load_is_trouble(world: World) -> None:
    prepared = begun(world)
    target = world.target(ISVC)
    failed = {"states": {"activeModelState": "FailedToLoad"}, "lastFailureInfo": {"message": "no such file"}}
    told = {**target["status"]["canaryStatuses"][0], "modelStatus": failed}
    target = {**target, "status": {**target["status"], "canaryStatuses": [told]}}
    canary = backend.see(target, prepared.handle, world.reading()).canary
    assert canary is not None
    assert (canary.model_ready, canary.trouble) == (False, "FailedToLoad: no such file")
