"""What `-o table` and `-o wide` show: totals, products, nodes with a glyph per card, groups, pods, waiting pods."""

from collections import Counter
from collections.abc import Iterable
from math import isnan

from k8sai.ages import epoch, human
from k8sai.fleet.answers import Holder, NodeRow, PodRow, Slot, State, Total
from k8sai.fleet.picture import Picture
from k8sai.view import Cell, Column, Note, Page, Row, Table, Tone, Tree

GLYPHS: dict[State, str] = {
    "held": "■",
    "free": "□",
    "reserved": "◊",
    "terminating": "▼",
    "leaked": "¤",
    "unhealthy": "×",
    "cordoned": "░",
    "unknown": "?",
}
PARTS = "▁▂▃▄▅"  # held in part, from little to nearly all: slices, time-shared replicas, fractions
_WORDS: dict[str, str] = {**{glyph: state for state, glyph in GLYPHS.items()}, "░": "free but blocked"}
_MOST_PENDING = 10  # in the overview; `--by pending` lists all
_MOST_SLOTS = 32  # of one node


def overview(picture: Picture, *, bars: bool = True) -> Page:
    """Totals, a line per product, a line per node, and the pods that wait; where nodes are named, the pods on them."""
    head = (totals(picture, dated=True), products(picture.products), nodes(picture.nodes, picture.at, bars=bars))
    if picture.scope.names:
        return Page((*head, pods(picture.pods, picture.at)))
    more = len(picture.pending) - _MOST_PENDING
    notes = (Note(f"{more} more pods wait for GPUs", "plain", "`k8sai top --by pending`"),) if more > 0 else ()
    return Page((*head, pods(picture.pending[:_MOST_PENDING], picture.at, waiting=True)), notes)


def totals(picture: Picture, *, dated: bool = False) -> Tree:
    """The cluster, or the nodes listed, in one line; `dated` says when that was."""
    sums = picture.totals
    listed = f"{len(picture.nodes)} of {picture.node_count} nodes of {picture.context}"
    whose = listed if picture.scope.narrows_nodes else picture.context
    blocked = f" ({amount(sums.blocked)} on cordoned or not-ready nodes)" if sums.blocked > 0 else ""
    said = [
        f"{amount(sums.capacity)} cards",
        f"{amount(sums.used)} used",
        f"{amount(sums.free)} free{blocked}",
        f"{amount(sums.unhealthy)} unhealthy",
    ]
    if sums.reserved > 0:
        said.append(f"{amount(sums.reserved)} reserved")
    if sums.terminating > 0:
        said.append(f"{amount(sums.terminating)} held by ending pods")
    said.append(f"{amount(sums.pending)} asked by waiting pods")
    when = f" at {picture.at}" if dated else ""
    return Tree(Cell(f"{whose}{when}: {', '.join(said)}"))


def products(rows: Iterable[Total]) -> Table:
    """Totals per product."""
    columns = (
        Column("PRODUCT", shrink=True),
        Column("KIND"),
        Column("CARDS", "right"),
        Column("USED", "right"),
        Column("FREE", "right"),
        Column("BLOCKED", "right"),
        Column("UNHEALTHY", "right"),
        Column("PENDING", "right"),
        Column("NODES", "right", wide=True),
        Column("RESOURCE", wide=True),
    )
    return Table(columns, tuple(_product(total) for total in rows), "products")


def _product(total: Total) -> Row:
    sums = total.figures
    cells = (
        Cell(product_name(total)),
        Cell(counted_as(total)),
        Cell(amount(sums.capacity)),
        Cell(amount(sums.used)),
        Cell(amount(sums.free), _free_tone(sums.free - sums.blocked)),
        Cell(amount(sums.blocked), "warn" if sums.blocked > 0 else "dim"),
        Cell(amount(sums.unhealthy), "bad" if sums.unhealthy > 0 else "dim"),
        Cell(amount(sums.pending), "warn" if sums.pending > 0 else "dim"),
        Cell(str(total.nodes)),
        Cell(total.resource),
    )
    return Row(f"{total.name} {total.kind} {total.resource}", cells)


def product_name(total: Total) -> str:
    """The product as a column has room for it; demand that names none is met by any."""
    if not total.name:
        return "unknown" if total.nodes else "any product"
    return total.name.removeprefix("NVIDIA-")


def counted_as(total: Total) -> str:
    """What the scheduler counts, in a word: "card", "DRA card", "replica", "mig-1g.10gb"."""
    _, plugin, name = total.resource.partition("/")
    if not plugin:
        return f"DRA {total.kind}" if total.kind and total.resource else total.kind
    return total.kind if name == "gpu" else name


def nodes(rows: Iterable[NodeRow], at: str, *, bars: bool = True) -> Table:
    """A line per node; `bars` draws a glyph per card. Columns that matter less are further right.

    UTIL, how busy the cards are, is there where a meter tells it; what is held may be idle.
    """
    rows = tuple(rows)
    metered = any(node.utilization is not None for node in rows)
    columns = (
        Column("NODE", shrink=True),
        Column("PRODUCT", shrink=True),
        *((Column("CARDS"),) if bars else ()),
        Column("USED", "right"),
        Column("FREE", "right"),
        Column("STATUS", shrink=True),
        Column("HOLDERS", shrink=True),
        Column("LARGEST", "right"),
        Column("AGE", "right"),
        *((Column("UTIL", "right", wide=True),) if metered else ()),
        Column("UNHEALTHY", "right", wide=True),
        Column("ZONE", wide=True),
        Column("CLIQUE", wide=True),
        Column("RESOURCES", wide=True),
        Column("TAINTS", wide=True),
        Column("PODS", wide=True),
    )
    return Table(columns, tuple(_node(node, at, bars=bars, metered=metered) for node in rows), "nodes")


def _node(node: NodeRow, at: str, *, bars: bool, metered: bool) -> Row:
    sums = node.figures
    cells = (
        Cell(node.name),
        Cell(node.product.removeprefix("NVIDIA-")),
        *((Cell(bar(node.slots), "bad" if sums.unhealthy > 0 else "plain"),) if bars else ()),
        Cell(f"{amount(sums.used)}{'/' if bars else ' of '}{amount(sums.allocatable)}"),
        Cell(amount(sums.free), _free_tone(node.largest_free)),
        status(node),
        Cell(holders(node.holders)),
        Cell(amount(node.largest_free), _free_tone(node.largest_free)),
        Cell(age(node.created, at), "dim"),
        *((Cell(percent(node.utilization)),) if metered else ()),
        Cell(amount(sums.unhealthy), "bad" if sums.unhealthy > 0 else "dim"),
        Cell(node.zone),
        Cell(node.clique),
        Cell(",".join(f"{one.resource}={amount(one.allocatable)}" for one in node.resources)),
        Cell(",".join(node.taints)),
        Cell(",".join(f"{one.namespace}/{one.name}={amount(one.share)}" for one in node.holders if not one.nominated)),
    )
    return Row(node.name, cells)


def bar(slots: Iterable[Slot]) -> str:
    """One glyph per card."""
    glyphs = [_glyph(slot) for slot in slots]
    if len(glyphs) <= _MOST_SLOTS:
        return "".join(glyphs)
    return "".join(glyphs[: _MOST_SLOTS - 4]) + f"+{len(glyphs) - _MOST_SLOTS + 4}"


def _glyph(slot: Slot) -> str:
    if slot.state != "held" or slot.used >= 0.999:
        return GLYPHS[slot.state]
    return PARTS[max(0, min(len(PARTS) - 1, int(slot.used * len(PARTS))))]


def legend(rows: Iterable[NodeRow]) -> str:
    """The glyphs that these nodes show, in words."""
    seen = {glyph for node in rows for glyph in map(_glyph, node.slots)}
    said = [f"{glyph} {word}" for glyph, word in _WORDS.items() if glyph in seen]
    return ", ".join([*said, f"{PARTS[2]} held in part"] if seen & set(PARTS) else said)


def status(node: NodeRow) -> Cell:
    """Why the free cards of a node may not be what they seem, the worst first; "ok" where nothing is wrong."""
    said: list[str] = []
    tone: Tone = "good"
    if isnan(node.figures.capacity):
        return Cell("?", "dim")
    if node.gone:
        return Cell("gone", "bad")
    if not node.ready:
        said, tone = ["not ready"], "bad"
    if node.figures.unhealthy > 0:
        said, tone = [*said, f"{amount(node.figures.unhealthy)} unhealthy"], "bad"
    if not node.schedulable:
        said, tone = [*said, "cordoned"], "warn" if tone == "good" else tone
    if node.figures.reserved > 0:
        said = [*said, f"{amount(node.figures.reserved)} reserved"]
    if node.figures.terminating > 0:
        said, tone = [*said, f"{amount(node.figures.terminating)} ending"], "warn" if tone == "good" else tone
    return Cell(", ".join(said) or "ok", tone)


def holders(found: Iterable[Holder]) -> str:
    """Cards held per namespace, the most first: "team-a 6, team-b 1"."""
    shares: Counter[str] = Counter()
    for one in (one for one in found if not one.nominated):
        shares[one.namespace] += one.share  # type: ignore[assignment]  # shares may be fractions
    return ", ".join(f"{namespace} {amount(share)}" for namespace, share in shares.most_common())


def pods(rows: Iterable[PodRow], at: str, *, waiting: bool = False) -> Table:
    """Pods that hold GPUs, or with `waiting` pods that ask for them and why they do not run."""
    columns = (
        Column("NAMESPACE", shrink=True),
        Column("WAITING POD" if waiting else "POD", shrink=True),
        Column("ASKS" if waiting else "CARDS", "left" if waiting else "right"),
        Column("AGE", "right"),
        Column("REASON" if waiting else "NODE", shrink=True),
        Column("MESSAGE" if waiting else "STATUS", shrink=True),
        Column("OWNER", wide=True),
        Column("QUEUE", wide=True),
        Column("PRIORITY", "right", wide=True),
        Column("REQUESTS", wide=True),
    )
    title = "waiting pods" if waiting else "pods"
    return Table(columns, tuple(_pod(row, at, waiting=waiting) for row in rows), title, named=2)


def _pod(row: PodRow, at: str, *, waiting: bool) -> Row:
    if waiting:
        where, state = Cell(row.reason, "warn"), Cell(row.message)
    else:
        where = Cell(row.node or f"({row.nominated})")
        state = Cell("Terminating", "warn") if row.terminating else Cell(row.phase)
    cells = (
        Cell(row.namespace),
        Cell(row.name),
        Cell(asks(row) if waiting else amount(row.cards)),
        Cell(age(row.since, at), "dim"),
        where,
        state,
        Cell(row.owner),
        Cell(row.queue),
        Cell(str(row.priority)),
        Cell(",".join(f"{resource}={amount(count)}" for resource, count in row.requests)),
    )
    return Row(f"{row.namespace}/{row.name}", cells)


def asks(row: PodRow) -> str:
    """What a pod asks for in native units, "8 gpu": what that is in cards depends on where it will run."""
    return ", ".join(f"{amount(count)} {resource.rpartition('/')[2]}" for resource, count in row.requests)


def amount(cards: float) -> str:
    """Whole, or with two decimals where it is a share: "8", "0.14"; "?" where nothing is known."""
    if isnan(cards):
        return "?"
    return str(int(cards)) if cards == int(cards) else f"{cards:.2f}".rstrip("0").rstrip(".")


def cards(count: float) -> str:
    """ "1 card", "8 cards", "0.14 cards"."""
    return f"{amount(count)} card" + ("" if count == 1 else "s")


def percent(part: float | None) -> str:
    """ "43%"; a dash where nobody knows."""
    return "–" if part is None else f"{part:.0%}"


def _free_tone(usable: float) -> Tone:
    return "good" if usable > 0 else "bad" if usable < 0 else "dim"


def age(since: str, at: str) -> str:
    """From one RFC 3339 time to another as kubectl says it: "45s", "5m10s", "3h", "12d", "2y30d"; "" where unknown."""
    try:
        return human(max(0.0, epoch(at) - epoch(since)))
    except ValueError:
        return ""
