"""The `GpuView` document of `top`: names that scripts may rely on, numbers as numbers, times ISO."""

from collections.abc import Mapping
from typing import Any

from k8sai.ages import stamp
from k8sai.cluster.sources import Source
from k8sai.fleet import idle_document, workload_list
from k8sai.fleet.answers import Figures, Gauge, Holder, NodeRow, PodRow, Problem, Resource, Total
from k8sai.fleet.numbers import number
from k8sai.fleet.picture import Hidden, Picture, Scope

API_VERSION = "k8sai.dev/v1alpha1"
Document = dict[str, Any]


def document(picture: Picture) -> Document:
    """The document of a picture already taken."""
    return {
        **heading("GpuView", picture),
        "scope": _scope(picture.scope),
        "totals": figures(picture.totals),
        "byKind": {kind: figures(sums) for kind, sums in picture.by_kind.items()},
        "products": [product(total) for total in picture.products],
        "namespaces": [_total(total, "pods", "pendingPods") for total in picture.namespaces],
        "queues": [_total(total, "pods", "pendingPods") for total in picture.queues],
        "nodes": [_node(node) for node in picture.nodes],
        "workloads": [workload_list.entry(one) for one in picture.workloads],
        "pods": [pod(row) for row in picture.pods],
        "pending": [pending(row) for row in picture.pending],
        **idle_document.keys(picture),
        "problems": [{"what": problem.what, "why": problem.why} for problem in picture.problems],
        "sources": [_source(source) for source in picture.sources],
    }


def heading(kind: str, picture: Picture) -> Document:
    """The keys every document starts with."""
    gaps: list[Hidden | Problem] = [*picture.hidden, *picture.problems]
    return {
        "apiVersion": API_VERSION,
        "kind": kind,
        "at": picture.at,
        "context": picture.context,
        "complete": picture.complete,
        "hidden": [{"what": gap.what, "why": gap.why} for gap in gaps],
    }


def figures(sums: Figures) -> Document:
    """Cards."""
    return {
        "capacity": number(sums.capacity),
        "allocatable": number(sums.allocatable),
        "used": number(sums.used),
        "free": number(sums.free),
        "unhealthy": number(sums.unhealthy),
        "pending": number(sums.pending),
        "blocked": number(sums.blocked),
        "reserved": number(sums.reserved),
        "terminating": number(sums.terminating),
    }


def pod(row: PodRow) -> Document:
    """A pod that holds or reserves GPUs."""
    return {
        "namespace": row.namespace,
        "name": row.name,
        "uid": row.uid,
        "node": row.node,
        "phase": row.phase,
        "terminating": row.terminating,
        "owner": row.owner,
        "queue": row.queue,
        "requests": {resource: number(amount) for resource, amount in row.requests},
        "cards": number(row.cards),
        "priority": row.priority,
        "nominated": row.nominated,
        "since": row.since,
    }


def pending(row: PodRow) -> Document:
    """A pod that waits for GPUs. How many cards its requests are is not known before it has a node."""
    known = {key: value for key, value in pod(row).items() if key != "cards"}
    return {**known, "reason": row.reason, "message": row.message}


def _scope(scope: Scope) -> Document:
    return {
        "namespace": scope.pods.namespace,
        "labels": scope.nodes.labels,
        "product": scope.product or scope.nodes.product,
        "nodes": list(scope.names),
        "totals": "listed nodes" if scope.narrows_nodes else "cluster",
    }


def product(total: Total) -> Document:
    """The figures of a product."""
    return _total(total, "nodes", "kind", "resource", "pendingPods")


def _total(total: Total, *more: str) -> Document:
    extra = {
        "nodes": total.nodes,
        "pods": total.pods,
        "pendingPods": total.pending_pods,
        "kind": total.kind,
        "resource": total.resource,
    }
    return {"name": total.name, **{key: extra[key] for key in more}, **figures(total.figures)}


def _node(node: NodeRow) -> Document:
    return {
        "name": node.name,
        "ready": node.ready,
        "schedulable": node.schedulable,
        "product": node.product,
        "clique": node.clique,
        "zone": node.zone,
        "largestFree": number(node.largest_free),
        "taints": list(node.taints),
        "created": node.created,
        "gone": node.gone,
        "totals": figures(node.figures),
        "resources": [_resource(one) for one in node.resources],
        "devices": _devices(node),
        "holders": [_holder(one) for one in node.holders],
    }


def _resource(one: Resource) -> Document:
    return {
        "resource": one.resource,
        "kind": one.kind,
        "capacity": number(one.capacity),
        "allocatable": number(one.allocatable),
        "used": number(one.used),
        "free": number(one.free),
        "unhealthy": number(one.unhealthy),
        "reserved": number(one.reserved),
        "family": one.family,
        "cardsEach": number(one.cards_each),
    }


def _devices(node: NodeRow) -> list[Document]:
    """The devices of which an identity is known."""
    return [
        {
            "id": device.id,
            "uuid": device.uuid,
            "kind": device.kind,
            "state": device.state,
            "product": device.product,
            "parent": device.parent,
            "source": device.source,
            "holders": [_holder(one) for one in device.holders],
            **(_gauge(device.gauge) if device.gauge is not None else {}),
        }
        for device in node.devices
    ]


def _gauge(gauge: Gauge) -> Document:
    """What the device says of its work, as far as it says it, and when."""
    told = {
        "utilization": gauge.utilization,
        "memoryUsedMiB": gauge.memory_used,
        "memoryTotalMiB": gauge.memory_total,
        "powerWatts": gauge.power,
        "temperatureCelsius": gauge.temperature,
    }
    at = stamp(gauge.at)
    return {**{name: number(value) for name, value in told.items() if value is not None}, "at": at}


def _holder(one: Holder) -> Document:
    return {
        "namespace": one.namespace,
        "name": one.name,
        "uid": one.uid,
        "share": number(one.share),
        "terminating": one.terminating,
        "nominated": one.nominated,
    }


def _source(source: Source) -> Document:
    return {
        "kind": source.kind,
        "state": source.state,
        "count": source.count,
        "namespace": source.namespace,
        "message": source.message,
    }


_NODE_KEYS = ("name", "product", "ready", "schedulable", "zone", "clique", "largestFree")
_RESOURCE_KEYS = ("resource", "kind", "capacity", "allocatable", "used", "free", "unhealthy", "reserved")


def flat(view: Mapping[str, Any], key: str) -> tuple[list[str], list[list[object]]]:
    """Heading and rows for a spreadsheet: of "nodes" a row per resource, of another list a row per entry."""
    if key == "nodes":
        rows = [
            [*(_cell(node[key]) for key in _NODE_KEYS), *(_cell(one[key]) for key in _RESOURCE_KEYS)]
            for node in view["nodes"]
            for one in node["resources"]
        ]
        return ["node", *_NODE_KEYS[1:], *_RESOURCE_KEYS], rows
    keys = _KEYS[key]
    return list(keys), [[_cell(entry[name]) for name in keys] for entry in view[key] or ()]


_FIGURES = tuple(figures(Figures()))
_POD = ("namespace", "name", "node", "phase", "terminating", "owner", "queue", "cards", "requests", "priority", "since")
_KEYS: dict[str, tuple[str, ...]] = {
    "products": ("name", "nodes", "kind", "resource", "pendingPods", *_FIGURES),
    "namespaces": ("name", "pods", "pendingPods", *_FIGURES),
    "queues": ("name", "pods", "pendingPods", *_FIGURES),
    "workloads": workload_list.KEYS,
    "pods": _POD,
    "pending": (*(key for key in _POD if key != "cards"), "reason", "message"),
    "idle": idle_document.KEYS,
}


def _cell(value: object) -> object:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Mapping):
        return ";".join(f"{name}={amount}" for name, amount in value.items())
    if isinstance(value, list):
        return ";".join(map(str, value))
    return value
