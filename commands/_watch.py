"""`top -w`: a line, or a document, per change of a node, a pod or a source, and the totals after it."""

import time
from collections.abc import Callable
from typing import Any, Protocol

from k8sai.ages import stamp
from k8sai.cluster.options import Options
from k8sai.cluster.sources import Source
from k8sai.commands import _print, _talk
from k8sai.commands._feed import LiveFeed, live_feed
from k8sai.commands._meters import Meter
from k8sai.commands._notes import gaps
from k8sai.fleet.changes import Change, Look, between, look
from k8sai.fleet.document import API_VERSION, document, figures
from k8sai.fleet.index import Fleet
from k8sai.fleet.numbers import number
from k8sai.fleet.picture import Picture, Scope, take
from k8sai.fleet.tables import totals
from k8sai.view import Note

_TICK = 0.2  # seconds between looks
_PATIENCE = 5.0  # seconds of waiting before its reason is told
_METER_PATIENCE = 5.0  # seconds the first document waits for meters; later only who begins or ends to be idle is told
_DUTY = 9.0  # rests so many times as long as a look took: a tenth of one core on the largest cluster


def follow(options: Options, scope: Scope, *, documents: bool, plain: bool = False, meter: Meter | None = None) -> int:
    """Runs until Ctrl-C. What happened while the server was away is found, and told, when it is back."""
    fleet = Fleet()
    feed = live_feed(options, fleet, meter)
    feed.start()
    try:
        _wait(feed)
        feed.wait_metered(_METER_PATIENCE)
        Follower(fleet, feed, scope, documents=documents, plain=plain).run()
    finally:
        feed.stop()
    return 0


def _wait(feed: LiveFeed) -> None:
    """Until every kind is read or known not to be; why that takes long is told, each reason once."""
    told: set[str] = set()
    with _talk.Progress(f"reading {feed.context}"):
        while not feed.wait_synced(_PATIENCE):
            for source in feed.sources():
                if source.message and source.message not in told:
                    told.add(source.message)
                    _talk.note(Note(f"still waiting for {source.kind}: {source.message}", "warn", source.hint))


class Followed(Protocol):
    """What a follower needs of a feed."""

    @property
    def context(self) -> str:
        """The cluster's name."""

    def sources(self) -> tuple[Source, ...]:
        """The state of every kind, now."""


class Follower:
    """Compares looks at a fleet and tells the differences."""

    def __init__(
        self,
        fleet: Fleet,
        feed: "Followed",
        scope: Scope,
        *,
        documents: bool,
        plain: bool = False,
        named: bool = False,
        rest: Callable[[float], object] = time.sleep,
    ) -> None:
        """`named` lines begin with the context: there are other followers."""
        self._fleet = fleet
        self._feed = feed
        self._scope = scope
        self._documents = documents
        self._plain = plain
        self._prefix = f"{feed.context} " if named else ""
        self._rest = rest
        self._before: Look | None = None
        self._seen: tuple[int, tuple[str, ...]] | None = None

    def run(self) -> None:
        """Forever; the look at an unchanged fleet costs nothing."""
        forever(self.step, self._rest)

    def step(self) -> None:
        """Tells what changed since the last step; at the first step, what there is."""
        state = (self._fleet.version, tuple(source.state for source in self._feed.sources()))
        if state == self._seen:
            return
        self._seen = state
        at = stamp(time.time())
        picture = take(self._fleet, context=self._feed.context, at=at, sources=self._feed.sources(), scope=self._scope)
        now = look(picture)
        if self._before is None:
            self._begin(picture)
        else:
            self._tell(between(self._before, now), picture)
        self._before = now

    def _begin(self, picture: Picture) -> None:
        if self._documents:
            _print.json_line(document(picture))
        else:
            _print.line(f"{self._prefix}{picture.at} {totals(picture).cell.text}")
        for gap in gaps(picture):
            _talk.note(Note(f"{self._prefix.rstrip()}: {gap.text}", gap.tone, gap.hint) if self._prefix else gap)

    def _tell(self, changes: list[Change], picture: Picture) -> None:
        if self._documents:
            for change in changes:
                _print.json_line(_document(change, picture))
        else:
            for change in changes:
                _print.toned(
                    f"{self._prefix}{picture.at} {change.what} {change.said}", "plain" if self._plain else change.tone
                )
            if any(not change.code.startswith("Source") for change in changes):
                _print.line(f"{self._prefix}{picture.at} {totals(picture).cell.text}")


def forever(step: Callable[[], object], rest: Callable[[float], object] = time.sleep) -> None:
    """One step after the other, resting in between."""
    while True:
        start = time.monotonic()
        step()
        rest(max(_TICK, _DUTY * (time.monotonic() - start)))


def _document(change: Change, picture: Picture) -> dict[str, Any]:
    return {
        "apiVersion": API_VERSION,
        "kind": "GpuChange",
        "at": picture.at,
        "context": picture.context,
        "complete": picture.complete,
        "change": change.code,
        "what": change.what,
        "sentence": change.said,
        "object": _numbers(change.object),
        "totals": figures(picture.totals),
    }


def _numbers(value: Any) -> Any:
    """Whole numbers as integers, however deep."""
    if isinstance(value, dict):
        return {key: _numbers(item) for key, item in value.items()}
    return number(value) if isinstance(value, float) else value
