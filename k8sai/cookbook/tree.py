"""A template rendered node by node: what is data stays as it was written, with its comments and in its order.

Only nodes with an expression are handed to JSON-e. Each error has the line and the column of its node.
"""

from collections.abc import Iterator, Mapping
from io import StringIO
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from k8sai.cookbook.anchors import refuse_anchors
from k8sai.cookbook.comments import headed, lifted, outdented, owned
from k8sai.cookbook.expressions import GONE, Unrenderable, evaluate, has_expression, is_operator, truth
from k8sai.cookbook.quoting import quoted
from k8sai.errors import Usage

_BRANCHES = {"$if", "then", "else"}
_WIDTH = 1 << 30  # characters: a text is never broken over lines
_DEEPEST = 60


def rendered(text: str, place: str, context: Mapping[str, Any]) -> str:
    """The template's text with every expression evaluated. Raises Usage with place, line and column."""
    documents: list[Any] = []
    source = text.splitlines()
    for document in read(text, place):
        owned(document, source)
        found = _Walk(place, context).node(document, 0, _start(document))
        if found is GONE or found is None:
            continue
        documents += found if isinstance(found, list) else [found]
    return written(documents)


def read(text: str, place: str) -> list[Any]:
    """The documents of a template with comments and places. Anchors are refused: they hide what goes where."""
    refuse_anchors(text, place)
    try:
        return list(_yaml().load_all(StringIO(text)))
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        at = f":{mark.line + 1}:{mark.column + 1}" if mark else ""
        raise Usage(f"{place}{at}: {' '.join(str(error.problem or error.context).split())}") from error
    except RecursionError as error:
        raise Usage(f"{place}: this goes too deep") from error
    except (YAMLError, ValueError) as error:
        raise Usage(f"{place}: {' '.join(str(error).split())}") from error


def written(documents: list[Any]) -> str:
    """Documents as text that every YAML reader reads alike."""
    yaml, parts = _yaml(), []
    for document in documents:
        stream = StringIO()
        yaml.dump(quoted(document), stream)
        parts.append(stream.getvalue())
    return "---\n".join(part if part.endswith("\n") else part + "\n" for part in parts)


def _yaml() -> YAML:
    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = _WIDTH
    yaml.allow_duplicate_keys = False
    return yaml


class _Walk:
    """One document."""

    def __init__(self, place: str, context: Mapping[str, Any]) -> None:
        self._place = place
        self._context = context

    def node(self, node: Any, depth: int, at: tuple[int, int]) -> Any:
        """What a node becomes; GONE where it is left out. Maps and lists are changed in place."""
        if depth > _DEEPEST:
            raise self._error("this goes too deep", at)
        if isinstance(node, CommentedMap):
            if is_operator(node):
                return self._operator(node, depth, at)
            return self._map(node, depth)
        if isinstance(node, CommentedSeq):
            return self._list(node, depth)
        if isinstance(node, str):
            return self._evaluated(str(node), at) if has_expression(node) else node
        if node is None or isinstance(node, bool | int | float):
            return node
        raise self._error(f"{node} is a time to some readers: put it in quotes", at)

    def _map(self, node: CommentedMap, depth: int) -> Any:
        for key in list(node):
            if not isinstance(key, str):
                raise self._error(f"the key {key!r} is not a text: put it in quotes", node.lc.key(key))
            value = self.node(node[key], depth + 1, node.lc.value(key))
            name = self._evaluated(key, node.lc.key(key)) if has_expression(key) else key
            name = name[1:] if name == key and key.startswith("$$") else name
            if value is GONE:
                del node[key]
                node.ca.items.pop(key, None)
            elif name == key:
                node[key] = value
            elif not isinstance(name, str) or name in node:
                raise self._error(
                    f"{key} becomes {name!r}, which is no key, or one that is there already", node.lc.key(key)
                )
            else:
                place = list(node).index(key)
                del node[key]
                node.insert(place, name, value)
                if key in node.ca.items:
                    node.ca.items[name] = node.ca.items.pop(key)
        return node

    def _list(self, node: CommentedSeq, depth: int) -> Any:
        gone = []
        for index in range(len(node)):
            value = self.node(node[index], depth + 1, node.lc.item(index))
            if value is GONE:
                gone.append(index)
            else:
                node[index] = value
                lifted(node, index)
        for index in reversed(gone):
            del node[index]
        return node

    def _operator(self, node: CommentedMap, depth: int, at: tuple[int, int]) -> Any:
        """`$if` is walked here, so that comments in its branches stay; the rest is JSON-e's."""
        if set(node) <= _BRANCHES and isinstance(node.get("$if"), str):
            try:
                branch = "then" if truth(node["$if"], self._context) else "else"
            except Unrenderable as error:
                raise self._error(str(error), node.lc.value("$if")) from error
            if branch not in node:
                return GONE
            written, place = node[branch], node.lc.value(branch)
            # A list stands below its key, not further right than it.
            column = at[1] - 2 if isinstance(written, CommentedSeq) else at[1]
            return headed(outdented(self.node(written, depth + 1, place), place[1] - column), node, "$if")
        return self._evaluated(plain(node), at)

    def _evaluated(self, tree: Any, at: tuple[int, int]) -> Any:
        try:
            return evaluate(tree, self._context)
        except Unrenderable as error:
            raise self._error(str(error), at) from error

    def _error(self, message: str, at: tuple[int, int]) -> Usage:
        return Usage(f"{self._place}:{at[0] + 1}:{at[1] + 1}: {message}")


def plain(node: Any) -> Any:
    """A tree without comments and places."""
    if isinstance(node, Mapping):
        return {str(key): plain(value) for key, value in node.items()}
    if isinstance(node, list):
        return [plain(item) for item in node]
    if isinstance(node, bool) or node is None:
        return node
    for sort in (str, int, float):
        if isinstance(node, sort):
            return sort(node)
    return node


def places(document: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], Any, int]]:
    """Every node of a document that was read, with its path and its line, from 1."""
    if isinstance(document, CommentedMap):
        for key, value in document.items():
            yield (*path, key), value, document.lc.key(key)[0] + 1
            yield from places(value, (*path, key))
    elif isinstance(document, CommentedSeq):
        for index, value in enumerate(document):
            yield (*path, index), value, document.lc.item(index)[0] + 1
            yield from places(value, (*path, index))


def _start(document: Any) -> tuple[int, int]:
    lc = getattr(document, "lc", None)
    return (lc.line, lc.col) if lc is not None else (0, 0)
