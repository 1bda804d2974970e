"""`canary list` and `canary history`: rollouts and what happened to one, as tables and as documents."""

from collections.abc import Iterable

from k8sai.ages import epoch, human, stamp
from k8sai.canary.facts import Json, Phase
from k8sai.canary.keeping.listing import Listed
from k8sai.canary.outcome import outcome
from k8sai.canary.shown.words import percent
from k8sai.canary.state import Happened, State
from k8sai.cluster.reading import Unseen
from k8sai.view import Cell, Column, Row, Table, Tone

_TONES: dict[str, Tone] = {
    Phase.PROMOTED: "good",
    Phase.ROLLED_BACK: "warn",
    Phase.ROLLING_BACK: "warn",
    Phase.PAUSED: "warn",
    Phase.DRIFTED: "bad",
    Phase.FAILED: "bad",
}


def heading(kind: str, now: float, context: str, hidden: Iterable[Unseen]) -> Json:
    """What a document begins with."""
    gaps = [{"what": one.what, "why": one.why} for one in hidden]
    return {
        "apiVersion": "k8sai.dev/v1alpha1",
        "kind": kind,
        "at": stamp(now),
        "context": context,
        "complete": not gaps,
        "hidden": gaps,
    }


# --- list -------------------------------------------------------------------------------------------------------------


def table(found: Iterable[Listed], now: float, *, namespaces: bool) -> Table:
    """A row per rollout, the ended ones too."""
    columns = (
        Column("TARGET"),
        Column("BACKEND"),
        Column("PHASE"),
        Column("STEP"),
        Column("WEIGHT", "right"),
        Column("HOLDER", shrink=True),
        Column("AGE", "right"),
        Column("ID", wide=True),
        Column("REASON", wide=True, shrink=True),
    )
    rows = tuple(_row(one, now, namespaces=namespaces) for one in found)
    return Table((Column("NAMESPACE"), *columns) if namespaces else columns, rows, named=2 if namespaces else 1)


def _row(one: Listed, now: float, *, namespaces: bool) -> Row:
    cells = _cells(one, one.state, now) if one.state else _unread(one)
    return Row(f"{one.namespace}/{title(one)}", (Cell(one.namespace), *cells) if namespaces else cells)


def title(one: Listed) -> str:
    """`isvc/chat`; by its kind where the state cannot be read."""
    return one.state.target.title if one.state else one.target or one.name


def _cells(one: Listed, state: State, now: float) -> tuple[Cell, ...]:
    tone: Tone = "bad" if one.lost else _TONES.get(state.phase, "plain")
    return (
        Cell(title(one)),
        Cell(state.backend),
        Cell(f"{state.phase}, operator lost" if one.lost else str(state.phase), tone),
        Cell(f"{state.step + 1}/{len(state.steps)}"),
        Cell(percent(state.weight)),
        _holder(one),
        Cell(_age(state.begun, now)),
        Cell(state.id),
        Cell(state.reason),
    )


def _holder(one: Listed) -> Cell:
    if one.holder is None:
        return Cell("-", "dim")
    silent = f" (silent {human(one.holder.age)})" if one.holder.expired else ""
    return Cell(one.holder.who + silent, "bad" if one.holder.expired else "plain")


def _unread(one: Listed) -> tuple[Cell, ...]:
    dash = Cell("-", "dim")
    return (
        Cell(title(one)),
        dash,
        Cell("not understood", "bad"),
        dash,
        dash,
        _holder(one),
        dash,
        dash,
        Cell(one.trouble),
    )


def _age(begun: str, now: float) -> str:
    try:
        return human(max(0.0, now - epoch(begun)))
    except ValueError:
        return "-"


def rollouts(found: Iterable[Listed]) -> list[Json]:
    """`canaries` of the document: keys as in `Canary`, as far as the state alone tells."""
    return [_entry(one, one.state) for one in found]


def lasting(found: Iterable[Json]) -> list[Json]:
    """Without what time alone changes."""
    return [{**one, "holder": {**one["holder"], "seconds": None} if one["holder"] else None} for one in found]


def _entry(one: Listed, state: State | None) -> Json:
    holder = one.holder
    ended = outcome(state, title(one), lost=one.lost)
    return {
        "name": one.target.rpartition("/")[2],
        "namespace": one.namespace,
        "target": title(one),
        "backend": state.backend if state else None,
        "id": state.id if state else None,
        "phase": str(state.phase) if state else None,
        "reason": state.reason if state else one.trouble,
        "cause": state.cause if state else "",
        "step": state.step + 1 if state else None,
        "steps": list(state.steps) if state else [],
        "weights": {"set": state.weight if state else None},
        "holder": {"name": holder.name, "seconds": holder.age, "expired": holder.expired} if holder else None,
        "lost": one.lost,
        "drift": list(state.drift) if state else [],
        "begun": (state.begun or None) if state else None,
        "since": (state.since or None) if state else None,
        "ended": (state.ended or None) if state else None,
        "next": f"k8sai {ended.next} -n {one.namespace}" if ended.next else "",
        "exit": int(ended.exit),
        "configMap": one.name,
    }


# --- history ----------------------------------------------------------------------------------------------------------


def history(lines: Iterable[Happened], now: float) -> Table:
    """The newest last, as it was written."""
    columns = (
        Column("AGO", "right"),
        Column("AT", wide=True),
        Column("BY", shrink=True),
        Column("VERB"),
        Column("WEIGHT"),
        Column("REASON", shrink=True),
    )
    return Table(columns, tuple(_line(i, one, now) for i, one in enumerate(lines)))


def _line(number: int, one: Happened, now: float) -> Row:
    moved = percent(one.after) if one.before == one.after else f"{one.before} → {percent(one.after)}"
    told = (_age(one.at, now), one.at, one.by, one.verb, moved, one.reason)
    return Row(str(number), tuple(Cell(text) for text in told))


def entries(lines: Iterable[Happened]) -> list[Json]:
    """`entries` of the document; weights are the canary's percent."""
    return [
        {"at": one.at, "by": one.by, "verb": one.verb, "reason": one.reason, "before": one.before, "after": one.after}
        for one in lines
    ]
