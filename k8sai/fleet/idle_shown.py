"""What `--by idle` shows: who holds cards that do nothing, since when, and what that costs."""

from collections.abc import Iterable

from k8sai.ages import human
from k8sai.cluster.sources import METERS
from k8sai.fleet.evidence import DOUBTS
from k8sai.fleet.idle import Held, Idleness, IdleTotal
from k8sai.fleet.picture import Picture
from k8sai.fleet.tables import age, amount, percent
from k8sai.view import Cell, Column, Row, Table, Tree

_MUCH = 1.0  # hours: what somebody wasted that much of is bad


def table(rows: Iterable[Held], picture: Picture) -> Table:
    """A line per pod with idle cards, the most wasted hours first. What it costs is there where prices are known."""
    rows = tuple(rows)
    priced = any(one.cost is not None for one in rows)
    columns = (
        Column("NAMESPACE", shrink=True),
        Column("POD", shrink=True),
        Column("IDLE"),
        Column("FOR", "right"),
        Column("MAX", "right"),
        Column("MEMORY", "right"),
        Column("GPU-HOURS", "right"),
        *((Column("COST", "right"),) if priced else ()),
        Column("HELD", "right"),
        Column("NODE", shrink=True),
        Column("OWNER", wide=True),
        Column("QUEUE", wide=True),
        Column("PRODUCT", wide=True),
        Column("UNKNOWN", "right", wide=True),
    )
    at = picture.idle.at if picture.idle is not None else 0.0

    def row(one: Held) -> Row:
        cells = (
            Cell(one.namespace),
            Cell(one.pod),
            Cell(f"{amount(one.idle)} of {amount(one.cards)}", "warn"),
            Cell(_for(one, at)),
            Cell(percent(one.peak)),
            Cell("–" if one.memory is None else f"{one.memory / 1024:.1f}GiB"),
            Cell(f"{one.gpu_hours:.2f}", "bad" if one.gpu_hours >= _MUCH else "plain"),
            *((Cell("–" if one.cost is None else f"{one.cost:.2f}"),) if priced else ()),
            Cell(age(one.since, picture.at), "dim"),
            Cell(one.node),
            Cell(one.owner),
            Cell(one.queue),
            Cell(one.product.removeprefix("NVIDIA-")),
            Cell(amount(one.unknown), "plain" if one.unknown else "dim"),
        )
        return Row(f"{one.namespace}/{one.pod}", cells)

    return Table(columns, tuple(map(row, rows)), "idle pods", named=2)


def _for(one: Held, at: float) -> str:
    """ "15m", or "15m+" where nobody looked before."""
    if one.idle_since is None:
        return ""
    return human(max(0.0, at - one.idle_since)) + ("+" if one.longer else "")


def summary(picture: Picture) -> Tree | None:
    """The sums in one line, with the rule and the source they rest on; None where no meter showed anything."""
    idle = picture.idle
    return None if idle is None else Tree(Cell(f"{picture.context}: {sentence(idle)}"))


def sentence(idle: Idleness) -> str:
    """ "3 of 20 held cards idle (…), 0.75 GPU-hours, 2.18 EUR; 12 busy; 5 unknown: 5 held for less than the window"."""
    total = idle.total()
    held = amount(round(total.idle + total.busy + total.unknown, 2))
    rule = f"below {idle.rule.below * 100:g}% for {human(idle.rule.window)}"
    said = f"{amount(round(total.idle, 2))} of {held} held cards idle ({rule}, says {idle.source or 'the meter'})"
    if total.idle:
        said += f", {total.gpu_hours:.2f} GPU-hours{_money(total, idle.currency)}"
    said += f"; {amount(round(total.busy, 2))} busy"
    if total.unknown:
        why = ", ".join(f"{amount(round(cards, 2))} {DOUBTS[doubt]}" for doubt, cards in total.why)
        said += f"; {amount(round(total.unknown, 2))} unknown: {why}"
    return said


def _money(total: IdleTotal, currency: str) -> str:
    if total.cost is None:
        return ""
    said = f", {total.cost:.2f} {currency}".rstrip()
    return said if total.priced else f"{said} and what has no price"


def nothing(picture: Picture) -> str:
    """Why nobody can say who is idle; empty where somebody can."""
    if picture.idle is not None:
        return ""
    meter = next((source for source in picture.sources if source.kind in METERS), None)
    if meter is None:
        return "no meter was asked"
    if meter.state == "once":
        return "one look tells how busy a card is, not that it is idle"
    return meter.message or "no reading yet"
