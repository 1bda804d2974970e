"""Where a workload stands in line: as Kueue's visibility API says it, or as we would sort it, marked as such.

Of a ClusterQueue where that may be asked, else of each of its LocalQueues; without that API, or where both are denied,
by our own order. The API answers a page of 1,000 and no total, so pages are read until one is short.
Source: apis/visibility/v1beta2 and pkg/visibility of Kueue 0.19.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from k8sai.cluster.reading import Unseen
from k8sai.errors import ClusterError, Forbidden, NotFound
from k8sai.queues.facts import Json
from k8sai.queues.order import line
from k8sai.queues.setting import CLUSTER_QUEUES, Setting
from k8sai.queues.workload import Workload

GROUP = "visibility.kueue.x-k8s.io"
SUBRESOURCE = "pendingworkloads"
_VERSIONS = ("v1beta2", "v1beta1")
_PAGE = 1000

# A GET of a path with a query; raises Forbidden, NotFound, ClusterError.
Ask = Callable[[str, Mapping[str, str]], Json]


@dataclass(frozen=True, slots=True)
class Position:
    """From 1. `exact` where Kueue itself says so. `of_…`: how many stand in that line, None where not all are told."""

    cluster_queue: int
    local_queue: int
    exact: bool = True
    of_cluster_queue: int | None = None
    of_local_queue: int | None = None

    @property
    def text(self) -> str:
        """`3`, or `≈3` where it is computed."""
        return f"{'' if self.exact else '≈'}{self.cluster_queue}"


@dataclass(frozen=True, slots=True)
class Standing:
    """What the API says of a workload in line, which is all there is where Workloads may not be read."""

    namespace: str
    name: str
    queue: str
    priority: int
    created: str  # ISO time
    owner: str  # `job/sft`; "" where it has none
    position: Position

    @property
    def ref(self) -> str:
        """`namespace/name`."""
        return f"{self.namespace}/{self.name}"


@dataclass(frozen=True)
class Positions:
    """Of the lines that were asked for. `unseen` says what Kueue could not be asked, and why."""

    standing: Mapping[str, Standing] = field(default_factory=dict)  # what Kueue told, by namespace/name
    computed: Mapping[str, Position] = field(default_factory=dict)
    unseen: tuple[Unseen, ...] = ()

    def of(self, workload: Workload) -> Position | None:
        """None: it stands in none of these lines (deactivated, gated, backing off, or it holds quota)."""
        told = self.standing.get(workload.ref)
        return told.position if told else self.computed.get(workload.ref)


def read(ask: Ask | None, setting: Setting, queues: Iterable[str] | None = None) -> Positions:
    """The lines of these ClusterQueues, else of all where somebody waits. `ask` is None for a recording: no Kueue."""
    names = tuple(sorted(setting.waiting) if queues is None else queues)
    reader = _Reader(ask, setting)
    told: dict[str, Standing] = {}
    computed: dict[str, Position] = {}
    for name in names:
        if name not in setting.cluster_queues and not setting.blind(CLUSTER_QUEUES):
            continue  # a LocalQueue leads to it; it is not there, and nobody stands in it
        found, rest = reader.line(name)
        told |= found
        computed |= rest
    return Positions(told, computed, tuple(reader.unseen.values()))


class _Reader:
    """Asks, and stops asking what has turned out not to be there."""

    def __init__(self, ask: Ask | None, setting: Setting) -> None:
        self._ask = ask
        self._setting = setting
        self._versions = list(_VERSIONS)
        self.unseen: dict[str, Unseen] = {}

    def line(self, name: str) -> tuple[dict[str, Standing], dict[str, Position]]:
        """Of one ClusterQueue: what Kueue tells, and what is computed because it does not."""
        before = dict(self.unseen)
        items = self._items(f"clusterqueues/{name}")
        if items is not None:
            return _standing(items, whole=True), {}
        told: dict[str, Standing] = {}
        silent: set[str] = set()
        for local in self._setting.local_queues.values():
            if local.cluster_queue == name:
                items = self._items(f"namespaces/{local.namespace}/localqueues/{local.name}")
                if items is None:
                    silent.add(local.ref)
                else:
                    told |= _standing(items, whole=False)
        if told and not silent:  # the LocalQueues have told all that the ClusterQueue would have
            self.unseen = before
        return told, _computed(self._setting, name, silent)

    def _items(self, path: str) -> list[Json] | None:
        """None where it cannot be had."""
        for version in tuple(self._versions):
            if self._ask is None:
                break
            try:
                found = [*_pages(self._ask, f"/apis/{GROUP}/{version}/{path}/{SUBRESOURCE}")]
            except NotFound:
                continue
            except Forbidden as error:
                kind = "localqueues" if path.startswith("namespaces/") else "clusterqueues"
                self._miss(f"{kind}.{GROUP}/{SUBRESOURCE}", error.message, error.hint)
                return None
            except ClusterError as error:
                self._versions = []
                self._miss(GROUP, error.message, error.hint)
                return None
            self._versions = [version]
            return found
        if self._ask is not None and not self.unseen:
            self._miss(
                GROUP,
                f"the cluster does not tell about {path}",
                f"`kubectl get apiservice {_VERSIONS[0]}.{GROUP}` tells why",
            )
        return None

    def _miss(self, what: str, why: str, hint: str) -> None:
        self.unseen.setdefault(what, Unseen(what, why, hint))


def _pages(ask: Ask, path: str) -> Iterator[Json]:
    """Until a page is short: there is no total."""
    offset = 0
    while True:
        page = ask(path, {"limit": str(_PAGE), "offset": str(offset)}).get("items") or []
        yield from page
        if len(page) < _PAGE:
            return
        offset += len(page)


def _standing(items: list[Json], *, whole: bool) -> dict[str, Standing]:
    """`whole`: these are all of the ClusterQueue, not only those of a LocalQueue."""
    per_queue: dict[tuple[str, str], int] = {}
    for item in items:
        per_queue[_queue(item)] = per_queue.get(_queue(item), 0) + 1
    found: dict[str, Standing] = {}
    for item in items:
        meta = item["metadata"]
        owner: Json = next(iter(meta.get("ownerReferences") or ()), {})
        one = Standing(
            meta.get("namespace", ""),
            meta["name"],
            _queue(item)[1],
            int(item.get("priority") or 0),
            str(meta.get("creationTimestamp") or ""),
            f"{owner['kind'].lower()}/{owner['name']}" if owner else "",
            Position(
                int(item.get("positionInClusterQueue") or 0) + 1,
                int(item.get("positionInLocalQueue") or 0) + 1,
                True,
                len(items) if whole else None,
                per_queue[_queue(item)],
            ),
        )
        found[one.ref] = one
    return found


def _queue(item: Json) -> tuple[str, str]:
    return item["metadata"].get("namespace", ""), str(item.get("localQueueName") or "")


def _computed(setting: Setting, name: str, queues: set[str]) -> dict[str, Position]:
    """As Kueue sorts, for those of these LocalQueues."""
    standing = line(setting, name)
    totals: dict[str, int] = {}
    places: list[tuple[Workload, str, int, int]] = []
    for number, workload in enumerate(standing, 1):
        queue = f"{workload.namespace}/{workload.queue}"
        totals[queue] = totals.get(queue, 0) + 1
        places.append((workload, queue, number, totals[queue]))
    return {
        workload.ref: Position(number, own, False, len(standing), totals[queue])
        for workload, queue, number, own in places
        if queue in queues
    }
