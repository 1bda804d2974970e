"""What is said beside the figures of queues: what could not be read and what that hides, and the exit code for it."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from k8sai.commands import _talk
from k8sai.errors import Exit, Forbidden
from k8sai.view import Note

if TYPE_CHECKING:
    from k8sai.cluster.reading import Unseen
    from k8sai.queues.setting import Setting


_APART = 2  # gaps that are told one by one
_DETAILS = "with -o json, hidden says of each why, and what to ask an admin for"


def relevant(setting: "Setting", kinds: Iterable[str], namespace: str = "") -> "tuple[Unseen, ...]":
    """What could not be read of these kinds, in full; what is hidden outside of `namespace` alone is left out."""
    asked = set(kinds)
    return tuple(
        gap
        for gap in setting.hidden
        if gap.what in asked and not (namespace and setting.within.get(gap.what) == namespace)
    )


def gaps(unseen: "Iterable[Unseen]", without_workloads: str = "") -> Iterator[Note]:
    """Each with what it hides, and the command that tells whether it is still hidden; many in one sentence."""
    from k8sai.queues.gaps import gathered, without

    missed = tuple(unseen)
    if len(missed) > _APART:
        yield Note(gathered(missed, without_workloads), "warn", _DETAILS)
        return
    for gap in missed:
        hides = without(gap.what)
        if without_workloads and gap.what.partition(".")[0] == "workloads":
            hides = without_workloads
        yield Note(f"{gap.why}{f': {hides}' if hides else ''}", "warn", gap.hint)


def aside(unseen: "Iterable[Unseen]") -> Iterator[Note]:
    """What is missing beside an answer that stands without it."""
    from k8sai.queues.gaps import named

    missed = tuple(unseen)
    if missed:
        yield Note(f"not read, which does not change the answer: {named(missed)}", "plain", _DETAILS)


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
