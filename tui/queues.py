"""The Queues pane: cohorts, ClusterQueues and LocalQueues as a tree with what each has, uses and may still take."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from textual.app import ComposeResult

from k8sai.tui.columns import Field
from k8sai.tui.desk import Desk
from k8sai.tui.ink import Line, Run, flat, plain
from k8sai.tui.keymap import Key
from k8sai.tui.matching import matcher
from k8sai.tui.queue_table import QueueTable
from k8sai.tui.queues_bar import bar, legend
from k8sai.tui.queues_below import Below
from k8sai.tui.queues_cells import active, implied, pending, resources, several_flavors
from k8sai.tui.queues_notes import Notes, missing
from k8sai.tui.queues_tree import (
    TreeLine,
    resource_words,
    share_words,
    sorted_lines,
    tree_lines,
    troubled,
    with_parents,
    without_local,
)
from k8sai.tui.queues_waiting import WaitingAt
from k8sai.tui.subject import Subject
from k8sai.tui.words import clean, span

if TYPE_CHECKING:
    from k8sai.queues.rows import Row

_BAR: Final = 10  # cells
_MANY: Final = 60  # LocalQueues that are shown without being asked for
_LEGEND_FROM: Final = 110  # columns
_TALL: Final = 34  # lines of a screen on which the tree gets more


class QueuesPane(QueueTable):
    """Above, the tree; below, who waits at the node under the cursor."""

    stem = "queues"
    title = "Queues"
    words = ("queue", "cq", "lq", "cohorts", "kueue")
    about = "Kueue's tree of quota, and who waits where"
    own_keys = (
        Key("t", "t", "figures of GPUs, or of every resource", "Look", "resources", "GPUs or every resource"),
        Key("v", "v", "LocalQueues, or only what has quota", "Look", "local", "LocalQueues or not"),
    )
    finds_trouble = True
    namespaced = True
    fields = (
        Field("QUEUE", least=22, most=60, stretch=True, sort="name", letter="N"),
        Field("", least=_BAR, most=_BAR),
        Field("NOMINAL", "right", rank=2, most=12, sort="nominal", letter="M", falling=True),
        Field("RESERVED", "right", rank=1, most=12, sort="reserved", letter="U", falling=True),
        Field("BORROWED", "right", rank=5, most=12, sort="borrowed", letter="B", falling=True),
        Field("AVAIL", "right", most=12, sort="available", letter="A", falling=True),
        Field("MAX", "right", rank=4, most=12, sort="most", letter="X", falling=True),
        Field("PENDING", "right", most=12, sort="pending", letter="P", falling=True),
        Field("ASKED", "right", rank=3, most=12, sort="asked", letter="W", falling=True),
        Field("RUNNING", "right", rank=5, most=9, sort="running", letter="R", falling=True),
        Field("OLDEST", "right", rank=3, most=7, sort="oldest", letter="O", falling=True),
        Field("ACTIVE", rank=1, least=10, most=28, stretch=True, sort="active", letter="T"),
    )

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self.every = False  # resources, not only GPUs
        self.local: bool | None = None  # LocalQueues too; None: where they are few
        self.lines: dict[str, TreeLine] = {}
        self.waiting = WaitingAt(desk, self, self._told)
        self.notes = Notes(desk)
        self.below = Below(desk, self, self.waiting)
        self._several_flavors = False
        self._resources: Mapping[str, str] = {}  # what they are called, where there are several

    def compose(self) -> ComposeResult:
        yield self.heading
        yield self.notes
        yield self.table
        yield self.below

    def on_resize(self) -> None:
        self.below.styles.height = "42%" if self.app.size.height < _TALL else "32%"

    # --- rows ---------------------------------------------------------------------------------------------------------

    def order(self) -> Sequence[str]:
        rows = self._chosen()
        self._several_flavors, self._resources = several_flavors(rows), resource_words(rows)
        if self.sort == "name":
            lines = tree_lines(rows, self.desk.glyphs, reverse=self.reverse)
        else:
            lines = sorted_lines(rows, self.sort, reverse=self.reverse)
        self.lines = {line.key: line for line in lines}
        return list(self.lines)

    def _chosen(self) -> "tuple[Row, ...]":
        """As a tree also what is above those that are meant."""
        from k8sai.queues.shown.choice import ALL, Choice, chosen

        look = self.desk.queue_watch().look
        if look is None:
            return ()
        choice = Choice(labels=self.filter.labels, namespace=self.desk.namespace, resource=ALL if self.every else "")
        rows = chosen(look.rows, choice)
        if not self._local(rows):
            rows = without_local(rows)
        matches = matcher(self.filter.text)
        keep = partial(self._meant, matches)
        return with_parents(rows, keep) if self.sort == "name" else tuple(filter(keep, rows))

    def _meant(self, matches: Any, row: "Row") -> bool:
        return (troubled(row) or not self.only_trouble) and matches(row.key, row.reason)

    def _local(self, rows: "Sequence[Row]") -> bool:
        few = sum(row.kind == "lq" for row in rows) <= _MANY
        return self.local if self.local is not None else few or bool(self.filter.typed or self.desk.namespace)

    def cells(self, key: str) -> tuple[Line, ...]:
        from k8sai.queues import words

        line = self.lines[key]
        row, figures, first = line.row, line.figures, line.first
        resource = figures.share.resource if figures else ""

        def amount(value: int | None, ink: str = "plain", *, quiet: bool = False) -> Line:
            return () if value is None or (quiet and not value) else ((words.amount(resource, value), ink),)

        counts, blocked = row.counts, row.blocked_head is not None
        short = figures is not None and figures.available is not None and figures.available < 0
        now = self.desk.queue_watch().clock()
        return (
            self._queue(line),
            bar(figures, _BAR, self.desk.glyphs),
            amount(figures.total if figures else None, "dim"),
            amount(figures.reserved if figures else None),
            amount(figures.borrowed if figures else None, "accent", quiet=True),
            amount(figures.available if figures else None, "bad" if short or blocked else "plain"),
            amount(figures.potential if figures else None, "dim"),
            pending(row) if first else (),
            amount(figures.pending if figures else row.gpus_wanted, "warn", quiet=True),
            plain(str(counts.running) if counts.running else "") if first else (),
            plain(span(now - counts.oldest)) if first and counts.oldest is not None else (),
            active(row) if first else (),
        )

    def _queue(self, line: TreeLine) -> Line:
        row = line.row
        share = (
            share_words(line.figures, flavors=self._several_flavors, resources=self._resources) if line.figures else ""
        )
        runs: list[Run] = [(line.branch, "dim")] if line.branch else []
        if line.first:
            ink = "dim" if implied(row) else "bad" if troubled(row) else "strong" if row.kind == "cohort" else "plain"
            runs.append((clean(row.key), ink))
        if share:
            runs.append((f"{' ' if line.first else ''}{clean(share)}", "dim"))
        return tuple(runs)

    # --- keys ---------------------------------------------------------------------------------------------------------

    def action_resources(self) -> None:
        """GPUs alone, or every resource."""
        self.every = not self.every
        self.reorder()

    def action_local(self) -> None:
        """LocalQueues, or only what has quota."""
        look = self.desk.queue_watch().look
        self.local = not self._local(look.rows if look is not None else ())
        self.reorder()

    def subject_at(self, key: str) -> Subject | None:
        line = self.lines.get(key)
        if line is None:
            return None
        namespace, _, name = line.row.name.rpartition("/")
        return Subject(resources()[line.row.kind], namespace, name)

    def choose(self, key: str) -> None:
        self.post_message(self.Go("waiting", queue=self.lines[key].row.key))

    def pointed(self, key: str) -> None:
        self._show()

    def toggle_trouble(self) -> bool | None:
        only = super().toggle_trouble()
        self._show()
        return only

    # --- time ---------------------------------------------------------------------------------------------------------

    def arrive(self, subject: Mapping[str, str]) -> None:
        self.look()
        super().arrive(subject)
        self._show()

    def refresh_now(self) -> None:
        super().refresh_now()
        self._show()

    def looked(self) -> None:
        self.table.reorder()
        self._show()

    def _show(self) -> None:
        """The waiting list of what is under the cursor now."""
        line = self.lines.get(self.table.cursor_key or "")
        if line is not None and not self.table.paused:
            self.waiting.show(line.row.key)
        self.below.repaint()

    def _told(self) -> None:
        self.below.repaint()

    def paint_rest(self) -> None:
        super().paint_rest()
        self.notes.update()
        self._show()

    # --- words --------------------------------------------------------------------------------------------------------

    def count(self) -> int:
        return sum(line.first for line in self.lines.values())

    def subject_line(self) -> Line:
        what = (f" {self.desk.glyphs.dot} every resource", "dim")
        return (*super().subject_line(), *((what,) if self.every else ()))

    def title_end(self) -> Line:
        signs = legend(self.desk.glyphs) if self.app.size.width >= _LEGEND_FROM else ()
        return (*signs, *super().title_end())

    def missing(self, width: int, height: int) -> Sequence[Line]:
        return missing(self.desk, width, height)

    def sheet(self) -> tuple[Sequence[str], Any]:
        """Every line names its node, flavor and resource in full."""
        titles = ["KEY", "FLAVOR", "RESOURCE", *(field.title for field in self.fields[2:])]
        return titles, (self._row(line, self.cells(key)) for key, line in self.lines.items())

    def _row(self, line: TreeLine, cells: Sequence[Line]) -> list[str]:
        flavor, resource = line.figures.share if line.figures else ("", "")
        return [line.row.key, flavor, resource, *(flat(cell).strip() for cell in cells[2:])]

    # --- what survives a restart --------------------------------------------------------------------------------------

    def remember(self) -> dict[str, Any]:
        return {**super().remember(), "every": self.every, "local": self.local}

    def recall(self, kept: Mapping[str, Any]) -> None:
        super().recall(kept)
        self.every = kept.get("every") is True
        self.local = kept["local"] if isinstance(kept.get("local"), bool) else None
