"""The pods of a side, counted: how many are ready, what they hold, and why they cannot serve.

Signals of the kubelet's that need no metrics: a container that crashes over and over, was killed for its memory, or
whose image cannot be had. https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import msgspec

from k8sai.canary.facts import Json, Side
from k8sai.facts import Pod
from k8sai.fleet.requests import effective
from k8sai.fleet.resources import classify, weigh
from k8sai.fleet.shares import cards
from k8sai.quantity import BadQuantity

if TYPE_CHECKING:
    from k8sai.cluster.reading import Reading

_STUCK: Final = (
    "CrashLoopBackOff",
    "ImagePullBackOff",
    "ErrImagePull",
    "InvalidImageName",
    "CreateContainerConfigError",
)
_OVER: Final = ("Succeeded", "Failed")


@dataclass(frozen=True, slots=True)
class Pods:
    """Of one side, without those that have ended or are ending. `gpus` are cards: a slice counts as its share."""

    names: tuple[str, ...] = ()
    ready: int = 0
    gpus: float = 0.0
    trouble: str = ""  # of the first pod that has any, with its name: "chat-v2-7d4-x: CrashLoopBackOff"
    pending: str = ""  # why the first that is not bound waits, in the scheduler's words

    @property
    def there(self) -> int:
        """Pods, ready or not."""
        return len(self.names)


def pods_of(side: Side, namespace: str, read: "Reading") -> Pods | None:
    """Those its labels select, there or in its own namespace; None where it has none, or they may not be read."""
    if side.labels is None:
        return None
    labels = ",".join(f"{key}={value}" for key, value in sorted(side.labels.items()))
    found = read.list("pods", side.namespace or namespace, labels=labels)
    return None if read.blind("pods") else counted(found)


def counted(pods: Iterable[Json]) -> Pods:
    """Pods as the API server has them."""
    alive = [pod for pod in pods if not _leaves(pod)]
    return Pods(
        names=tuple(sorted(str(pod["metadata"]["name"]) for pod in alive)),
        ready=sum(1 for pod in alive if _ready(pod)),
        gpus=sum(_cards(pod) for pod in alive),
        trouble=next(_troubles(alive), ""),
        pending=next(_pending(alive), ""),
    )


@dataclass(frozen=True, slots=True)
class OnePod:
    """One of a side. `created` is a stamp; `trouble` why it does not serve, "" while it does or may yet."""

    namespace: str
    name: str
    ready: bool
    gpus: float
    restarts: int
    created: str
    node: str
    phase: str
    trouble: str = ""
    waits: str = ""  # the scheduler's words, while it is not bound


def each_of(side: Side, namespace: str, read: "Reading") -> tuple[OnePod, ...] | None:
    """One by one those that `pods_of` counts, by name; None where it says so."""
    if side.labels is None:
        return None
    labels = ",".join(f"{key}={value}" for key, value in sorted(side.labels.items()))
    found = read.list("pods", side.namespace or namespace, labels=labels)
    if read.blind("pods"):
        return None
    return tuple(sorted((_one(pod) for pod in found if not _leaves(pod)), key=lambda one: one.name))


def _one(pod: Json) -> OnePod:
    meta, status = pod["metadata"], pod.get("status") or {}
    containers = status.get("containerStatuses") or ()
    return OnePod(
        str(meta.get("namespace") or ""),
        str(meta["name"]),
        _ready(pod),
        _cards(pod),
        sum(int(one.get("restartCount") or 0) for one in containers),
        str(meta.get("creationTimestamp") or ""),
        str((pod.get("spec") or {}).get("nodeName") or ""),
        str(status.get("phase") or ""),
        trouble_of(pod),
        next((said.partition(": ")[2] for said in _pending([pod])), ""),
    )


def trouble_of(pod: Json) -> str:
    """Why one of its containers does not serve and will not by waiting: the kubelet's word; "" for none."""
    status = pod.get("status") or {}
    for container in (*(status.get("initContainerStatuses") or ()), *(status.get("containerStatuses") or ())):
        reason = str(((container.get("state") or {}).get("waiting") or {}).get("reason") or "")
        last = ((container.get("lastState") or {}).get("terminated") or {}).get("reason")
        if reason in _STUCK:
            return f"{reason} after OOMKilled" if last == "OOMKilled" else reason
        if last == "OOMKilled" and not container.get("ready"):
            return "OOMKilled"
    return ""


def _leaves(pod: Json) -> bool:
    over = (pod.get("status") or {}).get("phase") in _OVER
    return over or bool(pod["metadata"].get("deletionTimestamp"))


def _ready(pod: Json) -> bool:
    return any(_is(one, "Ready", "True") for one in _conditions(pod))


def _troubles(pods: list[Json]) -> Iterator[str]:
    for pod in pods:
        if said := trouble_of(pod):
            yield f"{pod['metadata']['name']}: {said}"


def _pending(pods: list[Json]) -> Iterator[str]:
    for pod in pods:
        for one in _conditions(pod):
            if _is(one, "PodScheduled", "False"):
                yield f"{pod['metadata']['name']}: {one.get('message') or one.get('reason') or 'not scheduled'}"


def _conditions(pod: Json) -> list[Json]:
    return (pod.get("status") or {}).get("conditions") or []


def _is(condition: Json, kind: str, status: str) -> bool:
    return (condition.get("type"), condition.get("status")) == (kind, status)


def _cards(pod: Json) -> float:
    """What it asks for by name, weighed without its node's labels; devices of claims are the fleet's to count."""
    try:
        asked = effective(msgspec.convert({"metadata": {}, "spec": pod.get("spec") or {}}, Pod, strict=False), classify)
    except (BadQuantity, msgspec.ValidationError):
        return 0.0
    rules = ((name, count, classify(name)) for name, count in asked.items())
    return cards(sum(count * weigh(rule, name, {}, {}, {})[1] for name, count, rule in rules if rule is not None))
