"""Typed facts into what the scheduler's rules read. What repeats from object to object is held once."""

from functools import lru_cache
from sys import intern
from typing import Any

import msgspec

from k8sai.facts import Affinity, Labels, Node, Pod, Taint
from k8sai.fleet.requests import effective
from k8sai.quantity import BadQuantity, Raw
from k8sai.scheduling.nodes import DONE, Amounts, NodeInfo, PodInfo, amounts, host_ports, volume_claims

Json = dict[str, Any]

_NOTHING: Json = {}
_NO_PORTS: frozenset[Any] = frozenset()


def json_of(fact: object) -> Json:
    """The fact as Kubernetes writes it, without what is absent."""
    plain: Json = msgspec.to_builtins(fact)
    return plain


def node_of(node: Node) -> NodeInfo:
    """A node with no pods yet. One whose amounts cannot be read has none."""
    status = node.status
    try:
        allocatable = _allocatable(_items(status.allocatable or status.capacity))
    except BadQuantity:
        allocatable = {}
    return NodeInfo(
        name=node.metadata.name,
        labels=_interned(node.metadata.labels),
        taints=_taints(node.spec.taints or ()),
        unschedulable=node.spec.unschedulable,
        allocatable=allocatable,
    )


def bound(pod: Pod) -> bool:
    """It counts on its node: placed, and its phase is not terminal (also while it terminates)."""
    return bool(pod.spec.node_name) and pod.status.phase not in DONE


def info_of(pod: Pod, *, whole: bool = True) -> PodInfo:
    """A pod's demands. Without `whole`, of the spec only what the filters of other pods ask: there may be 150,000.

    Raises BadQuantity on a malformed request.
    """
    meta, spec = pod.metadata, pod.spec
    extended = pod.status.extended_resource_claim_status
    bridged = [m.resource_name for m in (extended.request_mappings or ())] if extended else ()
    requests = effective(pod)
    for resource in bridged:
        requests.pop(resource, None)
    plain = json_of(spec) if whole or _has_ports(pod) or spec.volumes else _NOTHING
    return PodInfo(
        uid=meta.uid,
        namespace=intern(meta.namespace),
        name=meta.name,
        labels=_shared_labels(_items(meta.labels)) if meta.labels else _NOTHING,
        priority=spec.priority or 0,
        created=intern(meta.creation_timestamp or ""),
        spec=plain if whole else _apart(spec.affinity),
        requests=_shared_requests(tuple(requests.items())),
        ports=host_ports(plain) if _has_ports(pod) else _NO_PORTS,
        terminating=meta.deletion_timestamp is not None,
        volumes=volume_claims(meta.name, plain) if spec.volumes else (),
    )


def _has_ports(pod: Pod) -> bool:
    return any(c.ports for c in (*pod.spec.containers, *(pod.spec.init_containers or ())))


def _items(mapping: Any) -> tuple[tuple[str, Any], ...]:
    return tuple(mapping.items()) if mapping else ()


@lru_cache(maxsize=4096)
def _allocatable(items: tuple[tuple[str, Raw], ...]) -> Amounts:
    return amounts(dict(items))


@lru_cache(maxsize=8192)
def _shared_requests(items: tuple[tuple[str, int], ...]) -> Amounts:
    return {intern(name): amount for name, amount in items}


@lru_cache(maxsize=8192)
def _shared_labels(items: tuple[tuple[str, str], ...]) -> Labels:
    return _interned(dict(items))


def _interned(labels: Labels | None) -> Labels:
    return {intern(key): intern(value) for key, value in labels.items()} if labels else _NOTHING


@lru_cache(maxsize=4096)
def _taints(taints: tuple[Taint, ...]) -> tuple[Json, ...]:
    return tuple(json_of(taint) for taint in taints)


def _apart(affinity: Affinity | None) -> Json:
    """A spec with the required anti-affinity alone, which holds against pods that come later."""
    if affinity is None or affinity.pod_anti_affinity is None:
        return _NOTHING
    return {"affinity": {"podAntiAffinity": json_of(affinity.pod_anti_affinity)}}
