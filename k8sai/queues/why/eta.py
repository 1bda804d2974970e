"""When quota may become free: an interval with its assumptions, never a point, and unknown where nothing bounds it.

From what bounds holders (maximumExecutionTimeSeconds) and from how long workloads like them ran that have finished.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf
from typing import Final

from k8sai.ages import human
from k8sai.queues.setting import Setting
from k8sai.queues.why.holders import Holder, since
from k8sai.queues.workload import Workload

_LAST: Final = 5  # runs that are looked at
_ALIKE_QUEUE: Final = 3  # so many runs of a queue say something about the next


@dataclass(frozen=True, slots=True)
class Left:
    """How long a holder may still run, in seconds; `high` is infinite where nothing bounds it."""

    low: float
    high: float
    why: str


@dataclass(frozen=True, slots=True)
class Eta:
    """Seconds from now; `high` None: no bound is known. `why` says from what, `assumes` what must stay so."""

    low: float
    high: float | None
    why: str
    assumes: str

    @property
    def text(self) -> str:
        """`25m – 3h`, `from 25m`."""
        if self.high is None:
            return f"from {human(self.low)}"
        return f"{human(self.low)} – {human(self.high)}"


def estimate(setting: Setting, ways: Sequence[Sequence[Holder]], ahead: int) -> Eta | None:
    """Of several ways the soonest; within a way all must end. None: nothing is known about how long they run."""
    known = [found for way in ways if (found := _together([left(setting, one) for one in way])) is not None]
    if not known:
        return None
    low, high = min(one.low for one in known), min(one.high for one in known)
    soonest = min(known, key=lambda one: (one.high, one.low))
    return Eta(low, None if high == inf else max(low, high), soonest.why, _assumes(ahead))


def _assumes(ahead: int) -> str:
    nobody = "assumes no higher priority arrives"
    others = "the workload" if ahead == 1 else f"the {ahead} workloads"
    return f"{nobody}, and that {others} ahead take{'s' if ahead == 1 else ''} nothing of it" if ahead else nobody


def _together(parts: Sequence[Left | None]) -> Left | None:
    if not parts or any(one is None for one in parts):
        return None
    known = [one for one in parts if one is not None]
    return Left(max(one.low for one in known), max(one.high for one in known), "; ".join(one.why for one in known))


def left(setting: Setting, holder: Holder) -> Left | None:
    """None: it has no limit and nothing like it has finished."""
    ran = setting.at - holder.since if holder.since else 0.0
    bound = _bound(holder.workload, ran)
    runs, whose = _runs(setting, holder.workload)
    title = holder.workload.title.partition("/")[2]
    words = [f"{title} limit {human(holder.workload.max_seconds)}"] if holder.workload.max_seconds else []
    low, high = 0.0, bound
    longer = [run for run in runs if run > ran]
    if longer:
        low, high = max(0.0, min(longer) - ran), min(bound, max(longer) - ran)
        words.append(f"{whose} {len(runs)} {'run' if len(runs) == 1 else 'runs'} {_range(runs)}")
    elif runs:
        words.append(f"longer already than {whose} {len(runs)} {'run' if len(runs) == 1 else 'runs'} {_range(runs)}")
    if bound == inf and not longer:
        return None
    low = min(low, high)
    if low == high:  # a run that is like another is never exactly as long
        low, high = low / 2, min(bound, high * 1.5)
    return Left(low, high, ", ".join(words))


def _bound(workload: Workload, ran: float) -> float:
    """What maximumExecutionTimeSeconds leaves; time before evictions counts."""
    if not workload.max_seconds:
        return inf
    status = workload.object.get("status") or {}
    past = status.get("accumulatedPastExecutionTimeSeconds") or status.get("accumulatedPastExexcutionTimeSeconds") or 0
    return max(0.0, workload.max_seconds - float(past) - ran)


def _runs(setting: Setting, workload: Workload) -> tuple[list[float], str]:
    """How long the last ones ran: those called alike, else those of its LocalQueue where there are some."""
    finished = [one for one in setting.workloads.values() if one.namespace == workload.namespace and _ran(one)]
    finished.sort(key=lambda one: -one.created)
    alike = [_ran(one) for one in finished if _stem(one) == _stem(workload)][:_LAST]
    if alike:
        return alike, "its last"
    queue = [_ran(one) for one in finished if one.queue == workload.queue][:_LAST]
    return (queue, f"the last of queue {workload.queue}:") if len(queue) >= _ALIKE_QUEUE else ([], "")


def _ran(workload: Workload) -> float:
    """0: it has not finished, or when it began is not known."""
    finished = workload.condition("Finished")
    start = since(workload)
    return finished.at - start if finished is not None and finished.holds and start else 0.0


def _stem(workload: Workload) -> tuple[str, str]:
    """Its owner's kind and name without what numbers it: `eval-grid-3` and `eval-grid-x7k2p` are alike."""
    kind, _, name = workload.title.partition("/")
    head, dash, tail = name.rpartition("-")
    numbered = tail.isdecimal() or (len(tail) >= 5 and any(one.isdecimal() for one in tail))
    return kind, head if dash and numbered else name


def _range(runs: Sequence[float]) -> str:
    low, high = human(min(runs)), human(max(runs))
    return low if low == high else f"{low}–{high}"
