"""The tree of queues as a table: a line per node and share, the most telling columns first."""

from collections.abc import Iterable, Iterator, Mapping

from k8sai.ages import human
from k8sai.queues import words
from k8sai.queues.facts import Cohort
from k8sai.queues.rows import CYCLE, Row
from k8sai.queues.shown.counts import Counts
from k8sai.queues.shown.figures import Figures
from k8sai.view import Cell, Column, Table
from k8sai.view import Row as Line

_BAR = 10  # characters
_LONG = 40  # characters of a name, with the branches before it
_INFINITE = 9223372036854775807
_NOTHING = Cell("")

LEGEND = "■ its own quota in use  ░ borrowed  × its quota in use by others  □ free"


def table(rows: Iterable[Row], at: float, *, bars: bool = False, plain: bool = False) -> Table:
    """`bars` end each line; `plain` names every node in full on every line instead of drawing a tree."""
    shown = tuple(rows)
    resources = words.short_names(figures.share.resource for row in shown for figures in row.figures)
    called = resources if len(resources) > 1 else {}
    names = dict(zip((row.key for row in shown), _names(shown, plain=plain), strict=True))
    lines: list[Line] = []
    for row in shown:
        for number, figures in enumerate(row.figures or (None,)):
            name = names[row.key][min(number, 1)]
            key = row.key if figures is None or len(row.figures) == 1 else f"{row.key} {' '.join(figures.share)}"
            cells = _cells(row, figures, at, called, first=plain or number == 0, bars=bars)
            lines.append(Line(key, (name, *cells)))
    widest = max((len(name.text) for name, _ in names.values()), default=0)
    flavors = {figures.share.flavor for row in shown for figures in row.figures} - {""}
    columns = _columns(widest, flavors=plain or len(flavors) > 1, several=bool(called), bars=bars)
    return without_empty(Table(columns, tuple(lines)))


def without_empty(what: Table) -> Table:
    """Columns in which no line says anything are left out; the first stays."""
    said = [n for n in range(len(what.columns)) if n == 0 or any(line.cells[n].text for line in what.rows)]
    rows = tuple(Line(line.key, tuple(line.cells[n] for n in said)) for line in what.rows)
    return Table(tuple(what.columns[n] for n in said), rows, what.title, what.named)


def _columns(widest: int, *, flavors: bool, several: bool, bars: bool) -> tuple[Column, ...]:
    """Names are cut only where they are very long; one flavor that all share is worth no column."""
    before, after = "NOMINAL RESERVED AVAIL PENDING", "ASKED BORROWED MAX RUNNING OLDEST ADMITTED SHARE"
    return (
        Column("QUEUE", shrink=widest > _LONG),
        Column("ACTIVE", shrink=True),
        Column("FLAVOR", shrink=True, wide=not flavors),
        *((Column("RESOURCE", shrink=True),) if several else ()),
        *(Column(title, "right") for title in before.split()),
        *((Column("USE"),) if bars else ()),
        *(Column(title, "right") for title in after.split()),
        *(Column(title, "right", wide=True) for title in ("LENT", "OWN", "BORROWLIMIT", "LENDLIMIT", "WEIGHT")),
    )


def _cells(
    row: Row, figures: Figures | None, at: float, called: Mapping[str, str], *, first: bool, bars: bool
) -> Iterator[Cell]:
    """`first`: the line that also says what is of the node and not of a share. `called`: resources, where several."""
    counts = row.counts
    blocked = row.blocked_head is not None
    resource = figures.share.resource if figures else ""

    def amount(value: int | None, *, quiet: bool = False) -> Cell:
        return _NOTHING if value is None or (quiet and not value) else Cell(words.amount(resource, value))

    yield _active(row) if first else _NOTHING
    yield Cell(figures.share.flavor if figures else "")
    if called:
        yield Cell(called.get(resource, ""))
    yield amount(figures.total if figures else None)
    yield amount(figures.reserved if figures else None)
    yield _available(figures, blocked=blocked)
    yield _pending(counts, blocked=blocked) if first else _NOTHING
    if bars:
        yield Cell(bar(figures) if figures else "")
    yield amount(figures.pending if figures else None, quiet=True)
    yield amount(figures.borrowed if figures else None, quiet=True)
    yield amount(figures.potential if figures else None)
    yield Cell(str(counts.running)) if first else _NOTHING
    yield Cell(human(max(0.0, at - counts.oldest)) if first and counts.oldest is not None else "")
    yield amount(figures.admitted if figures else None)
    yield Cell(_share(row.weighted_share) if first else "")
    yield amount(figures.lent if figures else None, quiet=True)
    yield amount(figures.nominal if figures else None)
    yield amount(figures.borrowing_limit if figures else None)
    yield amount(figures.lending_limit if figures else None)
    yield Cell(f"{row.owner.weight:g}" if first and row.owner.weight != 1 else "")


def bar(figures: Figures, width: int = _BAR) -> str:
    """Of what it has and uses: its own quota in use, borrowed, lent, free. "" where it has no quota."""
    if figures.total is None or max(figures.total, figures.reserved) <= 0:
        return ""
    borrowed = max(0, figures.reserved - figures.total)
    own = figures.reserved - borrowed
    free = max(0, figures.total - own)
    lent = min(free, figures.lent or 0) if free else 0
    return _shares(((own, "■"), (borrowed, "░"), (lent, "×"), (free - lent, "□")), width)


def _shares(parts: tuple[tuple[int, str], ...], width: int) -> str:
    """Each part as much of the width as of the sum; what is there at all is seen, by its larger neighbours' loss."""
    whole = sum(amount for amount, _ in parts)
    sizes = [max(1, round(width * amount / whole)) if amount else 0 for amount, _ in parts]
    while sum(sizes) != width:
        largest = max(range(len(sizes)), key=sizes.__getitem__)
        sizes[largest] += 1 if sum(sizes) < width else -1
    return "".join(glyph * size for size, (_, glyph) in zip(sizes, parts, strict=True))


def _names(rows: tuple[Row, ...], *, plain: bool) -> Iterator[tuple[Cell, Cell]]:
    """`cohort/ai`, `cq/finetune`, `lq/ft/main`, behind the branches of their tree; and what stands below a name."""
    for row, (before, below) in zip(rows, _branches(rows), strict=True):
        implied = isinstance(row.owner, Cohort) and row.owner.implied
        name = Cell(row.key if plain else before + row.key, "dim" if implied else "plain")
        yield name, name if plain else Cell(below)


def _branches(rows: tuple[Row, ...]) -> list[tuple[str, str]]:
    """What leads to each row, and past its further lines; from the last, because only then it is known what goes on."""
    found: list[tuple[str, str]] = []
    levels: set[int] = set()  # depths at which another node follows under the same parent
    after = 0  # depth of the row below
    for row in reversed(rows):
        lines = "".join("│  " if level in levels else "   " for level in range(1, row.depth))
        end, past = ("├─ ", "│  ") if row.depth in levels else ("└─ ", "   ")
        leads = (lines + end, lines + past) if row.depth else ("", "")
        found.append((leads[0], leads[1] + "│" if after > row.depth else leads[1].rstrip()))
        levels = {level for level in levels if level < row.depth} | {row.depth}
        after = row.depth
    return found[::-1]


def _active(row: Row) -> Cell:
    if row.active is False:
        follows = row.reason == "ClusterQueueIsInactive"  # the line above says why
        return Cell("no" if follows or not row.reason else row.reason, "bad")
    if isinstance(row.owner, Cohort):
        return Cell("implied" if row.owner.implied else "", "dim")
    return Cell("yes", "plain") if row.active else Cell("?", "dim")


def _available(figures: Figures | None, *, blocked: bool) -> Cell:
    if figures is None or figures.available is None:
        return _NOTHING
    text = words.amount(figures.share.resource, figures.available)
    return Cell(text, "bad" if figures.available < 0 or blocked else "plain")


def _pending(counts: Counts, *, blocked: bool) -> Cell:
    """`2+6`: two in line, six put aside until something changes."""
    if not counts.pending:
        return _NOTHING
    parted = counts.active is not None and counts.parked
    text = f"{counts.active}+{counts.parked}" if parted else str(counts.pending)
    return Cell(text, "bad" if blocked else "warn")


def _share(weighted: int | None) -> str:
    return "" if weighted is None else "∞" if weighted == _INFINITE else str(weighted)


def inactive(rows: Iterable[Row]) -> Iterator[Row]:
    """Those that admit nothing, of which something is to be said: not those that only follow what is above them."""
    shown = tuple(rows)
    cycles = {row.key for row in shown if row.kind == "cohort" and row.reason == CYCLE}
    for row in shown:
        follows = row.reason == "ClusterQueueIsInactive" or row.parent in cycles
        if row.active is False and row.message and not follows:
            yield row
