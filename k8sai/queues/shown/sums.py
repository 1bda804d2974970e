"""What is available as a sum in words, level by level up the tree: every number shown is one that the next line has.

`12 = 4 guaranteed + 8 from cohort prod (borrowing limit none)`
"""

from collections.abc import Iterator

from k8sai.queues.facts import Share
from k8sai.queues.nodes import Node
from k8sai.queues.quota import Tree
from k8sai.queues.sums import Limit, Sum, ceiling
from k8sai.queues.words import amount


def levels(found: Sum) -> Iterator[tuple[Node, str]]:
    """Of the node itself first, then of each cohort above it."""
    at: Sum | None = found
    while at is not None:
        yield at.node, available(at)
        at = at.above


def available(found: Sum) -> str:
    """One level; the smaller of what the parent has and what the borrowing limit leaves is what counts."""
    of = _Amounts(found.share)
    if found.above is None and found.node.leaf:
        return f"{of(found.available)} = {of(found.shared)} nominal - {of(found.taken)} in use"
    if found.above is None:
        return f"{of(found.available)} = {of(found.shared)} to share - {of(found.taken)} of it in use{_kept(of, found)}"
    pool = f"cohort {found.above.node.name}"
    begin = f"{of(found.available)} = {of(found.local)} guaranteed {_plus(of, min(found.above.available, _own(found)))}"
    if found.own is None or found.borrowing_limit is None:
        return f"{begin} from {pool} (borrowing limit none)"
    own = (
        f"{of(found.shared)} to share - {of(found.taken)} of it in use + {of(found.borrowing_limit)} borrowing limit"
        f" = {of(found.own)}"
    )
    if found.own < found.above.available:
        return f"{begin} by its limit ({own}; {pool} has {of(found.above.available)})"
    return f"{begin} from {pool} (its own limit: {own})"


def negative(found: Sum) -> str:
    """What a negative sum means; empty where it is none."""
    if found.available >= 0:
        return ""
    of = _Amounts(found.share)
    return f"{of(-found.available)} must be freed before anything fits; Kueue counts this as 0"


def most(tree: Tree, node: Node, share: Share) -> str:
    """What could ever fit, and what keeps it from being more."""
    of = _Amounts(share)
    top, limit = tree.potential(node, share), ceiling(tree, node, share)
    if node.parent is None:
        return f"{of(top)} at most: all the quota of its tree"
    if limit.node is node and limit.kind == "borrowingLimit":
        return f"{of(top)} at most = {of(tree.subtree(node, share))} own + {of(limit.value)} borrowing limit"
    above = tree.potential(node.parent, share)
    begin = f"{of(top)} at most = {of(tree.guaranteed(node, share))} guaranteed + {of(above)} at most in cohort"
    return f"{begin} {node.parent.name}{'' if limit.kind == 'pool' else f', by the {limit_words(limit, share)}'}"


def limit_words(limit: Limit, share: Share) -> str:
    """`borrowingLimit 8 of ClusterQueue finetune`, `quota 72 of Cohort ai`."""
    word = "quota" if limit.kind == "pool" else limit.kind
    return f"{word} {amount(share.resource, limit.value)} of {limit.node.word}"


def _kept(of: "_Amounts", found: Sum) -> str:
    """Why a root has less to share than its tree has in all."""
    whole = sum(one.quota(found.share).nominal for one in _tree_of(found.node))
    kept = whole - found.shared
    return f" ({of(kept)} of {of(whole)} kept back by lending limits)" if kept else ""


def _tree_of(node: Node) -> Iterator[Node]:
    yield node
    for child in node.children:
        yield from _tree_of(child)


def _own(found: Sum) -> int:
    assert found.above is not None
    return found.above.available if found.own is None else found.own


def _plus(of: "_Amounts", value: int) -> str:
    return f"- {of(-value)}" if value < 0 else f"+ {of(value)}"


class _Amounts:
    """Amounts of one share in its resource's notation."""

    def __init__(self, share: Share) -> None:
        self._resource = share.resource

    def __call__(self, value: int) -> str:
        return amount(self._resource, value)
