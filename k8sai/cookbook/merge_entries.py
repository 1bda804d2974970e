"""Three versions of a value become one: base, yours and the recipe's. Pure; the lines of yours stay as they are.

A key or item that only one side changed is as that side has it. What both changed alike is no conflict. Maps are merged
key by key, and lists item by item where the API does so. A value that both changed differently, and one that a side
changed and the other removed, is a conflict: all three are in the text, between marks.
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

from k8sai.cookbook.merge_marks import BASE, GONE, MIDDLE, RECIPE, Clash, Mark, marked
from k8sai.cookbook.merge_shape import item_keys, item_name, shape_within
from k8sai.cookbook.merge_tree import Block, Entry, as_block, comments, inner_column, shifted
from k8sai.schema.correlation import same
from k8sai.schema.lists import Shape


@dataclass(slots=True)
class Piece:
    """The lines of one entry, and its value if everywhere yours, or everywhere the recipe's side is taken."""

    lines: list[str]
    yours: Any = GONE
    recipe: Any = GONE


class Tangled(Exception):
    """The lines of these cannot be told apart: the whole value above them is one."""


def merged(
    base: Entry | None, yours: Entry | None, new: Entry | None, column: int, shape: Shape, path: str
) -> Piece | None:
    """The lines at this column, None where nothing is left. At least one of yours and new is there."""
    if yours is None:
        return _added(base, new, column, path)
    if new is None:
        if base is None:
            return _as_is(yours)
        return None if same(base.value, yours.value) else _conflict(base, yours, None, column, path)
    if base is not None:
        if yours.text == base.text:
            return _taken(new, column)
        if same(base.value, new.value):
            return _as_is(yours)
    if same(yours.value, new.value):
        return _as_is(yours)
    try:
        if within := _within(base, yours, new, shape, path):
            return within
    except Tangled:
        return _conflict(base, yours, new, column, path)
    if base is not None and same(base.value, yours.value):
        return _replaced(base, yours, new)
    return _conflict(base, yours, new, column, path)


def _as_is(yours: Entry) -> Piece:
    return Piece([*yours.lead, *yours.lines], yours.value, yours.value)


def _taken(new: Entry, column: int) -> Piece:
    return Piece(shifted(new.text, column), new.value, new.value)


def _added(base: Entry | None, new: Entry | None, column: int, path: str) -> Piece | None:
    """What is not in yours: new, or removed by you."""
    if new is None or (base is not None and same(base.value, new.value)):
        return None
    return _taken(new, column) if base is None else _conflict(base, None, new, column, path)


def _conflict(base: Entry | None, yours: Entry | None, new: Entry | None, column: int, path: str) -> Piece:
    def at(entry: Entry | None) -> list[str]:
        return shifted(entry.text, column) if entry else []

    def value(entry: Entry | None) -> Any:
        return entry.value if entry else GONE

    clash = Clash(path, value(base), value(yours), value(new))
    return Piece(marked(clash, at(base), at(yours), at(new)), value(yours), value(new))


def _replaced(base: Entry, yours: Entry, new: Entry) -> Piece:
    """The recipe's value among your comments."""
    ours, theirs = yours.lines, new.lines
    (line, left), (last, right) = yours.start, yours.end
    simple = line == last == new.start[0] == new.end[0] == 0 and theirs[0][new.start[1] : new.start[1] + 1] not in "|>"
    if simple and len(ours) == len(theirs) == 1:
        text = ours[0][:left] + theirs[0][new.start[1] : new.end[1]] + ours[0][right:]
        return Piece([*yours.lead, text], new.value, new.value)
    known = {*comments(base.lines), *comments(new.text)}
    own = [" " * yours.column + each for each in comments(ours) if each not in known]
    lead = yours.lead if yours.lead != base.lead else shifted(new.lead, yours.column - new.column)
    return Piece([*lead, *own, *shifted(new.lines, yours.column - new.column)], new.value, new.value)


def _within(base: Entry | None, yours: Entry, new: Entry, shape: Shape, path: str) -> Piece | None:
    """Entry by entry, where all that are there are maps, or lists whose items have keys."""
    there = [each for each in (base, yours, new) if each is not None]
    if shape.atomic or len({type(each.value) for each in there}) != 1:
        return None
    if not isinstance(yours.value, dict | list):
        return None
    if isinstance(yours.value, list) and any(item_keys(shape, each.value) is None for each in there):
        return None
    blocks = [as_block(each) if each else Block("map", 0) for each in (base, yours, new)]
    old, own, other = blocks
    if old is None or own is None or other is None:
        return None
    inside = _entries(old, own, other, shape, path)
    lines, yours_value, new_value = inside.lines, inside.yours, inside.recipe
    head = _head(yours, empty=not _has_content(lines))
    if (yours_value in ({}, []) or new_value in ({}, [])) and any(isinstance(line, Mark) for line in lines):
        raise Tangled  # one side would be left with nothing below its key
    if isinstance(yours.key, int):
        lines = _with_dash(lines, yours.column)
    return Piece([*yours.lead, *head, *lines], yours_value, new_value)


def _head(yours: Entry, *, empty: bool) -> list[str]:
    """The line of the key, above entries of their own."""
    if isinstance(yours.key, int) or yours.key is None:
        return [] if not empty else [" " * inner_column(yours) + ("{}" if isinstance(yours.value, dict) else "[]")]
    first = yours.lines[0]
    brackets = "{}" if isinstance(yours.value, dict) else "[]"
    if yours.block is not None:
        if not empty:
            return yours.lines[: yours.head]
        code, hash_, comment = first.partition(" #")
        return [f"{code.rstrip()} {brackets}{hash_}{comment}"]
    before = first[: yours.start[1]].rstrip()
    last = yours.lines[yours.end[0]][yours.end[1] :].rstrip()
    return [f"{before} {brackets}{last}" if empty else before + last]


def _entries(base: Block, yours: Block, new: Block, shape: Shape, path: str) -> Piece:
    is_map = yours.sort == "map"
    old, own, other = (_by_key(block, shape) for block in (base, yours, new))
    pieces: dict[Hashable, Piece | None] = {}
    for key in ordered(list(own), list(other)):
        before, mine, theirs = old.get(key), own.get(key), other.get(key)
        values = [each.value for each in (before, mine, theirs) if each]
        inner = shape_within(shape, key, values) if is_map else shape.item()
        where = (f"{path}.{key}" if path else str(key)) if is_map else f"{path}{item_name(shape, key)}"
        pieces[key] = merged(before, mine, theirs, yours.column, inner, where)
    lines = [line for piece in pieces.values() if piece for line in piece.lines]
    sides: list[Any] = []
    for side in ("yours", "recipe"):
        found = {key: value for key, piece in pieces.items() if piece and (value := getattr(piece, side)) is not GONE}
        sides.append(found if is_map else list(found.values()))
    return Piece([*lines, *yours.tail], *sides)


def _by_key(block: Block, shape: Shape) -> dict[Hashable, Entry]:
    if block.sort == "map":
        return {entry.key: entry for entry in block.entries}
    keys = item_keys(shape, [entry.value for entry in block.entries])
    if keys is None:
        raise Tangled
    return dict(zip(keys, block.entries, strict=True))


def ordered(yours: Sequence[Hashable], new: Sequence[Hashable]) -> list[Hashable]:
    """Your order; what only the recipe has comes after what it has before it there."""
    found = list(yours)
    for number, key in enumerate(new):
        if key not in found:
            before = next((each for each in reversed(new[:number]) if each in found), None)
            found.insert(found.index(before) + 1 if before is not None else 0, key)
    return found


def _with_dash(lines: list[str], column: int) -> list[str]:
    """The first key of an item after its dash; where that is in conflict, on each side of it."""
    first = next((at for at, line in enumerate(lines) if _is_content(line)), None)
    if first is None:
        raise Tangled
    if not isinstance(lines[first], Mark):
        return [*lines[:first], _dashed(lines[first], column), *lines[first + 1 :]]
    stops = [lines.index(mark, first) for mark in (BASE, MIDDLE, RECIPE)]
    found = list(lines)
    for start, stop in zip([first, *stops], stops, strict=False):
        at = next((at for at in range(start + 1, stop) if _is_content(lines[at])), None)
        if at is not None:
            found[at] = _dashed(lines[at], column)
        elif lines[start] != BASE:
            raise Tangled
    return found


def _dashed(line: str, column: int) -> str:
    if line[: column + 1].strip():
        raise Tangled
    return f"{line[:column]}-{line[column + 1 :]}"


def _is_content(line: str) -> bool:
    return bool(line.strip()) and not line.lstrip(" ").startswith("#")


def _has_content(lines: Sequence[str]) -> bool:
    return any(map(_is_content, lines))
