"""What became of a workload, in the words of both: as we said it would, and as Kueue's object and event say."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from k8sai.queues.facts import ClusterQueue
from k8sai.queues.verdict import MODES, Judgement, Mode
from k8sai.queues.workload import Workload
from tests.contract.api import Json
from tests.controlplane.random_queues import UNCOVERED

_PENDING = "Pending the preemption of"
_REASONS = {"WaitingForQuota": "waits", "ExceedsMaxQuota": "never", "NoMatchingFlavor": "refused"}


@dataclass(frozen=True)
class Outcome:
    """Kind, flavors per pod set and resource, level of borrowing, victims by reason, pods where they are fewer."""

    kind: str
    flavors: frozenset[tuple[str, str, str]] = frozenset()
    level: int = 0
    victims: frozenset[tuple[str, str]] = frozenset()
    counts: frozenset[tuple[str, int]] = frozenset()


@dataclass(frozen=True)
class Tried:
    """One workload on one tree; `obstacles` are all we see for its first pod set that has one."""

    probe: str
    ours: Outcome
    theirs: Outcome
    obstacles: frozenset[str]
    said: str

    @property
    def agrees(self) -> bool:
        """Where there are several obstacles Kueue names the first that it meets, and we the worst."""
        plain = self.theirs == Outcome(self.theirs.kind)
        return self.ours == self.theirs or (plain and self.theirs.kind in self.obstacles)

    def __str__(self) -> str:
        return f"{self.probe}: we said {self.ours}, Kueue {self.theirs} ({self.said})"


def ours(found: Judgement) -> Outcome:
    """Of our judgement."""
    flavors = frozenset((name, one, flavor) for name, given in found.assigned.items() for one, flavor in given.items())
    if found.fits:
        return Outcome(found.mode, flavors, found.level, counts=frozenset(found.counts.items()))
    if found.victims:
        return Outcome("preempts", victims=frozenset((one.workload.name, one.reason) for one in found.victims))
    missing = any(one.code == "ResourceNotCovered" for one in found.options)
    return Outcome("uncovered" if missing else found.mode)


def obstacles(found: Judgement, workload: Workload, queue: ClusterQueue) -> frozenset[str]:
    """Per resource group without a flavor of the first pod set that has one: what the nearest flavor lacks.

    Of anything that was looked at, where it took several cycles: the last word is of the last.
    """
    if found.cycles > 1:
        return frozenset(one.mode for one in found.options)
    for one in workload.pod_sets:
        missing = frozenset(_unassigned(found, one.name, set(workload.asks_of(one)), queue))
        if missing:
            return missing
    return frozenset()


def _unassigned(found: Judgement, pod_set: str, asked: set[str], queue: ClusterQueue) -> Iterator[Mode]:
    given = found.assigned.get(pod_set, {})
    for group in queue.groups:
        if asked & set(group.covered) - set(given):
            flavors = {name for name, _ in group.flavors}
            tried = (one.mode for one in found.options if one.pod_set == pod_set and one.flavor in flavors)
            yield min(tried, key=MODES.index)


def theirs(obj: Json, victims: dict[str, str], note: str) -> Outcome:
    """Of the Workload, who was evicted for it, and the note of its reservation."""
    reserved = condition(obj, "QuotaReserved") or {}
    if reserved.get("status") == "True":
        return _admitted(obj, note)
    if uncovered(obj):
        return Outcome("uncovered")
    message = reserved.get("message", "")
    if victims or _PENDING in message:
        return Outcome("preempts", victims=frozenset(victims.items()))
    reason = reserved.get("reason", "")
    return Outcome(_REASONS.get(reason, f"{reason}: {message}"))


def _admitted(obj: Json, note: str) -> Outcome:
    given = obj["status"]["admission"]["podSetAssignments"]
    flavors = frozenset((one["name"], resource, flavor) for one in given for resource, flavor in one["flavors"].items())
    asked = {one["name"]: one["count"] for one in obj["spec"]["podSets"]}
    counts = {one["name"]: one["count"] for one in given}
    level = _level(note, flavors)
    fewer = frozenset(counts.items()) if counts != asked else frozenset()
    return Outcome("borrows" if level else "fits", flavors, level, counts=fewer)


def _level(note: str, flavors: Iterable[tuple[str, str, str]]) -> int:
    """The highest `borrow=` of a flavor that was taken: "Flavors considered: main: f0(NoFit;…), f1(Fit;borrow=1)"."""
    attempts = {
        (name, flavor): int(level)
        for part in note.partition("Flavors considered: ")[2].split(" | ")
        for name, _, tried in [part.partition(": ")]
        for flavor, level in re.findall(r"([^ ,(]+)\(Fit;borrow=(\d+)", tried)
    }
    return max((attempts.get((name, flavor), 0) for name, _, flavor in flavors), default=0)


def uncovered(obj: Json) -> bool:
    """It asks for what no group covers; Kueue names the first obstacle it meets, and of this one says nothing."""
    containers = [one["template"]["spec"]["containers"][0] for one in obj["spec"]["podSets"]]
    return any(UNCOVERED in one["resources"]["requests"] for one in containers)


def preempted_by(obj: Json, uid: str) -> str:
    """The reason by which it was evicted for the workload of this UID; empty where it was not."""
    found = condition(obj, "Preempted") or {}
    return found["reason"] if holds(obj, "Preempted") and f"(UID: {uid}," in found["message"] else ""


def condition(obj: Json, kind: str) -> Json | None:
    conditions: list[Json] = obj.get("status", {}).get("conditions", [])
    return next((one for one in conditions if one["type"] == kind), None)


def holds(obj: Json, kind: str) -> bool:
    return (condition(obj, kind) or {}).get("status") == "True"
