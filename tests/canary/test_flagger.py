"""Flagger's Canary: shown with its phase, never driven; and nobody else drives what is Flagger's."""

import pytest

from k8sai.canary.backend import Rollback
from k8sai.canary.backends.flagger import Flagger
from k8sai.canary.backends.routes.httproute import HttpRoute
from k8sai.canary.facts import Json, Ref, Side, Wish
from k8sai.errors import Refused
from tests.canary.routes import ROUTE, deployment, made, route, to, two_versions
from tests.canary.world import World

REF = Ref("canaries.flagger.app", "default", "chat", word="canary")
backend = Flagger()


def world_of(name: str = "chat", **more: object) -> World:
    world = two_versions()
    aim = {"apiVersion": "apps/v1", "kind": "Deployment", "name": name}
    world.has(deployment(name, 2) if name == "chat" else deployment("unrelated"), deployment(f"{name}-primary", 3))
    world.has(made("flagger.app/v1beta1", "Canary", "chat", targetRef=aim, analysis={"threshold": 5}, **more))
    return world


def seen(world: World, **status: object) -> tuple[Side, Side | None, tuple[str, ...]]:
    target = {**world.target(REF), "status": status}
    found = backend.see(target, {}, world.reading())
    return found.stable, found.canary, found.notes


def test_a_rollout_of_flaggers_is_shown_with_its_phase_weight_and_failed_checks() -> None:
    stable, canary, notes = seen(world_of(), phase="Progressing", canaryWeight=20, failedChecks=2)
    assert canary
    assert (stable.name, stable.labels, stable.ready, stable.percent) == (
        "chat-primary",
        {"app": "chat-primary"},
        3,
        80,
    )
    assert (canary.name, canary.replicas, canary.ready, canary.percent) == ("chat", 2, 2, 20)
    assert notes == ("Flagger: Progressing, 2 of 5 failed checks", "it is shown, not driven: Flagger rolls it out")


@pytest.mark.parametrize(
    ("status", "spec", "said"),
    [
        ({}, {}, "Flagger: Initializing"),
        ({"phase": "Waiting"}, {}, "it waits for its confirm-rollout webhook"),
        ({"phase": "WaitingPromotion"}, {}, "it waits for its confirm-promotion webhook"),
        ({"phase": "Promoting"}, {}, "the template is copied into the primary, whose pods all start anew"),
        (
            {"phase": "Failed"},
            {},
            "its checks failed: all requests go to the primary, the canary is scaled to zero",
        ),
        ({"phase": "Succeeded"}, {"suspend": True}, "it is suspended: Flagger does nothing"),
    ],
)
def test_what_it_waits_for_is_said(status: Json, spec: Json, said: str) -> None:
    assert said in seen(world_of(**spec), **status)[2]


def test_between_two_rollouts_there_is_no_canary() -> None:
    stable, canary, _ = seen(world_of(), phase="Succeeded", canaryWeight=0)
    assert (stable.percent, canary) == (100, None)


def test_it_is_never_driven() -> None:
    world = world_of()
    target = world.target(REF)
    said = "canary/chat is Flagger's, which begins when the template of deployment/chat changes"
    with pytest.raises(Refused, match=said):
        backend.prepare(target, Wish(image="x"), world.reading())
    with pytest.raises(Refused, match=said):
        backend.next(backend.see(target, {}, world.reading()), Rollback(), {}, {})
    assert backend.read_only and backend.takes(target, world.reading())


@pytest.mark.parametrize("side", ["chat-v1", "chat-v2"])
def test_a_workload_of_flaggers_is_no_side_of_another_rollout(side: str) -> None:
    world = world_of(side)
    world.has(route({"backendRefs": [to("chat-v1")]}))
    with pytest.raises(Refused, match=f"deployment/{side} is Flagger's: canary/chat writes it"):
        world.prepare(HttpRoute(), ROUTE, Wish(to="svc/chat-v2"))
