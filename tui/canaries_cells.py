"""What a line of the table of rollouts says, and which of them have something wrong."""

from typing import TYPE_CHECKING, Any, Final

from k8sai.canary.facts import Phase
from k8sai.canary.shown.words import percent
from k8sai.errors import Exit
from k8sai.tui.ink import Line, plain
from k8sai.tui.words import age, clean, epoch, span

if TYPE_CHECKING:
    from k8sai.canary.shown.look import Look
    from k8sai.canary.shown.rollouts import Rollout
    from k8sai.canary.state import State

_PHASES: Final = {
    Phase.PROMOTED: "good",
    Phase.ROLLED_BACK: "warn",
    Phase.ROLLING_BACK: "warn",
    Phase.PAUSED: "warn",
    Phase.DRIFTED: "bad",
    Phase.FAILED: "bad",
}
_GATES: Final = {"pass": "good", "fail": "bad", "continue": "plain", "none": "dim"}
_WELL: Final = (Exit.OK, Exit.WAITING)


def troubled(one: "Rollout") -> bool:
    """Its end was not the wanted one, it waits for what may never come, or its pods cannot serve."""
    look = one.look
    if look is None or look.outcome.exit not in _WELL or look.unseen:
        return True
    pods = any(side is not None and side.trouble for side in (look.stable, look.canary))
    return not one.over and (pods or gate_word(look) in ("fail", "no-data", "split"))


def gate_word(look: "Look") -> str:
    """`pass`, `fail`, `continue`; `no-data` and `split` where nothing can be counted; `none` without a gate."""
    state = look.state
    if state is None or look.verdict is None:
        return "none"
    if state.blind:
        return "no-data"
    return "split" if state.unsplit else str(look.verdict.outcome).lower()


def route_of(look: "Look") -> float | None:
    """Percent that the route sends to the canary, or is configured to."""
    return look.seen.given if look.seen is not None else None


def cells(one: "Rollout", now: float) -> tuple[Line, ...]:
    """In the order of the fields."""
    state = one.listed.state
    space, title = plain(clean(one.listed.namespace)), plain(clean(one.title))
    if state is None or one.look is None:
        return (space, title, (), (("not understood", "bad"),), (), (), (), (), _holder(one), ())
    gate = gate_word(one.look) if not one.over else ""
    route = route_of(one.look)
    off = route is not None and round(route) != state.weight
    return (
        space,
        title,
        ((clean(state.backend), "dim"),),
        _phase(one, state),
        plain(f"{max(0, state.step + 1)}/{len(state.steps)}"),
        plain(percent(state.weight)),
        ((percent(route), "warn" if off else "plain"),) if route is not None else (("-", "dim"),),
        ((gate, _GATES.get(gate, "warn")),),
        _holder(one),
        plain(age(state.begun, now)),
    )


def _phase(one: "Rollout", state: "State") -> Line:
    if one.listed.lost:
        return ((f"{state.phase}, lost", "bad"),)
    return ((str(state.phase), _PHASES.get(state.phase, "plain")),)


def _holder(one: "Rollout") -> Line:
    holder = one.listed.holder
    if holder is None:
        return (("-", "dim"),)
    silent = f" silent {span(holder.age)}" if holder.expired else ""
    return ((clean(holder.who) + silent, "bad" if holder.expired else "plain"),)


def order_of(one: "Rollout", sort: str) -> Any:
    """What rows are compared by: what needs somebody first, then the newest."""
    state, look = one.listed.state, one.look
    worth: dict[str, Any] = {
        "namespace": one.listed.namespace,
        "name": one.title,
        "backend": state.backend if state else "",
        "phase": str(state.phase) if state else "",
        "step": -(state.step if state else -1),
        "set": -(state.weight if state else -1),
        "route": -((route_of(look) if look else None) or 0.0),
        "gate": gate_word(look) if look else "",
        "holder": one.listed.holder.name if one.listed.holder else "~",
        "age": -(epoch(state.begun) if state else 0.0),
    }
    return worth[sort], one.key
