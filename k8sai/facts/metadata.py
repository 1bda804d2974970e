"""What all kinds share: settings, metadata, conditions and selectors."""

from msgspec import Struct

from k8sai.quantity import Raw

Resources = dict[str, Raw]
Labels = dict[str, str]


class Fact(Struct, gc=False, frozen=True, rename="camel", omit_defaults=True):
    """The settings all facts share."""


class OwnerReference(Fact):
    kind: str = ""
    name: str = ""
    uid: str = ""
    api_version: str = ""
    controller: bool | None = None


class ObjectMeta(Fact):
    name: str = ""
    namespace: str = ""
    uid: str = ""
    resource_version: str = ""
    generation: int = 0
    creation_timestamp: str | None = None  # RFC 3339, seconds, Z
    deletion_timestamp: str | None = None
    labels: Labels | None = None
    annotations: Labels | None = None
    owner_references: tuple[OwnerReference, ...] | None = None


class Condition(Fact):
    """Node, pod and claim conditions alike."""

    type: str = ""
    status: str = ""
    reason: str = ""
    message: str = ""


# --- selectors --------------------------------------------------------------------------------------------------------


class NodeSelectorRequirement(Fact):
    key: str = ""
    operator: str = ""
    values: tuple[str, ...] | None = None


class NodeSelectorTerm(Fact):
    match_expressions: tuple[NodeSelectorRequirement, ...] | None = None
    match_fields: tuple[NodeSelectorRequirement, ...] | None = None


class NodeSelector(Fact):
    node_selector_terms: tuple[NodeSelectorTerm, ...] | None = None


class LabelSelectorRequirement(Fact):
    key: str = ""
    operator: str = ""
    values: tuple[str, ...] | None = None


class LabelSelector(Fact):
    """Absent it matches nothing, empty everything."""

    match_labels: Labels | None = None
    match_expressions: tuple[LabelSelectorRequirement, ...] | None = None
