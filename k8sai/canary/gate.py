"""The gate: whether the canary is harmful, safe, or needs more requests. Pure; the arithmetic is in `gate_evidence`.

Of every metric four e-values are kept. Each is at most 1 in the mean while what it speaks against is true, and may be
looked at after every window: the chance that it ever reaches 1/x is at most x.

- harm: against "the canary is no worse than the stable side". FAIL at 1/ALPHA, if the canary's share of bad requests is
  at least the practical floor. The floor makes FAIL rarer, never less certain: 0.01 % against 0.002 % is certain and
  wakes nobody. It is never above the budget, or a budget below it could not be broken.
- hard: against "at most `max_error` of the canary's requests fail", errors only. FAIL at 1/ALPHA. It needs no stable
  side and ends a disaster within tens of requests.
- safe-relative: against "the canary is at least MARGIN times as bad as the stable side". PASS at 1/BETA.
- safe-absolute: against "at least the budget of the canary's requests is bad". PASS at 1/BETA. It needs no stable side.

PASS also needs `min_samples` requests to the canary: the e-values would do without, but the first requests after a
shift are not what the rest will be. PASS of all required metrics passes the gate; FAIL of any metric, required or not,
fails it. With m metrics a harmless canary is failed with a chance of at most m·ALPHA over the whole rollout, however
many steps and windows (and ALPHA more for the hard limit); a canary that is neither as good as the stable side nor
within the budget passes a step with a chance of at most 2·BETA.

A new step is a new question, since more load may break what was well: `at_step` begins the samples and both safe
e-values anew. Harm is not forgotten: its evidence multiplies over all steps, at whatever weights they were gathered.

# Why these are e-values

Every metric is a proportion of requests. In window i the canary answered n_c requests, k_c of them badly, the stable
side n_s and k_s, at the same time. p_c and p_s are the true shares of bad requests, and theta = p_c/p_s.

**One window against the stable side.** If theta is the ratio, a bad request came from the canary with probability
pi(theta) = theta·n_c / (theta·n_c + n_s). The bet of the alternative theta against the null r is

    LR = (pi(theta)/pi(r))^k_c · ((1-pi(theta))/(1-pi(r)))^k_s =: a^k_c · b^k_s

With k_c ~ Binomial(n_c, p_c) and k_s ~ Binomial(n_s, p_s) independent, and because 1 + x <= exp(x),

    E[LR] = (1 + p_c(a-1))^n_c · (1 + p_s(b-1))^n_s <= exp(n_c·p_c·(a-1) + n_s·p_s·(b-1))

Where p_c = r·p_s the exponent is n_s·p_s · (pi(r)/(1-pi(r))·(a-1) + (b-1)) = 0. Harm bets on theta > r, so a > 1, and
a smaller p_c only lowers it; safety bets on theta < r, so a < 1, and a larger p_c only lowers it. So E[LR] <= 1 under
all of each null, "p_c <= r·p_s" and "p_c >= r·p_s", for every n_c, n_s and p_s: LR is an e-value. (The same holds with
Poisson counts.) Nothing of the split or of the load enters, so windows of different splits and loads multiply, as long
as both sides of a window are of the same time.

**One window against a budget.** The bet of a share p against the share s is LR = (p/s)^k · ((1-p)/(1-s))^(n-k). Its
mean under the true q is (q·p/s + (1-q)·(1-p)/(1-s))^n: 1 at q = s, and below 1 for every q >= s if p < s (safety), and
for every q <= s if p > s (the hard limit).

**Peeking.** The next window's e-value has mean <= 1 given everything before it, whatever made somebody wait or move
the weight. So the product of windows is a nonnegative supermartingale that begins at 1, and so is the plain mean of
such products over a fixed grid of alternatives, which is what makes one number of 40 bets. Ville's inequality: the
chance that it *ever* reaches 1/alpha is at most alpha. It may be looked at after every request, for as long as one
likes.

**What it takes for granted.** Requests fail independently of each other, given the time and the version. One broken
pod or one client in a retry loop makes failures come in bundles; then evidence is counted more than once.

https://arxiv.org/abs/2210.01948, Ville (1939)
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final, Self

from k8sai.canary.facts import Json
from k8sai.canary.gate_evidence import against_share, evidence, spaced, within
from k8sai.canary.gate_gathered import Gathered, Window
from k8sai.canary.gate_kept import read, written
from k8sai.canary.gate_need import requests_needed
from k8sai.canary.state import Settings, Slo

ALPHA: Final = 0.01  # the chance to fail a harmless canary
BETA: Final = 0.05  # the chance to pass a step that should not pass
HARM: Final = 1 / ALPHA
SAFE: Final = 1 / BETA
FLOOR: Final = 0.005  # share of bad requests below which a difference is of no practical importance


class Outcome(StrEnum):
    """What is known."""

    PASS = "PASS"
    FAIL = "FAIL"
    CONTINUE = "CONTINUE"


@dataclass(frozen=True, slots=True)
class MetricVerdict:
    """One metric. The counts are of this step. `hard` is None where there is no hard limit, `need` 0 once decided."""

    slo: Slo
    outcome: Outcome
    harm: float  # e-value; HARM fails
    safe_relative: float  # e-value; SAFE passes
    safe_absolute: float  # e-value; SAFE passes
    hard: float | None  # e-value; HARM fails
    canary_bad: int
    canary_all: int
    stable_bad: int
    stable_all: int
    need: int  # further requests to the canary until PASS, if they are as those so far


@dataclass(frozen=True, slots=True)
class Verdict:
    """All metrics. `need` is the largest of those required."""

    outcome: Outcome
    metrics: tuple[MetricVerdict, ...]
    need: int


@dataclass(frozen=True, slots=True)
class Gate:
    """All that has been gathered so far; a value."""

    settings: Settings
    metrics: Mapping[str, Gathered] = field(default_factory=dict)  # by the title of the requirement

    @classmethod
    def new(cls, settings: Settings) -> Self:
        """Nothing gathered."""
        return cls(settings, {slo.title: Gathered() for slo in settings.slos})

    def after(self, windows: Mapping[str, Window]) -> "Gate":
        """With a window of each requirement it is given, by title. Raises KeyError for one that is not asked for."""
        more = {title: self.metrics[title].and_of(window) for title, window in windows.items()}
        return replace(self, metrics={**self.metrics, **more})

    def at_step(self) -> "Gate":
        """At the beginning of a new step."""
        return replace(
            self, metrics={title: Gathered(harm=one.harm, run=one.run) for title, one in self.metrics.items()}
        )

    def verdict(self) -> Verdict:
        """What is known now."""
        metrics = tuple(_verdict(slo, self.metrics[slo.title], self.settings) for slo in self.settings.slos)
        outcome = _together(metrics)
        need = 0 if outcome is not Outcome.CONTINUE else max((one.need for one in _required(metrics)), default=0)
        return Verdict(outcome, metrics, need)

    def document(self) -> Json:
        """As the state keeps it."""
        return written(self.metrics)

    @classmethod
    def of(cls, document: Json, settings: Settings) -> Self:
        """From `document`; an empty one has nothing gathered. Raises Drift where it cannot be read."""
        kept = read(document)
        return cls(settings, {slo.title: kept.get(slo.title, Gathered()) for slo in settings.slos})


def _verdict(slo: Slo, gathered: Gathered, settings: Settings) -> MetricVerdict:
    step, run = gathered.step, gathered.run
    absolute = against_share(within(slo.budget), slo.budget, step.canary_bad, step.canary_all)
    harm, relative_, absolute_ = evidence(gathered.harm), evidence(gathered.safe), evidence(absolute)
    hard = _hard(slo, run, settings)
    if harmful(slo, run, harm) or (hard is not None and hard >= HARM):
        outcome = Outcome.FAIL
    elif max(relative_, absolute_) >= SAFE and step.canary_all >= settings.min_samples and step.canary_all:
        outcome = Outcome.PASS
    else:
        outcome = Outcome.CONTINUE
    need = 0 if outcome is not Outcome.CONTINUE else _need(slo, gathered, settings)
    counts = (step.canary_bad, step.canary_all, step.stable_bad, step.stable_all)
    return MetricVerdict(slo, outcome, harm, relative_, absolute_, hard, *counts, need)


def _need(slo: Slo, gathered: Gathered, settings: Settings) -> int:
    step = gathered.step
    more = requests_needed(slo.budget, gathered.safe, step.canary_bad, step.canary_all, SAFE)
    return max(more, settings.min_samples - step.canary_all, 1)


def harmful(slo: Slo, run: Window, harm: float) -> bool:
    """The canary is worse than the stable side, by evidence, and bad enough to matter."""
    return harm >= HARM and run.canary_bad >= min(FLOOR, slo.budget) * run.canary_all


def _hard(slo: Slo, run: Window, settings: Settings) -> float | None:
    limit = settings.max_error
    if slo.metric != "errors" or not 0 < limit < 1:
        return None
    return evidence(against_share(_beyond(limit), limit, run.canary_bad, run.canary_all))


def _beyond(limit: float) -> tuple[float, ...]:
    """Bets on shares above a limit, up to ten times it or half way from it to all."""
    return spaced(limit + 0.05 * min(limit, 1 - limit), min(10 * limit, (1 + limit) / 2))


def _required(metrics: Sequence[MetricVerdict]) -> Sequence[MetricVerdict]:
    """Those that have to pass; all, where none is required."""
    return [one for one in metrics if one.slo.required] or metrics


def _together(metrics: Sequence[MetricVerdict]) -> Outcome:
    if any(one.outcome is Outcome.FAIL for one in metrics):
        return Outcome.FAIL
    if metrics and all(one.outcome is Outcome.PASS for one in _required(metrics)):
        return Outcome.PASS
    return Outcome.CONTINUE
