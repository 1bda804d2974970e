"""What a drain keeps: its names, its state in pieces where it is long, its Leases, and how it is found again."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from k8sai.cluster.patching import Stale
from k8sai.cluster.reading import Reading
from k8sai.cluster.writing import Writer
from k8sai.errors import Locked, NotFound
from k8sai.evict.facts import PodRef
from k8sai.evict.keeping import names
from k8sai.evict.keeping.find import drains, the_drain
from k8sai.evict.keeping.kept import LONGEST, Kept
from k8sai.evict.keeping.locks import Locks
from k8sai.evict.keeping.sweeping import old_drains, old_leases
from k8sai.evict.state import PodState, Stage, State
from k8sai.holding.lease import Clock
from tests.canary.in_process import Connection
from tests.evict.yard_world import YardWorld

PLACE = "default"


@pytest.fixture
def world() -> YardWorld:
    return YardWorld()


def writer(world: YardWorld) -> Writer:
    return Writer(Connection(world))  # type: ignore[arg-type]


def state(drain: str = "abc234", **more: object) -> State:
    return replace(State(drain, "hash", namespace=PLACE, epoch=1, begun="2026-11-21T10:00:00Z"), **more)  # type: ignore[arg-type]


def long_state(pods: int = 6000) -> State:
    made = (
        PodState(PodRef(PLACE, f"pod-ü-{number}", f"uid-{number}", "n0"), reason="x" * 60) for number in range(pods)
    )
    return state(pods=tuple(made))


def maps(world: YardWorld) -> list[str]:
    return [one["metadata"]["name"] for one in world.list("configmaps") if "k8sai-evict" in one["metadata"]["name"]]


def locks(world: YardWorld, who: str, drain: str = "abc234") -> Locks:
    def wait(event: object, seconds: float) -> bool:
        world.run(seconds)
        return False

    clock = Clock(world.clock.now, world.clock.now, wait)
    return Locks(writer(world), PLACE, drain, f"{who}@host/1/{who}", clock=clock, background=False)


def test_a_state_comes_back_as_it_was_kept(world: YardWorld) -> None:
    kept = Kept(writer(world), PLACE, "abc234")
    assert kept.read() is None
    held = kept.begin(state())
    saved = kept.save(held, state(reason="now"))
    again = kept.read()
    assert again is not None
    assert (again.state, again.version) == (state(reason="now"), saved.version)


def test_a_long_state_goes_on_in_other_config_maps_and_comes_back_whole(world: YardWorld) -> None:
    kept, long = Kept(writer(world), PLACE, "abc234"), long_state()
    held = kept.save(kept.begin(state()), long)
    assert len(held.shards) > 1
    for name in maps(world):
        data = world.get("configmaps", PLACE, name).get("data") or {}
        assert all(len(text.encode()) <= LONGEST for text in data.values())
    again = kept.read()
    assert again is not None
    assert again.state == long
    kept.save(again, state(reason="short again"))
    assert maps(world) == ["k8sai-evict-abc234"]


def test_who_saves_what_is_not_the_newest_is_told(world: YardWorld) -> None:
    kept = Kept(writer(world), PLACE, "abc234")
    old = kept.begin(state())
    kept.save(old, state(reason="first"))
    with pytest.raises(Stale):
        kept.save(old, state(reason="second"))


@given(st.text("abcdefghijklmnopqrstuvwxyz0123456789-.", min_size=1, max_size=253))
def test_names_of_leases_are_never_too_long(node: str) -> None:
    name = names.node_lease(PLACE, node).name
    assert len(name) <= 253
    assert name.startswith("k8sai-node-")
    assert names.node_lease(PLACE, f"{node}x").name != name


def test_an_id_is_six_letters_that_are_not_mistaken() -> None:
    made = {names.new_id() for _ in range(200)}
    assert all(len(one) == 6 and not set(one) & set("01lo") for one in made)
    assert len(made) > 190


def test_all_leases_or_none(world: YardWorld) -> None:
    ana, ben = locks(world, "ana"), locks(world, "ben", "xyz789")
    ana.take()
    ana.take_all(["n0", "n1"], ["uid/0"])
    ben.take()
    with pytest.raises(Locked, match="ana@host holds node n1"):
        ben.take_all(["n1", "n2"], [])
    free = world.get("leases.coordination.k8s.io", PLACE, "k8sai-evict-xyz789")
    assert not free["spec"].get("holderIdentity")
    ana.release()
    ben.take()
    ben.take_all(["n1", "n2"], ["uid/0"])
    assert ben.epochs == {"uid/0": 2}
    taken = world.get("leases.coordination.k8s.io", PLACE, "k8sai-node-n1")
    assert taken["metadata"]["labels"][names.OF] == "xyz789"


def test_who_takes_a_drain_over_takes_its_nodes_without_watching_each(world: YardWorld) -> None:
    ana, ben = locks(world, "ana"), locks(world, "ben")
    ana.take()
    ana.take_all([f"n{number}" for number in range(30)], [])
    world.run(100)
    ben.take()
    begun = world.clock.now()
    ben.take_all([f"n{number}" for number in range(30)], [])
    assert world.clock.now() == begun
    assert ben.epoch == 2
    assert ben.taken_from == "ana@host"
    with pytest.raises(Locked):
        ana.insist()


def test_drains_are_found_by_their_label(world: YardWorld) -> None:
    write = writer(world)
    Kept(write, PLACE, "abc234").begin(state(stage=Stage.DONE, ended="2026-11-21T11:00:00Z"))
    Kept(write, PLACE, "xyz789").begin(state("xyz789"))
    found = drains(Reading(world), write, "", world.clock.now())
    assert [(one.id, one.orphaned) for one in found] == [("abc234", False), ("xyz789", True)]
    assert the_drain(Reading(world), write, "", "", world.clock.now()).id == "xyz789"
    with pytest.raises(NotFound, match="there is no drain nope"):
        the_drain(Reading(world), write, "nope", "", world.clock.now())


def test_what_is_over_for_long_may_be_swept_with_leases_that_nobody_holds(world: YardWorld) -> None:
    write = writer(world)
    Kept(write, PLACE, "abc234").begin(state(stage=Stage.DONE, ended="2026-11-21T11:00:00Z"))
    Kept(write, PLACE, "xyz789").begin(state("xyz789"))
    for drain in ("abc234", "xyz789"):
        held = locks(world, "ana", drain)
        held.take()
        held.take_all([f"n-{drain}"], [])
        held.release()
    now = world.clock.now()
    found = drains(Reading(world), write, "", now)
    assert [one.id for one in old_drains(found, now)] == ["abc234"]
    assert [one.id for one in old_drains(found, 0.0)] == []
    gone = [place.name for place, _ in old_leases(world, "", now, found)]
    assert sorted(gone) == ["k8sai-evict-abc234", "k8sai-node-n-abc234"]
