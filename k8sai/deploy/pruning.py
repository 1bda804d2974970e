"""A set in the cluster: its parent, its members, and those that have left it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from k8sai.cluster.discovery import Resource
from k8sai.cluster.writing import Target, Writer
from k8sai.deploy.applyset import ApplySet, Contents, group_kind, spared, split
from k8sai.deploy.order import phase
from k8sai.deploy.paths import Json
from k8sai.deploy.plan import Change, Item


@dataclass(frozen=True, slots=True)
class Left:
    """What is to be deleted, last written first; what stays though it has left, and that the set has it still."""

    changes: tuple[Change, ...] = ()
    kept: tuple[str, ...] = ()
    still: Contents = field(default_factory=Contents)


class Inventory:
    """What the cluster knows of a set. The parent is read once."""

    def __init__(self, writer: Writer, owner: ApplySet) -> None:
        self.owner = owner
        self._writer = writer
        resource = writer.resource("", "v1", "ConfigMap")
        assert resource is not None, "every API server has ConfigMaps"
        self.parent = Target(resource, owner.namespace, owner.parent)
        self._live = writer.live(self.parent)
        self.had = owner.contents(self._live)

    @property
    def exists(self) -> bool:
        """Somebody has applied the set before."""
        return self._live is not None

    @property
    def uid(self) -> str:
        """Of the parent."""
        return str(((self._live or {}).get("metadata") or {}).get("uid") or "")

    def keep(self, contents: Contents) -> None:
        """Let the parent say that the set has this; nothing is written where it says so already."""
        contents = Contents(contents.kinds, contents.namespaces - {self.owner.namespace, ""})
        if self.exists and self.owner.contents(self._live) == contents:
            return
        self._live = self._writer.apply(self.parent, self.owner.object(contents)).object

    def left(self, items: Sequence[Item], also: Iterable[str]) -> Left:
        """The members that the parent knows of and `items` does not have. Raises what listing them raises."""
        now, also = {_key(one.target) for one in items}, tuple(also)
        changes, kept, still = [], [], Contents()
        for target, meta in self.members():
            kind = group_kind(target.resource.group, target.resource.kind)
            if _key(target) in now:
                continue
            if spared(kind, also):
                kept.append(said(target))
                still |= Contents(frozenset({kind}), frozenset(filter(None, {target.namespace})))
            else:
                changes.append(Change("delete", target, live=meta))
        return Left(tuple(backwards(changes)), tuple(kept), still)

    def members(self) -> list[tuple[Target, Json]]:
        """All objects of the set, with their metadata."""
        found: list[tuple[Target, Json]] = []
        for resource, namespace in self.places():
            listed = self._writer.members(resource, namespace, self.owner.selector)
            found += [(_target(resource, one), one) for one in listed]
        return found

    def places(self) -> list[tuple[Resource, str]]:
        """Where members may be: kinds that the parent names and the server still has, in each namespace of theirs."""
        resources = [self._writer.preferred(*split(kind)) for kind in sorted(self.had.kinds)]
        namespaces = sorted({self.owner.namespace, *self.had.namespaces})
        return [
            (resource, namespace)
            for resource in resources
            if resource is not None
            for namespace in (namespaces if resource.namespaced else [""])
        ]


def contents_of(items: Iterable[Item]) -> Contents:
    """What a set of these objects has."""
    targets = [item.target for item in items]
    kinds = frozenset(group_kind(one.resource.group, one.resource.kind) for one in targets)
    return Contents(kinds, frozenset(one.namespace for one in targets if one.namespace))


def backwards(changes: Iterable[Change]) -> list[Change]:
    """In the order of deleting: what depends on others goes first."""
    return sorted(changes, key=lambda one: -phase(one.target.resource.group, one.target.resource.kind))


def said(target: Target) -> str:
    """`persistentvolumeclaim/data in namespace ml`."""
    return f"{target.ref} in namespace {target.namespace}" if target.namespace else target.ref


def _key(target: Target) -> tuple[str, str, str, str]:
    """Whatever version it is read in."""
    return target.resource.group, target.resource.kind, target.namespace, target.name


def _target(resource: Resource, one: Json) -> Target:
    meta = one.get("metadata") or {}
    return Target(resource, str(meta.get("namespace") or ""), str(meta.get("name") or ""))
