"""Asking by HTTP, through pods/proxy. An answer of 2xx is `accepted`; a checkpoint is proven by the JSON in it, which
may come with a later answer: who asks again with the same id is told what has become of it.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Final
from urllib.parse import quote

from k8sai.cluster.connection import Response
from k8sai.cluster.proxying import proxied
from k8sai.errors import ClusterError, Forbidden, NotFound, Usage
from k8sai.evict.contracts.acks import ack
from k8sai.evict.contracts.values import http_target
from k8sai.evict.facts import Json, MethodName, Request
from k8sai.evict.method import Asked, Right, Said, Site, Trouble
from k8sai.evict.methods.hearing import judged, listen
from k8sai.evict.methods.reach import everybody, in_scope, left, name_of, patiently
from k8sai.evict.methods.rights import missing
from k8sai.evict.methods.words import as_json

_ANSWER: Final = 30.0  # seconds for one answer; who needs longer answers 202 and is asked again
_LOOK: Final = 5.0  # seconds, when it is asked again
_VERBS: Final = {"POST": "create", "PUT": "update"}


class Http:
    """The contract's `checkpoint-http`."""

    name: MethodName = "http"
    writes: bool = False

    def rights(self, site: Site) -> tuple[Right, ...]:
        verb = site.contract.http.partition(" ")[0]
        verbs = (_VERBS.get(verb, "create"), *(("delete",) if site.contract.after == "pause" else ()))
        return tuple((verb, "pods", "proxy", site.ref.namespace) for verb in verbs)

    def preflight(self, site: Site, read_only: bool) -> tuple[Trouble, ...]:
        if not in_scope(site):
            return (Trouble(f"no pod of {site.ref.title} runs, so nobody can be asked"),)
        return missing(site, self.rights(site))

    def ask(self, site: Site, request: Request, until: Callable[[], bool]) -> Asked:
        def one(pod: Json, enough: Callable[[], bool]) -> Said:
            return patiently(name_of(pod), lambda: _post(site, name_of(pod), request, _ANSWER), request, enough)

        return Asked(everybody(site, one, until))

    def look(self, site: Site, request: Request, asked: Asked) -> Asked:
        heard = listen(site, request, asked)
        waiting = [one for one in heard.said if one.heard in ("accepted", "silent")]
        if not waiting or not left(request):
            return heard
        names = {one.pod for one in waiting}
        pods = tuple(pod for pod in site.pods if name_of(pod) in names)
        again = everybody(_only(site, pods), lambda pod, _: _again(site, name_of(pod), request), lambda: False)
        told = {one.pod: one for one in again if one.heard == "answered" or one.ack is not None}
        return replace(heard, said=tuple(told.get(one.pod, one) for one in heard.said))

    def withdraw(self, site: Site, request: Request, asked: Asked) -> None:
        """DELETE with the id, for ranks that pause after their save; a save that was begun goes on."""
        _, port, path = http_target(site.contract.http)
        place = f"{path}{'&' if '?' in path else '?'}id={quote(request.id, safe='')}"

        def one(pod: Json, _: Callable[[], bool]) -> Said:
            name = name_of(pod)
            with suppress(ClusterError, NotFound, Forbidden):  # without the right they go on at the deadline
                proxied(site.connection, "DELETE", site.ref.namespace, name, port, place, None, _LOOK)
            return Said(name, "silent")

        everybody(_only(site, in_scope(site)), one, lambda: False)


def _only(site: Site, pods: tuple[Json, ...]) -> Site:
    return replace(site, pods=pods, contract=replace(site.contract, scope="all"))


def _again(site: Site, pod: str, request: Request) -> Said:
    return patiently(pod, lambda: _post(site, pod, request, _LOOK), replace(request, deadline=0.0), lambda: True)


def _post(site: Site, pod: str, request: Request, timeout: float) -> Said:
    method, port, path = http_target(site.contract.http)
    body = as_json(request).encode()
    limit = max(0.001, min(timeout, left(request)))
    return _understood(pod, proxied(site.connection, method, site.ref.namespace, pod, port, path, body, limit), request)


def _understood(pod: str, answer: Response, request: Request) -> Said:
    text = answer.body.decode(errors="replace").strip()
    if not 200 <= answer.status < 300:
        return Said(pod, "failed", why=f"it answered {answer.status}{f': {text[:200]}' if text else ''}")
    if not text.startswith("{"):
        return Said(pod, "accepted")
    try:
        return judged(pod, ack(text), request)
    except Usage as error:
        return Said(pod, "accepted", why=f"its answer cannot be read: {error.message}")
