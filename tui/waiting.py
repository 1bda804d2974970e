"""The waiting list of one node of the tree of queues: place, what is asked for, and one word for why it waits."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from textual.app import ComposeResult

from k8sai.errors import Usage
from k8sai.tui.blank import centred
from k8sai.tui.desk import Desk
from k8sai.tui.ink import Line, Run
from k8sai.tui.lines import Lines, wrap
from k8sai.tui.matching import matcher
from k8sai.tui.queue_table import QueueTable
from k8sai.tui.queues_below import matter, nobody
from k8sai.tui.queues_notes import Notes, missing
from k8sai.tui.queues_waiting import FIELDS, WaitingAt, cells
from k8sai.tui.subject import Subject
from k8sai.tui.words import clean
from k8sai.why.kinds import OWNERS, POD, WORKLOAD

if TYPE_CHECKING:
    from k8sai.queues.pending import Waiting

_GROUPS: Final = {each.kind.lower(): each.kind for each in (POD, *OWNERS)}


class WaitingPane(QueueTable):
    """Opened on a cohort, a ClusterQueue or a LocalQueue."""

    stem = "waiting"
    title = "Waiting"
    home = "queues"
    about = "who waits at one queue, and why"
    sorts_first = "position"
    finds_trouble = True
    namespaced = True
    fields = FIELDS

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self.found: dict[str, Waiting] = {}
        self.at = WaitingAt(desk, self, self._told)
        self.notes = Notes(desk)
        self.blocker = Blocker(desk, self)

    def compose(self) -> ComposeResult:
        yield self.heading
        yield self.notes
        yield self.table
        yield self.blocker

    @property
    def queue(self) -> str:
        """The key of the row it is opened on."""
        return self.subject.get("queue", "")

    # --- rows ---------------------------------------------------------------------------------------------------------

    def order(self) -> Sequence[str]:
        if self.filter.labels:
            raise Usage("labels are of ClusterQueues: filter those who wait by name")
        matches = matcher(self.filter.text)
        only = self.desk.namespace
        found = [
            one
            for one in self.at.entries or ()
            if only in ("", one.workload.namespace)
            and (one.fits != "waits" or not self.only_trouble)
            and matches(one.workload.ref, one.workload.title, one.workload.queue, one.code, one.blocker)
        ]
        if self.sort != "position":
            found.sort(key=_ORDERS[self.sort], reverse=self.reverse)
        elif self.reverse:
            found.reverse()
        self.found = {one.workload.ref: one for one in found}
        return list(self.found)

    def cells(self, key: str) -> tuple[Line, ...]:
        return cells(self.found[key], self.desk.queue_watch().clock(), self.desk)

    # --- keys ---------------------------------------------------------------------------------------------------------

    def subject_at(self, key: str) -> Subject | None:
        one = self.found.get(key)
        return Subject(WORKLOAD.resource, one.workload.namespace, one.workload.name) if one is not None else None

    def choose(self, key: str) -> None:
        """Its pods where it has some; else what describe says."""
        workload = self.found[key].workload
        kind, _, name = workload.title.partition("/")
        owner = f"{_GROUPS.get(kind, kind)}/{name}"
        try:
            self.desk.fleet.workload(workload.namespace, owner)
        except KeyError:
            self.call_later(self.run_action, "app.ask('describe')")
        else:
            self.post_message(self.Go("pods", namespace=workload.namespace, workload=owner))

    def pointed(self, key: str) -> None:
        self.blocker.repaint()

    # --- time ---------------------------------------------------------------------------------------------------------

    def arrive(self, subject: Mapping[str, str]) -> None:
        self.look()
        self.at.show(subject.get("queue", ""))
        super().arrive(subject)

    def looked(self) -> None:
        self.at.show(self.queue)
        self._told()

    def _told(self) -> None:
        if self.is_attached and not self.table.paused:
            self.table.reorder()
            self.paint_rest()

    def paint_rest(self) -> None:
        super().paint_rest()
        self.notes.update()
        self.blocker.repaint()

    # --- words --------------------------------------------------------------------------------------------------------

    def subject_line(self) -> Line:
        runs: list[Run] = [("Waiting ", "strong"), (f"{self.count():,}", "accent"), (" at ", "dim")]
        runs.append((clean(self.queue), "strong"))
        gpus = sum(one.gpus for one in self.found.values() if one.known)
        if gpus:
            runs.append((f" {self.desk.glyphs.dot} {gpus:,} GPUs asked for", "dim"))
        if self.desk.namespace:
            runs += [(f" {self.desk.glyphs.dot} namespace ", "dim"), (self.desk.namespace, "strong")]
        return tuple(runs)

    def missing(self, width: int, height: int) -> Sequence[Line]:
        look = self.desk.queue_watch().look
        row = look.row(self.queue) if look is not None else None
        if look is None or not look.rows:
            return missing(self.desk, width, height)
        if row is None:
            return centred(f"{self.queue} is gone", "", "esc goes back to the queues", width, height)
        if self.at.entries is None:
            return centred(f"Looking at {self.queue} {self.desk.glyphs.dots}", "", "", width, height)
        return centred(nobody(row), matter(row), "", width, height)

    def remember(self) -> dict[str, Any]:
        return {**super().remember(), "filter": ""}  # of one queue


class Blocker(Lines):
    """Below the table, of the workload under the cursor, all of what is in its way."""

    def __init__(self, desk: Desk, pane: WaitingPane) -> None:
        super().__init__(desk, classes="reason")
        self.pane = pane

    def lines(self, width: int, height: int) -> Sequence[Line]:
        one = self.pane.found.get(self.pane.table.cursor_key or "")
        if one is None:
            return []
        glyphs = self.desk.glyphs
        rule: Line = (
            (glyphs.rule * 2 + " ", "dim"),
            (clean(f"{one.workload.namespace}/{one.workload.title}"), "strong"),
            (f" {one.code or 'place'} ", "warn"),
        )
        used = sum(len(text) for text, _ in rule)
        rule += ((glyphs.rule * max(0, width - used), "dim"),)
        said = ". ".join(filter(None, (clean(one.blocker), place_words(one)))) + ". w says all of it."
        return [rule, *(((" " + part, "plain"),) for part in wrap(said, width - 2, max(1, height - 1)))]


def place_words(one: "Waiting") -> str:
    """`Place 3 of 12, 2 of 5 in LocalQueue main`, and who says so."""
    place = one.position
    if place is None:
        return "It stands in no line"
    of, of_own = _of(place.of_cluster_queue), _of(place.of_local_queue)
    sure = "" if place.exact else ", by our own order"
    own = f"{place.local_queue}{of_own} in LocalQueue {one.workload.queue}"
    return f"Place {place.cluster_queue}{of}, {own}{sure}"


def _of(number: int | None) -> str:
    return "" if number is None else f" of {number:,}"


_ORDERS: Final[dict[str, Any]] = {
    "namespace": lambda one: (one.workload.namespace, one.workload.title),
    "name": lambda one: (one.workload.title, one.workload.ref),
    "priority": lambda one: (-one.workload.priority, one.workload.ref),
    "gpus": lambda one: (-one.gpus, one.workload.ref),
    "wait": lambda one: (one.workload.created, one.workload.ref),
    "fits": lambda one: (one.fits, one.workload.ref),
    "reason": lambda one: (one.code, one.workload.ref),
    "queue": lambda one: (one.workload.queue, one.workload.ref),
}
