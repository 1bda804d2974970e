"""The Common Expression Language of validation rules: cel-python reads a rule, and here it is made into a function.

    holds = compiled("self.replicas <= self.most")
    holds.run({"self": {"replicas": 1, "most": 2}})        # True

cel-python's own interpreter answers some errors with a value (`has` of something absent, comparisons of an int with a
double) and knows no optional values; the verdict on an object would differ from the server's.
"""

from collections.abc import Callable
from contextlib import suppress
from functools import lru_cache
from typing import Any

from celpy.celparser import CELParseError, CELParser
from lark import Token, Tree

from k8sai.schema import cel_operators as op
from k8sai.schema.cel_functions import FUNCTIONS, METHODS, NAMESPACES, TYPES
from k8sai.schema.cel_macros import MACROS, Bindings, Code
from k8sai.schema.cel_text import literal, plain
from k8sai.schema.cel_values import CelError, Maybe, Unsupported

_MOST_STEPS = 200_000
_BINARY: dict[str, Callable[[Any, Any], Any]] = {
    "relation_lt": lambda a, b: op.compare(a, b) < 0,
    "relation_le": lambda a, b: op.compare(a, b) <= 0,
    "relation_gt": lambda a, b: op.compare(a, b) > 0,
    "relation_ge": lambda a, b: op.compare(a, b) >= 0,
    "relation_eq": op.equal,
    "relation_ne": lambda a, b: not op.equal(a, b),
    "relation_in": lambda a, b: op.contains(b, a),
    "addition_add": op.add,
    "addition_sub": op.subtract,
    "multiplication_mul": op.multiply,
    "multiplication_div": op.divide,
    "multiplication_mod": op.remainder,
}


class Program:
    """A compiled expression."""

    def __init__(self, code: Code, names: frozenset[str]) -> None:
        self._code = code
        self.names = names  # the variables it reads

    def run(self, variables: dict[str, Any]) -> Any:
        """The value. Raises CelError as the server would, Unsupported where it takes too long."""
        try:
            return self._code({**variables, "#": [_MOST_STEPS]})
        except RecursionError:
            raise Unsupported("it nests too deep") from None


@lru_cache(maxsize=4096)
def compiled(text: str) -> Program | Unsupported:
    """The program of an expression, or why there is none."""
    try:
        tree = CELParser().parse(plain(text))
    except CELParseError as error:
        return Unsupported(f"it cannot be read: {' '.join(str(error).split())}")
    names: set[str] = set()
    try:
        code = _Compiler(names).code(tree)
    except (Unsupported, RecursionError) as error:
        return error if isinstance(error, Unsupported) else Unsupported("it nests too deep")
    return Program(code, frozenset(names))


class _Compiler:
    """Turns the nodes of a tree into functions of the variables."""

    def __init__(self, names: set[str]) -> None:
        self._names = names

    def code(self, node: Tree[Any] | Token) -> Code:
        """The function of a node."""
        while isinstance(node, Tree) and len(node.children) == 1 and node.data in _THROUGH:
            node = node.children[0]
        if isinstance(node, Token):
            return self._literal(node)
        return _KINDS[node.data](self, node)

    def choice(self, node: Tree[Any]) -> Code:
        """`test ? yes : no`."""
        test, yes, no = map(self.code, node.children)

        def run(at: Bindings) -> Any:
            return yes(at) if _boolean(test(at)) else no(at)

        return run

    def either(self, node: Tree[Any]) -> Code:
        """`a || b`."""
        return self.logical(node, True)

    def both(self, node: Tree[Any]) -> Code:
        """`a && b`."""
        return self.logical(node, False)

    def logical(self, node: Tree[Any], deciding: bool) -> Code:
        """One side decides even where the other one is an error."""
        left, right = map(self.code, node.children)

        def run(at: Bindings) -> Any:
            try:
                first = _boolean(left(at))
            except CelError as error:
                with suppress(CelError):
                    if _boolean(right(at)) is deciding:
                        return deciding
                raise error
            return deciding if first is deciding else _boolean(right(at))

        return run

    def operation(self, node: Tree[Any]) -> Code:
        """Comparisons and arithmetic."""
        if len(node.children) != 2:
            raise Unsupported(f"{node.data} is not understood")
        sided, right = node.children[0], self.code(node.children[1])
        left, operate = self.code(sided.children[0]), _BINARY[sided.data]
        return lambda at: operate(left(at), right(at))

    def unary(self, node: Tree[Any]) -> Code:
        """`!a` and `-a`."""
        value = self.code(node.children[1])
        if node.children[0].data == "unary_not":
            return lambda at: not _boolean(value(at))
        return lambda at: op.negate(value(at))

    def field(self, node: Tree[Any]) -> Code:
        """`a.b`."""
        value, name = self.code(node.children[0]), str(node.children[1])

        def run(at: Bindings) -> Any:
            found = value(at)
            if not isinstance(found, dict | Maybe):
                raise op.no_overload()
            return op.index(found, name)

        return run

    def method(self, node: Tree[Any]) -> Code:
        """`a.b(…)`: a macro, a function of a namespace, or a method."""
        name, arguments = str(node.children[1]), _arguments(node)
        on = _plain_name(node.children[0])
        if on in NAMESPACES:
            return self._called(f"{on}.{name}", arguments)
        macro = MACROS.get((name, len(arguments)))
        if macro is not None:
            return macro(self.code, node.children[0], arguments)
        function = METHODS.get(name)
        if function is None:
            raise Unsupported(f"the function {name}() is not known here")
        values = [self.code(node.children[0]), *map(self.code, arguments)]
        return _call(function, values)

    def function(self, node: Tree[Any]) -> Code:
        """`f(…)`."""
        name, arguments = str(node.children[0]), _arguments(node)
        if name == "has":
            return self._has(arguments[0])
        return self._called(name, arguments)

    def _called(self, name: str, arguments: list[Tree[Any]]) -> Code:
        function = FUNCTIONS.get(name)
        if function is None:
            raise Unsupported(f"the function {name}() is not known here")
        return _call(function, [self.code(one) for one in arguments])

    def _has(self, node: Tree[Any] | Token) -> Code:
        while isinstance(node, Tree) and node.data in _THROUGH and len(node.children) == 1:
            node = node.children[0]
        if not isinstance(node, Tree) or node.data != "member_dot":
            raise Unsupported("has() takes a field")
        value, name = self.code(node.children[0]), str(node.children[1])

        def run(at: Bindings) -> bool:
            found = value(at)
            if isinstance(found, Maybe):
                return op.optional_index(found, name).there
            if not isinstance(found, dict):
                raise op.no_overload()
            return name in found

        return run

    def index(self, node: Tree[Any]) -> Code:
        """`a[b]`."""
        value, key = map(self.code, node.children)
        return lambda at: op.index(value(at), key(at))

    def name(self, node: Tree[Any]) -> Code:
        """A variable, or the name of a type."""
        name = str(node.children[-1])
        self._names.add(name)
        if name in TYPES:
            found = TYPES[name]
            return lambda at: at.get(name, found)

        def run(at: Bindings) -> Any:
            try:
                return at[name]
            except KeyError:
                raise Unsupported(f"the variable {name} is not known here") from None

        return run

    def list(self, node: Tree[Any]) -> Code:
        """`[a, b]`."""
        items = [self.code(one) for one in (node.children[0].children if node.children else ())]
        return lambda at: [one(at) for one in items]

    def map(self, node: Tree[Any]) -> Code:
        """`{a: b}`."""
        parts = [self.code(one) for one in (node.children[0].children if node.children else ())]
        pairs = list(zip(parts[::2], parts[1::2], strict=True))
        return lambda at: {key(at): value(at) for key, value in pairs}

    def object(self, node: Tree[Any]) -> Code:
        """`Type{…}`."""
        raise Unsupported("objects cannot be made here")

    def _literal(self, token: Token) -> Code:
        value = literal(token)
        return lambda at: value


_KINDS: dict[str, Callable[[_Compiler, Tree[Any]], Code]] = {
    "expr": _Compiler.choice,
    "conditionalor": _Compiler.either,
    "conditionaland": _Compiler.both,
    "relation": _Compiler.operation,
    "addition": _Compiler.operation,
    "multiplication": _Compiler.operation,
    "unary": _Compiler.unary,
    "member_dot": _Compiler.field,
    "member_dot_arg": _Compiler.method,
    "member_index": _Compiler.index,
    "member_object": _Compiler.object,
    "ident_arg": _Compiler.function,
    "dot_ident_arg": _Compiler.function,
    "ident": _Compiler.name,
    "dot_ident": _Compiler.name,
    "list_lit": _Compiler.list,
    "map_lit": _Compiler.map,
}
_THROUGH = {"expr", "conditionalor", "conditionaland", "relation", "addition", "multiplication", "unary", "member"}
_THROUGH |= {"primary", "paren_expr", "literal", "exprlist"}


def _arguments(node: Tree[Any]) -> list[Tree[Any]]:
    last = node.children[-1]
    return list(last.children) if isinstance(last, Tree) and last.data == "exprlist" else []


def _plain_name(node: Tree[Any] | Token) -> str:
    """The name, where the expression is nothing but one."""
    while isinstance(node, Tree) and len(node.children) == 1:
        if node.data == "ident":
            return str(node.children[0])
        node = node.children[0]
    return ""


def _call(function: Callable[..., Any], values: list[Code]) -> Code:
    def run(at: Bindings) -> Any:
        given = [value(at) for value in values]
        at["#"][0] -= 1 + sum(len(one) for one in given if isinstance(one, str | list)) // 64
        if at["#"][0] < 0:
            raise Unsupported("it takes too many steps")
        try:
            return function(*given)
        except (TypeError, AttributeError):
            raise op.no_overload() from None

    return run


def _boolean(value: Any) -> bool:
    if not isinstance(value, bool):
        raise op.no_overload()
    return value
