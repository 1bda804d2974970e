"""Sets of fields of an object, and the algebra of them: what managedFields says about who owns what.

A path is in the set or it is not; a parent is none of its children's business. The wire form (FieldsV1) is a tree in
which `{}` is a member without anything below it, and `.` says that a node with something below is a member too.

Source: structured-merge-diff v6, `fieldpath/set.go` and `serialize.go`; KEP-555.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from k8sai.schema.elements import Path, canonical, name_in, order
from k8sai.schema.lists import Shape

Wire = dict[str, Any]


class FieldSet:
    """A set of paths. Operations make new sets; only `insert` changes one."""

    __slots__ = ("children", "members")

    def __init__(self, paths: Iterable[Path] = ()) -> None:
        self.members: set[str] = set()
        self.children: dict[str, FieldSet] = {}
        for path in paths:
            self.insert(path)

    def insert(self, path: Path) -> None:
        """Add a path; the whole object (an empty path) is nobody's."""
        if not path:
            return
        node = self
        for step in path[:-1]:
            found = node.children.get(step)
            if found is None:
                found = node.children[step] = FieldSet()
            node = found
        node.members.add(path[-1])

    def __bool__(self) -> bool:
        return bool(self.members) or any(self.children.values())

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, FieldSet) or self.members != other.members:
            return False
        steps = self.children.keys() | other.children.keys()
        return all(self.children.get(step, _NOTHING) == other.children.get(step, _NOTHING) for step in steps)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"FieldSet({list(self)!r})"

    def __contains__(self, path: Path) -> bool:
        node = self
        for step in path[:-1]:
            if step not in node.children:
                return False
            node = node.children[step]
        return bool(path) and path[-1] in node.members

    def __iter__(self) -> Iterator[Path]:
        return self._paths(())

    def _paths(self, prefix: Path) -> Iterator[Path]:
        for step in sorted(self.members, key=order):
            yield (*prefix, step)
        for step in sorted(self.children, key=order):
            yield from self.children[step]._paths((*prefix, step))

    def below(self, step: str) -> "FieldSet":
        """The paths that go on from a step, without it."""
        return self.children.get(step, _NOTHING)

    def __or__(self, other: "FieldSet") -> "FieldSet":
        found = FieldSet()
        found.members = self.members | other.members
        found.children = {**self.children, **other.children}
        for step in self.children.keys() & other.children.keys():
            found.children[step] = self.children[step] | other.children[step]
        return found

    def __and__(self, other: "FieldSet") -> "FieldSet":
        found = FieldSet()
        found.members = self.members & other.members
        for step in self.children.keys() & other.children.keys():
            both = self.children[step] & other.children[step]
            if both:
                found.children[step] = both
        return found

    def __sub__(self, other: "FieldSet") -> "FieldSet":
        """Without the very paths of the other: what lies below a path of it stays."""
        found = FieldSet()
        found.members = self.members - other.members
        for step, child in self.children.items():
            left = child - other.children[step] if step in other.children else child
            if left:
                found.children[step] = left
        return found

    def without_all_of(self, other: "FieldSet") -> "FieldSet":
        """Without the paths of the other and everything below them."""
        found = FieldSet()
        found.members = self.members - other.members
        for step, child in self.children.items():
            if step in other.members:
                continue
            left = child.without_all_of(other.children[step]) if step in other.children else child
            if left:
                found.children[step] = left
        return found

    def with_named_parents(self, shape: Shape) -> "FieldSet":
        """With every declared field on the way to a path: structs are there because of what is in them."""
        found = FieldSet()
        found.members = set(self.members)
        for step, child in self.children.items():
            name = name_in(step)
            if name is not None and shape.named(name):
                found.members.add(step)
            below = shape.item() if name is None else shape.field(name)
            found.children[step] = child.with_named_parents(below)
        return found

    def wire(self) -> Wire:
        """The FieldsV1 form, in the order the API server writes."""
        found: Wire = {}
        for step in sorted(self.members | self.children.keys(), key=order):
            child = self.children.get(step)
            below = child.wire() if child else {}
            found[step] = {".": {}, **below} if below and step in self.members else below
        return found


_NOTHING = FieldSet()


def read(wire: Any) -> FieldSet:
    """The set of a FieldsV1 form. ValueError for what is none; steps of a later form are left out."""
    found = FieldSet()
    if not isinstance(wire, dict):
        raise ValueError("a set of fields is an object")
    for key, below in wire.items():
        step = canonical(key) if key != "." else ""
        if not step:
            continue
        if not below or (isinstance(below, dict) and "." in below):
            found.members.add(step)
        if below != {} and (child := read(below)):
            found.children[step] = child
    return found
