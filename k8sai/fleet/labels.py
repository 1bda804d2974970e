"""Labels of very many nodes in little memory: nodes of a pool share all but a few of them.

Labels are kept per domain (the part of the key before the slash); equal domains are one object. The host name, which
would make one domain differ on every node, is kept as a mark and said again when asked.
"""

import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Final
from weakref import WeakValueDictionary

_HOST: Final = sys.intern("\0host")
# When a component last looked; it differs on every node, and nobody selects by it.
_STAMPS: Final = frozenset({"nvidia.com/gfd.timestamp"})


class _Domain(dict[str, str]):
    """The labels of one domain on one node or on thousands."""

    __slots__ = ("__weakref__",)


class Labels(Mapping[str, str]):
    """The labels of one node."""

    __slots__ = ("_domains", "_name")

    def __init__(self, name: str = "", domains: tuple[_Domain, ...] = ()) -> None:
        self._name = name
        self._domains = domains

    def __getitem__(self, key: str) -> str:
        for domain in self._domains:
            value = domain.get(key)
            if value is not None:
                return self._name if value is _HOST else value
        raise KeyError(key)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Labels) and self._name == other._name and self._domains == other._domains

    __hash__ = None  # type: ignore[assignment]

    def __iter__(self) -> Iterator[str]:
        for domain in self._domains:
            yield from domain

    def __len__(self) -> int:
        return sum(map(len, self._domains))


class LabelStore:
    """Where equal domains meet."""

    def __init__(self) -> None:
        self._domains: WeakValueDictionary[tuple[tuple[str, str], ...], _Domain] = WeakValueDictionary()

    def keep(self, name: str, labels: Mapping[str, str]) -> Labels:
        """The same labels, shared with every node that has them too."""
        split: dict[str, list[tuple[str, str]]] = defaultdict(list)
        for key, value in labels.items():
            if key not in _STAMPS:
                split[key.partition("/")[0]].append((key, _HOST if value == name else value))
        return Labels(name, tuple(self._domain(tuple(sorted(pairs))) for pairs in split.values()))

    def _domain(self, pairs: tuple[tuple[str, str], ...]) -> _Domain:
        domain = self._domains.get(pairs)
        if domain is None:
            domain = _Domain((sys.intern(key), sys.intern(value)) for key, value in pairs)
            self._domains[tuple(domain.items())] = domain
        return domain
