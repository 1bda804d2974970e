"""The only writer to stderr: errors, notes and progress. Data goes to stdout, by `_print`."""

import os
import re
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from types import TracebackType

    from k8sai.view import Cell, Note, Page, Tone


_PLUGIN = re.compile(r"kubectl-ai_(\w+)")
_OURS = re.compile(r"(`|\(|^ {2,})k8sai ([a-z]\w*)", re.MULTILINE)  # a command to type, no sentence about k8sai
_SAME = re.compile(  # hints that ask the cluster again
    r"`(k8sai (?:top|why|fit|apply|delete|snapshot save|canary \w+|evict \w+|queue \w+)\b[^`]*)`"
)
_FILED = re.compile(  # those that can ask a recording
    r"`(k8sai (?:top|why|fit|queue (?:list|describe|pending|why|simulate))\b[^`]*)`"
)
_THEIRS = re.compile(  # kubectl's, where they do not say of which cluster
    r"`(kubectl (?:get|describe|logs|create namespace)\b(?![^`]* --(?:context|kubeconfig|server) )[^`]*)`"
)
_SGR: "dict[Tone, str]" = {"plain": "", "good": "32", "warn": "33", "bad": "31", "dim": "2"}
_LONGEST = 600  # characters of a sentence: a server may answer with a page


_carried: list[str] = []


def carry(flags: "Sequence[str]") -> None:
    """Flags that a hint needs to lead to the same cluster or recording; from now on they are said with it."""
    _carried[:] = flags


def called_as(argv0: str) -> str:
    """How the user says our name, with a place for the command: "kubectl ai-{}", "kubectl k8sai {}" or "k8sai {}"."""
    name = Path(argv0).name.removesuffix(".exe")
    if _PLUGIN.fullmatch(name):
        return "kubectl ai-{}"
    return "kubectl k8sai {}" if name == "kubectl-k8sai" else "k8sai {}"


def speak(text: str, argv0: str | None = None) -> str:
    """Our commands as the user would type them: `k8sai top --once` becomes `kubectl ai-top --once`."""
    said = called_as(sys.argv[0] if argv0 is None else argv0)
    if _carried:
        from shlex import join

        flags, filed = join(_carried), "--from" in _carried
        text = (_FILED if filed else _SAME).sub(lambda m: f"`{m.group(1)} {flags}`", text)
        if not filed and _carried.count("--context") < 2:  # kubectl reads no recordings, and one cluster at a time
            text = _THEIRS.sub(lambda m: f"`{m.group(1)} {flags}`", text)
    return _OURS.sub(lambda m: m.group(1) + said.format(m.group(2)), text)


def colourful(stream: object) -> bool:
    """Whether to colour: on a terminal that can, unless NO_COLOR; anywhere with CLICOLOR_FORCE."""
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("CLICOLOR_FORCE", "0") not in ("", "0"):
        return True
    isatty = getattr(stream, "isatty", None)
    return bool(isatty and isatty()) and os.environ.get("TERM", "dumb") != "dumb"


def paint(text: str, tone: "Tone") -> str:
    """The text in its tone, for a stream that is `colourful`."""
    code = _SGR[tone]
    return f"\x1b[{code}m{text}\x1b[0m" if code and text else text


def one_line(text: str) -> str:
    """Anything as one sentence: no line breaks, no terminal control, bounded."""
    flat = " ".join(text.split())
    flat = "".join(c if c.isprintable() else "?" for c in flat)
    return flat if len(flat) <= _LONGEST else flat[: _LONGEST - 1] + "…"


def error(message: str, hint: str = "", more: "Sequence[str]" = ()) -> None:
    """Why it failed, what else is wrong, then the next command on a line of its own."""
    *before, last = (message, *more)
    for each in before:
        _say("error", each, "bad", "")
    _say("error", last, "bad", hint)


def note(what: "Note") -> None:
    """A sentence beside the data."""
    _say("warning" if what.tone in ("warn", "bad") else "note", what.text, what.tone, what.hint)


def _say(word: str, text: str, tone: "Tone", hint: str) -> None:
    if sys.stderr is None or sys.stderr.closed:
        return
    word = paint(word, tone) if colourful(sys.stderr) else word
    lines = [f"{word}: {speak(one_line(text))}"]
    if hint:
        lines.append(f"  → {speak(one_line(hint))}")
    _put("\n".join(lines) + "\n")


def line(text: str) -> None:
    """One line about how far something is."""
    _put(f"{one_line(text)}\n")


def live() -> bool:
    """Whether stderr is a terminal on which a line can change."""
    return sys.stderr is not None and sys.stderr.isatty() and os.environ.get("TERM", "dumb") != "dumb"


def block(cells: "Iterable[Cell]") -> None:
    """Lines beside the data, each in its tone: a plan that a person is asked about."""
    from k8sai.commands import _layout

    _put(_layout.block(cells, paint if colourful(sys.stderr) else None))


def page(what: "Page") -> None:
    """Tables beside the data: why something was refused."""
    from k8sai.commands import _layout

    _put(_layout.text(what, _layout.Style(paint=paint if colourful(sys.stderr) else None)))


def ask(question: str) -> bool:
    """Yes or no, of the person at the terminal; only "y" and "yes" are yes. An end of input is no."""
    _put(f"{speak(one_line(question))} [y/N] ")
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def answer(question: str) -> str | None:
    """One line of the person at the terminal; None at the end of the input."""
    _put(f"{one_line(question)}: ")
    line = sys.stdin.readline()
    return line.strip() if line else None


def asked_by_a_person() -> bool:
    """Somebody sits at a terminal who can read a question and answer it."""
    return all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stderr))


def _put(text: str) -> None:
    if sys.stderr is None or sys.stderr.closed:
        return
    try:
        sys.stderr.write(_shown(text))
        sys.stderr.flush()
    except OSError:  # nobody can be told; Python must not try again at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stderr.fileno())


def _shown(text: str) -> str:
    return text.encode(sys.stderr.encoding or "utf-8", "replace").decode(errors="replace")


class Progress:
    """Says on a terminal's stderr what is being waited for, once a second has passed; gone when it is done."""

    def __init__(self, what: str) -> None:
        self._what = one_line(what)
        self._done = threading.Event()
        self._thread: threading.Thread | None = None

    def say(self, what: str) -> None:
        """From now on this is what is waited for."""
        self._what = one_line(what)

    def clear(self) -> None:
        """The line is taken away, so that another may be written where it was; it comes back by itself."""
        if self._thread is not None:
            _put("\r\x1b[K")

    def __enter__(self) -> "Progress":
        if live():
            self._thread = threading.Thread(target=self._show, name="progress", daemon=True)
            self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: "TracebackType | None"
    ) -> None:
        self._done.set()
        if self._thread is not None:
            self._thread.join()

    def _show(self) -> None:
        start = time.monotonic()
        shown = False
        while not self._done.wait(1.0):
            shown = True
            sys.stderr.write(f"\r\x1b[K{self._what} … {time.monotonic() - start:.0f} s")
            sys.stderr.flush()
        if shown:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
