"""Carries the goal in the journal out, a write at a time; whatever breaks off is found again by looking.

A guard that does not hold is followed by a look and by no second write: what stands is our goal, or somebody else's.
A rollback alone thinks again and writes again, a few times: a person has asked for it, and it only ever takes back.
"""

import json
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from k8sai.ages import epoch
from k8sai.canary.backend import Begin, Goal, Promote, Restore, Retire, Rollback, Shift, Wait, Write
from k8sai.canary.facts import Json, Seen
from k8sai.canary.running.decide import Look
from k8sai.canary.running.hands import Hands
from k8sai.canary.running.sending import place, send
from k8sai.canary.running.strayed import NEAR, astray, broken, written_by
from k8sai.canary.running.wishes import wish_of
from k8sai.canary.state import Intent, State
from k8sai.cluster.api_errors import ApiConflict, ApiForbidden, Unavailable
from k8sai.cluster.patching import Stale
from k8sai.cluster.reading import Reading
from k8sai.errors import Drift, NotFound, Refused

if TYPE_CHECKING:
    from k8sai.canary.keeping.kept import Held

SILENCE: Final = 10.0  # seconds after which a controller that has a nudge is woken
TRIES: Final = 5  # of a write whose answers are lost, and of a rollback that others write into


@dataclass(frozen=True, slots=True)
class Stood:
    """The goal is reached."""


@dataclass(frozen=True, slots=True)
class Wrote:
    """One write was taken, or has turned out to stand."""

    write: Write


@dataclass(frozen=True, slots=True)
class Lost:
    """Nobody knows what became of a write: look again."""

    why: Unavailable | ApiConflict | Stale


class Overwritten(Drift):
    """A guard did not hold, and what stands is not our goal. `found` is what stands instead."""

    def __init__(self, message: str, hint: str, found: tuple[str, ...]) -> None:
        super().__init__(message, hint)
        self.found = found


class Collided(Drift):
    """A guard did not hold, and what stands is as it was read: only the same moment was another one's."""


Pushed = Stood | Wrote | Wait | Lost


def look(hands: Hands, held: "Held") -> Look:
    """As it is now. Raises NotFound where the target is gone, Drift where another one has its name."""
    read = Reading(hands.objects)
    target = hands.objects.get(hands.ref.kind, hands.ref.namespace, hands.ref.name)
    state = held.state
    if state.target.uid and target["metadata"].get("uid") != state.target.uid:
        raise Drift(
            f"{hands.ref.title} was deleted and made anew since the rollout began",
            f"`k8sai canary forget {hands.ref.title} -n {hands.ref.namespace}`, then begin again",
        )
    seen = hands.backend.see(target, state.handle, read)
    return Look(seen, hands.now(), astray(state, seen, hands.backend, held.snapshot or {}))


def goal_of(state: State, intent: Intent, seen: Seen) -> Goal:
    """What the backend is asked for. Nobody waits for the old side while the new one cannot serve at all."""
    match intent.word:
        case "begin":
            return Begin(wish_of(state.wish), intent.weight)
        case "shift":
            return Shift(intent.weight)
        case "promote":
            return Promote()
        case "retire":
            return Retire()
        case "restore":
            return Restore()
        case "rollback":
            return Rollback(intent.weight, intent.all_at_once or dead(seen))


def dead(seen: Seen) -> bool:
    """The canary has nobody who answers."""
    return seen.canary is None or seen.canary.ready == 0


def push(hands: Hands, held: "Held", seen: Seen) -> Pushed:
    """The next thing on the way to the goal in the journal, at most one write.

    Raises Overwritten; Drift where only a status was written meanwhile; Refused; what sending raises.
    """
    state = held.state
    if state.pending is None:
        raise ValueError("nothing is pending")
    before = snapshot_of(held)
    goal = goal_of(state, state.pending, seen)
    step = hands.backend.next(seen, goal, state.handle, before)
    if step is None:
        return _taken_over(seen, goal) or Stood()
    if isinstance(step, Wait):
        _wake(hands, state.pending, step)
        return step
    _insist_on_once(hands, state.pending, step, seen)
    hands.lease.insist()
    try:
        send(hands.writer, step)
    except (Stale, ApiConflict) as error:
        return _after_refusal(hands, held, state.pending, step, error)
    except Unavailable as error:
        return Lost(error)
    except ApiForbidden as error:
        if error.by_admission:
            raise Refused(f"{step.on.title}: {error.message}", error.hint) from error
        raise
    hands.taken.add(_mark(state.pending, step))
    return Wrote(step)


def _wake(hands: Hands, intent: Intent, wait: Wait) -> None:
    """A controller that has been silent for a while; a nudge that is refused or lost is tried again after as long."""
    if wait.nudge is None or hands.now() - hands.woken.get(intent.at, epoch(intent.at)) < SILENCE:
        return
    hands.lease.insist()
    hands.woken[intent.at] = hands.now()
    with suppress(Stale, ApiConflict, Unavailable):
        send(hands.writer, wait.nudge)


def _insist_on_once(hands: Hands, intent: Intent, write: Write, seen: Seen) -> None:
    """The very write that was taken, wanted again: somebody has set it back, and nobody wins a fight of writes.

    Raises Overwritten. A rollback alone is written again, as often as `TRIES`.
    """
    if intent.word in ("rollback", "restore") or _mark(intent, write) not in hands.taken:
        return
    by = written_by(hands.writer.live(place(hands.writer, write)) or seen.target, write)
    found = f"{write.on.title} was set back while {intent.word} was on its way{by}"
    raise Overwritten(f"{found}: it is not written again", way_back(hands), (found,))


def _mark(intent: Intent, write: Write) -> str:
    """A write with its guards, for this goal."""
    return json.dumps([intent.at, intent.word, write.on.kind, write.on.name, write.subresource, write.body])


def snapshot_of(held: "Held") -> Json:
    """What brings everything back. Raises Refused where somebody has deleted it."""
    if held.snapshot is None:
        title = f"{held.state.target.title} -n {held.state.target.namespace}"
        raise Refused(
            f"the snapshot of {held.state.target.title} is gone: nobody knows what to go back to",
            f"set it by hand, then `k8sai canary forget {title}`",
        )
    return held.snapshot


def _taken_over(seen: Seen, goal: Goal) -> Wait | None:
    """A weight counts when the controllers report it as it is configured."""
    if not isinstance(goal, Shift | Rollback):
        return None
    if not seen.applied:
        return Wait(seen.waiting or "the controllers have not taken it over")
    if seen.canary and seen.route is not None and not seen.by_pods and abs(seen.route - seen.configured) > NEAR:
        return Wait(f"{seen.configured:g} % is configured, {seen.route:g} % is routed")
    return None


def _after_refusal(hands: Hands, held: "Held", intent: Intent, write: Write, error: Stale | ApiConflict) -> Pushed:
    """Look again. Raises Overwritten, or Drift where nobody can be blamed."""
    seen = look(hands, held).seen
    goal = goal_of(held.state, intent, seen)
    if not isinstance(hands.backend.next(seen, goal, held.state.handle, snapshot_of(held)), Write):
        return Wrote(write)
    if isinstance(goal, Rollback | Restore):
        return Lost(error)
    found = broken(write, _live(hands, write))
    if found:
        raise Overwritten(f"{found[0]}: nothing was written", way_back(hands), found)
    raise Collided(
        f"{write.on.title} was written by somebody at the same moment: nothing was written",
        "what is there now is as it should be: the same command again goes on",
    ) from error


def _live(hands: Hands, write: Write) -> Json | None:
    try:
        return hands.writer.live(place(hands.writer, write))
    except NotFound:
        return None


def way_back(hands: Hands) -> str:
    """The next command where somebody else has written."""
    title = f"{hands.ref.title} -n {hands.ref.namespace}"
    return f"`k8sai canary status {title}` shows it, `k8sai canary rollback {title}` takes everything back"
