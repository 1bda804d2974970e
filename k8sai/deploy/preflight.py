"""Is the cluster ready for the set: every check at once, before anything is written.

A check of its own is a function of a `Look` that yields `Check`s, named in `CHECKS`. What cannot be read is no failure:
it is said. https://kubernetes.io/docs/reference/using-api/
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import Lock
from typing import Literal

from k8sai.cluster.discovery import Resource
from k8sai.cluster.objects import Objects
from k8sai.cluster.writing import Target, Writer
from k8sai.deploy.paths import Json
from k8sai.deploy.placing import Placed
from k8sai.deploy.plan import Item
from k8sai.errors import ClusterError, Exit, Forbidden, K8saiError, NotFound

Level = Literal["ok", "warn", "fail"]

_AT_ONCE = 8  # requests


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


def preflight(look: Look) -> list[Check]:
    """Every check, in their order. Raises what only a server that is gone raises."""
    from k8sai.deploy.check_kinds import kinds, namespaces, versions
    from k8sai.deploy.check_pods import references, volumes
    from k8sai.deploy.check_queues import queues
    from k8sai.deploy.check_rights import rights

    asked: tuple[Callable[[Look], Iterator[Check]], ...] = (
        versions,
        kinds,
        namespaces,
        rights,
        references,
        volumes,
        queues,
        _fits,
    )
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        list(pool.map(look.new, look.placed.items))  # asked for together, remembered for all
        return [check for found in pool.map(lambda ask: _carefully(ask, look), asked) for check in found]


def _carefully(ask: Callable[[Look], Iterator[Check]], look: Look) -> list[Check]:
    """What a check cannot read is its answer."""
    found: list[Check] = []
    try:
        found.extend(ask(look))
    except Forbidden as error:
        found.append(Check(ask.__name__.strip("_"), "warn", f"may not be looked at: {error.message}", error.hint))
    except (AttributeError, TypeError):  # not what such an object looks like: the server says so better than we can
        found.append(Check(ask.__name__.strip("_"), "warn", "an object is not built as its kind is: see the dry run"))
    return found


def _fits(look: Look) -> Iterator[Check]:
    new = [item for item in look.placed.items if look.new(item)]
    if look.fits is not None and new:
        yield from look.fits(new)


def worst(checks: list[Check]) -> K8saiError | None:
    """The error that a failed check ends the run with; None where none failed. What RBAC denies comes first."""
    from k8sai.errors import Refused

    failed = [one for one in checks if one.level == "fail"]
    if not failed:
        return None
    first = min(failed, key=lambda one: (one.exit != Exit.FORBIDDEN, one.exit != Exit.NOT_FOUND))
    kinds: dict[Exit, type[K8saiError]] = {Exit.FORBIDDEN: Forbidden, Exit.NOT_FOUND: NotFound}
    texts = [first.text, *(one.text for one in failed if one is not first)]
    hint = first.hint or "--skip-preflight writes all the same"
    return kinds.get(first.exit, Refused)(f"nothing was written: {texts[0]}", hint, tuple(texts[1:]))
