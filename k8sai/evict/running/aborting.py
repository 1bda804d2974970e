"""Asking for the end of a drain: everything that can be taken back is, by whoever runs it, or by who asks."""

from typing import TYPE_CHECKING

from k8sai.cluster.patching import Stale
from k8sai.evict.keeping.kept import Held, Kept
from k8sai.evict.running import journal
from k8sai.evict.state import OVER, Stage

if TYPE_CHECKING:
    from k8sai.evict.running.hands import Hands

_TRIES = 10  # of a save that others are quicker than


def asked_to_end(hands: "Hands", held: Held) -> Held:
    """The same drain, on its way back. One that is over is gone through again: what still bears its marks loses them.
    Raises Locked, Stale, Forbidden, ClusterError.
    """
    if held.state.stage is Stage.ABORTING:
        return held
    state = journal.staged(held.state, Stage.ABORTING, "", hands.now(), hands.by)
    return hands.journal.save(held, state)


def left_a_word(kept: Kept, at: float, by: str) -> Held | None:
    """For a drain that somebody else runs: it is taken back by them, at their next turn. None: there is none.

    Raises Stale where they are quicker each time, Forbidden, ClusterError.
    """
    error: Stale | None = None
    for _ in range(_TRIES):
        held = kept.read()
        if held is None or held.state.stage in OVER or held.state.stage is Stage.ABORTING:
            return held
        try:
            return kept.save(held, journal.staged(held.state, Stage.ABORTING, "", at, by))
        except Stale as stale:
            error = stale
    raise error or Stale("the state changes all the time")
