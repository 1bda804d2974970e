"""Who waits at one node of the tree of queues, kept up to date beside the screen, and how a line of it looks."""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Final

from textual.dom import DOMNode

from k8sai.tui.background import begin, in_thread
from k8sai.tui.columns import Field
from k8sai.tui.desk import Desk
from k8sai.tui.ink import Line, plain
from k8sai.tui.words import blank_zero, clean, span

if TYPE_CHECKING:
    from k8sai.queues.pending import Waiting
    from k8sai.queues.positions import Ask
    from k8sai.tui.queues_look import Look

_SETTLED: Final = 0.15  # seconds the cursor stays before a long list is made for it
_FITS: Final = {"now": "bad", "borrow": "bad", "preempt": "warn", "waits": "plain", "never": "bad"}

FIELDS: Final = (
    Field("POS", "right", least=3, most=7, sort="position", letter="P"),
    Field("NAMESPACE", rank=5, least=9, most=24, stretch=True, sort="namespace", letter="M"),
    Field("WORKLOAD", least=16, most=44, stretch=True, sort="name", letter="N", middle=True),
    Field("PRIO", "right", rank=4, most=11, sort="priority", letter="R", falling=True),
    Field("GPUS", "right", least=4, most=9, sort="gpus", letter="C", falling=True),
    Field("WAIT", "right", rank=2, least=4, sort="wait", letter="A", falling=True),
    Field("FITS", rank=3, most=7, sort="fits", letter="F"),
    Field("REASON", least=15, most=28, stretch=True, sort="reason", letter="T"),
    Field("BLOCKER", rank=1, least=18, most=60, stretch=True),
    Field("QUEUE", rank=6, least=8, most=30, stretch=True, sort="queue", letter="Q"),
)


def cells(one: "Waiting", at: float, desk: Desk) -> tuple[Line, ...]:
    """One per field."""
    workload, place = one.workload, one.position
    about = "" if place is None or place.exact else desk.glyphs.about
    wait = at - workload.created if workload.created else 0.0
    return (
        ((f"{about}{place.cluster_queue}" if place else "-", "dim" if about or not place else "plain"),),
        ((workload.namespace, desk.namespace_ink(workload.namespace)),),
        plain(clean(workload.title)),
        ((str(workload.priority) if workload.priority else "", "plain"),),
        ((blank_zero(one.gpus) if one.known else "?", "plain"),),
        plain(span(wait) if workload.created else ""),
        ((one.fits, _FITS.get(one.fits, "plain")),),
        ((clean(one.code), "warn"),),
        ((clean(one.blocker), "dim"),),
        ((clean(workload.queue), "dim"),),
    )


class WaitingAt:
    """Of one node after the other. `entries` never wait; `told` is called when there are others."""

    def __init__(self, desk: Desk, host: DOMNode, told: Callable[[], None]) -> None:
        self._desk = desk
        self._host = host
        self._told = told
        self._of: tuple[Look, str] | None = None
        self.key = ""
        self.entries: tuple[Waiting, ...] | None = None  # None: they are being found out

    def show(self, key: str) -> None:
        """The waiting list of this row, as of the newest look."""
        look = self._desk.queue_watch().look
        if look is None or self._of == (look, key):
            return
        fresh, few = key != self.key, self._desk.queue_watch().few
        self._of, self.key = (look, key), key
        ask = self._ask(look, key)
        if few and (fresh or ask is None):
            self.entries = look.lists.get(key) or look.waiting(key)
        elif fresh:
            self.entries = look.lists.get(key)
        if ask is not None or not (few or key in look.lists):
            begin(self._host, partial(self._find, look, key, ask), "waiting")

    def _ask(self, look: "Look", key: str) -> "Ask | None":
        """None where nobody stands in a line there whose places could be asked for."""
        row, queues = look.row(key), self._desk.feed.queues
        return queues.ask if row is not None and queues is not None and row.counts.pending else None

    async def _find(self, look: "Look", key: str, ask: "Ask | None") -> None:
        if self.entries is None:
            await asyncio.sleep(_SETTLED)
            self._take(look, key, await in_thread(lambda: look.waiting(key)))
        elif ask is None:
            self._take(look, key, await in_thread(lambda: look.waiting(key)))
        if ask is not None:
            self._take(look, key, await in_thread(lambda: look.waiting(key, ask)))

    def _take(self, look: "Look", key: str, found: "tuple[Waiting, ...]") -> None:
        if self._of == (look, key):
            self.entries = found
            self._told()
