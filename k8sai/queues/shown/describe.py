"""`queue describe` as a page: the node itself, its sums, policies and checks, then who holds and who was evicted."""

from collections.abc import Iterator
from dataclasses import replace

from k8sai.ages import human
from k8sai.queues import words
from k8sai.queues.describe import CheckSeen, Description
from k8sai.queues.facts import ClusterQueue, Cohort, LocalQueue
from k8sai.queues.quota import Tree as Quotas
from k8sai.queues.shown.sums import levels, limit_words, most, negative
from k8sai.queues.shown.table import table, without_empty
from k8sai.queues.sums import Sum
from k8sai.view import Cell, Column, Page, Row, Table, Tree

_HOLDERS = 10
_EVICTIONS = 10
_INFINITE = 9223372036854775807


def page(found: Description, at: float, *, bars: bool = False, plain: bool = False) -> Page:
    """Parts without anything in them are left out."""
    depth = found.row.depth
    shown = tuple(replace(row, depth=row.depth - depth) for row in (found.row, *found.below))
    parts: list[Table | Tree] = [Tree(_title(found), tuple(map(Tree, _facts(found, at))))]
    parts.append(table(shown, at, bars=bars, plain=plain))
    if found.sums:
        title = f"What fits now{_of_queue(found)}, as a sum"
        parts.append(Tree(Cell(title, "dim"), tuple(_sum(found.tree, one) for one in found.sums)))
    if found.policies:
        said = tuple(Tree(Cell(f"{word}: {text}")) for word, text in found.policies)
        parts.append(Tree(Cell("Policies", "dim"), said))
    if found.checks:
        parts.append(Tree(Cell("Admission checks", "dim"), tuple(Tree(_check(one)) for one in found.checks)))
    if found.holders:
        parts.append(_holders(found, at))
    if found.evictions:
        parts.append(_evictions(found, at))
    return Page(tuple(parts))


def _of_queue(found: Description) -> str:
    return f" in ClusterQueue {found.row.owner.cluster_queue}" if isinstance(found.row.owner, LocalQueue) else ""


# --- the node itself --------------------------------------------------------------------------------------------------


def _title(found: Description) -> Cell:
    row = found.row
    kind = {"cq": "ClusterQueue", "lq": "LocalQueue", "cohort": "Cohort"}[row.kind]
    state = {True: "active", False: f"inactive: {row.reason}", None: ""}[row.active]
    if isinstance(row.owner, Cohort) and row.owner.implied:
        state = state or "only named: there is no object, so it has nothing of its own"
    return Cell(" · ".join(filter(None, [f"{kind} {row.name}", state])), "bad" if row.active is False else "plain")


def _facts(found: Description, at: float) -> Iterator[Cell]:
    row, owner = found.row, found.row.owner
    if row.message and row.reason != "Stopped":
        yield Cell(row.message, "bad")
    if found.stop is not None and found.stop.policy != "None":
        stop = found.stop
        begin = " ".join(filter(None, [f"stopped ({stop.policy})", stop.at, f"by {stop.by}" if stop.by else ""]))
        yield Cell(begin + (f": {stop.reason}" if stop.reason else ", no reason was given"), "bad")
    if isinstance(owner, LocalQueue):
        yield from _door(found, owner)
    elif found.path:
        yield Cell(f"in cohort {' → '.join(found.path)}")
    if isinstance(owner, ClusterQueue) and not owner.cohort:
        yield Cell("in no cohort: nothing to borrow, nobody to lend to")
    yield from _waiting(found, at)
    yield from _fair(found)
    for one in found.differences:
        was, now = words.apart(one.share.resource, one.status, one.workloads)
        yield Cell(
            f"{one.share.flavor} {words.short(one.share.resource)}: the status says {was} reserved, Workloads {now};"
            " it trails by about a second, so the Workloads count",
            "warn",
        )


def _door(found: Description, owner: LocalQueue) -> Iterator[Cell]:
    path = " → ".join((owner.cluster_queue, *found.path))
    yield Cell(f"leads to {path}")
    if found.admits is False:
        yield Cell(f"namespace {owner.namespace} is not let in by ClusterQueue {owner.cluster_queue}", "bad")
    if owner.consumed:
        used = ", ".join(f"{words.short(name)} {words.amount(name, value)}" for name, value in owner.consumed.items())
        yield Cell(f"used of late, as admission fair sharing counts it: {used}")


def _waiting(found: Description, at: float) -> Iterator[Cell]:
    counts = found.row.counts
    parked = f" ({counts.active} in line, {counts.parked} put aside until something changes)" if counts.parked else ""
    parts = [f"{counts.pending} pending{parked}"]
    if counts.out:
        parts.append(f"{counts.out} in no line")
    parts.append(f"{counts.reserving} with quota")
    if counts.reserving != counts.running:
        parts.append(f"{counts.running} admitted")
    if counts.oldest is not None:
        parts.append(f"the longest waits {human(max(0.0, at - counts.oldest))}")
    if found.row.gpus_wanted:
        parts.append(f"{found.row.gpus_wanted} GPUs asked for")
    yield Cell(", ".join(parts))
    head = found.row.blocked_head
    if head is not None:
        yield Cell(f"its quota has room for {head.title}, the first in line, which waits all the same", "bad")


def _fair(found: Description) -> Iterator[Cell]:
    row = found.row
    if row.weighted_share is not None:
        share = "∞" if row.weighted_share == _INFINITE else str(row.weighted_share)
        yield Cell(f"weighted share {share} (weight {row.owner.weight:g}): the largest goes last, and is evicted first")
    elif row.owner.weight != 1:
        yield Cell(f"weight {row.owner.weight:g}; fair sharing is off")


# --- the parts below --------------------------------------------------------------------------------------------------


def _sum(quotas: Quotas, one: Sum) -> Tree:
    """The line of the node, then of each cohort above it."""
    (_, first), *above = levels(one)
    what = f"{one.share.flavor} {words.short(one.share.resource)}"
    more = [Tree(Cell(f"cohort {node.name}: {text}")) for node, text in above]
    minus = negative(one)
    if minus:
        more.insert(0, Tree(Cell(minus, "bad")))
    tail = f"{most(quotas, one.node, one.share)}; what binds now: {limit_words(one.binding, one.share)}"
    more.append(Tree(Cell(tail, "dim")))
    return Tree(Cell(f"{what}: {first}", "bad" if one.available < 0 else "plain"), tuple(more))


def _check(one: CheckSeen) -> Cell:
    state = (
        "not there" if not one.there else {True: "active", False: "inactive", None: "not said to be active"}[one.active]
    )
    seen = ", ".join(f"{count} {word}" for word, count in sorted(one.states.items()))
    of = f" for {', '.join(one.flavors)}" if one.flavors else ""
    parts = [state, one.controller, one.message, seen and f"workloads: {seen}"]
    return Cell(f"{one.name}{of}: {', '.join(filter(None, parts))}", "plain" if one.active and one.there else "bad")


def _holders(found: Description, at: float) -> Table:
    several = found.row.kind == "cohort"
    gpus = any(one.gpus for one in found.holders)
    columns = (
        Column("HOLDER", shrink=True),
        Column("NAMESPACE", shrink=True),
        Column("USER", shrink=True),
        Column("GPUS" if gpus else "HOLDS", "right" if gpus else "left"),
        Column("FOR", "right"),
        Column("PRIORITY", "right"),
        Column("EVICTED BY", shrink=True),
        *((Column("CLUSTERQUEUE", shrink=True),) if several else ()),
        Column("NAME", wide=True),
    )
    lines = []
    for one in found.holders[:_HOLDERS]:
        held = " ".join(f"{words.short(name)}={words.amount(name, value)}" for name, value in one.amounts.items())
        title = one.workload.title if one.admitted else f"{one.workload.title} (checks run)"
        cells = [
            title,
            one.workload.namespace,
            one.user,
            str(one.gpus) if gpus else held,
            human(at - one.since) if one.since else "?",
            str(one.workload.priority),
            one.evicted_by,
            *((one.queue,) if several else ()),
            one.workload.name,
        ]
        lines.append(Row(one.workload.ref, tuple(map(Cell, cells))))
    return without_empty(Table(columns, tuple(lines)))


def _evictions(found: Description, at: float) -> Table:
    columns = (
        Column("EVICTED", shrink=True),
        Column("NAMESPACE", shrink=True),
        Column("AGO", "right"),
        Column("WHY"),
        Column("TIMES", "right"),
        Column("FOR", shrink=True),
    )
    lines = []
    for one in found.evictions[:_EVICTIONS]:
        what = one.what
        why = what.reason + (f" ({what.cause})" if what.cause else "")
        ago = human(at - what.at) if what.at else ""
        cells = (one.workload.title, one.workload.namespace, ago, why, str(what.count), what.by)
        lines.append(Row(one.workload.ref + why, tuple(map(Cell, cells))))
    return without_empty(Table(columns, tuple(lines)))
