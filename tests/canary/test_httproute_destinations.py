"""What an HTTPRoute can send requests to, and requests with a header."""

from k8sai.canary.backend import Begin, Promote, Rollback, Shift
from k8sai.canary.facts import Wish
from k8sai.errors import Refused
from tests.canary.http_chat import backend, refused, rule, world_of
from tests.canary.routes import ROUTE, deployment, made, pool, service, to


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
