"""A drain's state in the cluster, each write bound to what was read before it.

A save names the resourceVersion it follows. Who finds that somebody else has written stops: with a newer epoch of the
Lease another operator has taken the drain over (Locked), with the same one a person has asked for its end (Stale): read
again, then decide again. An answer that was lost is found by reading. What does not fit into one ConfigMap is written
first, into others that never change, and then named by it.
"""

import json
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, TypeVar

from k8sai.cluster.api_errors import ApiConflict, ApiNotFound, Unavailable
from k8sai.cluster.patching import Stale, create
from k8sai.errors import Forbidden, K8saiError, Locked
from k8sai.evict.facts import Json
from k8sai.evict.keeping import names
from k8sai.evict.state import KEPT, VERSION, State
from k8sai.holding import form
from k8sai.holding.form import Unreadable

if TYPE_CHECKING:
    from k8sai.cluster.writing import Writer

T = TypeVar("T")

STATE: Final = "state.json"
SHARDS: Final = "shards.json"  # instead: the names of the ConfigMaps in which it goes on, in order
LONGEST: Final = 700 * 1024  # bytes in one ConfigMap; the server takes 1 MiB


@dataclass(frozen=True, slots=True)
class Held:
    """A state as it was read, or as it is after a save."""

    state: State
    version: str
    uid: str
    shards: tuple[str, ...] = ()


class Kept:
    """What is kept of one drain."""

    def __init__(self, writer: "Writer", namespace: str, drain: str) -> None:
        self._writer = writer
        self._namespace = namespace
        self._drain = drain
        self._place = names.state_at(namespace, drain)

    def read(self) -> Held | None:
        """None: there is no such drain. Raises Unreadable, Forbidden, ClusterError."""
        live = self._writer.live(self._place)
        return self._held(live) if live else None

    def begin(self, state: State) -> Held:
        """Doing it twice does no harm. Raises Locked where its epoch is newer, Forbidden, ClusterError."""
        data = self._data(state)
        body: Json = {"apiVersion": "v1", "kind": "ConfigMap", "data": data}
        body["metadata"] = names.metadata(self._place, self._drain, "state")
        try:
            return self._held(create(self._writer, self._place, body).object)
        except (ApiConflict, Unavailable):
            there = _quietly(self.read)
            if there is None:
                raise
            _insist_on_epoch(there.state, state)
            return there

    def save(self, held: Held, state: State) -> Held:
        """The state over the one that was read. Raises Locked, Stale, Forbidden, ClusterError."""
        _insist_on_epoch(held.state, state)
        state = _bounded(state)
        data = self._data(state)
        patch: Json = {"data": {**dict.fromkeys((STATE, SHARDS)), **data}}
        try:
            live = self._writer.merge(self._place, patch, uid=held.uid, version=held.version).object
        except (ApiConflict, ApiNotFound, Unavailable) as error:
            live = self._found(error, held, state, data)
        shards = _shards(live)
        self._drop(set(held.shards) - set(shards))
        return Held(state, _version(live), held.uid, shards)

    def forget(self, held: Held) -> None:
        """Take the state and its pieces away. Raises ApiConflict where another one has its name, Forbidden."""
        self._writer.delete(self._place, uid=held.uid)
        self._drop(held.shards)

    # --- text ---------------------------------------------------------------------------------------------------------

    def _data(self, state: State) -> dict[str, str]:
        """As it lies in the ConfigMap; the pieces of a long one are written."""
        text = form.text(_bounded(state), "the state")
        if len(text.encode()) <= LONGEST:
            return {STATE: text}
        return {SHARDS: json.dumps([self._keep(piece) for piece in _pieces(text)])}

    def _keep(self, piece: str) -> str:
        target = names.shard_at(self._namespace, self._drain, piece)
        if self._writer.metadata(target) is None:
            body: Json = {"apiVersion": "v1", "kind": "ConfigMap", "immutable": True, "data": {STATE: piece}}
            body["metadata"] = names.metadata(target, self._drain, "shard")
            with suppress(ApiConflict):  # it is named by what is in it
                create(self._writer, target, body)
        return target.name

    def _held(self, live: Json) -> Held:
        shards = _shards(live)
        text = "".join(self._piece(name) for name in shards) if shards else (live.get("data") or {}).get(STATE, "")
        try:
            state = form.state(State, text, VERSION)
        except form.Unreadable as error:
            raise form.Unreadable(
                f"what is kept of drain {self._drain} in {self._place.ref} is not understood: {error.message}",
                f"`k8sai evict abort {self._drain}` goes by what is marked in the cluster",
            ) from error
        return Held(state, _version(live), str(live["metadata"].get("uid") or ""), shards)

    def _piece(self, name: str) -> str:
        live = self._writer.live(replace(self._place, name=name))
        if live is None:
            raise Unreadable(f"a piece of drain {self._drain} is gone: configmap/{name}")
        return str((live.get("data") or {}).get(STATE, ""))

    def _drop(self, shards: Iterable[str]) -> None:
        """Pieces that nobody names any more; who may not delete leaves them: they do no harm."""
        for name in shards:
            target = replace(self._place, name=name)
            live = _quietly(lambda target=target: self._writer.metadata(target))  # type: ignore[misc]
            if live:
                uid = live["metadata"]["uid"]
                _quietly(lambda target=target, uid=uid: self._writer.delete(target, uid=uid))  # type: ignore[misc]

    # --- what became of a save ----------------------------------------------------------------------------------------

    def _found(self, error: K8saiError, held: Held, state: State, data: dict[str, str]) -> Json:
        """After a save without an answer, or with a no."""
        try:
            live = self._writer.live(self._place)
        except K8saiError:
            raise error from None
        if live is None or live["metadata"].get("uid") != held.uid:
            raise Stale(f"{self._place.ref} was taken away meanwhile", "`k8sai evict status --all`") from error
        if live.get("data") == data:
            return live
        _insist_on_epoch(self._held(live).state, state)
        if _version(live) == held.version:
            raise error
        raise Stale(f"somebody else wrote {self._place.ref} meanwhile: nothing was written", "look, then repeat")


def _insist_on_epoch(kept: State, ours: State) -> None:
    """The fence: raises Locked where what is kept is of a later holder of the Lease."""
    if kept.epoch > ours.epoch:
        raise Locked(
            f"another operator has taken drain {kept.id} over (epoch {kept.epoch}, ours is {ours.epoch}): nothing was "
            "written",
            f"`k8sai evict status {kept.id}` shows who holds it",
        )


def _bounded(state: State) -> State:
    return replace(state, journal=state.journal[-KEPT:])


def _pieces(text: str) -> list[str]:
    """At most LONGEST bytes each, cut between characters."""
    size = LONGEST // 4  # a character has at most four bytes
    if text.isascii():
        size = LONGEST
    return [text[at : at + size] for at in range(0, len(text), size)]


def _shards(live: Json) -> tuple[str, ...]:
    named = (live.get("data") or {}).get(SHARDS)
    return tuple(json.loads(named)) if named else ()


def _version(live: Json) -> str:
    return str(live["metadata"].get("resourceVersion") or "")


def _quietly(read: Callable[[], T]) -> T | None:
    try:
        return read()
    except (Forbidden, K8saiError):
        return None
