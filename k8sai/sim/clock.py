"""Time in the embedded cluster: the real one, optionally faster, or one that a test moves by hand."""

import asyncio
import heapq
import itertools
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol


class Timer(Protocol):
    """A call that is going to happen."""

    def cancel(self) -> None:
        """It shall not happen after all; no error when it already has."""


class Clock(Protocol):
    """What the controllers know of time.

    `settles=True` marks a delay that belongs to reaching a steady state (a container starting), in contrast to one that
    is part of life (a run ending, a heartbeat): `Sim.settled` waits for the first kind only.
    """

    def now(self) -> float:
        """Seconds since the epoch."""

    def after(self, seconds: float, call: Callable[[], None], *, settles: bool = False) -> Timer:
        """Call it once, that many simulated seconds from now."""

    def settling(self) -> int:
        """How many delays marked `settles` are outstanding."""


@dataclass(slots=True)
class _Running:
    """A timer on an event loop; it tells its clock once that it is over, called or cancelled."""

    over: Callable[[], None]
    handle: asyncio.TimerHandle | None = None

    def cancel(self) -> None:
        if self.handle is not None:
            self.handle.cancel()
            self.handle = None
            self.over()


class LoopClock:
    """The time of day; delays run on the event loop and are `speed` times shorter."""

    def __init__(self, loop: asyncio.AbstractEventLoop, speed: float = 1.0) -> None:
        self._loop = loop
        self._speed = speed
        self._settling = 0

    def now(self) -> float:
        return time.time()

    def after(self, seconds: float, call: Callable[[], None], *, settles: bool = False) -> Timer:
        self._settling += settles

        def over() -> None:
            self._settling -= settles

        def ring() -> None:
            running.handle = None
            over()
            call()

        running = _Running(over)
        running.handle = self._loop.call_later(seconds / self._speed, ring)
        return running

    def settling(self) -> int:
        return self._settling


@dataclass(order=True, slots=True)
class _Due:
    at: float
    order: int
    call: Callable[[], None] = field(compare=False)
    settles: bool = field(compare=False)
    dead: bool = field(default=False, compare=False)

    def cancel(self) -> None:
        self.dead = True


class HandClock:
    """Time that stands still until `advance` moves it; what falls due is called in order, at its own moment."""

    def __init__(self, start: float = 1_800_000_000.0) -> None:
        self._now = start
        self._due: list[_Due] = []
        self._order = itertools.count()

    def now(self) -> float:
        return self._now

    def after(self, seconds: float, call: Callable[[], None], *, settles: bool = False) -> Timer:
        due = _Due(self._now + seconds, next(self._order), call, settles)
        heapq.heappush(self._due, due)
        return due

    def settling(self) -> int:
        return sum(due.settles and not due.dead for due in self._due)

    def advance(self, seconds: float, between: Callable[[], None] = lambda: None) -> None:
        """Move on; `between` runs after each call that fell due (a test lets the controllers work there)."""
        end = self._now + seconds
        between()
        while self._due and self._due[0].at <= end:
            due = heapq.heappop(self._due)
            if due.dead:
                continue
            self._now = max(self._now, due.at)
            due.call()
            between()
        self._now = end
