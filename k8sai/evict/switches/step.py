"""One step of stopping or starting a gang: a write with its guards, something to wait for, or that it can never be.

A stop leaves annotations on what it stops, gone with the start: the drain that stopped it, and the replicas to go back
to. By them alone a stopped gang is found and started again.
"""

from dataclasses import dataclass, field
from typing import Final

from k8sai.evict.facts import Json, Ref

REPLICAS: Final = "k8sai.dev/parked-replicas"  # an annotation of what was scaled to 0


@dataclass(frozen=True, slots=True)
class Write:
    """Exactly one of three. `patch` is a JSON patch (RFC 6902) of `on` with its own `test` operations; `eviction` is
    the body for pods/eviction of `on`, `delete` are DeleteOptions for `on`, both with the uid as a precondition.
    `undo` is what the write changes, as it stood. `title` says what it does.
    """

    on: Ref
    patch: list[Json] = field(default_factory=list)
    eviction: Json = field(default_factory=dict)
    delete: Json = field(default_factory=dict)
    undo: Json = field(default_factory=dict)
    title: str = ""


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing to write now. `why` ends the sentence `waits for …`."""

    why: str


@dataclass(frozen=True, slots=True)
class Never:
    """No waiting helps; `hint` is what a person can do."""

    why: str
    hint: str = ""


Step = Write | Wait | Never | None
