"""One kind kept in step with one cluster: LIST, then WATCH, for as long as it takes, in a thread of its own.

    list ──► watch ──► the stream ends, or breaks: watch again from the last version seen
     ▲         │
     └─────────┴── 410: the server has forgotten that version: list again, and replace

Nothing is lost in between: a watch continues exactly after the last event or bookmark, and where it cannot, a list says
what is there now.
"""

import random
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from threading import Event as Flag
from threading import Lock, Thread
from typing import TYPE_CHECKING, Any, Protocol

from k8sai.cluster.answers import Bookmark, Changed, Event, Failure, Page, Skipped
from k8sai.cluster.api_errors import ApiForbidden, Gone
from k8sai.cluster.listing import Absent
from k8sai.cluster.sources import Source, State
from k8sai.errors import K8saiError
from k8sai.facts import Object

if TYPE_CHECKING:
    from k8sai.cluster.stream import Stream

_FREED = 256  # objects at a time
_LASTED = 1.0  # seconds after which a watch is taken to have worked, whatever ended it
SETTLED: frozenset[State] = frozenset({"live", "once", "absent", "forbidden", "failed"})


@dataclass(frozen=True, slots=True)
class Pace:
    """All waiting, in seconds."""

    first: float = 0.5  # after a failure; doubled at each further one
    longest: float = 15.0
    slow: float = 60.0  # until a kind that is absent or forbidden is asked for again
    poll: float = 30.0  # between lists where watching is forbidden
    idle: float = 150.0  # a silent watch is made anew; servers send a bookmark about every minute
    lasting: tuple[int, int] = (300, 600)  # the server ends a watch in between, so that clients spread over replicas


class Listed(Protocol):
    """How one kind is asked for, as `Listing` does it for facts."""

    @property
    def kind(self) -> Any:
        """The kind by its plural."""

    @property
    def namespace(self) -> str:
        """The one that is read; "" for all."""

    def reset(self) -> None:
        """Forget what was settled for."""

    def first(self, early: Callable[[Iterable[Any]], None], *, retry: bool = True) -> Page:
        """All objects; pages of a long list as they come to `early`."""

    def again(self) -> Page:
        """All objects as they are now."""

    def watch(self, resource_version: str, idle: float, lasting: int) -> "Stream":
        """Changes since that version."""

    def events(self, chunks: Iterable[bytes]) -> Iterator[Event]:
        """What the watch says."""

    def error(self, failure: Failure) -> K8saiError:
        """The error an ERROR event stands for."""


class Taker(Protocol):
    """Who gets the objects: a `Sink` of facts, or one of something else."""

    def put(self, kind: Any, obj: Any, /) -> None:
        """The object is new or changed."""

    def drop(self, kind: Any, obj: Any, /) -> None:
        """The object is gone."""

    def replace(self, kind: Any, objects: Iterable[Any], /) -> None:
        """These are all objects."""


class _Stopped(Exception):
    """Somebody called `stop`."""


class Reflector:
    """`start`, `stop` and `source` may be called from any thread; the sink is called from the reflector's own."""

    def __init__(self, listing: Listed, sink: Taker, told: Callable[[], None], pace: Pace) -> None:
        self._listing = listing
        self._kind = listing.kind
        self._sink = sink
        self._told = told  # called when the state changed
        self._pace = pace
        self._stopping = Flag()
        self._lock = Lock()  # guards _stream against stop
        self._stream: Stream | None = None
        self._thread = Thread(target=self._run, name=f"k8sai-{self._kind}", daemon=True)
        self._version = ""  # of the last event; "" means that a list is due
        self._listed = False
        self._failures = 0  # since a watch last brought something: a list alone is no proof that all is well
        self._state: State = "starting"
        self._message = self._hint = self._unread = ""
        self._count = 0
        self._painted: Any = None  # the last object of a first list that was told before the rest was here
        self._at = 0.0

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Ask the thread to end; it does at once unless a list is just being answered."""
        self._stopping.set()
        with self._lock:
            if self._stream is not None:
                self._stream.close()

    def join(self, timeout: float) -> None:
        """Wait until the thread has ended, at most so many seconds."""
        self._thread.join(timeout)

    def source(self) -> Source:
        """How it stands."""
        message = self._message or self._unread
        return Source(self._kind, self._state, self._count, self._at, self._listing.namespace, message, self._hint)

    def _run(self) -> None:
        try:
            while not self._stopping.is_set():
                self._turn()
        except _Stopped:
            return
        except Exception as error:  # the sink's or our own mistake: say so, a thread that just ends looks like calm
            self._tell("failed", f"{self._kind}: {type(error).__name__}: {error}", "report this as a bug of k8sai")

    def _turn(self) -> None:
        """List if that is due, then watch for as long as the watch lasts."""
        try:
            if not self._version:
                self._list()
            self._watch()
        except Gone:
            self._version = ""
            if self._failures:
                self._wait(None)
            self._failures += 1
        except Absent as error:
            self._clear()
            self._give_way("absent", error)
        except ApiForbidden as error:
            self._give_way("forbidden", error)
        except K8saiError as error:
            self._failed(error)

    # --- list ---------------------------------------------------------------------------------------------------------

    def _list(self) -> None:
        afresh = not self._listed and not self._count
        if not self._listed:
            self._count = 0  # of an earlier try that broke off
        page = self._listing.again() if self._listed else self._listing.first(self._paint, retry=False)
        self._check()
        # Pages that were all there is, and that nothing came before, need not be counted twice.
        whole = afresh and self._count == len(page.items) > 0 and self._painted is page.items[-1]
        self._painted = None
        if not whole:
            self._sink.replace(self._kind, page.items)
        self._count = len(page.items)
        self._version = page.resource_version
        self._listed = True
        self._unread = page.unread
        self._at = time.time()
        if isinstance(page.items, list):
            _let_go(page.items)

    def _paint(self, items: Iterable[Object]) -> None:
        """A page of a long first list, before the rest is here."""
        self._check()
        for item in items:
            self._sink.put(self._kind, item)
            self._count += 1
            self._painted = item

    def _clear(self) -> None:
        if self._count:
            self._sink.replace(self._kind, ())
            self._count = 0

    # --- watch --------------------------------------------------------------------------------------------------------

    def _watch(self) -> None:
        opened = time.monotonic()
        try:
            stream = self._open()
        except ApiForbidden as error:
            self._poll(error)
            return
        try:
            with stream:
                self._tell("live")
                self._at = time.time()  # a watch that opens has missed nothing
                for event in self._listing.events(stream):
                    self._take(event)
                    self._at = time.time()
                    self._failures = 0
        except Gone:
            raise
        except K8saiError:
            # A watch that had been well is opened again at once; only if that fails too, something is wrong.
            if self._stopping.is_set() or time.monotonic() - opened < _LASTED:
                raise
            self._failures = 0
            return
        finally:
            with self._lock:
                self._stream = None
        self._check()
        if time.monotonic() - opened >= _LASTED:
            self._failures = 0
            return
        self._wait(None)  # it ended as soon as it began: do not run in circles
        self._failures += 1

    def _open(self) -> "Stream":
        stream = self._listing.watch(self._version, self._pace.idle, random.randint(*self._pace.lasting))
        with self._lock:
            self._stream = stream
            if self._stopping.is_set():
                stream.close()
        return stream

    def _take(self, event: Event) -> None:
        self._check()
        match event:
            case Changed(type, obj):
                if type == "DELETED":
                    self._sink.drop(self._kind, obj)
                    self._count = max(0, self._count - 1)
                else:
                    self._sink.put(self._kind, obj)
                    self._count += type == "ADDED"
                self._version = obj.metadata.resource_version or self._version
            case Bookmark(version):
                if _is_older(version, self._version):  # the cluster was restored from a backup: nothing we know holds
                    raise Gone("the server's resource version went back", status=410, reason="Expired")
                self._version = version
            case Skipped(message):
                self._unread = f"could not read {message}"
            case Failure():
                raise self._listing.error(event)

    def _poll(self, error: ApiForbidden) -> None:
        """May list, may not watch: list again from time to time."""
        self._tell("once", f"{error.message}; listed every {self._pace.poll:g} s instead", error.hint)
        self._version = ""
        self._pause(self._pace.poll)

    # --- state --------------------------------------------------------------------------------------------------------

    def _failed(self, error: K8saiError) -> None:
        self._check()
        self._tell("retrying" if self._listed else "starting", error.message, error.hint)
        self._wait(getattr(error, "retry_after", None))
        self._failures += 1

    def _give_way(self, state: State, error: K8saiError) -> None:
        """Nothing to be had here for now; the other kinds go on."""
        self._check()
        self._tell(state, error.message, error.hint)
        self._version = ""
        self._pause(self._pace.slow * random.uniform(0.8, 1.2))
        self._listing.reset()

    def _tell(self, state: State, message: str = "", hint: str = "") -> None:
        self._message, self._hint = message, hint
        if self._state != state:
            self._state = state
            self._told()

    def _wait(self, wish: float | None) -> None:
        """After a failure: doubling, jittered, and never less than the server asks for."""
        wait = min(self._pace.longest, self._pace.first * 2 ** min(self._failures, 16)) * random.uniform(0.5, 1.0)
        self._pause(max(wait, wish or 0.0))

    def _pause(self, seconds: float) -> None:
        if self._stopping.wait(seconds):
            raise _Stopped

    def _check(self) -> None:
        if self._stopping.is_set():
            raise _Stopped


def _let_go(items: list[Any]) -> None:
    """Free them a few at a time: 100,000 at once would keep every other thread waiting for a second."""
    while items:
        del items[-_FREED:]
        time.sleep(0)


def _is_older(version: str, known: str) -> bool:
    """Versions of one kind are numbers that grow (promised since 1.35); anything else is not compared."""
    return version.isdigit() and known.isdigit() and int(version) < int(known)
