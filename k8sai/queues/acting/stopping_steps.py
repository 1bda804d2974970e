"""Waits until what was stopped has let go of its quota.

The count in the status of the queue that was stopped is watched, which trails by a second; when it says nobody, the
Workloads are read to be sure.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

from k8sai.queues.acting.stopping import Place
from k8sai.queues.workload import Workload

_WAKE = 2.0  # seconds after which is looked again, told or not


@dataclass(slots=True)
class Drain:
    """`left` reads who still holds quota, `count` what the queue says of it; `pause` may return before its seconds."""

    left: Callable[[], tuple[Workload, ...]]
    count: Callable[[], int | None]
    pause: Callable[[float], None]
    told: Callable[[int], None] = lambda _: None
    now: Callable[[], float] = time.monotonic
    holding: tuple[Workload, ...] = ()

    def run(self, seconds: float | None = None) -> bool:
        """False where the time is up; `holding` are then those that still hold quota."""
        end = None if seconds is None else self.now() + seconds
        self.holding = self.left()
        while self.holding:
            if end is not None and self.now() >= end:
                self.holding = self.left()
                return not self.holding
            self.pause(_WAKE if end is None else min(_WAKE, max(0.0, end - self.now())))
            count = self.count()
            self.told(len(self.holding) if count is None else count)
            if not count:
                self.holding = self.left()
        return True


def reserving(place: Place, live: dict[str, object] | None) -> int | None:
    """How many hold quota as the queue itself counts them; None where it does not, or is no queue."""
    status = (live or {}).get("status")
    found = status.get("reservingWorkloads") if isinstance(status, dict) and place.kind != "Workload" else None
    return found if isinstance(found, int) else None
