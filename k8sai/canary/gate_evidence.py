"""The e-values of the gate, as sums of logarithms: https://arxiv.org/abs/2210.01948, Ville (1939).

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
"""

from collections.abc import Sequence
from math import exp, log
from typing import Final

BETS: Final = 40
_MOST: Final = 700.0  # exp() of more is no float


def spaced(low: float, high: float) -> tuple[float, ...]:
    """BETS numbers from low to high with a constant ratio."""
    ratio = high / low
    return tuple(low * ratio ** (n / (BETS - 1)) for n in range(BETS))


def against_stable(
    bets: Sequence[float], null: float, canary_bad: int, canary_all: int, stable_bad: int, stable_all: int
) -> tuple[float, ...]:
    """What a window adds to the logarithm of each bet on theta. Nothing where one side had no requests."""
    if not (canary_all and stable_all):
        return (0.0,) * len(bets)
    bad, at_null = canary_bad + stable_bad, log(null * canary_all + stable_all)
    return tuple(canary_bad * log(bet / null) - bad * (log(bet * canary_all + stable_all) - at_null) for bet in bets)


def against_share(bets: Sequence[float], share: float, bad: int, every: int) -> tuple[float, ...]:
    """The logarithm of each bet on the share of bad requests, over all windows at once: it needs only the sums."""
    good = every - bad
    return tuple(bad * log(bet / share) + good * log((1 - bet) / (1 - share)) for bet in bets)


def evidence(logs: Sequence[float]) -> float:
    """The e-value: the mean of the bets. Cut off at 1e304."""
    most = max(logs)
    return exp(min(_MOST, most + log(sum(exp(one - most) for one in logs) / len(logs))))


def times_until(logs: Sequence[float], wanted: float) -> float | None:
    """How many times as many requests of this kind make `wanted` (> 1); None: no number of them does.

    The e-value of x times the requests is convex in x and 1 at 0, so it passes `wanted` once, if it grows at all.
    """
    if max(logs) <= 0:
        return None
    low, high = 0.0, 1.0
    while evidence([high * one for one in logs]) < wanted:
        low, high = high, 2 * high
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (low, middle) if evidence([middle * one for one in logs]) >= wanted else (middle, high)
    return high
