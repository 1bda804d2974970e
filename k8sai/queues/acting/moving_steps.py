"""Carries a move out: look, decide, write, and look again, until the job has arrived.

Every write is bound to the state it was decided on. Whatever fails on the way, an answer that is lost too, is mended by
looking again; after TRIES failures in a row the move ends where it stands, and beginning again goes on from there.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from k8sai.cluster.api_errors import ApiConflict, ApiForbidden, Unavailable
from k8sai.cluster.writing import Target, Writer
from k8sai.errors import Drift, K8saiError, NotFound, Refused, TimedOut
from k8sai.queues.acting.moving import Seen, Wait, Wish, step
from k8sai.queues.acting.steps import TRIES, Change, patience, write
from k8sai.queues.facts import Json

_WAKE = 2.0  # seconds after which is looked again, told or not
_MOST = 12  # writes of one move; the longest way has three
_FOLLOWS = 20.0  # seconds in which Kueue does what it does at all


@dataclass(slots=True)
class Move:
    """One move on its way. `written` are the changes that stand by this run; `pause` may return before its seconds."""

    writer: Writer
    seen: Seen
    wish: Wish
    pause: Callable[[float], None]
    told: Callable[[str], None] = lambda _: None
    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    written: list[Change] = field(default_factory=list)
    _failures: int = 0
    _since: float | None = None  # since when is waited for what takes seconds

    def run(self, seconds: float | None = None) -> Seen:
        """As it arrived, read back. Raises Drift, Refused, TimedOut, and what writing raises."""
        end = None if seconds is None else self.now() + seconds
        while True:
            self._look()
            now = step(self.seen, self.wish)
            if now is None:
                return self.seen
            if isinstance(now, Wait):
                self._wait(now, end)
            else:
                self._since = None
                self._try(now)

    @property
    def stands(self) -> str:
        """What was done and what was not, where the move ends on its way; "" where nothing was written."""
        if self.seen.ours:
            return f"{self.seen.title} is evicted and not yet in {self.wish.to}: nothing admits it until the move ends"
        if self.seen.relabelled:
            return f"the label of {self.seen.title} says {self.seen.label}, its Workload {self.seen.workload.queue}"
        return ""

    def _look(self) -> None:
        owner = _same(self.writer, self.seen.target, self.seen.owner)
        self.seen = replace(
            self.seen, owner=owner, object=_same(self.writer, self.seen.workload_target, self.seen.object)
        )

    def _try(self, change: Change) -> None:
        if len(self.written) >= _MOST:
            raise Drift(f"somebody else undoes what is written to {change.target.ref}", "find out who, then repeat")
        if change.target == self.seen.target:
            self.seen = replace(self.seen, relabelled=True)  # even if the answer is lost
        try:
            answer = write(self.writer, change)
        except ApiForbidden as error:
            raise _refused(error, change) from error
        except (ApiConflict, Unavailable):
            self._failures += 1
            if self._failures >= TRIES:
                raise
            self.sleep(patience(self._failures))
        else:
            self._failures = 0
            self.written.append(change)
            if change.target == self.seen.target:
                self.seen = replace(self.seen, owner=answer.object)
            else:
                self.seen = replace(self.seen, object=answer.object)

    def _wait(self, what: Wait, end: float | None) -> None:
        now = self.now()
        self._since = (self._since or now) if what.brief else None
        if self._since is not None and now - self._since >= _FOLLOWS:
            raise _strayed(self.seen, self.wish)
        if end is not None and now >= end:
            raise TimedOut(f"--timeout ran out waiting for {what.why}", "the same command again goes on from there")
        self.told(f"waiting for {what.why}")
        self.pause(_WAKE if end is None else min(_WAKE, end - now))


def _same(writer: Writer, target: Target, before: Json) -> Json:
    """As it is now. Raises NotFound, Drift where another object has its name."""
    now = writer.live(target)
    if now is None:
        raise NotFound(f"{target.ref} is gone")
    if now["metadata"].get("uid") != before["metadata"].get("uid"):
        raise Drift(f"{target.ref} was deleted and made anew while it was moved", "look at it, then repeat")
    return now


def _strayed(seen: Seen, wish: Wish) -> Drift:
    queue = seen.workload.queue
    if seen.label == wish.to == queue:
        return Drift(
            f"the priority class of {seen.title} is {wish.priority_class}, and its Workload did not take it over"
        )
    return Drift(
        f"the label of {seen.title} says {seen.label}, but its Workload is still in {queue} after {_FOLLOWS:g} s",
        f"`k8sai queue why {seen.title} -n {seen.target.namespace}` tells whether Kueue works on it",
    )


def _refused(error: ApiForbidden, change: Change) -> K8saiError:
    """By a webhook it is no matter of rights."""
    return Refused(f"{change.target.ref}: {error.message}", error.hint) if error.by_admission else error
