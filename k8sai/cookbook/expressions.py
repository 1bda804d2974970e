"""JSON-e on one node: bounded, deterministic, and with errors that say what is wrong."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

Json = dict[str, Any]

GONE: Final = object()  # the expression says: leave the key, the item or the document out

_INSIDE = re.compile(r"(?<!\$)\$\{([^}]*)\}")
_LONGEST = 500  # characters of an expression
_MOST = 1_000  # numbers in a range
_SIZE = 200_000  # nodes of a result
_NOW = "1970-01-01T00:00:00.000Z"  # the same every time: what is rendered twice must be the same
_EXPRESSIONS = ("$eval", "$if")


class Unrenderable(Exception):
    """What is wrong with an expression, in words."""


def is_operator(node: Any) -> bool:
    """Whether a mapping is one of JSON-e's operators rather than data."""
    return isinstance(node, Mapping) and any(isinstance(key, str) and _operator(key) for key in node)


def has_expression(text: str) -> bool:
    """Whether a text has something to evaluate, or `$${` to make `${` of."""
    return "${" in text


def evaluate(node: Any, context: Mapping[str, Any]) -> Any:
    """What a plain tree renders to, or GONE. Raises Unrenderable."""
    import jsone

    for expression in _expressions(node):
        _acceptable(expression)
    try:
        found = jsone.render({"x": node}, {**context, **_FUNCTIONS, "now": _NOW})
    except Unrenderable:
        raise
    except jsone.JSONTemplateError as error:
        raise Unrenderable(_said(error, context)) from error
    except RecursionError as error:
        raise Unrenderable("this goes too deep") from error
    except Exception as error:  # its parser lets all kinds of errors out
        raise Unrenderable(f"this is no expression that can be read: {type(error).__name__}") from error
    result = found.get("x", GONE)
    _bounded(result)
    return result


def truth(expression: str, context: Mapping[str, Any]) -> bool:
    """Whether the condition of `$if` holds. Raises Unrenderable."""
    return evaluate({"$if": expression, "then": True, "else": False}, context) is True


def _operator(key: str) -> bool:
    return key.startswith("$") and not key.startswith(("$$", "${"))


def _range(*numbers: int) -> list[int]:
    try:
        found = range(*numbers)
    except (TypeError, ValueError) as error:
        raise Unrenderable(f"range: {error}") from error
    if len(found) > _MOST:
        raise Unrenderable(f"a range of {len(found):,} numbers is longer than the {_MOST:,} that are allowed")
    return list(found)


def _entries(mapping: Any) -> list[Json]:
    """A mapping as a list of `{key, value}`, so that `$map` can make list items of it."""
    if not isinstance(mapping, Mapping):
        raise Unrenderable("entries: this is not a mapping")
    return [{"key": key, "value": value} for key, value in mapping.items()]


_FUNCTIONS: Final = {"range": _range, "entries": _entries}  # beside JSON-e's own


def _expressions(node: Any) -> Iterator[str]:
    """Everything in a tree that is an expression, as text."""
    if isinstance(node, str):
        yield from _INSIDE.findall(node)
    elif isinstance(node, Mapping):
        for key, value in node.items():
            if isinstance(key, str):
                yield from _INSIDE.findall(key)
                inside = re.fullmatch(r"by\((.*)\)", key)
                if inside:
                    yield inside.group(1)
                if key in _EXPRESSIONS and isinstance(value, str):
                    yield value
            yield from _expressions(value)
    elif isinstance(node, list):
        for item in node:
            yield from _expressions(item)


def _acceptable(expression: str) -> None:
    if len(expression) > _LONGEST:
        raise Unrenderable(
            f"an expression of {len(expression)} characters is longer than the {_LONGEST} that are allowed"
        )
    if "**" in expression:
        raise Unrenderable("** is not allowed: a power may take hours")


def _bounded(tree: Any) -> None:
    """Not more than anybody would apply, however often one part is repeated."""
    left = _SIZE
    stack = [tree]
    while stack:
        node = stack.pop()
        left -= 1
        if left < 0:
            raise Unrenderable(f"this makes more than {_SIZE:,} values")
        if isinstance(node, Mapping):
            stack.extend(node.values())
        elif isinstance(node, list):
            stack.extend(node)


def _said(error: Exception, context: Mapping[str, Any]) -> str:
    """JSON-e's own words, with what was probably meant."""
    from k8sai.cookbook.words import meant

    text = " ".join(str(error).split())
    unknown = re.search(r"unknown context value (\w+)", text)
    if unknown:
        name = unknown.group(1)
        return f"there is no parameter {name}{meant(name, context)}"
    return re.sub(r"^(TemplateError|InterpreterError|SyntaxError)( at [^:]*)?: ", "", text)
