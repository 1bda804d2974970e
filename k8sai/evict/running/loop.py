"""The loop of a drain: look, decide, remember, then do; until there is nothing left to do.

What is remembered is read again at every turn, so that another operator may take over and a person may ask for the end
at any time. All changes of a turn are one save; only what was pending before the turn is carried out in it, so that
every write stands in the journal before it is made.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from k8sai.ages import stamp
from k8sai.cluster.api_errors import ApiConflict, Unavailable
from k8sai.cluster.patching import Stale
from k8sai.errors import Drift, Exit, K8saiError, Locked
from k8sai.evict.facts import Json, Phase
from k8sai.evict.running import carry, events, journal
from k8sai.evict.running.actions import Action, Change, Hold, Push, Turn
from k8sai.evict.running.asking import Asking
from k8sai.evict.running.decide import decide
from k8sai.evict.running.decide_gang import fails
from k8sai.evict.running.look import Look, Memory, look
from k8sai.evict.state import OVER, GangState, NodeState, PodState, Stage, State
from k8sai.evict.switches.step import Write

if TYPE_CHECKING:
    from k8sai.evict.keeping.kept import Held
    from k8sai.evict.running.hands import Hands

SILENCES: Final = 30  # looks or writes in a row that nobody answers, until it is given up
LOOKS: Final = 2.0  # seconds until it is looked at again, told or not
TRIES: Final = 8  # of one write whose guards do not hold


class Interrupted(K8saiError):
    """Ctrl-C: the call in flight was finished, and what it did is in the journal; `state` is what stands there."""

    exit = Exit.INTERRUPT

    def __init__(self, message: str, state: State | None = None) -> None:
        super().__init__(message)
        self.state = state


@dataclass(slots=True)
class Loop:
    """`end`: when to give up (epoch seconds); None: never."""

    hands: "Hands"
    asking: Asking = field(init=False)
    memory: Memory = field(default_factory=Memory)
    _silent: int = 0
    _tries: dict[str, int] = field(default_factory=dict)  # by title, of writes whose guards did not hold

    def __post_init__(self) -> None:
        self.asking = Asking(self.hands)

    def run(self, held: "Held") -> "Held":
        """As it is in the end. Raises Interrupted, Locked, Drift, ClusterError where the Leases could not be renewed or
        nobody answers for long, and what the cluster refuses.
        """
        try:
            while held.state.stage not in OVER:
                held = self._turn(held)
        finally:
            self.asking.end()
        return held

    def _turn(self, held: "Held") -> "Held":
        if self.hands.stop.is_set():
            raise Interrupted("interrupted: what was begun is in the journal, and nobody goes on with it", held.state)
        self.hands.locks.insist()
        try:
            held = fresh(self.hands, held)
            if held.state.stage in OVER:
                return held
            found = look(self.hands, held.state, self.asking, self.memory)
            actions = decide(held.state, found.seen(), self.hands.by)
            held, busy = self._act(held, found, actions)
            self._silent = 0
        except Again:
            return held
        except (Unavailable, ApiConflict) as error:  # a quota's conflict is one, and nobody has written the state
            self._unheard(held.state.id, error)
            return held
        if not busy:
            self._wait(actions)
        return held

    def _unheard(self, drain: str, error: K8saiError) -> None:
        """A server that restarts is waited for: what was written or not, the next look tells."""
        self._silent += 1
        if self._silent >= SILENCES:
            error.hint = f"`k8sai evict resume {drain}` goes on, once the server is back"
            raise error
        self.hands.tell("wait", "", f"the server: {error.message}")
        self.hands.pause(LOOKS)

    def _wait(self, actions: Sequence[Action]) -> None:
        holds = [one for one in actions if isinstance(one, Hold)]
        for one in holds:
            self.hands.tell("wait", one.on, one.why)
        self.hands.pause(min((one.seconds for one in holds), default=LOOKS))

    # --- one turn -----------------------------------------------------------------------------------------------------

    def _act(self, held: "Held", found: Look, actions: Sequence[Action]) -> "tuple[Held, bool]":
        """Whether anything was done."""
        for turn in actions:
            if isinstance(turn, Turn):
                state = journal.staged(held.state, turn.stage, turn.reason, self.hands.now(), self.hands.by)
                return self._save(held, state), True
        changes = [one for one in actions if isinstance(one, Change)]
        if changes:
            held = self._save(held, journal.changed(held.state, changes, self.hands.now(), self.hands.by))
            self._tell(changes)
        pushes = [one.of for one in actions if isinstance(one, Push)]
        pushed = 0
        for of in pushes:
            held, wrote = self._push(held, found, of)
            pushed += wrote
        for gang in self._to_ask(held.state, actions):
            self.asking.go_on(gang, found.alive(gang))
        return held, bool(changes or pushed)

    def _to_ask(self, state: State, actions: Sequence[Action]) -> list[GangState]:
        if state.stage is not Stage.RUNNING:
            return []
        asked = (Phase.REQUESTED, Phase.ACKED)
        begun = [one for one in state.gangs if one.phase in asked and self._may_ask(one, actions)]
        return [one for one in begun if one.method == "periodic" or one.pending is not None]

    def _may_ask(self, gang: GangState, actions: Sequence[Action]) -> bool:
        """Its request was in the journal before this turn."""
        return not any(isinstance(one, Change) and one.to == gang for one in actions)

    def _save(self, held: "Held", state: State) -> "Held":
        """Raises Again where somebody else has written the state."""
        self.hands.locks.insist()
        try:
            return self.hands.journal.save(held, state)
        except Stale as error:
            raise Again(error.message) from error

    def _tell(self, changes: Sequence[Change]) -> None:
        for change in changes:
            for note in change.notes:
                self.hands.tell(note.word, journal.title(change.to), note.text)
                events.publish(self.hands, change.to, note)

    # --- one write ----------------------------------------------------------------------------------------------------

    def _push(self, held: "Held", found: Look, of: NodeState | GangState | PodState) -> "tuple[Held, bool]":
        if self.hands.stop.is_set():
            return held, True  # the next turn ends it
        title = journal.title(of)
        match self._sent(held.state, found, of):
            case carry.Wrote():
                self._tries.pop(title, None)
                self._forget_block(of)
                return self._wrote(held, of), True
            case carry.Blocked(verdict):
                for uid in _uids(of, found):
                    self.memory.blocked[uid] = verdict, self.hands.now()
                self.hands.tell("wait", title, verdict.why)
                return held, False
            case carry.Again(why):
                self._tries[title] = self._tries.get(title, 0) + 1
                if self._tries[title] >= TRIES:
                    return self._refused(held, of, why), True
                self.hands.pause(min(0.1 * 2 ** self._tries[title], LOOKS))
                return held, True
            case carry.Refusal(why):
                return self._refused(held, of, why), True
        raise AssertionError(title)

    def _sent(self, state: State, found: Look, of: NodeState | GangState | PodState) -> carry.Pushed:
        if isinstance(of, NodeState):
            return carry.node(self.hands, state, of)
        if isinstance(of, PodState):
            return carry.pod(self.hands, state, of)
        if of.pending is not None and of.pending.word == "withdraw":
            return self._withdraw(of, found.alive(of))
        seen = found.gang(of, {})
        step = seen.stop if of.phase is Phase.STOPPING else seen.start
        return carry.step(self.hands, step) if isinstance(step, Write) else carry.Wrote()

    def _withdraw(self, gang: GangState, pods: Sequence[Json]) -> carry.Pushed:
        """As far as it can be done: a pod that cannot be told is told nothing."""
        method = self.hands.methods.get(gang.method)  # type: ignore[call-overload]
        asked = self.asking.forget(gang)
        if method is None or gang.request is None:
            return carry.Wrote()
        try:
            method.withdraw(self.asking.site(gang, pods), gang.request, asked)
        except Unavailable:
            raise
        except K8saiError as error:
            self.hands.tell("note", gang.ref.title, f"its request could not be withdrawn: {error.message}")
        return carry.Wrote()

    def _wrote(self, held: "Held", of: NodeState | GangState | PodState) -> "Held":
        """What the next look could not tell: that a stop was taken, that a request is withdrawn."""
        now = stamp(self.hands.now())
        if isinstance(of, PodState):
            return self._save(held, journal.put(held.state, replace(of, evicted_at=of.evicted_at or now, blocked="")))
        if isinstance(of, NodeState) or of.pending is None:
            return held
        if of.pending.word == "withdraw":
            return self._save(held, journal.put(held.state, replace(of, pending=None, request=None)))
        if of.pending.word == "stop" and not of.stops:
            return self._save(held, journal.put(held.state, replace(of, stops=1, stopped_at=now)))
        return held

    def _refused(self, held: "Held", of: NodeState | GangState | PodState, why: K8saiError) -> "Held":
        """What the server does not take ends this one; of a node before anything is stopped, all of it."""
        if isinstance(of, NodeState):
            raise why
        change = fails(of, why.message, self.hands.now())
        held = self._save(held, journal.changed(held.state, [change], self.hands.now(), self.hands.by))
        self._tell([change])
        if isinstance(of, GangState) and of.phase is Phase.STOPPED:
            raise why  # parked: only a person can help
        return held

    def _forget_block(self, of: NodeState | GangState | PodState) -> None:
        uids = (
            [of.pod.uid]
            if isinstance(of, PodState)
            else [one.uid for one in of.pods]
            if isinstance(of, GangState)
            else []
        )
        for uid in uids:
            self.memory.blocked.pop(uid, None)


class Again(Drift):
    """Somebody else has written the state: it is read and decided on again."""


def fresh(hands: "Hands", held: "Held") -> "Held":
    """The state as it is now. Raises Locked where it is of a later holder, Drift where it is gone."""
    now = hands.journal.read()
    if now is None:
        raise Drift(
            f"the state of drain {held.state.id} was taken away: nothing more is written", "`k8sai evict status --all`"
        )
    if now.state.epoch > hands.locks.epoch:
        raise Locked(
            f"another operator has taken drain {held.state.id} over: nothing more is written",
            f"`k8sai evict status {held.state.id}`",
        )
    return now


def _uids(of: NodeState | GangState | PodState, found: Look) -> list[str]:
    if isinstance(of, PodState):
        return [of.pod.uid]
    return [str(one["metadata"]["uid"]) for one in found.alive(of)] if isinstance(of, GangState) else []
