"""Begins a rollout: think it through, keep what brings everything back, write once, and wait until the canary serves.

Nothing is written to the target before the snapshot is kept; a refusal before that leaves nothing behind.
"""

import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from k8sai.ages import stamp
from k8sai.canary.backend import Backend
from k8sai.canary.facts import ENDED, Json, Phase, Prepared, Wish
from k8sai.canary.running.hands import Hands
from k8sai.canary.running.loop import Loop
from k8sai.canary.running.wishes import kept, steps_from
from k8sai.canary.state import Settings, State
from k8sai.errors import K8saiError, Refused

if TYPE_CHECKING:
    from k8sai.canary.keeping.kept import Held
    from k8sai.cluster.reading import Reading

_LETTERS: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's, as in a ULID


@dataclass(frozen=True, slots=True)
class Thought:
    """A rollout that could begin."""

    wish: Wish
    prepared: Prepared
    steps: tuple[int, ...]
    settings: Settings


def think(
    backend: Backend, target: Json, wish: Wish, settings: Settings, asked: Sequence[int], read: "Reading"
) -> Thought:
    """Raises Refused where it would not be safe, Usage where it was not asked for clearly."""
    prepared = backend.prepare(target, wish, read)
    return Thought(wish, prepared, steps_from(prepared.start, asked, prepared.steps, backend.name), settings)


def start(hands: Hands, held: "Held | None", thought: Thought | None, end: float | None = None) -> "Held":
    """Until the canary serves. Without a thought the rollout that is held goes on. Raises Refused, Drift, and what the
    loop raises.
    """
    if thought is not None:
        insist_on_none(held.state if held else None)
        held = hands.journal.begin(_state(hands, thought), thought.prepared.before)
    if held is None:
        raise Refused("there is nothing to go on with")
    try:
        return Loop(hands, end=end).run(held)
    except K8saiError:
        _forget_nothing(hands)
        raise


def same(state: State, wish: Wish) -> bool:
    """It is on its way already, and before its first step."""
    return state.phase not in ENDED and state.step < 0 and state.wish == kept(wish)


def insist_on_none(state: State | None) -> None:
    """Raises Refused where one is on its way; what a promotion has left is given back first."""
    if state is None or state.phase in (Phase.ROLLED_BACK, Phase.FAILED) or state.ended:
        return
    title = f"{state.target.title} -n {state.target.namespace}"
    if state.phase is not Phase.PROMOTED:
        raise Refused(
            f"a canary of {state.target.title} is on its way: {state.phase}, {state.weight} %",
            f"`k8sai canary status {title}`, then go on with it or `k8sai canary rollback {title}`",
        )
    raise Refused(
        "the old version of the last rollout is still kept",
        f"`k8sai canary promote {title} --keep-old 0` gives it back, `k8sai canary rollback {title}` goes back to it",
    )


def _forget_nothing(hands: Hands) -> None:
    """Where nothing was written to the target, nothing is kept either."""
    held = hands.journal.peek()
    if held is not None and held.state.phase is Phase.PREFLIGHT and held.state.pending is None:
        hands.journal.forget(held)


def _state(hands: Hands, thought: Thought) -> State:
    prepared, now = thought.prepared, stamp(hands.now())
    return State(
        id=new_id(hands.now()),
        target=hands.ref,
        backend=hands.backend.name,
        phase=Phase.PREFLIGHT,
        handle=prepared.handle,
        steps=thought.steps,
        start=prepared.start,
        epoch=hands.lease.epoch,
        settings=thought.settings,
        wish=kept(thought.wish),
        since=now,
        begun=now,
    )


def new_id(now: float | None = None) -> str:
    """A ULID: 48 bits of milliseconds, 80 of chance; sorted by time. https://github.com/ulid/spec"""
    number = int((time.time() if now is None else now) * 1000) << 80 | secrets.randbits(80)
    return "".join(_LETTERS[number >> shift & 31] for shift in range(125, -1, -5))
