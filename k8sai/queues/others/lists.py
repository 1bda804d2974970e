"""Queues of other schedulers beside Kueue's, where their kinds are served: listed, never judged."""

from dataclasses import dataclass

from k8sai.cluster.objects import Objects
from k8sai.cluster.reading import Reading
from k8sai.queues.facts import Json
from k8sai.queues.others import kai as others_kai
from k8sai.queues.others import kai_shown
from k8sai.queues.others import volcano as others_volcano
from k8sai.queues.others.kai_groups import POD_GROUPS, Waiting, pending
from k8sai.view import Table

KINDS = (others_kai.QUEUES, others_volcano.QUEUES)


@dataclass(frozen=True, slots=True)
class Others:
    """`kai` and `volcano` are empty where there are none; `waiting` are KAI's PodGroups that could not be scheduled."""

    kai: tuple[others_kai.Queue, ...] = ()
    waiting: tuple[Waiting, ...] = ()
    volcano: tuple[others_volcano.Queue, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.kai or self.waiting or self.volcano)

    def tables(self, *, plain: bool = False) -> tuple[Table, ...]:
        """Those that have lines."""
        every = (
            kai_shown.table(self.kai, plain=plain),
            kai_shown.waiting_table(self.waiting),
            others_volcano.table(self.volcano, plain=plain),
        )
        return tuple(one for one in every if one.rows)

    def document(self) -> Json:
        """Keys for the `QueueView` document; none of a scheduler that has no queues here."""
        found: Json = {}
        if self.kai or self.waiting:
            found |= {
                "kaiQueues": [*kai_shown.document(self.kai)],
                "kaiPending": [*kai_shown.waiting_document(self.waiting)],
            }
        if self.volcano:
            found |= {"volcanoQueues": [*others_volcano.document(self.volcano)]}
        return found

    def names(self) -> tuple[str, ...]:
        """`kai/team-a`, `volcano/default`, for `-o name`."""
        return (*(f"kai/{one.name}" for one in self.kai), *(f"volcano/{one.name}" for one in self.volcano))


def others(reading: Reading) -> Others:
    """What may not be read is in the reading's `hidden`."""
    waiting = pending(reading.list(POD_GROUPS)) if reading.served(others_kai.QUEUES) else ()
    return Others(
        others_kai.queues(reading.list(others_kai.QUEUES), waiting),
        waiting,
        others_volcano.queues(reading.list(others_volcano.QUEUES)),
    )


def served(objects: Objects) -> bool:
    """Some other scheduler's queues are there."""
    return any(objects.served(kind) for kind in KINDS)
