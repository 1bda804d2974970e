"""What `d` says of an object: the parts everybody asks for first, in words; then its events."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from k8sai.cluster.objects import Objects
from k8sai.errors import K8saiError
from k8sai.tui.describe_job import job
from k8sai.tui.describe_node import node
from k8sai.tui.describe_pod import pod
from k8sai.tui.ink import Line
from k8sai.tui.object_events import add_events
from k8sai.tui.page import Page
from k8sai.tui.subject import Subject
from k8sai.tui.words import age

Json = Mapping[str, Any]
_PARTS: Final[dict[str, Callable[[Page, Json, float], None]]] = {"Pod": pod, "Node": node, "Job": job}
_WELL: Final = {"True": "good", "False": "bad"}
# Conditions that are bad news when they are true.
_BAD_NEWS: Final = ("Pressure", "Unavailable", "Failed", "Failure", "Evicted", "Disruption", "Suspended", "Problem")


def describe(objects: Objects, subject: Subject, now: float) -> list[Line]:
    """Asks for the object and its events. Raises what asking for it raises; unread events say so."""
    thing = objects.get(subject.kind, subject.namespace, subject.name)
    page = Page()
    _who(page, thing, now)
    kind = str(thing.get("kind", ""))
    if kind in _PARTS:
        _PARTS[kind](page, thing, now)
    else:
        for part in ("spec", "status"):
            if isinstance(thing.get(part), Mapping) and thing[part]:
                page.head(part.capitalize())
                page.yaml({key: value for key, value in thing[part].items() if key != "conditions"})
    _conditions(page, thing, now)
    page.head("Events")
    try:
        add_events(page, objects, subject, kind, now)
    except K8saiError as error:
        page.fact("", f"They cannot be read: {error.message}", "warn")
    return page.lines


def _who(page: Page, thing: Json, now: float) -> None:
    meta = thing.get("metadata") or {}
    page.fact("Name", meta.get("name"), "strong")
    page.fact("Namespace", meta.get("namespace"))
    page.fact("Kind", f"{thing.get('kind', '')}  {thing.get('apiVersion', '')}")
    created = meta.get("creationTimestamp") or ""
    page.fact("Created", f"{created}  {age(created, now)} ago" if created else "")
    ending = meta.get("deletionTimestamp")
    if ending:
        grace = meta.get("deletionGracePeriodSeconds")
        page.fact("Ending", f"{ending}, {grace} s to end by itself" if grace is not None else ending, "warn")
    page.facts("Finalizers", meta.get("finalizers") or ())
    owners = meta.get("ownerReferences") or ()
    page.facts("Owned by", (f"{owner.get('kind')}/{owner.get('name')}" for owner in owners))
    page.pairs("Labels", meta.get("labels"))
    kept = {k: v for k, v in (meta.get("annotations") or {}).items() if "last-applied-configuration" not in k}
    page.pairs("Annotations", kept)


def _conditions(page: Page, thing: Json, now: float) -> None:
    found = (thing.get("status") or {}).get("conditions")
    rows = [each for each in found if isinstance(each, Mapping)] if isinstance(found, list) else []
    if not rows:
        return
    page.head("Conditions")
    page.table(
        ("TYPE", "STATUS", "SINCE", "REASON", "MESSAGE"),
        [
            (
                str(each.get("type", "")),
                (str(each.get("status", "")), _tone(each)),
                age(str(each.get("lastTransitionTime") or ""), now),
                str(each.get("reason") or ""),
                str(each.get("message") or ""),
            )
            for each in rows
        ],
    )


def _tone(condition: Json) -> str:
    status, kind = str(condition.get("status")), str(condition.get("type"))
    if any(word in kind for word in _BAD_NEWS):
        return {"True": "bad", "False": "dim"}.get(status, "warn")
    return _WELL.get(status, "warn")
