"""`top` once: what is there now, as tables, words, a document or names. What one does not need is not imported."""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from k8sai.commands import _notes, _print, _talk
from k8sai.commands._lists import LISTS, Reading
from k8sai.commands._top_wanted import Wanted
from k8sai.errors import Exit
from k8sai.fleet.index import Fleet
from k8sai.fleet.picture import Picture, Scope, take

if TYPE_CHECKING:
    from k8sai.cluster.objects import Objects
    from k8sai.view import Page


def once(wanted: Wanted) -> int:
    """The exit code: PARTIAL where something is hidden."""
    scope = wanted.scope()
    fleet = Fleet()
    with _uncollected():
        picture, ask = (
            _from_recording(wanted.recording, fleet, scope) if wanted.recording else _from_cluster(wanted, fleet, scope)
        )
        reading = Reading(picture, fleet, bars=not wanted.plain, ask=ask)
        rows = LISTS[wanted.by or "node"].rows(reading)
        _show(reading, wanted, rows)
    _print.flush()
    _say(picture, wanted, empty=not rows)
    return Exit.OK if picture.complete else Exit.PARTIAL


@contextmanager
def _uncollected() -> Iterator[None]:
    """Python's garbage collector rests: what is read is needed to the end, and walking it is a tenth of the time."""
    import gc

    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.freeze()  # else all of it would be walked at the next chance, or at the exit
            gc.enable()


def _from_recording(path: Path, fleet: Fleet, scope: Scope) -> "tuple[Picture, Callable[[], Objects | None]]":
    from k8sai.cluster.recording import open_recording

    recorded, feed, objects = open_recording(path)
    feed(fleet)
    picture = take(fleet, context=recorded.context, at=recorded.at, sources=recorded.sources, scope=scope)
    return picture, lambda: objects


def _from_cluster(wanted: Wanted, fleet: Fleet, scope: Scope) -> "tuple[Picture, Callable[[], Objects | None]]":
    from k8sai.cluster.connect import connect
    from k8sai.cluster.live import read_once
    from k8sai.cluster.objects import LiveObjects
    from k8sai.commands._meters import read_meter

    connection = connect(wanted.options)
    with _talk.Progress(f"reading {connection.server}"):
        sources = read_once(connection, fleet)
    if wanted.meter is not None:
        watched = f"watching the cards for {wanted.meter.watch:g} s" if wanted.meter.watch else ""
        with _talk.Progress(watched or "asking how busy the cards are"):
            nodes = set(wanted.names or fleet.node_names(scope.nodes))
            sources += (read_meter(wanted.meter, connection, fleet, nodes),)
    at = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    picture = take(fleet, context=connection.context, at=at, sources=sources, scope=scope)
    return picture, lambda: LiveObjects(connection)


def _show(reading: Reading, wanted: Wanted, rows: Sequence[Any]) -> None:
    picture = reading.picture
    if wanted.output in ("json", "yaml"):
        from k8sai.fleet.document import document

        (_print.json if wanted.output == "json" else _print.yaml)(document(picture))
    elif wanted.output == "csv":
        _print.csv(*flat(reading, wanted, rows))
    elif wanted.output == "name":
        shown = LISTS[wanted.by or "node"]
        _print.names((wanted.by or "node") if shown.kind is None else shown.kind, map(shown.name, rows))
    elif picture.shows_gpus or wanted.every_node:
        page = _page(reading, wanted, rows)
        _print.page(page, wide=wanted.output == "wide", headings=wanted.headings, plain=wanted.plain)
        _print.flush()
        for note in page.notes:
            _talk.note(note)


def _page(reading: Reading, wanted: Wanted, rows: Sequence[Any]) -> "Page":
    """One list, or the overview."""
    from k8sai.fleet import tables
    from k8sai.view import Page

    if wanted.by:
        shown = LISTS[wanted.by]
        head = shown.head(reading)
        return Page((*((head,) if head is not None else ()), shown.table(rows, reading)))
    return tables.overview(reading.picture, bars=reading.bars)


def flat(reading: Reading, wanted: Wanted, rows: Sequence[Any]) -> tuple[list[str], list[list[object]]]:
    """Heading and rows for a spreadsheet: from the document where it has the list, else the table's own cells."""
    by = wanted.by or "node"
    if LISTS[by].key:
        from k8sai.fleet import document

        return document.flat(document.document(reading.picture), LISTS[by].key)
    table = LISTS[by].table(rows, reading)
    return [column.title.lower() for column in table.columns], [[cell.text for cell in row.cells] for row in table.rows]


def _say(picture: Picture, wanted: Wanted, *, empty: bool) -> None:
    filtered = bool(wanted.labels or wanted.product)
    notes = [*_notes.gaps(picture), *_notes.emptiness(picture, filtered=filtered)]
    if not notes and wanted.by and empty:
        notes.append(_notes.empty_list(wanted.by, wanted.options.namespace))
    if wanted.output in (None, "table", "wide") and not wanted.plain and sys.stdout is not None and sys.stdout.isatty():
        notes += _notes.signs(picture)
    for note in notes:
        _talk.note(note)
