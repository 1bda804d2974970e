"""Pods sorted into the gangs they belong to: those that share a top owner, or a group, belong together.

A gang is at least what its switch stops, so a top owner comes before the groups its pods name.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from k8sai.evict.facts import Json
from k8sai.evict.gangs.all import form_of
from k8sai.evict.gangs.groups import Group, groups, override
from k8sai.evict.gangs.owners import Chain, Owners
from k8sai.evict.gangs.pods import ended, mirror, uid

Key = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Member:
    """A pod with its owners. `part` is the group it is of its top. `override` is the gang that was said by hand."""

    pod: Json
    chain: Chain
    part: str = ""
    override: str = ""

    @property
    def top(self) -> Json | None:
        """The last owner, None where it has none or the last one cannot be told."""
        return self.chain.objects[-1] if self.chain.objects and not self.chain.lost else None

    @property
    def groups(self) -> tuple[Group, ...]:
        """The groups it names; pods of a ReplicaSet are marked by schedulers too, and are no gang by that."""
        return () if self.chain.single else tuple(groups(self.pod))

    @property
    def keys(self) -> tuple[Key, ...]:
        """What it shares with the others of its gang; never empty."""
        if self.override:
            return (("override", self.override),)
        above = self.chain.lost_uid or (uid(self.top) if self.top else "")
        owner: tuple[Key, ...] = (("owner", above, self.part),) if above else ()
        return (*owner, *(("group", one.source, one.name) for one in self.groups)) or (("pod", uid(self.pod)),)


def member(pod: Json, owners: Owners) -> Member:
    """A pod with what is above it."""
    chain = owners.chain(pod)
    form = form_of(chain.objects[-1]) if chain.objects and not chain.lost else None
    part = form.part(pod, chain.objects) if form else ""
    return Member(pod, chain, part, override(pod, *chain.objects))


def live(pods: Iterable[Json]) -> Iterator[Json]:
    """Those that have not ended and that the API server can end."""
    return (one for one in pods if not ended(one) and not mirror(one))


def together(members: Iterable[Member]) -> list[tuple[Member, ...]]:
    """Sets of pods that are joined by a key, in the order of their first pod."""
    root: dict[Key, Key] = {}

    def find(key: Key) -> Key:
        while root.setdefault(key, key) != key:
            key = root[key]
        return key

    every = tuple(members)
    for one in every:
        first, *rest = one.keys
        for key in rest:
            root[find(key)] = find(first)
    sets: dict[Key, list[Member]] = {}
    for one in every:
        sets.setdefault(find(one.keys[0]), []).append(one)
    return [tuple(one) for one in sets.values()]
