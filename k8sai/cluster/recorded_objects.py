"""Whole objects out of a file: what `LiveObjects` answers for a server, answered for a recording or a List of kubectl.

A recording holds nodes, pods and the kinds of DRA as facts, and those are what is given: the fields of `facts`, as
Kubernetes writes them. Of every other kind, and of pods in trouble, it holds the objects themselves.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from threading import RLock
from typing import Final

import msgspec

from k8sai.cluster.objects import Json, refuse_secrets
from k8sai.cluster.shapes import GROUP, TYPES
from k8sai.cluster.sources import KINDS, Kind, Source
from k8sai.errors import Forbidden, NotFound, Usage
from k8sai.facts import Object
from k8sai.selectors import selector

_Key = tuple[str, str]  # namespace, name

# Served by every Kubernetes, whether or not a file holds any.
BUILT_IN: Final = frozenset(
    {
        "nodes",
        "pods",
        "namespaces",
        "events",
        "services",
        "serviceaccounts",
        "configmaps",
        "resourcequotas",
        "limitranges",
        "persistentvolumeclaims",
        "persistentvolumes",
        "storageclasses.storage.k8s.io",
        "csinodes.storage.k8s.io",
        "priorityclasses.scheduling.k8s.io",
        "poddisruptionbudgets.policy",
        "deployments.apps",
        "replicasets.apps",
        "statefulsets.apps",
        "daemonsets.apps",
        "jobs.batch",
        "cronjobs.batch",
    }
)


class NotRecorded(Forbidden):
    """The file does not hold the kind: as unknown as what RBAC hides, and told in the same way."""


def full(kind: Kind) -> str:
    """A kind of facts as kubectl writes it in full: `resourceslices.resource.k8s.io`."""
    return f"{kind}.{GROUP[kind]}" if GROUP[kind] else kind


_OF_FACTS: Final[dict[str, Kind]] = {full(kind): kind for kind in KINDS}


class RecordedObjects:
    """Objects as they were when the file was written. What is answered is shared: it must not be changed.

    `others` are the objects of each kind (in full) as JSON texts that say apiVersion and kind; `sources` say of each
    kind what could not be read. A kind that is neither in `others` nor in `sources` was never asked for.
    """

    def __init__(
        self,
        context: str,
        where: str,
        facts: Mapping[Kind, Sequence[Object]],
        others: Mapping[str, Sequence[msgspec.Raw]],
        sources: Iterable[Source] = (),
    ) -> None:
        self._context = context
        self._where = where
        self._facts = facts
        self._others = others
        self._sources = {_in_full(source.kind): source for source in sources}
        self._lock = RLock()
        self._read: dict[str, dict[_Key, Json]] = {}

    @property
    def context(self) -> str:
        return self._context

    def served(self, kind: str) -> bool:
        """Whether the cluster had the kind. Built-in ones are sure to be there even where nobody asked for them."""
        source = self._sources.get(kind)
        if source is not None:
            return source.state != "absent"
        return kind in self._others or kind in BUILT_IN

    def list(self, kind: str, namespace: str = "", *, labels: str = "", fields: str = "") -> list[Json]:
        """As of a server; NotRecorded, a Forbidden, where the file does not hold the kind."""
        self._insist(kind, namespace)
        found: Iterable[Json] = self._objects(kind).values()
        if namespace:
            found = (one for one in found if one["metadata"].get("namespace") in (namespace, None))
        if labels:
            matches = selector(labels)
            found = (one for one in found if matches(one["metadata"].get("labels") or {}))
        if fields:
            tests = tuple(_field_tests(fields))
            found = (one for one in found if all(_is(one, path, value) != differs for path, value, differs in tests))
        return [*found]

    def get(self, kind: str, namespace: str, name: str) -> Json:
        """As of a server; NotRecorded, a Forbidden, where the file does not hold the kind."""
        self._insist(kind, namespace)
        objects = self._objects(kind)
        found = objects.get((namespace, name)) or objects.get(("", name))
        if found is None:
            place = f"{namespace}/{name}" if namespace else name
            raise NotFound(f"there is no {kind} {place} in {self._where}")
        return found

    def _insist(self, kind: str, namespace: str) -> None:
        """Raises what a server would, where the file cannot answer."""
        refuse_secrets(kind)
        source = self._sources.get(kind)
        if source is not None and source.state == "absent":
            raise NotFound(source.message or f"{self._where} holds no {kind}: the cluster did not serve them")
        if source is not None and source.state not in ("once", "live", "retrying"):
            raise NotRecorded(source.message or f"{self._where} holds no {kind}: {source.state}", source.hint)
        if source is not None and source.namespace and source.namespace != namespace:
            raise NotRecorded(f"{self._where} holds only those {kind} that are in namespace {source.namespace}")
        if source is None and kind not in self._others:
            if kind in BUILT_IN:
                raise NotRecorded(f"{self._where} holds no {kind}", f"`kubectl get {kind} -A -o json` prints them")
            raise NotFound(f"{self._where} holds no {kind}")

    def _objects(self, kind: str) -> dict[_Key, Json]:
        with self._lock:
            if kind not in self._read:
                self._read[kind] = dict(self._decoded(kind))
            return self._read[kind]

    def _decoded(self, kind: str) -> Iterator[tuple[_Key, Json]]:
        """Facts first: an object that is there whole takes their place."""
        of_facts = _OF_FACTS.get(kind)
        if of_facts is not None:
            group = GROUP[of_facts]
            head = {"apiVersion": f"{group}/v1" if group else "v1", "kind": TYPES[of_facts].__name__}
            for fact in self._facts.get(of_facts, ()):
                meta = fact.metadata
                yield (meta.namespace, meta.name), {**head, **msgspec.json.decode(msgspec.json.encode(fact))}
        for raw in self._others.get(kind, ()):
            one = msgspec.json.decode(raw)
            if not isinstance(one, dict) or not isinstance(one.get("metadata"), dict):
                raise Usage(f"{self._where}: one of its {kind} is no Kubernetes object")
            meta = one["metadata"]
            yield (meta.get("namespace") or "", meta.get("name") or ""), one


def _in_full(kind: str) -> str:
    return full(kind) if kind in GROUP else kind


def _field_tests(text: str) -> Iterator[tuple[tuple[str, ...], str, bool]]:
    """Path, value and whether it must differ, of each part of a field selector. Raises Usage."""
    for part in text.split(","):
        path, operator, value = part.partition("=")
        differs = path.endswith("!")
        if not operator:
            raise Usage(
                f"field selector: {part!r} is not a requirement", "requirements look like `status.phase=Pending`"
            )
        yield tuple(path.removesuffix("!").strip().split(".")), value.removeprefix("=").strip(), differs


def _is(one: Json, path: Sequence[str], wanted: str) -> bool:
    """Whether a field has a value, as a field selector compares: as text, "" where there is none."""
    value: object = one
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    if isinstance(value, bool) or wanted in ("true", "false"):
        return wanted == ("true" if value else "false")
    return wanted == ("" if value is None else str(value))
