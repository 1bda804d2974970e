"""What a rollout needs to be allowed: enough for every backend, no more than it uses, asked before the first write."""

from collections.abc import Callable
from typing import Any

import pytest

from k8sai.canary.backend import Begin, Promote, Retire, Rollback, Shift, Write
from k8sai.canary.backends.all import by_name
from k8sai.canary.checks import rights
from k8sai.canary.checks.rights import Right, driven, insist, needed, rules
from k8sai.canary.facts import Json, Prepared, Ref, Wish
from k8sai.cluster.reading import Reading
from k8sai.errors import Forbidden
from tests.canary import knatives, rollouts
from tests.canary import test_modelrewrite as modelrewrite
from tests.canary import test_virtualservice as virtualservice
from tests.canary.kserve import GATEWAY, NAMESPACE, isvc, llmisvc
from tests.canary.routes import ROUTE, route, to, two_versions
from tests.canary.world import World

Made = tuple[World, Ref, Wish]
V2 = Wish(model_uri="hf://org/chat-v2")


def world_with(*objects: Json) -> World:
    world = World()
    world.node("n1", 16)
    world.has(NAMESPACE, GATEWAY)
    world.has(*objects)
    world.run()
    return world


def of_knative(target: Json, ref: Ref, wish: Wish) -> Made:
    world = World()
    world.node("n1", gpus=8)
    world.has(target)
    world.run()
    return world, ref, wish


def of_route() -> Made:
    world = two_versions(2)
    world.has(route({"name": "main", "backendRefs": [to("chat-v1")]}))
    return world, ROUTE, Wish(to="svc/chat-v2")


SCENES: dict[str, Callable[[], Made]] = {
    "httproute": of_route,
    "virtualservice": lambda: (
        virtualservice.world_of(virtualservice.rule("main")),
        virtualservice.REF,
        virtualservice.TO_V2,
    ),
    "modelrewrite": lambda: (
        modelrewrite.world_of(modelrewrite.rule("chat")),
        modelrewrite.REF,
        modelrewrite.TO_B,
    ),
    "kserve-standard": lambda: (
        world_with(isvc(replicas=2)),
        Ref("inferenceservices.serving.kserve.io", "default", "chat", word="isvc"),
        V2,
    ),
    "kserve-knative": lambda: of_knative(knatives.isvc(), knatives.ISVC, knatives.TO_MODEL),
    "knative": lambda: of_knative(knatives.ksvc(), knatives.KSVC, knatives.TO_IMAGE),
    "llmisvc-group": lambda: (
        world_with(llmisvc(replicas=2)),
        Ref("llminferenceservices.serving.kserve.io", "default", "chat", word="llmisvc"),
        V2,
    ),
    "rollout": lambda: (rollouts.made(), rollouts.CHAT, rollouts.TO_V2),
}


class Audit:
    """Everything that is asked of a world: (verb, kind, subresource, name)."""

    def __init__(self, world: World) -> None:
        self.asked: set[tuple[str, str, str, str]] = set()
        get, listed, carry = world.get, world.list, world.carry

        def got(kind: str, namespace: str, name: str) -> Json:
            self.asked.add(("get", kind, "", name))
            return get(kind, namespace, name)

        def all_of(kind: str, namespace: str = "", **more: Any) -> list[Json]:
            self.asked.add(("list", kind, "", ""))
            return listed(kind, namespace, **more)

        def carried(write: Write) -> None:
            verb = {"create": "create", "delete": "delete"}.get(write.op, "patch")
            self.asked.add((verb, write.on.kind, write.subresource, write.on.name))
            carry(write)

        world.get, world.list, world.carry = got, all_of, carried  # type: ignore[method-assign]


def allows(given: Right, verb: str, kind: str, part: str, name: str) -> bool:
    same = (given.kind, given.subresource) == (kind, part) and verb in given.verbs
    return same and (not given.names or name in given.names)


def begun(name: str) -> tuple[World, Ref, Prepared]:
    """A rollout whose canary serves."""
    world, ref, wish = SCENES[name]()
    prepared = world.prepare(by_name(name), ref, wish)
    world.reach(by_name(name), ref, Begin(wish, prepared.start), prepared)
    world.run(10)
    return world, ref, prepared


def walked(name: str) -> tuple[set[tuple[str, str, str, str]], tuple[Right, ...]]:
    """All that is asked on the way up and on the way back, and the rights of a Job that takes it."""
    asked: set[tuple[str, str, str, str]] = set()
    given: tuple[Right, ...] = ()
    for goals in ((Promote(), Retire()), (Rollback(),)):
        world, ref, prepared = begun(name)
        seen = world.see(by_name(name), ref, prepared)
        given = needed(name, ref, "01JD1", driven(seen.objects.values()))
        audit = Audit(world)
        steps = prepared.steps or (50, 100)
        for goal in (*(Shift(weight) for weight in steps if weight > prepared.start), *goals):
            world.reach(by_name(name), ref, goal, prepared)
            world.run(10)
        asked |= audit.asked
    return asked, given


def test_there_is_a_scene_for_every_backend() -> None:
    assert SCENES.keys() == rights.BESIDE.keys()


@pytest.mark.parametrize("name", sorted(SCENES))
def test_the_rights_are_enough_and_none_that_writes_is_too_much(name: str) -> None:
    asked, given = walked(name)
    lacking = {one for one in asked if not any(allows(right, *one) for right in given)}
    assert lacking == set()
    writing = {(right.kind, right.subresource) for right in given if "patch" in right.verbs}
    kept = {("configmaps", ""), ("leases.coordination.k8s.io", "")}
    assert writing - kept == {(kind, part) for verb, kind, part, _ in asked if verb == "patch"}
    assert not any({"create", "delete", "*"} & set(right.verbs) for right in given)


@pytest.mark.parametrize("name", sorted(SCENES))
def test_what_is_written_is_named(name: str) -> None:
    _, given = walked(name)
    assert all(right.names for right in given if "patch" in right.verbs)


@pytest.mark.parametrize("name", sorted(SCENES))
def test_to_begin_needs_what_is_made_too(name: str) -> None:
    world, ref, wish = SCENES[name]()
    audit = Audit(world)
    prepared = world.prepare(by_name(name), ref, wish)
    world.reach(by_name(name), ref, Begin(wish, prepared.start), prepared)
    given = needed(name, ref, begins=True)
    writes = {one for one in audit.asked if one[0] in ("create", "patch", "delete")}
    assert {one for one in writes if not any(allows(right, *one) for right in given)} == set()


# --- asked ------------------------------------------------------------------------------------------------------------


class Server:
    """Says yes to what is in `allowed`: (verb, plural, name or "")."""

    def __init__(self, *allowed: tuple[str, str, str]) -> None:
        self.allowed, self.asked = set(allowed), 0

    def may(self, verb: str, resource: Any, namespace: str = "", name: str = "", subresource: str = "") -> bool:
        self.asked += 1
        part = f"/{subresource}" if subresource else ""
        return (verb, f"{resource.plural}{part}", name) in self.allowed

    def can_i(self, verb: str, plural: str, namespace: str) -> str:
        return f"kubectl auth can-i {verb} {plural} -n {namespace}"


def told(server: Server, *asked: Right) -> tuple[str, ...]:
    read: Reading = Reading(World())
    return insist(server, asked, "prod", read)  # type: ignore[arg-type]


PATCH = Right(("get", "patch"), "rollouts.argoproj.io", ("chat",))
STATUS = Right(("patch",), "rollouts.argoproj.io", ("chat",), "status")
PODS = Right(("list",), "pods", soft=True)


def test_a_right_for_all_or_for_the_one_will_do() -> None:
    assert told(Server(("get", "rollouts", ""), ("patch", "rollouts", "chat")), PATCH) == ()


def test_every_right_that_is_lacking_is_said_with_the_question_to_ask() -> None:
    with pytest.raises(Forbidden) as caught:
        told(Server(("get", "rollouts", "")), PATCH, STATUS, PODS)
    assert caught.value.message == ("nothing was written: you may not patch rollouts.argoproj.io in namespace prod")
    assert caught.value.hint == (
        "ask an admin for it; this tells when it is granted: "
        "`kubectl auth can-i patch rollouts.argoproj.io/chat -n prod`"
    )
    assert caught.value.more == ("you may not patch rollouts.argoproj.io/status in namespace prod",)


def test_what_is_only_seen_is_a_note() -> None:
    assert told(Server(), PODS) == ("pods may not be read: what they would say is not said",)


def test_kinds_that_are_not_served_are_not_asked_for() -> None:
    server = Server()
    assert told(server, Right(("get",), "widgets.example.com")) == ()
    assert server.asked == 0


def test_each_verb_is_asked_once() -> None:
    server = Server(("get", "rollouts", ""), ("patch", "rollouts", ""))
    told(server, PATCH, PATCH)
    assert server.asked == 2


def test_nobody_answers() -> None:
    class Silent(Server):
        def may(self, *_: Any, **__: Any) -> bool:
            raise Forbidden("no reviews")

    assert told(Silent(), PATCH) == ("nobody says what you may do: no reviews",)


# --- as a Role --------------------------------------------------------------------------------------------------------


def test_the_role_of_a_route() -> None:
    ref = Ref("httproutes.gateway.networking.k8s.io", "prod", "chat", word="httproute")
    stem = "k8sai-canary-d48b71cd42d2"
    driven = {"deployments.apps": ("chat-v2",)}
    assert rules(needed("httproute", ref, "01JD1", driven)) == [
        rule("", ["configmaps"], ["get", "patch"], stem),
        rule("", ["configmaps"], ["get"], f"{stem}-01jd1-snapshot"),
        rule("coordination.k8s.io", ["leases"], ["get", "patch"], stem),
        rule("gateway.networking.k8s.io", ["httproutes"], ["get", "patch"], "chat"),
        rule("", ["pods"], ["list"]),
        rule("", ["services"], ["get"]),
        rule("inference.networking.k8s.io", ["inferencepools"], ["get"]),
        rule("inference.networking.x-k8s.io", ["inferencepools"], ["get"]),
        rule("discovery.k8s.io", ["endpointslices"], ["list"]),
        rule("autoscaling", ["horizontalpodautoscalers"], ["list"]),
        rule("apps", ["deployments", "statefulsets"], ["list"]),
        rule("apps", ["deployments"], ["get", "patch"], "chat-v2"),
    ]


def test_a_subresource_is_a_resource_of_its_own() -> None:
    ref = Ref("rollouts.argoproj.io", "prod", "chat", word="rollout")
    assert rule("argoproj.io", ["rollouts/status"], ["patch"], "chat") in rules(needed("rollout", ref))


def rule(group: str, resources: list[str], verbs: list[str], *names: str) -> Json:
    found: Json = {"apiGroups": [group], "resources": resources}
    found |= {"resourceNames": list(names)} if names else {}
    return {**found, "verbs": verbs}
