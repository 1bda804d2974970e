"""A drain on the embedded cluster with a clock of its own: operators may die at any of their writes, others go on."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from threading import Event
from typing import Any, Final

from k8sai.cluster.objects import LiveObjects
from k8sai.cluster.writing import Writer
from k8sai.errors import K8saiError
from k8sai.evict.keeping.kept import Held
from k8sai.evict.keeping.locks import Locks
from k8sai.evict.methods.all import METHODS
from k8sai.evict.plan import Plan
from k8sai.evict.planning.make import make
from k8sai.evict.planning.wish import Wish
from k8sai.evict.running.aborting import asked_to_end
from k8sai.evict.running.entering import Door, begun, entered
from k8sai.evict.running.hands import News
from k8sai.evict.running.loop import Loop
from k8sai.evict.running.proving import prove
from k8sai.evict.state import Settings, State
from k8sai.evict.switches import all as switches
from k8sai.holding.lease import EVERY, Clock
from tests.canary.world import NAMESPACE
from tests.evict.yard_player import Played, Player
from tests.evict.yard_rules import Rules, kept_states
from tests.evict.yard_world import YardWorld
from tests.faults.in_process import Faulty, Killed
from tests.faults.schedule import Schedule

DEAD: Final = 100.0  # seconds after which a Lease has expired
MOST: Final = 3000  # pauses of one operator, before it counts as waiting for ever
QUICK: Final = Settings(conditions=False, pdb_wait=5.0, wait_ready=60.0)


@dataclass(frozen=True)
class Remembering(Door):
    """Tells which Leases are taken."""

    remember: Callable[[Locks], None] = lambda _: None

    def locks(self, namespace: str, drain: str) -> Locks:
        made = super().locks(namespace, drain)
        self.remember(made)
        return made


@dataclass
class Drain:
    """`drain.run()` is one operator's life from the plan on, `drain.resume()` that of the next one."""

    world: YardWorld
    nodes: tuple[str, ...]
    gangs: dict[str, Played]
    settings: Settings = QUICK
    news: list[str] = field(default_factory=list)
    meanwhile: Callable[["Drain"], None] = lambda _: None  # at every pause: what others do
    pauses: int = 0

    def __post_init__(self) -> None:
        self.player = Player(self.world, **self.gangs)
        self.rules = Rules(self.world, self.player.gangs, self.world.cordoned())
        self.player.turn()
        self.world.settle()

    @property
    def state(self) -> State:
        (found,) = kept_states(self.world)
        return found

    @property
    def kept(self) -> bool:
        """Something is remembered of it."""
        return bool(kept_states(self.world))

    # --- operators ----------------------------------------------------------------------------------------------------

    def connection(self, schedule: Schedule | None = None, dies: int = 0, taken: bool = False) -> Faulty:
        return Faulty(self.world, schedule or Schedule(), dies, taken=taken, watch=self.rules.look)

    def door(self, connection: Any, stop: Event | None = None) -> Door:
        now = self.world.clock.now
        return Remembering(
            connection,
            Writer(connection),
            LiveObjects(connection),
            METHODS,
            switches,
            prove,
            now=now,
            pause=self._pause,
            spawn=lambda work: work(),
            told=self._hear,
            stop=stop or Event(),
            clock=Clock(now, now, self._wait),
            remember=self._remember,
        )

    def _remember(self, locks: Locks) -> None:
        self._entering = locks

    def plan(self, **wish: Any) -> Plan:
        wanted = Wish(nodes=self.nodes, settings=self.settings, namespace=NAMESPACE, **wish)
        return make(self.connection(), wanted)  # type: ignore[arg-type]

    def run(self, connection: Any = None, plan: Plan | None = None) -> State:
        """`evict run`: to its end, or Killed."""
        door = self.door(connection or self.connection())
        plan = plan or self.plan()
        with begun(door, plan, NAMESPACE, lambda: self.plan(id=plan.id)) as (hands, held):
            return self._driven(hands, held).state

    def resume(self, connection: Any = None) -> State:
        """`evict resume`, by somebody on another machine."""
        with entered(self.door(connection or self.connection()), NAMESPACE, self.state.id) as (hands, held):
            return self._driven(hands, held).state

    def abort(self, connection: Any = None) -> State:
        """`evict abort`, by somebody on another machine."""
        with entered(self.door(connection or self.connection()), NAMESPACE, self.state.id) as (hands, held):
            return self._driven(hands, asked_to_end(hands, held)).state

    def _driven(self, hands: Any, held: Held) -> Held:
        self.drives(hands)
        return Loop(hands).run(held)

    def drives(self, hands: Any) -> None:
        """This operator's Leases are renewed from now on."""
        self._locks, self._renewed = hands.locks, self.world.clock.now()
        self.pauses = 0

    def life(self, act: Callable[[Any], State], connection: Any) -> State | None:
        """None where it died; then its Leases have expired."""
        try:
            return act(connection)
        except Killed:
            self.world.run(DEAD)
            return None

    def _pause(self, seconds: float) -> None:
        self.world.run(max(seconds, 1.0))
        self.player.turn()
        self.world.settle()
        self.meanwhile(self)
        if self.world.clock.now() - self._renewed >= EVERY:  # as its own thread does
            with suppress(K8saiError):
                self._locks.renew()
                self._renewed = self.world.clock.now()
        self.pauses += 1
        assert self.pauses < MOST, self.news[-5:]

    def _wait(self, event: Event, seconds: float) -> bool:
        """While an expired Lease is watched, those that are held are renewed, as their own thread does."""
        self.world.run(seconds)
        if self._entering.epoch:
            with suppress(K8saiError):
                self._entering.renew()
        return event.is_set()

    def _hear(self, news: News) -> None:
        self.news.append(f"{news.word} {news.on}: {news.text}")
