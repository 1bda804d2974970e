"""One GPU instead of a node, killed at every write, before it was sent and once it was taken; then somebody goes on.

No stop before the GPU is closed, one rule at most, and only ours is ever taken away.
"""

from dataclasses import dataclass, replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from k8sai.evict.facts import Phase
from k8sai.evict.plan import Plan
from k8sai.evict.planning.make import make
from k8sai.evict.planning.wish import Wish
from k8sai.evict.state import Stage
from k8sai.sim import kinds
from tests.canary.world import NAMESPACE
from tests.controlplane import dra
from tests.evict.drains import QUICK, Drain
from tests.evict.lives import Life, lived
from tests.evict.yard_devices import claiming
from tests.evict.yard_objects import contract
from tests.evict.yard_player import Played, Way
from tests.evict.yard_world import YardWorld
from tests.faults.faults import PASSING
from tests.faults.schedule import Sent, rules

RULES = "devicetaintrules.resource.k8s.io"
CARD = "GPU-00000000"


@dataclass
class DeviceDrain(Drain):
    """Of the card that the gang holds."""

    card: str = CARD

    def __post_init__(self) -> None:
        super().__post_init__()
        self.rules._all_cordoned = self._closed  # type: ignore[method-assign]

    def plan(self, **wish: Any) -> Plan:
        wanted = Wish(device=self.card, settings=self.settings, namespace=NAMESPACE, **wish)
        return make(self.connection(), wanted)  # type: ignore[arg-type]

    def _closed(self) -> bool:
        return bool(self.taints) or all(one.released for one in self.state.nodes)

    @property
    def taints(self) -> list[dict[str, Any]]:
        return self.world.list(RULES)


def one_gang(way: Way = "saves", **settings: Any) -> DeviceDrain:
    """One node with one card, held; and another."""
    world = YardWorld()
    world.nodes("a0", gpus=0)
    world.has(
        dra.device_class("gpu", f'device.driver == "{dra.DRIVER}"'),
        dra.claim_template("one", "gpu"),
        dra.resource_slice("a0", [dra.gpu(0)]),
        claiming("llm", NAMESPACE, says=contract("llm")),
    )
    world.run(10)
    world.nodes("b0", gpus=0)
    world.has(dra.resource_slice("b0", [dra.gpu(1)]))
    return DeviceDrain(world, (), {"llm": Played(way)}, replace(QUICK, **settings))


def writes() -> int:
    made = one_gang()
    wire = made.connection()
    made.run(wire)
    return wire._writes


TOTAL = writes()


@pytest.mark.parametrize("taken", [False, True], ids=["before", "taken"])
@pytest.mark.parametrize("dies", range(1, TOTAL + 1, 2))
def test_whoever_resumes_ends_it_as_if_nothing_had_been(dies: int, taken: bool) -> None:
    made = one_gang()
    ended = made.life(made.run, made.connection(dies=dies, taken=taken))
    if not made.kept:
        assert made.taints == []
        return
    state = ended or made.resume()
    assert state.stage is Stage.DONE, state.reason
    assert [(one.phase, one.stops) for one in state.gangs] == [(Phase.RESTORED, 1)]
    [rule] = made.taints
    assert (rule["metadata"]["uid"], rule["metadata"]["name"]) == (state.nodes[0].uid, f"k8sai-evict-{state.id}")
    assert {one["spec"]["nodeName"] for one in made.world.pods_of("llm")} == {"b0"}
    made.rules.over(set())


@pytest.mark.parametrize("taken", [False, True], ids=["before", "taken"])
@pytest.mark.parametrize("dies", range(2, TOTAL + 1, 2))
def test_whoever_aborts_leaves_nothing_parked_and_nothing_closed(dies: int, taken: bool) -> None:
    made = one_gang()
    made.life(made.run, made.connection(dies=dies, taken=taken))
    if not made.kept:
        return
    assert made.abort().stage is Stage.ABORTED
    made.world.run(30)
    assert made.taints == []
    made.rules.over(set())
    assert made.world.marked("k8sai.dev/request") == []
    assert made.abort().stage is Stage.ABORTED  # again


def test_who_takes_our_rule_away_keeps_the_gang() -> None:
    made = one_gang("silent")

    def meanwhile(_: Drain) -> None:
        for rule in made.taints:
            made.world.store.delete(kinds.find("resource.k8s.io", "devicetaintrules"), "", rule["metadata"]["name"])

    made.meanwhile = meanwhile
    state = made.run()
    assert [one.stops for one in state.gangs] == [0]
    assert state.nodes[0].released
    assert "somebody has opened it" in state.nodes[0].reason


def test_the_rule_comes_before_the_request() -> None:
    made = one_gang()
    sent: list[Sent] = []
    look = made.rules.look

    def watch(one: Sent) -> None:
        sent.append(one)
        look(one)

    made.rules.look = watch  # type: ignore[assignment, method-assign]
    made.run()
    paths = [one.path for one in sent if not one.path.startswith(("/apis/coordination", "/apis/events"))]
    closed = next(at for at, path in enumerate(paths) if path.endswith("/devicetaintrules"))
    assert all("/configmaps" in path for path in paths[:closed])
    assert sum(path.endswith("/devicetaintrules") for path in paths) == 1
    assert not any("/nodes/" in path for path in paths)


FAULTY = st.builds(
    Life, st.integers(0, 30), st.booleans(), rules(PASSING, ("", "/devicetaintrules", "/configmaps", "/jobs"))
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(FAULTY, min_size=1, max_size=3), st.sampled_from(["resume", "abort"]))
def test_among_any_faults_there_is_one_rule_or_none(lives: list[Life], how: str) -> None:
    made = one_gang()
    for number, life in enumerate(lives):
        if number == 0 or made.kept:
            lived(made, life, first=number == 0)
            assert len(made.taints) <= 1
    if not made.kept:
        assert made.taints == []
        return
    state = made.resume() if how == "resume" else made.abort()
    assert [one["metadata"]["name"] for one in made.taints] == ([f"k8sai-evict-{state.id}"] if how == "resume" else [])
    made.world.run(60)
    made.rules.over(set())
    made.rules.runs_again({"llm": 1})
