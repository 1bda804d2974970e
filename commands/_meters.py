"""The meters of `top`, both optional: every node's dcgm-exporter, or a Prometheus that has their metrics."""

import re
import time
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from threading import Event, Thread
from typing import TYPE_CHECKING

from k8sai.cluster.sources import METERS, Source, State
from k8sai.errors import Forbidden, K8saiError, NotFound, Usage

if TYPE_CHECKING:
    from k8sai.cluster.connection import Connection
    from k8sai.cluster.metrics import Metered, Prometheus, Reading
    from k8sai.fleet.answers import Gauge
    from k8sai.fleet.index import Fleet

_EVERY = 15.0  # seconds; the exporter itself looks at its cards every 30
_SOON = 1.0  # seconds, doubled from one refusal to the next
_KEEP = 120.0  # seconds that readings are shown after the meter went away
_TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_EXPORTERS, _PROMETHEUS = METERS


@dataclass(frozen=True, slots=True)
class Meter:
    """Whom to ask: a Prometheus, or else the exporter of each node."""

    prometheus: "Prometheus | None" = None

    @property
    def name(self) -> str:
        """What its source is called."""
        return _EXPORTERS if self.prometheus is None else _PROMETHEUS

    def ask(self, connection: "Connection", nodes: Collection[str] | None = None) -> "Metered":
        """What the cards of these nodes say (None: of all). Raises ClusterError, Forbidden, NotFound."""
        from k8sai.cluster.metrics import from_exporters, from_prometheus

        if self.prometheus is None:
            return from_exporters(connection, nodes)
        found = from_prometheus(connection, self.prometheus)
        if not found.readings:
            raise NotFound("this Prometheus has no metrics of dcgm-exporter", "is the exporter installed and scraped?")
        return found if nodes is None else replace(found, readings=tuple(r for r in found.readings if r.node in nodes))


def meter_of(*, dcgm: bool, prometheus: str, headers: Sequence[str]) -> Meter | None:
    """What the flags ask for, None for no meter. Raises Usage; what a header says is never repeated."""
    if dcgm and prometheus:
        raise Usage("--dcgm and --prometheus are two ways to the same numbers", "leave one of them out")
    if headers and not prometheus:
        raise Usage("--prometheus-header means nothing without --prometheus", "name the server: --prometheus https://…")
    if not prometheus:
        return Meter() if dcgm else None
    from k8sai.cluster.metrics import prometheus_at

    where = prometheus_at(prometheus, dict(map(_header, headers)))
    if headers and not where.url:
        raise Usage(
            "--prometheus-header goes with a URL: the API server passes on no header to a service",
            "leave it out, or give --prometheus a URL",
        )
    return Meter(where)


def _header(text: str) -> tuple[str, str]:
    name, colon, value = text.partition(":")
    value = value.strip()
    if not colon or not _TOKEN.fullmatch(name.strip()) or not (value.isascii() and value.isprintable()):
        raise Usage("--prometheus-header is not NAME:VALUE", "such as --prometheus-header 'Authorization: Bearer …'")
    return name.strip(), value


# --- once -------------------------------------------------------------------------------------------------------------


def read_meter(meter: Meter, connection: "Connection", fleet: "Fleet", nodes: Collection[str] | None = None) -> Source:
    """Asks once and tells the fleet. What goes wrong is said by the source, nothing is raised."""
    try:
        found = meter.ask(connection, nodes)
    except K8saiError as error:
        return _refused(meter, error)
    _tell(fleet, found.readings)
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


def _tell(fleet: "Fleet", readings: "Iterable[Reading]") -> None:
    """Cards by UUID. A slice has the UUID of its card: it is known by its own, where told, or by its pod.

    A card in slices is none that a pod could hold, so it gives no name to a place.
    """
    readings = tuple(readings)
    sliced = {one.uuid for one in readings if one.mig_instance}
    parts = [one for one in readings if one.mig_instance]
    per_pod = Counter((one.namespace, one.pod) for one in parts)
    fleet.use_readings(
        {one.uuid: (one.node, one.namespace, one.pod) for one in readings if one.node and one.uuid not in sliced},
        {one.mig_uuid or one.uuid: _gauge(one) for one in readings if one.mig_uuid or not one.mig_instance},
        {(one.namespace, one.pod): _gauge(one) for one in parts if one.pod and per_pod[one.namespace, one.pod] == 1},
    )


def _gauge(one: "Reading") -> "Gauge":
    from k8sai.fleet.answers import Gauge

    return Gauge(one.util, one.memory_used, one.memory_total, one.power, one.temperature, one.at)


# --- for as long as somebody looks ------------------------------------------------------------------------------------


class Metering:
    """Asks again and again, on a thread of its own."""

    def __init__(self, meter: Meter, connection: "Connection", fleet: "Fleet", *, every: float = _EVERY) -> None:
        self._meter, self._connection, self._fleet, self._every = meter, connection, fleet, every
        self._source = Source(meter.name, "starting")
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
            self._turn()
            self._asked.set()
            rest = self._every if self._source.state == "live" else min(2 * rest, self._every)
            self._ended.wait(rest)

    def _turn(self) -> None:
        try:
            found = self._meter.ask(self._connection)
        except K8saiError as error:
            source = _refused(self._meter, error)
        except Exception as error:  # the thread's end would go unseen, and the rest goes on without it
            source = Source(self._meter.name, "failed", message=f"a bug in k8sai: {type(error).__name__}: {error}")
        else:
            source = _read(self._meter, found, "live")
            if source.state == "live":
                _tell(self._fleet, found.readings)
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
