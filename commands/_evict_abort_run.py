"""`evict abort` at work: by whoever runs the drain, by ourselves, or by the marks alone."""

import threading
from typing import TYPE_CHECKING, Final

from k8sai.commands import _print, _talk
from k8sai.commands._evict_said import say_end
from k8sai.commands._evict_site import Site, interruptible
from k8sai.commands._evict_voice import Voice
from k8sai.errors import Exit, NotFound
from k8sai.view import Note

if TYPE_CHECKING:
    from k8sai.evict.keeping.find import Listed

_EVERY: Final = 2.0  # seconds between two looks at what another operator does


def run(site: Site, drain: str, output: str, *, take_over: bool) -> int:
    """The exit code."""
    from k8sai.evict.running.loop import Interrupted

    with interruptible() as stop, Voice(output) as voice:
        try:
            try:
                listed = site.drain(drain)
            except NotFound as error:
                return _by_marks(site, drain, voice, stop, error)
            if listed.state is None:
                return _by_marks(site, drain, voice, stop, None)
            if not take_over:
                listed = _by_others(site, listed, stop)
            if not _over(listed):
                _ourselves(site, listed, voice, stop, take_over=take_over)
        except Interrupted as error:
            voice.clear()
            _talk.note(Note(error.message, "warn", f"`k8sai evict abort {drain}` goes on"))
            return Exit.INTERRUPT
    listed = site.drain(drain)
    code = say_end(site, listed, output)
    parked = listed.state is not None and any(one.phase == "Parked" for one in listed.state.gangs)
    return Exit.PARTIAL if parked else code if code != Exit.FAILED_SAFE else Exit.OK


def _over(listed: "Listed") -> bool:
    return listed.state is not None and listed.state.stage == "Aborted"


def _by_others(site: Site, listed: "Listed", stop: threading.Event) -> "Listed":
    """Told to whoever is alive and at it; watched until they have done it, or are gone."""
    from k8sai.evict.keeping.kept import Kept
    from k8sai.evict.running.aborting import left_a_word
    from k8sai.evict.running.loop import Interrupted
    from k8sai.evict.state import OVER

    alive = listed.holder is not None and not listed.holder.expired
    if not alive or listed.state is None or listed.state.stage in OVER:
        return listed
    kept = Kept(site.writer, listed.namespace, listed.id)
    left_a_word(kept, site.now(), site.writer.whoami())
    who = listed.holder.who if listed.holder else ""
    _talk.note(Note(f"{who} is at it, and was told to take it back", "plain"))
    while not listed.orphaned and listed.state is not None and listed.state.stage not in OVER:
        if stop.wait(_EVERY):
            raise Interrupted("interrupted: whoever is at it takes it back all the same")
        listed = site.drain(listed.id)
    return listed


def _ourselves(site: Site, listed: "Listed", voice: Voice, stop: threading.Event, *, take_over: bool) -> None:
    from k8sai.evict.running.aborting import asked_to_end
    from k8sai.evict.running.entering import entered
    from k8sai.evict.running.loop import Loop

    with entered(site.door(voice, stop), listed.namespace, listed.id, take_over=take_over) as (hands, held):
        Loop(hands).run(asked_to_end(hands, held))


def _by_marks(site: Site, drain: str, voice: Voice, stop: threading.Event, error: NotFound | None) -> int:
    """Without a journal. Raises `error` where there is no mark either."""
    from k8sai.evict.running.by_marks import take_back

    done = take_back(site.door(voice, stop), drain)
    if not done and error is not None:
        raise error
    _talk.note(Note(f"the journal of drain {drain} cannot be read: it went by the marks in the cluster", "warn"))
    for line in done:
        _print.outlived(lambda line=line: _print.line(line))  # type: ignore[misc]
    return 0
