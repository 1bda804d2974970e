"""The Events pane: what happens to pods with GPUs, their owners, claims and nodes; asked for from the first look on."""

import time
from collections.abc import Mapping, Sequence

from textual.app import ComposeResult

from k8sai.cluster.sources import Source
from k8sai.errors import Usage
from k8sai.events import Event
from k8sai.fleet.answers import PodRow
from k8sai.fleet.event_list import Concern, subject
from k8sai.tui.blank import centred
from k8sai.tui.columns import Field
from k8sai.tui.desk import Desk
from k8sai.tui.filter import Filter
from k8sai.tui.ink import Line, plain
from k8sai.tui.keymap import Key
from k8sai.tui.kin import KINDS
from k8sai.tui.lines import Lines, wrap
from k8sai.tui.matching import matcher
from k8sai.tui.opening import Opening
from k8sai.tui.subject import Subject
from k8sai.tui.table_pane import TablePane
from k8sai.tui.words import age, clean

_EVERY = 1.0  # seconds between looks at what is new


class EventsPane(TablePane):
    """The newest events first, warnings in their tone, repeated ones counted."""

    stem = "events"
    title = "Events"
    words = ("event", "ev")
    about = "what happens to pods with GPUs, their owners and nodes"
    own_keys = (Key("a", "a", "events of everything else too", "Look", "every", "All events or those of GPUs"),)
    sorts_first = "age"
    finds_trouble = True
    namespaced = True
    fields = (
        Field("LAST", "right", least=4, sort="age", letter="A"),
        Field("TIMES", "right", rank=4, most=7, sort="times", letter="C", falling=True),
        Field("NAMESPACE", rank=3, least=9, most=24, stretch=True, sort="namespace", letter="M"),
        Field("OBJECT", least=22, most=44, stretch=True, sort="object", letter="N", middle=True),
        Field("REASON", least=10, most=24, stretch=True, sort="reason", letter="T"),
        Field("MESSAGE", rank=2, least=20, most=120, stretch=True),
        Field("FROM", rank=6, most=28, sort="from", letter="F"),
    )

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self.every = False
        self.found: dict[str, Event] = {}
        self.whole = Whole(desk, self)
        self._concern = Concern()
        self._seen = -1

    def compose(self) -> ComposeResult:
        yield self.heading
        yield self.table
        yield self.whole

    def source(self) -> Source:
        """How the events stand."""
        events = self.desk.feed.events
        return events.source() if events is not None else Source("events", "absent")

    # --- rows ---------------------------------------------------------------------------------------------------------

    def order(self) -> Sequence[str]:
        if self.filter.labels:
            raise Usage("events have no labels: filter them by text")
        events = self.desk.feed.events
        newest = events.newest() if events is not None else []
        chosen = newest if self.every else self._concern.of(newest, self.desk.fleet)
        matches = matcher(self.filter.text)
        only = self.desk.namespace
        found = [
            event
            for event in chosen
            if only in ("", event.involved_object.namespace)
            and (event.warning or not self.only_trouble)
            and matches(event.involved_object.namespace, subject(event), event.reason, event.message, event.said_by)
        ]
        found.sort(key=lambda event: event.last, reverse=True)
        if self.sort != "age":
            found.sort(key=_ORDERS[self.sort], reverse=self.reverse)
        elif self.reverse:
            found.reverse()
        self.found = {event.uid: event for event in found}
        return list(self.found)

    def cells(self, key: str) -> tuple[Line, ...]:
        event = self.found[key]
        about = event.involved_object
        ink = "warn" if event.warning else "plain"
        return (
            ((age(event.last, self.desk.now()), "plain"),),
            ((str(event.times) if event.times > 1 else "", ink),),
            ((about.namespace, self.desk.namespace_ink(about.namespace)),),
            plain(clean(subject(event))),
            ((clean(event.reason), ink),),
            ((clean(" ".join(event.message.split())), "plain" if event.warning else "dim"),),
            ((clean(event.said_by), "dim"),),
        )

    # --- keys ---------------------------------------------------------------------------------------------------------

    def pod(self, key: str) -> PodRow | None:
        about = self.found[key].involved_object
        try:
            return self.desk.fleet.pod(about.namespace, about.name) if about.kind == "Pod" else None
        except KeyError:
            return None

    def subject_at(self, key: str) -> Subject | None:
        about = self.found[key].involved_object if key in self.found else None
        if about is None or about.kind not in KINDS:
            return None
        return Subject(KINDS[about.kind], "" if about.kind == "Node" else about.namespace, about.name)

    def choose(self, key: str) -> None:
        """To the node, the pod on its node, the pods of a workload; else what describe says."""
        about = self.found[key].involved_object
        pod = self.pod(key)
        if about.kind == "Node":
            self.post_message(self.Go("node", node=about.name))
        elif pod is not None and pod.node:
            self.post_message(self.Go("node", node=pod.node, _pod=f"{pod.namespace}/{pod.name}"))
        elif pod is not None:
            self.post_message(self.Go("pod", _pod=key))
        elif self._is_workload(about.namespace, f"{about.kind}/{about.name}"):
            self.post_message(self.Go("pods", namespace=about.namespace, workload=f"{about.kind}/{about.name}"))
        else:
            self.call_later(self.run_action, "app.ask('describe')")

    def _is_workload(self, namespace: str, owner: str) -> bool:
        try:
            self.desk.fleet.workload(namespace, owner)
        except KeyError:
            return False
        return True

    def action_every(self) -> None:
        """Events of all objects, or of those that have to do with GPUs."""
        self.every = not self.every
        self.reorder(forget=True)

    # --- time ---------------------------------------------------------------------------------------------------------

    def arrive(self, subject: Mapping[str, str]) -> None:
        events = self.desk.feed.events
        if events is not None:
            events.start()
        super().arrive(subject)

    def tick(self) -> None:
        """New events come to the top; an order by something else is made anew as well."""
        events = self.desk.feed.events
        version = events.version if events is not None else 0
        if not self.table.paused and version != self._seen and time.perf_counter() >= self._resort_at:
            self._seen = version
            self.table.reorder()
        else:
            self.table.repaint()
        self.paint_rest()

    def pointed(self, key: str) -> None:
        self.whole.repaint()

    def paint_rest(self) -> None:
        super().paint_rest()
        self.whole.repaint()

    def open(self, opening: Opening) -> None:
        if opening.pods:
            self.filter = Filter(opening.pods)

    def subject_line(self) -> Line:
        source = self.source()
        said = {"live": "", "once": " as recorded" if not source.message else " listed now and then"}.get(
            source.state, f" {source.state}"
        )
        of = " of everything" if self.every else " of GPUs"
        return (*super().subject_line(), (of, "dim"), (said, "warn"))

    def missing(self, width: int, height: int) -> Sequence[Line]:
        source = self.source()
        if source.state == "forbidden":
            hint = source.hint or "kubectl auth can-i list events -A"
            return centred("No rights to see events", source.message, hint, width, height, "warn")
        if source.state == "absent":
            return centred("No events are kept here", source.message, source.hint, width, height)
        if source.state == "starting":
            return centred(f"Reading events {self.desk.glyphs.dots}", source.message, source.hint, width, height)
        sentence = "A cluster forgets events after an hour. Press a to see those of everything else too."
        return centred("No event of anything with GPUs", sentence, "", width, height)


class Whole(Lines):
    """Below the table, the whole message of the event under the cursor."""

    def __init__(self, desk: Desk, pane: EventsPane) -> None:
        super().__init__(desk, classes="reason")
        self.pane = pane

    def lines(self, width: int, height: int) -> Sequence[Line]:
        event = self.pane.found.get(self.pane.table.cursor_key or "")
        if event is None:
            return []
        glyphs = self.desk.glyphs
        rule: Line = (
            (glyphs.rule * 2 + " ", "dim"),
            (clean(subject(event)), "strong"),
            (f" {clean(event.reason)} ", "warn" if event.warning else "dim"),
        )
        used = sum(len(text) for text, _ in rule)
        rule += ((glyphs.rule * max(0, width - used), "dim"),)
        said = clean(" ".join(event.message.split()))
        return [rule, *(((" " + part, "plain"),) for part in wrap(said, width - 2, max(1, height - 1)))]


_ORDERS = {
    "times": lambda event: -event.times,
    "namespace": lambda event: event.involved_object.namespace,
    "object": subject,
    "reason": lambda event: event.reason,
    "from": lambda event: event.said_by,
}
