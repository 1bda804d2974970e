"""The lines of the tree of queues: which rows are shown, in which order, and the branches before them."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from k8sai.tui.glyphs import Glyphs

if TYPE_CHECKING:
    from k8sai.queues.rows import Row
    from k8sai.queues.shown.figures import Figures


@dataclass(frozen=True, slots=True)
class TreeLine:
    """A share of a node; `first` of a node also tells what is of the node and not of the share."""

    row: "Row"
    figures: "Figures | None"
    branch: str
    first: bool = True

    @property
    def key(self) -> str:
        """That of the row; of further shares with their flavor and resource."""
        return self.row.key if self.first or self.figures is None else " ".join((self.row.key, *self.figures.share))


def troubled(row: "Row") -> bool:
    """It admits nothing, or its head waits although there is room."""
    return row.active is False or row.blocked_head is not None


def with_parents(rows: "Sequence[Row]", keep: "Callable[[Row], bool]") -> "tuple[Row, ...]":
    """Those that are to be kept, and what is above them."""
    parents = {row.key: row.parent for row in rows}
    kept: set[str] = set()
    for row in rows:
        key = row.key if keep(row) else ""
        while key and key not in kept:
            kept.add(key)
            key = parents.get(key, "")
    return tuple(row for row in rows if row.key in kept)


def without_local(rows: "Iterable[Row]") -> "tuple[Row, ...]":
    """Without the LocalQueues of a ClusterQueue; those that lead nowhere stay."""
    return tuple(row for row in rows if row.kind != "lq" or not row.parent)


def tree_lines(rows: "Sequence[Row]", glyphs: Glyphs, *, reverse: bool = False) -> list[TreeLine]:
    """As a tree; `reverse` turns the members of each node round, never a node and what is below it."""
    ordered = list(_reversed(rows)) if reverse else list(rows)
    found: list[TreeLine] = []
    following = [*(row.depth for row in ordered[1:]), 0][: len(ordered)]
    for row, branch, depth in zip(ordered, _branches(ordered, glyphs), following, strict=True):
        found += _of(row, branch, glyphs, parent=depth > row.depth)
    return found


def sorted_lines(rows: "Iterable[Row]", sort: str, *, reverse: bool) -> list[TreeLine]:
    """As a list without branches, by a column."""
    ordered = sorted(rows, key=ORDERS[sort], reverse=reverse)
    return [TreeLine(row, figures, "", not number) for row in ordered for number, figures in _shares(row)]


def _of(row: "Row", branch: str, glyphs: Glyphs, *, parent: bool) -> Iterator[TreeLine]:
    """Beside further shares go the branches to what comes below."""
    one, last, passing = glyphs.branches
    below = branch.removesuffix(last) + "  " if branch.endswith(last) else branch.removesuffix(one)
    below += passing if branch.endswith(one) else ""
    below += passing if parent else "  "
    for number, figures in _shares(row):
        yield TreeLine(row, figures, below if number else branch, not number)


def _shares(row: "Row") -> "Iterator[tuple[int, Figures | None]]":
    yield from enumerate(row.figures or (None,))


def _branches(rows: "Sequence[Row]", glyphs: Glyphs) -> list[str]:
    """What leads to each row; from the last, because only then it is known which branches go on."""
    one, last, passing = glyphs.branches
    found: list[str] = []
    below: set[int] = set()  # depths at which another node follows under the same parent
    for row in reversed(rows):
        lines = [passing if level in below else "  " for level in range(1, row.depth)]
        end = (one if row.depth in below else last) if row.depth else ""
        found.append("".join(lines) + end)
        below = {level for level in below if level < row.depth} | {row.depth}
    return found[::-1]


def _reversed(rows: "Sequence[Row]") -> "Iterator[Row]":
    """Blocks of a node and what is below it, the last first; within a block the same."""
    starts = [number for number, row in enumerate(rows) if row.depth == rows[0].depth]
    ends = [*starts[1:], len(rows)][: len(starts)]
    for start, end in reversed([*zip(starts, ends, strict=True)]):
        yield rows[start]
        yield from _reversed(rows[start + 1 : end])


def largest(row: "Row", figure: "Callable[[Figures], int | None]") -> int:
    """Of its shares."""
    return max((figure(one) or 0 for one in row.figures), default=0)


ORDERS: Final[dict[str, "Callable[[Row], Any]"]] = {
    "nominal": lambda row: (-largest(row, lambda one: one.total), row.key),
    "reserved": lambda row: (-largest(row, lambda one: one.reserved), row.key),
    "borrowed": lambda row: (-largest(row, lambda one: one.borrowed), row.key),
    "available": lambda row: (-largest(row, lambda one: one.available), row.key),
    "most": lambda row: (-largest(row, lambda one: one.potential), row.key),
    "pending": lambda row: (-row.counts.pending, row.key),
    "asked": lambda row: (-row.gpus_wanted, row.key),
    "running": lambda row: (-row.counts.running, row.key),
    "oldest": lambda row: (row.counts.oldest or float("inf"), row.key),
    "active": lambda row: (not troubled(row), row.reason, row.key),
}


def resource_words(rows: "Iterable[Row]") -> "dict[str, str]":
    """What each resource is called; empty where there is one alone, which every line means."""
    from k8sai.queues import words

    called = words.short_names(one.share.resource for row in rows for one in row.figures)
    return called if len(called) > 1 else {}


def share_words(figures: "Figures", *, flavors: bool, resources: "Mapping[str, str]") -> str:
    """`h100 GPU`, as far as lines differ in it; `resources` are what they are called, empty where there is one."""
    share = figures.share
    said = ([share.flavor] if flavors else []) + [resources.get(share.resource, "")]
    return " ".join(filter(None, said))
