"""What fit answers: frozen values that the sentence, the tables and the document are made from."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from k8sai.fit.ask import Asked, Bounds
from k8sai.fit.quota import Barrier
from k8sai.fit.short import Short

# now; later: once others have ended, or on an empty cluster; never: whatever ends, as it is asked
Verdict = Literal["now", "later", "never"]
ChangeKind = Literal[
    "wait",  # until pods that end already are gone
    "tolerate",
    "cpu",
    "memory",
    "apart",  # without --same-clique or --same-zone
    "product",
    "uncordon",
    "pods",  # fewer of them
    "gpus",  # fewer of them per pod
    "end",  # pods of others
    "quota",  # a larger one
]


@dataclass(frozen=True, slots=True)
class Placement:
    """A node and how many of the pods start there; `free_after` is in units of the resource asked for, None for DRA."""

    node: str
    pods: int
    product: str = ""
    clique: str = ""
    zone: str = ""
    free_after: int | None = None


@dataclass(frozen=True, slots=True)
class Domain:
    """A clique or zone, and how many of the pods it takes."""

    name: str
    nodes: int
    pods: int


@dataclass(frozen=True, slots=True)
class Change:
    """Something that would make all pods start: tried, and it did.

    `flags` ask fit with the change, `command` makes it; either may be empty.
    """

    kind: ChangeKind
    text: str
    flags: str = ""
    command: str = ""
    nodes: tuple[str, ...] = ()
    pods: tuple[str, ...] = ()  # namespace/name of those that would have to end


@dataclass(frozen=True, slots=True)
class Moved:
    """What a drain does: where the node's pods go, which find no place, and which nobody starts again."""

    placed: Mapping[str, str] = field(default_factory=dict)  # namespace/name -> node
    waiting: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """`placed` of `asked.count` pods start now; `changes` are the ones that would do, the smallest first."""

    asked: Asked
    bounds: Bounds
    verdict: Verdict
    placed: int
    placements: tuple[Placement, ...]
    shorts: tuple[Short, ...] = ()
    beyond: str = ""  # what of it no node ever has, in words
    barriers: tuple[Barrier, ...] = ()
    domains: tuple[Domain, ...] = ()
    changes: tuple[Change, ...] = ()
    moved: Moved = Moved()
    finished: tuple[str, ...] = ()  # titles of what is taken as finished
    drained: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()

    @property
    def fits(self) -> bool:
        """All of them start now."""
        return self.verdict == "now"
