"""Operators of a drain on the embedded cluster, with a clock of their own: they may die at any of their writes."""

import builtins
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from typing import Any, Final

from k8sai.cluster.reading import Reading
from k8sai.cluster.writing import Writer
from k8sai.evict.contracts.read import contract_of
from k8sai.evict.facts import Gang, Grade, Json, PodRef
from k8sai.evict.gangs.resolve import resolve
from k8sai.evict.keeping.kept import Held, Kept
from k8sai.evict.methods.all import METHODS
from k8sai.evict.plan import Action, Plan, PlannedGang
from k8sai.evict.running.entering import Door, begun, entered
from k8sai.evict.running.hands import Hands, News
from k8sai.evict.running.loop import Loop
from k8sai.evict.running.proving import prove
from k8sai.evict.state import GangState, NodeState, PodState, Settings, State
from k8sai.holding.lease import Clock
from tests.evict.yard_player import Played, Player
from tests.evict.yard_world import YardWorld
from tests.faults.in_process import Faulty
from tests.faults.schedule import Schedule, Sent

PLACE: Final = "default"
ID: Final = "abc234"
GPU: Final = "nvidia.com/gpu"
_MOST: Final = 400  # pauses in a test, before it counts as waiting for ever
_DEAD: Final = 100.0  # seconds after which a Lease has expired


@dataclass
class Site:
    """`nodes` of `world` are to be drained. `drive()` is `run`; `news` are the lines that were told, without waits."""

    world: YardWorld
    nodes: tuple[str, ...]
    settings: Settings = field(default_factory=lambda: Settings(pdb_wait=30.0))
    gangs: dict[str, Played] = field(default_factory=dict)
    actions: dict[str, Action] = field(default_factory=dict)  # by the gang's name, where not stop
    accepted: Grade = Grade.VERIFIED
    news: list[str] = field(default_factory=list)
    waits: list[str] = field(default_factory=list)
    writes: list[Sent] = field(default_factory=list)
    meanwhile: Callable[[], None] = lambda: None
    pauses: int = 0

    def __post_init__(self) -> None:
        self.player = Player(self.world, **self.gangs)
        self.player.turn()
        self.stop = threading.Event()
        self.kept = Kept(Writer(self.wire()), PLACE, ID)
        self.plan = self.planned()

    def wire(self, schedule: Schedule | None = None, dies: int = 0, taken: bool = False) -> Any:
        return Faulty(self.world, schedule or Schedule(), dies, taken=taken, watch=self._watch)

    # --- the plan -----------------------------------------------------------------------------------------------------

    def planned(self) -> Plan:
        """As `planning.make` would, with nothing refused."""
        read = Reading(self.world)
        nodes = tuple(NodeState(name, str(self.world.get("nodes", "", name)["metadata"]["uid"])) for name in self.nodes)
        there = [one for one in self.world.list("pods") if one["spec"].get("nodeName") in self.nodes]
        found = resolve(there, read)
        gangs = tuple(self._row(one, read) for one in found.gangs)
        pods = tuple(PodState(_ref(one)) for one in found.loose)
        return Plan(ID, "hash", self.world.now(), "", nodes, 0.0, gangs, settings=self.settings, states=pods)

    def _row(self, gang: Gang, read: Reading) -> PlannedGang:
        contract = contract_of(gang, read)
        action: Action = self.actions.get(gang.ref.name, "stop")
        pods = tuple(_ref(one) for one in gang.pods)
        before = contract.last.step if contract.last else -1
        state = GangState(gang.id, gang.ref, gang.kind, pods, 8.0 * len(pods), contract, gang.switch)
        state = replace(state, before_step=before, accepted=self.accepted, action=action)
        return PlannedGang(gang, state, action, (), (), contract.methods[0], "")

    # --- operators ----------------------------------------------------------------------------------------------------

    def door(self, wire: Any = None) -> Door:
        from k8sai.evict.switches.all import next_start, next_stop

        @dataclass(frozen=True)
        class _Switches:
            next_stop: Any
            next_start: Any

        connection, clock = wire or self.wire(), self.world.clock
        return Door(
            connection,
            Writer(connection),
            _Objects(self.world, connection),
            METHODS,
            _Switches(next_stop, next_start),
            prove,
            now=clock.now,
            pause=self._pause,
            spawn=lambda work: work(),
            told=self._hear,
            stop=self.stop,
            clock=Clock(clock.now, clock.now, self._wait),
        )

    def drive(self, wire: Any = None) -> State:
        """`run`, to its end."""
        return self._through(begun(self.door(wire), self.plan, PLACE))

    def resume(self, wire: Any = None, *, take_over: bool = False) -> State:
        return self._through(entered(self.door(wire), PLACE, ID, take_over=take_over))

    def abort(self, wire: Any = None, *, take_over: bool = False) -> State:
        from k8sai.evict.running.aborting import asked_to_end

        with entered(self.door(wire), PLACE, ID, take_over=take_over) as (hands, held):
            self._holds = hands
            return Loop(hands).run(asked_to_end(hands, held)).state

    def _through(self, opened: "AbstractContextManager[tuple[Hands, Held]]") -> State:
        with opened as (hands, held):
            self._holds = hands
            return Loop(hands).run(held).state

    # --- what is there ------------------------------------------------------------------------------------------------

    @property
    def state(self) -> State:
        held = self.kept.read()
        assert held
        return held.state

    def phases(self) -> dict[str, str]:
        return {one.ref.name: one.phase.value for one in self.state.gangs}

    def said(self, word: str) -> list[str]:
        """The sentences of the journal with this word."""
        return [one.text for one in self.state.journal if one.word == word]

    def patched(self, part: str) -> list[Sent]:
        """Writes of ours to paths that have `part` in them."""
        return [one for one in self.writes if part in one.path]

    def dead(self) -> None:
        """Long enough for the Leases of a killed operator."""
        self.world.run(_DEAD)

    # --- time ---------------------------------------------------------------------------------------------------------

    def _pause(self, seconds: float) -> None:
        self.world.run(max(seconds, 1.0))
        self.player.turn()
        self.meanwhile()
        if (holds := getattr(self, "_holds", None)) is not None and not holds.connection.dead:
            holds.locks.renew()  # as the Leases' own thread does
        self.pauses += 1
        assert self.pauses < _MOST, (self.news[-5:], self.waits[-5:])

    def _wait(self, event: threading.Event, seconds: float) -> bool:
        self.world.run(seconds)
        return event.is_set()

    def _hear(self, news: News) -> None:
        line = f"{news.on}: {news.word}: {news.text}"
        (self.waits if news.word == "wait" else self.news).append(line)

    def _watch(self, one: Sent) -> None:
        self.writes.append(one)


class _Objects:
    """The world, read by a process that may be dead."""

    context = "world"

    def __init__(self, world: YardWorld, wire: Faulty) -> None:
        self._world, self._wire = world, wire

    def served(self, kind: str) -> bool:
        return self._world.served(kind)

    def list(self, kind: str, namespace: str = "", *, labels: str = "", fields: str = "") -> builtins.list[Json]:
        return self._world.list(kind, namespace, labels=labels, fields=fields)

    def get(self, kind: str, namespace: str, name: str) -> Json:
        return self._world.get(kind, namespace, name)


def _ref(pod: Json) -> PodRef:
    meta = pod["metadata"]
    amounts = (pod["spec"]["containers"][0].get("resources") or {}).get("limits") or {}
    return PodRef(meta["namespace"], meta["name"], meta["uid"], pod["spec"].get("nodeName", ""), float(amounts.get(GPU, 0)))
