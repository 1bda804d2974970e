"""Comments of a template: whose each is, so that it goes and moves with its owner."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import CommentMark
from ruamel.yaml.tokens import CommentToken

_ABOVE = 1  # where ruamel keeps the comments above an entry, of four places
_PLACES = 4


class _Entry(NamedTuple):
    """A key of a mapping or an item of a list, with where it stands."""

    line: int
    column: int
    node: Any
    key: Any


def owned(document: Any, source: Sequence[str]) -> Any:
    """The document with each comment on a line of its own kept at the entry below it. Changed in place.

    ruamel keeps such a comment at whatever stood above it, however deep inside: when that goes, the comment goes too.
    Comments beside data, and those below everything, stay. `source` are the lines of the text.
    """
    entries = sorted(_entries(document), key=lambda entry: entry.line)
    starts = [entry.line for entry in entries]
    for token in sorted(_unique(document), key=lambda token: token.start_mark.line):
        beside, lines, last = _parted(token, source)
        below = bisect_right(starts, last)
        if lines and below < len(entries):
            entry = entries[below]
            _kept(entry.node, entry.key)[_ABOVE] += [_token(line, entry.column) for line in lines]
            token.value = beside
    for node in _nodes(document):
        _sweep(node)
    return document


def headed(branch: Any, operator: CommentedMap, key: str) -> Any:
    """What came of an operator, with the comment that stands above it. Changed in place."""
    above = (operator.ca.items.get(key) or [None] * _PLACES)[_ABOVE]
    if above and isinstance(branch, CommentedMap | CommentedSeq) and len(branch):
        first = next(iter(branch)) if isinstance(branch, CommentedMap) else 0
        own = _kept(branch, first)
        own[_ABOVE] = [*above, *own[_ABOVE]]
    return branch


def lifted(items: CommentedSeq, index: int) -> None:
    """A comment above the first key of an item comes to stand above the item: the dash is on the key's line."""
    item = items[index]
    if isinstance(item, CommentedMap) and item and (first := item.ca.items.get(next(iter(item)))) and first[_ABOVE]:
        above, first[_ABOVE] = first[_ABOVE], None
        own = _kept(items, index)
        own[_ABOVE] += [_token(token.value, max(token.start_mark.column - 2, 0)) for token in above]


def outdented(node: Any, by: int) -> Any:
    """The branch of an `$if` with its comments `by` columns further left, where its data will be. Changed in place."""
    if by > 0:
        for token in _unique(node):
            token.start_mark = CommentMark(max(token.start_mark.column - by, 0))  # type: ignore[assignment]
    return node


def _parted(token: CommentToken, source: Sequence[str]) -> tuple[str, list[str], int]:
    """What of a comment is beside data, the lines of its own with blank ones before, and the number of the last."""
    line: int = token.start_mark.line
    beside, _, below = token.value.partition("\n")
    if source[line].lstrip().startswith("#"):
        lines = token.value.rstrip("\n").split("\n")
        lines = lines[1:] if lines[0] == "" else lines
        return "", lines, line + len([each for each in lines if each.strip()]) - 1
    lines = below.rstrip("\n").split("\n") if below.strip() else []
    return f"{beside}\n", lines, line + len(lines)


def _token(line: str, column: int) -> CommentToken:
    return CommentToken(f"{line.strip()}\n", CommentMark(column))


def _kept(node: CommentedMap | CommentedSeq, key: Any) -> list[Any]:
    """The places for the comments of an entry, with a list for those above."""
    places: list[Any] = node.ca.items.setdefault(key, [None] * _PLACES)
    places += [None] * (_PLACES - len(places))
    places[_ABOVE] = places[_ABOVE] or []
    return places


def _sweep(node: Any) -> None:
    """Takes away what has become empty: ruamel would write it as a line."""
    if node.ca.comment:
        node.ca.comment[:] = [_full(each) for each in node.ca.comment]
    for key, places in list(node.ca.items.items()):
        places[:] = [_full(each) for each in places]
        if not any(places):
            del node.ca.items[key]


def _full(kept: Any) -> Any:
    if isinstance(kept, list):
        return [each for each in kept if each.value] or None
    return kept if kept is not None and kept.value else None


def _nodes(node: Any) -> Iterator[Any]:
    """Every mapping and list of a tree, from outside."""
    stack = [node]
    while stack:
        each = stack.pop()
        if isinstance(each, CommentedMap | CommentedSeq):
            yield each
            stack += reversed(list(each.values()) if isinstance(each, CommentedMap) else each)


def _entries(document: Any) -> Iterator[_Entry]:
    for node in _nodes(document):
        if isinstance(node, CommentedMap):
            for key in node:
                line, column = node.lc.key(key)
                yield _Entry(line, column, node, key)
        else:
            for index in range(len(node)):
                line, column = node.lc.item(index)
                yield _Entry(line, column - 2, node, index)  # the dash stands before


def _unique(document: Any) -> Iterator[CommentToken]:
    """Every comment in a tree, once: two nodes may share one."""
    seen: set[int] = set()
    for node in list(_nodes(document)):
        stack = [node.ca.comment, *node.ca.items.values()]
        while stack:
            each = stack.pop()
            if isinstance(each, list):
                stack += each
            elif isinstance(each, CommentToken) and id(each) not in seen:
                seen.add(id(each))
                yield each
