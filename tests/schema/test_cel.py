"""The language of validation rules: values, errors in the server's words, and what the server adds to it."""

from typing import Any

import pytest

from k8sai.schema.cel import Program, compiled
from k8sai.schema.cel_values import CelError, Duration, Maybe, Timestamp, Unsupported, value_of
from k8sai.schema.structural import Structural

SELF: dict[str, Any] = {"a": {"b": 1}, "list": [3, 1, 2], "name": "web-1", "none": None, "x__dash__y": 5}


def run(text: str, **more: Any) -> Any:
    program = compiled(text)
    assert isinstance(program, Program), program
    return program.run({"self": SELF, **more})


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("self.a.b == 1.0 && 1 < 1.5", True),
        ("self.name == 1", False),
        ("has(self.a.b) && !has(self.a.c)", True),
        ("self.a.c == 1 || true", True),
        ("false && self.a.c == 1", False),
        ("self.list.all(x, x > 0) && self.list.exists(x, x == 3)", True),
        ("self.list.exists_one(x, x > 2)", True),
        ("self.list.filter(x, x > 1).map(x, x * 2)", [6, 4]),
        ("[1, 2, 3].map(x, x > 1, x * 2)", [4, 6]),
        ("self.?z.orValue(7) + self.?a.?b.orValue(0)", 8),
        ("self[?'name'].hasValue()", True),
        ("optional.of(2).optMap(x, x + 1).value()", 3),
        ("size(self.list)-1", 2),
        ("-5 / 2 == -2 && -5 % 3 == -2", True),
        ("'a' in {'a': 1} && 2.0 in self.list", True),
        ("self.list.sum() + self.list.max() - self.list.min()", 8),
        ("[1, 2].isSorted() && [2, 1, 2].indexOf(2) == 0 && [2, 1, 2].lastIndexOf(2) == 2", True),
        ("self.name.find('[0-9]+') == '1' && 'a1b2'.findAll('[0-9]') == ['1', '2']", True),
        ("self.name.matches('^web') && self.name.split('-')[1] == '1'", True),
        ("'Ab'.lowerAscii() + 'c'.upperAscii() + ' d '.trim() + 'abc'.substring(1, 2)", "abCdb"),
        ("quantity('1Gi').compareTo(quantity('1024Mi')) == 0 && quantity('2').isGreaterThan(quantity('1500m'))", True),
        ("isQuantity('12x') || quantity('1.5').isInteger()", False),
        ("semver('1.2.0-rc.1').isLessThan(semver('1.2.0')) && semver('1.10.0').minor() == 10", True),
        ("isIP('::1') && ip('10.0.0.1').family() == 4 && cidr('10.0.0.0/8').containsIP('10.1.2.3')", True),
        ("cidr('10.0.0.0/8').containsCIDR('10.1.0.0/16') && !isCIDR('10.0.0.0')", True),
        ("url('https://a.b:80/c?d=e').getHost() == 'a.b:80' && url('https://a.b/c').getEscapedPath() == '/c'", True),
        ("!format.dns1123Label().validate('web-1').hasValue() && format.dns1123Label().validate('A').hasValue()", True),
        ("duration('90m') == duration('1h30m') && duration('90m').getMinutes() == 90", True),
        ("timestamp('2026-01-01T00:00:00Z') < timestamp('2026-01-01T00:00:00.5Z')", True),
        ("timestamp('2026-01-02T00:00:00Z') - timestamp('2026-01-01T00:00:00Z') == duration('24h')", True),
        ("type(self.a) == map && type(1) == int && type('') == string", True),
        ("sets.contains([1, 2], [1]) && sets.intersects([1], [1, 2]) && sets.equivalent([1, 1], [1])", True),
        ("int('5') + int(5.9)", 10),
        ("r'\\d' + '\\u00e4' + \"\\n\"", "\\dä\n"),
        ("self.none == null && self.x__dash__y == 5", True),
        ("true ? 'yes' : self.nowhere", "yes"),
    ],
)
def test_values(text: str, value: Any) -> None:
    assert run(text) == value


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("self.z == 1", "no such key: z"),
        ("has(self.z.y)", "no such key: z"),
        ("self.list[9]", "index out of bounds: 9"),
        ("1 / 0", "division by zero"),
        ("9223372036854775807 + 1", "integer overflow"),
        ("'a' + 1", "no such overload"),
        ("self.name ? 1 : 2", "no such overload"),
        ("self.list.all(x, x.y == 1)", "no such overload"),
        ("self.nowhere == 1 && self.later == 2", "no such key: nowhere"),
        ("int('x')", "type conversion error from 'string' to 'int'"),
        ("optional.none().value()", "optional.none() dereference"),
    ],
)
def test_errors(text: str, error: str) -> None:
    with pytest.raises(CelError) as caught:
        run(text)
    assert str(caught.value) == error


SLOW = "[0,1,2,3,4,5,6,7,8,9].all(a, " * 6 + "true" + ")" * 6


@pytest.mark.parametrize("text", ["self.unknown()", "1 +", "nowhere == 1", "Type{a: 1}", SLOW])
def test_what_is_not_known_or_takes_too_long_is_not_decided(text: str) -> None:
    program = compiled(text)
    if isinstance(program, Unsupported):
        return
    with pytest.raises(Unsupported):
        program.run({"self": SELF})


def test_values_follow_the_schema() -> None:
    schema = Structural(
        {
            "type": "object",
            "properties": {
                "x-y": {"type": "number"},
                "namespace": {"type": "string"},
                "at": {"type": "string", "format": "date-time"},
                "wait": {"type": "string", "format": "duration"},
                "open": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
                "map": {"type": "object", "additionalProperties": {"type": "integer"}},
                "set": {"type": "array", "x-kubernetes-list-type": "set", "items": {"type": "integer"}},
            },
        }
    )
    given = {"x-y": 1, "namespace": "n", "at": "1970-01-01T00:00:01Z", "wait": "1s", "open": {"a": 1}}
    found = value_of(schema, {**given, "map": {"a-b": 1}, "set": [2, 1], "unknown": 1})
    assert found == {
        "x__dash__y": 1.0,
        "__namespace__": "n",
        "namespace": "n",
        "at": Timestamp(10**9),
        "wait": Duration(10**9),
        "open": {},
        "map": {"a-b": 1},
        "set": [2, 1],
    }
    assert run("now.set == [1, 2]", now=found) is True
    assert run("before.hasValue()", before=Maybe()) is False
