"""The state of a drain under any schedule of faults: what was said to be saved is saved, and nobody overwrites another.

Property: after a save that returned, the cluster has it; after one that failed, it has the new state or the one before.
"""

from contextlib import suppress
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from k8sai.cluster.writing import Writer
from k8sai.errors import K8saiError, Locked
from k8sai.evict.keeping.kept import Held, Kept
from k8sai.evict.state import State
from tests.evict.yard_world import YardWorld
from tests.faults.faults import ALL
from tests.faults.in_process import Faulty
from tests.faults.schedule import Rule, Schedule, rules

PLACE = "default"
FIRST = State("abc234", "h", namespace=PLACE, epoch=1)


class Both:
    """Two processes keep the same drain; `truth` is one without faults."""

    def __init__(self, found: list[Rule]) -> None:
        self.world = YardWorld()
        self.schedule = Schedule()
        self.truth = Kept(Writer(Faulty(self.world, Schedule())), PLACE, FIRST.id)  # type: ignore[arg-type]
        self.truth.begin(FIRST)
        connection = Faulty(self.world, self.schedule)
        self.kept = Kept(Writer(connection), PLACE, FIRST.id)  # type: ignore[arg-type]
        self.schedule.add(*found)

    @property
    def held(self) -> Held:
        held = self.truth.read()
        assert held is not None
        return held


@settings(max_examples=60, deadline=None)
@given(rules(ALL, ("configmaps",)), st.integers(1, 6))
def test_a_save_that_returned_stands_and_one_that_failed_left_old_or_new(found: list[Rule], saves: int) -> None:
    both = Both(found)
    held = both.held
    for number in range(saves):
        before, new = held.state, replace(held.state, reason=f"save {number}")
        with suppress(K8saiError):
            saved = both.kept.save(held, new)
            assert (both.held.state, both.held.version) == (new, saved.version)
        assert both.held.state in (before, new)
        held = both.held


@settings(max_examples=60, deadline=None)
@given(rules(ALL, ("configmaps",)), st.booleans())
def test_a_process_whose_drain_was_taken_over_never_writes_again(found: list[Rule], read_again: bool) -> None:
    both = Both(found)
    old = both.held
    taken = both.truth.save(old, replace(old.state, epoch=2, reason="taken over"))
    held = both.held if read_again else old
    for _ in range(8):
        with suppress(K8saiError):
            both.kept.save(held, replace(old.state, reason="late"))
            raise AssertionError("it was saved")
    assert both.held.state == taken.state


def test_the_loser_is_told_that_it_has_lost() -> None:
    both = Both([])
    old = both.held
    both.truth.save(old, replace(old.state, epoch=2))
    try:
        both.kept.save(old, replace(old.state, reason="late"))
    except Locked as error:
        assert "epoch 2" in error.message
    else:
        raise AssertionError


@settings(max_examples=40, deadline=None)
@given(rules(ALL, ("configmaps",)))
def test_beginning_again_and_again_begins_once(found: list[Rule]) -> None:
    world, schedule = YardWorld(), Schedule(*found)
    kept = Kept(Writer(Faulty(world, schedule)), PLACE, FIRST.id)  # type: ignore[arg-type]
    for _ in range(40):
        with suppress(K8saiError):
            assert kept.begin(FIRST).state == FIRST
            break
    made = [one for one in schedule.done if one.method == "POST"]
    assert len(made) == 1
