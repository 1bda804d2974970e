"""An InferenceModelRewrite's weights, in both groups: who gets nothing is no target; what is ambiguous is refused."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from k8sai.canary.backend import Begin, Goal, Promote, Retire, Rollback, Shift, Wait, Write
from k8sai.canary.backends.modelrewrite.backend import ModelRewrite
from k8sai.canary.facts import Json, Prepared, Ref, Wish
from k8sai.errors import Drift, K8saiError, Refused, Usage
from tests.canary.routes import deployment, made, pool
from tests.canary.world import World

GROUPS = ("llm-d.ai", "inference.networking.x-k8s.io")
REF = Ref("inferencemodelrewrites.llm-d.ai", "default", "chat", word="modelrewrite")
TO_B = Wish(to="chat-b")
backend = ModelRewrite()


def rewrite(*rules: Json, group: str = GROUPS[0], name: str = "chat") -> Json:
    ref = {"group": "inference.networking.k8s.io", "kind": "InferencePool", "name": "pool"}
    return made(f"{group}/v1alpha2", "InferenceModelRewrite", name, poolRef=ref, rules=[*rules])


def rule(model: str, *targets: Json) -> Json:
    matches = [{"model": {"type": "Exact", "value": model}}] if model else []
    return {"matches": matches, "targets": [*(targets or (to("chat-a"),))]}


def to(model: str, **more: Any) -> Json:
    return {"modelRewrite": model, **more}


def world_of(*rules: Json, group: str = GROUPS[0]) -> World:
    world = World()
    world.node("n1")
    world.has(pool("pool"), deployment("pool", 2), rewrite(*rules, group=group))
    return world


def reach(world: World, prepared: Prepared, *goals: Goal, ref: Ref = REF) -> list[Write]:
    return [write for goal in goals for write in world.reach(backend, ref, goal, prepared)]


def targets(world: World, at: int = 0) -> list[Json]:
    found: list[Json] = world.target(REF)["spec"]["rules"][at]["targets"]
    return found


@pytest.mark.parametrize("group", GROUPS)
def test_the_new_model_is_a_target_for_as_long_as_it_gets_something(group: str) -> None:
    world, ref = world_of(rule("chat"), group=group), Ref(f"inferencemodelrewrites.{group}", "default", "chat")
    live = world.target(ref)
    prepared = world.prepare(backend, ref, TO_B)
    assert reach(world, prepared, Begin(TO_B, 0), ref=ref) == []
    (write,) = reach(world, prepared, Shift(5), ref=ref)
    assert (write.weight, write.on.kind) == (5, ref.kind)
    assert write.body == [
        {"op": "test", "path": "/metadata/uid", "value": live["metadata"]["uid"]},
        {"op": "test", "path": "/spec/rules/0/matches", "value": [{"model": {"type": "Exact", "value": "chat"}}]},
        {"op": "test", "path": "/spec/rules/0/targets", "value": [to("chat-a")]},
        {"op": "replace", "path": "/spec/rules/0/targets", "value": [to("chat-a", weight=95), to("chat-b", weight=5)]},
    ]
    reach(world, prepared, Promote(), Retire(), ref=ref)
    assert world.target(ref)["spec"]["rules"][0]["targets"] == [to("chat-b", weight=100)]
    reach(world, prepared, Rollback(), ref=ref)
    assert world.target(ref)["spec"] == live["spec"]


def test_both_models_have_the_pods_of_the_pool_and_are_told_apart_by_name() -> None:
    world = world_of(rule("chat"))
    prepared = world.prepare(backend, REF, TO_B)
    reach(world, prepared, Shift(25))
    seen = world.see(backend, REF, prepared)
    assert seen.canary
    assert (seen.canary.name, seen.canary.percent, seen.canary.labels) == ("chat-b", 25, None)
    assert (seen.canary.series, seen.stable.series) == ({"model_name": "chat-b"}, {"model_name": "chat-a"})
    assert (seen.canary.ready, seen.stable.ready, seen.applied, seen.drift) == (2, 2, True, ())


def test_a_pool_that_serves_nobody_is_trouble() -> None:
    world = world_of(rule("chat"))
    prepared = world.prepare(backend, REF, TO_B)
    reach(world, prepared, Shift(25))
    world.edit("deployments.apps", "pool", {"op": "replace", "path": "/spec/replicas", "value": 0})
    world.run()
    seen = world.see(backend, REF, prepared)
    assert seen.canary and seen.canary.trouble == "the pool has no ready endpoints"


def test_a_rule_is_known_by_what_it_matches() -> None:
    world = world_of(rule("a"), rule("b"))
    prepared = world.prepare(backend, REF, Wish(to="chat-b", rule="b"))
    world.edit(REF.kind, "chat", {"op": "remove", "path": "/spec/rules/0"})
    reach(world, prepared, Shift(5))
    assert targets(world) == [to("chat-a", weight=95), to("chat-b", weight=5)]
    world.edit(REF.kind, "chat", {"op": "remove", "path": "/spec/rules/0"})
    assert world.see(backend, REF, prepared).drift == ("a rule of modelrewrite/chat is gone",)
    with pytest.raises(Drift, match="a rule of modelrewrite/chat is gone"):
        world.step(backend, REF, Shift(25), prepared)
    assert world.step(backend, REF, Rollback(), prepared) is None


def test_a_third_target_is_drift_and_no_write_goes_over_it() -> None:
    world = world_of(rule("chat"))
    prepared = world.prepare(backend, REF, TO_B)
    reach(world, prepared, Shift(25))
    late = world.step(backend, REF, Shift(50), prepared)
    world.edit(REF.kind, "chat", {"op": "add", "path": "/spec/rules/0/targets/-", "value": to("chat-c", weight=9)})
    said = "rule chat of modelrewrite/chat has a target that is neither side: chat-c"
    assert world.see(backend, REF, prepared).drift == (said,)
    assert isinstance(late, Write)
    with pytest.raises(Drift):
        world.carry(late)


def test_a_router_that_writes_a_status_is_waited_for() -> None:
    world = world_of(rule("chat"))
    prepared = world.prepare(backend, REF, TO_B)
    target = world.target(REF)
    said = {"type": "Accepted", "status": "True", "reason": "Accepted", "observedGeneration": 0, "message": ""}
    for change, waiting in (
        ({"reason": "Pending", "status": "Unknown"}, ""),
        ({}, "the router has not yet looked at what is written"),
        (
            {"observedGeneration": 1, "status": "False", "message": "no such pool"},
            "the router does not accept it: no such pool",
        ),
        ({"observedGeneration": 1}, ""),
    ):
        seen = backend.see({**target, "status": {"conditions": [said | change]}}, prepared.handle, world.reading())
        assert seen.waiting == waiting
        step = backend.next(seen, Shift(0), prepared.handle, prepared.before)
        assert step == (Wait(waiting) if waiting else None)


@pytest.mark.parametrize(
    ("rules", "wish", "expected"),
    [
        (
            [rule("chat", to("chat-a", weight=1), to("chat-a", weight=2))],
            TO_B,
            (Refused, "rule chat of modelrewrite/chat has chat-a as a target twice", "leave one of them"),
        ),
        (
            [rule("chat", to("chat-a", weight=1), to("chat-c"))],
            TO_B,
            (
                Refused,
                "rule chat of modelrewrite/chat has a target without a weight beside one with",
                "give each a weight",
            ),
        ),
        (
            [rule("chat", to("chat-a"), to("chat-b"))],
            TO_B,
            (
                Refused,
                "rule chat of modelrewrite/chat rewrites to chat-a and chat-b: a rollout begins with one",
                "leave one of them",
            ),
        ),
        (
            [rule("chat", to("chat-b"))],
            TO_B,
            (Refused, "rule chat of modelrewrite/chat rewrites to chat-b already", ""),
        ),
        (
            [rule("a"), rule("b", to("chat-c"))],
            TO_B,
            (
                Refused,
                "the rules of modelrewrite/chat rewrite to chat-a, chat-c",
                "name those of one: --rule MODEL,MODEL",
            ),
        ),
        (
            [rule("a"), rule("a")],
            TO_B,
            (Refused, "modelrewrite/chat has more than one rule for a", "leave one of them"),
        ),
        (
            [rule("a"), rule("b")],
            Wish(to="chat-b", rule="c"),
            (Usage, "modelrewrite/chat has no rule for c", "it has a, b"),
        ),
        (
            [rule("a")],
            Wish(to="svc/chat"),
            (Usage, "svc/chat is no model", "--to MODEL, as the pool serves it"),
        ),
        (
            [rule("a")],
            Wish(),
            (
                Usage,
                "a model rewrite chooses between versions that are there",
                "--to MODEL, as the pool serves it",
            ),
        ),
        (
            [rule("a")],
            Wish(to="chat-b", warm_replicas=2),
            (Usage, "both models have the pods of one pool", "leave --warm-replicas out"),
        ),
        (
            [rule("a")],
            Wish(to="chat-b", headers={"x": "y"}),
            (Usage, "a model rewrite knows no headers", "leave --header out"),
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


def test_without_a_rollout_the_two_heaviest_targets_are_the_sides() -> None:
    world = world_of(rule("a", to("chat-b", weight=1), to("chat-a", weight=3)), rule("b"))
    target = world.target(REF)
    seen = backend.see(target, {}, world.reading())
    assert seen.canary
    assert [(one.name, one.percent) for one in (seen.stable, seen.canary)] == [("chat-a", 75), ("chat-b", 25)]
    bare = {**target, "spec": {**target["spec"], "rules": []}}
    assert not backend.takes(bare, world.reading())
    with pytest.raises(Refused, match="modelrewrite/chat has no rule with targets"):
        backend.see(bare, {}, world.reading())


def test_an_older_object_that_decides_on_the_model_is_what_is_rolled_out() -> None:
    world = World()
    world.has(pool("pool"), rewrite(rule("chat"), name="first"))
    world.clock.advance(60, world.work.drain)
    world.has(rewrite(rule("chat")), rewrite(rule("other"), name="apart"))
    with pytest.raises(Refused, match="modelrewrite/first is older and decides on chat"):
        world.prepare(backend, REF, TO_B)
    world.prepare(backend, Ref(REF.kind, "default", "first"), TO_B)
    world.prepare(backend, Ref(REF.kind, "default", "apart"), TO_B)


@settings(max_examples=30, deadline=None)
@given(
    st.one_of(st.none(), st.integers(1, 1_000_000)),
    st.lists(
        st.one_of(st.builds(Shift, st.integers(0, 100)), st.builds(Rollback, st.integers(0, 100)), st.just(Promote())),
        max_size=6,
    ),
)
def test_every_percent_is_exact_no_weight_is_0_and_a_rollback_ends_as_it_began(
    weight: int | None, goals: list[Goal]
) -> None:
    world = world_of(rule("a", to("chat-a", **({"weight": weight} if weight else {}))), rule("b"))
    before = world.target(REF)["spec"]
    prepared = world.prepare(backend, REF, TO_B)
    for goal in goals:
        standing = world.see(backend, REF, prepared).configured
        reach(world, prepared, goal)
        now = world.see(backend, REF, prepared)
        wanted = 100 if isinstance(goal, Promote) else goal.weight if isinstance(goal, Shift | Rollback) else None
        assert now.configured == (min(standing, wanted or 0) if isinstance(goal, Rollback) else wanted)
        assert now.drift == () and all(one.get("weight", 1) >= 1 for at in (0, 1) for one in targets(world, at))
        assert reach(world, prepared, goal) == []
    reach(world, prepared, Rollback())
    assert world.target(REF)["spec"] == before
