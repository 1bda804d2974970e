"""Moving a job to another LocalQueue: the next step from what the job and its Workload are now.

Nothing is remembered between steps but an annotation on the Workload, `k8sai.dev/moving-to`, from the eviction to the
arrival. So whoever begins again, after whatever broke off, goes on from where it stands.

The queue is a label of the job, mutable while it is suspended; the Workload's own queueName follows, unless it has been
evicted before: then it must be written too. While quota is reserved the label is accepted and the Workload stays.
Source: pkg/controller/jobframework and the webhooks of Kueue 0.19; measured on 0.19.2.
"""

from dataclasses import dataclass, replace
from typing import Final

from k8sai.cluster.writing import Target
from k8sai.errors import Drift, Refused
from k8sai.merge_patch import merged
from k8sai.queues import parse_workload
from k8sai.queues.acting.steps import Change
from k8sai.queues.acting.stopping import MOVING
from k8sai.queues.facts import Json
from k8sai.queues.workload import Workload

QUEUE: Final = "kueue.x-k8s.io/queue-name"
CLASS: Final = "kueue.x-k8s.io/priority-class"
STOPPING: Final = "kueue.x-k8s.io/stopping"  # on a batch/Job until Kueue has taken back what it started it with
_GROUP: Final = "kueue.x-k8s.io/pod-group-name"
_ELASTIC: Final = "kueue.x-k8s.io/elastic-job"
# Kueue queues the pods of these one by one, or as a group that has no job.
_OF_PODS: Final = frozenset(("Pod", "Deployment", "ReplicaSet", "StatefulSet", "LeaderWorkerSet"))
_MOST: Final = 12  # steps of a plan; no way has as many


@dataclass(frozen=True, slots=True)
class Wish:
    """`evict`: also while it holds quota. Without a class its priority stays."""

    to: str
    priority_class: str = ""
    evict: bool = False


@dataclass(frozen=True, slots=True)
class Seen:
    """A job and its Workload at one moment; `relabelled`: this run has written the label."""

    target: Target
    owner: Json
    workload_target: Target
    object: Json
    relabelled: bool = False

    @property
    def workload(self) -> Workload:
        return parse_workload.workload(self.object)

    @property
    def label(self) -> str:
        """The queue that the job asks for."""
        return str(_labels(self.owner).get(QUEUE) or "")

    @property
    def free(self) -> bool:
        """The label may be written: it is suspended, and Kueue is done with stopping it."""
        spec = self.owner.get("spec") or {}
        suspended = spec.get("suspend") is True or (spec.get("runPolicy") or {}).get("suspend") is True
        return suspended and STOPPING not in _notes(self.owner)

    @property
    def title(self) -> str:
        """`job/sft`."""
        return f"{self.target.resource.kind.lower()}/{self.target.name}"

    @property
    def ours(self) -> bool:
        """It was evicted to be moved, and has not arrived."""
        return MOVING in _notes(self.object)


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing to write now. `brief`: Kueue does it within seconds or never."""

    why: str
    brief: bool = False


Step = Change | Wait | None


def step(seen: Seen, wish: Wish) -> Step:
    """What to do now; None: it has arrived. Raises Refused, and Drift where it went another way meanwhile."""
    workload = seen.workload
    insist_on_movable(seen)
    if arrived(seen, wish):
        return _activate(seen, wish) if seen.ours else None
    if workload.reserves:
        return _while_it_holds(seen, wish, workload)
    if not seen.free:
        return Wait(f"Kueue to suspend {seen.title}")
    if labels := _missing_labels(seen, wish):
        patch = {"metadata": {"labels": labels}}
        return Change(seen.target, seen.owner, patch, "the job's label says where it queues")
    if workload.queue != wish.to and (workload.holds("Evicted") or not workload.active):
        return _activate(seen, wish)
    return Wait("the Workload to follow its job", brief=True)


def arrived(seen: Seen, wish: Wish) -> bool:
    """Job and Workload both are where they should be, with the class they should have."""
    workload = seen.workload
    there = (seen.label, workload.queue) == (wish.to, wish.to)
    return there and wish.priority_class in ("", workload.priority_class)


def insist_on_movable(seen: Seen) -> None:
    """Raises Refused for what has ended, and for what is not one job that can be suspended."""
    workload, title = seen.workload, seen.title
    if workload.holds("Finished"):
        raise Refused(f"{title} has finished: there is nothing to move")
    if seen.target.resource.kind in _OF_PODS or _GROUP in _labels(seen.owner):
        raise Refused(
            f"{title} is queued pod by pod or as a pod group, which cannot be moved", "delete it and make it anew there"
        )
    if _notes(seen.owner).get(_ELASTIC) == "true":
        raise Refused(f"{title} is elastic: it may have several Workloads at once and is not moved")
    if not seen.label:
        raise Refused(
            f"{title} has no label {QUEUE}: it is in no queue",
            f"`kubectl label {title} {QUEUE}=NAME -n {seen.target.namespace}` while it is suspended puts it into one",
        )


def _while_it_holds(seen: Seen, wish: Wish, workload: Workload) -> Step:
    if workload.holds("Evicted") or not workload.active:
        return Wait(f"the pods of {seen.title} to end")
    if wish.evict:
        patch = {"metadata": {"annotations": {MOVING: wish.to}}, "spec": {"active": False}}
        return Change(seen.workload_target, seen.object, patch, "its eviction; it keeps its age")
    if seen.relabelled and seen.label != workload.queue:
        return _put_back(seen, workload)
    word = "is running" if workload.holds("Admitted") else "has quota reserved and waits for its admission checks"
    more = f"; its label says {seen.label} already" if seen.label != workload.queue else ""
    if seen.relabelled:
        raise Drift(
            f"{seen.title} was given quota in {workload.queue} while it was moved: it stays there", _evict(seen, wish)
        )
    raise Refused(f"{seen.title} {word} in {workload.queue}{more}: nothing was written", _evict(seen, wish))


def _put_back(seen: Seen, workload: Workload) -> Change:
    """It got quota between two looks: its label must not say another queue than its quota is of."""
    if not seen.free:
        raise Drift(
            f"{seen.title} was given quota in {workload.queue} while it was moved: it runs there, "
            f"and its label says {seen.label}, where it goes once it is evicted",
            _evict(seen, Wish(seen.label)),
        )
    patch = {"metadata": {"labels": {QUEUE: workload.queue}}}
    return Change(seen.target, seen.owner, patch, "it was given quota meanwhile; its label goes back")


def _activate(seen: Seen, wish: Wish) -> Change:
    """Queue and activity in one write: active alone, it goes back to the queue it came from."""
    spec: Json = {"queueName": wish.to}
    patch: Json = {"spec": spec}
    if seen.ours:
        spec["active"] = True
        patch["metadata"] = {"annotations": {MOVING: None}}
    return Change(seen.workload_target, seen.object, patch, "what was evicted does not follow its job by itself")


def _missing_labels(seen: Seen, wish: Wish) -> dict[str, str]:
    wanted = {QUEUE: wish.to, **({CLASS: wish.priority_class} if wish.priority_class else {})}
    return {key: value for key, value in wanted.items() if _labels(seen.owner).get(key) != value}


def _evict(seen: Seen, wish: Wish) -> str:
    return f"`k8sai queue move {seen.title} --to {wish.to} -n {seen.target.namespace} --evict` evicts it first"


def _labels(obj: Json) -> dict[str, str]:
    return obj["metadata"].get("labels") or {}


def _notes(obj: Json) -> dict[str, str]:
    return obj["metadata"].get("annotations") or {}


# --- the whole way, before the first step -----------------------------------------------------------------------------


def plan(seen: Seen, wish: Wish) -> tuple[Change, ...]:
    """Every write on the way, if nobody interferes and Kueue does its part. Raises as `step`."""
    changes: list[Change] = []
    for _ in range(_MOST):
        now = step(seen, wish)
        if now is None:
            break
        if isinstance(now, Change):
            changes.append(now)
        seen = as_if(seen, now)
    return tuple(changes)


def as_if(seen: Seen, done: Change | Wait) -> Seen:
    """After a write; after a wait, when Kueue has done what is waited for."""
    if isinstance(done, Wait):
        return _followed(seen) if done.brief else _suspended(seen)
    if done.target == seen.target:
        return replace(seen, owner=done.result)
    return replace(seen, object=done.result)


def _suspended(seen: Seen) -> Seen:
    """Its pods are gone, its quota is free."""
    path = "runPolicy" if "runPolicy" in (seen.owner.get("spec") or {}) else ""
    spec = {path: {"suspend": True}} if path else {"suspend": True}
    owner = merged(seen.owner, {"metadata": {"annotations": {STOPPING: None}}, "spec": spec})
    kept = [one for one in _conditions(seen.object) if one.get("type") not in ("QuotaReserved", "Admitted", "Evicted")]
    now = [{"type": "QuotaReserved", "status": "False"}, {"type": "Evicted", "status": "True"}]
    status = {"admission": None, "conditions": [*kept, *now]}
    return replace(seen, owner=owner, object=merged(seen.object, {"status": status}))


def _followed(seen: Seen) -> Seen:
    """The Workload says what its job's labels say."""
    spec: Json = {"queueName": seen.label}
    if named := _labels(seen.owner).get(CLASS):
        spec["priorityClassRef"] = {"name": named}
    return replace(seen, object=merged(seen.object, {"spec": spec}))


def _conditions(obj: Json) -> list[Json]:
    return (obj.get("status") or {}).get("conditions") or []
