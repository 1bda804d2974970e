"""What a person reads: where the pods go, what is short, which change would do; stranded GPUs and sizes."""

from collections.abc import Iterable

from k8sai.fit.answer import Answer, Change
from k8sai.fit.say import sentence
from k8sai.fit.short import amounts
from k8sai.fit.sizes import SIZES, Size
from k8sai.fit.stranded import Block
from k8sai.fleet.tables import amount
from k8sai.view import Cell, Column, Page, Row, Table, Tone, Tree

_MOST = 12  # nodes of a list that `-o wide` shows whole
_MOST_CHANGES = 3


def page(answer: Answer, *, wide: bool = False, guessed: bool = False) -> Page:
    """The sentence, then where, then what is short, then what would do."""
    tone: Tone = "bad" if not answer.fits else "warn" if guessed else "good"
    parts: list[Table | Tree] = [Tree(Cell(sentence(answer, guessed=guessed), tone))]
    if answer.placements:
        parts.append(_placements(answer, wide=wide))
    if answer.domains and not answer.fits:
        parts.append(_domains(answer, wide=wide))
    if answer.shorts:
        parts.append(_shorts(answer))
    if answer.barriers:
        parts.append(Tree(Cell("admission"), tuple(Tree(Cell(one.text, "bad")) for one in answer.barriers)))
    if answer.moved.placed or answer.moved.waiting or answer.moved.lost:
        parts.append(_moved(answer))
    if answer.changes:
        parts.append(_changes(answer))
    return Page(tuple(parts))


def _placements(answer: Answer, *, wide: bool) -> Table:
    columns = (
        Column("NODE", shrink=True),
        Column("PODS", "right"),
        Column("PRODUCT", shrink=True),
        Column("FREE AFTER", "right"),
        Column("ZONE", shrink=True),
        Column("CLIQUE", shrink=True),
    )
    shown = answer.placements if wide or len(answer.placements) <= _MOST + 1 else answer.placements[:_MOST]
    rows = [
        Row(
            one.node,
            (
                Cell(one.node),
                Cell(str(one.pods)),
                Cell(one.product.removeprefix("NVIDIA-")),
                Cell("" if one.free_after is None else str(one.free_after), "dim"),
                Cell(one.zone, "dim"),
                Cell(one.clique, "dim"),
            ),
        )
        for one in shown
    ]
    if len(shown) < len(answer.placements):
        rest = answer.placements[len(shown) :]
        more = (Cell(f"{len(rest)} more nodes", "dim"), Cell(str(sum(one.pods for one in rest)), "dim"))
        rows.append(Row("", (*more, Cell(""), Cell(""), Cell(""), Cell(""))))
    return Table(columns, tuple(rows), "placements")


def _domains(answer: Answer, *, wide: bool) -> Table:
    columns = (Column(answer.bounds.together.upper(), shrink=True), Column("NODES", "right"), Column("PODS", "right"))
    best = sorted(answer.domains, key=lambda one: (-one.pods, one.name))
    shown = best if wide else best[:_MOST]
    rows = (Row(one.name, (Cell(one.name or "none"), Cell(str(one.nodes)), Cell(str(one.pods)))) for one in shown)
    return Table(columns, tuple(rows), f"{answer.bounds.together}s")


def _shorts(answer: Answer) -> Table:
    columns = (
        Column("WHY NOT", shrink=True),
        Column("NODES", "right"),
        Column("MISSING", shrink=True),
        Column("NEAREST", shrink=True),
    )
    rows = (
        Row(
            short.reason,
            (
                Cell(short.reason, "dim" if short.code == "NoSuchResource" else "warn"),
                Cell(str(len(short.nodes))),
                Cell(amounts(short.missing)),
                Cell(short.nearest if short.code != "NoSuchResource" else "", "dim"),
            ),
        )
        for short in answer.shorts
    )
    return Table(columns, tuple(rows), "short")


def _moved(answer: Answer) -> Tree:
    moved = answer.moved
    said = [Tree(Cell(f"{pod} goes to {node}")) for pod, node in list(moved.placed.items())[:_MOST]]
    if len(moved.placed) > _MOST:
        said.append(Tree(Cell(f"{len(moved.placed) - _MOST} more find a place", "dim")))
    said += [Tree(Cell(f"{pod} finds no place and waits", "bad")) for pod in moved.waiting]
    said += [Tree(Cell(f"{pod} is lost: no controller starts it again", "bad")) for pod in moved.lost]
    return Tree(Cell("drained pods"), tuple(said))


def _changes(answer: Answer) -> Tree:
    """The smallest change first; a command where there is one to type."""
    said = [
        Tree(Cell(_change(change), "good" if not at else "plain"))
        for at, change in enumerate(answer.changes[:_MOST_CHANGES])
    ]
    return Tree(Cell("what would do, the smallest change first"), tuple(said))


def _change(change: Change) -> str:
    said = f"{change.text} ({change.flags})" if change.flags else change.text
    return f"{said}: {change.command}" if change.command else said


# --- stranded and sizes -----------------------------------------------------------------------------------------------


def stranded(blocks: Iterable[Block]) -> Table:
    """The nodes with stranded cards, the most first."""
    columns = (
        Column("NODE", shrink=True),
        Column("PRODUCT", shrink=True),
        Column("FREE", "right"),
        Column("STRANDED", "right"),
        Column("WHY", shrink=True),
    )
    return Table(columns, tuple(map(_block, blocks)), "stranded")


def _block(block: Block) -> Row:
    cells = (
        Cell(block.node),
        Cell(block.product.removeprefix("NVIDIA-")),
        Cell(amount(block.free)),
        Cell(amount(block.stranded), "warn"),
        Cell(block.why, "dim"),
    )
    return Row(block.node, cells)


def sizes(rows: Iterable[Size]) -> Table:
    """How many pods of 1, 2, 4 and 8 would start now, by product and resource."""
    columns = (
        Column("PRODUCT", shrink=True),
        Column("COUNTED AS", shrink=True),
        Column("FREE", "right"),
        Column("LARGEST", "right"),
        *(Column(f"OF {size}", "right") for size in SIZES),
        Column("RESOURCE", wide=True),
    )
    return Table(columns, tuple(map(_size, rows)), "sizes")


def _size(row: Size) -> Row:
    name = row.resource.rpartition("/")[2]
    counted = row.kind if name == "gpu" else f"DRA {row.kind}" if "/" not in row.resource else name
    cells = (
        Cell(row.product.removeprefix("NVIDIA-") or "unknown"),
        Cell(counted),
        Cell(amount(row.free)),
        Cell(amount(row.largest)),
        *(Cell(str(count), "good" if count else "dim") for count in row.pods),
        Cell(row.resource),
    )
    return Row(f"{row.product} {row.resource}", cells)
