"""What is said beside the figures of queues: what could not be read and what that hides, and the exit code for it."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from k8sai.commands import _talk
from k8sai.errors import Exit, Forbidden
from k8sai.view import Note

if TYPE_CHECKING:
    from k8sai.cluster.reading import Unseen
    from k8sai.queues.setting import Setting

GROUP = "visibility.kueue.x-k8s.io"
# What is missing from an answer without the kind.
_WITHOUT = {
    "clusterqueues": "quota and cohorts are left out",
    "localqueues": "LocalQueues elsewhere are left out",
    "cohorts": "a cohort counts as having nothing of its own and no parent",
    "workloads": "use is what the queues' status says, which trails by a second; who asks for what is not known",
    "admissionchecks": "whether checks are active is not known",
}


def relevant(setting: "Setting", kinds: Iterable[str], namespace: str = "") -> "tuple[Unseen, ...]":
    """What could not be read of these kinds, in full; what is hidden outside of `namespace` alone is left out."""
    asked = set(kinds)
    return tuple(
        gap
        for gap in setting.hidden
        if gap.what in asked and not (namespace and setting.within.get(gap.what) == namespace)
    )


def gaps(unseen: "Iterable[Unseen]", without_workloads: str = "") -> Iterator[Note]:
    """Each with what it hides, and the command that tells whether it is still hidden."""
    hides = {**_WITHOUT, **({"workloads": without_workloads} if without_workloads else {})}
    for gap in unseen:
        without = hides.get(gap.what.partition(".")[0], "")
        if GROUP in gap.what:
            without = "positions marked ≈ are our own order"
        yield Note(f"{gap.why}{f': {without}' if without else ''}", "warn", gap.hint)


def say(notes: Iterable[Note]) -> None:
    """All of them, after the data."""
    for note in notes:
        _talk.note(note)


def partial(unseen: "Iterable[Unseen]") -> Exit:
    """PARTIAL where something is missing."""
    return Exit.PARTIAL if tuple(unseen) else Exit.OK


def insist_on_queues(setting: "Setting") -> None:
    """Raises Forbidden where neither kind of queue may be read: there is nothing to say."""
    from k8sai.queues.setting import CLUSTER_QUEUES, LOCAL_QUEUES

    if setting.cluster_queues or setting.local_queues:
        return
    refused = relevant(setting, (CLUSTER_QUEUES, LOCAL_QUEUES))
    if len(refused) == 2:
        raise Forbidden(refused[0].why, refused[0].hint, (refused[1].why,))
