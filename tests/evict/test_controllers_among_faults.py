"""As with Jobs in a queue, so with a TrainJob, an LWS and a service behind a budget: operators die, anything fails."""

from dataclasses import replace

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.canary.world import NAMESPACE
from tests.evict.drains import QUICK, Drain
from tests.evict.lives import Life, ended, lived, lives
from tests.evict.yard_objects import budget, contract, runtime, service, trainjob, workers
from tests.evict.yard_player import Played
from tests.evict.yard_world import YardWorld

NODES = ("a0", "a1")
SIZES = {"vit": 2, "grp": 2, "gw": 2}
PATHS = ("", "/nodes/", "/configmaps", "/leases", "/trainjobs", "/leaderworkersets", "/eviction", "/pods")


def drain() -> Drain:
    """Two gangs, and a service of which one pod may go at a time; and room for all."""
    world = YardWorld()
    world.nodes(*NODES)
    world.has(runtime("vit", NAMESPACE, gpus=4), trainjob("vit", says=contract("vit")))
    world.has(workers("grp", NAMESPACE, gpus=4, says=contract("grp")))
    world.has(service("gw", NAMESPACE, replicas=2), budget("gw", "gw"))
    world.run(10)
    world.nodes("b0", "b1")
    world.run(10)
    return Drain(world, NODES, {"vit": Played(), "grp": Played()}, replace(QUICK, pdb_wait=60.0))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(lives(PATHS), min_size=1, max_size=3), st.sampled_from(["resume", "abort"]))
def test_killed_anywhere_among_any_faults_it_ends_well(operators: list[Life], how: str) -> None:
    one = drain()
    for number, life in enumerate(operators):
        if number == 0 or one.kept:
            lived(one, life, first=number == 0)
    ended(one, how, SIZES)
