"""A YAML document as blocks of lines: each key and each list item with its own lines, and the comments above it.

What is merged is text, so that nothing a person wrote is written anew: the structure only says which lines belong
together. Comments and empty lines above a key or item belong to it; deeper ones below it too.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import yaml

from k8sai.yaml_in import Loader
from k8sai.yaml_out import lines as written

_WHOLE = (yaml.AnchorToken, yaml.AliasToken, yaml.TagToken, yaml.DirectiveToken)


@dataclass(slots=True)
class Entry:
    """A key with its value, or an item of a list (its dash included), or a whole document.

    `block` is the value where it has lines of its own, from line `head` of `lines` on. An item's block is written as if
    the dash were a space. `start` and `end` are where the value is in `lines`, as line and column.
    """

    key: Any
    value: Any
    column: int
    lead: list[str]
    lines: list[str]
    block: "Block | None" = None
    head: int = 0
    start: tuple[int, int] = (0, 0)
    end: tuple[int, int] = (0, 0)
    in_line: bool = False  # `{…}` or `[…]` without comments in it

    @property
    def text(self) -> list[str]:
        """All lines, wherever it is indented."""
        return shifted([*self.lead, *self.lines], -self.column)


@dataclass(slots=True)
class Block:
    """A map or list in block style; `tail` are the comments after its last entry."""

    sort: Literal["map", "list"]
    column: int
    entries: list[Entry] = field(default_factory=list)
    tail: list[str] = field(default_factory=list)


def shifted(text: Sequence[str], by: int) -> list[str]:
    """The lines further to the right, or to the left as far as there are spaces."""
    if by >= 0:
        return [" " * by + line if line.strip() else line for line in text]
    return [line[min(-by, len(line) - len(line.lstrip(" "))) :] for line in text]


def document(text: Sequence[str], value: Any) -> Entry:
    """A document; its block is None where it cannot be taken apart: anchors, tags, `? key`, or no map at its top."""
    lines = list(text)
    whole = Entry(None, value, 0, [], lines)
    if isinstance(value, dict) and value:
        whole.block = _taken_apart(lines)
    return whole


def as_block(entry: Entry) -> Block | None:
    """The value as a block: its own, or where it is written in one line, as it would be in several."""
    if entry.block is not None or not entry.in_line:
        return entry.block
    if not entry.value:
        return Block("map" if isinstance(entry.value, dict) else "list", inner_column(entry))
    column = inner_column(entry)
    return _taken_apart([" " * column + line for line in written(entry.value)])


def inner_column(entry: Entry) -> int:
    """Where the entries of its value begin if they get lines of their own."""
    if entry.block is not None:
        return entry.block.column
    is_item = isinstance(entry.key, int)
    return entry.column + (2 if is_item or isinstance(entry.value, dict) else 0)


def _taken_apart(lines: list[str]) -> Block | None:
    text = "\n".join(lines) + "\n"
    if any(isinstance(token, _WHOLE) for token in yaml.scan(text, Loader=Loader)):
        return None
    loader = Loader(text)
    try:
        node = loader.get_single_node()
        if _is_flow(node):
            return None
        return _Reader(loader).block(node, lines, 0, len(lines))
    except _Unusual:
        return None
    finally:
        loader.dispose()


class _Unusual(Exception):
    """YAML that nobody writes by hand, such as `? key`."""


class _Reader:
    """Takes one document apart."""

    def __init__(self, loader: Any) -> None:
        self._loader = loader

    def block(self, node: Any, lines: list[str], low: int, high: int) -> Block:
        """The block whose entries are in these lines."""
        column = node.start_mark.column
        if isinstance(node, yaml.MappingNode):
            found = Block("map", column)
            parts = [(key.start_mark.line, key, value) for key, value in node.value]
        else:
            found = Block("list", column)
            starts = [at for at in range(low, high) if _has_dash(lines[at], column)]
            if len(starts) != len(node.value):
                raise _Unusual
            parts = [(at, None, item) for at, item in zip(starts, node.value, strict=True)]
        above = low
        for number, (at, key, value) in enumerate(parts):
            if key is not None and (key.start_mark.column != column or lines[at][:column].strip()):
                raise _Unusual
            after = parts[number + 1][0] if number + 1 < len(parts) else high
            end = self._owned(lines, self._end(value, at, lines), after, column)
            found.entries.append(self._entry(key, value, number, lines, (above, at, end), column))
            above = end
        found.tail = lines[above:high]
        return found

    def _entry(
        self, key: Any, node: Any, number: int, lines: list[str], at: tuple[int, int, int], column: int
    ) -> Entry:
        above, first, end = at
        name = number if key is None else self._loader.construct_object(key, deep=True)
        if key is not None and not isinstance(name, str):
            raise _Unusual
        entry = Entry(name, self._value(node), column, lines[above:first], lines[first:end])
        mark, close = node.start_mark, self._close(node, lines)
        entry.start = (mark.line - first, mark.column)
        entry.end = (close[0] - first, close[1])
        if _is_flow(node):
            inside = lines[mark.line : close[0]]
            entry.in_line = isinstance(entry.value, dict | list) and not any("#" in line for line in inside)
            return entry
        if key is not None:
            if mark.line > first:
                entry.block = self.block(node, lines, first + 1, end)
                entry.head = 1
        elif mark.line == first and not lines[first][column + 1 : mark.column].strip():
            spaced = lines[first][:column] + " " + lines[first][column + 1 :]
            entry.block = self.block(node, [*lines[:first], spaced, *lines[first + 1 :]], first, end)
        return entry

    def _value(self, node: Any) -> Any:
        return self._loader.construct_object(node, deep=True)

    def _end(self, node: Any, first: int, lines: list[str]) -> int:
        """The line after a value's last one."""
        return max(first, self._close(node, lines)[0]) + 1

    def _close(self, node: Any, lines: list[str]) -> tuple[int, int]:
        """Line and column where a value ends."""
        if isinstance(node, yaml.ScalarNode):
            return _scalar_close(node, lines)
        if _is_flow(node):
            return node.end_mark.line, node.end_mark.column
        last = node.value[-1]
        key, value = last if isinstance(last, tuple) else (None, last)
        close = self._close(value, lines)
        return max(close, (key.end_mark.line, key.end_mark.column)) if key is not None else close

    @staticmethod
    def _owned(lines: list[str], end: int, high: int, column: int) -> int:
        """How far an entry reaches: over the comments below it that are deeper than its key or dash."""
        for at in range(high - 1, end - 1, -1):
            line = lines[at]
            if line.lstrip(" ").startswith("#") and len(line) - len(line.lstrip(" ")) > column:
                return at + 1
        return end


def _is_flow(node: Any) -> bool:
    """Whether a value has no lines of its own: a scalar, `{…}`, `[…]`."""
    return isinstance(node, yaml.ScalarNode) or bool(node.flow_style) or not node.value


def _scalar_close(node: Any, lines: list[str]) -> tuple[int, int]:
    """A text in a block ends with its last line that is not empty, unless it is kept by `+`."""
    line, column = node.end_mark.line, node.end_mark.column
    if node.style not in ("|", ">"):
        return line, column
    if column == 0:
        line -= 1
    line = min(line, len(lines) - 1)
    header = lines[node.start_mark.line][node.start_mark.column :].split("#")[0]
    while "+" not in header and line > node.start_mark.line and not lines[line].strip():
        line -= 1
    return line, len(lines[line])


def _has_dash(line: str, column: int) -> bool:
    return line[column : column + 1] == "-" and not line[:column].strip() and line[column + 1 : column + 2] in ("", " ")


def comments(lines: Sequence[str]) -> Iterator[str]:
    """The lines that are nothing but a comment."""
    return (line.strip() for line in lines if line.lstrip().startswith("#"))
