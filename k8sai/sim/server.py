"""The embedded API server: real HTTP on loopback in front of a store.

    runner, url = await serve(store, "127.0.0.1", 0)
    …
    await runner.cleanup()

Users are taken at their word (the Impersonate-User header, else `admin`); what they may not do, the `Gate` says.
"""

import logging
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from k8sai.sim import (
    access,
    binding,
    discovery,
    eviction,
    executing,
    lifecycle,
    openapi,
    pod_access,
    policies,
    scale,
    status,
    visibility,
)
from k8sai.sim.asking import BODY_LIMIT, Ask, answer, compressed, failed
from k8sai.sim.deny import Denials
from k8sai.sim.events import Shelf
from k8sai.sim.gate import Gate
from k8sai.sim.kinds import Catalog
from k8sai.sim.patches import APPLY_PATCH
from k8sai.sim.processes import Processes
from k8sai.sim.reads import Expired, Reader
from k8sai.sim.routes import Target, locate, verb_of
from k8sai.sim.status import ApiFailure
from k8sai.sim.store import Store
from k8sai.sim.watch import Hub, serve_watch
from k8sai.sim.writes import Writer

_log = logging.getLogger(__name__)
_ENDPOINTS = ("healthz", "livez", "readyz")


class Server:
    """Everything between a request and the store."""

    def __init__(
        self,
        store: Store,
        denials: Denials,
        *,
        bookmark_every: float = 60.0,
        lines: visibility.Lines | None = None,
        processes: Processes | None = None,
    ) -> None:
        self.store = store
        self._processes = processes
        self._lines = lines
        self.gate = Gate(store, denials)
        self.hub = Hub(store, bookmark_every=bookmark_every)
        self.address = ""
        self._reader = Reader(store)
        self._writer = Writer(store, self._reader, self.gate)

    def app(self) -> web.Application:
        """The aiohttp application."""
        app = web.Application(client_max_size=BODY_LIMIT)
        app.router.add_route("*", "/{path:.*}", self.handle)
        app.on_shutdown.append(self._end_streams)
        return app

    async def _end_streams(self, _: web.Application) -> None:
        self.hub.stop()

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer any request."""
        try:
            return await compressed(request, await self._answer(request))
        except Expired as expired:
            return answer(request, expired.document, 410)
        except ApiFailure as failure:
            return failed(request, failure)
        except (web.HTTPException, ConnectionError):
            raise
        except Exception:
            _log.exception("%s %s", request.method, request.path_qs)
            return failed(request, ApiFailure(500, "InternalError", "Internal error occurred: see the server's log"))

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        path = request.path.strip("/")
        if path.partition("/")[0] in _ENDPOINTS:
            return web.Response(text="ok")
        found = self._about(request, path)
        if found is not None:
            self.gate.pass_path(request)
            return found
        if _no_such_group(self.store.catalog, path):
            self.gate.pass_path(request)
            return web.Response(status=404, text="404 page not found\n")
        target = locate(self.store.catalog, request.path)
        watching = request.query.get("watch", "").lower() in ("1", "true")
        verb = verb_of(request.method, target, watching)
        also = self._makes(request, target) or target.subresource in _REACHING
        verbs = (verb, "create") if also and verb != "create" else (verb,)
        who = self.gate.pass_resource(request, verbs, target)
        return _deprecated(self.store.catalog, target, await self._served(Ask(request, target, verb, who)))

    def _makes(self, request: web.Request, target: Target) -> bool:
        """Whether an apply is about an object that is not there: to make it takes a right of its own."""
        if request.content_type != APPLY_PATCH or target.subresource:
            return False
        return Shelf(self.store, target.resource).find(target.namespace, target.name) is None

    def _about(self, request: web.Request, path: str) -> web.Response | None:
        """What the server says about itself; None for requests about objects."""
        if path == "version":
            return answer(request, discovery.VERSION)
        if path in ("api", "apis"):
            return self._groups(request, path)
        if path == "openapi/v2":
            return self._swagger(request)
        if path == "openapi/v3":
            return answer(request, openapi.index(self.store.catalog))
        if path.startswith("openapi/v3/"):
            return _or_404(request, openapi.document(self.store.catalog, path.removeprefix("openapi/v3/")))
        parts = path.split("/")
        if path == "":
            paths = [
                "/api",
                "/api/v1",
                "/apis",
                "/healthz",
                "/livez",
                "/openapi/v2",
                "/openapi/v3",
                "/readyz",
                "/version",
            ]
            return answer(request, {"paths": paths})
        if parts[0] == "api" and len(parts) == 2:
            document = discovery.resources(self.store.catalog, parts[1])
            return answer(request, document) if document else None
        if parts[0] == "apis" and len(parts) == 2:
            document = discovery.group(self.store.catalog, parts[1])
            return answer(request, document) if document else None
        if parts[0] == "apis" and len(parts) == 3:
            document = discovery.resources(self.store.catalog, "/".join(parts[1:]))
            return answer(request, document) if document else None
        return None

    def _groups(self, request: web.Request, path: str) -> web.Response:
        """/api and /apis, in the aggregated form for those who accept it."""
        accept = request.headers.get("Accept", "")
        whole = any(
            discovery.AGGREGATED in part and "v=v2" in part.replace("v2beta1", "") for part in accept.split(",")
        )
        if not whole:
            found = discovery.core_versions() if path == "api" else discovery.groups(self.store.catalog)
            if path == "api":
                found["serverAddressByClientCIDRs"] = [{"clientCIDR": "0.0.0.0/0", "serverAddress": self.address}]
            return answer(request, found)
        document = discovery.aggregated(self.store.catalog, core=path == "api")
        mark = discovery.etag(document)
        if request.headers.get("If-None-Match") == mark:
            return web.Response(status=304, headers={"ETag": mark})
        response = answer(request, document, headers={"ETag": mark, "Cache-Control": "public"})
        response.headers["Content-Type"] = discovery.AGGREGATED_TYPE
        return response

    def _swagger(self, request: web.Request) -> web.Response:
        accept = request.headers.get("Accept", "")
        if openapi.SWAGGER_PROTOBUF in accept or openapi.SWAGGER_PROTOBUF_OLD in accept:
            return web.Response(body=openapi.swagger_protobuf(), content_type=openapi.SWAGGER_PROTOBUF)
        if "json" not in accept and "*/*" not in accept and accept:
            raise ApiFailure(406, "NotAcceptable", "only the following media types are accepted: application/json")
        return answer(request, openapi.swagger(self.store.catalog))

    async def _served(self, ask: Ask) -> web.StreamResponse:
        target = ask.target
        if access.is_review(target):
            return await self._review(ask)
        if target.subresource in _OWN_HANDLING:
            return await self._subresource(ask)
        if target.resource.plural == "bindings":
            return await self._bind(ask)
        handlers: dict[str, Callable[[Ask], Awaitable[web.Response]]] = {
            "create": self._writer.create,
            "update": self._writer.update,
            "patch": self._writer.patch,
            "delete": self._writer.delete,
            "deletecollection": self._writer.delete_collection,
        }
        if ask.verb == "watch" or (ask.verb == "get" and ask.flag("watch")):
            return await serve_watch(self.hub, ask)
        if ask.verb == "get":
            return self._reader.get(ask)
        if ask.verb == "list":
            return self._reader.list(ask)
        return await handlers[ask.verb](ask)

    async def _review(self, ask: Ask) -> web.Response:
        found = access.review(self.gate, ask.target, ask.who, await ask.object())
        return answer(ask.request, found, 201)

    async def _bind(self, ask: Ask) -> web.Response:
        found = await ask.object()
        name = ask.target.name or str((found.get("metadata") or {}).get("name", ""))
        done = binding.bind_by(self.store, ask.target.namespace, name, found, ask.dry_run())
        return answer(ask.request, done, 201)

    async def _subresource(self, ask: Ask) -> web.StreamResponse:
        target = ask.target
        match target.subresource, ask.verb:
            case "binding", "create":
                return await self._bind(ask)
            case "eviction", "create":
                found = await ask.object()
                options = eviction.checked(target.name, found, ask.dry_run())
                policies.admit_eviction(self.store, target.namespace, found, ask.who.name)
                done = eviction.evict(self.store, target.namespace, target.name, options)
                return answer(ask.request, done, 201)
            case visibility.PENDING, "get":
                return answer(ask.request, visibility.pending(self._lines, ask))
            case "log", "get":
                return pod_access.log(self.store, ask, self._processes)
            case "proxy", _:
                return await pod_access.proxy(self.store, ask, self._processes)
            case "scale", "get":
                return answer(ask.request, scale.get(self.store, target))
            case "scale", "update":
                return await self._writer.update(ask)
            case "scale", "patch":
                return await self._writer.patch(ask)
            case "exec", ("get" | "create"):
                return await executing.execute(self.store, ask, self._processes)
            case (("attach" | "portforward"), ("get" | "create")):
                raise status.unserved(f"{target.subresource} is not served by the embedded cluster")
        raise status.not_allowed()


_REACHING = ("attach", "exec", "portforward")  # a get of these is an upgrade, which takes the right to create too
_OWN_HANDLING = (
    *("attach", "binding", "eviction", "exec", "log"),
    *(visibility.PENDING, "portforward", "proxy", "scale"),
)


def _deprecated(catalog: Catalog, target: Target, response: web.StreamResponse) -> web.StreamResponse:
    """Say it of a version that its definition gives up, and which to use."""
    definition, resource = target.resource.definition, target.resource
    if resource is lifecycle.REQUESTS and not response.prepared:
        response.headers.add("Warning", f'299 - "{lifecycle.WARNING}"')
    if definition is not None and definition.warning is not None and not response.prepared:
        better = next(
            one
            for one in catalog.versions(resource)
            if one is resource or not (one.definition and one.definition.warning is not None)
        )
        instead = "" if better is resource else f"; use {better.api_version} {better.kind}"
        text = definition.warning or f"{resource.api_version} {resource.kind} is deprecated{instead}"
        response.headers.add("Warning", f'299 - "{text}"')
    return response


def _no_such_group(catalog: Catalog, path: str) -> bool:
    """Whether a path leads out of the API: the real server has no handler there and says so in plain text."""
    parts = path.split("/")
    if parts[0] == "api":
        return parts[1:2] != ["v1"]
    versions = {resource.api_version for resource in catalog}
    return parts[0] != "apis" or "/".join(parts[1:3]) not in versions


def _or_404(request: web.Request, document: Any) -> web.Response:
    if document is None:
        raise status.no_such_path()
    return answer(request, document)


async def serve(
    store: Store,
    host: str = "127.0.0.1",
    port: int = 0,
    denials: Denials | None = None,
    *,
    bookmark_every: float = 60.0,
) -> tuple[web.AppRunner, str]:
    """Listen and answer until the runner is cleaned up; the URL has the real port where `port` is 0."""
    server = Server(store, denials if denials is not None else Denials(), bookmark_every=bookmark_every)
    runner = web.AppRunner(server.app(), access_log=None, shutdown_timeout=1.0, keepalive_timeout=3600)
    await runner.setup()
    site = web.TCPSite(runner, host, port)
    await site.start()
    found = runner.addresses[0]
    server.address = f"{found[0]}:{found[1]}"
    return runner, f"http://{server.address}"
