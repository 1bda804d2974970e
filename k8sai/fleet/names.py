"""Names in order while they come and go: 100,000 are never sorted anew because one was added."""

from collections.abc import Mapping
from typing import TypeVar

T = TypeVar("T")


class Order:
    """The names of a mapping, sorted when somebody asks; what has changed since is put in its place."""

    def __init__(self) -> None:
        self._names: list[str] = []
        self._new: set[str] = set()
        self._gone: set[str] = set()
        self._sorted: list[object] | None = None

    def add(self, name: str) -> None:
        """The mapping has a new name."""
        self._sorted = None
        if name in self._gone:
            self._gone.remove(name)
        else:
            self._new.add(name)

    def drop(self, name: str) -> None:
        """The mapping has this name no more."""
        self._sorted = None
        if name in self._new:
            self._new.remove(name)
        else:
            self._gone.add(name)

    def of(self, named: Mapping[str, T]) -> list[T]:
        """The mapping's values by name. The list is shared: nobody may change it."""
        if self._sorted is None:
            if self._gone:
                self._names = [name for name in self._names if name not in self._gone]
            if self._new:
                self._names += sorted(self._new)
                self._names.sort()  # two sorted pieces: that costs no more than reading them
            self._new.clear()
            self._gone.clear()
            self._sorted = list(map(named.__getitem__, self._names))
        return self._sorted  # type: ignore[return-value]
