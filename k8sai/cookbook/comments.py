"""Comments of a part of a template that comes to stand further left than it was written."""

from collections.abc import Iterator
from typing import Any

from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import CommentMark
from ruamel.yaml.tokens import CommentToken


def outdented(node: Any, by: int) -> Any:
    """The branch of an `$if` with its comments `by` columns further left, where its data will be. Changed in place."""
    if by > 0:
        seen: set[int] = set()
        for token in _tokens(node):
            if id(token) not in seen:
                seen.add(id(token))
                _move(token, by)
    return node


def _tokens(node: Any) -> Iterator[CommentToken]:
    """Every comment in a tree; one that two nodes share comes twice."""
    if not isinstance(node, CommentedMap | CommentedSeq):
        return
    stack = [node.ca.comment, *node.ca.items.values(), node.ca.end]
    while stack:
        each = stack.pop()
        if isinstance(each, list):
            stack += each
        elif isinstance(each, CommentToken):
            yield each
    for value in node.values() if isinstance(node, CommentedMap) else node:
        yield from _tokens(value)


def _move(token: CommentToken, by: int) -> None:
    """A token may hold lines: the first is at its column, those after it have their own spaces."""
    token.start_mark = CommentMark(max(token.start_mark.column - by, 0))  # type: ignore[assignment]
    first, *rest = token.value.split("\n")
    token.value = "\n".join([first, *(line[min(by, len(line) - len(line.lstrip(" "))) :] for line in rest)])
