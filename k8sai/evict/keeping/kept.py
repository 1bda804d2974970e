"""A drain's state in the cluster, each write bound to what was read before it.

A save names the resourceVersion it follows. Who finds that somebody else has written stops: with a newer epoch of the
Lease another operator has taken the drain over (Locked), with the same one a person has asked for its end (Stale): read
again, then decide again. An answer that was lost is found by reading. What does not fit into one ConfigMap is written
first, into others that never change, and then named by it.
"""

import json
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, TypeVar

from k8sai.cluster.api_errors import ApiConflict, Unavailable
from k8sai.cluster.patching import create
from k8sai.evict.facts import Json
from k8sai.evict.keeping import names
from k8sai.evict.state import KEPT, VERSION, State
from k8sai.holding import form
from k8sai.holding.form import Unreadable
from k8sai.holding.saving import insist_on_epoch, quietly, saved, version_of

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
            there = quietly(self.read)
            if there is None:
                raise
            _insist_on_epoch(there.state, state)
            return there

    def save(self, held: Held, state: State) -> Held:
        """The state over the one that was read. Raises Locked, Stale, Forbidden, ClusterError."""
        _insist_on_epoch(held.state, state)
        state = _bounded(state)
        data = self._data(state)
        live = saved(
            self._writer,
            self._place,
            {**dict.fromkeys((STATE, SHARDS)), **data},
            uid=held.uid,
            version=held.version,
            fence=lambda live: _insist_on_epoch(self._held(live).state, state),
            hint="`k8sai evict status --all`",
        )
        shards = _shards(live)
        self._drop(set(held.shards) - set(shards))
        return Held(state, version_of(live), held.uid, shards)

    def forget(self, held: Held) -> None:
        """Take the state and its pieces away. Raises ApiConflict where somebody has written it since, or another one
        has its name, Forbidden.
        """
        self._writer.delete(self._place, uid=held.uid, version=held.version)
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
        return Held(state, version_of(live), str(live["metadata"].get("uid") or ""), shards)

    def _piece(self, name: str) -> str:
        live = self._writer.live(replace(self._place, name=name))
        if live is None:
            raise Unreadable(f"a piece of drain {self._drain} is gone: configmap/{name}")
        return str((live.get("data") or {}).get(STATE, ""))

    def _drop(self, shards: Iterable[str]) -> None:
        """Pieces that nobody names any more; who may not delete leaves them: they do no harm."""
        for name in shards:
            target = replace(self._place, name=name)
            live = quietly(lambda target=target: self._writer.metadata(target))  # type: ignore[misc]
            if live:
                uid = live["metadata"]["uid"]
                quietly(lambda target=target, uid=uid: self._writer.delete(target, uid=uid))  # type: ignore[misc]


def _insist_on_epoch(kept: State, ours: State) -> None:
    insist_on_epoch(kept.epoch, ours.epoch, f"drain {kept.id}", f"`k8sai evict status {kept.id}` shows who holds it")


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
