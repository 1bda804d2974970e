"""What `snapshot show` and `snapshot diff` print."""

from collections.abc import Iterable

from k8sai.cluster.recording import Recorded
from k8sai.cluster.sources import Source
from k8sai.fleet.answers import Figures
from k8sai.fleet.picture import Picture
from k8sai.fleet.tables import amount, products, totals
from k8sai.snapshot.compare import Difference, GroupChange, NodeChange, PodChange, equal
from k8sai.view import Cell, Column, Page, Row, Table, Tone, Tree

_FIGURES = ("capacity", "allocatable", "used", "free", "blocked", "unhealthy", "reserved", "terminating", "pending")
_TONES: dict[str, Tone] = {
    "added": "good",
    "started": "good",
    "gone": "bad",
    "ended": "plain",
    "moved": "warn",
    "changed": "warn",
    "resized": "plain",
}


def shown(recorded: Recorded, picture: Picture) -> Page:
    """What is in a file: whose, when, how much of each kind, and the cards."""
    names = " (names are codes)" if recorded.redacted else ""
    version = f", Kubernetes {recorded.server_version}" if recorded.server_version else ""
    head = Tree(Cell(f"{recorded.context} at {recorded.at}{version}{names}"))
    kinds = [one for one in (*recorded.sources, *recorded.others) if one.state != "absent"]
    return Page((head, _kinds(kinds), totals(picture), products(picture.products)))


def _kinds(sources: Iterable[Source]) -> Table:
    columns = (Column("KIND"), Column("OBJECTS", "right"), Column("READ", shrink=True))
    return Table(columns, tuple(Row(one.kind, (Cell(one.kind), *_read(one))) for one in sources), "kinds")


def _read(source: Source) -> tuple[Cell, Cell]:
    if source.state != "once":
        return Cell("?", "dim"), Cell(source.state, "warn")
    return Cell(f"{source.count:,}"), Cell(f"only {source.namespace}" if source.namespace else "all", "dim")


def differences(difference: Difference) -> Page:
    """The sums first, then what became of nodes, namespaces and pods."""
    before, after = difference.before, difference.after
    said = f"from {before.context} at {before.at} to {after.context} at {after.at}"
    if not difference.differs:
        return Page((Tree(Cell(f"{said}: no GPU changed hands")),))
    parts: list[Table | Tree] = [Tree(Cell(said)), _sums(difference)]
    if difference.nodes:
        parts.append(_nodes(difference.nodes))
    if difference.namespaces:
        parts.append(_groups(difference.namespaces))
    if difference.pods:
        parts.append(_pods(difference.pods))
    return Page(tuple(parts))


def _sums(difference: Difference) -> Table:
    before, after = difference.before, difference.after
    figures: list[tuple[str, float, float]] = [
        (name, getattr(before.totals, name), getattr(after.totals, name)) for name in _FIGURES
    ]
    figures.append(("waiting pods", float(len(before.pending)), float(len(after.pending))))
    columns = (Column("FIGURE"), Column("BEFORE", "right"), Column("AFTER", "right"), Column("CHANGE", "right"))
    return Table(columns, tuple(_sum(*figure) for figure in figures if any(figure[1:])), "figures")


def _sum(name: str, before: float, after: float) -> Row:
    changed = not equal(before, after)
    return Row(name, (Cell(name), Cell(amount(before)), Cell(amount(after)), *_by(before, after, changed=changed)))


def _by(before: float, after: float, *, changed: bool) -> tuple[Cell]:
    sign = "+" if after > before else ""
    return (Cell(sign + amount(round(after - before, 6)), "warn") if changed else Cell("", "dim"),)


def _nodes(changes: Iterable[NodeChange]) -> Table:
    columns = (Column("NODE", shrink=True), Column("CHANGE"), Column("PRODUCT", shrink=True), Column("WHAT"))
    rows = (
        Row(
            one.name,
            (
                Cell(one.name),
                Cell(one.what, _TONES[one.what]),
                Cell(one.product.removeprefix("NVIDIA-")),
                Cell(", ".join(_field(*field) for field in one.fields)),
            ),
        )
        for one in changes
    )
    return Table(columns, tuple(rows), "nodes")


def _field(name: str, before: object, after: object) -> str:
    if name == "ready":
        return "ready again" if after else "not ready"
    if name == "schedulable":
        return "uncordoned" if after else "cordoned"
    if isinstance(before, float) and isinstance(after, float):
        return f"{name} {amount(before)} → {amount(after)}"
    return f"{name} {before or 'none'} → {after or 'none'}"


def _groups(changes: Iterable[GroupChange]) -> Table:
    columns = (Column("NAMESPACE", shrink=True), Column("USED"), Column("PENDING"), Column("ENDING"))
    rows = (
        Row(
            one.name,
            (Cell(one.name), *(_arrow(one.before, one.after, name) for name in ("used", "pending", "terminating"))),
        )
        for one in changes
    )
    return Table(columns, tuple(rows), "namespaces")


def _arrow(before: Figures, after: Figures, name: str) -> Cell:
    was, now = getattr(before, name), getattr(after, name)
    return Cell(amount(now), "dim") if equal(was, now) else Cell(f"{amount(was)} → {amount(now)}")


def _pods(changes: Iterable[PodChange]) -> Table:
    columns = (
        Column("NAMESPACE", shrink=True),
        Column("POD", shrink=True),
        Column("CHANGE"),
        Column("CARDS", "right"),
        Column("WHERE", shrink=True),
        Column("OWNER", wide=True),
    )
    return Table(columns, tuple(_pod(one) for one in changes), "pods")


def _pod(one: PodChange) -> Row:
    where = f"{one.before} → {one.after}" if one.what == "moved" else one.after or one.before
    cells = (
        Cell(one.namespace),
        Cell(one.name),
        Cell(one.what, _TONES[one.what]),
        Cell(amount(one.cards)),
        Cell(where),
        Cell(one.owner),
    )
    return Row(f"{one.namespace}/{one.name}", cells)
