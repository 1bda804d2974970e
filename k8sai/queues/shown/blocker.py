"""What is in a workload's way, in a few words: a column of the waiting list."""

from k8sai.queues import words
from k8sai.queues.facts import ClusterQueue
from k8sai.queues.nodes import Node
from k8sai.queues.quota import Tree
from k8sai.queues.reasons import Said
from k8sai.queues.sums import Limit, ceiling, explain
from k8sai.queues.verdict import Judgement, Line
from k8sai.queues.why.quota import deciding, pressing


def blocker(judged: Judgement, tree: Tree, queue: ClusterQueue) -> str:
    """What decides in the flavor that comes nearest, and whose limit: `h100: 6 GPU short by borrowingLimit`."""
    if judged.victims:
        first, more = judged.victims[0].workload.title, len(judged.victims) - 1
        return f"evicts {first}" + (f" and {more} more" if more else "")
    option = pressing(judged, queue)
    if option is None:
        return ""
    if option.refusal:
        return f"{option.flavor}: {option.refusal}" if option.flavor else option.refusal
    line, node = deciding(option), tree.queues.get(queue.name)
    return _short(line, tree, node) if line is not None and node is not None else ""


def by_kueue(said: Said | None) -> str:
    """The same in Kueue's own numbers, where the queue may not be read and nothing can be computed."""
    part = next((one for one in said.parts if one.more is not None or one.most is not None), None) if said else None
    if part is None:
        return ""
    what, resource = words.short(part.share.resource), part.share.resource
    if part.more is not None:
        return f"{part.share.flavor}: {words.amount(resource, part.more)} {what} short, says Kueue"
    return f"{part.share.flavor}: {words.amount(resource, part.most or 0)} {what} at most, says Kueue"


def _short(one: Line, tree: Tree, node: Node) -> str:
    what, resource = words.short(one.share.resource), one.share.resource
    if one.mode == "never":
        limit = ceiling(tree, node, one.share)
        return f"{one.share.flavor}: {words.amount(resource, one.most)} {what} at most{_limit(limit, node)}"
    limit = explain(tree, node, one.share).binding
    return f"{one.share.flavor}: {words.amount(resource, one.deficit)} {what} short{_limit(limit, node)}"


def _limit(limit: Limit, node: Node) -> str:
    """Whose it is, where that is not the queue's own quota."""
    if limit.kind == "pool":
        return "" if limit.node is node else f" in cohort {limit.node.name}"
    whose = "" if limit.node is node else f" of {limit.node.name}"
    return f" by borrowingLimit{whose}"
