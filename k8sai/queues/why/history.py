"""What happened to a workload before: evictions by cause with who was preferred, and whether it goes round in circles.

Counts are Kueue's own (status.schedulingStats); the rest is from the last condition and from events, which the server
forgets after an hour.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from k8sai.cluster.reading import Json
from k8sai.queues.setting import Setting
from k8sai.queues.values import moment
from k8sai.queues.workload import Workload

THRASH: Final = 3  # cycles of eviction and admission within an hour
_HOUR: Final = 3600.0
_PREFERRED: Final = re.compile(r"accommodate a workload \(UID: (?P<uid>[^,)]+)[^)]*\) due to (?P<why>[^;]+)")
_PATH: Final = re.compile(r"preemptor path: (?P<path>[^;\s]+)")


@dataclass(frozen=True, slots=True)
class Evicted:
    """`by` is the workload that was preferred, as it is called while it is there, else its uid."""

    reason: str
    count: int
    cause: str = ""
    at: float = 0.0
    by: str = ""
    why: str = ""

    @property
    def text(self) -> str:
        """`Preempted 3×, last for job/urgent (prioritization in the ClusterQueue)`."""
        name = self.reason + (f" ({self.cause})" if self.cause else "")
        last = f", last for {self.by}" if self.by else ""
        return f"{name} {self.count}×{last}{f' ({self.why})' if self.why else ''}"


@dataclass(frozen=True, slots=True)
class History:
    """`cycles` are evictions by preemption within the last hour."""

    evictions: tuple[Evicted, ...] = ()
    cycles: int = 0

    @property
    def thrashes(self) -> bool:
        """Admitted and evicted over and over: nobody gets anything done."""
        return self.cycles >= THRASH


def history(setting: Setting, workload: Workload, events: Iterable[Json]) -> History:
    """`events` are those about the workload."""
    known = {(one.reason, one.cause): one.count for one in workload.evictions}
    evicted = workload.condition("Evicted")
    if evicted is not None and evicted.reason and not known:
        known[evicted.reason, ""] = 1
    found = tuple(_evicted(setting, workload, reason, cause, count) for (reason, cause), count in known.items())
    return History(found, _cycles(setting, workload, tuple(events)))


def _evicted(setting: Setting, workload: Workload, reason: str, cause: str, count: int) -> Evicted:
    last = workload.condition("Preempted") if reason == "Preempted" else workload.condition("Evicted")
    if last is None or (reason != "Preempted" and not last.reason.startswith(reason)):
        return Evicted(reason, count, cause)
    by, why = preferred(setting, last.message)
    return Evicted(reason, count, cause, last.at, by, why)


def preferred(setting: Setting, message: str) -> tuple[str, str]:
    """Who was preferred and by which right; empty where the message does not say."""
    found = _PREFERRED.search(message)
    if found is None:
        return "", ""
    other = next((one for one in setting.workloads.values() if one.uid == found["uid"]), None)
    path = _PATH.search(message)
    where = f" of {path['path'].rstrip('/').rpartition('/')[2]}" if path else ""
    name = f"{other.title} in {other.namespace}" if other is not None else f"a workload that is gone{where}"
    return name, found["why"].strip()


def _cycles(setting: Setting, workload: Workload, events: tuple[Json, ...]) -> int:
    said = sum(_count(event) for event in events if _preempted(event) and setting.at - _when(event) <= _HOUR)
    if setting.at - workload.created <= _HOUR:  # all that was ever counted was within the hour
        return max(said, sum(one.count for one in workload.evictions if one.reason == "Preempted"))
    return said


def _preempted(event: Json) -> bool:
    return event.get("reason") == "EvictedDueToPreempted"


def _count(event: Json) -> int:
    return int((event.get("series") or {}).get("count") or event.get("count") or 1)


def _when(event: Json) -> float:
    stamps: Iterator[str] = (
        str(stamp)
        for stamp in (
            (event.get("series") or {}).get("lastObservedTime"),
            event.get("lastTimestamp"),
            event.get("eventTime"),
            event["metadata"].get("creationTimestamp"),
        )
        if stamp
    )
    return moment(next(stamps, None))
