"""What `--by workload` and documents say of workloads; the words for their pods, places and states."""

from collections.abc import Iterable
from typing import Any, Final

from k8sai.fleet.answers import Workload, WorkloadState
from k8sai.fleet.numbers import number
from k8sai.fleet.tables import age, amount, percent
from k8sai.view import Cell, Column, Row, Table, Tone

TONES: Final[dict[WorkloadState, Tone]] = {
    "running": "good",
    "starting": "plain",
    "partly running": "bad",
    "waiting": "warn",
    "gang waiting": "warn",
    "gated": "dim",
    "ending": "warn",
}
# Owners of pods that do not talk to each other over NVLink.
_SERVICES: Final = ("Deployment", "ReplicaSet", "StatefulSet", "DaemonSet", "InferenceService")


def table(rows: Iterable[Workload], at: str) -> Table:
    """A line per workload. IDLE is there where a meter tells how busy the cards are."""
    rows = tuple(rows)
    metered = any(one.idle is not None for one in rows)
    columns = (
        Column("NAMESPACE", shrink=True),
        Column("WORKLOAD", shrink=True),
        Column("CARDS", "right"),
        Column("ASKS", "right"),
        Column("PODS", "right"),
        Column("STATE", shrink=True),
        Column("NODES", "right"),
        Column("CLIQUES", shrink=True),
        Column("WAITS", "right"),
        Column("AGE", "right"),
        *((Column("IDLE", "right"),) if metered else ()),
        Column("QUEUE", wide=True),
        Column("PRIORITY", "right", wide=True),
        Column("ZONES", wide=True),
        Column("PRODUCTS", wide=True),
        Column("REASON", wide=True),
        Column("ON", wide=True),
    )

    def row(one: Workload) -> Row:
        cells = (
            Cell(one.namespace),
            Cell(one.owner),
            Cell(amount(one.used), "plain" if one.used else "dim"),
            Cell(amount(one.pending), "warn" if one.pending > 0 else "dim"),
            Cell(f"{one.running} of {one.pods + one.pending_pods}"),
            Cell(one.state, TONES[one.state]),
            Cell(str(len(one.nodes)), "plain" if one.nodes else "dim"),
            Cell(*cliques(one)),
            Cell(age(one.waiting_since, at), "warn"),
            Cell(age(one.created, at), "dim"),
            *((Cell(percent(one.idle), "warn" if one.idle else "dim"),) if metered else ()),
            Cell(one.queue),
            Cell(str(one.priority)),
            Cell(",".join(one.zones)),
            Cell(",".join(product.removeprefix("NVIDIA-") for product in one.products)),
            Cell(one.reason),
            Cell(",".join(one.nodes)),
        )
        return Row(f"{one.namespace}/{one.owner}", cells)

    return Table(columns, tuple(map(row, rows)), "workloads", named=2)


def cliques(one: Workload) -> tuple[str, Tone]:
    """The NVLink clique of its nodes, or over how many they are split: bad for a gang, nothing to a service."""
    if not one.split:
        return ",".join(one.cliques), "dim"
    many = len(one.cliques) > 1
    if one.kind in _SERVICES:
        return (f"{len(one.cliques)} cliques" if many else one.cliques[0]), "dim"
    return (f"split over {len(one.cliques)}" if many else f"{one.cliques[0]} in part"), "warn"


def entry(one: Workload) -> dict[str, Any]:
    """A workload in a document; figures are cards."""
    return {
        "namespace": one.namespace,
        "kind": one.kind,
        "name": one.name,
        "queue": one.queue,
        "priority": one.priority,
        "state": one.state,
        "pods": one.pods,
        "running": one.running,
        "pendingPods": one.pending_pods,
        "ending": one.ending,
        "used": number(one.used),
        "pending": number(one.pending),
        "reserved": number(one.reserved),
        "terminating": number(one.terminating),
        "nodes": list(one.nodes),
        "zones": list(one.zones),
        "cliques": list(one.cliques),
        "split": one.split,
        "products": list(one.products),
        "created": one.created,
        "waitingSince": one.waiting_since,
        "reason": one.reason,
        "message": one.message,
        **({} if one.idle is None else {"idle": number(one.idle)}),
    }


# What a spreadsheet has of it.
KEYS: Final = (
    "namespace",
    "kind",
    "name",
    "queue",
    "priority",
    "state",
    "pods",
    "running",
    "pendingPods",
    "ending",
    "used",
    "pending",
    "reserved",
    "terminating",
    "split",
    "created",
    "waitingSince",
    "reason",
    "message",
)
