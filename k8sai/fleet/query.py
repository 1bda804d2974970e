"""Which nodes and pods are asked for, and in what order."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final

from k8sai.errors import Usage
from k8sai.fleet.nodes import NodeEntry
from k8sai.fleet.pods import PodEntry
from k8sai.selectors import selector


@dataclass(frozen=True, slots=True)
class NodeQuery:
    """`text` is a case-insensitive regex (plain text where it does not compile) on name, product, zone and the
    namespaces of holders; `!text` means the others. `labels` is kubectl's selector.
    """

    text: str = ""
    labels: str = ""
    product: str = ""
    sort: str = "name"
    reverse: bool = False
    gpu_only: bool = True
    troubled: bool = False  # only those not ready, cordoned, with unhealthy cards, or with cards held to no use


@dataclass(frozen=True, slots=True)
class PodQuery:
    """The same for pods: `text` on namespace, name, node, owner and queue; `labels` are those of the pod's node."""

    namespace: str = ""
    text: str = ""
    labels: str = ""
    node: str = ""
    queue: str = ""
    workload: str = ""  # Kind/name
    sort: str = "name"
    reverse: bool = False
    troubled: bool = False  # only those that wait, failed, or are ending


# Amounts go from the largest, so that what matters is on top; sorting is stable, so that ties stay in order of name.
NODE_ORDERS: Final[dict[str, Callable[[NodeEntry], Any]]] = {
    "name": lambda node: node.name,
    "product": lambda node: node.product,
    "free": lambda node: -node.free,
    "used": lambda node: -node.used,
    "unhealthy": lambda node: -node.unhealthy,
    "pending": lambda node: -node.reserved,
    "largest": lambda node: -node.largest,
    "zone": lambda node: node.zone,
    "age": lambda node: node.created,
}
POD_ORDERS: Final[dict[str, Callable[[PodEntry], Any]]] = {
    "name": lambda pod: (pod.namespace, pod.name),
    "namespace": lambda pod: (pod.namespace, pod.name),
    "node": lambda pod: (pod.node or pod.nominated, pod.namespace, pod.name),
    "cards": lambda pod: (-pod.held, pod.namespace, pod.name),
    "owner": lambda pod: (pod.owner, pod.namespace, pod.name),
    "queue": lambda pod: (pod.queue, pod.namespace, pod.name),
    "priority": lambda pod: (-pod.priority, pod.namespace, pod.name),
    "phase": lambda pod: (pod.phase, pod.namespace, pod.name),
    "reason": lambda pod: (pod.reason, pod.namespace, pod.name),
    "age": lambda pod: (pod.since, pod.namespace, pod.name),
}

_WELL: Final = ("Running", "Succeeded")


def find_nodes(by_name: Iterable[NodeEntry], query: NodeQuery, namespaces: Iterable[str]) -> list[NodeEntry]:
    """The nodes asked for, in order. Raises Usage for a bad selector or sort."""
    order = _order(NODE_ORDERS, query.sort)
    if query.gpu_only:  # the two cheap looks first: there may be 100,000 nodes
        found = [node for node in by_name if node.lines or node.product or node.gpu]
    else:
        found = [node for node in by_name if node.known or node.gpu]
    if query.troubled:
        found = [node for node in found if not node.usable or node.unhealthy > 0 or node.terminating or node.leaked]
    if query.product:
        found = [node for node in found if query.product in _products(node)]
    if query.labels:
        matches = selector(query.labels)
        found = [node for node in found if matches(node.labels)]
    if query.text:
        says, wanted = pattern(query.text)
        holding = {namespace for namespace in namespaces if says(namespace)}
        found = [node for node in found if _mentions(node, says, holding) == wanted]
    if query.sort != "name":
        found.sort(key=order, reverse=query.reverse)
    elif query.reverse:
        found.reverse()
    return found


def find_pods(pods: Iterable[PodEntry], query: PodQuery, nodes: dict[str, NodeEntry]) -> list[PodEntry]:
    """The pods asked for, in order. Raises Usage for a bad selector or sort."""
    order = _order(POD_ORDERS, query.sort)
    found = list(pods)
    if query.namespace:
        found = [pod for pod in found if pod.namespace == query.namespace]
    if query.troubled:
        found = [pod for pod in found if pod.terminating or pod.phase not in _WELL]
    if query.workload:
        found = [pod for pod in found if pod.workload == query.workload]
    if query.queue:
        found = [pod for pod in found if pod.queue == query.queue]
    if query.node:
        found = [pod for pod in found if query.node in (pod.node, pod.nominated)]
    if query.labels:
        matches = selector(query.labels)
        chosen = {node.name for node in nodes.values() if matches(node.labels)}
        found = [pod for pod in found if (pod.node or pod.nominated) in chosen]
    if query.text:
        says, wanted = pattern(query.text)
        found = [
            pod
            for pod in found
            if any(map(says, (pod.namespace, pod.name, pod.node, pod.nominated, pod.owner, pod.queue))) == wanted
        ]
    found.sort(key=order, reverse=query.reverse)
    return found


def pattern(text: str) -> tuple[Callable[[str], bool], bool]:
    """A test of a text, and what it should answer: `!text` wants the others."""
    wanted = not text.startswith("!")
    text = text if wanted else text[1:]
    try:
        expression = re.compile(text, re.IGNORECASE)
    except re.error:
        expression = re.compile(re.escape(text), re.IGNORECASE)
    return lambda said: expression.search(said) is not None, wanted


def _mentions(node: NodeEntry, says: Callable[[str], bool], holding: set[str]) -> bool:
    return (
        says(node.name)
        or says(node.product)
        or says(node.zone)
        or (bool(holding) and any(pod.namespace in holding for pod in node.pods))
    )


def _products(node: NodeEntry) -> set[str]:
    return {node.product, *(line.unit.product or line.unit.resource for line in node.lines.values())}


def _order(orders: dict[str, Callable[[Any], Any]], sort: str) -> Callable[[Any], Any]:
    if sort not in orders:
        raise Usage(f"there is no order {sort!r}", f"one of {', '.join(orders)}")
    return orders[sort]
