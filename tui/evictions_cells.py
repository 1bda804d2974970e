"""What a line of the table of drains says: a drain, or a gang of it."""

from typing import TYPE_CHECKING, Any, Final

from k8sai.evict.facts import Phase
from k8sai.evict.plan import Range
from k8sai.evict.running.outcome import well
from k8sai.evict.shown.plan_table import hours, number
from k8sai.evict.shown.risk import at_risk, cost, total_cost, total_risk
from k8sai.evict.state import OVER, Stage
from k8sai.tui.glyphs import Glyphs, meter
from k8sai.tui.ink import Line, plain
from k8sai.tui.words import age, clean, epoch

if TYPE_CHECKING:
    from k8sai.evict.keeping.find import Listed
    from k8sai.evict.shown.drains import Ours
    from k8sai.evict.state import GangState, State

_STAGES: Final = {
    Stage.RUNNING: "accent",
    Stage.ABORTING: "warn",
    Stage.DONE: "good",
    Stage.PARTIAL: "warn",
    Stage.ABORTED: "warn",
    Stage.BLOCKED: "bad",
}
_BAD: Final = (Phase.FAILED, Phase.PARKED, Phase.LOST, Phase.TIMED_OUT)
_MOVING: Final = (Phase.REQUESTED, Phase.ACKED, Phase.SAVED, Phase.STOPPING, Phase.STOPPED)
# How far a gang has come: of the way from planned to running again.
_WAY: Final = (
    Phase.PLANNED,
    Phase.LOCKED,
    Phase.REQUESTED,
    Phase.ACKED,
    Phase.SAVED,
    Phase.STOPPING,
    Phase.STOPPED,
    Phase.REQUEUED,
    Phase.RUNNING,
)
_CELLS: Final = 8  # of a bar


def drain_cells(one: "Listed", ours: "Ours | None", now: float, glyphs: Glyphs) -> tuple[Line, ...]:
    """In the order of the fields."""
    state = one.state
    if state is None:
        return (_title(one), (("not understood", "bad"),), *[()] * 8, ((clean(one.trouble), "bad"),))
    moved = sum(well(gang) for gang in state.gangs)
    lost = one.orphaned
    return (
        _title(one),
        ((f"{state.stage}, lost" if lost else str(state.stage), "bad" if lost else _STAGES[state.stage]),),
        tuple(meter([(moved, "good")], len(state.gangs) or 1, _CELLS, glyphs)),
        ((age(state.ended or state.begun, now), "dim"),),
        plain(number(sum(gang.gpus for gang in state.gangs))),
        _hours(total_risk(state, now), "warn"),
        _hours(total_cost(state, now), "plain"),
        (),
        (),
        (),
        _around(one, state, ours, glyphs),
    )


def _title(one: "Listed") -> Line:
    return ((clean(one.id), "strong"),)


def _around(one: "Listed", state: "State", ours: "Ours | None", glyphs: Glyphs) -> Line:
    """What of it matters most in few words: nobody is at it, why it ended so, what it waits for, its nodes."""
    if one.orphaned:
        return (("its operator is gone", "bad"), (f" {glyphs.dot} u takes it up", "dim"))
    if ours is not None and ours.busy and ours.waits:
        return ((clean(ours.waits), "plain"),)
    if state.reason:
        return ((clean(state.reason), _STAGES[state.stage]),)
    who = one.holder.who if one.holder is not None and not one.holder.expired else ""
    by = "this screen" if ours is not None and ours.busy else clean(who)
    return ((nodes_of(state), "plain"), (f" {glyphs.dot} {by}" if by else "", "dim"))


def nodes_of(state: "State", most: int = 4) -> str:
    """`1/2 drained: gpu-1 gpu-2`."""
    names = [clean(node.name) for node in state.nodes]
    more = f" +{len(names) - most}" if len(names) > most else ""
    return f"{sum(node.drained for node in state.nodes)}/{len(names)} drained: {' '.join(names[:most])}{more}"


def gang_cells(gang: "GangState", state: "State", sign: str, now: float, glyphs: Glyphs) -> tuple[Line, ...]:
    """In the order of the fields."""
    proof = gang.proof
    step = str(proof.step) if proof is not None and proof.step >= 0 else ""
    if gang.restored >= 0:
        step = f"{step}{glyphs.arrow}{gang.restored}"
    return (
        ((sign, "dim"), (clean(f"{gang.ref.namespace}/{gang.ref.name}"), "plain")),
        ((str(gang.phase), phase_ink(gang)),),
        way(gang, glyphs),
        ((age(gang.since, now) if gang.since else "", "dim"),),
        plain(number(gang.gpus)),
        _hours(at_risk(gang, state, now), "warn"),
        _hours(cost(gang, state, now), "plain"),
        plain(clean(gang.method or (gang.contract.methods[0] if gang.contract.methods else ""))),
        _proof(gang),
        plain(step),
        ((clean(why(gang)), "bad" if gang.phase in _BAD else "dim"),),
    )


def _proof(gang: "GangState") -> Line:
    """What it has, of what it must have."""
    has = str(gang.proof.grade) if gang.proof is not None else "-"
    return ((has, "plain" if gang.proof is not None else "dim"), (f"/{gang.accepted}", "dim"))


def why(gang: "GangState") -> str:
    """Its reason; what was tried and failed; what is being written."""
    if gang.reason or gang.tried:
        return gang.reason or "; ".join(gang.tried)
    if gang.pending is not None:
        return f"{gang.pending.word} is on its way"
    return gang.action if gang.phase in (Phase.PLANNED, Phase.LOCKED) else ""


def phase_ink(gang: "GangState") -> str:
    """By how it goes."""
    if gang.phase in _BAD:
        return "bad"
    if well(gang):
        return "good"
    return "accent" if gang.phase in _MOVING else "plain"


def way(gang: "GangState", glyphs: Glyphs) -> Line:
    """How far it has come, as a bar."""
    phase = Phase.RUNNING if gang.phase is Phase.RESTORED else gang.phase
    done = _WAY.index(phase) if phase in _WAY else (len(_WAY) - 1) * bool(gang.stops)  # it ran on
    return tuple(meter([(done, phase_ink(gang))], len(_WAY) - 1, _CELLS, glyphs))


def _hours(value: Range, ink: str) -> Line:
    return ((hours(value), ink),) if value.best >= 0.05 or value.open else ()


def troubled(one: "Listed") -> bool:
    """Nobody is at it, it is not understood, or it did not come out as planned."""
    state = one.state
    if state is None or one.orphaned or state.stage in (Stage.PARTIAL, Stage.BLOCKED):
        return True
    return any(gang.phase in _BAD for gang in state.gangs)


def order_of(one: "Listed", sort: str, now: float) -> Any:
    """What drains are compared by; the newest first among equals."""
    state = one.state
    begun = epoch(state.begun) if state is not None else 0.0
    worth: dict[str, Any] = {
        "begun": (state is not None and state.stage in OVER, -begun),
        "name": one.id,
        "phase": str(state.stage) if state is not None else "",
        "age": -begun,
        "gpus": -sum(gang.gpus for gang in state.gangs) if state is not None else 0.0,
        "risk": -total_risk(state, now).best if state is not None else 0.0,
        "cost": -total_cost(state, now).best if state is not None else 0.0,
    }
    return worth[sort], -begun, one.namespace, one.id
