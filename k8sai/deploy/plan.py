"""The plan: what would be written where, and why; values that a caller shows and `applying` carries out."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Literal

from k8sai.cluster.writing import Target
from k8sai.deploy.fields import Field
from k8sai.deploy.owners import Owner
from k8sai.deploy.paths import Json, covers
from k8sai.errors import Usage
from k8sai.manifests import Manifest

Op = Literal["create", "update", "unchanged", "delete", "conflict"]
Choice = Literal["", "leave", "share", "take"]

DONE: dict[Op, str] = {  # kubectl's words for what was done
    "create": "created",
    "update": "configured",
    "unchanged": "unchanged",
    "delete": "pruned",
    "conflict": "conflict",
}


@dataclass(frozen=True, slots=True)
class Item:
    """One object of the set, and its place in this cluster."""

    manifest: Manifest
    target: Target


@dataclass(frozen=True, slots=True)
class Conflict:
    """A field that somebody else owns, with another value. `mine` is None and `gone` True where it is not there now."""

    path: str
    owner: Owner
    theirs: object
    mine: object
    choice: Choice = ""


@dataclass(frozen=True, slots=True)
class Change:
    """One object and what becomes of it. `body` is what is sent, `live` what was there, `result` what would be."""

    op: Op
    target: Target
    body: Json = field(default_factory=dict)
    live: Json | None = None
    result: Json | None = None
    fields: tuple[Field, ...] = ()
    conflicts: tuple[Conflict, ...] = ()
    dropped: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    untried: str = ""  # why the server was not asked what it would make of it
    place: str = ""  # of the manifest: file:line

    @property
    def uid(self) -> str:
        return str(((self.live or {}).get("metadata") or {}).get("uid") or "")

    @property
    def force(self) -> bool:
        """A field is taken from its owner."""
        return any(one.choice == "take" for one in self.conflicts)

    @property
    def open(self) -> tuple[Conflict, ...]:
        """The conflicts that nobody has decided."""
        return tuple(one for one in self.conflicts if not one.choice)


@dataclass(frozen=True, slots=True)
class Plan:
    """The changes in the order of writing; what is pruned comes last."""

    changes: tuple[Change, ...] = ()
    kept: tuple[str, ...] = ()  # what has left the set and stays all the same, in words

    @property
    def conflicts(self) -> bool:
        """Somebody has to decide about a field."""
        return any(change.open for change in self.changes)

    @property
    def differs(self) -> bool:
        return any(change.op != "unchanged" for change in self.changes)

    @property
    def writes(self) -> tuple[Change, ...]:
        return tuple(change for change in self.changes if change.op in ("create", "update"))

    @property
    def deletes(self) -> tuple[Change, ...]:
        return tuple(change for change in self.changes if change.op == "delete")

    @property
    def drastic(self) -> bool:
        """It removes something or takes it from its owner: a person should say yes."""
        return bool(self.deletes) or any(change.force for change in self.changes)

    def with_deletes(self, deletes: Iterable[Change], kept: Iterable[str]) -> "Plan":
        return replace(self, changes=(*self.changes, *deletes), kept=tuple(kept))


@dataclass(frozen=True, slots=True)
class Choices:
    """What a person decided about fields that others own: paths, each with an object before it where one is meant.

    `.spec.replicas`, `spec.replicas`, `deployment.apps/qwen:.spec.replicas`, `Deployment/qwen:.spec.replicas`.
    """

    leave: tuple[str, ...] = ()
    share: tuple[str, ...] = ()
    take: tuple[str, ...] = ()
    take_all: bool = False

    def of(self, target: Target, path: str) -> Choice:
        """What is to be done about this field: what says most about it decides. Raises Usage where two say as much."""
        said: list[tuple[int, Choice]] = []
        words: tuple[tuple[Choice, tuple[str, ...]], ...] = (
            ("leave", self.leave),
            ("share", self.share),
            ("take", self.take),
        )
        for choice, given in words:
            said += [(len(one), choice) for one in given if _means(one, target, path)]
        if not said:
            return "take" if self.take_all else ""
        longest = max(length for length, _ in said)
        best = {choice for length, choice in said if length == longest}
        if len(best) > 1:
            flags = " and ".join(f"--{one}" for one in sorted(best))
            raise Usage(f"{flags} both name {path} of {target.ref}", "one of them decides")
        return best.pop()

    @property
    def given(self) -> tuple[str, ...]:
        return (*self.leave, *self.share, *self.take)


def _means(given: str, target: Target, path: str) -> bool:
    who, colon, rest = given.partition(":")
    if not colon or "/" not in who or who.startswith((".", "metadata", "spec")) or "[" in who:
        return covers(given, path)
    kind, _, name = who.partition("/")
    known = {target.ref.partition("/")[0], target.resource.kind.lower(), target.resource.plural, target.plural}
    return kind.lower() in known and name == target.name and covers(rest, path)
