"""What every file of a kind of owner gives: how such a gang is stopped, how large it is, what one eviction does."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from k8sai.cluster.reading import Reading
from k8sai.evict.facts import Json, Ref, Switch
from k8sai.evict.gangs.kinds import OWNERS, Kind, group_kind
from k8sai.evict.gangs.pods import controller


@dataclass(frozen=True, slots=True)
class Seen:
    """A gang while it is being made out: its pods, their owners (of the first pod, the direct one first), its top.

    `part` is the group it is of its top, "" where the top is one gang.
    """

    top: Json
    objects: tuple[Json, ...]
    pods: tuple[Json, ...]
    reading: Reading
    part: str = ""

    @property
    def namespace(self) -> str:
        return str(self.top["metadata"].get("namespace", ""))

    def spec(self, *path: str) -> Any:
        """A field of the top's spec; None where it is not there."""
        return within(self.top.get("spec") or {}, *path)

    def of(self, kind: Kind) -> Json | None:
        """The owner of that kind."""
        return next((one for one in self.objects if group_kind(one) == (kind.group, kind.name)), None)


@dataclass(frozen=True, slots=True)
class Form:
    """One kind of owner. `part` tells, of a pod and the chain of its owners, which group of several it is in."""

    kind: Kind
    switch: Callable[[Seen], Switch]
    expected: Callable[[Seen], int]
    restarts: Callable[[Seen], str]
    part: Callable[[Json, tuple[Json, ...]], str] = lambda _pod, _owners: ""


def within(value: Any, *path: str) -> Any:
    """What lies at the end of a path of members; None where one of them is not there."""
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def number(value: Any, default: int) -> int:
    """A whole number of a spec; `default` where it is not there or none."""
    return value if isinstance(value, int) and not isinstance(value, bool) else default


def ref_of(obj: Json) -> Ref:
    """An object of one of the kinds in `OWNERS`."""
    return OWNERS[group_kind(obj)].ref(obj)


def suspended_at(*path: str) -> Callable[[Seen], Switch]:
    """The switch of kinds that have a boolean for it."""
    return lambda seen: Switch("suspend", ref_of(seen.top), path)


def children(seen: Seen, kind: Kind, parent: Json) -> tuple[Json, ...]:
    """The objects of a kind that `parent` controls."""
    found = seen.reading.list(kind.full, seen.namespace)
    return tuple(one for one in found if (controller(one) or {}).get("uid") == parent["metadata"].get("uid"))
