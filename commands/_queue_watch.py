"""`queue list -w`: the tree repainted in place on a terminal; in a pipe a line, or a document, per change."""

import time
from contextlib import closing
from typing import TYPE_CHECKING, Protocol

from k8sai.ages import stamp
from k8sai.cluster.options import Options
from k8sai.commands import _print, _talk
from k8sai.commands._queue_notes import gaps, relevant, say
from k8sai.commands._queue_shown import kinds, show
from k8sai.view import Note

if TYPE_CHECKING:
    from k8sai.queues.facts import Json
    from k8sai.queues.live import LiveQueues
    from k8sai.queues.rows import Row
    from k8sai.queues.setting import Setting
    from k8sai.queues.shown.changes import Look
    from k8sai.queues.shown.choice import Choice

_TICK = 0.2  # seconds between looks at least
_AGES = 1.0  # seconds after which a terminal is repainted although nothing has changed
_SETTLES = 5.0  # seconds after which the figures are looked through although nothing has changed
_DUTY = 9.0  # rests so many times as long as a look took
_PATIENCE = 20.0  # seconds for the first picture


def follow(options: Options, choice: "Choice", *, documents: bool, wide: bool, plain: bool) -> int:
    """Until Ctrl-C."""
    from k8sai.commands._queue_read import connected
    from k8sai.queues.live import LiveQueues

    connection, _ = connected(options)
    with closing(connection):
        queues = LiveQueues(connection)
        queues.start()
        try:
            with _talk.Progress(f"reading the queues of {connection.server}"):
                queues.wait_synced(_PATIENCE)
            setting = queues.setting()
            say(gaps(relevant(setting, kinds(), choice.namespace)))
            shown: _Shown = _Lines(wide=wide, plain=plain)
            if documents:
                shown = _Documents(connection.context, choice.namespace)
            elif _in_place(plain=plain):
                shown = _Screen(wide=wide)
            _run(queues, choice, shown)
        finally:
            queues.stop()
    return 0


class _Shown(Protocol):
    """What becomes of each look."""

    def show(self, setting: "Setting", rows: "tuple[Row, ...]") -> None:
        """As it is now."""

    def say(self, trouble: str) -> None:
        """Why it may be older than now; "" once it is not. Called when that changes."""


def _run(queues: "LiveQueues", choice: "Choice", shown: _Shown) -> None:
    """Forever. What time alone changes (a backoff that ends, a wait that grows long) is looked for now and then."""
    from dataclasses import replace

    from k8sai.queues.rows import rows
    from k8sai.queues.shown.choice import chosen

    seen, looked, told = None, 0.0, ""
    while True:
        start, version = time.monotonic(), queues.version
        trouble = next((source.message for source in queues.sources() if source.state == "retrying"), "")
        if trouble != told:
            shown.say(trouble)
            told = trouble
        known = queues.setting()
        if known is not seen or start - looked > _SETTLES:
            seen, looked = known, start
            setting = replace(known, at=time.time())
            found = chosen(rows(setting), choice)
        shown.show(setting, found)
        time.sleep(max(_TICK, _DUTY * (time.monotonic() - start)))
        queues.wait(version, _AGES)


def _noted(trouble: str) -> None:
    say([Note(f"not up to date: {trouble}", "warn") if trouble else Note("up to date again")])


def _in_place(*, plain: bool) -> bool:
    """Lines of words are for ears and logs: never painted over."""
    return not plain and _print.on_terminal() and _talk.live()


class _Screen:
    """The table where it was."""

    def __init__(self, *, wide: bool) -> None:
        self._wide = wide
        self._painted = 0
        self._trouble = ""

    def say(self, trouble: str) -> None:
        self._trouble = trouble

    def show(self, setting: "Setting", rows: "tuple[Row, ...]") -> None:
        """Ages are those of now."""
        from k8sai.queues.shown.table import LEGEND, table
        from k8sai.view import Cell, Page, Tree

        now = time.time()
        old = Cell(f"{stamp(now)}  not up to date: {self._trouble}", "warn")
        head = Tree(old if self._trouble else Cell(f"{stamp(now)}  {LEGEND}", "dim"))
        page = Page((head, table(rows, now, bars=True)))
        self._painted = _print.repaint(page, self._painted, wide=self._wide)


class _Lines:
    """What there is at first, then what changes."""

    def __init__(self, *, wide: bool, plain: bool) -> None:
        self._wide, self._plain = wide, plain
        self._before: Look | None = None

    def say(self, trouble: str) -> None:
        _noted(trouble)

    def show(self, setting: "Setting", rows: "tuple[Row, ...]") -> None:
        from k8sai.queues.shown.changes import between, look

        now = look(rows, setting.at)
        if self._before is None:
            show(rows, setting, wide=self._wide, plain=self._plain)
            _print.flush()
        else:
            for key, said in between(self._before, now):
                _print.line(f"{stamp(time.time())} {key}: {said}")
        self._before = now


class _Documents:
    """A whole QueueView at first, then a QueueChange with the entries that are new or different, and those gone."""

    def __init__(self, context: str, namespace: str) -> None:
        self._context, self._namespace = context, namespace
        self._before: dict[str, Json] | None = None

    def say(self, trouble: str) -> None:
        _noted(trouble)

    def show(self, setting: "Setting", rows: "tuple[Row, ...]") -> None:
        from k8sai.queues.shown.document import heading, lists, view

        hidden = relevant(setting, kinds(), self._namespace)
        now = {row.key: lists((row,)) for row in rows}
        if self._before is None:
            _print.json_line(view(rows, context=self._context, at=setting.at, hidden=hidden))
        elif now != self._before:
            changed = [row for row in rows if self._before.get(row.key) != now[row.key]]
            gone = [key for key in self._before if key not in now]
            head = heading("QueueChange", context=self._context, at=setting.at, hidden=hidden)
            _print.json_line({**head, **lists(changed), "gone": gone})
        self._before = now
