"""What is asked: groups of pods alike, and what comes with them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from k8sai.view import several

Json = dict[str, Any]
Named = tuple[str, str]  # namespace, name
Together = Literal["", "clique", "zone"]


@dataclass(frozen=True, slots=True)
class Group:
    """`count` pods alike; `pod` is a Pod object whose name and uid are not its own yet."""

    name: str
    count: int
    pod: Json

    @property
    def namespace(self) -> str:
        found: str = self.pod["metadata"]["namespace"]
        return found


@dataclass(frozen=True, slots=True)
class Asked:
    """Everything that is to start at once. `each` says of how many GPUs, where that is one number ("8 GPUs").

    `remarks` are sentences about what was taken how.
    """

    groups: tuple[Group, ...]
    claim_templates: Mapping[Named, Json] = field(default_factory=dict)  # ResourceClaimTemplates of a manifest
    claims: Mapping[Named, Json] = field(default_factory=dict)  # its ResourceClaims
    volumes: Mapping[Named, Json] = field(default_factory=dict)  # its PersistentVolumeClaims
    each: str = ""
    remarks: tuple[str, ...] = ()

    @property
    def count(self) -> int:
        """Pods in all."""
        return sum(group.count for group in self.groups)


@dataclass(frozen=True, slots=True)
class Bounds:
    """Which nodes may be used at all, beyond what the pods themselves say; and what must be common to those used."""

    product: str = ""  # a part of its name, in any case
    labels: str = ""  # a label selector
    together: Together = ""
    left_out: frozenset[str] = frozenset()  # nodes that count something else than what is meant


def pods(count: int, each: str = "") -> str:
    """ "1 pod of 8 GPUs", "3 pods"."""
    return several(count, f"pod of {each}", f"pods of {each}") if each else several(count, "pod")
