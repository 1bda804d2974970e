"""What a glance and a row say of the cards of a node, in the same words."""

from k8sai.fleet.answers import NodeRow
from k8sai.fleet.glance import LOOKS, Glance

Card = tuple[str, str, str, str]  # look; namespace, owner and queue of who holds most of it


def told(glance: Glance) -> list[Card]:
    """Card by card."""
    assert len(glance.looks) == len(glance.fill) == len(glance.by)
    who = [("", "", ""), *(each[:3] for each in glance.who)]
    return [(LOOKS[look], *who[by]) for look, by in zip(glance.looks, glance.by, strict=True)]


def told_by_row(row: NodeRow) -> list[Card]:
    """The same of the row's slots."""
    return [
        (slot.state, slot.holder.namespace, slot.holder.owner, slot.holder.queue)
        if slot.holder
        else (slot.state, "", "", "")
        for slot in row.slots
    ]
