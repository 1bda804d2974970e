"""Macros of the rule language: `all`, `exists`, `exists_one`, `filter`, `map`, and those of optional values."""

from collections.abc import Callable, Iterator
from typing import Any

from lark import Tree

from k8sai.schema.cel_operators import no_overload
from k8sai.schema.cel_values import CelError, Maybe, Unsupported

Bindings = dict[str, Any]  # variables by name; "#" holds how many steps are left
Code = Callable[[Bindings], Any]
Compile = Callable[[Any], Code]
Macro = Callable[[Compile, Any, list[Tree[Any]]], Code]


def _variable(node: Any) -> str:
    while isinstance(node, Tree) and len(node.children) == 1:
        node = node.children[0]
    if isinstance(node, Tree):
        raise Unsupported("a macro's variable must be a name")
    return str(node)


def _each(at: Bindings, found: Any, name: str) -> Iterator[Bindings]:
    """The variables with each item of a list, or key of a map."""
    if not isinstance(found, list | dict):
        raise no_overload()
    for one in found:
        at["#"][0] -= 1
        if at["#"][0] < 0:
            raise Unsupported("it takes too many steps")
        yield {**at, name: one}


def _decided(deciding: bool) -> Macro:
    """`all` and `exists`: an item that decides does so even where others are errors."""

    def macro(compile_: Compile, on: Any, arguments: list[Tree[Any]]) -> Code:
        value, name, test = compile_(on), _variable(arguments[0]), compile_(arguments[1])

        def run(at: Bindings) -> bool:
            failed: CelError | None = None
            for inner in _each(at, value(at), name):
                try:
                    answer = test(inner)
                except CelError as error:
                    failed = failed or error
                    continue
                if not isinstance(answer, bool):
                    failed = failed or no_overload()
                elif answer is deciding:
                    return deciding
            if failed:
                raise failed
            return not deciding

        return run

    return macro


def _exists_one(compile_: Compile, on: Any, arguments: list[Tree[Any]]) -> Code:
    value, name, test = compile_(on), _variable(arguments[0]), compile_(arguments[1])
    return lambda at: sum(test(inner) is True for inner in _each(at, value(at), name)) == 1


def _filter(compile_: Compile, on: Any, arguments: list[Tree[Any]]) -> Code:
    value, name, test = compile_(on), _variable(arguments[0]), compile_(arguments[1])
    return lambda at: [inner[name] for inner in _each(at, value(at), name) if test(inner) is True]


def _map(compile_: Compile, on: Any, arguments: list[Tree[Any]]) -> Code:
    value, name, become = compile_(on), _variable(arguments[0]), compile_(arguments[-1])
    if len(arguments) == 2:
        return lambda at: [become(inner) for inner in _each(at, value(at), name)]
    test = compile_(arguments[1])
    return lambda at: [become(inner) for inner in _each(at, value(at), name) if test(inner) is True]


def _on_value(flat: bool) -> Macro:
    """`optMap` and `optFlatMap`."""

    def macro(compile_: Compile, on: Any, arguments: list[Tree[Any]]) -> Code:
        value, name, become = compile_(on), _variable(arguments[0]), compile_(arguments[1])

        def run(at: Bindings) -> Any:
            found = value(at)
            if not isinstance(found, Maybe):
                raise no_overload()
            if not found.there:
                return found
            made = become({**at, name: found.value})
            return made if flat else Maybe(made, True)

        return run

    return macro


MACROS: dict[tuple[str, int], Macro] = {
    ("all", 2): _decided(False),
    ("exists", 2): _decided(True),
    ("exists_one", 2): _exists_one,
    ("existsOne", 2): _exists_one,
    ("filter", 2): _filter,
    ("map", 2): _map,
    ("map", 3): _map,
    ("optMap", 2): _on_value(flat=False),
    ("optFlatMap", 2): _on_value(flat=True),
}
