"""How tables and trees become lines: aligned, cut to the terminal, in colour, or in words. Pure: nothing is printed."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from textwrap import wrap
from unicodedata import east_asian_width

from k8sai.view import Cell, Column, Page, Table, Tone, Tree

_GAP = "  "
_NARROWEST = 12  # a cut column keeps at least so many characters

Paint = Callable[[str, Tone], str]


def _as_it_is(text: str, _tone: Tone) -> str:
    return text


@dataclass(frozen=True, slots=True)
class Style:
    """`width` is the terminal's, None in a pipe; `paint` colours a text, None where there is no colour."""

    wide: bool = False
    headings: bool = True
    plain: bool = False
    width: int | None = None
    paint: Paint | None = None


def text(what: Page, style: Style) -> str:
    """The page; an empty table is left out."""
    parts = ["\n".join(_part(part, style)) for part in what.parts if isinstance(part, Tree) or part.rows]
    return "\n\n".join(parts) + "\n" if parts else ""


def block(cells: Iterable[Cell], paint: Paint | None = None) -> str:
    """Lines as they are, indents kept, none cut: each in its tone."""
    told = paint or _as_it_is
    return "".join(f"{told(_clean(cell.text), cell.tone)}\n" for cell in cells)


def _part(part: Table | Tree, style: Style) -> Iterator[str]:
    paint = style.paint or _as_it_is
    if isinstance(part, Tree):
        return folded(_tree_lines(part, paint, plain=style.plain), None if style.plain else style.width)
    if style.plain:
        return _sentences(part, wide=style.wide)
    width = None if style.wide else style.width
    return _table_lines(part, paint, wide=style.wide, headings=style.headings, width=width)


def folded(texts: Iterable[str], width: int | None, indent: str = "  ") -> Iterator[str]:
    """Lines that a terminal would break anywhere are broken between words."""
    for line in texts:
        yield from wrap(line, width or 10**6, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)


def _sentences(table: Table, *, wide: bool) -> Iterator[str]:
    """A row as one line of words and values, for ears and logs: "pod team-a/train-0: cards 8, node gpu-1".

    What has no value is left out; nothing is ever cut.
    """
    if table.title:
        yield f"{table.title}: {len(table.rows)}"
    for row in table.rows:
        texts = [_clean(cell.text) for cell in row.cells]
        name = f"{table.columns[table.named - 1].title.lower()} {'/'.join(filter(None, texts[: table.named]))}"
        said = zip(table.columns[table.named :], texts[table.named :], strict=True)
        words = [f"{column.title.lower()} {text}" for column, text in said if text and (wide or not column.wide)]
        yield f"{name}: {', '.join(words)}" if words else name


def _tree_lines(tree: Tree, paint: Paint, *, plain: bool) -> Iterator[str]:
    yield paint(_clean(tree.cell.text), tree.cell.tone)
    for number, child in enumerate(tree.children):
        last = number == len(tree.children) - 1
        first, others = ("  ", "  ") if plain else ("└─ ", "   ") if last else ("├─ ", "│  ")
        for at, text in enumerate(_tree_lines(child, paint, plain=plain)):
            yield (others if at else first) + text


def _table_lines(table: Table, paint: Paint, *, wide: bool, headings: bool, width: int | None) -> Iterator[str]:
    shown = [i for i, column in enumerate(table.columns) if wide or not column.wide]
    rows = [[Cell(_clean(row.cells[i].text), row.cells[i].tone) for i in shown] for row in table.rows]
    heads = [Cell(table.columns[i].title, "dim") for i in shown]
    grid = [heads, *rows] if headings else rows
    widths = [max((_width(line[n].text) for line in grid), default=0) for n in range(len(shown))]
    columns = [table.columns[i] for i in shown]
    kept = list(range(len(columns)))
    if width is not None:
        kept, widths = _fitted(columns, widths, width)
    right = [columns[n].align == "right" for n in kept]
    for cells in grid:
        yield _row([cells[n] for n in kept], widths, right, paint)


def _fitted(columns: list[Column], widths: list[int], width: int) -> tuple[list[int], list[int]]:
    """Which columns are shown, and how wide: columns are left out from the right, spare ones first, until the others
    fit when those that may be cut are, the widest first.
    """
    floors = [min(w, _NARROWEST, width) if one.shrink else w for w, one in zip(widths, columns, strict=True)]
    kept = list(range(len(columns)))
    while len(kept) > 1 and sum(floors[n] for n in kept) + len(_GAP) * (len(kept) - 1) > width:
        kept.remove(max(kept, key=lambda n: (columns[n].spare, n)))
    return kept, _narrowed([widths[n] for n in kept], [floors[n] for n in kept], width)


def _narrowed(widths: list[int], floor: list[int], width: int) -> list[int]:
    """Cut where they may be, the widest first."""
    excess = sum(widths) + len(_GAP) * (len(widths) - 1) - width
    while excess > 0:
        candidates = [n for n in range(len(widths)) if widths[n] > floor[n]]
        if not candidates:
            break
        widths[max(candidates, key=lambda n: widths[n])] -= 1
        excess -= 1
    return widths


def _row(cells: list[Cell], widths: list[int], right: list[bool], paint: Paint) -> str:
    """One line. Spaces are outside the colour, none at the end."""
    out = []
    for cell, width, to_right in zip(cells, widths, right, strict=True):
        text = _cut(cell.text, width)
        space = " " * (width - _width(text))
        out.append(space + paint(text, cell.tone) if to_right else paint(text, cell.tone) + space)
    return _GAP.join(out).rstrip()


def _clean(text: str) -> str:
    """Nothing that moves a cursor or breaks a line, whoever wrote the text."""
    return text if text.isprintable() else "".join(c if c.isprintable() else " " for c in text)


def _width(text: str) -> int:
    """Terminal cells."""
    return len(text) if text.isascii() else sum(2 if east_asian_width(c) in "WF" else 1 for c in text)


def _cut(text: str, width: int) -> str:
    if _width(text) <= width:
        return text
    kept = text[: max(width - 1, 0)]
    while kept and _width(kept) > width - 1:
        kept = kept[:-1]
    return f"{kept}…"
