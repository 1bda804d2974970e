"""What would be written for a goal, without writing: the backend is asked on and on over what its writes would leave.

It ends where a controller or a pod has to answer first: what they will say is not known, and nobody guesses.
"""

from copy import deepcopy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from k8sai.canary.backend import Backend, Goal, Wait, Write
from k8sai.canary.facts import Json, Ref
from k8sai.canary.running.patched import after
from k8sai.cluster.reading import Reading
from k8sai.errors import NotFound
from k8sai.selectors import selector

if TYPE_CHECKING:
    from k8sai.cluster.objects import Objects

_MOST: Final = 12  # writes; no goal of any backend has as many
Place = tuple[str, str, str]  # kind, namespace, name


@dataclass(frozen=True, slots=True)
class Planned:
    """One write, the object it is made on, and what would stand; None: nothing."""

    write: Write
    live: Json | None
    result: Json | None


@dataclass(frozen=True, slots=True)
class Plan:
    """`then` is what would be waited for before more is written, if anything; "" where the goal would be reached."""

    writes: tuple[Planned, ...] = ()
    then: str = ""


def plan(backend: Backend, ref: Ref, goal: Goal, handle: Json, before: Json, objects: "Objects") -> Plan:
    """Raises what the backend raises: Refused, Drift, Usage."""
    imagined, found = _Imagined(objects), list[Planned]()
    for _ in range(_MOST):
        target = imagined.get(ref.kind, ref.namespace, ref.name)
        seen = backend.see(target, handle, Reading(imagined))
        step = backend.next(seen, goal, handle, before)
        if not isinstance(step, Write):
            return Plan(tuple(found), step.why if isinstance(step, Wait) else "")
        found.append(imagined.write(step))
    return Plan(tuple(found), "more writes than were looked at")


class _Imagined:
    """The cluster with some writes on it that were not sent."""

    def __init__(self, objects: "Objects") -> None:
        self._objects = objects
        self._made: dict[Place, Json | None] = {}

    @property
    def context(self) -> str:
        return self._objects.context

    def served(self, kind: str) -> bool:
        return self._objects.served(kind)

    def list(self, kind: str, namespace: str = "", *, labels: str = "", fields: str = "") -> list[Json]:
        there = self._objects.list(kind, namespace, labels=labels, fields=fields)
        ours = {place: obj for place, obj in self._made.items() if place[0] == kind and namespace in ("", place[1])}
        known = {(kind, one["metadata"].get("namespace", ""), one["metadata"]["name"]): one for one in there}
        matches = selector(labels)
        found = {**known, **ours}.values()
        return [one for one in found if one is not None and matches(one["metadata"].get("labels") or {})]

    def get(self, kind: str, namespace: str, name: str) -> Json:
        place = (kind, namespace, name)
        if place not in self._made:
            return self._objects.get(kind, namespace, name)
        found = self._made[place]
        if found is None:
            raise NotFound(f"{kind}/{name} would be gone")
        return found

    def write(self, write: Write) -> Planned:
        """As it would stand, before any controller has seen it."""
        made = after(write, write.live)
        if made is not None:
            made = _taken(write.live, deepcopy(made))
        self._made[write.on.kind, write.on.namespace, write.on.name] = made
        return Planned(write, write.live, made)


def _taken(live: Json | None, made: Json) -> Json:
    """With what the server itself would say: another generation where the spec is another."""
    meta = made.setdefault("metadata", {})
    if live is None:
        meta.setdefault("uid", "")
        meta.setdefault("generation", 1)
    elif live.get("spec") != made.get("spec"):
        meta["generation"] = int(meta.get("generation") or 0) + 1
    return made
