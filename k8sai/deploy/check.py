"""What a check before an apply looks at, and what it answers. What cannot be read is no failure: it is said."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from threading import Lock
from typing import Literal

from k8sai.cluster.discovery import Resource
from k8sai.cluster.objects import Objects
from k8sai.cluster.writing import Target, Writer
from k8sai.deploy.paths import Json
from k8sai.deploy.placing import Placed
from k8sai.deploy.plan import Item
from k8sai.errors import ClusterError, Exit, Forbidden, NotFound

Level = Literal["ok", "warn", "fail"]


@dataclass(frozen=True, slots=True)
class Check:
    """One answer. `exit` is how a run ends that this stops."""

    id: str
    level: Level
    text: str
    hint: str = ""
    exit: Exit = Exit.REFUSED


@dataclass(frozen=True, slots=True)
class Needs:
    """What a recipe says it needs: a Kubernetes version, and kinds as `group/version/Kind`."""

    kubernetes: str = ""
    kinds: tuple[str, ...] = ()


@dataclass(slots=True)
class Look:
    """What checks look at. Everything is read once; threads may share it."""

    writer: Writer
    objects: Objects
    placed: Placed
    needs: Needs = field(default_factory=Needs)
    prunes: tuple[tuple[Resource, str], ...] = ()  # kinds, and in which namespaces, that may have to be deleted
    keeps: Target | None = None  # the parent of the set
    remembered: bool = False  # it is there already
    fits: Callable[[list[Item]], Iterator[Check]] | None = None  # asks whether the pods of new workloads would start
    _known: dict[Target, Json | None] = field(default_factory=dict)
    _allowed: dict[tuple[str, Resource, str], bool] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def metadata(self, target: Target) -> Json | None:
        """Of an object that may be there; None where there is none. Raises Forbidden, ClusterError."""
        with self._lock:
            if target in self._known:
                return self._known[target]
        found = self.writer.metadata(target)
        with self._lock:
            self._known[target] = found
        return found

    def brings(self, group: str, kind: str, namespace: str, name: str) -> bool:
        """The set itself has that object."""
        return any(
            (one.target.resource.group, one.target.resource.kind, one.target.namespace, one.target.name)
            == (group, kind, namespace, name)
            for one in self.placed.items
        )

    def new(self, item: Item) -> bool:
        """It is not there yet; where that may not be known, it is taken for new."""
        try:
            return self.metadata(item.target) is None
        except (Forbidden, ClusterError):
            return True

    def allowed(self, verb: str, resource: Resource, namespace: str = "") -> bool:
        """Whether this user may do that to all objects of a kind, in a namespace or in all. Raises ClusterError."""
        key = (verb, resource, namespace)
        if key not in self._allowed:
            self._allowed[key] = self.writer.may(verb, resource, namespace)
        return self._allowed[key]

    def object(self, kind: str, namespace: str, name: str) -> Json | None:
        """One object, None where there is none. Raises Forbidden, ClusterError."""
        try:
            return self.objects.get(kind, namespace, name)
        except NotFound:
            return None
