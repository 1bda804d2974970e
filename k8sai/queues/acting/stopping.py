"""Stopping and resuming queues and workloads: what would be written, whom it takes quota from, what follows.

Hold never evicts admitted work, but takes the reservation from whatever is reserved and not yet admitted. HoldAndDrain
evicts everything. What a ClusterQueue drained may lose its place to younger workloads; a LocalQueue keeps it.
Source: stopPolicy of Kueue 0.19's ClusterQueue and LocalQueue, spec.active of its Workload; measured on 0.19.2.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

from k8sai.cluster.writing import Target
from k8sai.errors import Refused
from k8sai.queues import parse_workload
from k8sai.queues.acting.steps import Change
from k8sai.queues.facts import ClusterQueue, Json, LocalQueue
from k8sai.queues.setting import Setting
from k8sai.queues.workload import Workload

REASON: Final = "k8sai.dev/stop-reason"
BY: Final = "k8sai.dev/stopped-by"
AT: Final = "k8sai.dev/stopped-at"
WITH: Final = "k8sai.dev/stopped-with"  # of a LocalQueue: the ClusterQueue that is drained through it
OWN: Final = "k8sai.dev/stopped-before"  # of the same: the stop it had for itself, which comes back
MOVING: Final = "k8sai.dev/moving-to"  # of a Workload: the LocalQueue an eviction is to end in

Policy = Literal["None", "Hold", "HoldAndDrain"]
Drained = Literal["ClusterQueueStopped", "LocalQueueStopped"]  # reasons of the condition Evicted
_STRICT: Final = ("None", "Hold", "HoldAndDrain")


@dataclass(frozen=True, slots=True)
class Place:
    """A ClusterQueue, LocalQueue or Workload: where it is and what it was when it was read."""

    target: Target
    live: Json

    @property
    def kind(self) -> str:
        return self.target.resource.kind

    @property
    def policy(self) -> str:
        """Of a queue; of a Workload what stands for it: HoldAndDrain where it is not active."""
        spec = self.live.get("spec") or {}
        if self.kind == "Workload":
            return "HoldAndDrain" if spec.get("active") is False else "None"
        return str(spec.get("stopPolicy") or "None")

    @property
    def notes(self) -> dict[str, str]:
        """Its annotations."""
        return self.live["metadata"].get("annotations") or {}

    @property
    def word(self) -> str:
        """As the verbs take it: `cq/team-a`."""
        short = {"ClusterQueue": "cq", "LocalQueue": "lq"}.get(self.kind, self.kind.lower())
        return f"{short}/{self.target.name}"


@dataclass(frozen=True, slots=True)
class Said:
    """What is written beside a stop: why, by whom, and when (RFC 3339)."""

    reason: str = ""
    by: str = ""
    at: str = ""
    along: str = ""  # the ClusterQueue that this LocalQueue is stopped for


@dataclass(frozen=True, slots=True)
class Held:
    """Who holds quota through a queue: `leaving` are evicted already and hold it until their pods are gone."""

    admitted: tuple[Workload, ...] = ()
    reserved: tuple[Workload, ...] = ()
    leaving: tuple[Workload, ...] = ()

    @property
    def all(self) -> tuple[Workload, ...]:
        return (*self.admitted, *self.reserved, *self.leaving)


# --- stop -------------------------------------------------------------------------------------------------------------


def stop(place: Place, policy: Policy, said: Said) -> Change:
    """A queue that is stopped more strictly already stays so; without a reason the one that is there stays."""
    if said.along and place.policy != "None" and (WITH not in place.notes or OWN in place.notes):
        return _drain_along(place, said)
    stricter = max(place.policy, policy, key=_STRICT.index) if place.policy in _STRICT else policy
    changes = stricter != place.policy
    taken: dict[str, str | None] = {key: None for key in (WITH, OWN) if key in place.notes and not said.along}
    notes: dict[str, str | None] = {REASON: said.reason} if said.reason else {}
    if changes or taken or said.reason not in ("", place.notes.get(REASON)):
        notes |= taken | {key: value for key, value in ((BY, said.by), (AT, said.at), (WITH, said.along)) if value}
    patch: Json = {"metadata": {"annotations": notes}} if notes else {}
    if changes:
        patch["spec"] = {"active": False} if place.kind == "Workload" else {"stopPolicy": stricter}
    return Change(place.target, place.live, patch, f"nothing new is admitted through {place.word}")


def _drain_along(place: Place, said: Said) -> Change:
    """Of a LocalQueue that is stopped for itself: its own stop and what is said of it stay, and outlast the drain."""
    patch: Json = {}
    if place.policy != "HoldAndDrain":
        notes = {WITH: said.along, OWN: place.policy}
        patch = {"metadata": {"annotations": notes}, "spec": {"stopPolicy": "HoldAndDrain"}}
    return Change(place.target, place.live, patch, f"nothing new is admitted through {place.word}")


def held(setting: Setting, place: Place) -> Held:
    """As far as Workloads may be read."""
    return split(one for one in setting.workloads.values() if one.reserves and concerns(setting, place, one))


def split(workloads: Iterable[Workload]) -> Held:
    """Of workloads that hold quota: how far each is."""
    found = sorted(workloads, key=lambda one: (one.created, one.ref))
    leaving = tuple(one for one in found if one.holds("Evicted"))
    rest = [one for one in found if one not in leaving]
    return Held(
        tuple(one for one in rest if one.holds("Admitted")),
        tuple(one for one in rest if not one.holds("Admitted")),
        leaving,
    )


def concerns(setting: Setting, place: Place, workload: Workload) -> bool:
    """The workload holds quota, or waits for it, through this queue; or is the one that is meant."""
    name, namespace = place.target.name, place.target.namespace
    if place.kind == "Workload":
        return workload.ref == f"{namespace}/{name}"
    if place.kind == "LocalQueue":
        return (workload.namespace, workload.queue) == (namespace, name)
    if workload.reserves and workload.admission is not None:
        return workload.admission.cluster_queue == name
    local = setting.local_queues.get(f"{workload.namespace}/{workload.queue}")
    return local is not None and local.cluster_queue == name


def waiting(setting: Setting, place: Place) -> tuple[Workload, ...]:
    """Those without quota that are not finished."""
    return tuple(one for one in setting.workloads.values() if one.waits and concerns(setting, place, one))


def insist_on_drain(place: Place, held: Held) -> None:
    """A workload that runs is not stopped without being evicted. Raises Refused."""
    if place.kind == "Workload" and held.admitted:
        raise Refused(
            f"{held.admitted[0].title} is admitted: to stop it is to evict it, and nothing was written",
            f"`k8sai queue stop {place.word} -n {place.target.namespace} --drain` evicts it",
        )


def insist_on_unfinished(place: Place) -> None:
    """Raises Refused for a workload that has ended."""
    if place.kind == "Workload" and (ended := parse_workload.workload(place.live)).holds("Finished"):
        raise Refused(f"{ended.title} has finished: there is nothing to stop")


def local_queues(setting: Setting, place: Place) -> tuple[LocalQueue, ...]:
    """Those that lead to a ClusterQueue."""
    found = (one for one in setting.local_queues.values() if one.cluster_queue == place.target.name)
    return tuple(sorted(found, key=lambda one: one.ref))


# --- resume -----------------------------------------------------------------------------------------------------------


def resume(place: Place) -> Change:
    """Raises Refused for a Workload that is on its way to another queue: that is for `move` to end."""
    towards = place.notes.get(MOVING) if place.kind == "Workload" else None
    if towards:
        raise Refused(
            f"{place.word} is half moved to LocalQueue {towards}: resumed here it would go back to its old queue",
            f"`k8sai queue move {place.word} --to {towards} -n {place.target.namespace}` ends the move",
        )
    notes: dict[str, None] = {key: None for key in (REASON, BY, AT, WITH, OWN) if key in place.notes}
    patch: Json = {"metadata": {"annotations": notes}} if notes else {}
    if place.policy != "None":
        patch["spec"] = {"active": True} if place.kind == "Workload" else {"stopPolicy": "None"}
    return Change(place.target, place.live, patch, f"{place.word} admits again")


def resume_along(place: Place) -> Change:
    """Of a LocalQueue that was drained for its ClusterQueue: a stop that it had for itself comes back."""
    own = place.notes.get(OWN)
    if own is None:
        return resume(place)
    patch: Json = {"metadata": {"annotations": {WITH: None, OWN: None}}, "spec": {"stopPolicy": own}}
    return Change(place.target, place.live, patch, f"{place.word} is stopped as it was before")


def drained(workloads: Iterable[Workload], reason: Drained) -> tuple[Workload, ...]:
    """Those that wait because such a queue was drained."""
    return tuple(one for one in workloads if one.holds("Evicted") and _evicted(one) == reason)


def deactivated_by_kueue(workload: Workload) -> str:
    """In Kueue's words; "" where it was a person, or nobody."""
    found = workload.condition("Evicted")
    by_kueue = found is not None and found.holds and found.reason.startswith("DeactivatedDueTo")
    return found.message if found is not None and by_kueue and not workload.active else ""


def _evicted(workload: Workload) -> str:
    found = workload.condition("Evicted")
    return found.reason if found is not None else ""


def still_stopped(setting: Setting, place: Place) -> tuple[ClusterQueue | LocalQueue, ...]:
    """Queues above it that let nobody through, resumed or not."""
    if place.kind == "ClusterQueue":
        return ()
    spec = place.live.get("spec") or {}
    if place.kind == "LocalQueue":
        local, name = None, spec.get("clusterQueue")
    else:
        local = setting.local_queues.get(f"{place.target.namespace}/{spec.get('queueName')}")
        name = local.cluster_queue if local else None
    above: list[ClusterQueue | LocalQueue] = [local] if local is not None else []
    queue = setting.cluster_queues.get(str(name or ""))
    above += [queue] if queue is not None else []
    return tuple(one for one in above if one.stop != "None")
