"""Objects as they change: read, then watched; a watch that ends is begun anew from a read."""

import json
from collections.abc import Callable, Iterable
from threading import Event, Lock, Thread
from typing import TYPE_CHECKING, Any, Self

from k8sai.cluster.api_errors import ApiNotFound
from k8sai.cluster.watching import watch
from k8sai.errors import K8saiError

if TYPE_CHECKING:
    from k8sai.cluster.connection import Connection
    from k8sai.cluster.stream import Stream
    from k8sai.cluster.writing import Target

Json = dict[str, Any]

_LASTING = 300  # seconds a watch is asked to go on
_PAUSE = 1.0  # seconds until an end, or an error, is followed by a new read


class Follower:
    """Tells of an object from `start` to `stop`, in a thread of its own: its state, or None where it is gone.

    What cannot be read now is tried again; `unread` says why while that is so.
    """

    def __init__(self, connection: "Connection", target: "Target", told: Callable[[Json | None], None]) -> None:
        self._connection, self._target, self._told = connection, target, told
        self._ended, self._lock = Event(), Lock()
        self._stream: Stream | None = None
        self.unread = ""

    def start(self) -> None:
        """Returns at once."""
        Thread(target=self._run, name=f"follow {self._target.ref}", daemon=True).start()

    def stop(self) -> None:
        """Nothing is told after this but what is being told just now."""
        self._ended.set()
        with self._lock:
            if self._stream is not None:
                self._stream.close()

    def _run(self) -> None:
        while not self._ended.is_set():
            try:
                self._follow()
                self.unread = ""
            except K8saiError as error:
                self.unread = error.message
            self._ended.wait(_PAUSE)

    def _follow(self) -> None:
        try:
            answer = self._connection.request("GET", self._target.path)
        except ApiNotFound:
            self._tell(None)
            return
        obj = json.loads(answer.body)
        self._tell(obj)
        self._watch(str(obj["metadata"].get("resourceVersion") or ""))

    def _watch(self, version: str) -> None:
        path = self._target.resource.path(self._target.namespace)
        selection = {"fieldSelector": f"metadata.name={self._target.name}"}
        opened = watch(
            self._connection,
            path,
            version,
            accept="application/json",
            idle=_LASTING + 30.0,
            lasting=_LASTING,
            selection=selection,
        )
        with self._lock:
            self._stream = opened
        with opened:
            rest = b""
            for chunk in opened:
                *lines, rest = (rest + chunk).split(b"\n")
                for event in map(json.loads, filter(None, lines)):
                    if event["type"] == "ERROR":
                        return
                    if event["type"] != "BOOKMARK":
                        self._tell(None if event["type"] == "DELETED" else event["object"])

    def _tell(self, obj: Json | None) -> None:
        if not self._ended.is_set():
            self._told(obj)


class Changes:
    """Wakes whoever waits as soon as one of these objects changes. Follows them from the first wait on."""

    def __init__(self, connection: "Connection", targets: "Iterable[Target]") -> None:
        self._changed = Event()
        self._followers = [Follower(connection, target, self._tell) for target in targets]
        self._follows = False

    def pause(self, seconds: float) -> None:
        """Until something changes, at most so long."""
        if not self._follows:
            self._follows = True
            for follower in self._followers:
                follower.start()
        self._changed.wait(seconds)
        self._changed.clear()

    def _tell(self, _: Json | None) -> None:
        self._changed.set()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for follower in self._followers:
            follower.stop()
