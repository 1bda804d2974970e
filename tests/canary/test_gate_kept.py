"""The gate as it is kept between two looks."""

import json

import pytest
from hypothesis import given

from k8sai.canary.gate import Gate
from k8sai.canary.gate_gathered import Window
from k8sai.canary.state import Settings
from k8sai.errors import Drift
from tests.canary.windows import BOTH, ERRORS, GOOD, SLOW, WINDOWS, after, only


@given(WINDOWS)
def test_it_goes_on_from_what_was_written(windows: list[Window]) -> None:
    gate = Gate.new(BOTH)
    for n, one in enumerate(windows):
        gate = gate.after({ERRORS.title: one, SLOW.title: one} if n % 2 else {SLOW.title: one})
        assert Gate.of(json.loads(json.dumps(gate.document())), BOTH) == gate


def test_nothing_kept_is_a_new_gate() -> None:
    assert Gate.of({}, BOTH) == Gate.new(BOTH)


def test_a_requirement_that_was_added_begins_anew_and_one_taken_away_is_dropped() -> None:
    kept = after(GOOD).document()
    gate = Gate.of(kept, Settings(slos=(SLOW,)))
    assert list(gate.metrics) == [SLOW.title]
    assert only(gate).canary_all == 0


@pytest.mark.parametrize(
    "broken",
    [
        {"version": 2, "metrics": {}},
        {"metrics": {}},
        {"version": 1},
        {"version": 1, "metrics": []},
        {"version": 1, "metrics": {"errors<1%": {"harm": [0.0], "safe": [0.0], "step": [0] * 4, "run": [0] * 4}}},
        {"version": 1, "metrics": {"errors<1%": {"harm": [0.0] * 40, "safe": [0.0] * 40, "step": [2, 1, 0, 0]}}},
        {"version": 1, "metrics": {"errors<1%": {"harm": ["x"] * 40, "safe": [], "step": [], "run": []}}},
    ],
)
def test_what_cannot_be_read_is_not_taken_for_evidence(broken: dict[str, object]) -> None:
    with pytest.raises(Drift, match="not written by this version"):
        Gate.of(broken, BOTH)


def test_enormous_evidence_is_still_a_number() -> None:
    found = only(after(Window(500_000, 1_000_000, 10, 9_000_000)))
    assert found.harm == pytest.approx(1e304, rel=0.1)
    assert json.loads(json.dumps(found.harm)) == found.harm
