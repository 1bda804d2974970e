"""The next write of any gang's switch. Pure: what is read comes from `reading`, which is to be new for each look."""

from collections.abc import Callable
from typing import Final

from k8sai.cluster.reading import Reading
from k8sai.evict.facts import SwitchKind
from k8sai.evict.state import GangState
from k8sai.evict.switches import evicting, parking
from k8sai.evict.switches.step import Never, Step

_Next = Callable[[GangState, Reading, str], Step]


def _none(state: GangState, _: Reading, __: str) -> Step:
    return Never(state.switch.why or f"{state.ref.title} cannot be stopped whole")


_STOP: Final[dict[SwitchKind, _Next]] = {
    "kueue": parking.next_stop,
    "suspend": parking.next_stop,
    "scale": parking.next_stop,
    "leader": evicting.next_leader,
    "evict": evicting.next_pod,
    "none": _none,
}


def next_stop(state: GangState, reading: Reading, drain: str) -> Step:
    """None: the stop stands, and its pods end. Of pods that are evicted one by one each is a write."""
    return _STOP[state.switch.kind](state, reading, drain)


def next_start(state: GangState, reading: Reading, drain: str) -> Step:
    """None: nothing of this drain keeps it from running. What was evicted is made anew by its controller."""
    if state.switch.kind in parking.STOPPED:
        return parking.next_start(state, reading, drain)
    return None
