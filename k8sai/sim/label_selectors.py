"""Label selectors of requests, `app=web,tier in (a, b),!legacy`: read by the real grammar, refused in its words.

Source: apimachinery `pkg/labels/selector.go`.
"""

import re
from collections.abc import Callable, Mapping

from k8sai.sim import status
from k8sai.sim.naming import key_problems, value_problems

Labels = Mapping[str, str]
Test = Callable[[Labels], bool]

_TOKEN = re.compile(r"\s*(==|!=|[=!<>(),]|[^\s=!<>(),]+)")
_SIGNS = ("==", "!=", "=", "!", "<", ">", "(", ")", ",")
_OPERATORS = ("in", "notin", "=", "==", "!=", ">", "<")
_SAID = "in, notin, =, ==, !=, gt, lt"
_END = ""


def label_test(text: str) -> Test:
    """The selector as a test on labels. ApiFailure 400 where it cannot be read."""
    tests = _Parser(text).requirements()
    return lambda labels: all(test(labels) for test in tests)


class _Parser:
    """Tokens are words and signs; the end is the empty one. `in` and `notin` are words but after a key."""

    def __init__(self, text: str) -> None:
        self._tokens: list[str] = _TOKEN.findall(text)
        self._at = 0

    def _peek(self) -> str:
        return self._tokens[self._at] if self._at < len(self._tokens) else _END

    def _take(self) -> str:
        token = self._peek()
        self._at += 1
        return token

    def requirements(self) -> list[Test]:
        tests: list[Test] = []
        if self._peek() == _END:
            return tests
        if self._peek() != "!" and not _is_word(self._peek()):
            raise _unexpected(self._peek(), "!, identifier, or 'end of string'")
        while True:
            tests.append(self._requirement())
            token = self._take()
            if token == _END:
                return tests
            if token != ",":
                raise _unexpected(token, "',' or 'end of string'")
            if self._peek() != "!" and not _is_word(self._peek()):
                raise _unexpected(self._peek(), "identifier after ','")

    def _requirement(self) -> Test:
        negated = self._peek() == "!"
        if negated:
            self._take()
        key = self._word("identifier")
        problems = "; ".join(key_problems(key))
        if problems:
            raise _refused(f'<nil>: Invalid value: "{key}": {problems}')
        if negated:
            return lambda labels: key not in labels
        if self._peek() in (_END, ","):
            return lambda labels: key in labels
        operator = self._take()
        if operator not in _OPERATORS:
            raise _unexpected(operator, _SAID, within=True)
        values = self._values() if operator in ("in", "notin") else {self._value()}
        return _test(key, operator, values)

    def _value(self) -> str:
        """What is compared with; nothing at all is the empty value."""
        return "" if self._peek() in (_END, ",") else self._word("identifier")

    def _values(self) -> set[str]:
        """`(a, b)`; a comma with nothing beside it stands for the empty value."""
        token = self._take()
        if token != "(":
            raise _refused(f"found '{token}' expected: '('")
        if self._peek() not in (")", ",") and not _is_word(self._peek()):
            raise _unexpected(self._peek(), "',', ')' or identifier", within=True)
        values = set()
        while True:
            values.add("" if self._peek() in (",", ")") else self._word("',', or identifier"))
            token = self._take()
            if token == ")":
                return values
            if token != ",":
                raise _unexpected(token, "',' or ')'", within=True)

    def _word(self, expected: str) -> str:
        token = self._take()
        if not _is_word(token):
            raise _unexpected(token, expected, within=True)
        return token


def _is_word(token: str) -> bool:
    return token != _END and token not in _SIGNS


def _test(key: str, operator: str, values: set[str]) -> Test:
    for position, value in enumerate(sorted(values)):
        problems = "; ".join(value_problems(value))
        if problems:
            raise _refused(f'values[{position}][{key}]: Invalid value: "{value}": {problems}')
    if operator in (">", "<"):
        return _numeric(key, operator, next(iter(values)))
    if operator in ("!=", "notin"):
        return lambda labels: labels.get(key) not in values
    return lambda labels: labels.get(key) in values


def _numeric(key: str, operator: str, value: str) -> Test:
    if not _is_number(value):
        why = "for 'Gt', 'Lt' operators, the value must be an integer"
        raise _refused(f'values[0]: Invalid value: "{value}": {why}')
    bound = int(value)

    def test(labels: Labels) -> bool:
        here = labels.get(key, "")
        if not _is_number(here):
            return False
        return int(here) > bound if operator == ">" else int(here) < bound

    return test


def _is_number(text: str) -> bool:
    return re.fullmatch(r"[-+]?[0-9]+", text) is not None


def _refused(why: str) -> status.ApiFailure:
    return status.bad_request(f"unable to parse requirement: {why}")


def _unexpected(token: str, expected: str, *, within: bool = False) -> status.ApiFailure:
    """`within` a requirement; else between two."""
    text = f"found '{token}', expected: {expected}"
    return _refused(text) if within else status.bad_request(text)
