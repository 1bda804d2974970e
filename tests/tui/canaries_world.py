"""Rollouts for tests of the screen: one that gathers evidence, one that failed, one that is held, one nobody runs."""

from collections.abc import Callable, Collection
from dataclasses import replace
from threading import Event
from typing import Any

from k8sai.ages import stamp
from k8sai.canary.facts import Phase, Ref, Seen, Side
from k8sai.canary.gate import Gate
from k8sai.canary.gate_gathered import Window
from k8sai.canary.keeping.listing import Listed
from k8sai.canary.pods import OnePod, Pods
from k8sai.canary.shown.look import Look, Observed
from k8sai.canary.shown.looking import verdict_of
from k8sai.canary.shown.rollouts import Rollout, Rollouts
from k8sai.canary.split import honoured
from k8sai.canary.state import Happened, Settings, Slo, State
from k8sai.errors import K8saiError
from k8sai.holding.holder import Holder
from k8sai.tui.app import Cockpit
from k8sai.tui.canaries import CanariesPane
from k8sai.tui.canary import CanaryPane
from tests.tui.stage import Stage, cockpit, lines, press, screen, write
from tests.tui.world import NOW, FixedFeed

CHAT, EMBED, RANK, ASR = "inference/isvc/chat", "inference/httproute/embed", "team-llm/isvc/rank", "inference/ksvc/asr"
ISVC = "inferenceservices.serving.kserve.io"
ROUTE = "httproutes.gateway.networking.k8s.io"
SETTINGS = Settings(slos=(Slo("errors", 0.01), Slo("ttft", 0.05, 2.0)))


def ago(seconds: float) -> str:
    return stamp(NOW - seconds)


def gathered(errors: tuple[int, ...], ttft: tuple[int, ...]) -> dict[str, Any]:
    """The gate's evidence after one window; counts of bad and all requests of the canary and of the stable side."""
    return Gate.new(SETTINGS).after({"errors<1%": Window(*errors), "ttft>2s<5%": Window(*ttft)}).document()


STEPS = (
    Happened(ago(1500), "ana", "begin", "as asked for", 0, 0),
    Happened(ago(1400), "ana", "ready", "the canary serves", 0, 0),
    Happened(ago(1390), "ana", "shift", "the first step", 0, 5),
    Happened(ago(700), "ana", "pass", "the gate has passed at 5 %", 5, 5),
    Happened(ago(695), "ana", "shift", "5 % has passed", 5, 25),
)


def state(name: str, phase: Phase, *, kind: str = ISVC, word: str = "isvc", **more: Any) -> State:
    known: dict[str, Any] = {
        "steps": (5, 25, 50, 100),
        "step": 1,
        "weight": 25,
        "passed": 5,
        "settings": SETTINGS,
        "begun": ago(1500),
        "since": ago(695),
        "shifted": ago(695),
        "history": STEPS,
        **more,
    }
    ref = Ref(kind, known.pop("namespace", "inference"), name, "5d1c", word)
    return State(
        id="01JD1", target=ref, backend=known.pop("backend", "kserve-standard"), phase=phase, handle={}, **known
    )


def pod(name: str, *, ready: bool = True, gpus: float = 4, restarts: int = 0, trouble: str = "") -> OnePod:
    return OnePod("inference", name, ready, gpus, restarts, ago(86400), "a100-00", "Running", trouble)


def counted(pods: tuple[OnePod, ...]) -> Pods:
    ready, gpus = sum(one.ready for one in pods), sum(one.gpus for one in pods)
    trouble = next((f"{one.name}: {one.trouble}" for one in pods if one.trouble), "")
    return Pods(tuple(one.name for one in pods), ready, gpus, trouble)


def rollout(
    kept: State,
    holder: Holder | None = None,
    stable: tuple[OnePod, ...] = (),
    canary: tuple[OnePod, ...] = (),
    *,
    route: float | None = None,
    **seen: Any,
) -> Rollout:
    """As it would be read; without pods only the state is."""
    target = f"{kept.target.kind}/{kept.target.name}"
    listed = Listed(kept.target.namespace, f"k8sai-canary-{kept.target.name}", target, kept, holder)
    look = Look(kept.target, kept.backend, NOW, kept, holder=holder, verdict=verdict_of(kept))
    if not stable:
        return Rollout(listed, look)
    sides = Side("v1", ready=len(stable)), Side("v2", percent=kept.weight)
    found = Seen({}, *sides, route=kept.weight if route is None else route, **seen)
    look = replace(look, seen=found, stable=counted(stable), canary=counted(canary))
    return Rollout(listed, look, stable, canary)


ANA = Holder("ana@ci-7/4711/aa", 9.0, False, 3)
OLD = (pod("chat-v1-0"), pod("chat-v1-1"), pod("chat-v1-2"))
NEW = (pod("chat-v2-0"),)


def chat(**more: Any) -> Rollout:
    """On its way, at 25 %."""
    gate = gathered((4, 620, 6, 1840), (19, 620, 27, 1840))
    return rollout(state("chat", Phase.GATING, gate=gate, **more), ANA, OLD, NEW)


def embed() -> Rollout:
    """The gate has failed, and it was brought back."""
    said = "the gate failed: ttft>2s<5%: 58 of 1312 of the canary against 61 of 4176"
    back = Happened(ago(60), "ana", "rollback", said, 25, 0)
    kept = state(
        "embed",
        Phase.ROLLED_BACK,
        kind=ROUTE,
        word="httproute",
        backend="httproute",
        weight=0,
        cause="gate",
        reason=said,
        since=ago(60),
        ended=ago(55),
        gate=gathered((4, 1312, 13, 4176), (158, 1312, 61, 4176)),
        history=(*STEPS, back),
    )
    return rollout(kept)


def rank() -> Rollout:
    """A person holds it; a pod of the canary crashes."""
    kept = state("rank", Phase.PAUSED, namespace="team-llm", paused_by="bo", cause="person", reason="on call looks")
    broken = pod("rank-v2-0", ready=False, restarts=7, trouble="CrashLoopBackOff after OOMKilled")
    return rollout(kept, None, (pod("rank-v1-0"),), (broken,))


def lost() -> Rollout:
    """Its operator does not renew the Lease."""
    return rollout(state("asr", Phase.SHIFTING, backend="knative", kind="services.serving.knative.dev", word="ksvc"),
                   Holder("cy@laptop/1/bb", 600.0, True, 1))  # fmt: skip


def garbled() -> Rollout:
    return Rollout(Listed("inference", "k8sai-canary-zz", f"{ISVC}/zz", None, None, "it is in version 9"))


def every() -> Rollouts:
    return Rollouts(NOW - 1, (chat(), embed(), rank(), lost(), garbled()))


class FixedCanaries:
    """Rollouts that a test sets. It notes what was asked; `gate` holds back what is done until it is set."""

    def __init__(self, found: Rollouts | None = None) -> None:
        self.now = every() if found is None else found
        self.asked: list[tuple[str, ...]] = []
        self.wanted: list[str] = []
        self.split = Observed(honoured(25.0, 1312, 4176), 5488, 300.0)
        self.error: K8saiError | None = None
        self.gate = Event()
        self.gate.set()
        self.stopped = 0

    def read(self, wanted: Collection[str]) -> Rollouts:
        self.wanted += wanted
        return self.now

    def observed(self, look: Look) -> Observed:
        return self.split

    def pause(self, ref: Ref) -> State:
        return self._done("pause", ref, lambda kept: replace(kept, phase=Phase.PAUSED, paused_by="ana"))

    def resume(self, ref: Ref) -> State:
        return self._done("resume", ref, lambda kept: replace(kept, phase=Phase.GATING, paused_by="", reason=""))

    def rollback(self, ref: Ref, *, steal: bool) -> State:
        word = "rollback --steal" if steal else "rollback"
        return self._done(word, ref, lambda kept: replace(kept, phase=Phase.ROLLED_BACK, weight=0, ended=ago(0)))

    def stop(self) -> None:
        self.stopped += 1

    def become(self, title: str, **changes: Any) -> State:
        """Another state of one of them."""
        return self._change(title, lambda kept: replace(kept, **changes))

    def _done(self, word: str, ref: Ref, become: Callable[[State], State]) -> State:
        assert self.gate.wait(10)
        self.asked.append((word, ref.namespace, ref.title))
        if self.error is not None:
            raise self.error
        return self._change(ref.title, become)

    def _change(self, title: str, become: Callable[[State], State]) -> State:
        one = next(each for each in self.now.found if each.title == title)
        assert one.listed.state is not None and one.look is not None
        kept = become(one.listed.state)
        look = replace(one.look, state=kept)
        new = replace(one, listed=replace(one.listed, state=kept), look=look)
        self.now = replace(self.now, found=tuple(new if each is one else each for each in self.now.found))
        return kept


def rolled(canaries: FixedCanaries | None = None, **options: Any) -> Cockpit:
    """A cockpit over the test world and these rollouts."""
    feed = FixedFeed()
    feed.canaries = FixedCanaries() if canaries is None else canaries
    return cockpit(feed=feed, **options)


async def canaries(pilot: Stage, app: Cockpit, key: str = "") -> CanariesPane:
    """The pane, with the cursor on a rollout, everything read."""
    await press(pilot, "colon")
    await write(pilot, "canaries")
    await press(pilot, "enter")
    await settled(pilot, app)
    pane = app.current
    assert isinstance(pane, CanariesPane)
    if key:
        pane.point_at(key)
        await renewed(pilot, app)
    return pane


async def settled(pilot: Stage, app: Cockpit) -> None:
    """What is asked beside the screen has answered, and what that asked for too."""
    for _ in range(2):
        await app.workers.wait_for_complete()
        await pilot.pause()


async def renewed(pilot: Stage, app: Cockpit) -> None:
    """Read again, now."""
    await press(pilot, "ctrl+r")
    await settled(pilot, app)


async def opened(pilot: Stage, app: Any, key: str = CHAT) -> CanaryPane:
    await canaries(pilot, app, key)
    await press(pilot, "enter")
    await renewed(pilot, app)
    assert isinstance(app.current, CanaryPane)
    return app.current


def row(app: Any, title: str) -> str:
    """The one line of the table about a target."""
    (found,) = [" ".join(line.split()) for line in lines(app) if title in line.split()[:2] and "──" not in line]
    return found


def said(app: Any) -> str:
    """The whole screen with single spaces."""
    return " ".join(screen(app).split())
