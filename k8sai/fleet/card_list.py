"""What `--by card` shows: every physical card with its state and who holds it; the map in words."""

from collections.abc import Iterable, Sequence

from msgspec import Struct

from k8sai.fleet.answers import NodeRow, Slot, State
from k8sai.fleet.tables import amount, percent
from k8sai.view import Cell, Column, Row, Table, Tone

_TONES: dict[State, Tone] = {
    "free": "good",
    "unhealthy": "bad",
    "leaked": "bad",
    "terminating": "warn",
    "reserved": "warn",
    "cordoned": "dim",
    "unknown": "dim",
}


class Card(Struct, frozen=True):
    """One card: the place it has on its node, counted from 0."""

    node: NodeRow
    place: int
    slot: Slot

    @property
    def name(self) -> str:
        return f"{self.node.name}/{self.place}"


def every(nodes: Iterable[NodeRow]) -> list[Card]:
    """The cards of these nodes."""
    return [Card(node, place, slot) for node in nodes for place, slot in enumerate(node.slots)]


def table(rows: Sequence[Card]) -> Table:
    """A line per card. UTIL is there where a meter tells it."""
    metered = any(card.slot.utilization is not None for card in rows)
    columns = (
        Column("NODE", shrink=True),
        Column("CARD"),
        Column("STATE"),
        Column("USED", "right"),
        Column("NAMESPACE", shrink=True),
        Column("POD", shrink=True),
        Column("OWNER", shrink=True),
        *((Column("UTIL", "right"),) if metered else ()),
        Column("PRODUCT", shrink=True),
        Column("QUEUE", wide=True),
        Column("PODS", "right", wide=True),
        Column("DEVICE", wide=True),
    )

    def row(card: Card) -> Row:
        slot, holder = card.slot, card.slot.holder
        idle = ", idle" if slot.idle else ""
        cells = (
            Cell(card.node.name),
            Cell(str(card.place)),
            Cell(f"{_word(card)}{idle}", "warn" if idle else _TONES.get(slot.state, "plain")),
            Cell(amount(slot.used)),
            Cell(holder.namespace if holder is not None else ""),
            Cell(holder.name if holder is not None else ""),
            Cell(holder.owner if holder is not None else ""),
            *((Cell(percent(slot.utilization)),) if metered else ()),
            Cell(card.node.product.removeprefix("NVIDIA-")),
            Cell(holder.queue if holder is not None else ""),
            Cell(str(slot.holders)),
            Cell(slot.device),
        )
        return Row(card.name, cells)

    return Table(columns, tuple(map(row, rows)), "cards", named=2)


def _word(card: Card) -> str:
    """The state in a word; a free card that takes no pods says why."""
    if card.slot.state != "cordoned":
        return card.slot.state
    return "free but cordoned" if card.node.ready else "free but not ready"
