"""What workloads say of their checkpoints: all that is well-formed is taken, all else is told."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from k8sai.ages import epoch, stamp
from k8sai.errors import Usage
from k8sai.evict.contracts.acks import ack, last_ack, newest
from k8sai.evict.facts import Ack

NOW = epoch("2026-11-21T10:00:00Z")


def test_every_key_has_its_field() -> None:
    said = {
        "requestId": "r-1",
        "step": 8120,
        "time": "2026-11-21T10:00:00Z",
        "snapshotTime": NOW - 90,
        "path": "/ckpt/step-8120",
        "complete": True,
        "ranks": 8,
        "worldSize": 8,
        "rank": 0,
        "restoredStep": 7000,
        "saveSeconds": 90.5,
        "other": {"left": "alone"},
    }
    assert ack(said) == Ack("r-1", 8120, NOW, NOW - 90, "/ckpt/step-8120", True, 8, 8, 0, 7000, 90.5)
    assert ack(json.dumps(said)) == ack(said)


def test_what_is_not_said_is_not_known() -> None:
    assert ack("{}") == Ack()
    assert ack({"step": -1, "rank": -1, "restoredStep": -1, "path": None, "time": 0}) == Ack()
    assert ack("{}", complete=True).complete
    assert not ack({"complete": False}, complete=True).complete


@given(st.integers(0, 2**53), st.integers(0, 4 * 10**9), st.booleans(), st.integers(0, 10**5))
def test_numbers_come_through(step: int, seconds: int, complete: bool, ranks: int) -> None:
    said = {"step": step, "time": stamp(seconds), "snapshotTime": seconds, "complete": complete, "ranks": ranks}
    found = ack(json.dumps(said))
    assert (found.step, found.time, found.snapshot) == (step, seconds, seconds)
    assert (found.complete, found.ranks) == (complete, ranks)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is not JSON"),
        ("step=3", "is not JSON"),
        ("[1]", "is no JSON object"),
        ("[" * 100_000, "is not JSON"),
        ('{"time": NaN}', "is not JSON"),
        ('{"step": -2}', "step is -2"),
        ('{"step": true}', "step is True"),
        ('{"step": 1.5}', "step is 1.5"),
        ('{"step": "8"}', "step is '8'"),
        ('{"step": 1e300}', "step is 1e+300"),
        ('{"ranks": -1}', "ranks is -1"),
        ('{"complete": 1}', "complete is 1"),
        ('{"complete": "true"}', "complete is 'true'"),
        ('{"path": 3}', "path is 3"),
        ('{"requestId": {}}', "requestId is {}"),
        ('{"time": "yesterday"}', "time is 'yesterday'"),
        ('{"time": "2026-11-21T10:00:00"}', "time is '2026-11-21T10:00:00'"),
        ('{"time": 1795255200000}', "time is 1795255200000"),
        ('{"snapshotTime": -5}', "snapshotTime is -5"),
        ('{"saveSeconds": -1}', "saveSeconds is -1"),
        ('{"saveSeconds": "90s"}', "saveSeconds is '90s'"),
    ],
)
def test_nonsense_is_told_with_key_and_value(text: str, message: str) -> None:
    with pytest.raises(Usage) as caught:
        ack(text)
    assert message in caught.value.message and caught.value.hint
    assert len(caught.value.message) < 300


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
)
_KEYS = st.sampled_from(
    ["requestId", "step", "time", "snapshotTime", "path", "complete", "ranks", "rank", "saveSeconds"]
)


@given(st.dictionaries(_KEYS, _JSON))
def test_nothing_but_usage_is_raised(said: dict[str, object]) -> None:
    try:
        found = ack(said)
    except Usage:
        return
    assert found.step >= -1 and found.time >= 0 and found.seconds >= 0


@given(st.text(max_size=60))
def test_text_is_read_or_refused(text: str) -> None:
    try:
        ack(text)
    except Usage as error:
        assert "\n" not in error.message


def test_the_last_object_of_an_output_is_the_answer() -> None:
    text = 'loading…\n{"step": 1}\nsaved {"not": "this"}\n{"step": 2, "complete": true}\nbye\n'
    assert last_ack(text) == Ack(step=2, complete=True)
    assert last_ack('{\n  "step": 3\n}\n') == Ack(step=3)
    assert last_ack('{"step": 4, "path": "a\u2028b"}\n') == Ack(step=4, path="a\u2028b")
    assert last_ack("nothing\n{broken}\n") is None
    with pytest.raises(Usage):
        last_ack('{"step": "x"}')


def test_a_complete_answer_counts_for_more_than_a_newer_one_that_is_not() -> None:
    old, torn = Ack(step=1, time=10, complete=True), Ack(step=2, time=20)
    assert newest([torn, old]) == old
    assert newest([torn]) == torn
    assert newest([]) is None
