"""`evict status` at work."""

import time
from typing import TYPE_CHECKING, Final

from k8sai.commands import _print, _talk
from k8sai.commands._evict_said import show
from k8sai.commands._evict_site import Site
from k8sai.errors import Exit, Usage
from k8sai.view import Note

if TYPE_CHECKING:
    from k8sai.evict.keeping.find import Listed

_EVERY: Final = 2.0  # seconds between two looks


def show_one(site: Site, drain: str, output: str) -> int:
    """The exit code."""
    listed = _read(site, drain)
    code = code_of(listed)
    show(site, listed, output, code)
    _print.flush()
    say_next(listed, output)
    return code


def show_all(site: Site, output: str) -> int:
    """A line each, or a list of documents."""
    from k8sai.evict.shown.status_document import document, of_all
    from k8sai.evict.shown.status_table import listed

    drains, now = site.drains(), site.now()
    if output in ("json", "yaml"):
        made = [document(one, context=site.connection.context, now=now, code=code_of(one)) for one in drains]
        _print.document(of_all(made, context=site.connection.context, now=now), output)
    elif drains:
        _print.page(listed(drains, now), wide=output == "wide")
    else:
        _talk.note(Note("there is no drain", "plain", "`k8sai evict plan NODE` shows what one would do"))
    return 0


def follow(site: Site, drain: str, output: str) -> int:
    """A line for each thing that happens, until it is over; then the table."""
    if output in ("json", "yaml"):
        raise Usage("-w follows in lines", "leave -o out, or ask without -w")
    from k8sai.evict.state import OVER

    listed, seen = _read(site, drain), 0
    while True:
        state = listed.state
        lines = state.journal if state else ()
        for line in lines[min(seen, len(lines)) :]:
            _print.line(_talk.one_line(f"{line.at} {line.on}: {line.text or line.word}"))
        seen = len(lines)
        if state is None or state.stage in OVER or listed.orphaned:
            return show_one(site, listed.id, output)
        time.sleep(_EVERY)
        listed = _read(site, listed.id)


def _read(site: Site, drain: str) -> "Listed":
    with _talk.Progress(f"reading {site.connection.server}"):
        return site.drain(drain)


def code_of(listed: "Listed") -> Exit:
    """What the state of a drain is worth."""
    from k8sai.evict.running.outcome import exit_of

    if listed.state is None:
        return Exit.NOT_FOUND
    return Exit.ORPHANED if listed.orphaned else exit_of(listed.state)


def say_next(listed: "Listed", output: str) -> None:
    """The command that a person would type now."""
    from k8sai.evict.shown.status_document import BLIND

    if listed.blind and output in ("table", "wide"):
        _talk.note(Note(BLIND, "warn", "`k8sai evict rbac --for status` prints the role"))
    if output in ("table", "wide") and (listed.orphaned or listed.state is None):
        text = "nobody carries it on" if listed.state else "its state cannot be read"
        command = f"`k8sai evict resume {listed.id}` goes on, `k8sai evict abort {listed.id}` takes it back"
        _talk.note(Note(text, "warn", command))
