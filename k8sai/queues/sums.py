"""Available quota as a sum that adds up, and the one limit that keeps it from being more.

    avail = local + min(parent's avail, quota it shares - what it took of it + borrowingLimit)

Every term is unclamped: a negative sum is what must be freed before anything fits. Source: quota.py.
"""

from dataclasses import dataclass
from typing import Literal

from k8sai.queues.facts import Share
from k8sai.queues.nodes import Node
from k8sai.queues.quota import Tree
from k8sai.queues.words import amount

Kind = Literal["pool", "borrowingLimit"]


@dataclass(frozen=True, slots=True)
class Limit:
    """What binds: all quota of a tree (`pool`, its root), or a node's borrowingLimit; `value` is its size."""

    node: Node
    kind: Kind
    value: int


@dataclass(frozen=True, slots=True)
class Sum:
    """The terms of a node's `available`; amounts in Kueue's units.

    Without a parent: available = shared - taken. With one: available = local + min(above.available, own), where
    own = shared - taken + borrowing_limit; without a borrowing limit `own` is None and only `above` counts.
    """

    node: Node
    share: Share
    available: int
    local: int
    shared: int  # of its quota what others may use too
    taken: int  # of that what it uses itself
    borrowing_limit: int | None
    own: int | None
    above: "Sum | None"

    @property
    def binding(self) -> Limit:
        """The nearest limit that, were it larger, would let more fit."""
        if self.above is None:
            return Limit(self.node, "pool", self.shared)
        if self.own is not None and self.own <= self.above.available:
            return Limit(self.node, "borrowingLimit", self.borrowing_limit or 0)
        return self.above.binding


def explain(tree: Tree, node: Node, share: Share) -> Sum:
    """The sum behind `tree.available(node, share)`."""
    guaranteed = tree.guaranteed(node, share)
    return Sum(
        node,
        share,
        available=tree.available(node, share),
        local=tree.local(node, share) if node.parent else 0,
        shared=tree.subtree(node, share) - (guaranteed if node.parent else 0),
        taken=max(0, tree.used(node, share) - guaranteed) if node.parent else tree.used(node, share),
        borrowing_limit=node.quota(share).borrowing_limit if node.parent else None,
        own=tree.own_room(node, share),
        above=explain(tree, node.parent, share) if node.parent else None,
    )


def ceiling(tree: Tree, node: Node, share: Share) -> Limit:
    """What binds `tree.potential(node, share)`: why no more could ever fit."""
    if node.parent is None:
        return Limit(node, "pool", tree.subtree(node, share))
    limit = node.quota(share).borrowing_limit
    above = tree.guaranteed(node, share) + tree.potential(node.parent, share)
    if limit is not None and tree.subtree(node, share) + limit <= above:
        return Limit(node, "borrowingLimit", limit)
    return ceiling(tree, node.parent, share)


def spelled(found: Sum) -> str:
    """`2 = local 0 + min(prod 8, own 16 - used 22 + borrowingLimit 8 = 2)`, in the resource's own notation."""
    resource = found.share.resource

    def shown(value: int) -> str:
        return amount(resource, value)

    if found.above is None:
        return f"{shown(found.available)} = quota {shown(found.shared)} - used {shown(found.taken)}"
    pool = f"{found.above.node.name} {shown(found.above.available)}"
    if found.own is None or found.borrowing_limit is None:
        return f"{shown(found.available)} = local {shown(found.local)} + {pool}"
    own = (
        f"own {shown(found.shared)} - used {shown(found.taken)} + borrowingLimit {shown(found.borrowing_limit)}"
        f" = {shown(found.own)}"
    )
    return f"{shown(found.available)} = local {shown(found.local)} + min({pool}, {own})"
