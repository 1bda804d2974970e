"""The fleet in memory: what an event, a node and an order cost."""

import gc
import tracemalloc
from collections.abc import Iterator
from itertools import cycle, islice

from msgspec.structs import replace

from k8sai.facts import (
    Container,
    Node,
    NodeStatus,
    ObjectMeta,
    OwnerReference,
    Pod,
    PodSpec,
    PodStatus,
    ResourceRequirements,
    Resources,
)
from k8sai.fleet.index import Fleet
from k8sai.fleet.query import NodeQuery
from tests.bench.figures import Figure, Figures, milliseconds, timed

_GPU = "nvidia.com/gpu"
_NODES, _PODS_EACH, _EVENTS = 5000, 8, 40_000
_ORDERS = ("name", "product", "free", "used", "unhealthy", "pending", "largest", "zone", "age")


def _nodes() -> Iterator[Node]:
    for i in range(_NODES):
        amounts: Resources = {"cpu": "192", "memory": "2Ti", _GPU: "8"}
        labels = {f"{_GPU}.product": "NVIDIA-H100-80GB-HBM3", "topology.kubernetes.io/zone": f"zone-{i % 3}"}
        meta = ObjectMeta(name=f"gpu-{i:05d}", uid=f"n{i}", creation_timestamp="2026-01-01T00:00:00Z", labels=labels)
        yield Node(metadata=meta, status=NodeStatus(capacity=amounts, allocatable=dict(amounts)))


def _pods() -> Iterator[Pod]:
    """One GPU each; every node is full but for every tenth."""
    for i in range(_NODES):
        for j in range(_PODS_EACH - (i % 10 == 0)):
            owner = OwnerReference(kind="Job", name=f"train-{i}", uid=f"j{i}", controller=True)
            meta = ObjectMeta(name=f"p-{i}-{j}", namespace=f"team-{i % 7}", uid=f"p{i}-{j}", owner_references=(owner,))
            resources = ResourceRequirements(requests={"cpu": "4", _GPU: "1"}, limits={_GPU: "1"})
            spec = PodSpec(node_name=f"gpu-{i:05d}", containers=(Container(name="main", resources=resources),))
            yield Pod(metadata=meta, spec=spec, status=PodStatus(phase="Running", start_time="2026-01-02T00:00:00Z"))


def measure() -> Figures:
    """5,000 nodes, 40,000 pods."""
    gc.collect()
    tracemalloc.start()
    fleet = Fleet()
    fleet.replace("nodes", _nodes())
    gc.collect()
    for_nodes = tracemalloc.get_traced_memory()[0]
    fleet.replace("pods", _pods())
    gc.collect()
    for_all = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    lines = [
        Figure("memory of a node", f"{for_nodes / _NODES:.0f} B", aim="about 1 KiB"),
        Figure("memory of a pod that holds a GPU", f"{(for_all - for_nodes) / (_NODES * _PODS_EACH):.0f} B"),
        *_speed(fleet),
    ]
    return Figures(f"the fleet in memory ({_NODES:,} nodes, {_NODES * _PODS_EACH:,} pods)", "", lines)


def _speed(fleet: Fleet) -> list[Figure]:
    changed = [_later(pod) for pod in islice(cycle(_pods()), _EVENTS)]
    few = Fleet()
    few.replace("nodes", islice(_nodes(), _NODES // 10))
    few.replace("pods", islice(_pods(), _NODES // 10 * _PODS_EACH))
    on_many = timed(lambda: _feed(fleet, changed), 3) / len(changed)
    part = changed[: len(changed) // 10]
    on_few = timed(lambda: _feed(few, part), 3) / len(part)
    sorts = {order: timed(lambda order=order: fleet.node_names(NodeQuery(sort=order))) for order in _ORDERS}  # type: ignore[misc]
    slowest = max(sorts, key=lambda order: sorts[order])
    row = timed(lambda: [fleet.node(f"gpu-{i:05d}") for i in range(100)]) / 100
    return [
        Figure("events a second", f"{1 / on_many:,.0f}"),
        Figure("  a tenth of the fleet", f"{1 / on_few:,.0f}", f"{on_many / on_few:.2f}x", "1x: an event is O(1)"),
        Figure("totals", milliseconds(timed(fleet.totals))),
        Figure("a visible row", f"{row * 1e6:.0f} µs"),
        Figure("order by name", milliseconds(sorts["name"])),
        Figure(f"order by {slowest}, the slowest", milliseconds(sorts[slowest])),
        Figure("filter by text", milliseconds(timed(lambda: fleet.node_names(NodeQuery(text="gpu-0123"))))),
    ]


def _later(pod: Pod) -> Pod:
    return replace(pod, metadata=replace(pod.metadata, resource_version="2"))


def _feed(fleet: Fleet, pods: list[Pod]) -> None:
    for pod in pods:
        fleet.put("pods", pod)
