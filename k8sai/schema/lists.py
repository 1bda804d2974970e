"""The shape of an object, as far as merging asks for it: what is replaced whole, and what item by item or key by key.

    shape = shape_of("apps/v1", "Deployment")
    containers = shape.field("spec").field("template").field("spec").field("containers")
    (containers.list_type, containers.keys)          # ("map", ("name",))

Built-in kinds, and a few others, are described by the table of `list_types`, custom kinds by their structural schema:
whatever looks like `Shape` will do. A custom kind without either is `UNTYPED` under its metadata, as the API server
deduces it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal, Protocol

from k8sai.schema.list_types import TYPES

ListType = Literal["atomic", "set", "map"]

_PLAIN_GROUPS = ("", "apps", "autoscaling", "batch", "policy")
_DOTTED_GROUPS = (
    *("admissionregistration", "apiextensions", "apiregistration", "authentication", "authorization", "certificates"),
    *("coordination", "discovery", "events", "networking", "node", "rbac.authorization", "resource", "scheduling"),
    *("storage",),
)
_GROUPS = frozenset((*_PLAIN_GROUPS, *(f"{name}.k8s.io" for name in _DOTTED_GROUPS)))
_CUSTOM_GROUPS = ("jobset.x-k8s.io", "kueue.x-k8s.io")
_RENAMED = {("events.k8s.io", "Event"): "EventsEvent", ("kueue.x-k8s.io", "Workload"): "KueueWorkload"}


class Shape(Protocol):
    """How a value is merged. Asked about a list it answers by `list_type`, about a map or struct by `atomic`."""

    @property
    def list_type(self) -> ListType:
        """Of a list: replaced whole ("atomic"), a "set" of scalars, or a "map" of items told apart by `keys`."""

    @property
    def keys(self) -> tuple[str, ...]:
        """The fields that tell the items of a list of type "map" apart."""

    @property
    def atomic(self) -> bool:
        """Of a map or struct: whether it is replaced whole."""

    def key_default(self, key: str) -> Any:
        """The value a key of this list's items has where it is absent; None where it has none."""

    def field(self, name: str) -> "Shape":
        """The shape of a struct's field, or of a map's value."""

    def item(self) -> "Shape":
        """The shape of a list's items."""

    def named(self, name: str) -> bool:
        """Whether this is a field that the type declares, and no key of a map."""


@dataclass(frozen=True, slots=True)
class Untyped:
    """What nothing is known of: lists are replaced whole, maps key by key."""

    list_type: ListType = "atomic"
    keys: tuple[str, ...] = ()
    atomic: bool = False

    def key_default(self, key: str) -> Any:
        """None: there are no keys."""
        return None

    def field(self, name: str) -> Shape:
        """The same of every key."""
        return self

    def item(self) -> Shape:
        """The same of every item."""
        return self

    def named(self, name: str) -> bool:
        """Never: every key is one of a map."""
        return False


@dataclass(frozen=True, slots=True)
class Typed:
    """A value of the table. `type` is the line of the value itself, or of the items of a list."""

    type: str = ""
    list_type: ListType = "atomic"
    keys: tuple[str, ...] = ()
    atomic: bool = False
    defaults: tuple[tuple[str, Any], ...] = ()
    whole: bool = False  # of a list: each item is replaced whole

    def key_default(self, key: str) -> Any:
        """The default of a key; None where it has none."""
        return next((default for name, default in self.defaults if name == key), None)

    def field(self, name: str) -> Shape:
        """The shape that the type's line gives the field."""
        return _table().get(self.type, _NO_FIELDS).get(name, PLAIN)

    def item(self) -> Shape:
        """The shape of the items."""
        return Typed(self.type, atomic=self.whole)

    def named(self, name: str) -> bool:
        """Always: maps of the built-in kinds hold scalars, for which it makes no difference."""
        return True


@dataclass(frozen=True, slots=True)
class Custom:
    """A custom object: metadata as everywhere, and the rest as its schema says."""

    rest: Shape
    list_type: ListType = "atomic"
    keys: tuple[str, ...] = ()
    atomic: bool = False

    def key_default(self, key: str) -> Any:
        """None: an object is no list."""
        return None

    def field(self, name: str) -> Shape:
        """The schema's field, or the metadata of every object."""
        if name == "metadata":
            return METADATA
        return PLAIN if name in ("apiVersion", "kind") else self.rest.field(name)

    def item(self) -> Shape:
        """The schema's, though an object is no list."""
        return self.rest.item()

    def named(self, name: str) -> bool:
        """What every object has, and what the schema declares."""
        return name in ("apiVersion", "kind", "metadata") or self.rest.named(name)


PLAIN = Typed()
METADATA = Typed("ObjectMeta")
UNTYPED: Shape = Untyped()
_NO_FIELDS: Mapping[str, Typed] = {}


def shape_of(api_version: str, kind: str) -> Shape:
    """The shape of a kind of `apps/v1` or `v1`; of kinds in groups that nobody knows only the metadata is known."""
    group = api_version.rpartition("/")[0]
    if group not in _GROUPS and group not in _CUSTOM_GROUPS:
        return Custom(UNTYPED)
    name = _RENAMED.get((group, kind), kind)
    return Typed(name if name in _table() else "WithMetadata")


@cache
def _table() -> dict[str, dict[str, Typed]]:
    """The lines of the table, read once."""
    table: dict[str, dict[str, Typed]] = {}
    fields: dict[str, Typed] = {}
    for word in TYPES.split():
        name, _, what = word.partition(":")
        if what:
            fields[name] = _read(what)
        else:
            fields = table.setdefault(name, {})
    return table


def _read(what: str) -> Typed:
    if what == "!":
        return Typed(atomic=True)
    if what == "set":
        return Typed(list_type="set")
    if not what.startswith("["):
        return Typed(what)
    keys, _, kind = what[1:].partition("]")
    whole = kind == "!"
    names: list[str] = []
    defaults: list[tuple[str, Any]] = []
    for key in keys.split(","):
        name, _, default = key.rstrip("?").partition("=")
        names.append(name)
        if not key.endswith("?"):
            defaults.append((name, int(default) if default.isdigit() else default))
    return Typed("" if whole else kind, "map", tuple(names), False, tuple(defaults), whole)
