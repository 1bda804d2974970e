"""Entering a rollout: the Lease is taken, what is kept is read, and the new epoch is written before anything else.

With that write everybody of an older epoch is shut out; that the Lease was stolen or found expired is in the history.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

from k8sai import ages
from k8sai.canary.keeping.kept import Held, Kept
from k8sai.canary.keeping.lease import Lease
from k8sai.canary.state import Happened
from k8sai.holding.holder import Holder


@contextmanager
def holding(
    kept: Kept,
    lease: Lease,
    by: str,
    at: str,
    *,
    steal: bool = False,
    told: Callable[[str], None] | None = None,
) -> Iterator[Held | None]:
    """What is kept, as ours; None where there is nothing yet. `at` and `by` are for the history.

    Raises Locked with the holder, Unreadable, Stale, Forbidden, ClusterError. The Lease is given back at the end.
    """
    lease.take(steal, told)
    try:
        held = kept.read()
        yield entered(kept, held, lease, by, at) if held else None
    finally:
        lease.release()


def entered(kept: Kept, held: Held, lease: Lease, by: str, at: str) -> Held:
    """The epoch of the Lease that was just taken in the state, and from whom it was taken in the history."""
    state = replace(held.state, epoch=lease.epoch)
    if lease.before is not None:
        verb, reason = _how(lease.before)
        state = replace(state, history=(*state.history, Happened(at, by, verb, reason, state.weight, state.weight)))
    return kept.save(held, state) if state != held.state else held


def _how(before: Holder) -> tuple[str, str]:
    if before.expired:
        return "take over", f"{before.who} had not renewed its lease for {ages.human(before.age)}"
    return "steal", f"from {before.who}"
