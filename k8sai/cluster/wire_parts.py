"""Protobuf parts that several kinds have: metadata, quantities, selectors, tolerations; each gives what JSON gives."""

import time
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import TypeVar

from k8sai import facts
from k8sai.cluster import wire_pb2 as pb

M = TypeVar("M")
F = TypeVar("F")


@lru_cache(maxsize=8192)
def _rfc3339(seconds: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def time_of(m: pb.Time) -> str | None:
    """Both wires carry whole seconds; the zero time is an empty message, which JSON writes as null."""
    return _rfc3339(m.seconds) if m.seconds else None


def quantities(m: Mapping[str, pb.Quantity]) -> facts.Resources | None:
    return {key: m[key].text for key in m} if m else None


def texts(m: Mapping[str, str]) -> facts.Labels | None:
    return dict(m.items()) if m else None


def each(convert: Callable[[M], F], messages: Sequence[M]) -> tuple[F, ...] | None:
    """None for none. Asking first is worth it: most lists of an object are empty, and iterating costs a microsecond."""
    return tuple(map(convert, messages)) if messages else None


@lru_cache(maxsize=8192)
def _owner(raw: bytes) -> facts.OwnerReference:
    m = pb.OwnerReference.FromString(raw)
    controller = m.controller if m.HasField("controller") else None
    return facts.OwnerReference(m.kind, m.name, m.uid, m.api_version, controller)


def metadata(m: pb.ObjectMeta) -> facts.ObjectMeta:
    return facts.ObjectMeta(
        m.name,
        m.namespace,
        m.uid,
        m.resource_version,
        m.generation,
        time_of(m.creation_timestamp),
        time_of(m.deletion_timestamp),
        texts(m.labels),
        texts(m.annotations),
        each(_owner, m.owner_references),
    )


def condition(m: pb.NodeCondition | pb.PodCondition) -> facts.Condition:
    return facts.Condition(m.type, m.status, m.reason, m.message)


# --- selectors --------------------------------------------------------------------------------------------------------


def _node_requirement(m: pb.NodeSelectorRequirement) -> facts.NodeSelectorRequirement:
    return facts.NodeSelectorRequirement(m.key, m.operator, tuple(m.values) or None)


def _term(m: pb.NodeSelectorTerm) -> facts.NodeSelectorTerm:
    return facts.NodeSelectorTerm(each(_node_requirement, m.match_expressions), each(_node_requirement, m.match_fields))


def node_terms(m: pb.NodeSelector) -> facts.NodeSelector:
    return facts.NodeSelector(each(_term, m.node_selector_terms))


def node_selector(m: pb.ResourceSliceSpec | pb.Device | pb.AllocationResult) -> facts.NodeSelector | None:
    return node_terms(m.node_selector) if m.HasField("node_selector") else None


def _requirement(m: pb.LabelSelectorRequirement) -> facts.LabelSelectorRequirement:
    return facts.LabelSelectorRequirement(m.key, m.operator, tuple(m.values) or None)


def label_selector(m: pb.LabelSelector) -> facts.LabelSelector:
    return facts.LabelSelector(texts(m.match_labels), each(_requirement, m.match_expressions))


@lru_cache(maxsize=1024)
def toleration(raw: bytes) -> facts.Toleration:
    m = pb.Toleration.FromString(raw)
    return facts.Toleration(m.key, m.operator, m.value, m.effect)
