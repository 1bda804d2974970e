"""Below the tree of queues: what is the matter with the node under the cursor, and the first who wait there."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from rich.cells import cell_len
from textual import events

from k8sai.tui.columns import fit, layout, natural
from k8sai.tui.desk import Desk
from k8sai.tui.ink import Line, Run
from k8sai.tui.lines import Lines, beside, wrap
from k8sai.tui.pane import Pane
from k8sai.tui.queues_waiting import FIELDS, WaitingAt, cells
from k8sai.tui.words import clean

if TYPE_CHECKING:
    from k8sai.queues.pending import Waiting
    from k8sai.queues.rows import Row

_NARROW = 100  # cells; as tables have it
_MOST_WORDS = 2  # lines about the node itself


class Below(Lines):
    """A rule, perhaps a sentence, and a table without a cursor. A click opens the whole list."""

    def __init__(self, desk: Desk, pane: Pane, at: WaitingAt) -> None:
        super().__init__(desk, classes="below")
        self.pane = pane
        self.at = at

    def row(self) -> "Row | None":
        """The node under the cursor."""
        look = self.desk.queue_watch().look
        return look.row(self.at.key) if look is not None else None

    def lines(self, width: int, height: int) -> Sequence[Line]:
        row = self.row()
        if row is None:
            return []
        said: list[Line] = [self._rule(row, width), *self._matter(row, width)]
        entries = self.at.entries
        if entries is None:
            return [*said, ((f" looking {self.desk.glyphs.dots}", "dim"),)]
        if not entries:
            return [*said, ((f" {nobody(row)}", "dim"),)]
        return [*said, *self._table(entries, width, max(1, height - len(said) - 1))]

    def _rule(self, row: "Row", width: int) -> Line:
        glyphs = self.desk.glyphs
        left: list[Run] = [(glyphs.rule * 2 + " Waiting at ", "dim"), (clean(row.key), "strong"), (" ", "dim")]
        if row.counts.pending:
            left += [(f"{row.counts.pending:,} ", "accent")]
        if row.gpus_wanted:
            left += [(f"{glyphs.dot} {row.gpus_wanted:,} GPUs asked for ", "dim")]
        if row.counts.out:
            left += [(f"{glyphs.dot} {row.counts.out:,} in no line ", "dim")]
        hint: Line = ((" enter", "key"), (" all  ", "dim"), ("w", "key"), (" why ", "dim"))
        line = beside(tuple(left), hint, width)
        return tuple((glyphs.rule * len(t), "dim") if t.isspace() and len(t) > 1 else (t, ink) for t, ink in line)

    def _matter(self, row: "Row", width: int) -> Iterator[Line]:
        said = matter(row)
        if said:
            for part in wrap(clean(said), width - 2, _MOST_WORDS):
                yield ((f" {part}", "bad"),)

    def _table(self, entries: "Sequence[Waiting]", width: int, most: int) -> Iterator[Line]:
        now, dots = self.desk.queue_watch().clock(), self.desk.glyphs.dots
        rows = [cells(one, now, self.desk) for one in entries[:most]]
        wanted = [
            max([natural(field), *(sum(cell_len(text) for text, _ in row[number]) for row in rows)])
            for number, field in enumerate(FIELDS)
        ]
        gap = 1 if width < _NARROW else 2
        columns = layout(FIELDS, wanted, width, gap)
        for row in ([((field.title, "dim"),) for field in FIELDS], *rows):
            runs: list[Run] = []
            for number, size in columns:
                runs += [(" " * gap, "plain")] if runs else []
                runs += fit(row[number], size, FIELDS[number], dots)
            yield tuple(runs)

    def on_click(self, event: events.Click) -> None:
        if self.row() is not None:
            self.post_message(Pane.Go("waiting", queue=self.at.key))


def matter(row: "Row") -> str:
    """Why it admits nothing, or that its head waits for no lack of quota; "" where all is well."""
    if row.active is False:
        return f"{row.key} admits nothing: {row.message or row.reason}"
    if row.blocked_head is not None:
        return f"There is quota for {row.blocked_head.title}, the first in line, and it waits all the same."
    return ""


def nobody(row: "Row") -> str:
    """What is said where the list is empty."""
    if row.counts.pending:
        return f"{row.counts.pending:,} wait, as its status says; who they are may not be read."
    return "Nothing waits here."
