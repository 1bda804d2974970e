"""The only writer to stdout: tables, documents and lines, for a person, a pipe or a screen reader."""

import os
import sys
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from k8sai.commands import _talk
from k8sai.errors import Usage

if TYPE_CHECKING:
    from k8sai.view import Cell, Page, Tone

# What a terminal that cannot show them gets instead of our glyphs.
_ASCII = str.maketrans("■□▁▂▃▄▅◊▼×░·…→├└─│≈–", "#.+++++ovx-.~>|`-|~-")


# --- bytes ------------------------------------------------------------------------------------------------------------


def line(text: str = "") -> None:
    """One line of talk that was asked for: a version, an overview, a change in a watch."""
    _write(f"{text}\n")
    flush()


def toned(text: str, tone: "Tone") -> None:
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


def outlived(say: Callable[[], None]) -> None:
    """Says it if anybody reads: work on a cluster is neither left half done nor called done because of its output."""
    try:
        say()
    except BrokenPipeError:
        abandon()
    except Usage as error:
        _talk.error(error.message)


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
        raise unwritable(error) from error


def unwritable(error: OSError) -> Usage:
    """What is said of an output that takes nothing."""
    return Usage(f"the output cannot be written: {error.strerror or error}", "write it somewhere else")


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
    from k8sai.yaml_out import lines

    _write("\n".join(lines(document)) + "\n", exact=True)


def document(what: Mapping[str, Any], output: str) -> None:
    """A document as `-o json` or `-o yaml` asks for it."""
    (json if output == "json" else yaml)(what)


def text(exact: str) -> None:
    """A text as it is, to be read by programs: files that somebody will own."""
    _write(exact, exact=True)


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
    """`kind/name` lines, as `kubectl -o name`; without a kind where names begin with one."""
    before = f"{kind}/" if kind else ""
    _write("".join(f"{before}{name}\n" for name in found), exact=True)


def tagged_names(found: Iterable[tuple[str, str, Iterable[str]]]) -> None:
    """The same of several clusters: the context and a tab before each; a context may have slashes in it."""
    lines = (f"{context}\t{kind}/{name}\n" for context, kind, names in found for name in names)
    _write("".join(lines), exact=True)


# --- pages ------------------------------------------------------------------------------------------------------------


def page(what: "Page", *, wide: bool = False, headings: bool = True, plain: bool = False) -> None:
    """Tables and trees, an empty line between them. On a terminal no line of a table is longer than that is wide,
    unless `wide`.
    """
    from k8sai.commands import _layout

    colour = not plain and _talk.colourful(sys.stdout)
    style = _layout.Style(
        wide=wide, headings=headings, plain=plain, width=_terminal_width(), paint=_talk.paint if colour else None
    )
    _write(_layout.text(what, style))


def repaint(what: "Page", painted: int, *, wide: bool = False) -> int:
    """The page where the last one was, `painted` lines above the cursor; how many lines it has now.

    What does not fit below each other on the terminal is left out, and said to be.
    """
    import shutil

    from k8sai.commands import _layout

    size = shutil.get_terminal_size()
    paint = _talk.paint if _talk.colourful(sys.stdout) else None
    lines = _layout.text(what, _layout.Style(wide=wide, width=size.columns, paint=paint)).splitlines()
    most = max(1, size.lines - 2)
    if len(lines) > most:
        lines = [*lines[: most - 1], f"… {len(lines) - most + 1} more lines"]
    up = f"\x1b[{painted}A" if painted else ""
    body = "".join(f"\r{line}\x1b[K\n" for line in lines)
    _write(f"{up}\x1b[?7l{body}\x1b[?7h\x1b[J")  # a line that is too long is cut, not wrapped
    flush()
    return len(lines)


def block(cells: "Iterable[Cell]") -> None:
    """Lines as they are, each in its tone where there is colour."""
    from k8sai.commands import _layout

    _write(_layout.block(cells, _talk.paint if _talk.colourful(sys.stdout) else None))


def folded(cells: "Iterable[Cell]", indent: str = "  ") -> None:
    """The same; on a terminal what is longer than that is wide is broken between words."""
    from k8sai.commands import _layout
    from k8sai.view import Cell

    block(Cell(line, one.tone) for one in cells for line in _layout.folded([one.text], _terminal_width(), indent))


def on_terminal() -> bool:
    """Whether somebody looks at a terminal; False where nothing is open to write to."""
    return not _closed() and sys.stdout.isatty()


def width() -> int | None:
    """Columns of the terminal, None in a pipe: for those who fold their lines themselves."""
    return _terminal_width()


def _terminal_width() -> int | None:
    """Columns of the terminal, None in a pipe."""
    if not on_terminal():
        return None
    import shutil

    return shutil.get_terminal_size().columns
