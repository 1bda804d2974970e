"""The only writer to stdout: tables, documents and lines, for a person, a pipe or a screen reader."""

import os
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any
from unicodedata import east_asian_width

from k8sai.commands import _talk
from k8sai.errors import Usage
from k8sai.view import Cell, Page, Table, Tone, Tree

# What a terminal that cannot show them gets instead of our glyphs.
_ASCII = str.maketrans("■□▂▃▄▅▆▇◊▼×░·…→├└─│", "#.++++++ovx-.~>|`-|")
_GAP = "  "
_NARROWEST = 8  # a cut column keeps at least so many characters


# --- bytes ------------------------------------------------------------------------------------------------------------


def line(text: str = "") -> None:
    """One line of talk that was asked for: a version, an overview, a change in a watch."""
    _write(f"{text}\n")
    flush()


def toned(text: str, tone: Tone) -> None:
    """One line in its tone where there is colour."""
    flat = _talk.one_line(text)
    line(_talk.paint(flat, tone) if _talk.colourful(sys.stdout) else flat)


def flush() -> None:
    """Data before talk: called before anything is said on stderr. A full disk is told, a closed pipe is raised."""
    _guarded(lambda: None if _closed() else sys.stdout.flush())


def abandon() -> None:
    """Nobody reads any more: nothing may be flushed at exit."""
    if not _closed():
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _closed() -> bool:
    return sys.stdout is None or sys.stdout.closed


def _write(text: str, *, exact: bool = False) -> None:
    """`exact` text is UTF-8 whatever the terminal; other text is bent to what the terminal can show."""
    if _closed():
        return
    encoding = sys.stdout.encoding or "utf-8"
    if exact:
        data = text.encode()
    else:
        try:
            data = text.encode(encoding)
        except UnicodeEncodeError:
            data = text.translate(_ASCII).encode(encoding, "replace")
    _guarded(lambda: _put(data))


def _put(data: bytes) -> None:
    sys.stdout.flush()
    sys.stdout.buffer.write(data)


def _guarded(write: Callable[[], object]) -> None:
    try:
        write()
    except BrokenPipeError:
        raise
    except OSError as error:
        abandon()
        raise Usage(f"the output cannot be written: {error.strerror or error}", "write it somewhere else") from error


# --- documents --------------------------------------------------------------------------------------------------------


def json(document: Mapping[str, Any]) -> None:
    """Indented JSON; keys in the order they were built in."""
    import msgspec

    _write(msgspec.json.format(msgspec.json.encode(document), indent=2).decode() + "\n", exact=True)


def json_line(document: Mapping[str, Any]) -> None:
    """One document on one line, sent at once."""
    import msgspec

    _write(msgspec.json.encode(document).decode() + "\n", exact=True)
    flush()


def yaml(document: Mapping[str, Any]) -> None:
    """Block YAML that YAML 1.1 and 1.2 readers understand alike."""
    from k8sai.commands._yaml import lines

    _write("\n".join(lines(document)) + "\n", exact=True)


def csv(heading: Iterable[str], rows: Iterable[Iterable[object]]) -> None:
    """RFC 4180 with line feeds; a heading first."""
    import csv as rfc4180
    from io import StringIO

    text = StringIO()
    writer = rfc4180.writer(text, lineterminator="\n")
    writer.writerow(heading)
    writer.writerows(rows)
    _write(text.getvalue(), exact=True)


def names(kind: str, found: Iterable[str]) -> None:
    """`kind/name` lines, as `kubectl -o name`."""
    _write("".join(f"{kind}/{name}\n" for name in found), exact=True)


# --- pages ------------------------------------------------------------------------------------------------------------


def page(what: Page, *, wide: bool = False, headings: bool = True, plain: bool = False) -> None:
    """Tables and trees, an empty line between them. On a terminal no line is longer than it is wide, unless `wide`."""
    colour = not plain and _talk.colourful(sys.stdout)
    paint = _talk.paint if colour else _as_it_is
    parts: list[str] = []
    for part in what.parts:
        if isinstance(part, Tree):
            parts.append("\n".join(_tree_lines(part, paint, plain=plain)))
        elif part.rows and plain:
            parts.append("\n".join(_sentences(part, wide=wide)))
        elif part.rows:
            width = None if wide else _terminal_width()
            parts.append("\n".join(_table_lines(part, paint, wide=wide, headings=headings, width=width)))
    if parts:
        _write("\n\n".join(parts) + "\n")


def _as_it_is(text: str, _tone: Tone) -> str:
    return text


def _terminal_width() -> int | None:
    """Columns of the terminal, None in a pipe."""
    if _closed() or not sys.stdout.isatty():
        return None
    return shutil.get_terminal_size().columns


def _sentences(table: Table, *, wide: bool) -> Iterator[str]:
    """A row as one line of words and values, for ears: "node gpu-1, product H100, free 2"."""
    if table.title:
        yield f"{table.title}: {len(table.rows)}"
    for row in table.rows:
        said = zip(table.columns, row.cells, strict=True)
        words = ((column.title.lower(), _clean(cell.text)) for column, cell in said if wide or not column.wide)
        yield ", ".join(f"{title} {text}" for title, text in words if text)


def _tree_lines(tree: Tree, paint: Callable[[str, Tone], str], *, plain: bool) -> Iterator[str]:
    yield paint(_clean(tree.cell.text), tree.cell.tone)
    for number, child in enumerate(tree.children):
        last = number == len(tree.children) - 1
        first, others = ("  ", "  ") if plain else ("└─ ", "   ") if last else ("├─ ", "│  ")
        for at, text in enumerate(_tree_lines(child, paint, plain=plain)):
            yield (others if at else first) + text


def _table_lines(
    table: Table, paint: Callable[[str, Tone], str], *, wide: bool, headings: bool, width: int | None
) -> Iterator[str]:
    shown = [i for i, column in enumerate(table.columns) if wide or not column.wide]
    rows = [[Cell(_clean(row.cells[i].text), row.cells[i].tone) for i in shown] for row in table.rows]
    heads = [Cell(table.columns[i].title, "dim") for i in shown]
    grid = [heads, *rows] if headings else rows
    widths = [max((_width(line[n].text) for line in grid), default=0) for n in range(len(shown))]
    if width is not None:
        widths = _fitted(widths, [table.columns[i].shrink for i in shown], width)
    right = [table.columns[i].align == "right" for i in shown]
    for cells in grid:
        yield _row(cells, widths, right, paint)


def _fitted(widths: list[int], shrink: list[bool], width: int) -> list[int]:
    """Narrower columns: those that may be cut first, the widest first; then columns are left out from the right."""
    widths = list(widths)
    floor = [min(w, _NARROWEST) if may else w for w, may in zip(widths, shrink, strict=True)]
    while len(widths) > 1 and sum(floor[: len(widths)]) + len(_GAP) * (len(widths) - 1) > width:
        widths.pop()
    excess = sum(widths) + len(_GAP) * (len(widths) - 1) - width
    while excess > 0:
        candidates = [n for n in range(len(widths)) if widths[n] > floor[n]]
        if not candidates:
            break
        widths[max(candidates, key=lambda n: widths[n])] -= 1
        excess -= 1
    return widths


def _row(cells: list[Cell], widths: list[int], right: list[bool], paint: Callable[[str, Tone], str]) -> str:
    """One line; `widths` may be shorter than `cells`. Spaces are outside the colour, none at the end."""
    out = []
    for cell, width, to_right in zip(cells, widths, right, strict=False):
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
