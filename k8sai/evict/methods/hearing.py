"""What the workload writes of its newest checkpoint: `k8sai.dev/last-checkpoint` on its pods or its owner."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from k8sai.cluster.api_errors import ApiNotFound
from k8sai.errors import NotFound, Usage
from k8sai.evict.contracts.acks import ack
from k8sai.evict.contracts.values import LAST, PREFIX
from k8sai.evict.facts import Ack, Json, Request
from k8sai.evict.method import Asked, Said, Site
from k8sai.evict.methods.reach import name_of

_FEW: Final = 3  # pods that are read one by one; more are listed


def listen(site: Site, request: Request, asked: Asked) -> Asked:
    """The same, with what has been written since by those who have not answered. Raises Forbidden, ClusterError."""
    waiting = {one.pod for one in asked.said if one.heard in ("accepted", "silent")}
    if not waiting:
        return asked
    of_all = _answer(_owner(site), request)
    pods = _pods(site, waiting)
    said = tuple(_heard(one, of_all, pods, request) if one.pod in waiting else one for one in asked.said)
    return replace(asked, said=said)


def written(obj: Json | None) -> Ack | None:
    """Its `last-checkpoint`; None where there is none, or nothing that can be read."""
    text = ((obj or {}).get("metadata") or {}).get("annotations", {}).get(PREFIX + LAST, "")
    try:
        return ack(text) if text else None
    except Usage:
        return None


def judged(pod: str, answer: Ack, request: Request) -> Said:
    """What an answer is worth to the request: it names it and is complete, or is on its way, or is about another."""
    if answer.request == request.id and answer.complete:
        return Said(pod, "answered", answer)
    if answer.request == request.id:
        return Said(pod, "accepted", answer, "it has begun to save")
    return Said(pod, "accepted", answer, "its answer does not name the request")


def _answer(obj: Json | None, request: Request) -> Ack | None:
    """What it has written for this request, or at least after it: a signal cannot carry an id."""
    found = written(obj)
    if found is None:
        return None
    later = not found.request and 0 < request.asked < found.time
    return found if found.request == request.id or later else None


def _heard(one: Said, of_all: Ack | None, pods: Mapping[str, Json], request: Request) -> Said:
    own = _answer(pods.get(one.pod), request)
    found = own if own is not None else of_all
    if found is None:
        return one if one.pod in pods else replace(one, why=one.why or "the pod is gone")
    if not found.request and found.complete:
        return Said(one.pod, "answered", found, "its answer does not name the request")
    return judged(one.pod, found, request)


def _owner(site: Site) -> Json | None:
    if site.shared:  # who of its gangs has written it is not known
        return None
    try:
        return site.objects.get(site.ref.kind, site.ref.namespace, site.ref.name)
    except (NotFound, ApiNotFound):
        return None


def _pods(site: Site, names: set[str]) -> dict[str, Json]:
    """Those that are still the same."""
    uids = {name_of(pod): pod["metadata"].get("uid") for pod in site.pods}
    namespace = site.ref.namespace
    if len(names) > _FEW:
        found = [one for one in site.objects.list("pods", namespace) if name_of(one) in names]
    else:
        found = [one for name in names if (one := _pod(site, namespace, name)) is not None]
    return {name_of(one): one for one in found if uids.get(name_of(one)) == one["metadata"].get("uid")}


def _pod(site: Site, namespace: str, name: str) -> Json | None:
    try:
        return site.objects.get("pods", namespace, name)
    except NotFound:
        return None
