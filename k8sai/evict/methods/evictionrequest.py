"""Asking by an EvictionRequest (lifecycle.k8s.io/v1alpha1, KEP-4563), only where somebody is there who acts on it.

In 1.37.0 the API may be served while no controller reads it: `status.observedGeneration` within 30 s is the sign of
life. The server does not check the pod, and the object outlives it, so ours is always taken away.
"""

import json
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from k8sai.cluster.api_errors import ApiConflict
from k8sai.cluster.discovery import Resource, served
from k8sai.cluster.patching import Stale, create, patch
from k8sai.cluster.writing import Target
from k8sai.errors import NotFound, Usage
from k8sai.evict.contracts.acks import last_ack
from k8sai.evict.facts import Json, MethodName, Request
from k8sai.evict.method import Asked, Right, Said, Site, Trouble
from k8sai.evict.methods.hearing import judged, listen
from k8sai.evict.methods.reach import in_scope, left, name_of
from k8sai.evict.methods.rights import missing

GROUP: Final = "lifecycle.k8s.io"
KIND: Final = f"evictionrequests.{GROUP}"
EVICTIONS: Final = f"evictions.{GROUP}"
REQUESTER: Final = "k8sai.dev/evict"
EVICTOR: Final = "imperative-eviction.k8s.io/evictor"  # who everybody has: it only calls pods/eviction
_PROBE: Final = 30.0  # seconds
_EVERY: Final = 1.0  # seconds between two looks for the sign of life
_ROOM: Final = 253  # characters of a name


class EvictionRequest:
    """`probe` is how long the sign of life is waited for, in seconds."""

    name: MethodName = "evictionrequest"
    writes: bool = True

    def __init__(self, probe: float = _PROBE, every: float = _EVERY) -> None:
        self._probe, self._every = probe, every

    def rights(self, site: Site) -> tuple[Right, ...]:
        namespace = site.ref.namespace
        ours = tuple((verb, KIND, "", namespace) for verb in ("create", "get", "patch", "delete"))
        return (*ours, ("list", EVICTIONS, "", namespace))

    def preflight(self, site: Site, read_only: bool) -> tuple[Trouble, ...]:
        if not in_scope(site):
            return (Trouble(f"no pod of {site.ref.title} runs, so nobody can be asked"),)
        if _resource(site) is None:
            return (Trouble(f"{site.connection.server} does not serve {KIND}"),)
        for pod in in_scope(site):
            if pod["spec"].get("schedulingGroup"):
                return (Trouble(f"pod {name_of(pod)} belongs to a PodGroup, which eviction requests do not know"),)
            if not any(one.get("name") != EVICTOR for one in pod["spec"].get("evictionResponders") or ()):
                return (Trouble(f"pod {name_of(pod)} names no evictionResponders, so nobody would save"),)
        return missing(site, self.rights(site))

    def ask(self, site: Site, request: Request, until: Callable[[], bool]) -> Asked:
        pods = in_scope(site)
        names = {name_of(pod): object_name(request, name_of(pod)) for pod in pods}
        asked = Asked(more={"names": names})
        for pod in pods:
            _make(site, names[name_of(pod)], pod)
        if self._alive(site, set(names.values()), request, until):
            return replace(asked, said=tuple(Said(name, "accepted") for name in names))
        self.withdraw(site, request, asked)
        why = f"no controller has read {KIND} within {self._probe:g} s: it was withdrawn"
        return replace(asked, said=tuple(Said(name, "failed", why=why) for name in names))

    def look(self, site: Site, request: Request, asked: Asked) -> Asked:
        heard = listen(site, request, asked)
        if all(one.heard in ("answered", "failed") for one in heard.said):
            return heard
        uids = {pod["metadata"]["uid"]: name_of(pod) for pod in site.pods}
        found = {uids.get(_target(one).get("uid")): one for one in site.objects.list(EVICTIONS, site.ref.namespace)}
        said = (_responded(one, found.get(one.pod), request) for one in heard.said)
        return replace(heard, said=tuple(said))

    def withdraw(self, site: Site, request: Request, asked: Asked) -> None:
        resource = _resource(site)
        if resource is None:
            return
        known = dict(asked.more.get("names") or {})
        known |= {name_of(pod): object_name(request, name_of(pod)) for pod in in_scope(site)}
        for name in known.values():
            _withdraw(site, Target(resource, site.ref.namespace, name))

    def _alive(self, site: Site, names: set[str], request: Request, until: Callable[[], bool]) -> bool:
        """Every one of them was read by a controller."""
        ends = time.monotonic() + min(self._probe, left(request))
        waiting = set(names)
        while True:
            waiting = {name for name in waiting if not _observed(_read(site, name))}
            if not waiting:
                return True
            if until() or time.monotonic() >= ends:
                return False
            threading.Event().wait(self._every)


def object_name(request: Request, pod: str) -> str:
    """The same for the same request, so that asking again finds it."""
    return f"k8sai-{request.id}-{pod}"[:_ROOM].rstrip("-.")


def _resource(site: Site) -> Resource | None:
    return served(site.connection).find(GROUP, "evictionrequests")


def _make(site: Site, name: str, pod: Json) -> None:
    """Raises Forbidden, Invalid, ClusterError; one that is there already is ours."""
    resource = _resource(site)
    if resource is None:
        raise NotFound(f"{site.connection.server} does not serve {KIND}")
    body = {
        "apiVersion": f"{GROUP}/{resource.version}",
        "kind": resource.kind,
        "metadata": {"name": name, "namespace": site.ref.namespace, "labels": {"k8sai.dev/evict": "1"}},
        "spec": {
            "target": {"pod": {"name": name_of(pod), "uid": pod["metadata"]["uid"]}},
            "requester": REQUESTER,
            "intent": "Eviction",
        },
    }
    try:
        create(site.writer, Target(resource, site.ref.namespace, name), body)
    except ApiConflict:
        return


def _read(site: Site, name: str) -> Json | None:
    try:
        return site.objects.get(KIND, site.ref.namespace, name)
    except NotFound:
        return None


def _observed(found: Json | None) -> bool:
    return bool(((found or {}).get("status") or {}).get("observedGeneration"))


def _withdraw(site: Site, target: Target) -> None:
    """Say so first: whoever is at it hears it before the object goes."""
    found = _read(site, target.name)
    if found is None:
        return
    uid = found["metadata"]["uid"]
    guard = {"op": "test", "path": "/metadata/uid", "value": uid}
    try:
        if found["spec"].get("intent") != "Withdrawn":
            patch(site.writer, target, [guard, {"op": "replace", "path": "/spec/intent", "value": "Withdrawn"}])
        site.writer.delete(target, uid=uid)
    except (Stale, NotFound, ApiConflict):
        return  # another one has its name by now


def _target(eviction: Json) -> Json:
    found: Json = (eviction.get("spec") or {}).get("target", {}).get("pod") or {}
    return found


def _responded(one: Said, eviction: Json | None, request: Request) -> Said:
    """What the responders that are not the evictor have said; a message may end with the answer's JSON."""
    if one.heard in ("answered", "failed") or eviction is None:
        return one
    for responder in (eviction.get("status") or {}).get("responders") or ():
        if responder.get("name") == EVICTOR or not responder.get("completionTime"):
            continue
        try:
            answer = last_ack(str(responder.get("message") or ""))
        except Usage:
            answer = None
        if answer is not None:
            return judged(one.pod, answer, request)
    return _ended(one, eviction)


def _ended(one: Said, eviction: Json) -> Said:
    conditions = (eviction.get("status") or {}).get("conditions") or ()
    failed = next((c for c in conditions if c.get("type") == "Failed" and c.get("status") == "True"), None)
    if failed is None:
        return one
    return Said(one.pod, "failed", why=f"{failed.get('reason', 'Failed')}: {json.dumps(failed.get('message', ''))}")
