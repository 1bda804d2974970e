"""How facts enter the fleet: each kind has its way in and out; what cannot be counted is remembered with the reason."""

from collections.abc import Iterable

from k8sai.cluster.sources import Kind
from k8sai.errors import Usage
from k8sai.facts import DeviceClass, DeviceTaintRule, Node, Object, Pod, ResourceClaim, ResourceSlice
from k8sai.fleet.answers import Problem
from k8sai.fleet.books import Books
from k8sai.fleet.dra import Allocations
from k8sai.fleet.pods import Key, PodEntry, read_pod

_WORDS: dict[Kind, str] = {
    "nodes": "node",
    "pods": "pod",
    "resourceslices": "resource slice",
    "resourceclaims": "resource claim",
    "deviceclasses": "device class",
    "devicetaintrules": "device taint rule",
}


class Intake:
    """Puts facts into the books and takes them out. `version` grows with whatever an answer may show."""

    def __init__(self, books: Books, dra: Allocations) -> None:
        self._books = books
        self._dra = dra
        self._problems: dict[tuple[Kind, Key], tuple[Problem, str]] = {}
        self.version = 0

    @property
    def problems(self) -> list[Problem]:
        """Objects that could not be counted; pools that are not all there."""
        found = [problem for _, (problem, _) in sorted(self._problems.items())]
        return [*found, *(self._dra.incomplete[key] for key in sorted(self._dra.incomplete))]

    def put(self, kind: Kind, obj: Object) -> None:
        """The object is new or changed; one that cannot be counted counts as nothing."""
        meta = obj.metadata
        why = ""
        try:
            why = self._enter(obj)
        except Usage as error:
            why = error.message
        if why or self._problems:
            self._note(kind, (meta.namespace, meta.name), meta.uid, why)

    def drop(self, kind: Kind, key: Key, uid: str) -> None:
        """The object is gone; nothing happens if another of that name is known already. No uid means whichever."""
        problem = self._problems.get((kind, key))
        if problem is not None and not (uid and problem[1] and uid != problem[1]):
            self._note(kind, key, "", "")
        if kind == "pods":
            self._leave(key, uid)
            return
        self.version += 1
        name = key[1]
        if kind == "nodes":
            self._books.drop_node(name, uid)
        elif kind == "resourceclaims":
            self._dra.drop_claim(key, uid)
        elif kind == "resourceslices":
            self._dra.drop_slice(name, uid)
        elif kind == "deviceclasses":
            self._dra.drop_class(name)
        elif kind == "devicetaintrules":
            self._dra.drop_taint(name)

    def _enter(self, obj: Object) -> str:
        """Answers why the object counts for less than it is, if it does. Raises Usage if it counts for nothing."""
        if isinstance(obj, Pod):
            self._enter_pod(obj)
            return ""
        self.version += 1
        if isinstance(obj, Node):
            return self._books.put_node(obj)
        if isinstance(obj, ResourceClaim):
            self._dra.put_claim(obj)
        elif isinstance(obj, ResourceSlice):
            self._dra.put_slice(obj)
        elif isinstance(obj, DeviceClass):
            self._dra.put_class(obj)
        elif isinstance(obj, DeviceTaintRule):
            self._dra.put_taint(obj)
        return ""

    def _enter_pod(self, pod: Pod) -> None:
        key = (pod.metadata.namespace, pod.metadata.name)
        try:
            new = read_pod(pod, self._books.rules)
        except Usage:
            self._swap(self._books.pods.get(key), None)
            raise
        self._swap(self._books.pods.get(key), new)

    def _leave(self, key: Key, uid: str) -> None:
        old = self._books.pods.get(key)
        if old is not None and not (uid and old.uid and uid != old.uid):
            self._swap(old, None)

    def _swap(self, old: PodEntry | None, new: PodEntry | None) -> None:
        if old is None and new is None:
            return
        self.version += 1
        if old is not None and new is not None and old.counts_as(new):  # most events: a status, a condition
            self._books.refresh(old, new)
            return
        if any(pod is not None and (pod.claims or pod.extended) for pod in (old, new)):
            self._dra.swap(old, new)
        else:
            self._books.swap(old, new)

    def known(self, kind: Kind) -> list[Key]:
        """All that is known of a kind, also what cannot be counted."""
        known: list[Key] = [key for what, key in self._problems if what == kind]
        if kind == "pods":
            return [*known, *self._books.pods]
        if kind == "nodes":
            return [*known, *(("", node.name) for node in self._books.nodes.values() if node.known)]
        if kind == "resourceclaims":
            return [*known, *self._dra.claims]
        names: Iterable[str] = ()
        if kind == "resourceslices":
            names = self._dra.slice_names()
        elif kind == "deviceclasses":
            names = self._dra.classes
        elif kind == "devicetaintrules":
            names = self._dra.taints
        return [*known, *(("", name) for name in names)]

    def _note(self, kind: Kind, key: Key, uid: str, why: str) -> None:
        """Remember or forget that the object cannot be counted."""
        if why:
            name = "/".join(part for part in key if part)
            self._problems[(kind, key)] = (Problem(f"{_WORDS[kind]} {name}", why), uid)
            self.version += 1
        elif self._problems.pop((kind, key), None) is not None:
            self.version += 1
