"""Watches: one hub hears the store and feeds every open stream; a stream that cannot keep up is ended.

Source: apiserver `pkg/storage/cacher` and `pkg/endpoints/handlers/watch.go`.
"""

import asyncio
from collections import deque
from typing import Any

from aiohttp import web

from k8sai.sim import tables
from k8sai.sim.asking import Ask, Form
from k8sai.sim.events import Shelf, home, shown_write
from k8sai.sim.kinds import Resource
from k8sai.sim.memory import Event
from k8sai.sim.objects import Obj, encode, stored_bytes, typed_bytes
from k8sai.sim.reads import not_a_version, selection
from k8sai.sim.selectors import Test
from k8sai.sim.status import ApiFailure
from k8sai.sim.store import Store

_LONGEST = 30 * 60  # seconds a watch lives without timeoutSeconds
_PENDING = 50_000  # events a slow reader may be behind before its stream is ended
_BATCH = 512  # frames joined into one write
INITIAL_END = "k8s.io/initial-events-end"


class Hub:
    """All open watches. `bookmark_every` is in seconds."""

    def __init__(self, store: Store, *, bookmark_every: float = 60.0) -> None:
        self.store = store
        self.bookmark_every = bookmark_every
        self._streams: dict[Resource, set[Stream]] = {}
        self._closed = False
        self._unsubscribe = store.subscribe(self._on_event)

    def open(self, stream: "Stream") -> None:
        """Feed a stream from now on."""
        self._streams.setdefault(home(stream.resource), set()).add(stream)
        if self._closed:
            stream.end()

    def close(self, stream: "Stream") -> None:
        """Feed it no more."""
        self._streams.get(home(stream.resource), set()).discard(stream)

    def end_all(self) -> None:
        """End every stream, as a server that goes down does; later ones end at once."""
        self._closed = True
        for streams in self._streams.values():
            for stream in tuple(streams):
                stream.end()

    def stop(self) -> None:
        """End all and hear nothing more."""
        self.end_all()
        self._unsubscribe()

    def _on_event(self, event: Event) -> None:
        for stream in self._streams.get(event.resource, ()):
            same = stream.resource.api_version == event.resource.api_version
            stream.feed(event if same else shown_write(event, stream.resource))


class Stream:
    """One watch: what it selects, in which form, and the frames not sent yet."""

    def __init__(self, ask: Ask, form: Form, test: Test | None, now: float) -> None:
        self.resource = ask.target.resource
        self.ended = False
        self._namespace = ask.target.namespace
        self._name = ask.target.name
        self._form = form
        self._test = test
        self._now = now
        self._since = 0
        self._include = ask.query.get("includeObject", "Metadata")
        self._events: deque[Event] = deque()
        self._wake = asyncio.Event()

    def end(self) -> None:
        """No more frames."""
        self.ended = True
        self._wake.set()

    def skip_to(self, version: int) -> None:
        """Leave out what happens up to a version that may still be to come."""
        self._since = version

    def feed(self, event: Event) -> None:
        """Take one event; called inside the commit, so it only queues."""
        if event.version <= self._since:
            return
        if len(self._events) >= _PENDING:
            self.end()
            return
        self._events.append(event)
        self._wake.set()

    async def wait(self, seconds: float) -> None:
        """Return when there is something to send, at the end, or after that time."""
        if not self._events and not self.ended:
            self._wake.clear()
            try:
                async with asyncio.timeout(seconds):
                    await self._wake.wait()
            except TimeoutError:
                return

    def frames(self) -> list[bytes]:
        """Up to a batch of frames that wait."""
        found: list[bytes] = []
        while self._events and len(found) < _BATCH:
            frame = self._frame(self._events.popleft())
            if frame is not None:
                found.append(frame)
        return found

    @property
    def behind(self) -> bool:
        """Whether events wait."""
        return bool(self._events)

    def selects(self, obj: Obj) -> bool:
        """Whether the object is one the watch asked for."""
        meta = obj["metadata"]
        if self._namespace and meta.get("namespace") != self._namespace:
            return False
        if self._name and meta["name"] != self._name:
            return False
        return self._test is None or self._test(obj)

    def _frame(self, event: Event) -> bytes | None:
        """The event as this stream sees it: an object that stops matching is deleted to it."""
        matches = self.selects(event.obj)
        if event.type == "ADDED":
            return self.frame("ADDED", event.obj, event.stored) if matches else None
        before = event.old is not None and self.selects(event.old)
        if event.type == "DELETED":
            return self.frame("DELETED", event.obj, event.stored) if before or matches else None
        if matches:
            return self.frame("MODIFIED" if before else "ADDED", event.obj, event.stored)
        if not before or event.old is None:
            return None
        meta = {**event.old["metadata"], "resourceVersion": str(event.version)}
        gone = {**event.old, "metadata": meta}
        return self.frame("DELETED", gone, stored_bytes(self.resource, gone))

    def frame(self, change: str, obj: Obj, stored: bytes) -> bytes:
        """One event in the stream's form."""
        if self._form == "json":
            return b'{"type":"%s","object":%s}\n' % (change.encode(), typed_bytes(self.resource, stored))
        return encode({"type": change, "object": self._shaped(obj)}) + b"\n"

    def _shaped(self, obj: Obj) -> Obj:
        if self._form == "partial":
            return tables.partial(obj)
        meta = {"resourceVersion": obj["metadata"]["resourceVersion"]}
        return tables.table(self.resource, [obj], meta, self._now, self._include)

    def bookmark(self, version: int, last_initial: bool = False) -> bytes:
        """Where the stream stands, so that a client can go on from there."""
        meta: dict[str, Any] = {"resourceVersion": str(version), "creationTimestamp": None}
        if last_initial:
            meta["annotations"] = {INITIAL_END: "true"}
        if self._form == "json":
            kind = {"kind": self.resource.kind, "apiVersion": self.resource.api_version}
            return encode({"type": "BOOKMARK", "object": {**kind, "metadata": meta}}) + b"\n"
        if self._form == "partial":
            kind = {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1"}
            return encode({"type": "BOOKMARK", "object": {**kind, "metadata": meta}}) + b"\n"
        shown = tables.table(self.resource, [], {"resourceVersion": str(version)}, self._now, self._include)
        if last_initial:
            kind = {"kind": self.resource.kind, "apiVersion": self.resource.api_version}
            carried = {**kind, "metadata": meta}
            shown["rows"] = [{"cells": [None] * len(shown["columnDefinitions"]), "object": carried}]
        return encode({"type": "BOOKMARK", "object": shown}) + b"\n"

    def at(self, now: float) -> None:
        """The time ages are told by."""
        self._now = now


async def serve_watch(hub: Hub, ask: Ask) -> web.StreamResponse:
    """Answer a watch until its time is over, the client leaves, or it falls behind."""
    store = hub.store
    stream = Stream(ask, ask.form(), selection(ask), store.now())
    initial = _initial_events(ask)
    start = _start_version(ask)
    shelf = Shelf(store, ask.target.resource)
    response = web.StreamResponse(headers={"Cache-Control": "no-cache, private", "Content-Type": "application/json"})
    response.enable_chunked_encoding()
    first: list[bytes] = []
    try:
        if initial or start == 0:
            for entry in shelf.entries(ask.target.namespace):
                if stream.selects(entry.obj):
                    first.append(stream.frame("ADDED", entry.obj, entry.stored))
            if initial and ask.flag("allowWatchBookmarks"):
                first.append(stream.bookmark(store.version, last_initial=True))
        else:
            stream.skip_to(start)
            for event in shelf.history(start):
                stream.feed(event)
    except ApiFailure as failure:
        await response.prepare(ask.request)
        await response.write(encode({"type": "ERROR", "object": failure.document()}) + b"\n")
        return response
    hub.open(stream)
    try:
        await response.prepare(ask.request)
        for at in range(0, len(first), _BATCH):
            await response.write(b"".join(first[at : at + _BATCH]))
        await _pump(hub, ask, stream, response)
    except (ConnectionResetError, ConnectionError):
        pass
    finally:
        hub.close(stream)
    return response


async def _pump(hub: Hub, ask: Ask, stream: Stream, response: web.StreamResponse) -> None:
    loop = asyncio.get_running_loop()
    deadline = loop.time() + (ask.number("timeoutSeconds") or _LONGEST)
    bookmarks = ask.flag("allowWatchBookmarks")
    marked = loop.time()
    sent = 0
    while not stream.ended:
        left = deadline - loop.time()
        if left <= 0:
            break
        due = marked + hub.bookmark_every - loop.time() if bookmarks else left
        await stream.wait(max(0.0, min(left, due)))
        stream.at(hub.store.now())
        while stream.behind and not stream.ended:
            frames = stream.frames()
            if frames:
                await response.write(b"".join(frames))
            else:
                await asyncio.sleep(0)
        if bookmarks and loop.time() >= marked + hub.bookmark_every:
            marked = loop.time()
            if hub.store.version != sent:
                sent = hub.store.version
                await response.write(stream.bookmark(sent))
    if bookmarks and not stream.ended:
        await response.write(stream.bookmark(hub.store.version))


def _start_version(ask: Ask) -> int:
    text = ask.query.get("resourceVersion", "")
    if text and not text.isdigit():
        raise ApiFailure(500, "", not_a_version(text))
    return int(text or 0)


def _initial_events(ask: Ask) -> bool:
    """Whether the stream begins with what is there and says when that is over. ApiFailure 422."""
    if "sendInitialEvents" not in ask.query:
        return False
    if ask.query.get("resourceVersionMatch") != "NotOlderThan":
        text = "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"
        cause = {"reason": "FieldValueForbidden", "message": f"Forbidden: {text}", "field": "resourceVersionMatch"}
        details = {"group": "meta.k8s.io", "kind": "ListOptions", "causes": [cause]}
        message = f'ListOptions.meta.k8s.io "" is invalid: resourceVersionMatch: Forbidden: {text}'
        raise ApiFailure(422, "Invalid", message, details)
    return ask.flag("sendInitialEvents")
