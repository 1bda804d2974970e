"""The meters of `top`, both optional: every node's dcgm-exporter, or a Prometheus that has their metrics."""

import re
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from math import isfinite
from pathlib import Path
from threading import Event, Thread
from typing import TYPE_CHECKING

from k8sai.ages import duration
from k8sai.cluster.sources import METERS, Source, State
from k8sai.commands import _talk
from k8sai.errors import Forbidden, K8saiError, NotFound, Usage
from k8sai.fleet.evidence import STALE, USUAL, IdleRule
from k8sai.fleet.prices import NO_PRICES, Prices, prices
from k8sai.view import Note

if TYPE_CHECKING:
    from k8sai.cluster.connection import Connection
    from k8sai.cluster.metrics import Metered, Prometheus
    from k8sai.cluster.past import Past
    from k8sai.commands._looks import Looks
    from k8sai.fleet.index import Fleet

_EVERY = 15.0  # seconds; the exporter itself looks at its cards every 30
_SOON = 1.0  # seconds, doubled from one refusal to the next
_DUTY = 2.0  # rests so many times as long as it took to ask and to judge: much of that is work, on a large cluster
_KEEP = 120.0  # seconds that readings are shown after the meter went away
_LOOKS = 12  # at least so many in a window that is watched
_GAP = 5.0  # seconds without a look that are no gap, however short the window: a busy API server is not an outage
_LONGEST = 30 * 86400.0  # seconds of a window
AUTO = "auto"
_TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_EXPORTERS, _PROMETHEUS = METERS


@dataclass(frozen=True, slots=True)
class Meter:
    """Whom to ask: a Prometheus, one that is found (`auto`), or else the exporter of each node.

    `rule` and `prices` are what is made of it. `watch` is for how many seconds the exporters are asked again and again
    before the first answer, since they know no past.
    """

    prometheus: "Prometheus | None" = None
    auto: bool = False
    rule: IdleRule = USUAL
    prices: Prices = NO_PRICES
    watch: float = 0.0

    @property
    def name(self) -> str:
        """What its source is called."""
        return _PROMETHEUS if self.remembers else _EXPORTERS

    @property
    def remembers(self) -> bool:
        """Whether it knows what was before the first question."""
        return self.auto or self.prometheus is not None

    def found(self, connection: "Connection") -> "Meter":
        """The same with the Prometheus that `auto` stands for. Raises NotFound, Forbidden, ClusterError."""
        if not self.auto or self.prometheus is not None:
            return self
        from k8sai.cluster.prometheus_found import find_prometheus

        return replace(self, prometheus=find_prometheus(connection))

    def ask(self, connection: "Connection", nodes: Collection[str] | None = None) -> "Metered":
        """What the cards of these nodes say (None: of all). Raises ClusterError, Forbidden, NotFound.

        Prometheus tells of all it has: how it names nodes, if it does, need not be how the cluster does.
        """
        from k8sai.cluster.metrics import from_exporters, from_prometheus

        where = self.found(connection).prometheus
        if where is None:
            return from_exporters(connection, nodes)
        found = from_prometheus(connection, where, self.rule.window)
        if not found.readings:
            raise NotFound("this Prometheus has no metrics of dcgm-exporter", "is the exporter installed and scraped?")
        return found

    def further(self, connection: "Connection", at: float) -> "Callable[[set[str]], Past] | None":
        """Asks what some cards did in the day before `at`; None of the exporters, who do not know."""
        from k8sai.cluster.past import further

        where = self.prometheus
        return None if where is None else lambda cards: further(connection, where, cards, at=at)

    def looks(self, step: float, gap: float = STALE) -> "Looks":
        """What remembers the answers of one who is asked every `step` seconds, and is given up after a `gap`."""
        from k8sai.commands._looks import Looks

        source = f"Prometheus {self.prometheus.name}" if self.prometheus is not None else "dcgm-exporter"
        return Looks(self.rule, 0.0 if self.remembers else step, gap=gap, source=source, prices=self.prices)


def meter_of(
    *,
    dcgm: bool,
    prometheus: str,
    headers: Sequence[str],
    window: str = "",
    below: float | None = None,
    price_file: Path | None = None,
) -> Meter | None:
    """What the flags ask for, None for no meter. Raises Usage, NotFound; what a header says is never repeated."""
    if dcgm and prometheus:
        raise Usage("--dcgm and --prometheus are two ways to the same numbers", "leave one of them out")
    if headers and not prometheus:
        raise Usage("--prometheus-header means nothing without --prometheus", "name the server: --prometheus https://…")
    if not (dcgm or prometheus):
        said = {"--window": window, "--idle-below": below is not None, "--prices": price_file is not None}
        for flag in (flag for flag, given in said.items() if given):
            raise Usage(f"{flag} means nothing without a meter", "add --prometheus auto, or --dcgm")
        return None
    rule = IdleRule(
        _window(window) if window else IdleRule().window, IdleRule().below if below is None else _part(below)
    )
    told = prices(price_file)
    if not prometheus:
        return Meter(rule=rule, prices=told, watch=rule.window if window else 0.0)
    if prometheus == AUTO and not headers:
        return Meter(auto=True, rule=rule, prices=told)
    from k8sai.cluster.metrics import prometheus_at

    where = prometheus_at(prometheus, dict(map(_header, headers)))
    if headers and not where.url:
        raise Usage(
            "--prometheus-header goes with a URL: the API server passes on no header to a service",
            "leave it out, or give --prometheus a URL",
        )
    return Meter(where, rule=rule, prices=told)


def _window(text: str) -> float:
    try:
        seconds = duration(text)
    except ValueError as error:
        raise Usage(f"--window: {error}") from None
    if not 1 <= seconds <= _LONGEST:
        raise Usage(f"--window {text} is not between 1s and 30d")
    return seconds


def _part(percent: float) -> float:
    if not isfinite(percent) or not 0 < percent <= 100:
        raise Usage(f"--idle-below {percent:g} is not a percentage above 0")
    return percent / 100


def _header(text: str) -> tuple[str, str]:
    name, colon, value = text.partition(":")
    value = value.strip()
    if not colon or not _TOKEN.fullmatch(name.strip()) or not (value.isascii() and value.isprintable()):
        raise Usage("--prometheus-header is not NAME:VALUE", "such as --prometheus-header 'Authorization: Bearer …'")
    return name.strip(), value


# --- once -------------------------------------------------------------------------------------------------------------


def read_meter(
    meter: Meter,
    connection: "Connection",
    fleet: "Fleet",
    nodes: Collection[str] | None = None,
    *,
    rest: Callable[[float], object] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> Source:
    """Asks once, or for as long as it should be watched, and tells the fleet. What goes wrong is said by the source."""
    from k8sai.commands._looks import tell

    step = min(_EVERY, meter.watch / _LOOKS)
    try:
        meter = meter.found(connection)
        if meter.auto and meter.prometheus is not None:
            _talk.note(Note(f"the Prometheus asked is {meter.prometheus.name}"))
        looks = meter.looks(step, max(3 * step, _GAP))
        found = meter.ask(connection, nodes)
    except K8saiError as error:
        return _refused(meter, error)
    end = clock() + meter.watch
    while (left := end - clock()) > 0:
        looks.note(found)
        rest(min(step, left))
        try:
            found = meter.ask(connection, nodes)
        except K8saiError as error:  # the cards have one look less, which is seen in what is known of them
            found = replace(found, problems=(error.message,), at=time.time())
    if meter.remembers or meter.watch:
        looks.tell(fleet, found, meter.further(connection, found.at))
    else:
        tell(fleet, found.readings)
    return _read(meter, found, "once")


def _read(meter: Meter, found: "Metered", state: State) -> Source:
    more = f" (and {len(found.problems) - 1} more)" if len(found.problems) > 1 else ""
    why = found.problems[0] + more if found.problems else ""
    if not found.readings:
        return Source(meter.name, "failed", message=why or "no card said anything")
    return Source(meter.name, state, len(found.readings), time.time(), message=why)


def _refused(meter: Meter, error: K8saiError) -> Source:
    state: State = "forbidden" if isinstance(error, Forbidden) else "failed"
    return Source(meter.name, state, message=error.message, hint=error.hint)


# --- for as long as somebody looks ------------------------------------------------------------------------------------


class Metering:
    """Asks again and again, on a thread of its own."""

    def __init__(self, meter: Meter, connection: "Connection", fleet: "Fleet", *, every: float = _EVERY) -> None:
        self._meter, self._connection, self._fleet, self._every = meter, connection, fleet, every
        self._source = Source(meter.name, "starting")
        self._looks: Looks | None = None
        self._asked, self._ended = Event(), Event()
        self._thread = Thread(target=self._run, name="k8sai-meter", daemon=True)

    def start(self) -> None:
        """Returns at once."""
        self._thread.start()

    def stop(self) -> None:
        """Ask no more; a question under way is not waited for."""
        self._ended.set()

    def source(self) -> Source:
        """How it stands."""
        return self._source

    def wait_asked(self, timeout: float) -> bool:
        """Whether the first answer, or refusal, is there within so many seconds."""
        return self._asked.wait(timeout)

    def _run(self) -> None:
        rest = _SOON
        while not self._ended.is_set():
            start = time.monotonic()
            self._turn()
            self._asked.set()
            rest = self._every if self._source.state == "live" else min(2 * rest, self._every)
            self._ended.wait(max(rest, _DUTY * (time.monotonic() - start)))

    def _turn(self) -> None:
        try:
            if self._looks is None:
                self._meter = self._meter.found(self._connection)
                self._looks = self._meter.looks(self._every)
            found = self._meter.ask(self._connection)
        except K8saiError as error:
            source = _refused(self._meter, error)
        except Exception as error:  # the thread's end would go unseen, and the rest goes on without it
            source = Source(self._meter.name, "failed", message=f"a bug in k8sai: {type(error).__name__}: {error}")
        else:
            source = _read(self._meter, found, "live")
            if source.state == "live":
                self._looks.tell(self._fleet, found, self._meter.further(self._connection, found.at))
        if not self._ended.is_set():
            self._source = source if source.state == "live" else self._lost(source)

    def _lost(self, source: Source) -> Source:
        """The last readings stay for a while, with their age; what RBAC took back is gone at once."""
        at = self._source.at
        if source.state == "failed" and at and time.time() - at < _KEEP:
            return replace(source, state="retrying", at=at, count=self._source.count)
        if at:
            self._fleet.use_readings({})
        return source
