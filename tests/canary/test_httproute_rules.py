"""Which rules of an HTTPRoute are rolled out between whom, rules for requests with headers, and what is refused."""

import pytest

from k8sai.canary.backend import Begin, Promote, Rollback, Shift
from k8sai.canary.backends.routes.httproute import HttpRoute
from k8sai.canary.facts import Json, Wish
from k8sai.errors import K8saiError, NotFound, Refused, Usage
from tests.canary.routes import ROUTE, deployment, made, pool, route, service, to, two_versions, weights
from tests.canary.world import World

TO_V2 = Wish(to="svc/chat-v2")
backend = HttpRoute()


def rule(name: str = "", *refs: Json, path: str = "/") -> Json:
    named = {"name": name} if name else {}
    matches = [{"path": {"type": "PathPrefix", "value": path}}]
    return {**named, "matches": matches, "backendRefs": [*(refs or (to("chat-v1"),))]}


def world_of(*rules: Json) -> World:
    world = two_versions()
    world.has(route(*rules))
    return world


def refused(world: World, wish: Wish = TO_V2) -> tuple[type[K8saiError], str, str]:
    with pytest.raises(K8saiError) as told:
        world.prepare(backend, ROUTE, wish)
    return type(told.value), told.value.message, told.value.hint


# --- which rules ------------------------------------------------------------------------------------------------------


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


# --- who else writes --------------------------------------------------------------------------------------------------


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


# --- destinations -----------------------------------------------------------------------------------------------------


def test_inference_pools_have_no_port_and_may_follow_a_service() -> None:
    world = world_of(rule("a"))
    world.has(pool("pool-v2"), deployment("pool-v2"))
    wish = Wish(to="inferencepool/pool-v2")
    prepared = world.prepare(backend, ROUTE, wish)
    assert "not every gateway honours weights of InferencePools: the split is measured" in prepared.notes
    world.reach(backend, ROUTE, Begin(wish, 0), prepared)
    ref = {"group": "inference.networking.k8s.io", "kind": "InferencePool", "name": "pool-v2", "weight": 0}
    assert world.target(ROUTE)["spec"]["rules"][0]["backendRefs"][1] == ref
    seen = world.see(backend, ROUTE, prepared)
    assert seen.canary and (seen.canary.labels, seen.canary.ready, seen.applied) == ({"app": "pool-v2"}, 1, True)


def test_a_service_with_another_port_is_referred_to_by_it() -> None:
    world = world_of(rule("a"))
    world.has(service("one", "default", 9000), service("many", "default", 9000, 9001))
    assert world.prepare(backend, ROUTE, Wish(to="svc/one")).handle["canary"]["port"] == 9000
    said = "svc/many has no port 8000, and nobody says which of its ports is meant: 9000, 9001"
    assert refused(world, Wish(to="svc/many")) == (Refused, said, "")


def test_another_namespace_has_to_grant_it() -> None:
    world = world_of(rule("a"))
    world.has(
        made("v1", "Namespace", "models"), service("chat-v2", "models"), deployment("chat-v2", namespace="models")
    )
    wish = Wish(to="svc/models/chat-v2")
    said = "no ReferenceGrant in namespace models lets HTTPRoutes of default refer to svc/chat-v2"
    assert refused(world, wish)[:2] == (Refused, said)
    source = {"group": "gateway.networking.k8s.io", "kind": "HTTPRoute", "namespace": "default"}
    spec = {"from": [source], "to": [{"group": "", "kind": "Service"}]}
    world.has(made("gateway.networking.k8s.io/v1beta1", "ReferenceGrant", "let", "models", **spec))
    prepared = world.prepare(backend, ROUTE, wish)
    world.reach(backend, ROUTE, Begin(wish, 0), prepared)
    assert world.target(ROUTE)["spec"]["rules"][0]["backendRefs"][1]["namespace"] == "models"
    seen = world.see(backend, ROUTE, prepared)
    assert seen.canary and (seen.canary.namespace, seen.canary.ready) == ("models", 1)


# --- headers ----------------------------------------------------------------------------------------------------------

HEADED = Wish(to="svc/chat-v2", headers={"x-canary": "yes"})


def test_requests_with_a_header_have_a_rule_of_their_own_until_the_end() -> None:
    world = world_of(rule("a", path="/a"), rule("", path="/b"))
    before = world.target(ROUTE)["spec"]
    prepared = world.prepare(backend, ROUTE, HEADED)
    assert len(world.reach(backend, ROUTE, Begin(HEADED, 0), prepared)) == 1
    assert world.reach(backend, ROUTE, Begin(HEADED, 0), prepared) == []
    rules = world.target(ROUTE)["spec"]["rules"]
    assert [one.get("name") for one in rules] == ["a", None, "a-canary", "rule-1-canary"]
    header = {"type": "Exact", "name": "x-canary", "value": "yes"}
    assert rules[2]["matches"] == [{"path": {"type": "PathPrefix", "value": "/a"}, "headers": [header]}]
    assert rules[2]["backendRefs"] == [{"group": "", "kind": "Service", "name": "chat-v2", "port": 8000, "weight": 1}]
    world.reach(backend, ROUTE, Shift(25), prepared)
    assert len(world.target(ROUTE)["spec"]["rules"]) == 4 and not world.see(backend, ROUTE, prepared).drift
    first, *_ = world.reach(backend, ROUTE, Rollback(), prepared)
    assert first.weight == 0 and isinstance(first.body, list)
    assert [one["path"] for one in first.body if one["op"] == "remove"] == ["/spec/rules/3", "/spec/rules/2"]
    assert world.target(ROUTE)["spec"] == before


def test_a_promotion_takes_the_rule_of_the_header_away() -> None:
    world = world_of(rule("a"))
    prepared = world.prepare(backend, ROUTE, HEADED)
    for goal in (Begin(HEADED, 0), Shift(100)):
        world.reach(backend, ROUTE, goal, prepared)
    assert len(world.reach(backend, ROUTE, Promote(), prepared)) == 1
    assert [one["name"] for one in world.target(ROUTE)["spec"]["rules"]] == ["a"]


def test_a_header_that_decides_already_is_refused() -> None:
    matches = [{"headers": [{"name": "X-Canary", "value": "no"}]}]
    world = world_of({"name": "a", "matches": matches, "backendRefs": [to("chat-v1")]})
    assert refused(world, HEADED)[:2] == (Refused, "rule a matches header X-Canary itself")


def test_a_route_has_room_for_so_many_rules() -> None:
    world = world_of(*(rule(f"r{number}") for number in range(9)))
    assert refused(world, HEADED)[1] == "a route holds 16 rules: there is no room for 9 more"


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
