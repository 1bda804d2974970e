"""`top` once: what is there now, as tables, words, a document or names. What one does not need is not imported."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from k8sai.ages import stamp
from k8sai.commands import _notes, _print, _talk
from k8sai.commands._lists import LISTS, Reading
from k8sai.commands._top_wanted import Wanted
from k8sai.errors import Exit
from k8sai.fleet.index import Fleet
from k8sai.fleet.picture import Picture, Scope, take

if TYPE_CHECKING:
    from k8sai.cluster.objects import Objects
    from k8sai.cluster.sources import Sink
    from k8sai.scheduling.later import Later
    from k8sai.view import Page


def once(wanted: Wanted) -> int:
    """The exit code: PARTIAL where something is hidden."""
    scope = wanted.scope()
    fleet = Fleet()
    later = later_for(wanted, fleet)
    sink = fleet if later is None else later
    with _uncollected():
        picture, ask = (
            _from_recording(wanted.recording, fleet, sink, scope)
            if wanted.recording
            else _from_cluster(wanted, fleet, sink, scope)
        )
        reading = Reading(picture, fleet, bars=not wanted.plain, ask=ask, later=later)
        rows = LISTS[wanted.by or "node"].rows(reading)
        _show(reading, wanted, rows)
    _print.flush()
    _say(picture, wanted, empty=not rows)
    return Exit.OK if picture.complete else Exit.PARTIAL


def later_for(wanted: Wanted, fleet: Fleet) -> "Later | None":
    """Where CPU, memory and taints matter to what is shown: what is stranded, and which sizes start."""
    overview = wanted.by is None and wanted.output in (None, "table", "wide", "json", "yaml")
    if not overview and wanted.by not in ("stranded", "size"):
        return None
    from k8sai.scheduling.later import Later

    return Later(fleet)


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


def _from_recording(
    path: Path, fleet: Fleet, sink: "Sink", scope: Scope
) -> "tuple[Picture, Callable[[], Objects | None]]":
    from k8sai.cluster.recording import open_recording

    recorded, feed, objects = open_recording(path)
    feed(sink)
    picture = take(fleet, context=recorded.context, at=recorded.at, sources=recorded.sources, scope=scope)
    return picture, lambda: objects


def _from_cluster(
    wanted: Wanted, fleet: Fleet, sink: "Sink", scope: Scope
) -> "tuple[Picture, Callable[[], Objects | None]]":
    from k8sai.cluster.connect import connect
    from k8sai.cluster.live import read_once
    from k8sai.cluster.objects import LiveObjects
    from k8sai.commands._meters import read_meter

    connection = connect(wanted.options)
    with _talk.Progress(f"reading {connection.server}"):
        sources = read_once(connection, sink)
    if wanted.meter is not None:
        watched = f"watching the cards for {wanted.meter.watch:g} s" if wanted.meter.watch else ""
        with _talk.Progress(watched or "asking how busy the cards are"):
            nodes = set(wanted.names or fleet.node_names(scope.nodes))
            sources += (read_meter(wanted.meter, connection, fleet, nodes),)
    at = stamp(time.time())
    picture = take(fleet, context=connection.context, at=at, sources=sources, scope=scope)
    return picture, lambda: LiveObjects(connection)


def _show(reading: Reading, wanted: Wanted, rows: Sequence[Any]) -> None:
    picture = reading.picture
    if wanted.output in ("json", "yaml"):
        from k8sai.fleet.document import document

        _print.document({**document(picture), **_use(reading)}, wanted.output)
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
    from k8sai.view import Cell, Page, Tone, Tree

    if wanted.by:
        shown = LISTS[wanted.by]
        head = shown.head(reading)
        return Page((*((head,) if head is not None else ()), shown.table(rows, reading)))
    page = tables.overview(reading.picture, bars=reading.bars)
    first, stranded = page.parts[0], reading.stranded
    if stranded is None or not isinstance(first, Tree) or reading.picture.scope.narrows_nodes or not stranded.free:
        return page
    tone: Tone = "warn" if stranded.stranded else "plain"
    return Page((Tree(first.cell, (Tree(Cell(stranded.sentence, tone)),)), *page.parts[1:]), page.notes)


def _use(reading: Reading) -> dict[str, Any]:
    """The keys about what the free cards are good for."""
    from k8sai.fit import document

    found = reading.stranded
    if found is None:
        return {"stranded": None, "sizes": None}
    return {"stranded": document.stranded(found), "sizes": document.sizes(found.sizes)}


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
    if wanted.shows_bars and _print.on_terminal():
        notes += _notes.signs(picture)
    for note in notes:
        _talk.note(note)
