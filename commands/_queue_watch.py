"""`queue list -w`: the tree repainted in place on a terminal; in a pipe a line, or a document, per change."""

import sys
import time
from collections.abc import Callable
from contextlib import closing
from typing import TYPE_CHECKING

from k8sai.ages import stamp
from k8sai.cluster.options import Options
from k8sai.commands import _print, _talk
from k8sai.commands._queue_notes import gaps, relevant, say

if TYPE_CHECKING:
    from k8sai.queues.facts import Json
    from k8sai.queues.live import LiveQueues
    from k8sai.queues.rows import Row
    from k8sai.queues.setting import Setting
    from k8sai.queues.shown_changes import Look
    from k8sai.queues.shown_choice import Choice

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
            say(gaps(relevant(setting, _kinds(), choice.namespace)))
            if documents:
                show: Callable[[Setting, tuple[Row, ...]], None] = _Documents(connection.context, choice.namespace).show
            elif _in_place(plain=plain):
                show = _Screen(wide=wide).show
            else:
                show = _Lines(wide=wide, plain=plain).show
            _run(queues, choice, show)
        finally:
            queues.stop()
    return 0


def _run(queues: "LiveQueues", choice: "Choice", show: "Callable[[Setting, tuple[Row, ...]], None]") -> None:
    """Forever. What time alone changes (a backoff that ends, a wait that grows long) is looked for now and then."""
    from dataclasses import replace

    from k8sai.queues.rows import rows
    from k8sai.queues.shown_choice import chosen

    seen, looked = None, 0.0
    while True:
        start, version = time.monotonic(), queues.version
        known = queues.setting()
        if known is not seen or start - looked > _SETTLES:
            seen, looked = known, start
            setting = replace(known, at=time.time())
            shown = chosen(rows(setting), choice)
        show(setting, shown)
        time.sleep(max(_TICK, _DUTY * (time.monotonic() - start)))
        queues.wait(version, _AGES)


def _kinds() -> tuple[str, ...]:
    from k8sai.commands._queue_list import kinds

    return kinds()


def _in_place(*, plain: bool) -> bool:
    """Lines of words are for ears and logs: never painted over."""
    return not plain and sys.stdout.isatty() and _talk.live()


class _Screen:
    """The table where it was."""

    def __init__(self, *, wide: bool) -> None:
        self._wide = wide
        self._painted = 0

    def show(self, setting: "Setting", rows: "tuple[Row, ...]") -> None:
        """Ages are those of now."""
        from k8sai.queues.shown_table import LEGEND, table
        from k8sai.view import Cell, Page, Tree

        now = time.time()
        head = Tree(Cell(f"{stamp(now)}  {LEGEND}", "dim"))
        page = Page((head, table(rows, now, bars=True)))
        self._painted = _print.repaint(page, self._painted, wide=self._wide)


class _Lines:
    """What there is at first, then what changes."""

    def __init__(self, *, wide: bool, plain: bool) -> None:
        self._wide, self._plain = wide, plain
        self._before: Look | None = None

    def show(self, setting: "Setting", rows: "tuple[Row, ...]") -> None:
        from k8sai.commands._queue_list import show
        from k8sai.queues.shown_changes import between, look

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

    def show(self, setting: "Setting", rows: "tuple[Row, ...]") -> None:
        from k8sai.queues.document import heading, lists, view

        hidden = relevant(setting, _kinds(), self._namespace)
        now = {row.key: lists((row,)) for row in rows}
        if self._before is None:
            _print.json_line(view(rows, context=self._context, at=setting.at, hidden=hidden))
        elif now != self._before:
            changed = [row for row in rows if self._before.get(row.key) != now[row.key]]
            gone = [key for key in self._before if key not in now]
            head = heading("QueueChange", context=self._context, at=setting.at, hidden=hidden)
            _print.json_line({**head, **lists(changed), "gone": gone})
        self._before = now
