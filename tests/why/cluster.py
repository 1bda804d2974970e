"""A hand-made cluster that is asked why."""

from collections.abc import Iterable
from typing import Any

import msgspec

from k8sai.ages import epoch
from k8sai.cluster.sources import Kind, Source
from k8sai.cluster.tee import Tee
from k8sai.errors import Forbidden, NotFound
from k8sai.facts import DeviceClass, DeviceTaintRule, Node, Pod, ResourceClaim, ResourceSlice
from k8sai.fleet.index import Fleet
from k8sai.scheduling.board import Board
from k8sai.selectors import selector
from k8sai.why.answer import explain
from k8sai.why.kinds import KINDS, asked
from k8sai.why.scene import Scene
from k8sai.why.verdict import Layer, Why
from tests.why.objects import NOW, SPACE, Json

_FACTS: dict[str, tuple[Kind, type[Any]]] = {
    "Node": ("nodes", Node),
    "Pod": ("pods", Pod),
    "ResourceSlice": ("resourceslices", ResourceSlice),
    "ResourceClaim": ("resourceclaims", ResourceClaim),
    "DeviceClass": ("deviceclasses", DeviceClass),
    "DeviceTaintRule": ("devicetaintrules", DeviceTaintRule),
}
_PLURALS = {
    "StorageClass": "storageclasses",
    "PriorityClass": "priorityclasses",
    "DeviceClass": "deviceclasses",
}
# What every cluster serves; other kinds are served where the situation has one of them.
_SERVED = {
    *(kind.resource for kind in KINDS if kind.group in ("", "apps", "batch")),
    "nodes", "events", "namespaces", "resourcequotas", "limitranges", "persistentvolumeclaims", "persistentvolumes",
    "storageclasses.storage.k8s.io", "priorityclasses.scheduling.k8s.io", "resourceclaims.resource.k8s.io",
    "resourceclaimtemplates.resource.k8s.io", "deviceclasses.resource.k8s.io", "resourceslices.resource.k8s.io",
}  # fmt: skip


def resource_of(one: Json) -> str:
    """`jobs.batch`."""
    group = one["apiVersion"].rpartition("/")[0]
    plural = _PLURALS.get(one["kind"]) or one["kind"].lower() + "s"
    return f"{plural}.{group}" if group else plural


class Held:
    """Objects in memory; kinds in `denied` answer as RBAC does."""

    def __init__(self, objects: Iterable[Json], denied: Iterable[str] = (), served: Iterable[str] = ()) -> None:
        self._kinds: dict[str, list[Json]] = {}
        for one in objects:
            self._kinds.setdefault(resource_of(one), []).append(one)
        self._denied = set(denied)
        self._served = _SERVED | set(served) | set(self._kinds)

    @property
    def context(self) -> str:
        return "test"

    def served(self, kind: str) -> bool:
        return kind in self._served

    def list(self, kind: str, namespace: str = "", *, labels: str = "", fields: str = "") -> list[Json]:
        self._insist(kind)
        found = [o for o in self._kinds.get(kind, ()) if not namespace or o["metadata"].get("namespace") == namespace]
        if labels:
            matches = selector(labels)
            found = [o for o in found if matches(o["metadata"].get("labels") or {})]
        for part in filter(None, fields.split(",")):
            path, _, value = part.partition("=")
            found = [o for o in found if str(_at(o, path)) == value]
        return found

    def get(self, kind: str, namespace: str, name: str) -> Json:
        for one in self.list(kind):
            if one["metadata"]["name"] == name and one["metadata"].get("namespace", namespace) == namespace:
                return one
        raise NotFound(f"no {kind} {name}")

    def _insist(self, kind: str) -> None:
        if kind in self._denied:
            raise Forbidden(f'{kind} is forbidden: User "eve" cannot list resource "{kind}"')


def _at(one: Json, path: str) -> object:
    value: Any = one
    for key in path.split("."):
        value = (value or {}).get(key, "")
    return value


def scene(objects: Iterable[Json], denied: Iterable[str] = (), served: Iterable[str] = ()) -> Scene:
    """The cluster as a watch would have filled it; facts of denied kinds never came."""
    kept = list(objects)
    hidden = {kind.partition(".")[0] for kind in denied}
    fleet, board = Fleet(), Board()
    sink = Tee(fleet, board)
    facts: dict[Kind, list[Any]] = {kind: [] for kind, _ in _FACTS.values()}
    for one in kept:
        if one["kind"] in _FACTS:
            kind, type_ = _FACTS[one["kind"]]
            if kind not in hidden:
                facts[kind].append(msgspec.convert(one, type_))
    for kind, found in facts.items():
        sink.replace(kind, found)
    sources = tuple(
        Source(k, "forbidden" if k in hidden else "once", message=f"{k} are forbidden" if k in hidden else "")
        for k in facts
    )
    return Scene(board, fleet, Held(kept, denied, served), sources, epoch(NOW))


def ask(what: str, *objects: Json | list[Json], denied: Iterable[str] = (), served: Iterable[str] = ()) -> Why:
    """`ask("job/train", …)`: the answer in namespace ml."""
    flat = [one for each in objects for one in (each if isinstance(each, list) else [each])]
    kind, name = asked((what,))
    return explain(scene(flat, denied, served), kind, SPACE, name)


def layer(why: Why, name: str) -> Layer:
    """One of its layers."""
    return next(one for one in why.layers if one.layer == name)
