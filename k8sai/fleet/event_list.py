"""Events of what has to do with GPUs: which of all events these are, and what `--by event` says of them."""

from collections.abc import Iterable

from k8sai.events import About, Event
from k8sai.fleet.index import Fleet
from k8sai.fleet.tables import age
from k8sai.view import Cell, Column, Row, Table


class Concern:
    """Tells events about GPU pods, their owners, their claims and GPU nodes from all others.

    Pods come and go faster than events: what was found to be of concern once stays so.
    """

    def __init__(self) -> None:
        self._known: set[str] = set()  # uids of events

    def of(self, events: Iterable[Event], fleet: Fleet) -> list[Event]:
        """Those of concern, in the same order."""
        events = list(events)
        about = {event.involved_object for event in events if event.uid not in self._known}
        found = fleet.concerned((one.kind, one.namespace, one.name) for one in about)
        chosen = [event for event in events if event.uid in self._known or key(event.involved_object) in found]
        self._known = {event.uid for event in chosen}
        return chosen


def key(about: About) -> tuple[str, str, str]:
    """Kind, namespace and name."""
    return (about.kind, about.namespace, about.name)


def subject(event: Event) -> str:
    """`Kind/name` of what it is about."""
    about = event.involved_object
    return f"{about.kind}/{about.name}"


def table(rows: Iterable[Event], at: str) -> Table:
    """A line per event, the newest first."""
    columns = (
        Column("NAMESPACE", shrink=True),
        Column("OBJECT", shrink=True),
        Column("LAST", "right"),
        Column("TIMES", "right"),
        Column("TYPE"),
        Column("REASON", shrink=True),
        Column("MESSAGE", shrink=True),
        Column("FROM", wide=True),
    )

    def row(event: Event) -> Row:
        cells = (
            Cell(event.involved_object.namespace),
            Cell(subject(event)),
            Cell(age(event.last, at), "dim"),
            Cell(str(event.times), "warn" if event.warning and event.times > 1 else "plain"),
            Cell(event.type, "warn" if event.warning else "dim"),
            Cell(event.reason, "warn" if event.warning else "plain"),
            Cell(" ".join(event.message.split())),
            Cell(event.said_by),
        )
        return Row(event.uid, cells)

    return Table(columns, tuple(map(row, rows)), "events", named=2)
