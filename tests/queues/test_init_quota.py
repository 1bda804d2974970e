"""How much is given away: sums that add up, and headroom that leaves a job of a whole node possible."""

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from k8sai.queues.setup.flavors import sort
from k8sai.queues.setup.quota import split, supplies, unit_of
from tests.queues.machines import GPU, node, read

GI = 1 << 30
WEIGHTS = st.lists(st.fractions(min_value=0, max_value=100), min_size=1, max_size=6).filter(any)


@given(st.integers(0, 10**15), WEIGHTS, st.sampled_from([1, 1000, GI]))
def test_parts_add_up(total: int, weights: list[Fraction], unit: int) -> None:
    parts = split(total, weights, unit)
    assert sum(parts) == total
    assert all(part >= 0 for part in parts)
    assert all(part == 0 for part, weight in zip(parts, weights, strict=True) if weight == 0)


@given(st.integers(0, 10**6), WEIGHTS, st.sampled_from([1, 1000]))
def test_nobody_is_more_than_a_unit_from_his_share(units: int, weights: list[Fraction], unit: int) -> None:
    for part, weight in zip(split(units * unit, weights, unit), weights, strict=True):
        assert abs(part - units * unit * weight / sum(weights)) < unit
        assert part % unit == 0


def test_what_is_left_over_goes_to_the_largest_remainder() -> None:
    assert split(7, [Fraction(60), Fraction(40)]) == (4, 3)  # 4.2 and 2.8
    assert split(1, [Fraction(1), Fraction(1)]) == (1, 0)  # a draw: in order


@pytest.mark.parametrize(("gpus", "percent", "nominal"), [(8, 5, 8), (48, 5, 46), (100, 5, 95), (8, 50, 4), (8, 0, 8)])
def test_headroom_of_devices_is_rounded_down(gpus: int, percent: int, nominal: int) -> None:
    (pool,) = sort(read(node("a", gpus))).pools
    assert supplies(pool, Fraction(percent, 100), 1)[GPU].nominal == nominal


def test_cpu_and_memory_are_whole_and_less_what_the_nodes_own_pods_ask_for() -> None:
    (pool,) = sort(read(node("a"))).pools
    busy = replace(pool.nodes[0], own={"cpu": 2500, "memory": 3 * GI + 1})
    found = supplies(replace(pool, nodes=(busy,)), Fraction(5, 100), 2)
    assert {name: (one.allocatable, one.own, one.nominal) for name, one in found.items()} == {
        "cpu": (64000, 3000, 57000),  # 64 - 3.2 - 2.5
        "memory": (512 * GI, 4 * GI, 482 * GI),  # 512 - 25.6 - 3 and a byte
        GPU: (8, 0, 8),
    }
    assert all(one.allocatable - one.headroom - one.own == one.nominal for one in found.values())


def test_nodes_that_take_no_pods_give_nothing() -> None:
    (pool,) = sort(read(node("a"), node("b", cordoned=True), node("c", ready=False))).pools
    assert supplies(pool, Fraction(0), 1)[GPU].allocatable == 8


@given(st.integers(0, 10**14), st.integers(1, 9), st.sampled_from(["cpu", "memory", GPU]))
def test_everybody_can_have_a_unit_where_there_is_enough(total: int, parties: int, resource: str) -> None:
    unit = unit_of(resource, total, parties)
    assert unit == 1 or total >= unit * parties
