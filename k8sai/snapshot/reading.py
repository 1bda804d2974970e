"""Everything a snapshot keeps, read from a server: facts all at once, whole objects page by page, pruned at once."""

import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING, Final

import msgspec

from k8sai.ages import stamp
from k8sai.cluster.api_errors import Unavailable
from k8sai.cluster.discovery import Resource, served
from k8sai.cluster.objects import Json, LiveObjects
from k8sai.cluster.once import read_once
from k8sai.cluster.sources import KINDS, Kind, Source
from k8sai.errors import Forbidden, K8saiError, NotFound
from k8sai.facts import Object, Pod
from k8sai.fleet.index import Fleet
from k8sai.fleet.query import PodQuery
from k8sai.snapshot.kinds import KEPT
from k8sai.snapshot.prune import pruned, pruned_fact

if TYPE_CHECKING:
    from k8sai.cluster.connection import Connection

_AT_ONCE: Final = 6  # kinds; the server has others to serve
_EVENTS: Final = 3600.0  # seconds of events that are kept: a server forgets them about as fast
_MOST_TROUBLED: Final = 200  # running pods that are read whole because something is wrong with them
_PATIENCE: Final = 30.0  # seconds for one answer and all its tries, where --request-timeout does not say
_PROBE: Final = 5.0  # seconds for the smallest answer there is
_TEXTS: Final = msgspec.json.Encoder()


@dataclass(slots=True)
class Taken:
    """A cluster as it goes into a file. `sources` are of facts and of whole objects; their kinds tell them apart."""

    context: str
    at: str
    server_version: str
    facts: dict[Kind, list[Object]] = field(default_factory=dict)
    others: dict[str, list[msgspec.Raw]] = field(default_factory=dict)
    sources: tuple[Source, ...] = ()

    @property
    def hidden(self) -> tuple[Source, ...]:
        """What the file must say of: what could not be read, or in one namespace only, and what is not served."""
        return tuple(s for s in self.sources if s.state != "once" or s.namespace or s.message)

    @property
    def complete(self) -> bool:
        """Nothing that is served was hidden."""
        return all(source.state == "absent" for source in self.hidden)


def read(connection: "Connection", told: Callable[[str], object] = lambda kind: None) -> Taken:
    """The cluster now. `told` hears each kind as it is done. Raises what `read_once` raises.

    A server that goes away after that is found out within the patience of one request: what is missing is in `sources`.
    """
    at = stamp(time.time())
    book = _Book()
    sources = read_once(connection, book)
    told("nodes and pods")
    if connection.request_timeout is None:
        connection.request_timeout = _PATIENCE  # a whole list of pods may take longer, a page of 500 objects does not
    asking = _Asking(connection)
    taken = Taken(connection.context, at, _version(asking), book.facts)
    objects = LiveObjects(connection)
    concerned = _Concerned(book.facts)
    with ThreadPoolExecutor(_AT_ONCE, "k8sai-snapshot") as threads:
        readings = [threads.submit(_whole, asking, objects, kind, concerned.keeps(kind), told) for kind in KEPT]
        for reading in readings:
            source, found = reading.result()
            sources += (source,)
            if source.state == "once":
                taken.others[source.kind] = found
    if asking.gone is None:
        taken.others["pods"] = list(_troubled(objects, book.facts.get("pods", ())))
    taken.sources = sources
    return taken


class _Asking:
    """A server, as long as it is there. Once it is gone it is asked for nothing else: each would be waited for."""

    def __init__(self, connection: "Connection") -> None:
        self.connection = connection
        self.gone: K8saiError | None = None
        self._deciding = Lock()

    def why(self, error: K8saiError) -> K8saiError:
        """What to say of a kind that was not answered: its own reason, or that the server is gone.

        One kind may be slow while the server is well, so a silence counts only where the smallest question gets none.
        """
        with self._deciding:
            if self.gone is None and _silent(error) and not self._answers():
                self.gone = error
                self.connection.close()  # ends the waits of other threads too
            return self.gone or error

    def _answers(self) -> bool:
        try:
            self.connection.request("GET", "/version", timeout=_PROBE, retry=False)
        except K8saiError as error:
            return not _silent(error)
        return True


def _silent(error: K8saiError) -> bool:
    """No answer at all, whatever it was about."""
    return isinstance(error, Unavailable) and not error.status


class _Book:
    """A sink that keeps what it is given."""

    def __init__(self) -> None:
        self.facts: dict[Kind, list[Object]] = {kind: [] for kind in KINDS}

    def put(self, kind: Kind, obj: Object) -> None:
        """A page of a long list comes before the list; only that counts."""

    def drop(self, kind: Kind, obj: Object) -> None:
        """Nothing is dropped from what is read once."""

    def replace(self, kind: Kind, objects: Iterable[Object]) -> None:
        self.facts[kind] = [pruned_fact(obj) for obj in objects]


def _version(asking: _Asking) -> str:
    try:
        read = msgspec.json.decode(asking.connection.request("GET", "/version").body)
    except K8saiError as error:
        asking.why(error)
        return ""
    except msgspec.DecodeError:
        return ""
    return str(read.get("gitVersion", "")) if isinstance(read, dict) else ""


def _whole(
    asking: _Asking, objects: LiveObjects, kind: str, keeps: Callable[[Json], bool], told: Callable[[str], object]
) -> tuple[Source, list[msgspec.Raw]]:
    """All of one kind, in the one namespace of the context where the rights reach no further."""
    if asking.gone is not None:
        return Source(kind, "failed", message=asking.gone.message, hint=asking.gone.hint), []
    connection = asking.connection
    plural, _, group = kind.partition(".")
    try:
        resource = served(connection).find(group, plural)
        if resource is None:
            broken = served(connection).broken(group)
            return Source(kind, "failed" if broken else "absent", message=broken), []
        found, namespace = _allowed(connection, objects, kind, resource, keeps)
    except Forbidden as error:
        return Source(kind, "forbidden", message=error.message, hint=error.hint), []
    except NotFound as error:
        return Source(kind, "absent", message=error.message), []
    except K8saiError as error:
        why = asking.why(error)
        return Source(kind, "failed", message=why.message, hint=why.hint), []
    told(kind)
    return Source(kind, "once", len(found), time.time(), namespace), found


def _allowed(
    connection: "Connection", objects: LiveObjects, kind: str, resource: Resource, keeps: Callable[[Json], bool]
) -> tuple[list[msgspec.Raw], str]:
    try:
        return list(_texts(objects.each(kind), keeps)), ""
    except Forbidden:
        namespace = connection.namespace
        if not resource.namespaced or not namespace:
            raise
        return list(_texts(objects.each(kind, namespace), keeps)), namespace


def _texts(found: Iterable[Json], keeps: Callable[[Json], bool]) -> Iterator[msgspec.Raw]:
    """Pruned, and as text at once: a tenth of the memory of dicts."""
    return (msgspec.Raw(_TEXTS.encode(pruned(one))) for one in found if keeps(one))


# --- what is left out -------------------------------------------------------------------------------------------------


class _Concerned:
    """Which objects of a kind matter: large clusters have thousands of events and of old revisions that do not."""

    def __init__(self, facts: dict[Kind, list[Object]]) -> None:
        fleet = Fleet()
        for kind, found in facts.items():
            fleet.replace(kind, found)
        rows = (*fleet.pods(PodQuery()), *fleet.pending())
        self._pods = {(row.namespace, row.name) for row in rows}
        self._since = stamp(time.time() - _EVENTS)

    def keeps(self, kind: str) -> Callable[[Json], bool]:
        return {"events": self._event, "replicasets.apps": _has_pods}.get(kind, lambda one: True)

    def _event(self, event: Json) -> bool:
        """Of the last hour; of pods only those that have to do with GPUs."""
        series = event.get("series") or {}
        told = (series.get("lastObservedTime"), event.get("lastTimestamp"), event.get("eventTime"))
        last = next(filter(None, told), None) or event["metadata"].get("creationTimestamp") or ""
        about = event.get("involvedObject") or {}
        ours = about.get("kind") != "Pod" or (about.get("namespace", ""), about.get("name", "")) in self._pods
        return ours and last >= self._since


def _has_pods(replicaset: Json) -> bool:
    """A revision of the past has none."""
    wanted = (replicaset.get("spec") or {}).get("replicas", 1)
    return bool(wanted or (replicaset.get("status") or {}).get("replicas"))


def _troubled(objects: LiveObjects, pods: Iterable[Object]) -> Iterator[msgspec.Raw]:
    """Pods that somebody will ask why of, whole: those that wait or start, and those whose containers do not run."""
    try:
        yield from _texts(objects.each("pods", fields="status.phase=Pending"), lambda one: True)
        asked = 0
        for pod in pods:
            if isinstance(pod, Pod) and pod.status.phase != "Pending" and _stumbles(pod) and asked < _MOST_TROUBLED:
                asked += 1
                meta = pod.metadata
                yield from _texts([objects.get("pods", meta.namespace, meta.name)], lambda one: True)
    except K8saiError:  # their facts are there: this is more evidence, not more objects
        return


def _stumbles(pod: Pod) -> bool:
    both = (*(pod.status.container_statuses or ()), *(pod.status.init_container_statuses or ()))
    return any(one.state is not None and one.state.waiting is not None for one in both)
