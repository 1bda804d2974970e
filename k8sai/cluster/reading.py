"""Objects for one question: each is read once, and what may not be read is remembered instead of raised."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from k8sai.cluster.objects import Objects
from k8sai.errors import ClusterError, Forbidden, K8saiError, NotFound

Json = dict[str, Any]
ObjectList = list[Json]


@dataclass(frozen=True, slots=True)
class Unseen:
    """What could not be read, and why; `hint` is the next command."""

    what: str
    why: str
    hint: str = ""


class Reading:
    """Answers that nobody may give are empty; `blind` tells them apart from answers that are."""

    def __init__(self, objects: Objects) -> None:
        self._objects = objects
        self._known: dict[tuple[str, ...], Any] = {}
        self._missed: set[tuple[str, ...]] = set()
        self._unseen: dict[str, Unseen] = {}
        self._refusals: dict[str, K8saiError] = {}

    @property
    def hidden(self) -> tuple[Unseen, ...]:
        """In the order it was missed."""
        return tuple(self._unseen.values())

    def blind(self, kind: str) -> bool:
        """Some of this kind was asked for and could not be read."""
        return kind in self._unseen

    def listed(self, kind: str, namespace: str = "") -> bool:
        """All of the kind there was asked for, and answered."""
        key = ("list", kind, namespace, "", "")
        return key in self._known and key not in self._missed

    def refusal(self, kind: str) -> K8saiError | None:
        """With what the cluster first refused to give something of this kind."""
        return self._refusals.get(kind)

    def hide(self, kind: str, why: str, hint: str = "") -> None:
        """Something that was read elsewhere is not all there is."""
        self._unseen.setdefault(kind, Unseen(kind, why, hint))

    def served(self, kind: str) -> bool:
        """Whether the cluster has the kind at all; a cluster that does not say has it not."""
        return bool(self._read(("served", kind), kind, lambda: self._objects.served(kind), False))

    def list(self, kind: str, namespace: str = "", *, labels: str = "", fields: str = "") -> list[Json]:
        """All, or none where the kind is not served or may not be read."""
        if not self.served(kind):
            return []
        found: list[Json] = self._read(
            ("list", kind, namespace, labels, fields),
            kind,
            lambda: self._objects.list(kind, namespace, labels=labels, fields=fields),
            [],
        )
        return found

    def get(self, kind: str, namespace: str, name: str) -> Json | None:
        """None where it is absent or may not be read."""
        if not self.served(kind):
            return None
        found: Json | None = self._read(
            ("get", kind, namespace, name), kind, lambda: self._objects.get(kind, namespace, name), None
        )
        return found

    def events(self, obj: Json) -> ObjectList:
        """What was said about an object, the newest first. Events are forgotten after an hour."""
        meta = obj["metadata"]
        fields = f"involvedObject.name={meta['name']}"
        found = [
            event
            for event in self.list("events", meta.get("namespace", ""), fields=fields)
            if (event.get("involvedObject") or {}).get("name") == meta["name"]
            and (event["involvedObject"].get("uid") or meta.get("uid")) == meta.get("uid")
        ]
        return sorted(found, key=_when, reverse=True)

    def _read(self, key: tuple[str, ...], kind: str, ask: Callable[[], Any], nothing: Any) -> Any:
        if key not in self._known:
            try:
                self._known[key] = ask()
            except NotFound:
                self._known[key] = nothing
            except (Forbidden, ClusterError) as error:
                self._known[key] = nothing
                self._missed.add(key)
                self._miss(kind, error)
        return self._known[key]

    def _miss(self, kind: str, error: K8saiError) -> None:
        self._refusals.setdefault(kind, error)
        self.hide(kind, error.message, error.hint)


def _when(event: Json) -> str:
    series = event.get("series") or {}
    return str(
        series.get("lastObservedTime")
        or event.get("lastTimestamp")
        or event.get("eventTime")
        or event.get("firstTimestamp")
        or event["metadata"].get("creationTimestamp")
        or ""
    )


def said(events: Iterable[Json], *reasons: str) -> str:
    """The message of the newest event with one of the reasons, on one line; empty where there is none."""
    message = next((event.get("message") or "" for event in events if event.get("reason") in reasons), "")
    return " ".join(message.split())


def condition(obj: Json, kind: str) -> Json | None:
    """A condition of the object's status."""
    conditions = (obj.get("status") or {}).get("conditions") or ()
    return next((c for c in conditions if c.get("type") == kind), None)


def holds(obj: Json, kind: str) -> Json | None:
    """The condition where it is True."""
    found = condition(obj, kind)
    return found if found is not None and found.get("status") == "True" else None
