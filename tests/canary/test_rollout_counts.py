"""How many pods a weight makes; the real controller's own numbers are compared in tests/controlplane."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from k8sai.canary.backends.rollout.counts import beside, bounds, by_pods, by_route
from k8sai.canary.facts import Json
from tests.canary.rollouts import STEPS


@pytest.mark.parametrize(
    ("replicas", "weight", "surge", "counts"),
    [  # of utils/replicaset/canary_test.go
        (10, 10, 1, (1, 9)),
        (10, 5, 1, (1, 10)),
        (10, 0, 1, (0, 10)),
        (10, 100, 1, (10, 0)),
        (1, 5, 1, (1, 1)),
        (1, 95, 1, (1, 1)),
        (1, 50, 0, (1, 0)),
        (3, 50, 0, (2, 1)),
        (4, 1, 0, (1, 3)),
        (4, 99, 0, (3, 1)),
        (0, 50, 1, (0, 0)),
        (2, 75, 0, (0, 2)),  # a canary that runs is taken away
    ],
)
def test_counts_are_those_of_the_controller(replicas: int, weight: int, surge: int, counts: tuple[int, int]) -> None:
    assert by_pods(replicas, weight, surge) == counts


@given(st.integers(2, 40), st.integers(1, 99), st.integers(0, 3))
def test_no_other_counts_come_nearer(replicas: int, weight: int, surge: int) -> None:
    canary, stable = by_pods(replicas, weight, surge)
    totals = (replicas, replicas + 1) if surge else (replicas,)
    assert canary + stable in totals
    if not canary:  # seen on the real controller: 75 % of 2 pods takes a canary away that runs
        assert not surge and replicas * weight % 100 == 50 and replicas - 1 < replicas * weight / 100
        return
    best = min(abs(100 * one / all_ - weight) for all_ in totals for one in range(1, all_))
    assert abs(100 * canary / (canary + stable) - weight) == pytest.approx(best, abs=100 / replicas)


def test_bounds_round_surge_up_and_unavailability_down() -> None:
    assert bounds({}, 10) == (3, 2)
    assert bounds({}, 4) == (1, 1)
    assert bounds({"maxSurge": 0, "maxUnavailable": "10%"}, 4) == (0, 1)
    assert bounds({"maxSurge": "1", "maxUnavailable": 0}, 100) == (1, 0)


def routed(**more: Json | int | bool) -> Json:
    return {"steps": STEPS, "trafficRouting": {"nginx": {}}, **more}


def test_with_a_route_the_canary_comes_beside_the_whole_old_version() -> None:
    assert [by_route(routed(), index, 4) for index in range(7)] == [1, 1, 2, 2, 3, 3, 4]
    assert (beside(routed(), 4, 0, 1), beside(routed(), 4, 2, 6)) == (1, 4)


def test_a_side_has_no_fewer_pods_than_it_must() -> None:
    assert by_route(routed(minPodsPerReplicaSet=2), 0, 4) == 2


def test_the_canarys_own_scale_counts_until_it_follows_the_weight_again() -> None:
    steps: list[Json] = [{"setCanaryScale": {"replicas": 3}}, {"setWeight": 25}, {"pause": {}}]
    steps += [{"setCanaryScale": {"weight": 50}}, {"pause": {}}, {"setCanaryScale": {"matchTrafficWeight": True}}]
    assert [by_route({"steps": steps}, index, 4) for index in range(6)] == [3, 3, 3, 2, 2, 1]


def test_with_a_dynamic_stable_side_only_a_step_is_beside() -> None:
    assert beside(routed(dynamicStableScale=True), 4, 0, 1) == 1
    assert beside(routed(dynamicStableScale=True), 4, 2, 6) == 1
    assert beside({**routed(dynamicStableScale=True), "steps": [{"setWeight": 25}, {"pause": {}}]}, 8, 2, 2) == 6


def test_by_pods_alone_no_more_than_the_surge_is_beside() -> None:
    assert beside({"steps": STEPS}, 4, 0, 1) == 0  # an old pod goes first
    assert beside({"steps": STEPS, "maxUnavailable": 0}, 4, 0, 1) == 1
    assert beside({"steps": STEPS, "maxSurge": 0}, 4, 2, 6) == 0
    assert beside({"steps": STEPS, "maxSurge": "100%", "maxUnavailable": 0}, 4, 2, 6) == 4
