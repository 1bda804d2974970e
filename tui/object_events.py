"""The events of one object, the newest last."""

from collections.abc import Mapping
from typing import Any, Final

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
    found.sort(key=last_seen)
    page.table(
        ("LAST", "TIMES", "TYPE", "REASON", "FROM", "MESSAGE"),
        [
            (
                age(last_seen(event), now),
                str(_times(event)),
                (str(event.get("type") or ""), "warn" if event.get("type") == "Warning" else "dim"),
                str(event.get("reason") or ""),
                str((event.get("source") or {}).get("component") or event.get("reportingComponent") or ""),
                " ".join(str(event.get("message") or "").split()),
            )
            for event in found
        ],
    )


def last_seen(event: Json) -> str:
    """When it was seen last, as the cluster wrote it."""
    series = event.get("series") or {}
    meta = event.get("metadata") or {}
    return str(
        series.get("lastObservedTime")
        or event.get("lastTimestamp")
        or event.get("eventTime")
        or meta.get("creationTimestamp")
        or ""
    )


def _times(event: Json) -> int:
    return int((event.get("series") or {}).get("count") or event.get("count") or 1)


def _about(event: Json, subject: Subject) -> bool:
    """A recording does not filter by fields."""
    about = event.get("involvedObject") or {}
    return about.get("name") == subject.name and str(about.get("namespace") or "") in (subject.namespace, "")
