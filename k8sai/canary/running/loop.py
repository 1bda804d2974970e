"""The loop of every verb: look, decide, do one thing; until there is nothing to do for whoever asked.

What is remembered is read again at every turn, so that a person may pause and another operator may take over at any
time. It keeps nothing in memory that a crash would lose.
"""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from k8sai.canary.backend import Wait
from k8sai.canary.facts import ENDED, Phase
from k8sai.canary.running import carry, journal, measure
from k8sai.canary.running.actions import (
    Action,
    Astray,
    Done,
    GoOn,
    Hold,
    Intend,
    Measure,
    Pass,
    Pause,
    Ready,
    Resume,
)
from k8sai.canary.running.decide import Look, decide
from k8sai.canary.running.hands import Hands
from k8sai.canary.state import State
from k8sai.cluster.api_errors import Unavailable
from k8sai.cluster.patching import Stale
from k8sai.cluster.writing import Invalid
from k8sai.errors import Drift, Forbidden, Locked, NotFound, Refused, TimedOut

if TYPE_CHECKING:
    from k8sai.canary.keeping.kept import Held

SILENCES: Final = 30  # looks that nobody answers, until it is given up
LOOKS: Final = 2.0  # seconds until controllers are looked at again, told or not
_REFUSALS: Final = (Invalid, Refused, Forbidden, NotFound)


@dataclass(slots=True)
class Loop:
    """`drive`: take steps, else only end what is begun. `end`: when to give up (epoch seconds); None: never."""

    hands: Hands
    drive: bool = False
    end: float | None = None
    _failures: int = 0  # writes in a row of which nobody knows what became
    _undo: "State | None" = None  # before the goal in the journal, while nothing of it was written
    _silent: int = 0  # looks in a row that nobody answered
    _begun: float = 0.0  # when we began to wait

    def run(self, held: "Held") -> "Held":
        """As it is in the end. Raises Locked, Drift, Refused, TimedOut, and what the cluster answers."""
        self._begun = self.hands.now()
        done = False
        while not done:
            held, done = self._turn(held)
        return held

    def _turn(self, held: "Held") -> "tuple[Held, bool]":
        hands = self.hands
        hands.lease.insist()
        try:
            held = fresh(hands, held)
            seen = carry.look(hands, held)
            self._silent = 0
            action = decide(held.state, seen, drive=self.drive)
            if isinstance(action, Hold) and held.state.phase is Phase.PROMOTED and self._late:
                return held, True
            return self._act(held, seen, action), isinstance(action, Done | Pause)
        except Paused:  # somebody wrote the state meanwhile: look again
            return held, False
        except Unavailable as error:
            self._unheard(held, error)
            return held, False
        except (carry.Overwritten, carry.Collided):
            raise
        except Drift as error:
            if on_its_way_up(held.state):
                self._drifted(held, (error.message,))
            elif held.state.pending and held.state.pending.word == "begin":
                self._taken_back(held)
            raise Drift(error.message, error.hint or carry.way_back(hands)) from error

    def _unheard(self, held: "Held", error: Unavailable) -> None:
        """A server that restarts is waited for: what was written or not, the next look tells. Raises the error where
        that lasts, or a write of ours is never answered.
        """
        self._silent += 1
        if self._silent >= SILENCES or self._failures >= carry.TRIES:
            raise error
        self._wait(held.state, error.message, LOOKS)

    @property
    def _late(self) -> bool:
        return self.end is not None and self.hands.now() >= self.end

    # --- one thing ----------------------------------------------------------------------------------------------------

    def _act(self, held: "Held", look: Look, action: Action) -> "Held":
        state, now, by = held.state, look.now, self.hands.by
        match action:
            case Intend():
                return self.intend(held, action)
            case GoOn():
                return self._push(held, look)
            case Ready():
                return self._save(held, journal.ready(state, now, by), "ready", "the canary serves")
            case Pass(reason, verb):
                return self._save(held, journal.passed(state, now, by, verb, reason), verb, reason)
            case Resume():
                return self._save(held, journal.resumed(state, now, by), "resume", f"goes on at {state.weight} %")
            case Measure(start, end):
                return self._measured(held, look, start, end)
            case Pause(cause, reason):
                return self._save(held, journal.paused(state, now, by, cause, reason), "pause", reason)
            case Astray(drift):
                return self._drifted(held, drift)
            case Hold(why, until):
                self._wait(held.state, why, until - now)
                return held
            case Done():
                return held

    def intend(self, held: "Held", goal: Intend) -> "Held":
        """Write the goal into the journal."""
        self._failures, self._undo, self._begun = 0, held.state, self.hands.now()
        state = journal.intended(held.state, goal, self.hands.now(), self.hands.by)
        return self._save(held, state, goal.word, _intended(goal))

    def _measured(self, held: "Held", look: Look, start: float, end: float) -> "Held":
        state = measure.counted(self.hands, held.state, look.seen, start, end)
        saved = self._save(held, state)
        if state.reason and state.reason != held.state.reason:
            self.hands.tell("hold", state.reason, state)
        return saved

    def _drifted(self, held: "Held", drift: tuple[str, ...]) -> "Held":
        return self._save(
            held, journal.drifted(held.state, self.hands.now(), self.hands.by, drift), "drift", "; ".join(drift)
        )

    def _save(self, held: "Held", state: State, word: str = "", text: str = "") -> "Held":
        """Raises Paused where somebody else has written the state."""
        try:
            saved = self.hands.journal.save(held, state)
        except Stale as error:
            raise Paused(error.message) from error
        if word:
            self.hands.tell(word, text, state)
        return saved

    # --- the goal in the journal --------------------------------------------------------------------------------------

    def _push(self, held: "Held", look: Look) -> "Held":
        try:
            pushed = carry.push(self.hands, held, look.seen)
        except carry.Overwritten as error:
            if on_its_way_up(held.state):
                self._drifted(held, error.found)
            else:
                self._taken_back(held)
            raise
        except _REFUSALS:
            self._taken_back(held)
            raise
        match pushed:
            case carry.Stood():
                self._undo = None
                state = journal.committed(held.state, self.hands.now(), self.hands.by)
                return self._save(held, state, "stands", _reached(held.state, state))
            case carry.Wrote(write):
                self._failures, self._undo = 0, None
                self.hands.tell("write", write.why, held.state)
            case carry.Lost(why):
                self._failures, self._undo = self._failures + 1, None
                if self._failures >= carry.TRIES:
                    raise why
                self.hands.pause(LOOKS)
            case Wait():
                return self._waiting(held, pushed)
        return held

    def _taken_back(self, held: "Held") -> None:
        """A goal that was refused before anything of it was written leaves no trace."""
        undo, self._undo = self._undo, None
        if undo is not None:
            self._save(held, journal.withdrawn(held.state, undo))

    def _waiting(self, held: "Held", what: Wait) -> "Held":
        """As long as pods may take. Raises TimedOut where it is only controllers that do not follow."""
        state, goal = held.state, held.state.pending
        late = self.hands.now() - self._begun > state.settings.ready_timeout
        if late and goal and goal.word in ("begin", "shift") and what.pods:
            return self.intend(held, Intend("rollback", 0, "capacity", f"not ready in time: {what.why}"))
        if late and goal and goal.word == "promote" and what.pods:
            raise TimedOut(
                f"full size was not reached within {state.settings.ready_timeout:g} s: {what.why}; the canary keeps "
                f"its {state.weight} %",
                "the same command again waits on",
            )
        if late and goal and goal.word != "rollback":
            raise TimedOut(
                f"not taken over within {state.settings.ready_timeout:g} s: {what.why}", "the same command waits on"
            )
        self._wait(state, what.why, LOOKS)
        return held

    def _wait(self, state: State, why: str, seconds: float) -> None:
        now = self.hands.now()
        if self._late:
            raise TimedOut(
                f"the time is up; {_stands(state)}, waiting: {why}", "the same command again goes on from there"
            )
        self.hands.tell("wait", why, state)
        self.hands.pause(max(0.0, seconds if self.end is None else min(seconds, self.end - now)))


class Paused(Drift):
    """Somebody else has written the state: it is read and decided on again."""


def fresh(hands: Hands, held: "Held") -> "Held":
    """The state as it is now. Raises Locked where it is of a later holder, Drift where it is gone."""
    now = hands.journal.peek()
    if now is None or now.state.id != held.state.id:
        raise Drift(f"the rollout of {hands.ref.title} was forgotten meanwhile: nothing more is written")
    if now.state.epoch > hands.lease.epoch:
        raise Locked(
            f"another operator has taken {hands.ref.title} over: nothing more is written",
            f"`k8sai canary status {hands.ref.title} -n {hands.ref.namespace}`",
        )
    return replace(now, snapshot=held.snapshot)


def on_its_way_up(state: State) -> bool:
    """Somebody else's write ends it; what goes back is gone on with, and what has ended is nobody's any more."""
    begins = state.pending is not None and state.pending.word == "begin"
    return not begins and state.phase not in (*ENDED, Phase.DRIFTED, Phase.ROLLING_BACK)


def _intended(goal: Intend) -> str:
    where = f" to {goal.weight} %" if goal.word in ("shift", "rollback") else ""
    words = {"rollback": "roll back"}.get(goal.word, goal.word)
    return f"{words}{where}: {goal.reason}" if goal.reason else f"{words}{where}"


def _reached(before: State, state: State) -> str:
    match before.pending.word if before.pending else "":
        case "begin":
            return f"the canary is made, at {state.weight} %"
        case "promote":
            return "the canary is the stable side"
        case "retire":
            return "what the old version held is given back"
        case "restore":
            return "the old version's text is back"
        case _:
            return f"{_stands(state)} of the requests"


def _stands(state: State) -> str:
    return f"the canary has {state.weight} %"
