"""Drains for people: one line each, or one with a row per gang and what is in the way."""

from collections.abc import Iterable
from typing import Final

from k8sai import ages
from k8sai.evict.facts import Phase
from k8sai.evict.keeping.find import Listed
from k8sai.evict.running.outcome import well
from k8sai.evict.state import GangState, NodeState, PodState, Stage, State
from k8sai.view import Cell, Column, Page, Row, Table, Tone

_STAGES: Final[dict[Stage, Tone]] = {
    Stage.DONE: "good",
    Stage.PARTIAL: "warn",
    Stage.BLOCKED: "bad",
    Stage.ABORTED: "warn",
    Stage.ABORTING: "warn",
}
_BAD: Final = (Phase.FAILED, Phase.PARKED, Phase.LOST, Phase.TIMED_OUT)
_GANGS: Final = (
    Column("GANG"),
    Column("KIND", spare=True),
    Column("GPUS", "right"),
    Column("PHASE"),
    Column("SINCE", "right", spare=True),
    Column("METHOD", spare=True),
    Column("PROOF"),
    Column("STEP", "right"),
    Column("WHY", shrink=True),
)
_DRAINS: Final = (
    Column("DRAIN"),
    Column("STATE"),
    Column("NODES", "right"),
    Column("GANGS", "right"),
    Column("AGE", "right"),
    Column("BY"),
    Column("HELD BY"),
    Column("WHY", shrink=True),
    Column("NAMESPACE", wide=True),
)


def head(one: Listed, now: float) -> Cell:
    """`drain 7f3c2a: Running for 5m, 2 of 4 nodes drained, 1 of 3 gangs are done, held by ana@ci-7`."""
    state = one.state
    if state is None:
        return Cell(f"drain {one.id}: {one.trouble}", "bad")
    if state.ended:
        age = f"{ages.human(now - ages.epoch(state.ended))} ago"
    else:
        age = f"for {ages.human(now - ages.epoch(state.begun))}"
    drained, done = sum(node.drained for node in state.nodes), sum(well(gang) for gang in state.gangs)
    nodes = f"{drained} of {len(state.nodes)} {'GPU free' if state.device else 'nodes drained'}"
    gangs = f"{done} of {len(state.gangs)} gangs moved"
    why = f": {state.reason}" if state.reason else ""
    tone: Tone = "bad" if one.orphaned else _STAGES.get(state.stage, "plain")
    return Cell(f"drain {one.id}: {state.stage} {age}, {nodes}, {gangs}{_held(one)}{why}", tone)


def _held(one: Listed) -> str:
    if one.orphaned:
        return ", its operator is gone"
    return f", held by {one.holder.who}" if one.holder and not one.holder.expired else ""


def page(state: State, now: float) -> Page:
    """Gangs, then nodes and pods that are not as they should be."""
    parts = [Table(_GANGS, tuple(_gang(one, now) for one in state.gangs))] if state.gangs else []
    if nodes := [one for one in state.nodes if not one.drained]:
        columns = (Column("GPU" if state.device else "NODE"), Column("STATE"), Column("WHY", shrink=True))
        parts.append(Table(columns, tuple(_node(one) for one in nodes)))
    if pods := [one for one in state.pods if not one.done]:
        columns = (Column("POD"), Column("NODE"), Column("WHY", shrink=True))
        parts.append(Table(columns, tuple(_pod(one) for one in pods)))
    return Page(tuple(parts))


def _gang(one: GangState, now: float) -> Row:
    tone: Tone = "bad" if one.phase in _BAD else "good" if well(one) else "plain"
    proof, age = one.proof, ages.human(now - ages.epoch(one.since)) if one.since else "-"
    step = str(proof.step) if proof and proof.step >= 0 else "-"
    if one.restored >= 0:
        step = f"{step}→{one.restored}"
    cells = (
        Cell(f"{one.ref.namespace}/{one.ref.name}"),
        Cell(one.kind),
        Cell(f"{one.gpus:g}"),
        Cell(one.phase.value, tone),
        Cell(age, "dim"),
        Cell(one.method or "-"),
        Cell(proof.grade.value if proof else "-"),
        Cell(step),
        Cell(one.reason or "; ".join(one.tried)),
    )
    return Row(one.id, cells)


def _node(one: NodeState) -> Row:
    closed = "tainted" if one.device else "cordoned"
    word = "released" if one.released else closed if one.cordoned else "-"
    return Row(one.name, (Cell(one.title.partition("/")[2]), Cell(word), Cell(one.reason)))


def _pod(one: PodState) -> Row:
    why = one.blocked or one.reason or ("it ends" if one.evicted_at else "it waits for the gangs")
    title = f"{one.pod.namespace}/{one.pod.name}"
    return Row(one.pod.uid, (Cell(title), Cell(one.pod.node), Cell(why, "warn" if one.blocked else "plain")))


def listed(drains: Iterable[Listed], now: float) -> Page:
    """A line each."""
    return Page((Table(_DRAINS, tuple(_drain(one, now) for one in drains)),))


def _drain(one: Listed, now: float) -> Row:
    state = one.state
    if state is None:
        return Row(one.id, (Cell(one.id), Cell("?", "bad"), *[Cell("-")] * 5, Cell(one.trouble), Cell(one.namespace)))
    tone: Tone = "bad" if one.orphaned else _STAGES.get(state.stage, "plain")
    holder = "gone" if one.orphaned else one.holder.who if one.holder and not one.holder.expired else "-"
    drained, done = sum(node.drained for node in state.nodes), sum(well(gang) for gang in state.gangs)
    cells = (
        Cell(one.id),
        Cell(state.stage.value, tone),
        Cell(f"{drained}/{len(state.nodes)}"),
        Cell(f"{done}/{len(state.gangs)}"),
        Cell(ages.human(now - ages.epoch(state.begun)) if state.begun else "-", "dim"),
        Cell(state.by),
        Cell(holder, "bad" if one.orphaned else "plain"),
        Cell(state.reason),
        Cell(one.namespace),
    )
    return Row(one.id, cells)
