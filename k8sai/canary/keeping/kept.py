"""A rollout's state and snapshot in the cluster, each write bound to what was read before it.

A save names the resourceVersion it follows. Who finds that somebody else has written stops: with a newer epoch of the
Lease another operator holds the rollout (Locked), with the same one a person has paused it (Stale): read again, then
decide again. An answer that was lost is found by reading.
"""

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Final, TypeVar

from k8sai.canary.facts import ENDED, Json, Ref
from k8sai.canary.keeping import form, names
from k8sai.canary.state import KEPT, State
from k8sai.cluster.api_errors import ApiConflict, Unavailable
from k8sai.cluster.patching import Stale, create
from k8sai.errors import Forbidden, Locked, Refused
from k8sai.holding.saving import insist_on_epoch, quietly, saved, version_of

if TYPE_CHECKING:
    from k8sai.cluster.writing import Target, Writer

T = TypeVar("T")

STATE: Final = "state.json"
SNAPSHOT: Final = "snapshot.json"


@dataclass(frozen=True, slots=True)
class Held:
    """A state as it was read, or as it is after a save. `snapshot` is what brings everything back; None: it is gone."""

    state: State
    version: str
    uid: str
    snapshot: Json | None = None


class Kept:
    """What is kept of one target's rollout."""

    def __init__(self, writer: "Writer", ref: Ref) -> None:
        self._writer = writer
        self._ref = ref
        self._place = names.state_at(ref)

    def read(self) -> Held | None:
        """None: there is no rollout, and none has been. Raises Unreadable, Forbidden, ClusterError."""
        held = self.peek()
        return replace(held, snapshot=self._snapshot(held.state.id)) if held else None

    def peek(self) -> Held | None:
        """The same without the snapshot."""
        live = self._writer.live(self._place)
        return self._held(live) if live else None

    def begin(self, state: State, before: Json) -> Held:
        """The snapshot first, then the state; the history of earlier rollouts goes on. Doing it twice does no harm.

        Raises Refused where a rollout is active, Locked where its epoch is newer, Forbidden, ClusterError.
        """
        old = self.peek()
        if old and old.state.id == state.id:
            return replace(old, snapshot=self._snapshot(state.id))
        if old:
            self._refuse_active(old.state)
            _insist_on_epoch(old.state, state)
            state = _bounded(replace(state, history=(*old.state.history, *state.history)))
        outlived = self._snapshots()  # listed before the state is written: nobody else's that begins after us
        self._keep_snapshot(state.id, before)
        try:
            held = self.save(old, state) if old else self._make(state)
        except (Refused, Stale, Locked):
            quietly(lambda: self._drop(names.snapshot_at(self._ref, state.id)))
            raise
        for target in outlived:
            quietly(partial(self._drop, target))  # who may not delete leaves them: they do no harm
        return replace(held, snapshot=before)

    def save(self, held: Held, state: State, *, dry_run: bool = False) -> Held:
        """The state over the one that was read. Raises Locked, Stale, Refused for a Secret's data, Forbidden,
        ClusterError.
        """
        _insist_on_epoch(held.state, state)
        live = saved(
            self._writer,
            self._place,
            {STATE: form.text(state)},
            uid=held.uid,
            version=held.version,
            fence=lambda live: _insist_on_epoch(self._held(live).state, state),
            hint="`k8sai canary list`",
            dry_run=dry_run,
        )
        return replace(held, state=_bounded(state), version=version_of(live))

    def objects(self) -> "list[tuple[Target, Json]]":
        """All that is kept, with its metadata: snapshots, the state, the Lease."""
        targets = (*self._snapshots(), self._place, names.lease_at(self._ref))
        found = ((one, self._writer.metadata(one)) for one in targets)
        return [(one, live) for one, live in found if live is not None]

    def forget(self, held: Held | None = None, *, dry_run: bool = False) -> None:
        """Take away all that is kept, the state before the Lease: killed half way, it can be asked for again. Who still
        runs it stops at the next save. For who holds the Lease.

        Raises Stale where another state has taken the place of `held`, Forbidden, ClusterError.
        """
        found = self.objects()
        if held and any(one == self._place and live["metadata"]["uid"] != held.uid for one, live in found):
            raise Stale(f"{self._place.ref} is another one by now: nothing was taken away", "`k8sai canary list`")
        for target, live in found:
            self._writer.delete(target, uid=live["metadata"]["uid"], dry_run=dry_run)

    # --- the state ----------------------------------------------------------------------------------------------------

    def _held(self, live: Json) -> Held:
        try:
            state = form.state((live.get("data") or {}).get(STATE, ""))
        except form.Unreadable as error:
            raise form.Unreadable(
                f"what is kept of {self._ref.title} in {self._place.ref} is not understood: {error.message}",
                f"`k8sai canary forget {self._ref.title} -n {self._ref.namespace} --force` takes it away",
            ) from error
        return Held(state, version_of(live), str(live["metadata"].get("uid") or ""))

    def _make(self, state: State) -> Held:
        body: Json = {"apiVersion": "v1", "kind": "ConfigMap", "data": {STATE: form.text(state)}}
        body["metadata"] = names.metadata(self._place, self._ref, "state")
        try:
            return self._held(create(self._writer, self._place, body).object)
        except (ApiConflict, Unavailable) as error:
            there = quietly(self.peek)
            if there is None:
                raise
            if there.state.id != state.id:
                _insist_on_epoch(there.state, state)
                self._refuse_active(there.state)
                raise Stale(f"another rollout of {self._ref.title} was begun meanwhile", "look, then repeat") from error
            return there

    def _refuse_active(self, state: State) -> None:
        if state.phase not in ENDED:
            where = f"{self._ref.title} -n {self._ref.namespace}"
            raise Refused(
                f"a canary of {self._ref.title} is on its way: {state.phase}, {state.weight} %",
                f"`k8sai canary status {where}`, then go on with it or `k8sai canary rollback {where}`",
            )

    # --- snapshots ----------------------------------------------------------------------------------------------------

    def _snapshot(self, rollout: str) -> Json | None:
        live = self._writer.live(names.snapshot_at(self._ref, rollout))
        if live is None:
            return None
        kept, before = form.snapshot((live.get("data") or {}).get(SNAPSHOT, ""))
        return before if kept == rollout else None

    def _keep_snapshot(self, rollout: str, before: Json) -> None:
        target = names.snapshot_at(self._ref, rollout)
        body: Json = {"apiVersion": "v1", "kind": "ConfigMap", "immutable": True}
        body["metadata"] = names.metadata(target, self._ref, "snapshot")
        body["data"] = {SNAPSHOT: form.snapshot_text(rollout, before)}
        try:
            create(self._writer, target, body)
        except (ApiConflict, Unavailable):
            if quietly(lambda: self._snapshot(rollout)) != before:
                raise

    def _snapshots(self) -> "list[Target]":
        """Of this rollout and of those before it; none where they may not be listed."""
        labels = f"{names.OF}={self._place.name},{names.PART}=snapshot"
        try:
            found = self._writer.members(names.CONFIG_MAPS, self._ref.namespace, labels)
        except Forbidden:
            return []
        return [replace(self._place, name=one["metadata"]["name"]) for one in found]

    def _drop(self, target: "Target") -> None:
        live = self._writer.metadata(target)
        if live:
            self._writer.delete(target, uid=live["metadata"]["uid"])


def _insist_on_epoch(kept: State, ours: State) -> None:
    title = kept.target.title
    hint = f"`k8sai canary status {title} -n {kept.target.namespace}` shows who holds it"
    insist_on_epoch(kept.epoch, ours.epoch, title, hint)


def _bounded(state: State) -> State:
    return replace(state, history=state.history[-KEPT:])
