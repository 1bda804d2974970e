"""Operators of a rollout on the embedded cluster, with a clock of their own: they may die at any of their writes."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event
from typing import Any

from k8sai.canary.backend import Backend
from k8sai.canary.facts import Json, Ref, Side, Wish
from k8sai.canary.gate_gathered import Window
from k8sai.canary.keeping.kept import Held, Kept
from k8sai.canary.running.decide import next_step
from k8sai.canary.running.entering import entered
from k8sai.canary.running.hands import Hands, News
from k8sai.canary.running.starting import start, think
from k8sai.canary.running.verbs import run
from k8sai.canary.state import Settings, State
from k8sai.cluster.connection import Response
from k8sai.cluster.reading import Reading
from k8sai.cluster.writing import Writer
from k8sai.holding.lease import Clock
from tests.canary.in_process import Connection
from tests.canary.world import World

QUICK = Settings(warmup=0.0, interval=30.0, keep_old=60.0, prometheus="scripted")
_MOST = 600  # pauses in a test, before it counts as waiting for ever
_DEAD = 100.0  # seconds after which a Lease has expired


class Killed(BaseException):
    """kill -9: nothing is cleaned up by whom it hits."""


@dataclass(frozen=True)
class Counted:
    """As `measuring.sampler.Sample`."""

    windows: Mapping[str, Window]
    canary_all: int
    stable_all: int
    no_data: str = ""
    notes: tuple[str, ...] = ()
    queries: tuple[str, ...] = ()


@dataclass
class Traffic:
    """A scripted Prometheus: so many requests a second, split as configured unless `share` says otherwise."""

    settings: Settings
    bad: float = 0.0  # share of the canary's requests
    per_second: float = 1000.0
    share: float | None = None  # percent that reaches the canary
    no_data: str = ""

    def window(
        self,
        stable: Side,
        canary: Side,
        stable_pods: Sequence[str],
        canary_pods: Sequence[str],
        start: float,
        end: float,
    ) -> Any:
        if self.no_data:
            return Counted({}, 0, 0, self.no_data)
        total = int(self.per_second * (end - start))
        count = int(total * (canary.percent if self.share is None else self.share) / 100)
        window = Window(int(count * self.bad), count, 0, total - count)
        return Counted({slo.title: window for slo in self.settings.slos}, count, total - count)


class Mortal(Writer):
    """Dies at its `dies`-th write: before it is sent, or once it is `taken` but not answered."""

    def __init__(self, site: "Site", dies: int = 0, *, taken: bool = False) -> None:
        super().__init__(site.connection)  # type: ignore[arg-type]
        self._site, self._dies, self._taken = site, dies, taken
        self.writes = 0
        self.dead = False

    def send(self, method: str, path: str, query: Mapping[str, str], *more: Any, **named: Any) -> Response:
        if self.dead:
            raise Killed
        review = "/authentication.k8s.io/" in path or "/authorization.k8s.io/" in path
        self.writes += 0 if review else 1
        self.dead = self.writes == self._dies and not review
        if self.dead and not self._taken:
            raise Killed
        answer = super().send(method, path, query, *more, **named)
        if not review:
            self._site.look(path)
        if self.dead:
            raise Killed
        return answer


@dataclass
class Site:
    """A target on a world, and what is seen of its weight after every write of anybody's."""

    world: World
    backend: Backend
    ref: Ref
    wish: Wish
    steps: tuple[int, ...] = (5, 50)
    settings: Settings = QUICK
    script: dict[str, Any] = field(default_factory=dict)  # of the traffic
    weights: list[float] = field(default_factory=list)  # each time it was another one
    news: list[str] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)  # of all writes
    pauses: int = 0
    hear: Callable[[str], None] = lambda _: None

    def __post_init__(self) -> None:
        self.connection = Connection(self.world)
        self.kept = Kept(Writer(self.connection), self.ref)  # type: ignore[arg-type]

    # --- what is there ------------------------------------------------------------------------------------------------

    @property
    def state(self) -> State:
        held = self.kept.peek()
        assert held
        return held.state

    def target(self) -> Json:
        return self.world.target(self.ref)

    def look(self, path: str) -> None:
        """The weight never rises above the step after the last one that has passed."""
        self.paths.append(path)
        held = self.kept.peek()
        if held is None:
            return
        state = held.state
        seen = self.backend.see(self.target(), state.handle, Reading(self.world))
        if not self.weights or abs(self.weights[-1] - seen.configured) > 0.5:
            self.weights.append(seen.configured)
        goal = state.pending.word if state.pending else ""
        if "configmaps" not in path and "leases" not in path and goal in ("begin", "shift"):
            assert seen.configured <= max(state.start, next_step(state)) + 0.5, state

    def on_target(self) -> list[str]:
        """Writes that were no state and no Lease."""
        return [path for path in self.paths if "configmaps" not in path and "leases" not in path]

    # --- operators ----------------------------------------------------------------------------------------------------

    @contextmanager
    def operator(self, writer: Writer | None = None, **more: Any) -> "Iterator[tuple[Hands, Held | None]]":
        clock, holds = self.world.clock, list[Any]()

        def pause(seconds: float) -> None:
            self.world.run(max(seconds, 1.0))
            holds[0].renew()  # as the Lease's own thread does
            self.pauses += 1
            assert self.pauses < _MOST, self.news[-5:]

        with entered(
            self.ref,
            self.backend,
            writer or Mortal(self),
            self.world,
            sampling=lambda settings: Traffic(settings, **self.script),
            pause=pause,
            told=self._hear,
            clock=Clock(clock.now, clock.now, self._wait),
            **more,
        ) as (hands, held):
            holds.append(hands.lease)
            yield hands, held

    def begun(self, writer: Writer | None = None) -> "Held":
        """`start`, until the canary serves."""
        with self.operator(writer) as (hands, held):
            read = Reading(self.world)
            thought = think(self.backend, self.target(), self.wish, self.settings, self.steps, read)
            return start(hands, held, thought)

    def rolled(self, act: "Callable[[Hands, Held], Held]", writer: Writer | None = None, **more: Any) -> State:
        """A verb on what is there."""
        with self.operator(writer, **more) as (hands, held):
            assert held
            return act(hands, held).state

    def driven(self, writer: Writer | None = None) -> State:
        """`run`, to its end."""
        return self.rolled(lambda hands, held: run(hands, held, None, end=None), writer)

    def life(self, writer: Mortal) -> bool:
        """`start` where there is nothing yet, then `run`; whether the operator lived to see the end."""
        try:
            if self.kept.peek() is None:
                self.begun(writer)
            self.driven(writer)
        except Killed:
            self.world.run(_DEAD)
            return False
        return True

    def _hear(self, news: News) -> None:
        self.news.append(f"{news.word}: {news.text}")
        self.hear(self.news[-1])

    def _wait(self, event: Event, seconds: float) -> bool:
        self.world.run(seconds)
        return event.is_set()
