"""What `evict gc` takes away, and what it leaves: nothing that somebody has begun to need since it was seen."""

from dataclasses import replace

import pytest

from k8sai.cluster.api_errors import ApiConflict
from k8sai.cluster.reading import Reading
from k8sai.evict.facts import Contract, Phase, Ref, Switch
from k8sai.evict.keeping import names
from k8sai.evict.keeping.find import drains
from k8sai.evict.keeping.kept import Kept
from k8sai.evict.keeping.sweeping import left_parked, old_leases, old_pieces, sweep, sweep_state
from k8sai.evict.state import GangState, Stage
from tests.evict.test_keep import PLACE, locks, long_state, maps, state, writer
from tests.evict.yard_objects import job
from tests.evict.yard_world import YardWorld

OVER = {"stage": Stage.DONE, "ended": "2026-11-21T11:00:00Z"}


@pytest.fixture
def world() -> YardWorld:
    return YardWorld()


def test_a_lease_that_is_taken_meanwhile_stays(world: YardWorld) -> None:
    """Between the list and the delete another drain of the node begins: without its Lease two would be at it."""
    before = locks(world, "ana")
    before.take()
    before.take_all(["n0"], [])
    before.release()
    found = {place.name: (place, meta) for place, meta in old_leases(world, "", world.clock.now(), ())}
    assert sorted(found) == ["k8sai-evict-abc234", "k8sai-node-n0"]
    after = locks(world, "ben", "xyz789")
    after.take()
    after.take_all(["n0"], [])
    assert [sweep(writer(world), *found[name]) for name in sorted(found)] == [True, False]
    after.insist()
    after.renew()


def test_a_drain_that_is_entered_meanwhile_is_kept(world: YardWorld) -> None:
    write = writer(world)
    kept = Kept(write, PLACE, "abc234")
    held = kept.begin(state(**OVER))
    [seen] = drains(Reading(world), write, "", world.clock.now())
    again = kept.save(held, replace(held.state, stage=Stage.ABORTING))
    assert sweep_state(write, seen) is False
    kept.save(again, replace(again.state, stage=Stage.ABORTED))
    with pytest.raises(ApiConflict):
        kept.forget(held)
    assert maps(world) == ["k8sai-evict-abc234"]
    assert sweep_state(write, seen) is True
    assert maps(world) == []


def test_a_gang_that_is_still_stopped_keeps_its_journal(world: YardWorld) -> None:
    world.has(job("llm", PLACE, pods=1))
    on = Ref("jobs.batch", PLACE, "llm", word="job")
    gang = GangState("u1", on, "Job", (), 8.0, Contract(), Switch("suspend", on), phase=Phase.PARKED)
    over = state(gangs=(gang,), **OVER)
    assert left_parked(Reading(world), over) == ()  # somebody has started it
    world.annotate("jobs.batch", world.get("jobs.batch", PLACE, "llm"), {names.PARKED: "abc234"})
    assert left_parked(Reading(world), over) == ("job/llm",)
    assert left_parked(Reading(world), replace(over, id="xyz789")) == ()


def test_pieces_of_a_state_that_is_gone_go_and_no_others(world: YardWorld) -> None:
    write = writer(world)
    kept = Kept(write, PLACE, "abc234")
    held = kept.begin(long_state())
    assert len(held.shards) > 1

    def old() -> list[str]:
        found = drains(Reading(world), write, "", world.clock.now())
        return sorted(place.name for place, _ in old_pieces(world, "", world.clock.now(), found))

    assert old() == []
    place = names.state_at(PLACE, "abc234")
    write.delete(place, uid=held.uid)
    assert old() == sorted(held.shards)
    beginning = locks(world, "ana")
    beginning.take()
    assert old() == []  # a drain that begins writes its pieces first
    beginning.release()
    for one in old_pieces(world, "", world.clock.now(), ()):
        assert sweep(write, *one)
    assert maps(world) == []
