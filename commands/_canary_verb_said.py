"""What a verb of `canary` says: a line for each thing that happens, what is waited for, and how it ended."""

import re
import time
from typing import TYPE_CHECKING, Any, Final

from k8sai.commands import _print, _talk, _voice
from k8sai.view import Note

if TYPE_CHECKING:
    from k8sai.canary.running.hands import News
    from k8sai.canary.state import State
    from k8sai.commands._canary_scene import Scene

_SILENT: Final = ("write",)  # what stands afterwards is told
_PATIENCE: Final = 5.0  # seconds until a verb that is over soon says elsewhere than on a terminal what it waits for


class Voice(_voice.Voice):
    """Elsewhere than on a terminal what is waited for is a line, with `lines` at once, and another one when more than
    its numbers are new.
    """

    def __init__(self, title: str, output: str, *, lines: bool) -> None:
        super().__init__(title, output)
        self._title = title
        self._patience = 0.0 if lines else _PATIENCE
        self._began = time.monotonic()
        self._told = self._waited = ""

    def tell(self, news: "News") -> None:
        """Something has happened, or is waited for."""
        if news.word == "wait":
            self.wait(news.text)
        elif news.word not in _SILENT:
            self.say(news.at, news.text)

    def wait(self, why: str) -> None:
        """On a terminal it changes in place."""
        self.progress.say(f"{self._title}: {why}")
        late = time.monotonic() - self._began >= self._patience
        if late and not _talk.live() and _kind(why) not in (self._told, self._waited):
            self._waited = _kind(why)
            self.say(time.time(), why)

    def say(self, at: float, text: str) -> None:
        self._began, self._told = time.monotonic(), _kind(text)
        super().say(at, f"{self._title}: {text}")


def _kind(text: str) -> str:
    """Without its numbers."""
    return re.sub(r"[\d.]+", "", text)


def say_left(title: str, where: str, state: "State | None") -> None:
    """Interrupted: what stands, and that nobody looks after it."""
    if state is None:
        _talk.note(Note(f"{title} is as it was left", "warn", f"`k8sai canary status {where}`"))
        return
    doing = f", {state.pending.word} half done" if state.pending else ""
    text = f"{title} stays at {state.weight} % ({state.phase}{doing}), and nobody rolls it back"
    _talk.note(Note(text, "warn", f"`k8sai canary run {where}` goes on, `k8sai canary rollback {where}` takes it back"))


def ended(where: "Scene", state: "State", wanted: bool, line: str) -> int:
    """How it came out; the exit code. What was not wanted is told with its reason."""
    if wanted:
        return say_end(where, state, line)
    why = f": {state.reason}" if state.reason else ""
    return say_end(where, state, f"is {state.phase} at {state.weight} %{why}", state)


def say_end(where: "Scene", state: "State", line: str, told: "State | None" = None) -> int:
    """The last line, or the document, and the next command; the exit code is that of the state `told`, else 0."""
    from k8sai.canary.outcome import outcome

    found = outcome(state, where.title)
    if where.asked.output in ("json", "yaml"):
        made = document(where)
        _print.outlived(lambda: _print.document(made, where.asked.output))
    elif where.asked.output == "name":
        _print.outlived(lambda: _print.line(where.title))
    else:
        _print.outlived(lambda: _print.line(f"{where.title} {line}"))
    _print.outlived(_print.flush)
    if found.next and where.asked.output == "table":
        next_ = found.next.replace("canary watch", "canary run")  # we have just let it go
        command = f"`k8sai {next_} -n {where.place.ref.namespace}`"
        _talk.line(f"next: {_talk.speak(command).strip('`')}")
    return int(found.exit) if told is not None else 0


def document(where: "Scene") -> dict[str, Any]:
    """The `Canary` document, as it is now."""
    from k8sai.canary.shown.document import document as documents
    from k8sai.canary.shown.looking import look_at

    place = where.place.again()
    found = look_at(place.ref, where.backend, place.target, place.reading, place.writer)
    return documents(found, context=place.objects.context)
