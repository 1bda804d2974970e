"""CustomResourceDefinitions at work: names are accepted, kinds are served, and objects go with their definition.

What a definition says takes effect with the commit that writes it. A deleted definition waits, as on a real server,
until the last of its objects is gone. Source: apiextensions-apiserver `pkg/controller/{status,establish,finalizer}`.
"""

from k8sai.ages import stamp
from k8sai.errors import Usage
from k8sai.schema.crd import Crd, Version
from k8sai.schema.lists import Custom
from k8sai.sim import versions
from k8sai.sim.deletion import CLEANUP
from k8sai.sim.kinds import Resource, find
from k8sai.sim.memory import Event
from k8sai.sim.objects import Obj, deleting, name_of, namespace_of
from k8sai.sim.store import Store

DEFINITIONS = find("apiextensions.k8s.io", "customresourcedefinitions")


class Definitions:
    """Follows the definitions in the store, and the objects of those that are going."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._going: dict[Resource, str] = {}  # the home of a kind that is going, and the name of its definition

    def on_event(self, event: Event) -> None:
        """Follow one write."""
        if event.resource is DEFINITIONS:
            if event.type == "DELETED":
                self._gone(event.obj)
            elif deleting(event.obj):
                self._go(event.obj)
            elif event.old is None or event.old.get("spec") != event.obj.get("spec"):
                self._serve(event.obj)
        elif event.type == "DELETED" and event.resource in self._going:
            self._finish(event.resource)

    def _serve(self, obj: Obj) -> None:
        """Accept its names and serve it, and say so in its status."""
        try:
            crd = Crd.of(obj)
        except Usage:
            return  # a scenario may bring anything; a client's definition was checked
        conflict = self._conflict(crd)
        served = not conflict or _holds(obj, "Established")
        if served:
            home = self._store.catalog.get(crd.group, crd.plural) or _home(crd)
            found = sorted(crd.versions, key=lambda one: versions.priority(one.name))
            self._store.catalog.define(tuple(_resource(crd, one, home) for one in found if one.served), home)
        self._say(obj, crd, conflict, served)

    def _conflict(self, crd: Crd) -> tuple[str, str] | None:
        """Why its names are not accepted: reason and message; the last of several, as the server has it."""
        plurals, kinds = self._taken(crd)
        found: tuple[str, str] | None = None
        for what, names, taken in (
            ("Plural", (crd.plural,), plurals),
            ("Singular", (crd.singular,), plurals),
            ("ShortNames", crd.short_names, plurals),
            ("Kind", (crd.kind,), kinds),
            ("ListKind", (crd.list_kind,), kinds),
        ):
            for name in names:
                if name in taken:
                    found = f"{what}Conflict", f'"{name}" is already in use'
        return found

    def _taken(self, crd: Crd) -> tuple[set[str], set[str]]:
        """The resource names and the kinds that other definitions of the group have."""
        plurals: set[str] = set()
        kinds: set[str] = set()
        for other in self._store.list(DEFINITIONS):
            accepted = (other.get("status") or {}).get("acceptedNames") or {}
            if name_of(other) == crd.name or (other.get("spec") or {}).get("group") != crd.group:
                continue
            plurals |= {str(accepted.get(key)) for key in ("plural", "singular")} | {
                *(accepted.get("shortNames") or ())
            }
            kinds |= {str(accepted.get(key)) for key in ("kind", "listKind")}
        return plurals, kinds

    def _say(self, obj: Obj, crd: Crd, conflict: tuple[str, str] | None, served: bool) -> None:
        if conflict is None:
            names = ("NamesAccepted", True, "NoConflicts", "no conflicts found")
            established = ("Established", True, "InitialNamesAccepted", "the initial names have been accepted")
        else:
            names = ("NamesAccepted", False, *conflict)
            established = ("Established", served, "NotAccepted", "not all names are accepted")
        status = dict(obj.get("status") or {})
        now = stamp(self._store.now())
        conditions = status.get("conditions") or []
        for condition in (names, established) if not served or conflict is None else (names,):
            conditions = _with(conditions, condition, now)
        status["conditions"] = conditions
        status["acceptedNames"] = crd.obj["spec"]["names"] if conflict is None else status.get("acceptedNames") or {}
        if status != obj.get("status"):
            self._store.update(DEFINITIONS, {**obj, "status": status}, "status")

    # going

    def _go(self, obj: Obj) -> None:
        """Delete its objects; it follows the last of them."""
        spec = obj.get("spec") or {}
        home = self._store.catalog.get(str(spec.get("group")), str((spec.get("names") or {}).get("plural")))
        if home is None:
            return
        self._going[home] = name_of(obj)
        for one in self._store.list(home):
            if not deleting(one) and self._store.find(home, namespace_of(one), name_of(one)) is not None:
                self._store.delete(home, namespace_of(one), name_of(one))
        self._finish(home)

    def _finish(self, home: Resource) -> None:
        name = self._going.get(home, "")
        obj = self._store.find(DEFINITIONS, "", name)
        if obj is None or self._store.count(home):
            return
        kept = [one for one in obj["metadata"].get("finalizers") or () if one != CLEANUP]
        if len(kept) < len(obj["metadata"].get("finalizers") or ()):
            self._store.update(DEFINITIONS, {**obj, "metadata": {**obj["metadata"], "finalizers": kept}})

    def _gone(self, obj: Obj) -> None:
        spec = obj.get("spec") or {}
        group, plural = str(spec.get("group")), str((spec.get("names") or {}).get("plural"))
        home = self._store.catalog.get(group, plural)
        if home is not None:
            self._going.pop(home, None)
            for one in self._store.list(home):
                self._store.delete(home, namespace_of(one), name_of(one))
        self._store.catalog.forget(group, plural)
        for other in self._store.list(DEFINITIONS):
            if (other.get("spec") or {}).get("group") == group and not _holds(other, "NamesAccepted"):
                self._serve(other)  # its name may be free now


def _home(crd: Crd) -> Resource:
    """Where the objects of a kind live that nobody knew before."""
    names = (crd.group, crd.storage.name, crd.plural, crd.kind, crd.namespaced)
    return Resource(*names, subresources=_subresources(crd.storage), builtin=False, counts=True)


def _resource(crd: Crd, version: Version, home: Resource) -> Resource:
    return Resource(
        crd.group,
        version.name,
        crd.plural,
        crd.kind,
        crd.namespaced,
        crd.short_names,
        crd.categories,
        _subresources(version),
        builtin=False,
        counts=True,
        shape=Custom(version.schema),
        definition=version,
        stored_as=home,
        storage=crd.storage,
        named=crd.singular,
    )


def _subresources(version: Version) -> tuple[str, ...]:
    return (*(("scale",) if version.scale else ()), *(("status",) if version.has_status else ()))


def _holds(obj: Obj, name: str) -> bool:
    conditions = (obj.get("status") or {}).get("conditions") or ()
    return any(one.get("type") == name and one.get("status") == "True" for one in conditions)


def _with(conditions: list[Obj], condition: tuple[str, bool, str, str], now: str) -> list[Obj]:
    """The conditions with one more, or one changed; the time is that of its last turn."""
    name, holds, reason, message = condition
    new = {"type": name, "status": str(holds), "lastTransitionTime": now, "reason": reason, "message": message}
    old = next((one for one in conditions if one.get("type") == name), None)
    if old is None:
        return [*conditions, new]
    if old.get("status") == new["status"]:
        new["lastTransitionTime"] = old.get("lastTransitionTime", now)
    return [new if one is old else one for one in conditions]
