"""Which rules of an HTTPRoute a rollout moves, and what cannot be rolled out."""

import pytest

from k8sai.canary.backend import Begin, Shift
from k8sai.canary.facts import Json, Wish
from k8sai.errors import K8saiError, NotFound, Refused, Usage
from tests.canary.http_chat import TO_V2, backend, refused, rule, world_of
from tests.canary.routes import ROUTE, deployment, made, service, to, weights


def test_all_rules_move_in_one_patch() -> None:
    world = world_of(rule("chat", path="/chat"), rule("", path="/v1"), {"filters": []})
    prepared = world.prepare(backend, ROUTE, TO_V2)
    world.reach(backend, ROUTE, Begin(TO_V2, 0), prepared)
    assert len(world.reach(backend, ROUTE, Shift(5), prepared)) == 1
    assert weights(world, 0) == weights(world, 1) == {"chat-v1": 95, "chat-v2": 5}


def test_only_the_named_rules_move() -> None:
    world = world_of(rule("a"), rule("b"), rule("c"))
    prepared = world.prepare(backend, ROUTE, Wish(to="svc/chat-v2", rule="c,a"))
    for goal in (Begin(TO_V2, 0), Shift(5)):
        world.reach(backend, ROUTE, goal, prepared)
    assert [weights(world, at).get("chat-v2") for at in range(3)] == [5, None, 5]


def test_a_named_rule_is_found_where_it_has_moved_to() -> None:
    world = world_of(rule("a"))
    prepared = world.prepare(backend, ROUTE, TO_V2)
    world.reach(backend, ROUTE, Begin(TO_V2, 0), prepared)
    world.edit(ROUTE.kind, "chat", {"op": "add", "path": "/spec/rules/0", "value": rule("first", to("other"))})
    world.has(service("other"))
    world.reach(backend, ROUTE, Shift(5), prepared)
    assert [weights(world, at).get("chat-v2") for at in range(2)] == [None, 5]


def test_a_rule_without_a_name_is_gone_where_another_has_its_place() -> None:
    world = world_of(rule())
    prepared = world.prepare(backend, ROUTE, TO_V2)
    world.edit(ROUTE.kind, "chat", {"op": "add", "path": "/spec/rules/0", "value": rule("", to("other"))})
    assert world.see(backend, ROUTE, prepared).drift == ("rule 0 of httproute/chat is gone",)
    with pytest.raises(K8saiError, match="rule 0 of httproute/chat is gone"):
        world.step(backend, ROUTE, Shift(5), prepared)


def test_rules_that_give_different_shares_are_told() -> None:
    world = world_of(rule("a"), rule("b"))
    prepared = world.prepare(backend, ROUTE, TO_V2)
    for goal in (Begin(TO_V2, 0), Shift(25)):
        world.reach(backend, ROUTE, goal, prepared)
    world.edit(ROUTE.kind, "chat", {"op": "replace", "path": "/spec/rules/1/backendRefs/1/weight", "value": 25})
    seen = world.see(backend, ROUTE, prepared)
    assert seen.drift == () and seen.configured == 25
    world.edit(ROUTE.kind, "chat", {"op": "replace", "path": "/spec/rules/1/backendRefs/1/weight", "value": 75})
    seen = world.see(backend, ROUTE, prepared)
    assert (seen.drift, seen.configured) == (("the rules of httproute/chat give the canary a 25 %, b 50 %",), 50)


@pytest.mark.parametrize(
    ("rules", "wish", "expected"),
    [
        (
            [rule("a"), rule("a")],
            Wish(to="svc/chat-v2", rule="a"),
            (Refused, "2 rules of httproute/chat are called a", "give each a name of its own"),
        ),
        (
            [rule("main"), rule("other")],
            Wish(to="svc/chat-v2", rule="mian"),
            (Usage, "httproute/chat has no rule mian", "did you mean main?"),
        ),
        (
            [rule(), rule()],
            Wish(to="svc/chat-v2", rule="x"),
            (Usage, "httproute/chat has no rule x", "its rules have no names: 0 to 1"),
        ),
        (
            [rule("a"), rule("b", to("chat-v3"))],
            TO_V2,
            (
                Refused,
                "the rules of httproute/chat send requests to svc/chat-v1, svc/chat-v3",
                "name one's: --rule NAME,NAME",
            ),
        ),
        (
            [rule("a", to("chat-v1"), to("chat-v2"))],
            TO_V2,
            (
                Refused,
                "rule a of httproute/chat sends requests to svc/chat-v1 and svc/chat-v2: a rollout begins with "
                "one side",
                "set the other weights to 0",
            ),
        ),
        (
            [rule("a", to("chat-v2"))],
            TO_V2,
            (Refused, "rule a of httproute/chat sends all requests to svc/chat-v2 already", ""),
        ),
        (
            [rule("a", to("chat-v1", weight=0))],
            TO_V2,
            (
                Refused,
                "rule a of httproute/chat sends requests to nobody: a rollout begins with one side",
                "set the other weights to 0",
            ),
        ),
        ([{"filters": []}], TO_V2, (Refused, "httproute/chat sends requests to nobody", "")),
        (
            [rule()],
            Wish(to="svc/chat-v22"),
            (NotFound, "there is no svc/chat-v22 in namespace default", "did you mean chat-v2?"),
        ),
        (
            [rule()],
            Wish(to="deploy/chat-v2"),
            (
                Usage,
                "--to deploy/chat-v2 names no Service or InferencePool",
                "--to svc/NAME or --to inferencepool/NAME",
            ),
        ),
        (
            [rule()],
            Wish(image="x"),
            (
                Usage,
                "a route chooses between versions that are there",
                "--to svc/NAME or --to inferencepool/NAME",
            ),
        ),
        (
            [rule()],
            Wish(to="svc/chat-v2", image="x", swap=True),
            (
                Usage,
                "a route makes no version: --image, --swap says nothing to it",
                "--to svc/NAME or --to inferencepool/NAME alone",
            ),
        ),
    ],
)
def test_what_cannot_be_rolled_out_is_refused(
    rules: list[Json], wish: Wish, expected: tuple[type[K8saiError], str, str]
) -> None:
    assert refused(world_of(*rules), wish) == expected


@pytest.mark.parametrize(
    ("owner", "message", "hint"),
    [
        (
            ("serving.kserve.io/v1beta1", "InferenceService"),
            "httproute/chat belongs to isvc/x, which would write over it",
            "`k8sai canary start isvc/x`",
        ),
        (
            ("flagger.app/v1beta1", "Canary"),
            "httproute/chat is Flagger's: canary/x writes it",
            "it rolls out what changes in its target; `k8sai canary status canary/x` shows how far it is",
        ),
        (
            ("example.com/v1", "Shop"),
            "httproute/chat belongs to shop/x, which would write over it",
            "roll out what it is made from",
        ),
    ],
)
def test_a_route_of_a_controller_is_not_touched(owner: tuple[str, str], message: str, hint: str) -> None:
    world = world_of(rule())
    target = world.target(ROUTE)
    ref = {"apiVersion": owner[0], "kind": owner[1], "name": "x", "controller": True}
    target = {**target, "metadata": {**target["metadata"], "ownerReferences": [ref]}}
    with pytest.raises(Refused) as told:
        backend.prepare(target, TO_V2, world.reading())
    assert (told.value.message, told.value.hint) == (message, hint)


@pytest.mark.parametrize("listed", [{"httpRoute": "chat"}, {"httpRoutes": [{"name": "other"}, {"name": "chat"}]}])
def test_a_route_that_a_rollout_of_argo_writes_is_not_touched(listed: Json) -> None:
    world = world_of(rule())
    routing = {"plugins": {"argoproj-labs/gatewayAPI": listed}}
    spec = deployment("chat")["spec"] | {"strategy": {"canary": {"trafficRouting": routing}}}
    world.has(made("argoproj.io/v1alpha1", "Rollout", "chat", **spec))
    told = (Refused, "httproute/chat belongs to rollout/chat, which would write over it")
    assert refused(world)[:2] == told


def test_without_a_rollout_the_two_greatest_weights_are_the_sides() -> None:
    world = world_of(rule("a", to("chat-v2", weight=1), to("chat-v1", weight=3)))
    seen = backend.see(world.target(ROUTE), {}, world.reading())
    assert seen.canary
    assert [(one.name, one.percent) for one in (seen.stable, seen.canary)] == [("chat-v1", 75), ("chat-v2", 25)]
    target = {**world.target(ROUTE), "spec": {"rules": [{"filters": []}]}}
    assert not backend.takes(target, world.reading())
    with pytest.raises(Refused, match="httproute/chat sends requests to nobody"):
        backend.see(target, {}, world.reading())


def test_a_kind_that_cannot_be_read_is_unknown_not_absent() -> None:
    ref = {"group": "example.com", "kind": "Backend", "name": "outside", "weight": 1}
    world = world_of(rule("a", ref))
    seen = backend.see(world.target(ROUTE), {}, world.reading())
    assert (seen.stable.name, seen.stable.trouble, seen.stable.ready) == ("outside", "", None)
    assert seen.waiting == "gateway gateway: example.com/Backend is not supported"
    prepared = world.prepare(backend, ROUTE, TO_V2)
    assert prepared.handle["versions"]["stable"] == ""
