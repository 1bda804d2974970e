"""Asking by writing `k8sai.dev/request`, which the workload watches; it answers in `k8sai.dev/last-checkpoint`.

It is written on the pods in scope that show their annotations to their containers (downward API volume), and on the
owner where none does: then the workload watches that one. An owner of several gangs is not written on: whose pods
should save, and who has answered, nobody could tell.
"""

import json
from collections.abc import Callable, Iterator
from typing import Final

from k8sai.cluster.api_errors import ApiConflict
from k8sai.cluster.discovery import served
from k8sai.cluster.patching import Stale, patch
from k8sai.cluster.writing import Target
from k8sai.errors import NotFound
from k8sai.evict.contracts.values import PREFIX
from k8sai.evict.facts import Json, MethodName, Ref, Request
from k8sai.evict.method import Asked, Right, Said, Site, Trouble
from k8sai.evict.methods.hearing import listen
from k8sai.evict.methods.reach import in_scope, name_of
from k8sai.evict.methods.rights import missing
from k8sai.evict.methods.words import as_json

REQUEST: Final = f"{PREFIX}request"
_POINTER: Final = f"/metadata/annotations/{REQUEST.replace('~', '~0').replace('/', '~1')}"
_TRIES: Final = 5  # somebody else may write in between


class Annotation:
    """Each write is bound to the uid and to what stood there."""

    name: MethodName = "annotation"
    writes: bool = True

    def rights(self, site: Site) -> tuple[Right, ...]:
        kinds = dict.fromkeys(ref.kind for ref, _ in _places(site))
        return tuple((verb, kind, "", site.ref.namespace) for kind in kinds for verb in ("get", "patch"))

    def preflight(self, site: Site, read_only: bool) -> tuple[Trouble, ...]:
        if site.shared and site.pods and not any(map(shows_annotations, in_scope(site))):
            owner = f"{site.ref.title}, their owner, is that of other gangs too"
            return (Trouble(f"its pods show their annotations in no downward API volume, and {owner}"),)
        return missing(site, self.rights(site))

    def ask(self, site: Site, request: Request, until: Callable[[], bool]) -> Asked:
        value = as_json(request)
        gone = {pod for ref, pod in _places(site) if not _written(site, ref, lambda old: _put(old, value))}
        said = (
            Said(name, "failed", why="it is gone") if gone & {name, ""} else Said(name, "silent")
            for name in map(name_of, in_scope(site))
        )
        return Asked(tuple(said))

    def look(self, site: Site, request: Request, asked: Asked) -> Asked:
        return listen(site, request, asked)

    def withdraw(self, site: Site, request: Request, asked: Asked) -> None:
        for ref, _ in _places(site):
            _written(site, ref, lambda old: _taken(old, request.id))


def _places(site: Site) -> Iterator[tuple[Ref, str]]:
    """Where it is written, with the pod's name, or "" for the owner."""
    watching = [pod for pod in in_scope(site) if shows_annotations(pod)]
    for pod in watching:
        meta = pod["metadata"]
        yield (
            Ref("pods", meta.get("namespace", site.ref.namespace), meta["name"], meta.get("uid", ""), "pod"),
            meta["name"],
        )
    if not watching:
        yield site.ref, ""


def shows_annotations(pod: Json) -> bool:
    """A volume of the pod has all its annotations, or the request's, in a file."""
    for volume in pod["spec"].get("volumes") or ():
        for source in (volume, *((volume.get("projected") or {}).get("sources") or ())):
            for item in (source.get("downwardAPI") or {}).get("items") or ():
                path = (item.get("fieldRef") or {}).get("fieldPath", "")
                if path in ("metadata.annotations", f"metadata.annotations['{REQUEST}']"):
                    return True
    return False


def _written(site: Site, ref: Ref, change: Callable[[Json], list[Json]]) -> bool:
    """Write what `change` makes of the object's annotations; False where the object is gone or another one.

    Raises Stale where others write all the time, Forbidden, ClusterError.
    """
    plural, _, group = ref.kind.partition(".")
    resource = served(site.connection).find(group, plural)
    if resource is None:
        return False
    target = Target(resource, ref.namespace, ref.name)
    for number in range(_TRIES):
        try:
            now = site.objects.get(ref.kind, ref.namespace, ref.name)
            if ref.uid and now["metadata"].get("uid") != ref.uid:
                return False
            operations = change(now["metadata"].get("annotations") or {})
            if operations:
                guard = {"op": "test", "path": "/metadata/uid", "value": now["metadata"]["uid"]}
                patch(site.writer, target, [guard, *_room(now), *operations])
            return True
        except NotFound:
            return False
        except (Stale, ApiConflict):
            if number == _TRIES - 1:
                raise
    raise AssertionError("the last try returns or raises")


def _room(now: Json) -> list[Json]:
    """An object without annotations needs a place for them."""
    if now["metadata"].get("annotations"):
        return []
    return [
        {"op": "test", "path": "/metadata/annotations", "value": None},
        {"op": "add", "path": "/metadata/annotations", "value": {}},
    ]


def _put(old: Json, value: str) -> list[Json]:
    if old.get(REQUEST) == value:
        return []
    return [
        {"op": "test", "path": _POINTER, "value": old.get(REQUEST)},
        {"op": "add", "path": _POINTER, "value": value},
    ]


def _taken(old: Json, id: str) -> list[Json]:
    """Only our own request is taken away."""
    if REQUEST not in old or _id(old[REQUEST]) != id:
        return []
    return [
        {"op": "test", "path": _POINTER, "value": old[REQUEST]},
        {"op": "remove", "path": _POINTER},
    ]


def _id(text: str) -> str:
    try:
        said = json.loads(text)
    except ValueError:
        return ""
    return str(said.get("id", "")) if isinstance(said, dict) else ""
