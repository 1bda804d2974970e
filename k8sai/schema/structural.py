"""Structural schemas: what a CustomResourceDefinition says of its objects.

Nodes are made when somebody asks for them: a definition of a megabyte costs no more than the fields an object has.
Source: apiextensions-apiserver `pkg/apiserver/schema`.
"""

from typing import Any

from k8sai.schema.lists import UNTYPED, ListType, Shape

Json = dict[str, Any]

_HEAD = ("apiVersion", "kind", "metadata")


class Structural:
    """One node. `raw` is the node as the definition has it; `root` that of a whole object.

    It is a `Shape` too: how lists and maps are merged by server-side apply.
    """

    __slots__ = ("_additional", "_children", "_item", "_rules", "embedded", "preserves", "raw", "root")

    def __init__(self, raw: Json, *, root: bool = False) -> None:
        self.raw = raw
        self.root = root
        self.preserves = bool(raw.get("x-kubernetes-preserve-unknown-fields"))
        self.embedded = root or bool(raw.get("x-kubernetes-embedded-resource"))
        self._children: dict[str, Structural | None] = {}
        self._item: Structural | None = None
        self._additional: Structural | None = None
        self._rules: bool | None = None

    # the schema

    def child(self, name: str) -> "Structural | None":
        """The schema of a declared field; None where the schema declares none of that name."""
        if name not in self._children:
            raw = (self.raw.get("properties") or {}).get(name)
            self._children[name] = None if raw is None else Structural(raw)
        return self._children[name]

    @property
    def has_map(self) -> bool:
        """Whether keys that are not declared are values of a map: `additionalProperties` is a schema or true."""
        return bool(self.raw.get("additionalProperties")) or self.raw.get("additionalProperties") == {}

    @property
    def additional(self) -> "Structural | None":
        """The schema of a map's values; None where there is no map, or it takes anything."""
        raw = self.raw.get("additionalProperties")
        if self._additional is None and isinstance(raw, dict):
            self._additional = Structural(raw)
        return self._additional

    @property
    def items(self) -> "Structural | None":
        """The schema of a list's items."""
        raw = self.raw.get("items")
        if self._item is None and isinstance(raw, dict):
            self._item = Structural(raw)
        return self._item

    def below(self, name: str) -> "Structural | None":
        """The schema of a key: a declared field, else the map's values."""
        return self.child(name) or self.additional

    @property
    def type(self) -> str:
        """object, array, string, integer, number, boolean; empty where any or two are allowed."""
        return str(self.raw.get("type") or "")

    @property
    def nullable(self) -> bool:
        """Whether null is a value."""
        return bool(self.raw.get("nullable"))

    # the shape

    @property
    def list_type(self) -> ListType:
        """How a list is merged."""
        found = self.raw.get("x-kubernetes-list-type")
        return found if found in ("set", "map") else "atomic"

    @property
    def keys(self) -> tuple[str, ...]:
        """What tells the items of a list of type map apart."""
        return tuple(self.raw.get("x-kubernetes-list-map-keys") or ())

    @property
    def atomic(self) -> bool:
        """Whether an object or map is replaced whole."""
        return self.raw.get("x-kubernetes-map-type") == "atomic"

    def key_default(self, key: str) -> Any:
        """The default of a key field of the items."""
        item = self.items
        found = item.child(key) if item else None
        return found.raw.get("default") if found else None

    def field(self, name: str) -> Shape:
        """The shape below a key; of what the schema does not know, as the server deduces it."""
        return self.below(name) or UNTYPED

    def item(self) -> Shape:
        """The shape of the items."""
        return self.items or UNTYPED

    def named(self, name: str) -> bool:
        """Whether the schema declares the field; objects have an apiVersion, a kind and metadata anyway."""
        return self.child(name) is not None or (self.embedded and name in _HEAD)

    @property
    def closed(self) -> bool:
        """Whether only declared fields may be there."""
        return not self.has_map and not self.preserves and self.type in ("object", "")

    # rules

    @property
    def has_rules(self) -> bool:
        """Whether it or anything below carries a rule of `x-kubernetes-validations`."""
        if self._rules is None:
            self._rules = _has_rules(self.raw)
        return self._rules


def _has_rules(node: Any) -> bool:
    """Walks without recursion: schemas nest deeper than anybody likes."""
    waiting = [node]
    while waiting:
        one = waiting.pop()
        if not isinstance(one, dict):
            continue
        if one.get("x-kubernetes-validations"):
            return True
        waiting.extend((one.get("properties") or {}).values())
        waiting.extend((one.get("items"), one.get("additionalProperties"), *(one.get("allOf") or ())))
    return False
