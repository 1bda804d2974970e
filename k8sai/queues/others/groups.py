"""A pod of KAI or Volcano whose queue keeps it waiting: which PodGroup, which queue, and the numbers."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from k8sai.cluster.reading import Reading
from k8sai.queues.facts import Json
from k8sai.queues.others import kai_groups
from k8sai.queues.others import volcano as others_volcano
from k8sai.queues.others.amounts import amount

KAI: Final = "pod-group-name"  # annotations of their pods
VOLCANO: Final = "scheduling.k8s.io/group-name"
_VOLCANO_GROUPS: Final = "podgroups.scheduling.volcano.sh"
_WORDS: Final = {
    "OverLimit": "is at its limit",
    "NonPreemptibleOverQuota": "has no quota left for what may not be preempted",
    "QueueDoesNotExist": "does not exist, or has no parent",
}


@dataclass(frozen=True, slots=True)
class Held:
    """A PodGroup that a queue of another scheduler keeps waiting; `code` is the scheduler's own word where it has one.

    `never`: it asks for more than the queue may ever have; `inactive`: the queue takes nothing.
    """

    scheduler: str
    group: str
    queue: str
    code: str
    sentence: str
    evidence: tuple[str, ...] = ()
    never: bool = False
    inactive: bool = False


def held(reading: Reading, pods: Iterable[Json]) -> Held | None:
    """By the first of the pods that names a PodGroup. None: as far as can be seen it does not wait for its queue."""
    for pod in pods:
        meta = pod["metadata"]
        notes, namespace = meta.get("annotations") or {}, meta.get("namespace", "")
        for key, kind, look in ((KAI, kai_groups.POD_GROUPS, _kai), (VOLCANO, _VOLCANO_GROUPS, _volcano)):
            group = reading.get(kind, namespace, notes[key]) if notes.get(key) else None
            if group is not None:
                return look(reading, group)
    return None


def _kai(_: Reading, group: Json) -> Held | None:
    found = kai_groups.reasons(group)
    reason = next((one for one in found if one.code in _WORDS), None)
    if reason is None:
        return None
    name, queue = group["metadata"]["name"], reason.queue or str((group.get("spec") or {}).get("queue") or "")
    numbers = reason.numbers()
    sentence = f"KAI queue {queue} {_WORDS[reason.code]}{f': {numbers}' if numbers else ''}"
    limits = reason.deserved if reason.code == "NonPreemptibleOverQuota" else reason.limits
    never = any(_more(asked, limits.get(resource)) for resource, asked in reason.requested.items())
    evidence = tuple(f"{one.code}: {one.message}" for one in found)
    return Held("KAI", name, queue, reason.code, sentence, evidence, never, reason.code == "QueueDoesNotExist")


def _volcano(reading: Reading, group: Json) -> Held | None:
    """The queue is closed, not there, or full; a group that is Inqueue or Running has passed it."""
    name, queue = group["metadata"]["name"], str((group.get("spec") or {}).get("queue") or "default")
    if (group.get("status") or {}).get("phase") not in (None, "", "Pending"):
        return None
    obj = reading.get(others_volcano.QUEUES, "", queue)
    if obj is None:
        if reading.blind(others_volcano.QUEUES) or not reading.served(others_volcano.QUEUES):
            return None
        return Held("Volcano", name, queue, "QueueDoesNotExist", f"there is no Volcano queue {queue}", inactive=True)
    (found,) = others_volcano.queues([obj])
    if found.state in ("Closed", "Closing"):
        return Held("Volcano", name, queue, found.state, f"Volcano queue {queue} is {found.state}", inactive=True)
    asked = {str(key): str(one) for key, one in ((group.get("spec") or {}).get("minResources") or {}).items()}
    over = tuple(_over(found, asked))
    if not over:
        return None
    never = any(_more(want, found.capability.get(resource)) for resource, want in asked.items())
    return Held(
        "Volcano", name, queue, "OverCapability", f"Volcano queue {queue} is full: {'; '.join(over)}", never=never
    )


def _over(queue: others_volcano.Queue, asked: dict[str, str]) -> Iterator[str]:
    for resource, want in asked.items():
        most, used = queue.capability.get(resource), queue.allocated.get(resource, "0")
        if most is not None and amount(want) + amount(used) > amount(most):
            yield f"{resource}: asks {want}, {used} allocated, capability {most}"


def _more(asked: str, most: str | None) -> bool:
    return most is not None and 0 <= amount(most) < amount(asked)
