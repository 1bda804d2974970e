"""Several clusters in one view: the sums over all of them, a line per cluster, one document for scripts.

A cluster that does not answer has a picture too: one in which nothing is known. It is named, its figures are unknown,
and the sums are of the others.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from math import isnan, nan
from typing import Final

from k8sai.cluster.sources import KINDS, Source
from k8sai.fleet.answers import Figures, Total
from k8sai.fleet.document import API_VERSION, Document, document, figures, heading, product
from k8sai.fleet.index import Fleet
from k8sai.fleet.picture import Picture, Scope, take
from k8sai.fleet.tables import amount
from k8sai.view import Cell, Column, Row, Table, Tone, Tree

_NEEDED: Final = ("nodes", "pods")  # without either nothing is known of a cluster
_READ: Final = ("once", "live", "retrying")


def silent(context: str, at: str, why: str, hint: str = "", scope: Scope | None = None) -> Picture:
    """The picture of a cluster that did not answer, and why."""
    sources = tuple(Source(kind, "failed", message=why, hint=hint) for kind in KINDS)
    return take(Fleet(), context=context, at=at, sources=sources, scope=_anything(scope))


def _anything(scope: Scope | None) -> Scope:
    """Without the names of nodes: none is known, and that is no mistake of the user."""
    return Scope() if scope is None else Scope(scope.nodes, scope.pods, scope.product)


def reason(picture: Picture) -> str:
    """Why nothing is known of the cluster; "" where something is."""
    needed = [source for source in picture.sources if source.kind in _NEEDED]
    if not needed or any(source.state in _READ for source in needed):
        return ""
    return needed[0].message or needed[0].state


# --- sums -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Sum:
    """Cards of all clusters that answered, `answered` of `asked`."""

    totals: Figures
    products: tuple[Total, ...]
    asked: int
    answered: int
    nodes: int


def summed(pictures: Sequence[Picture]) -> Sum:
    """Over all clusters. What one of them does not know is left out of a sum; what nobody knows is unknown."""
    products: dict[tuple[str, str, str], list[Total]] = {}
    for picture in pictures:
        for total in picture.products:
            products.setdefault((total.name, total.kind, total.resource), []).append(total)
    return Sum(
        totals=added([picture.totals for picture in pictures]),
        products=tuple(sorted(map(_merged, products.values()), key=lambda t: (-_known(t.figures.capacity), t.name))),
        asked=len(pictures),
        answered=sum(not reason(picture) for picture in pictures),
        nodes=sum(len(picture.nodes) for picture in pictures),
    )


def added(several: Sequence[Figures]) -> Figures:
    """Their sum; what is unknown in some of them is summed over the others."""
    sums = {}
    for name in Figures.__struct_fields__:
        known = [value for one in several if not isnan(value := getattr(one, name))]
        sums[name] = round(sum(known), 6) if known or not several else nan
    return Figures(**sums)


def _merged(totals: Sequence[Total]) -> Total:
    first = totals[0]
    return Total(
        first.name,
        added([total.figures for total in totals]),
        nodes=sum(total.nodes for total in totals),
        pods=sum(total.pods for total in totals),
        pending_pods=sum(total.pending_pods for total in totals),
        kind=first.kind,
        resource=first.resource,
    )


def _known(value: float) -> float:
    return 0.0 if isnan(value) else value


# --- the document -----------------------------------------------------------------------------------------------------


def view_list(pictures: Sequence[Picture], at: str) -> Document:
    """`GpuViewList`: a `GpuView` per cluster, and the sums of those that answered."""
    sums = summed(pictures)
    return {
        "apiVersion": API_VERSION,
        "kind": "GpuViewList",
        "at": at,
        "context": "",
        "complete": all(picture.complete for picture in pictures),
        "hidden": [gap for picture in pictures for gap in _hidden(picture)],
        "asked": sums.asked,
        "answered": sums.answered,
        "totals": figures(sums.totals),
        "products": [product(total) for total in sums.products],
        "items": [document(picture) for picture in pictures],
    }


def _hidden(picture: Picture) -> list[Document]:
    """What one cluster hides; of one that does not answer that is one thing, not every kind."""
    if why := reason(picture):
        return [{"context": picture.context, "what": "cluster", "why": why}]
    return [{"context": picture.context, **gap} for gap in heading("", picture)["hidden"]]


# --- tables -----------------------------------------------------------------------------------------------------------


def headline(pictures: Sequence[Picture], at: str) -> Tree:
    """All clusters in one line."""
    sums = summed(pictures)
    f = sums.totals
    whose = f"{sums.asked} clusters" if sums.answered == sums.asked else f"{sums.answered} of {sums.asked} clusters"
    said = [
        f"{amount(f.capacity)} cards",
        f"{amount(f.used)} used",
        f"{amount(f.free)} free",
        f"{amount(f.unhealthy)} unhealthy",
        f"{amount(f.pending)} asked by waiting pods",
    ]
    return Tree(Cell(f"{whose} at {at}: {', '.join(said)}"))


def clusters(pictures: Sequence[Picture], *, with_sum: bool = True) -> Table:
    """A line per cluster, and one for all of them."""
    columns = (
        Column("CLUSTER", shrink=True),
        Column("CARDS", "right"),
        Column("USED", "right"),
        Column("FREE", "right"),
        Column("BLOCKED", "right"),
        Column("UNHEALTHY", "right"),
        Column("PENDING", "right"),
        Column("NODES", "right"),
        Column("STATUS", shrink=True),
        Column("PRODUCTS", wide=True),
    )
    rows = [_cluster(picture) for picture in pictures]
    if with_sum and len(pictures) > 1:
        rows.append(_all(summed(pictures)))
    return Table(columns, tuple(rows), "clusters")


def _cluster(picture: Picture) -> Row:
    why = reason(picture)
    products = dict.fromkeys(total.name for total in picture.products if total.name)
    status, tone = status_of(picture)
    return Row(
        picture.context,
        (
            Cell(picture.context),
            *_figures(picture.totals),
            Cell("?" if why else str(len(picture.nodes))),
            Cell(status, tone),
            Cell(", ".join(products)),
        ),
    )


def status_of(picture: Picture) -> tuple[str, Tone]:
    """Whether the cluster answers, and what it hides."""
    if why := reason(picture):
        return f"not answering: {why}", "bad"
    if picture.hidden:
        return f"hidden: {', '.join(gap.what for gap in picture.hidden)}", "warn"
    return "ok", "good"


def _all(sums: Sum) -> Row:
    said = "" if sums.answered == sums.asked else f"{sums.answered} of {sums.asked} answered"
    return Row("", (Cell("all"), *_figures(sums.totals), Cell(str(sums.nodes)), Cell(said, "warn"), Cell("")))


def _figures(f: Figures) -> tuple[Cell, ...]:
    usable = f.free - f.blocked
    return (
        Cell(amount(f.capacity)),
        Cell(amount(f.used)),
        Cell(amount(f.free), "good" if usable > 0 else "bad" if usable < 0 else "dim"),
        Cell(amount(f.blocked), "warn" if f.blocked > 0 else "dim"),
        Cell(amount(f.unhealthy), "bad" if f.unhealthy > 0 else "dim"),
        Cell(amount(f.pending), "warn" if f.pending > 0 else "dim"),
    )


def joined(parts: Iterable[tuple[str, Table]]) -> Table:
    """The rows of several clusters' tables under one heading, each after its cluster's name.

    A column that only some of them have is empty in the others.
    """
    tables = list(parts)
    columns: dict[str, Column] = {}
    for _, table in sorted(tables, key=lambda part: -len(part[1].columns)):
        columns |= {column.title: column for column in table.columns if column.title not in columns}
    rows = tuple(
        Row(f"{context}/{row.key}", (Cell(context), *place(row)))
        for context, table in tables
        for place in (_placed(columns, table),)
        for row in table.rows
    )
    title = tables[0][1].title if tables else ""
    return Table((Column("CLUSTER", shrink=True), *columns.values()), rows, title)


def _placed(columns: Iterable[str], table: Table) -> "Callable[[Row], tuple[Cell, ...]]":
    at = {column.title: number for number, column in enumerate(table.columns)}
    places = [at.get(title) for title in columns]
    return lambda row: tuple(Cell("") if place is None else row.cells[place] for place in places)
