"""A drain in lines of runs: who is at it, a gang's proof, what stands in the way, what happened, what to type."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from k8sai.evict.running.outcome import well
from k8sai.evict.shown.plan_table import hours
from k8sai.evict.shown.risk import total_cost, total_risk
from k8sai.evict.state import OVER
from k8sai.tui.columns import Field, fit
from k8sai.tui.evictions_cells import nodes_of, phase_ink, why
from k8sai.tui.glyphs import Glyphs
from k8sai.tui.ink import Line, Run
from k8sai.tui.lines import wrap
from k8sai.tui.words import age, clean, span

if TYPE_CHECKING:
    from k8sai.evict.keeping.find import Listed
    from k8sai.evict.shown.drains import Ours
    from k8sai.evict.state import GangState, NodeState, PodState, State


def heading(one: "Listed", now: float) -> Run:
    """`drain 7f3c2a · Running · 34.1 GPU-h at risk`."""
    state = one.state
    if state is None:
        return f"drain {clean(one.id)}", "bad"
    stage = f"{state.stage}, lost" if one.orphaned else str(state.stage)
    risk, cost = total_risk(state, now), total_cost(state, now)
    said = f"{hours(risk)} GPU-h at risk" if risk.best >= 0.05 or risk.open else ""
    spent = f"{hours(cost)} GPU-h spent" if cost.best >= 0.05 or cost.open else ""
    return ", ".join(
        filter(None, (f"drain {clean(one.id)}: {stage}", said, spent))
    ), "bad" if one.orphaned else "strong"


def around(one: "Listed", ours: "Ours | None", now: float, width: int, glyphs: Glyphs) -> Line:
    """Who is at it, since when, how far."""
    holder, state = one.holder, one.state
    runs: list[Run] = [(" held by ", "dim")]
    if ours is not None and ours.busy:
        runs.append(("this screen", "plain"))
    elif holder is None:
        runs.append(("somebody or nobody: that may not be read", "warn") if one.blind else ("nobody", "plain"))
    else:
        silent = f" (silent {span(holder.age)})" if holder.expired else ""
        runs.append((clean(holder.who) + silent, "bad" if holder.expired else "plain"))
    if state is not None:
        runs += [("   begun ", "dim"), (f"{age(state.begun, now)} ago by {clean(state.by)}", "plain")]
        runs += [("   gangs ", "dim"), (f"{sum(map(well, state.gangs))}/{len(state.gangs)} moved", "plain")]
        runs += [("   nodes ", "dim"), (nodes_of(state), "plain")]
    return fit(tuple(runs), width, Field(""), glyphs.dots)


def waiting(one: "Listed", ours: "Ours | None", width: int, most: int) -> list[Line]:
    """Why it does not go on, or how it ended."""
    said: list[tuple[str, str]] = []
    if one.trouble:
        said.append((f"its state is not understood: {one.trouble}", "bad"))
    if ours is not None and ours.trouble:
        said.append((f"this screen has let go of it: {ours.trouble}", "bad"))
    if ours is not None and ours.busy and ours.waits:
        said.append((f"waits for {ours.waits}", "warn"))
    if one.state is not None:
        if one.state.reason:
            said.append((one.state.reason, "warn"))
        said += [(f"{pod.pod.name}: {pod.blocked}", "warn") for pod in one.state.pods if pod.blocked and not pod.done]
    lines: list[Line] = [((f" {part}", ink),) for text, ink in said for part in wrap(clean(text), width - 2, most)]
    return lines[:most]


def following(one: "Listed") -> Line:
    """The command to type next."""
    state = one.state
    if state is None:
        then = f"k8sai evict abort {one.id}"
    elif one.orphaned:
        then = f"k8sai evict resume {one.id}"
    elif state.stage in OVER:
        then = f"k8sai evict status {one.id}"
    else:
        then = f"k8sai evict status {one.id} -w"
    return ((" next ", "dim"), (then, "key"))


# --- one gang ---------------------------------------------------------------------------------------------------------


def gang_lines(gang: "GangState", width: int, glyphs: Glyphs) -> Iterator[Line]:
    """Its contract, what its checkpoint proves, and what is tried and why."""
    pods, contract = gang.pods, gang.contract
    ranks = f"{len(pods)} pods on {len({pod.node for pod in pods})} nodes"
    told: Line = (
        (f" {clean(gang.ref.title)} ", "strong"),
        (str(gang.phase), phase_ink(gang)),
        (f"  {ranks}, {gang.switch.kind} stops it, {'stopped once' if gang.stops else 'not stopped'}", "dim"),
    )
    yield fit(told, width, Field(""), glyphs.dots)
    methods = " ".join(contract.methods)
    asked = f", asked by {gang.method}" if gang.method else ""
    yield fit(
        ((" contract ", "dim"), (f"{methods}, proof {gang.accepted} at least{asked}", "plain")),
        width,
        Field(""),
        glyphs.dots,
    )
    proof = gang.proof
    if proof is not None:
        step = f", step {proof.step}" if proof.step >= 0 else ""
        said = f"{proof.grade}{step}{f', {proof.why}' if proof.why else ''}{f' ({proof.path})' if proof.path else ''}"
        yield fit(((" proof    ", "dim"), (clean(said), "plain")), width, Field(""), glyphs.dots)
        if proof.missing and not gang.stops:
            yield fit(((" missing  ", "dim"), (clean(proof.missing), "warn")), width, Field(""), glyphs.dots)
    if text := why(gang):
        yield from (((" why      " if not at else " " * 10, "dim"), (part, "plain"))
                    for at, part in enumerate(wrap(clean(text), width - 11, 2)))  # fmt: skip


# --- one drain full screen --------------------------------------------------------------------------------------------


def node_words(one: "NodeState") -> Run:
    """Where a node is on its way."""
    if one.released:
        return "released", "warn"
    if one.drained:
        return "drained", "good"
    return ("tainted" if one.device else "cordoned", "accent") if one.cordoned else ("as it was", "plain")


def pod_words(one: "PodState") -> Run:
    """Where a pod is that is no gang's."""
    if one.done:
        return "gone", "good"
    if one.blocked:
        return "blocked", "bad"
    return ("ends", "accent") if one.evicted_at else ("waits for the gangs", "dim")


def journal(state: "State", now: float, width: int, most: int, glyphs: Glyphs) -> list[Line]:
    """The newest first, as many as there is room for."""
    lines: list[Line] = []
    for one in reversed(state.journal[-most:] if most > 0 else ()):
        told: Line = (
            (f" {age(one.at, now):>6} ", "dim"),
            (f"{clean(one.word):<20} ", "strong"),
            (f"{clean(one.on)} ", "accent"),
            (clean(one.text), "plain"),
        )
        lines.append(fit(told, width, Field(""), glyphs.dots))
    return lines
