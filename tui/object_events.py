"""The events of one object, the newest last."""

from collections.abc import Mapping
from typing import Any, Final

from k8sai.cluster.events import readable
from k8sai.cluster.objects import Objects
from k8sai.errors import NotFound
from k8sai.tui.ink import Line
from k8sai.tui.page import Page
from k8sai.tui.subject import Subject
from k8sai.tui.words import age

Json = Mapping[str, Any]
NONE: Final = "None are kept. A cluster forgets events after an hour."


def events_of(objects: Objects, subject: Subject, now: float) -> list[Line]:
    """A page with nothing else. Raises what asking raises."""
    kind = str(objects.get(subject.kind, subject.namespace, subject.name).get("kind", ""))
    page = Page()
    add_events(page, objects, subject, kind, now)
    return page.lines


def add_events(page: Page, objects: Objects, subject: Subject, kind: str, now: float) -> None:
    """A table of them, or a sentence. Raises what listing them raises."""
    if not objects.served("events"):
        raise NotFound("events are not kept here")
    fields = f"involvedObject.kind={kind},involvedObject.name={subject.name}"
    found = [event for event in objects.list("events", subject.namespace, fields=fields) if _about(event, subject)]
    if not found:
        page.fact("", NONE, "dim")
        return
    told = sorted(readable(found), key=lambda event: event.last)
    page.table(
        ("LAST", "TIMES", "TYPE", "REASON", "FROM", "MESSAGE"),
        [
            (
                age(event.last, now),
                str(event.times),
                (event.type, "warn" if event.warning else "dim"),
                event.reason,
                event.said_by,
                " ".join(event.message.split()),
            )
            for event in told
        ],
    )


def _about(event: Json, subject: Subject) -> bool:
    """A recording does not filter by fields."""
    about = event.get("involvedObject") or {}
    return about.get("name") == subject.name and str(about.get("namespace") or "") in (subject.namespace, "")
