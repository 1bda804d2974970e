"""The gate errs as seldom as its docs say, and the usual rules as often, on 2,000 simulated rollouts each."""

from random import Random

import pytest

from k8sai.canary.gate import Gate, Outcome
from k8sai.canary.state import Settings, Slo
from tests.canary.error_rates import ROWS, Row, harm, safe_absolute, safe_relative
from tests.canary.simulated import windows


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.rule}: {row.traffic}: {row.outcome}")
def test_the_rates_are_those_published(row: Row) -> None:
    found = row.measured()
    assert found.percent == pytest.approx(row.expected, abs=2)
    if row.requests is not None:
        assert found.requests == pytest.approx(row.requests, rel=0.12, abs=10)


@pytest.mark.parametrize("seed", range(12))
def test_the_short_rules_of_the_table_decide_as_the_gate_does(seed: int) -> None:
    """The table asks for evidence of one kind at a time; the whole gate decides at the same request."""
    slo = Slo("errors", 0.02)
    shares = {"canary": 0.03, "stable": 0.01} if seed % 2 else {"canary": 0.005, "stable": 0.01}
    traffic = list(windows(Random(seed), **shares, requests=600, split=0.1, of=60))
    gate = Gate.new(Settings(slos=(slo,), max_error=0.0))
    for window in traffic:
        gate = gate.after({slo.title: window})
        if gate.verdict().outcome is not Outcome.CONTINUE:
            break
    found = gate.verdict()
    failed = harm(iter(traffic))
    passed = min(
        (n for n in (safe_relative(iter(traffic)), safe_absolute(0.02)(iter(traffic))) if n is not None), default=None
    )
    n = found.metrics[0].canary_all
    assert found.outcome is (Outcome.FAIL if failed == n else Outcome.PASS)
    assert n == min(one for one in (failed, passed) if one is not None)
