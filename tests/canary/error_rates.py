"""How often the gate errs, and how often the usual rules do on the same traffic: `python -m tests.canary.error_rates`.

2,000 simulated rollouts a row. Unless a row says otherwise an interval has 600 requests, of which a tenth goes to the
canary, 60 intervals are watched, and the rule is asked after each.
"""

import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from math import sqrt
from random import Random
from statistics import median

from k8sai.canary.gate import HARM, SAFE
from k8sai.canary.gate_evidence import against_share, against_stable, evidence, within
from k8sai.canary.gate_gathered import AS_GOOD, MARGIN, NOTHING, WORSE, Window
from tests.canary.simulated import drawn, windows

RUNS = 2000
SEED = 7
_SAMPLES = 100  # the least that the gate passes on

Rule = Callable[[Iterator[Window]], int | None]  # requests to the canary when it decided; None: it did not


@dataclass(frozen=True)
class Rate:
    """Percent of the runs that were decided so, and the median of the canary's requests when they were."""

    percent: float
    requests: float | None


@dataclass(frozen=True)
class Row:
    """A question, what is expected, and how to ask it."""

    rule: str
    traffic: str
    outcome: str
    expected: float  # percent of the runs
    requests: float | None  # to the canary, in the median
    measured: Callable[[], Rate]


def rate(rule: Rule, *, canary: float, stable: float, of: int = 60, requests: int = 600, split: float = 0.1) -> Rate:
    """Of RUNS rollouts."""
    random = Random(SEED)
    decided = [
        rule(windows(random, canary=canary, stable=stable, requests=requests, split=split, of=of)) for _ in range(RUNS)
    ]
    when = [requests for requests in decided if requests is not None]
    return Rate(100 * len(when) / RUNS, median(when) if when else None)


def against(bets: Sequence[float], null: float, wanted: float, least: int = 0) -> Rule:
    """The gate has evidence of one kind against the stable side."""

    def rule(traffic: Iterator[Window]) -> int | None:
        logs, n = [0.0] * len(bets), 0
        for one in traffic:
            n += one.canary_all
            more = against_stable(bets, null, one.canary_bad, one.canary_all, one.stable_bad, one.stable_all)
            logs = [a + b for a, b in zip(logs, more, strict=True)]
            if evidence(logs) >= wanted and n >= least:
                return n
        return None

    return rule


harm: Rule = against(WORSE, 1.0, HARM)  # FAIL, the practical floor taken away
safe_relative: Rule = against(AS_GOOD, MARGIN, SAFE, _SAMPLES)  # PASS by the stable side alone


def safe_absolute(budget: float, least: int = _SAMPLES) -> Rule:
    """The gate says PASS by the budget alone."""
    bets = within(budget)

    def rule(traffic: Iterator[Window]) -> int | None:
        sum_ = NOTHING
        for window in traffic:
            sum_ += window
            passed = evidence(against_share(bets, budget, sum_.canary_bad, sum_.canary_all)) >= SAFE
            if passed and sum_.canary_all >= least:
                return sum_.canary_all
        return None

    return rule


def peeked_z_test(traffic: Iterator[Window]) -> int | None:
    """One-sided, at 5 %, on all requests so far, asked after every interval."""
    sum_ = NOTHING
    for window in traffic:
        sum_ += window
        canary, stable = sum_.canary_bad / sum_.canary_all, sum_.stable_bad / sum_.stable_all
        every = (sum_.canary_bad + sum_.stable_bad) / (sum_.canary_all + sum_.stable_all)
        width = sqrt(every * (1 - every) * (1 / sum_.canary_all + 1 / sum_.stable_all))
        if canary - stable > 1.645 * width > 0:
            return sum_.canary_all
    return None


def threshold(requests: int, share: float, limit: int) -> Rate:
    """A success rate >= 95 % in each of ten intervals, as an AnalysisTemplate has it with a failureLimit: aborted."""
    random, aborted = Random(SEED), 0
    for _ in range(RUNS):
        failed = sum(drawn(random, requests, share) > 0.05 * requests for _ in range(10))
        aborted += failed > limit
    return Rate(100 * aborted / RUNS, None)


def let_through(requests: int, share: float, limit: int) -> Rate:
    """The same: not aborted."""
    return Rate(100 - threshold(requests, share, limit).percent, None)


def _without_errors(budget: float) -> Rate:
    bets, n = within(budget), 1
    while evidence(against_share(bets, budget, 0, n)) < SAFE:
        n += 1
    return Rate(100.0, n)


def _at_a_quarter(budget: float) -> Rate:
    """Asked after every ten requests."""
    rule = safe_absolute(budget, least=0)
    return rate(rule, canary=budget / 4, stable=0.0, requests=10, split=1.0, of=600)


_GATE, _Z, _LIMIT = "the gate", "z-test at 5 %, peeked", "success >= 95 %, failureLimit"

ROWS: tuple[Row, ...] = (
    Row(_GATE, "identical, 1 % errors", "fails it", 0.4, None, lambda: rate(harm, canary=0.01, stable=0.01)),
    Row(_GATE, "identical, 5 % errors", "fails it", 0.1, None, lambda: rate(harm, canary=0.05, stable=0.05)),
    Row(_GATE, "1 % -> 2 %", "fails it", 91, 1622, lambda: rate(harm, canary=0.02, stable=0.01)),
    Row(_GATE, "1 % -> 3 %", "fails it", 100, 492, lambda: rate(harm, canary=0.03, stable=0.01)),
    Row(_GATE, "1 % -> 5 %", "fails it", 100, 187, lambda: rate(harm, canary=0.05, stable=0.01)),
    Row(_GATE, "1 % -> 10 %", "fails it", 100, 68, lambda: rate(harm, canary=0.10, stable=0.01)),
    Row(
        _GATE, "identical, 5 % errors", "passes it, relative", 99.5, 1053,
        lambda: rate(safe_relative, canary=0.05, stable=0.05),
    ),
    Row(
        _GATE, "identical, 1 % errors, 30 intervals", "passes it, relative", 22, None,
        lambda: rate(safe_relative, canary=0.01, stable=0.01, of=30),
    ),
    Row(_GATE, "no errors, budget 1 %", "passes it, absolute", 100, 358, lambda: _without_errors(0.01)),
    Row(_GATE, "no errors, budget 2 %", "passes it, absolute", 100, 179, lambda: _without_errors(0.02)),
    Row(_GATE, "no errors, budget 5 %", "passes it, absolute", 100, 71, lambda: _without_errors(0.05)),
    Row(_GATE, "0.25 %, budget 1 %", "passes it, absolute", 100, 640, lambda: _at_a_quarter(0.01)),
    Row(_GATE, "0.5 %, budget 2 %", "passes it, absolute", 100, 320, lambda: _at_a_quarter(0.02)),
    Row(_GATE, "1.25 %, budget 5 %", "passes it, absolute", 100, 140, lambda: _at_a_quarter(0.05)),
    Row(
        _GATE, "1 %, budget 1 %, 30 intervals", "passes it, absolute", 3.3, None,
        lambda: rate(safe_absolute(0.01), canary=0.01, stable=0.01, of=30),
    ),
    Row(
        _Z, "identical, 1 % errors, 30 intervals", "aborts it", 27, None,
        lambda: rate(peeked_z_test, canary=0.01, stable=0.01, of=30),
    ),
    Row(_Z, "identical, 1 % errors", "aborts it", 31, None, lambda: rate(peeked_z_test, canary=0.01, stable=0.01)),
    Row(f"{_LIMIT} 0", "healthy, 2 % errors, 20 x 10", "aborts it", 46, None, lambda: threshold(20, 0.02, 0)),
    Row(f"{_LIMIT} 1", "healthy, 2 % errors, 20 x 10", "aborts it", 12, None, lambda: threshold(20, 0.02, 1)),
    Row(f"{_LIMIT} 0", "1 % -> 4 %, 200 x 10", "lets it through", 14, None, lambda: let_through(200, 0.04, 0)),
    Row(f"{_LIMIT} 1", "1 % -> 4 %, 200 x 10", "lets it through", 44, None, lambda: let_through(200, 0.04, 1)),
    Row(f"{_LIMIT} 2", "1 % -> 4 %, 200 x 10", "lets it through", 74, None, lambda: let_through(200, 0.04, 2)),
    Row(f"{_LIMIT} 3", "1 % -> 4 %, 200 x 10", "lets it through", 91, None, lambda: let_through(200, 0.04, 3)),
)  # fmt: skip


def table() -> str:
    """All rows as Markdown."""
    lines = ["| rule | canary | outcome | of 2,000 runs | requests to the canary, median |", "|---|---|---|---|---|"]
    for row in ROWS:
        found = row.measured()
        requests = f"{found.requests:,.0f}" if row.requests and found.requests else ""
        lines.append(f"| {row.rule} | {row.traffic} | {row.outcome} | {found.percent:.1f} % | {requests} |")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.stdout.write(table() + "\n")
