"""Queues of Volcano: weight, state, what they may, deserve and are guaranteed. Read only.

Source: scheduling.volcano.sh/v1beta1 Queue of Volcano; deserved and guarantee are of its capacity plugin.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from k8sai.queues.facts import Json
from k8sai.queues.others.tree import Branch, forest
from k8sai.queues.words import gpu, short
from k8sai.view import Cell, Column, Row, Table, Tone

QUEUES: Final = "queues.scheduling.volcano.sh"

_PHASES: Final = ("inqueue", "pending", "running", "unknown", "completed")
_TONES: Final[Mapping[str, Tone]] = {"Closed": "bad", "Closing": "warn", "Unknown": "warn"}
_MOST: Final = 3  # resources of a queue that are shown


@dataclass(frozen=True, slots=True)
class Queue:
    """Amounts are quantities as they are written; `groups` counts PodGroups by phase."""

    name: str
    parent: str
    state: str
    weight: int
    priority: int
    reclaimable: bool
    capability: Mapping[str, str]
    deserved: Mapping[str, str]
    guarantee: Mapping[str, str]
    allocated: Mapping[str, str]
    groups: Mapping[str, int]

    @property
    def resources(self) -> tuple[str, ...]:
        """GPUs first."""
        named = dict.fromkeys((*self.capability, *self.deserved, *self.guarantee, *self.allocated))
        return tuple(sorted(named, key=lambda name: (not gpu(name), name not in ("cpu", "memory"), name)))


def queues(objects: Iterable[Json]) -> tuple[Queue, ...]:
    """Of Queue objects."""
    return tuple(map(_queue, objects))


def _queue(obj: Json) -> Queue:
    spec, status = obj.get("spec") or {}, obj.get("status") or {}
    return Queue(
        obj["metadata"]["name"],
        str(spec.get("parent") or ""),
        str(status.get("state") or "Unknown"),
        int(spec.get("weight") or 0),
        int(spec.get("priority") or 0),
        spec.get("reclaimable") is not False,
        _amounts(spec.get("capability")),
        _amounts(spec.get("deserved")),
        _amounts((spec.get("guarantee") or {}).get("resource")),
        _amounts(status.get("allocated")),
        {phase: int(status.get(phase) or 0) for phase in _PHASES},
    )


def _amounts(found: Json | None) -> dict[str, str]:
    return {str(name): str(amount) for name, amount in (found or {}).items()}


def table(found: Iterable[Queue], *, plain: bool = False) -> Table:
    """The tree of queues, a line per resource."""
    right = ("WEIGHT", "GUARANTEE", "DESERVED", "CAPABILITY", "ALLOCATED", "INQUEUE", "PENDING", "RUNNING")
    columns = (
        Column("VOLCANO QUEUE", shrink=True),
        Column("STATE"),
        Column("RESOURCE", shrink=True),
        *(Column(title, "right") for title in right),
        Column("RECLAIM"),
    )
    known = {one.name: one for one in found}
    rows: list[Row] = []
    for branch in forest((Branch(one.name, one.parent) for one in known.values()), plain=plain):
        one = known[branch.name]
        for number, resource in enumerate(one.resources[:_MOST] or ("",)):
            name = f"{branch.before}{one.name}" if number == 0 or plain else ""
            rows.append(Row(f"volcano/{one.name} {resource}", (Cell(name), *_cells(one, resource, first=number == 0))))
    return Table(columns, tuple(rows))


def _cells(one: Queue, resource: str, *, first: bool) -> Iterator[Cell]:
    yield Cell(one.state, _TONES.get(one.state, "plain")) if first else Cell("")
    yield Cell(short(resource))
    yield Cell(str(one.weight) if first else "")
    for amounts in (one.guarantee, one.deserved, one.capability, one.allocated):
        yield Cell(amounts.get(resource, ""))
    for phase in ("inqueue", "pending", "running"):
        yield Cell(str(one.groups[phase]) if first else "")
    yield Cell(("yes" if one.reclaimable else "no") if first else "")


def document(found: Iterable[Queue]) -> Iterator[Json]:
    """An entry of `volcanoQueues` each; amounts are quantities as Volcano writes them."""
    for one in found:
        yield {
            "name": one.name,
            "parent": one.parent or None,
            "state": one.state,
            "weight": one.weight,
            "priority": one.priority,
            "reclaimable": one.reclaimable,
            "capability": dict(one.capability),
            "deserved": dict(one.deserved),
            "guarantee": dict(one.guarantee),
            "allocated": dict(one.allocated),
            "podGroups": dict(one.groups),
        }
