"""The steps of a Rollout: where it stands, what it walks past, and which of them cannot be gated at all."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from k8sai.canary.backends.rollout.steps import Stop, heading, insist, passed_by, spoken, stop_of, stops, weight_at
from k8sai.canary.facts import Json
from k8sai.errors import Refused
from tests.canary.rollouts import STEPS

PAUSE: Json = {"pause": {}}


def to(weight: int) -> Json:
    return {"setWeight": weight}


def timed(duration: int | str) -> Json:
    return {"pause": {"duration": duration}}


def test_it_stands_where_it_pauses_without_a_duration() -> None:
    assert stops(STEPS) == (Stop(25, 0, 1), Stop(75, 4, 5))


@pytest.mark.parametrize(
    ("index", "weight", "towards"), [(0, 25, 25), (1, 25, 25), (2, 50, 75), (3, 50, 75), (5, 75, 75), (6, 100, 100)]
)
def test_a_step_has_the_weight_that_is_set_and_the_one_it_walks_to(index: int, weight: int, towards: int) -> None:
    assert (weight_at(STEPS, index), heading(STEPS, index)) == (weight, towards)


def test_before_the_first_weight_nothing_is_sent() -> None:
    steps = [{"setCanaryScale": {"replicas": 1}}, PAUSE, to(10), PAUSE]
    assert stops(steps) == (Stop(0, 0, 1), Stop(10, 2, 3))
    assert insist(steps, "rollout/chat") == (10,)


def test_of_two_pauses_at_one_weight_the_first_is_where_its_gate_begins() -> None:
    steps = [to(25), PAUSE, {"analysis": {}}, PAUSE]
    assert insist(steps, "rollout/chat") == (25,)
    assert stop_of(steps, 25) == Stop(25, 0, 1)


@pytest.mark.parametrize(
    ("steps", "said"),
    [
        ([], "has no steps: its controller would replace all pods at once"),
        ([to(25), timed("1h"), to(50)], "has no `pause: {}` after a setWeight"),
        ([PAUSE, to(50)], "has no `pause: {}` after a setWeight"),
        ([to(50), PAUSE, to(25), PAUSE], "the weights of rollout/chat fall on the way: 50 %, 25 %"),
        ([to(25), timed(0)], "has no `pause: {}` after a setWeight"),
    ],
)
def test_what_cannot_be_gated_is_refused(steps: list[Json], said: str) -> None:
    with pytest.raises(Refused) as raised:
        insist(steps, "rollout/chat")
    assert said in raised.value.message


def test_what_is_not_gated_is_said_exactly() -> None:
    steps = [to(5), timed("10m"), {"analysis": {}}, timed(30), to(25), PAUSE, to(40), to(50), PAUSE, to(100)]
    assert list(passed_by(steps)) == [
        "5 % (step 1) is not gated: the Rollout passes it by itself, for 10m and 30 s",
        "40 % (step 7) is not gated: the Rollout passes it by itself, without a pause",
    ]


def test_steps_are_spoken_as_the_plugin_says_them() -> None:
    steps: list[Json] = [to(25), PAUSE, timed("5m"), {"analysis": {}}]
    assert [*map(spoken, steps)] == ["setWeight 25", "pause", "pause 5m", "analysis"]


ANY = st.lists(st.one_of(st.integers(0, 100).map(to), st.just(PAUSE), st.just(timed("1s"))), max_size=12)


@given(ANY)
def test_every_stop_is_one_that_the_walk_comes_to(steps: list[Json]) -> None:
    """From a stop's first step on, the weight is the stop's, and it is what the walk heads for."""
    for stop in stops(steps):
        walked = range(stop.first, stop.pause + 1)
        assert {weight_at(steps, index) for index in walked} == {stop.weight}
        assert heading(steps, stop.pause) == stop.weight
