"""Drains for tests of their panes: each in another state, and evictions that a test sets."""

from collections.abc import Callable
from dataclasses import replace
from threading import Event
from typing import Any

from k8sai.ages import stamp
from k8sai.errors import K8saiError
from k8sai.evict.facts import Ack, Contract, Gang, Grade, Phase, PodRef, Proof, Ref, Switch
from k8sai.evict.keeping.find import Listed
from k8sai.evict.plan import Blocker, Plan, PlannedGang, Range, Refusal
from k8sai.evict.planning.wish import Wish
from k8sai.evict.shown.drains import Drains, Ours
from k8sai.evict.state import GangState, Line, NodeState, PodState, Stage, State
from k8sai.holding.holder import Holder
from k8sai.tui.app import Cockpit
from k8sai.tui.eviction import EvictionPane
from k8sai.tui.evictions import EvictionsPane
from tests.tui.stage import Stage as Pilot
from tests.tui.stage import cockpit, lines, press, screen, write
from tests.tui.world import NOW, FixedFeed

MOVING, LOST, OVER, BLOCKED, GARBLED = (
    f"k8sai-system/{one}" for one in ("7f3c2a", "m4n5p6", "a2b3c4", "q7r8s9", "zzzzzz")
)
JOBSETS, JOBS = "jobsets.jobset.x-k8s.io", "jobs.batch"
ANA = Holder("ana@ci-7/4711/aa", 9.0, False, 3)
CY = Holder("cy@laptop/1/bb", 600.0, True, 1)


def ago(seconds: float) -> str:
    return stamp(NOW - seconds)


def ranks(name: str, nodes: tuple[str, ...], gpus: float = 8) -> tuple[PodRef, ...]:
    return tuple(
        PodRef("ml", f"{name}-{rank}", f"{name}-u{rank}", where, gpus, rank) for rank, where in enumerate(nodes)
    )


def saved(step: int, seconds: float) -> Ack:
    """The newest checkpoint, so many seconds ago."""
    return Ack(step=step, time=NOW - seconds, snapshot=NOW - seconds, complete=True, path="/ckpt/latest")


def gang(name: str, phase: Phase, nodes: tuple[str, ...], **more: Any) -> GangState:
    pods = ranks(name, nodes)
    known: dict[str, Any] = {
        "contract": Contract(("exec", "annotation"), last=saved(1200, 1800)),
        "switch": Switch("suspend"),
        "phase": phase,
        "since": ago(40),
        "action": "stop",
        **more,
    }
    ref = Ref(known.pop("kind", JOBSETS), "ml", name, name, "jobset")
    return GangState(f"uid-{name}", ref, "JobSet", pods, sum(pod.gpus for pod in pods), **known)


PROVEN = Proof(Grade.ATTESTED, 1234, NOW - 30, NOW - 40, "/ckpt/1234", "all 2 ranks have answered")
JOURNAL = (
    Line(ago(300), "ana", "EvictPlanned", "drain/7f3c2a", "2 nodes, 3 gangs, 1 pods, hash 91ab3c44d5e6"),
    Line(ago(290), "ana", "NodeCordoned", "node/a100-00", "cordoned"),
    Line(ago(60), "ana", "CheckpointRequested", "jobset/llm-70b", "asked by exec, 300 s"),
    Line(ago(30), "ana", "CheckpointProven", "jobset/llm-70b", "A, step 1234"),
)


def drain(drain: str, stage: Stage, holder: Holder | None = None, **more: Any) -> Listed:
    known: dict[str, Any] = {
        "begun": ago(300),
        "by": "ana",
        "namespace": "k8sai-system",
        "nodes": (NodeState("a100-00", "n0", True, True), NodeState("a100-01", "n1", True)),
        "journal": JOURNAL,
        **more,
    }
    return Listed("k8sai-system", drain, State(drain, "91ab3c44d5e6", stage, **known), holder)


def moving() -> Listed:
    """One gang is proven, one is asked, one has stopped; a pod waits for its budget."""
    proven = gang("llm-70b", Phase.SAVED, ("a100-00", "a100-01"), proof=PROVEN, method="exec", before_step=1200)
    asked = gang("rank", Phase.REQUESTED, ("a100-01",), tried=("exec: no shell in the image",), method="annotation")
    stopped = gang(
        "sft", Phase.STOPPED, ("a100-00",), proof=replace(PROVEN, step=88), stops=1, stopped_at=ago(90), method="exec"
    )
    web = PodState(PodRef("web", "gw-0", "w0", "a100-00", 1), blocked="pdb web/gw allows 0 disruptions")
    return drain("7f3c2a", Stage.RUNNING, ANA, gangs=(proven, asked, stopped), pods=(web,))


def lost() -> Listed:
    """Its operator does not renew the Lease."""
    bare = gang("old", Phase.PLANNED, ("h100-00",), contract=Contract())
    return drain("m4n5p6", Stage.RUNNING, CY, gangs=(bare,), nodes=(NodeState("h100-00", "n2", True, True),))


def over() -> Listed:
    """As planned, some minutes ago."""
    back = gang(
        "vlm", Phase.RESTORED, ("a100-02",), proof=PROVEN, stops=1, stopped_at=ago(900), since=ago(700), restored=1234
    )
    nodes = (NodeState("a100-02", "n3", True, True, drained=True),)
    return drain("a2b3c4", Stage.DONE, gangs=(back,), nodes=nodes, begun=ago(1200), ended=ago(690))


def blocked() -> Listed:
    """At a budget, yesterday: its gangs are no rows any more."""
    why = "pod gw-0: pdb web/gw allows 0 disruptions"
    return drain("q7r8s9", Stage.BLOCKED, gangs=(gang("sft2", Phase.RUNNING, ("a100-03",), stops=1),),
                 begun=ago(90000), ended=ago(86400), reason=why)  # fmt: skip


def garbled() -> Listed:
    return Listed("k8sai-system", "zzzzzz", None, None, "it is in version 9")


def every() -> Drains:
    return Drains(NOW, (over(), blocked(), moving(), lost(), garbled()))


def plan(wish: Wish, **more: Any) -> Plan:
    """Two gangs; one has no contract unless the settings accept what is lost."""
    kept = gang("llm-70b", Phase.PLANNED, ("a100-00", "a100-01"))
    good = PlannedGang(
        Gang("uid-llm-70b", kept.ref, "JobSet", ()), kept, "stop", ("a100-00", "a100-01"), ("a100-00",), "exec", "A",
        Range(8.0, 8.5, 9.0), Range(1.4, 1.6, 1.9), 40.0, 300.0, "step 1200, 30m ago", "suspend",
    )  # fmt: skip
    bare = gang("old", Phase.PLANNED, ("a100-00",), contract=Contract(), action="refuse")
    why = Refusal("emptydir", "what is in its emptyDir is deleted", "--delete-emptydir-data accepts it")
    bad = PlannedGang(
        Gang("uid-old", bare.ref, "JobSet", ()), bare, "refuse", ("a100-00",), ("a100-00",), "none", "-",
        Range(2.0, 2.1, 2.2, True), Range(), stop="suspend", refusals=(why,),
    )  # fmt: skip
    if wish.settings.delete_emptydir:
        bad = replace(bad, action="stop", refusals=(), planned=Range(2.0, 2.1, 2.2))
    nodes = tuple(NodeState(name, f"uid-{name}") for name in wish.nodes)
    known: dict[str, Any] = {
        "gangs": (good, bad),
        "now": Range(10.0, 10.6, 11.2, True),
        "planned": good.planned + bad.planned,
        "idle": 0.7,
        "settings": wish.settings,
        **more,
    }
    return Plan("k3m4n5", "0a1b2c3d4e5f", NOW, "1.37.0", nodes, 8.0 * len(nodes), **known)


NEVER = Blocker("pdb web/gw", "pdb web/gw: minAvailable 1 of 1", ("web/gw-0",), never=True)


class FixedEvictions:
    """Drains that a test sets. It notes what was asked; `gate` holds back what is done until it is set."""

    def __init__(self, found: Drains | None = None) -> None:
        self.now = every() if found is None else found
        self.asked: list[tuple[str, ...]] = []
        self.wishes: list[Wish] = []
        self.planned: dict[str, Any] = {}
        self.reads = 0
        self.heard = 0
        self.busy: tuple[str, ...] = ()
        self.error: K8saiError | None = None
        self.gate = Event()
        self.gate.set()

    def read(self) -> Drains:
        self.reads += 1
        return self.now

    def plan(self, wish: Wish) -> Plan:
        self.wishes.append(wish)
        return plan(wish, **self.planned)

    def drain(self, wish: Wish, plan: Plan) -> None:
        self._done("drain", plan.id, *wish.nodes)
        begun = drain(plan.id, Stage.RUNNING, ANA, nodes=plan.nodes, gangs=tuple(one.state for one in plan.gangs))
        self.now = replace(self.now, found=(*self.now.found, begun), ours={plan.id: Ours("node/a100-00: cordoned")})
        self.busy = (plan.id,)

    def resume(self, one: Listed) -> None:
        self._done("resume", one.id)

    def abort(self, one: Listed) -> str:
        self._done("abort", one.id)
        self.become(one.id, stage=Stage.ABORTING)
        return "ana@ci-7 is at it, and was told to take it back"

    def stop(self) -> tuple[str, ...]:
        return self.busy

    def become(self, name: str, **changes: Any) -> None:
        """Another state of one of them."""

        def new(one: Listed) -> Listed:
            return replace(one, state=replace(one.state, **changes)) if one.id == name and one.state else one

        self.now = replace(self.now, found=tuple(map(new, self.now.found)))

    def move(self, name: str, change: Callable[[GangState], GangState]) -> None:
        """All gangs of a drain, changed."""
        state = next(one.state for one in self.now.found if one.id == name)
        assert state is not None
        self.become(name, gangs=tuple(map(change, state.gangs)))

    def _done(self, *said: str) -> None:
        assert self.gate.wait(10)
        self.asked.append(said)
        if self.error is not None:
            raise self.error


def drained(evictions: FixedEvictions | None = None, **options: Any) -> Cockpit:
    """A cockpit over the test world and these drains."""
    feed = FixedFeed()
    feed.evictions = FixedEvictions() if evictions is None else evictions
    return cockpit(feed=feed, **options)


async def evictions(pilot: Pilot, app: Cockpit, key: str = "") -> EvictionsPane:
    """The pane, with the cursor on a drain or gang, everything read."""
    await press(pilot, "colon")
    await write(pilot, "evictions")
    await press(pilot, "enter")
    await settled(pilot, app)
    pane = app.current
    assert isinstance(pane, EvictionsPane)
    if key:
        pane.point_at(key)
        await renewed(pilot, app)
    return pane


async def settled(pilot: Pilot, app: Cockpit) -> None:
    """What is asked beside the screen has answered, and what that asked for too."""
    for _ in range(2):
        await app.workers.wait_for_complete()
        await pilot.pause()


async def renewed(pilot: Pilot, app: Cockpit) -> None:
    """Read again, now."""
    await press(pilot, "ctrl+r")
    await settled(pilot, app)


async def opened(pilot: Pilot, app: Cockpit, key: str = MOVING) -> EvictionPane:
    await evictions(pilot, app, key)
    await press(pilot, "enter")
    await renewed(pilot, app)
    pane = app.current
    assert isinstance(pane, EvictionPane)
    return pane


def row(app: Cockpit, name: str) -> str:
    """The one line of the table that begins with a name, after its branch."""
    found = [" ".join(line.split()) for line in lines(app)]
    (one,) = [line for line in found if line.lstrip("├└ ").startswith(f"{name} ") and "──" not in line]
    return one


def said(app: Cockpit) -> str:
    """The whole screen with single spaces."""
    return " ".join(screen(app).split())


def notified(app: Cockpit) -> str:
    """What was said at the edge of the screen, the newest last."""
    return " ".join(each.message for each in app._notifications)
