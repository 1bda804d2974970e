"""Sums of groups: in pieces, and never of what was not added up."""

from math import isnan
from typing import cast

from k8sai.fleet.chart import Group, Tally
from k8sai.tui.desk import Desk
from k8sai.tui.map_tally import Tallies


class Counting:
    """A desk on which every node has one card; each look at some of them takes as many seconds."""

    version = 1

    def __init__(self) -> None:
        self.time = 0.0
        self.slow = 0.0
        self.used = 0.0
        self.fleet = self

    def tally(self, names: tuple[str, ...]) -> Tally:
        self.time += self.slow
        return Tally(cards=len(names), used=self.used)

    def clock(self) -> float:
        return self.time


def tallies(desk: Counting) -> Tallies:
    return Tallies(cast(Desk, desk), desk.clock)


def group(count: int, name: str = "H100") -> Group:
    return Group(name, tuple(f"n{number}" for number in range(count)), 8)


def test_a_small_group_is_known_at_once_however_long_it_takes() -> None:
    desk = Counting()
    desk.slow = 1.0
    assert tallies(desk).of(group(9)).cards == 9


def test_a_large_group_is_unknown_until_all_of_it_was_added_up() -> None:
    desk = Counting()
    desk.slow = 1.0
    sums, many = tallies(desk), group(1700)
    seen = [sums.of(many).cards for _ in range(4)]
    assert all(map(isnan, seen[:3])) and seen[3] == 1700


def test_what_was_known_is_shown_until_the_next_sum_is_complete() -> None:
    desk = Counting()
    sums, many = tallies(desk), group(1700)
    assert sums.of(many).used == 0
    desk.slow, desk.used, desk.version, desk.time = 1.0, 1.0, 2, 100.0
    assert [sums.of(many).used for _ in range(4)] == [0, 0, 0, 4]


def test_sums_stay_while_a_few_nodes_come_but_not_for_another_group_of_the_name() -> None:
    desk = Counting()
    sums = tallies(desk)
    assert sums.of(group(1700)).cards == 1700
    desk.slow = 1.0
    assert sums.of(group(1701)).cards == 1700
    assert isnan(tallies(desk).of(group(1701)).cards)
    other = Group("H100", tuple(f"m{number}" for number in range(1700)), 8)
    assert isnan(sums.of(other).cards)


def test_a_sum_that_was_begun_is_completed_although_nodes_come_all_the_time() -> None:
    desk = Counting()
    desk.slow = 1.0
    sums = tallies(desk)
    seen = [sums.of(group(1700 + turn)).cards for turn in range(4)]
    assert all(map(isnan, seen[:3])) and seen[3] == 1700
