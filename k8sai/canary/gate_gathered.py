"""What the gate has gathered of one metric: bets against the stable side, and sums of requests. Why so: `gate`."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Self

from k8sai.canary.gate_evidence import BETS, against_stable, spaced

MARGIN: Final = 1.5  # times as many bad requests as the stable side are not "as good"
WORSE: Final = spaced(1.05, 10.0)  # bets on theta > 1
AS_GOOD: Final = spaced(0.1, 0.95 * MARGIN)  # bets on theta < MARGIN


@dataclass(frozen=True, slots=True)
class Window:
    """Requests of both sides over the same time, of one metric. Raises ValueError where more are bad than there are."""

    canary_bad: int
    canary_all: int
    stable_bad: int
    stable_all: int

    def __post_init__(self) -> None:
        if not (0 <= self.canary_bad <= self.canary_all and 0 <= self.stable_bad <= self.stable_all):
            raise ValueError(f"no window: {self}")

    def __add__(self, other: Self) -> "Window":
        return Window(
            self.canary_bad + other.canary_bad,
            self.canary_all + other.canary_all,
            self.stable_bad + other.stable_bad,
            self.stable_all + other.stable_all,
        )


NOTHING: Final = Window(0, 0, 0, 0)
_EVEN: Final = (0.0,) * BETS


@dataclass(frozen=True, slots=True)
class Gathered:
    """What is remembered of one metric: the bets against the stable side as logarithms, and sums of requests."""

    harm: tuple[float, ...] = _EVEN  # over all steps
    safe: tuple[float, ...] = _EVEN  # of this step
    step: Window = NOTHING
    run: Window = NOTHING  # over all steps

    def and_of(self, window: Window) -> "Gathered":
        """With one more window."""
        counts = (window.canary_bad, window.canary_all, window.stable_bad, window.stable_all)
        harm, safe = against_stable(WORSE, 1.0, *counts), against_stable(AS_GOOD, MARGIN, *counts)
        return Gathered(_sum(self.harm, harm), _sum(self.safe, safe), self.step + window, self.run + window)


def _sum(some: Sequence[float], more: Sequence[float]) -> tuple[float, ...]:
    return tuple(a + b for a, b in zip(some, more, strict=True))
