"""A plan for people: its head, a row per gang in the order of stopping, what stands in the way, and the sum."""

from collections.abc import Iterable, Iterator
from typing import Final

from k8sai.ages import human, stamp
from k8sai.evict.plan import Plan, PlannedGang, PlannedPod, Range, Refusal
from k8sai.view import Cell, Column, Note, Page, Row, Table, Tone, several

_TONES: Final[dict[str, Tone]] = {"refuse": "bad", "skip": "warn", "ride": "warn", "wait": "warn"}
_COLUMNS: Final = (
    Column("ORDER", "right"),
    Column("GANG"),
    Column("KIND", spare=True),
    Column("GPUS", "right"),
    Column("NODES", "right"),
    Column("METHOD", spare=True),
    Column("PROOF"),
    Column("LAST-CKPT", spare=True),
    Column("NOW", "right"),
    Column("PLAN", "right"),
    Column("SAVE", "right", spare=True),
    Column("DEADLINE", "right", spare=True),
    Column("STOP", shrink=True),
    Column("PODS", "right", wide=True),
    Column("CONTRACT", wide=True),
    Column("ID", wide=True),
)
_PODS: Final = (Column("POD"), Column("NODE"), Column("GPUS", "right"), Column("ACTION"), Column("WHY", shrink=True))


def head(plan: Plan) -> str:
    """`PLAN 7f3c2a  nodes 4 (32 GPU)  gangs 3  server 1.37.1  hash 91ab…   cost = lost work + restart, GPU-h`."""
    parts = (
        f"PLAN {plan.id}",
        _what(plan),
        f"gangs {len(plan.gangs)}",
        f"server {plan.server}" if plan.server else "",
        f"hash {plan.hash}",
        " cost = lost work + restart, GPU-h",
    )
    return "  ".join(filter(None, parts))


def _what(plan: Plan) -> str:
    """What is drained; of one GPU, how many its gangs hold in all."""
    if plan.device is not None:
        return f"{plan.nodes[0].title} ({number(plan.gpus)} GPU of its gangs)"
    return f"nodes {len(plan.nodes)} ({number(plan.gpus)} GPU)" if plan.nodes else f"{number(plan.gpus)} GPU"


def page(plan: Plan) -> Page:
    """The gangs, the pods that are none's, and what could not be read."""
    parts = [gangs(plan)] if plan.gangs else []
    if shown := [one for one in plan.pods if one.action != "skip"]:
        parts.append(pods(shown))
    return Page(tuple(parts), tuple(_notes(plan)))


def below(plan: Plan, price: float | None = None) -> tuple[Cell, ...]:
    """A line each: what is refused and blocked, what is worth knowing, and the sum. `price` is of a GPU-hour."""
    return (*_below(plan), *_total(plan, price))


def gangs(plan: Plan) -> Table:
    """One row each; those that are not stopped come last and have no number."""
    order = iter(range(1, len(plan.gangs) + 1))
    return Table(_COLUMNS, tuple(_row(plan, one, order) for one in plan.gangs), named=2)


def _row(plan: Plan, one: PlannedGang, order: Iterator[int]) -> Row:
    stops = one.action not in ("refuse", "skip")
    cells = (
        Cell(str(next(order)) if stops else "-"),
        Cell(one.gang.title),
        Cell(one.gang.kind),
        Cell(number(one.state.gpus)),
        Cell(f"{len(one.inside)}/{len(one.nodes)}" if plan.nodes and not plan.device else str(len(one.nodes))),
        Cell(one.method),
        Cell(one.grade),
        Cell(one.last),
        Cell(hours(one.now)),
        Cell(hours(one.planned) if stops else "-"),
        Cell(human(one.save) if one.save else "-"),
        Cell(_deadline(one)),
        Cell(stop(one), _TONES.get(one.action, "plain")),
        Cell(str(len(one.state.pods))),
        Cell(one.state.contract.source or "-"),
        Cell(one.gang.id),
    )
    return Row(one.gang.id, cells)


def _deadline(one: PlannedGang) -> str:
    """How long it has, or when the checkpoint comes that is waited for."""
    if one.begins is not None:
        return f"next {stamp(one.begins)[11:16]}"
    return human(one.deadline) if one.deadline is not None else "-"


def stop(one: PlannedGang) -> str:
    """How it is stopped, or why it is not."""
    if one.refusals:
        return f"REFUSED {', '.join(dict.fromkeys(each.word for each in one.refusals))}"
    if one.action in ("skip", "wait"):
        return f"{one.action}: {one.state.reason}"
    return one.stop


def pods(shown: Iterable[PlannedPod]) -> Table:
    """Those that are no gang's and do not stay."""
    rows = []
    for one in shown:
        tone: Tone = "bad" if one.refusals else "warn" if one.blocked else "plain"
        word = "REFUSED" if one.refusals else "terminating" if one.action == "wait" else one.action
        why = ", ".join(each.word for each in one.refusals) or one.blocked
        title = f"{one.ref.namespace}/{one.ref.name}"
        cells = (Cell(title), Cell(one.ref.node), Cell(number(one.ref.gpus)), Cell(word, tone), Cell(why, tone))
        rows.append(Row(one.ref.uid, cells))
    return Table(_PODS, tuple(rows))


def _below(plan: Plan) -> Iterator[Cell]:
    if plan.selects:
        yield Cell(f"DEVICE    {plan.selects}")
    for row in plan.gangs:
        yield from (Cell(f"REFUSED   {row.gang.title}: {_said(one)}", "bad") for one in row.refusals)
    yield from _refused_pods(plan.pods)
    for blocker in plan.blockers:
        kept = several(len(blocker.pods), "pod")
        never = "never passes: " if blocker.never else ""
        yield Cell(f"BLOCKERS  {never}{blocker.why} (keeps {kept}: {_few(blocker.pods)})", "bad")
    yield from (Cell(f"RIGHTS    {text}", "bad") for text in plan.missing_rights)
    yield from (Cell(f"WARN      {text}", "warn") for text in plan.warnings)


def _refused_pods(pods: Iterable[PlannedPod]) -> Iterator[Cell]:
    """Pods that are refused for the same reason, on one line."""
    found: dict[tuple[str, str, str], list[str]] = {}
    for one in pods:
        for each in one.refusals:
            key = (each.word, each.why if each.word != "emptydir" else "what is in its emptyDir is deleted", each.hint)
            found.setdefault(key, []).append(f"{one.ref.namespace}/{one.ref.name}")
    for (word, why, hint), names in found.items():
        yield Cell(f"REFUSED   {several(len(names), 'pod')}: {_said(Refusal(word, why, hint))} ({_few(names)})", "bad")


def _said(one: Refusal) -> str:
    return f"{one.why} ({one.word}){f': {one.hint}' if one.hint else ''}"


def _few(names: Iterable[str]) -> str:
    listed = list(names)
    more = f", and {len(listed) - 3} more" if len(listed) > 3 else ""
    return ", ".join(listed[:3]) + more


def _total(plan: Plan, price: float | None) -> Iterator[Cell]:
    idle = f" (+{plan.idle:.1f} cordon idle, est.)" if plan.idle >= 0.05 else ""
    refused = [one for one in plan.gangs if one.refusals]
    count = len(refused) + sum(1 for one in plan.pods if one.refusals)
    risk = sum((one.now for one in refused), Range())
    said = f"; refused: {several(count, 'gang or pod', 'gangs and pods')}" if count else ""
    said += f", {hours(risk)} GPU-h at risk" if refused else ""
    cost = f", ${plan.now.best * price:,.0f} -> ${plan.planned.best * price:,.0f}" if price else ""
    yield Cell(
        f"TOTAL     {hours(plan.now)} GPU-h if evicted now -> {hours(plan.planned)} as planned{idle}{cost}{said}"
    )


def _notes(plan: Plan) -> Iterator[Note]:
    yield from (Note(f"{what} could not be read: {why}", "warn") for what, why in plan.hidden)


def hours(value: Range) -> str:
    """`5.3`; `>=9.2` where nobody knows how much more."""
    return f"{'>=' if value.open else ''}{value.best:.1f}"


def number(value: float) -> str:
    """`8`, `0.5`."""
    return f"{value:.6f}".rstrip("0").rstrip(".")
