"""A setup for Kueue from the nodes that are there: flavors, topology, a queue per team, and what was left out."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from k8sai.cluster.reading import Reading, Unseen
from k8sai.errors import NotFound, Usage
from k8sai.queues.setup import objects
from k8sai.queues.setup.flavors import LeftOut, Pool, Sorted, sort
from k8sai.queues.setup.from_nodes import NODES, Machine, machines
from k8sai.queues.setup.quota import rank, supplies
from k8sai.queues.setup.topology import topologies
from k8sai.queues.setup.wish import Wish
from k8sai.queues.setup.yaml import Json, Piece, text

_MOST_FLAVORS, _MOST_RESOURCES, _MOST_PAIRS = 64, 64, 512  # of a resource group; the webhook of Kueue 0.19 counts pairs
_CLASSES = "deviceclasses.resource.k8s.io"
_MANAGER = "k8sai"


@dataclass(frozen=True, slots=True)
class Setup:
    """What is proposed. `remarks` are worth a sentence beside it; `left_out` are nodes that no quota is made of."""

    pieces: tuple[Piece, ...]
    shared: objects.Shared
    head: tuple[str, ...]
    foot: tuple[str, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    remarks: tuple[str, ...] = ()
    hidden: tuple[Unseen, ...] = ()

    @property
    def text(self) -> str:
        """As YAML with comments."""
        return text(self.head, self.pieces, self.foot)

    @property
    def objects(self) -> tuple[Json, ...]:
        """In the order they are written."""
        return tuple(piece.object for piece in self.pieces)


def propose(reading: Reading, wish: Wish) -> Setup:
    """Raises NotFound where there is no node to make quota of, Usage where Kueue could not hold the result."""
    nodes = machines(reading)
    if refusal := reading.refusal(NODES):
        raise refusal
    found = sort(nodes)
    pools = tuple(pool for pool in found.pools if pool.counting)
    if not pools:
        raise _nothing(found)
    idle = [
        LeftOut(_names(pool.nodes), "not ready or cordoned, all of their kind")
        for pool in found.pools
        if pool not in pools
    ]
    shared = _shared(pools, wish)
    closeness = topologies(pools, wish.levels)
    missing = _missing(reading, wish)
    pieces = (
        *objects.namespaces(missing or ()),
        *objects.topologies(closeness),
        *(objects.flavor(pool, shared.supplies[pool.name], closeness.of.get(pool.name, "")) for pool in pools),
        *objects.classes(),
        *((objects.cohort(wish.cohort),) if wish.cohort else ()),
        *(objects.cluster_queue(shared, place) for place in range(len(wish.teams))),
        *objects.local_queues(shared, wish.local),
    )
    return Setup(
        pieces=pieces,
        shared=shared,
        head=tuple(_head(nodes, found, wish)),
        foot=tuple(_foot(pools, reading)),
        left_out=(*found.left_out, *idle),
        remarks=(closeness.why_not,) if closeness.why_not else (),
        hidden=reading.hidden,
    )


def _nothing(found: Sorted) -> NotFound:
    nameless = [left for left in found.left_out if left.fix]
    if nameless:
        return NotFound("no label tells any of the nodes from others, and a flavor is made of labels", nameless[0].fix)
    return NotFound("there is no node that pods could be put on: nothing to make quota of", "`kubectl get nodes`")


def _shared(pools: Sequence[Pool], wish: Wish) -> objects.Shared:
    by_flavor = {pool.name: supplies(pool, wish.headroom, len(wish.teams)) for pool in pools}
    resources = {resource for found in by_flavor.values() for resource in found} | {"cpu", "memory"}
    _insist_on_room(len(pools), len(resources))
    ordered = tuple(sorted(resources, key=rank))
    return objects.Shared(tuple(pools), by_flavor, ordered, wish.teams, wish.cohort)


def _insist_on_room(flavors: int, resources: int) -> None:
    if flavors > _MOST_FLAVORS or resources > _MOST_RESOURCES or flavors * resources > _MOST_PAIRS:
        raise Usage(
            f"that would be {flavors} flavors of {resources} resources each, and Kueue takes {_MOST_PAIRS} pairs",
            "`kubectl label nodes … k8sai.dev/flavor=NAME` makes one flavor of nodes that may be one",
        )


def _missing(reading: Reading, wish: Wish) -> tuple[str, ...] | None:
    """Namespaces that are not there, or that an earlier run made: another run prints the same. None: unknown."""
    wanted = [name for team in wish.teams for name in team.namespaces] + list(wish.local)
    found = {one["metadata"]["name"]: one for one in reading.list("namespaces")}
    if reading.blind("namespaces"):
        return None
    return tuple(name for name in wanted if name not in found or _made(found[name]))


def _made(namespace: Json) -> bool:
    return any(entry.get("manager") == _MANAGER for entry in namespace["metadata"].get("managedFields") or ())


def _head(nodes: Sequence[Machine], found: Sorted, wish: Wish) -> Iterator[str]:
    counting = sum(len(pool.counting) for pool in found.pools)
    percent = f"{float(wish.headroom * 100):g}%"
    yield f"Queues for {counting} of {len(nodes)} nodes, with {percent} headroom, made by `k8sai queue init`."
    yield "`k8sai queue init --check` compares what the cluster has with its nodes."
    for left in found.left_out:
        yield f"Left out, {left.why}: {', '.join(left.nodes)}"


def _names(nodes: Iterable[Machine]) -> tuple[str, ...]:
    return tuple(node.name for node in nodes)


def _foot(pools: Sequence[Pool], reading: Reading) -> Iterator[str]:
    """What Kueue must be told before it counts GPUs that DRA gives out. It cannot be said in any of these objects."""
    devices: dict[str, int] = {}
    for pool in pools:
        for node in pool.nodes:
            for driver, count in node.drivers.items():
                devices[driver] = devices.get(driver, 0) + count
    if not devices:
        return
    listed = ", ".join(f"{count} of {driver}" for driver, count in sorted(devices.items()))
    yield f"GPUs given out by DRA ({listed}) have no quota here. Kueue counts them under a name that its"
    yield "Configuration (ConfigMap kueue-manager-config) gives to a DeviceClass; until then jobs that claim them wait."
    yield "  resources:"
    yield "    deviceClassMappings:"
    for name in _device_classes(reading, devices):
        yield f"    - name: {name}"
        yield f"      deviceClassNames: [{name}]"
    yield "After that, add the name to coveredResources and to every flavor of every queue above. Devices that are"
    yield "partitions of one another are each in the count: how many can be used at once is for you to say."


def _device_classes(reading: Reading, drivers: Mapping[str, int]) -> list[str]:
    """Classes of these drivers, as far as their names say so; the drivers' own names where none does."""
    names = sorted(one["metadata"]["name"] for one in reading.list(_CLASSES))
    vendors = {driver.partition(".")[2] for driver in drivers}
    return [name for name in names if name.partition(".")[2] in vendors] or sorted(drivers)
