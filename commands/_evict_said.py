"""What a verb of `evict` says: a line for each thing that happens, what is waited for, and how it ended."""

import time
from typing import TYPE_CHECKING, Final

from k8sai.commands import _print, _talk, _voice
from k8sai.view import Note

if TYPE_CHECKING:
    from k8sai.commands._evict_site import Site
    from k8sai.evict.keeping.find import Listed
    from k8sai.evict.running.hands import News
    from k8sai.evict.state import State

_PATIENCE: Final = 10.0  # seconds until what is waited for is told elsewhere than on a terminal


class Voice(_voice.Voice):
    """Elsewhere than on a terminal each thing that is waited for is told once, after a while."""

    def __init__(self, output: str) -> None:
        super().__init__("evict", output)
        self._waits: set[str] = set()
        self._since = time.monotonic()

    def tell(self, news: "News") -> None:
        """Something has happened, or is waited for."""
        text = f"{news.on}: {news.text}" if news.on else news.text
        if news.word == "wait":
            self.wait(f"waits for {text}")
        else:
            self._since = time.monotonic()
            self.say(news.at, text)

    def wait(self, why: str) -> None:
        """On a terminal it changes in place."""
        self.progress.say(why)
        kind = "".join(one for one in why if not one.isdigit())
        if not _talk.live() and kind not in self._waits and time.monotonic() - self._since >= _PATIENCE:
            self._waits.add(kind)
            _talk.line(why)


def say_left(state: "State | None", drain: str) -> None:
    """Interrupted: what stands, and how it goes on."""
    parked = [one.ref.title for one in (state.gangs if state else ()) if one.phase in ("Stopping", "Stopped")]
    more = f"; {', '.join(parked)} stopped and not yet started again" if parked else ""
    hint = f"`k8sai evict resume {drain}` goes on, `k8sai evict abort {drain}` takes it back"
    _talk.note(Note(f"drain {drain} is left where it is{more}", "warn", hint))


def say_end(site: "Site", listed: "Listed", output: str) -> int:
    """The table or the document of how it ended; the exit code."""
    from k8sai.evict.running.outcome import exit_of

    state = listed.state
    code = int(exit_of(state)) if state else 0
    _print.outlived(lambda: show(site, listed, output, code))
    _print.outlived(_print.flush)
    return code


def show(site: "Site", listed: "Listed", output: str, code: int) -> None:
    """One drain, in one of the formats."""
    from k8sai.evict.shown.status_document import document
    from k8sai.evict.shown.status_table import head, page

    if output in ("json", "yaml"):
        _print.document(document(listed, context=site.connection.context, now=site.now(), code=code), output)
        return
    if listed.state is not None:
        _print.page(page(listed.state, site.now()), wide=output == "wide")
    line = head(listed, site.now())
    _print.folded([line])
