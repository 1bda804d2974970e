"""What a running gang's Kueue priority is to be raised by, from what a preemption would make it lose. Pure.

With T the seconds since the start of this attempt, A those since the work that its newest complete checkpoint holds, I
the seconds between two checkpoints (the contract's checkpoint-interval, else a given one) and M the most:

    boost = M                                no checkpoint since the start yet, and T < 2 I
    boost = 0                                none yet after that: nobody is kept for not saving
    boost = M * floor(10 * min(1, A / I)) / 10   afterwards: 0 right after a checkpoint, M when the next one is due

A whole number, in ten steps, so that it is written at most ten times between two checkpoints.
Source: Kueue's KEP-7990, feature gate PriorityBoost: effective priority = priority + boost, in who is preempted first.
"""

from dataclasses import dataclass
from typing import Final

from k8sai.ages import human
from k8sai.evict.contracts.proof import SKEW
from k8sai.evict.facts import Contract

MOST: Final = 10  # by default: less than what people leave between two priority classes
INTERVAL: Final = 3600.0  # seconds between two checkpoints, by default, where the contract says nothing
_STEPS: Final = 10
_PATIENCE: Final = 2  # intervals that a first checkpoint is waited for


@dataclass(frozen=True, slots=True)
class Boost:
    """A whole number, and why in words."""

    value: int
    why: str


def boost(contract: Contract, began: float, now: float, most: int = MOST, interval: float = INTERVAL) -> Boost:
    """Of a gang that runs since `began`; times in epoch seconds, `interval` in seconds."""
    every = contract.interval or interval
    saved = _saved(contract, now)
    if saved <= began:
        return _first(max(0.0, now - began), every, most)
    age = max(0.0, now - saved)
    steps = int(_STEPS * min(1.0, age / every))
    return Boost(most * steps // _STEPS, f"its checkpoint is {human(age)} old, one is due every {human(every)}")


def _saved(contract: Contract, now: float) -> float:
    """The moment whose work the newest checkpoint holds; 0 where none is complete, or it is of the future."""
    last = contract.last
    if last is None or not last.complete:
        return 0.0
    moment = last.snapshot or last.time - last.seconds
    return moment if moment <= now + SKEW else 0.0


def _first(ran: float, every: float, most: int) -> Boost:
    if ran < _PATIENCE * every:
        return Boost(most, f"no checkpoint yet, it started {human(ran)} ago")
    return Boost(0, f"no checkpoint is known of since it started {human(ran)} ago")
