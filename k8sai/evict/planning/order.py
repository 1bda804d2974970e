"""In which order gangs are stopped, so that the fewest GPU-hours are lost. Pure; times are epoch seconds.

A gang that ends by itself in time is waited for. One that cannot be asked is stopped right after its next checkpoint.
The others save on request, as many at a time as storage takes: first those whose node goes first, then by
GPUs x (save + restart). A gang whose save no longer fits is not asked: its work since its last checkpoint will be lost.
"""

import heapq
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import inf

from k8sai.ages import human
from k8sai.evict.plan import Action
from k8sai.evict.planning.loss import RESTART


@dataclass(frozen=True, slots=True)
class Turn:
    """A gang that waits for its turn. `save` and `restart` are seconds. None where nobody says.

    `asks`: it saves on request. `ends` is when it will have done all its work, `periodic` when it will have saved next,
    `external` until when its nodes are there.
    """

    id: str
    gpus: float
    save: float | None = None
    restart: float | None = None
    asks: bool = True
    ends: float | None = None
    periodic: float | None = None
    external: float | None = None

    @property
    def cost(self) -> float:
        """GPU-seconds of its save and its restart."""
        return self.gpus * (self.length + (RESTART if self.restart is None else self.restart))

    @property
    def length(self) -> float:
        """Seconds its save takes; unknown counts as none."""
        return (self.save or 0.0) if self.asks else 0.0


@dataclass(frozen=True, slots=True)
class Turned:
    """What becomes of one, and from when to when. `late`: its save does not fit, so it is not asked."""

    id: str
    action: Action
    begin: float
    end: float
    late: bool = False
    why: str = ""


def order(turns: Iterable[Turn], now: float, deadline: float | None = None, parallel: int = 1) -> tuple[Turned, ...]:
    """All of them, in the order in which they are begun. `deadline` is the whole drain's."""
    last = inf if deadline is None else deadline
    rows = sorted(turns, key=_first)
    aside = {one.id: moved for one in rows if (moved := _aside(one, _limit(one, last)))}
    queued = [one for one in rows if one.id not in aside]
    done = [*aside.values(), *_queue(queued, now, last, max(1, parallel))]
    places = {one.id: place for place, one in enumerate(rows)}
    return tuple(sorted(done, key=lambda one: (one.begin, places[one.id])))


def _first(one: Turn) -> tuple[float, float, str]:
    return (inf if one.external is None else one.external, one.cost, one.id)


def _limit(one: Turn, last: float) -> float:
    return last if one.external is None else min(one.external, last)


def _aside(one: Turn, limit: float) -> Turned | None:
    """Those that need no place: they end, or save, by themselves."""
    if one.ends is not None and one.ends <= limit < inf:
        return Turned(one.id, "wait", one.ends, one.ends, why="it ends by itself before the deadline")
    if not one.asks and one.periodic is not None and one.periodic <= limit:
        return Turned(one.id, "ride", one.periodic, one.periodic, why="it is stopped right after its next checkpoint")
    return None


def _queue(turns: Sequence[Turn], now: float, last: float, parallel: int) -> list[Turned]:
    """Places are given in turn; who would end too late gives its place to the next."""
    free = [now] * parallel
    done: list[Turned] = []
    for one in turns:
        begin, limit = free[0] if one.asks else now, _limit(one, last)
        if one.asks and begin + one.length > limit:
            done.append(Turned(one.id, "stop", begin, begin, late=True, why=_late(one, limit - begin)))
            continue
        if one.asks:
            heapq.heapreplace(free, begin + one.length)
        done.append(Turned(one.id, "stop", begin, begin + one.length))
    return done


def _late(one: Turn, left: float) -> str:
    return f"its save takes {human(one.length)}, and {human(max(0.0, left))} are left: it is not asked"
