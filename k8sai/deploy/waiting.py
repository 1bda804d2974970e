"""Waits until everything that was written is ready, or something has failed, or the time is up."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from threading import Condition
from typing import TYPE_CHECKING

from k8sai.cluster.following import Follower
from k8sai.cluster.objects import LiveObjects
from k8sai.cluster.writing import Target
from k8sai.deploy.applying import Outcome
from k8sai.deploy.paths import Json
from k8sai.deploy.readiness import COMPLETE, READY, State, readiness
from k8sai.errors import Forbidden, NotFound

if TYPE_CHECKING:
    from k8sai.cluster.connection import Connection

_WAKE = 0.5  # seconds after which Ctrl-C is noticed, where a platform's waits cannot be interrupted


@dataclass(slots=True)
class Wait:
    """How far everything is. `told` hears of each object whose words have changed."""

    connection: "Connection"
    judge: Callable[[Target, Json | None], State] = lambda _, obj: state_of(obj)
    told: Callable[[Target, State], None] = lambda _target, _state: None
    now: Callable[[], float] = time.monotonic
    states: dict[Target, State] = field(default_factory=dict)
    _changed: Condition = field(default_factory=Condition)

    def until_ready(self, outcomes: Iterable[Outcome], seconds: float | None) -> bool:
        """False where something has failed or the time is up; `states` tell which. Raises KeyboardInterrupt."""
        written = {one.change.target: one.object for one in outcomes if one.stands and one.object is not None}
        return self.until({target: self.judge(target, obj) for target, obj in written.items()}, seconds)

    def until(self, states: dict[Target, State], seconds: float | None) -> bool:
        """The same from these states on."""
        self.states = dict(states)
        followers = [self._follower(target) for target, state in self.states.items() if state.level != "ready"]
        for follower in followers:
            follower.start()
        end = None if seconds is None else self.now() + seconds
        said: dict[Target, State] = {}
        try:
            while True:
                with self._changed:
                    states = dict(self.states)
                for target, state in states.items():
                    if said.get(target) != state and (state.level != "ready" or target in said):
                        said[target] = state
                        self.told(target, state)
                if all(state.level == "ready" for state in states.values()):
                    return True
                if any(state.level == "failed" for state in states.values()):
                    return False
                if end is not None and self.now() >= end:
                    return False
                self._pause(states, end)
        finally:
            for follower in followers:
                follower.stop()

    @property
    def late(self) -> dict[Target, State]:
        """What is not ready."""
        return {target: state for target, state in self.states.items() if state.level != "ready"}

    def _pause(self, seen: dict[Target, State], end: float | None) -> None:
        with self._changed:
            left = _WAKE if end is None else max(0.0, min(_WAKE, end - self.now()))
            self._changed.wait_for(lambda: self.states != seen, left)

    def _follower(self, target: Target) -> Follower:
        def tell(obj: Json | None) -> None:
            with self._changed:
                if obj is None and self.states[target] == COMPLETE:  # a Job may go soon after its end
                    return
                self.states[target] = self.judge(target, obj)
                self._changed.notify_all()

        return Follower(self.connection, target, tell)


def judged(connection: "Connection", targets: Iterable[Target]) -> Callable[[Target, Json | None], State]:
    """Ready or not; a claim whose volume is made for its first pod is ready as it is."""
    late: frozenset[str] = frozenset()
    if any(target.resource.kind == "PersistentVolumeClaim" for target in targets):
        late = _made_late(connection)

    def judge(_target: Target, obj: Json | None) -> State:
        state = state_of(obj)
        if obj is None or obj.get("kind") != "PersistentVolumeClaim" or state.level != "progress":
            return state
        return READY if (obj.get("spec") or {}).get("storageClassName") in late else state

    return judge


def _made_late(connection: "Connection") -> frozenset[str]:
    """The classes whose volumes wait for a pod; none where they may not be read."""
    try:
        classes = LiveObjects(connection).list("storageclasses.storage.k8s.io")
    except (Forbidden, NotFound):
        return frozenset()
    return frozenset(
        one["metadata"]["name"] for one in classes if one.get("volumeBindingMode") == "WaitForFirstConsumer"
    )


def state_of(obj: Json | None) -> State:
    """Ready or not; what is gone will never be."""
    return readiness(obj) if obj is not None else State("failed", "it is gone")
