"""Who holds something: a Lease of 60 s, renewed every 15 s, whose leaseTransitions is the epoch that fences writes.

Machines disagree about the time, and renewTime is of the holder's clock. So no Lease is taken over by its age alone: as
client-go's leader election, we also watch that nobody renews it, by our own clock that only measures how long. What is
left of the risk, a holder that wakes up late, is caught by the epoch: it is kept with every save of the state.
https://pkg.go.dev/k8s.io/client-go/tools/leaderelection
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from k8sai import ages
from k8sai.cluster.api_errors import ApiConflict, ApiNotFound, Unavailable
from k8sai.cluster.patching import create
from k8sai.errors import ClusterError, Forbidden, K8saiError, Locked
from k8sai.holding.holder import LASTS, Holder, epoch_of, holder_name, holder_of

if TYPE_CHECKING:
    from k8sai.cluster.writing import Target, Writer

Json = dict[str, Any]

__all__ = ["Clock", "Holder", "Lease", "holder_name", "holder_of"]

EVERY: Final = 15.0  # seconds between two renewals
AGAIN: Final = 5.0  # seconds until a renewal that failed is tried again
DEADLINE: Final = 40.0  # seconds without a renewal until we say that we do not hold it any more; client-go's 2/3
SILENT: Final = 20.0  # seconds in which a live holder renews, with some to spare
LOOK: Final = 5.0  # seconds between two looks at a Lease that seems expired
SKEW: Final = 5.0  # seconds that a renewTime may lie ahead of our clock
_TRIES = 5


def _passed() -> float:
    """A clock that goes on while the machine sleeps, which time.monotonic does not."""
    clock = getattr(time, "CLOCK_BOOTTIME", getattr(time, "CLOCK_MONOTONIC", None))  # Linux, macOS
    return time.monotonic() if clock is None else time.clock_gettime(clock)


@dataclass(frozen=True, slots=True)
class Clock:
    """`now` is the time of day, `passed` only measures; both in seconds. `wait` returns True where the event came."""

    now: Callable[[], float] = time.time
    passed: Callable[[], float] = _passed
    wait: Callable[[threading.Event, float], bool] = threading.Event.wait


@dataclass(frozen=True, slots=True)
class Claim:
    """What a Lease is for, as it lies in the cluster and in words.

    `what` completes "ana@ci-7 holds …"; `look`, `take` and `again` are whole hints: where one sees what the holder
    does, how it is taken away, how we go on once the server is back. `last` tells the epoch that the state remembers
    (a Lease that was deleted may not bring it back to the beginning), `doing` what the holder is at, "" where that is
    not known.
    """

    place: "Target"
    metadata: Json
    what: str
    look: str
    take: str
    again: str
    last: Callable[[], int] = lambda: 0
    doing: Callable[[], str] = lambda: ""


class Lease:
    """The Lease of one claim, for one process. Once taken, a thread renews it until `release`.

    `lost` is set when it is somebody else's, or was not renewed for 40 s: then nothing may be written any more, and it
    stays lost until it is taken again. Why it was lost tells how it ends. Somebody else's: Locked. A renewal was tried
    and failed: ClusterError, or Forbidden; nobody else is known to hold it. None was tried, since this process was
    paused or its machine slept: Locked, for there was time for somebody else to take it.
    """

    def __init__(
        self, writer: "Writer", claim: Claim, holder: str, *, clock: Clock | None = None, background: bool = True
    ) -> None:
        self.name = holder
        self.epoch = 0
        self.lost = threading.Event()
        self.before: Holder | None = None  # from whom it was taken
        self._writer = writer
        self._claim = claim
        self._place = claim.place
        self._clock = clock or Clock()
        self._background = background
        self._guard = threading.Lock()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._live: Json = {}
        self._renewed = 0.0  # by clock.passed
        self._trouble: K8saiError | None = None  # with the renewal that was begun last; None: it succeeded
        self._end: K8saiError | None = None  # why it is lost

    # --- taking -------------------------------------------------------------------------------------------------------

    def take(self, steal: bool = False, told: Callable[[str], None] | None = None) -> int:
        """The epoch, higher than any before. Watches a Lease that seems expired for 20 s (`told` hears that it does);
        `steal` takes it from a live holder as well.

        Raises Locked with the holder, Forbidden, ClusterError.
        """
        for _ in range(_TRIES):
            live, self.before = self._read(), None
            try:
                if live is None:
                    return self._taken(self._make())
                if (holder := holder_of(live, self._clock.now())) is not None and holder.name != self.name:
                    if not steal:
                        self._insist_on_death(live, holder, told or (lambda words: None))
                    self.before = holder
                return self._taken(self._turn(live))
            except ApiConflict:
                continue  # somebody was quicker
            except Unavailable:
                if not self._mine(live := self._read()):
                    raise
                return self._taken(live or {})
        raise self.locked(holder_of(self._read() or {}, self._clock.now()))

    def holder(self) -> Holder | None:
        """Who holds it, by what it says; None: nobody."""
        return holder_of(self._read() or {}, self._clock.now())

    def _taken(self, live: Json) -> int:
        self._live, self.epoch = live, epoch_of(live)
        self._renewed, self._trouble, self._end = self._clock.passed(), None, None
        self.lost.clear()
        self._stop.clear()
        if self._background and self._thread is None:
            self._thread = threading.Thread(target=self._go_on, name="lease", daemon=True)
            self._thread.start()
        return self.epoch

    def _make(self) -> Json:
        body: Json = {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "spec": self._spec()}
        body["metadata"] = {"name": self._place.name, "namespace": self._place.namespace, **self._claim.metadata}
        body["spec"]["leaseTransitions"] = self._claim.last() + 1
        return create(self._writer, self._place, body).object

    def _turn(self, live: Json) -> Json:
        spec = self._spec()
        mine = self._mine(live)
        spec["leaseTransitions"] = epoch_of(live) + (0 if mine else 1)
        labels = self._claim.metadata.get("labels") or {}  # they say for what it was held before
        return self._merge(live, spec, **({"metadata": {"labels": labels}} if labels else {}))

    def _spec(self) -> Json:
        now = _stamp(self._clock.now())
        return {"holderIdentity": self.name, "leaseDurationSeconds": LASTS, "acquireTime": now, "renewTime": now}

    def _insist_on_death(self, live: Json, holder: Holder, told: Callable[[str], None]) -> None:
        """Raises Locked unless it seems expired and is not renewed while we watch."""
        ahead = holder.age < -SKEW  # its clock or ours is wrong: only watching for the whole time tells
        if not holder.expired and not ahead:
            raise self.locked(holder)
        told(f"{holder.who} seems to be gone: watching whether it renews its lease")
        begun, length = self._clock.passed(), float(LASTS) if ahead else SILENT
        while self._clock.passed() - begun < length:
            self._clock.wait(threading.Event(), LOOK)
            now = self._read()
            if now is not None and _version(now) != _version(live) and holder_of(now, self._clock.now()) is not None:
                raise self.locked(replace(holder, age=0.0))

    def locked(self, holder: Holder | None) -> Locked:
        what = self._claim.what
        if holder is None:
            return Locked(f"others take {what} at the same time", "try again in a moment")
        ago = f"renewed {ages.human(holder.age)} ago" if holder.age >= 0 else "its clock is ahead of ours"
        doing = self._doing()
        more = f", {doing}" if doing else ""
        return Locked(f"{holder.who} holds {what} ({ago}{more})", self._claim.take)

    def _doing(self) -> str:
        try:
            return self._claim.doing()
        except K8saiError:
            return ""

    # --- keeping ------------------------------------------------------------------------------------------------------

    def renew(self) -> None:
        """Raises Locked where it is somebody else's, ClusterError where the server cannot be asked."""
        with self._guard:
            self._trouble = Unavailable("its renewal is not answered")
            try:
                self._live = self._renewed_once()
            except K8saiError as error:
                self._trouble = error
                raise
            self._renewed, self._trouble = self._clock.passed(), None

    def _renewed_once(self) -> Json:
        try:
            return self._renewal(self._live)
        except (ApiConflict, ApiNotFound):
            live = self._read()
            if live is None or not self._mine(live) or epoch_of(live) != self.epoch:
                self._lose(gone := self._gone())
                holder = holder_of(live or {}, self._clock.now())
                raise (self.locked(holder) if holder else gone) from None
            return self._renewal(live)  # an answer was lost

    def insist(self) -> None:
        """Before each write. Raises Locked, ClusterError, Forbidden where the Lease is lost, by why it is; also where
        nobody had the time to notice.
        """
        if self._overdue():
            self._lose(self._late())
        if self._end is not None:
            raise self._end

    def release(self) -> bool:
        """Give it back: the next one need not wait. What is somebody else's stays. False: out of reach, it expires."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(AGAIN)
            self._thread = None
        if not self._guard.acquire(timeout=AGAIN):
            return False  # a renewal is not answered
        try:
            self._give_back()
        except K8saiError as error:
            return not isinstance(error, ClusterError)
        finally:
            self._live = {}
            self._guard.release()
        return True

    def _give_back(self) -> None:
        free: Json = {"holderIdentity": None, "renewTime": _stamp(self._clock.now())}
        try:
            if self._live:
                self._merge(self._live, free)
        except ApiConflict:
            live = self._read()
            if live is not None and self._mine(live):  # the answer to a renewal was lost
                self._merge(live, free)

    def _go_on(self) -> None:
        pause = EVERY
        while not self._clock.wait(self._stop, pause):
            try:
                self.renew()
                pause = EVERY
            except Locked:
                return
            except K8saiError:
                pause = AGAIN
                if self._overdue():
                    self._lose(self._late())
                    return

    def _lose(self, why: K8saiError) -> None:
        """For good: what is found out later changes nothing."""
        self._end = self._end or why
        self.lost.set()

    def _gone(self) -> Locked:
        return Locked(f"the lease of {self._claim.what} is lost: nothing more is written", self._claim.look)

    def _late(self) -> K8saiError:
        if self._trouble is None:
            return self._gone()
        kind = Forbidden if isinstance(self._trouble, Forbidden) else ClusterError
        text = f"the lease of {self._claim.what} could not be renewed for {DEADLINE:g} s: nothing more is written"
        return kind(f"{text} ({self._trouble.message})", self._claim.again)

    def _overdue(self) -> bool:
        return self._clock.passed() - self._renewed > DEADLINE

    def _renewal(self, live: Json) -> Json:
        return self._merge(live, {"renewTime": _stamp(self._clock.now())})

    def _merge(self, live: Json, spec: Json, **more: Json) -> Json:
        uid = str(live["metadata"].get("uid") or "")
        return self._writer.merge(self._place, {"spec": spec, **more}, uid=uid, version=_version(live)).object

    def _read(self) -> Json | None:
        return self._writer.live(self._place)

    def _mine(self, live: Json | None) -> bool:
        return bool(live) and (live or {}).get("spec", {}).get("holderIdentity") == self.name


def _version(live: Json) -> str:
    return str(live["metadata"].get("resourceVersion") or "")


def _stamp(seconds: float) -> str:
    """metav1.MicroTime wants exactly six digits."""
    from datetime import UTC, datetime

    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
