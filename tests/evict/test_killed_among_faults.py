"""An operator may die at any write, and the network may fail in any way: whoever goes on, or takes back, finds the way.

Every gang is stopped at most once, and only with the proof that was asked for; none is left parked; only nodes that we
cordoned are uncordoned; whatever was stopped runs again. `yard_rules` looks at every single write.
"""

from contextlib import suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.canary.world import NAMESPACE
from tests.evict.drains import DEAD, Drain
from tests.evict.lives import Life, ended, lived, lives
from tests.evict.yard_objects import contract, job, jobset, queues
from tests.evict.yard_player import Played, Way
from tests.evict.yard_rules import WELL
from tests.evict.yard_world import YardWorld
from tests.faults.in_process import Killed

NODES = ("a0", "a1")
SIZES = {"llm": 2, "vit": 2}


def drain(llm: Way = "saves", vit: Way = "saves", cordoned: bool = False) -> Drain:
    """A JobSet in a queue and a Job on two nodes, of which one may be cordoned by somebody; and room for both."""
    world = YardWorld()
    world.nodes(*NODES)
    world.has(*queues("main", 64))
    world.has(jobset("llm", NAMESPACE, gpus=4, queue="main", says=contract("llm")))
    world.has(job("vit", NAMESPACE, gpus=4, says=contract("vit")))
    world.run(10)
    world.nodes("b0", "b1")
    if cordoned:
        world.edit("nodes", "a1", {"op": "add", "path": "/spec/unschedulable", "value": True})
    world.run(10)
    return Drain(world, NODES, {"llm": Played(llm), "vit": Played(vit)})


LIVES = lives(("", "", "/nodes/", "/configmaps", "/leases", "/workloads", "/jobs", "/pods"))
MANY = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@MANY
@given(st.lists(LIVES, min_size=1, max_size=3), st.sampled_from(["resume", "abort"]), st.booleans())
def test_killed_anywhere_among_any_faults_it_ends_well(operators: list[Life], how: str, cordoned: bool) -> None:
    one = drain(cordoned=cordoned)
    for number, life in enumerate(operators):
        if number == 0 or one.kept:
            lived(one, life, first=number == 0)
    ended(one, how, SIZES)


WAYS: list[Way] = ["saves", "silent", "stale", "partial", "behind", "lags"]


@MANY
@given(st.sampled_from(WAYS), st.sampled_from(WAYS), st.lists(LIVES, max_size=2), st.sampled_from(["resume", "abort"]))
def test_a_gang_without_a_good_answer_is_never_stopped(llm: Way, vit: Way, operators: list[Life], how: str) -> None:
    one = drain(llm, vit)
    before = {name: {pod["metadata"]["uid"] for pod in one.world.pods_of(name)} for name in SIZES}
    for number, life in enumerate([*operators, Life(0, False, [])]):
        if number == 0 or one.kept:
            lived(one, life, first=number == 0)
    ended(one, how, SIZES)
    for name, way in (("llm", llm), ("vit", vit)):
        if way not in WELL:
            assert {pod["metadata"]["uid"] for pod in one.world.pods_of(name)} == before[name]


@pytest.mark.parametrize(("how", "first"), [("resume", 1), ("abort", 2)])
def test_killed_before_every_second_write(how: str, first: int) -> None:
    """Until an operator lives to see the end; dead after a write is dead before the next one."""
    for dies in range(first, 200, 2):
        one = drain()
        connection = one.connection(dies=dies)
        with suppress(Killed):
            one.run(connection)
        if not connection.dead:
            assert dies > 15
            return
        one.world.run(DEAD)
        ended(one, how, SIZES)
    raise AssertionError("no end")
