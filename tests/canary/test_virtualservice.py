"""A VirtualService's weights: what is Istio's own about them. The rest is as of an HTTPRoute."""

from typing import Any

import pytest

from k8sai.canary.backend import Begin, Goal, Promote, Retire, Rollback, Shift, Write
from k8sai.canary.backends.routes.virtualservice import VirtualService
from k8sai.canary.facts import Json, Prepared, Ref, Wish
from k8sai.errors import K8saiError, NotFound, Refused, Usage
from tests.canary.routes import deployment, made, service
from tests.canary.world import World

REF = Ref("virtualservices.networking.istio.io", "default", "chat", word="vs")
ISTIO = "networking.istio.io/v1"
TO_V2 = Wish(to="subset/v2")
backend = VirtualService()


def version(name: str, replicas: int = 1) -> Json:
    """A Deployment of pods that all are chat's, and of a version."""
    obj = deployment(f"chat-{name}", replicas)
    labels = {"app": "chat", "version": name}
    obj["spec"]["template"]["metadata"]["labels"] = labels
    obj["spec"]["selector"] = {"matchLabels": labels}
    return obj


def to(subset: str = "", host: str = "chat", **more: Any) -> Json:
    named = {"subset": subset} if subset else {}
    return {"destination": {"host": host, **named}, **more}


def rule(name: str, *refs: Json) -> Json:
    return {"name": name, "route": [*(refs or (to("v1"),))]}


def world_of(*rules: Json, subsets: tuple[str, ...] = ("v1", "v2")) -> World:
    world = World()
    world.node("n1")
    listed = [{"name": name, "labels": {"version": name}} for name in subsets]
    world.has(service("chat"), version("v1", 2), version("v2"))
    world.has(made(ISTIO, "DestinationRule", "chat", host="chat.default.svc.cluster.local", subsets=listed))
    world.has(made(ISTIO, "VirtualService", "chat", hosts=["chat"], http=[*rules]))
    return world


def reach(world: World, prepared: Prepared, *goals: Goal) -> list[Write]:
    return [write for goal in goals for write in world.reach(backend, REF, goal, prepared)]


def http(world: World) -> list[Json]:
    found: list[Json] = world.target(REF)["spec"]["http"]
    return found


def weights(world: World, at: int = 0) -> dict[str, int | None]:
    return {one["destination"]["subset"]: one.get("weight") for one in http(world)[at]["route"]}


def test_a_subset_that_stood_alone_gets_a_weight_with_the_second_and_loses_it_again() -> None:
    world = world_of(rule("main"))
    before = world.target(REF)["spec"]
    prepared = world.prepare(backend, REF, TO_V2)
    uid = world.target(REF)["metadata"]["uid"]
    (write,) = reach(world, prepared, Begin(TO_V2, 0))
    assert write.body == [
        {"op": "test", "path": "/metadata/uid", "value": uid},
        {"op": "test", "path": "/spec/http/0/name", "value": "main"},
        {"op": "test", "path": "/spec/http/0/route/0/destination/host", "value": "chat"},
        {"op": "test", "path": "/spec/http/0/route/0/destination/subset", "value": "v1"},
        {"op": "test", "path": "/spec/http/0/route/0/weight", "value": None},
        {"op": "add", "path": "/spec/http/0/route/0/weight", "value": 100},
        {"op": "add", "path": "/spec/http/0/route/-", "value": to("v2", weight=0)},
    ]
    reach(world, prepared, Shift(5))
    assert weights(world) == {"v1": 95, "v2": 5}
    reach(world, prepared, Rollback())
    assert world.target(REF)["spec"] == before


def test_the_sides_are_the_pods_of_the_subsets() -> None:
    world = world_of(rule("main"))
    prepared = world.prepare(backend, REF, TO_V2)
    reach(world, prepared, Begin(TO_V2, 0), Shift(25))
    seen = world.see(backend, REF, prepared)
    assert seen.canary
    assert (seen.stable.name, seen.stable.replicas, seen.stable.percent) == ("v1", 2, 75)
    assert (seen.canary.name, seen.canary.labels, seen.canary.ready) == ("v2", {"app": "chat", "version": "v2"}, 1)
    assert seen.applied and seen.drift == ()


def test_a_promotion_ends_with_the_new_subset_alone() -> None:
    world = world_of(rule("a"), rule("b"))
    prepared = world.prepare(backend, REF, TO_V2)
    grows, moves = reach(world, prepared, Begin(TO_V2, 0), Promote())[1:]
    assert (grows.on.title, moves.weight) == ("deployment/chat-v2", 100)
    assert weights(world, 0) == weights(world, 1) == {"v1": 0, "v2": 100}
    reach(world, prepared, Retire())
    assert weights(world, 0) == weights(world, 1) == {"v2": 100}


def test_another_service_is_a_canary_too() -> None:
    world = world_of(rule("main", to("v1", "chat.default.svc.cluster.local")))
    world.has(service("chat-b"), deployment("chat-b", 2))
    wish = Wish(to="svc/chat-b")
    prepared = world.prepare(backend, REF, wish)
    reach(world, prepared, Begin(wish, 0), Shift(50))
    assert http(world)[0]["route"][1] == {"destination": {"host": "chat-b"}, "weight": 50}


def test_requests_with_a_header_are_decided_on_first() -> None:
    matched = {**rule("b"), "match": [{"uri": {"prefix": "/v1"}}]}
    world = world_of(rule("a"), matched)
    before = world.target(REF)["spec"]
    wish = Wish(to="subset/v2", headers={"x-canary": "yes"})
    prepared = world.prepare(backend, REF, wish)
    assert len(reach(world, prepared, Begin(wish, 0))) == 1
    assert [one["name"] for one in http(world)] == ["a-canary", "a", "b-canary", "b"]
    assert http(world)[2]["match"] == [{"uri": {"prefix": "/v1"}, "headers": {"x-canary": {"exact": "yes"}}}]
    assert http(world)[2]["route"] == [to("v2", weight=100)]
    reach(world, prepared, Begin(wish, 0), Shift(25))
    assert weights(world, 1) == weights(world, 3) == {"v1": 75, "v2": 25}
    reach(world, prepared, Rollback())
    assert world.target(REF)["spec"] == before


def test_istio_says_what_it_holds_against_it_where_its_status_is_on() -> None:
    world = world_of(rule("main"))
    target = world.target(REF)
    messages = [{"level": "ERROR", "type": {"code": "IST0101", "name": "ReferencedResourceNotFound"}}]
    for status, waiting in (
        ({}, ""),
        ({"observedGeneration": "1"}, ""),
        ({"observedGeneration": 0}, "Istio has not yet looked at what is written"),
        ({"validationMessages": messages}, "Istio: ReferencedResourceNotFound"),
    ):
        seen = backend.see({**target, "status": status}, {}, world.reading())
        assert (seen.waiting, seen.applied) == (waiting, not waiting)


@pytest.mark.parametrize(
    ("rules", "wish", "expected"),
    [
        (
            [rule("a")],
            Wish(to="subset/v3"),
            (NotFound, "no DestinationRule defines subset/v3 of chat", "there are v1, v2"),
        ),
        (
            [rule("a", to())],
            TO_V2,
            (
                Refused,
                "svc/chat without a subset has the pods of both versions",
                "let the rule name a subset for the old version first",
            ),
        ),
        (
            [rule("a", to("v1"), to("v2"))],
            TO_V2,
            (
                Refused,
                "rule a of vs/chat sends requests to nobody: a rollout begins with one side",
                "set the other weights to 0",
            ),
        ),
        (
            [rule("a")],
            Wish(),
            (
                Usage,
                "a VirtualService chooses between versions that are there",
                "--to subset/NAME or --to svc/NAME",
            ),
        ),
        (
            [{"route": [to("v1")]}],
            Wish(to="subset/v2", headers={"x": "y"}),
            (
                Refused,
                "rules without a name cannot be told apart when another comes before them",
                "give each a name",
            ),
        ),
    ],
)
def test_what_cannot_be_rolled_out_is_refused(
    rules: list[Json], wish: Wish, expected: tuple[type[K8saiError], str, str]
) -> None:
    world = world_of(*rules)
    with pytest.raises(K8saiError) as told:
        world.prepare(backend, REF, wish)
    assert (type(told.value), told.value.message, told.value.hint) == expected
