"""The newest reading of the rollouts: made beside the screen every two seconds, while a pane of theirs is in front."""

import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Final

from textual.dom import DOMNode

from k8sai.errors import Forbidden, K8saiError
from k8sai.tui.background import begin, in_thread
from k8sai.tui.feed import Feed

if TYPE_CHECKING:
    from k8sai.canary.shown.look import Observed
    from k8sai.canary.shown.rollouts import Canaries, Rollout, Rollouts

_EVERY: Final = 2.0  # seconds between two readings
_ASK_EVERY: Final = 5.0  # seconds between two questions to Prometheus
_REST: Final = 2  # times as long as a reading took there is none


class CanaryWatch:
    """Of one feed, for all panes. Costs nothing before the first `renew`."""

    def __init__(self, feed: Feed, now: Callable[[], float]) -> None:
        self._feed = feed
        self.now = now
        self.kept = True  # False: a recording, which has none
        self.read: Rollouts | None = None
        self.late: K8saiError | None = None  # why the last reading is not the newest
        self.acting: dict[str, str] = {}  # by key what is being done to it: "rolling back"
        self._observed: dict[str, tuple[str, Observed]] = {}  # by key, with the shift they are of
        self._next = self._ask_next = 0.0
        self._busy = self._asks = False

    def rollout(self, key: str) -> "Rollout | None":
        """With what is known of its requests; None: there is none of that key."""
        found = next((one for one in self.read.found if one.key == key), None) if self.read else None
        shift, observed = self._observed.get(key, ("", None))
        if found is None or found.look is None or observed is None or shift != _shift(found):
            return found
        return replace(found, look=replace(found.look, observed=observed))

    def renew(self, host: DOMNode, then: Callable[[], None], wanted: str) -> None:
        """Read again if that is due, and then call; `wanted` is the key that is looked at closely."""
        now = time.perf_counter()
        if self.kept and not self._busy and now >= self._next:
            self._busy = True
            begin(host, partial(self._beside, then, wanted), "canaries")

    def ask(self, host: DOMNode, then: Callable[[], None], key: str) -> None:
        """How its requests were split, if that is due. Prometheus may take its time: nothing waits for it."""
        found, now = self.rollout(key), time.perf_counter()
        if self._asks or found is None or found.look is None or found.look.seen is None:
            return
        if now >= self._ask_next or self._observed.get(key, ("?", None))[0] != _shift(found):
            self._asks, self._ask_next = True, now + _ASK_EVERY
            begin(host, partial(self._question, found, then), "canary requests")

    def at_once(self) -> None:
        """The next `renew` is due."""
        self._next = self._ask_next = 0.0

    def canaries(self) -> "Canaries | None":
        """In a thread: what reads and acts."""
        return self._feed.canaries

    async def _beside(self, then: Callable[[], None], wanted: str) -> None:
        began = time.perf_counter()
        try:
            self._keep(await in_thread(partial(self._make, wanted)))
        finally:
            self._busy = False
            ended = time.perf_counter()
            self._next = ended + max(_EVERY, _REST * (ended - began))
        then()

    def _make(self, wanted: str) -> "Rollouts | None":
        canaries = self.canaries()
        return None if canaries is None else canaries.read([wanted])

    def _keep(self, made: "Rollouts | None") -> None:
        """A server that does not answer leaves the picture that was there; one that says no does not."""
        self.kept = made is not None
        self.late = made.refused if made is not None else None
        if self.late is None or self.read is None or isinstance(self.late, Forbidden):
            self.read = made

    async def _question(self, found: "Rollout", then: Callable[[], None]) -> None:
        look = found.look
        assert look is not None

        def ask() -> "Observed | None":
            canaries = self.canaries()
            return canaries.observed(look) if canaries is not None else None

        try:
            observed = await in_thread(ask)
        finally:
            self._asks = False
        if observed is not None:
            self._observed[found.key] = _shift(found), observed
        then()


def _shift(one: "Rollout") -> str:
    """What was seen before the weight moved says nothing of it now."""
    state = one.listed.state
    return f"{state.shifted} {state.weight}" if state is not None else ""
