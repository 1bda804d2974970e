"""Switches that stand on one object: Kueue's `spec.active`, an owner's suspend, and replicas.

The mark `k8sai.dev/parked-by` comes with the very patch that stops and goes with the one that starts. So it is the mark
that says whether it was we who stopped, whoever asks and after whatever broke off.
"""

from dataclasses import dataclass
from typing import Any

from k8sai.cluster.reading import Reading
from k8sai.evict.facts import Json, Ref
from k8sai.evict.gangs.form import number, within
from k8sai.evict.gangs.pods import ended, notes, uid
from k8sai.evict.keeping.names import MARK, PARKED
from k8sai.evict.state import GangState
from k8sai.evict.switches.patches import guarded
from k8sai.evict.switches.ranks import whole_again
from k8sai.evict.switches.step import REPLICAS, Never, Step, Wait, Write

STOPPED = {"kueue": False, "suspend": True, "scale": 0}  # what stands there while it is stopped


@dataclass(frozen=True, slots=True)
class Lever:
    """The object of such a switch as it is now."""

    on: Ref
    live: Json
    kind: str
    path: tuple[str, ...]

    @property
    def stands(self) -> Any:
        """What is written there."""
        return within(self.live, *self.path)

    @property
    def stopped(self) -> bool:
        return bool(self.stands == STOPPED[self.kind] and self.stands is not None)

    @property
    def mark(self) -> str:
        """The drain that has stopped it, "" for none."""
        return notes(self.live).get(PARKED, "")


def next_stop(state: GangState, reading: Reading, drain: str) -> Step:
    """None: it is stopped, and by this drain. It is never stopped a second time."""
    lever = _lever(state, reading)
    if lever is None:
        return Never(f"{_title(state)} is gone, or another one has its name")
    if lever.mark == drain:
        return None if lever.stopped else Never(f"{_title(state)} was started again by somebody else")
    if lever.stopped:
        return Wait(f"{_title(state)} to be started by whoever stopped it{f', drain {lever.mark}' * bool(lever.mark)}")
    if state.stops:
        return Never(f"{_title(state)} was stopped once and runs again")
    return _stop(lever, drain)


def next_start(state: GangState, reading: Reading, drain: str) -> Step:
    """None: nothing of this drain keeps it from running. Before that its pods are gone, and its ranks are all there."""
    lever = _lever(state, reading)
    if lever is None or lever.mark != drain:
        return None
    if lever.stopped:
        if left := _left(state, reading):
            return Wait(f"its pods to end: {left} of {len(state.pods)} are left")
        if (cure := whole_again(state, reading)) is not None:
            return cure
    return _start(lever)


def _lever(state: GangState, reading: Reading) -> Lever | None:
    on = state.switch.on
    live = reading.get(on.kind, on.namespace, on.name) if on else None
    if on is None or live is None or (on.uid and uid(live) != on.uid):
        return None
    return Lever(on, live, state.switch.kind, state.switch.path)


def _stop(lever: Lever, drain: str) -> Write:
    marks: dict[str, str | None] = {PARKED: drain, MARK: drain}
    if lever.kind == "scale":
        marks[REPLICAS] = str(number(lever.stands, 1))
    patch = guarded(lever.live, lever.path, STOPPED[lever.kind], marks)
    undo = {"path": list(lever.path), "value": lever.stands}
    return Write(lever.on, patch=patch, undo=undo, title=f"{lever.on.title} {lever.path[-1]}={_said(lever)}")


def _start(lever: Lever) -> Write:
    """What somebody else has started loses the marks only."""
    known = notes(lever.live)
    marks: dict[str, str | None] = dict.fromkeys(one for one in (PARKED, MARK, REPLICAS) if one in known)
    value = _running(lever) if lever.stopped else lever.stands
    patch = guarded(lever.live, lever.path, value, marks)
    return Write(lever.on, patch=patch, title=f"{lever.on.title} may run again")


def _running(lever: Lever) -> bool | int:
    if lever.kind == "scale":
        said = notes(lever.live).get(REPLICAS, "")
        return int(said) if said.isdecimal() else 1
    return not STOPPED[lever.kind]


def _said(lever: Lever) -> str:
    return str(STOPPED[lever.kind]).lower()


def _left(state: GangState, reading: Reading) -> int:
    """Pods it had when it was stopped, that have not ended yet."""
    known = {one.uid for one in state.pods}
    spaces = {one.namespace for one in state.pods}
    listed = (pod for space in sorted(spaces) for pod in reading.list("pods", space))
    return sum(uid(pod) in known and not ended(pod) for pod in listed)


def _title(state: GangState) -> str:
    return state.switch.on.title if state.switch.on else state.ref.title
