"""A drain from end to end on the embedded cluster: what is written, in which order, and how it ends."""

from typing import Any

from k8sai.evict.facts import Phase
from k8sai.evict.state import Stage
from tests.evict.operators import Site
from tests.evict.yard_objects import contract, job
from tests.evict.yard_player import Played
from tests.evict.yard_world import YardWorld

WHERE = "default"


def site(*objects: Any, nodes: tuple[str, ...] = ("a0",), more: tuple[str, ...] = ("b0", "b1"), **how: Any) -> Site:
    """Everything starts on `nodes`; `more` are there when it is drained."""
    world = YardWorld()
    world.nodes(*nodes)
    world.has(*objects)
    world.run(10)
    world.nodes(*more)
    return Site(world, nodes, **how)


def one_job(**how: Any) -> Site:
    return site(job("llm", WHERE, pods=1, says=contract("llm")), gangs={"llm": Played()}, **how)


def test_a_node_with_one_gang_is_drained() -> None:
    drained = one_job()
    state = drained.drive()
    assert state.stage is Stage.DONE
    assert drained.phases() == {"llm": Phase.REQUEUED}
    [gang] = state.gangs
    assert (gang.stops, gang.proof and gang.proof.grade, gang.proof and gang.proof.step) == (1, "A", 107)
    assert drained.world.cordoned() == {"a0"}
    assert {one["spec"]["nodeName"] for one in drained.world.pods_of("llm")} == {"b0"}
    assert drained.world.marked("k8sai.dev/parked-by") == []
