"""What the API server adds to the rule language: lists, patterns, URLs, quantities, versions, addresses, formats.

Source: apiserver `pkg/cel/library`.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from typing import Any

from k8sai import quantity as quantities
from k8sai.schema import cel_addresses, structural_formats
from k8sai.schema.cel_addresses import checked_text
from k8sai.schema.cel_operators import add, compare, equal, is_number, no_overload, optional_index
from k8sai.schema.cel_values import CelError, Duration, Maybe
from k8sai.schema.structural_scalars import pattern

_VERSION = re.compile(
    r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)"
    r"(?:-((?:0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*)(?:\.(?:0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*))*))?(?:\+[0-9A-Za-z.-]+)?",
    re.A,
)
_LABEL, _SUBDOMAIN = "[a-z0-9]([-a-z0-9]*[a-z0-9])?", r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*"
_QUALIFIED = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"


@dataclass(frozen=True, slots=True, order=True)
class Quantity:
    """A Kubernetes quantity in base units."""

    amount: Decimal


@dataclass(frozen=True, slots=True)
class Semver:
    """A semantic version."""

    numbers: tuple[int, ...]
    before: str = ""

    def order(self) -> tuple[Any, ...]:
        """A release after its pre-releases, numbers before words."""
        parts = self.before.split(".") if self.before else []
        return self.numbers, not parts, [(not p.isdigit(), int(p) if p.isdigit() else 0, p) for p in parts]


@dataclass(frozen=True, slots=True)
class Format:
    """A named form of a text. `wrong` says what is wrong with one; empty where nothing is."""

    name: str
    wrong: Callable[[str], str]


def optional_field(value: Any, key: Any) -> Maybe:
    """`value.?key` and `value[?key]`."""
    return optional_index(value, key)


def text_of(value: Any) -> str | None:
    """`string(value)` of the types made here; None of others."""
    return str(value) if isinstance(value, cel_addresses.Address | cel_addresses.Network) else None


def _ordered(choose: int) -> Callable[[Any], Any]:
    def function(value: list[Any]) -> Any:
        if not isinstance(value, list):
            raise no_overload()
        if not value:
            raise CelError(f"{'max' if choose > 0 else 'min'} called on empty list")
        found = value[0]
        for one in value[1:]:
            found = one if compare(one, found) == choose else found
        return found

    return function


def _sum(value: list[Any]) -> Any:
    if not all(is_number(one) or isinstance(one, Duration) for one in value):
        raise no_overload()
    total: Any = 0
    for at, one in enumerate(value):
        total = add(total, one) if at else one
    return total


def _is_sorted(value: list[Any]) -> bool:
    return all(compare(left, right) <= 0 for left, right in pairwise(value))


def _includes(value: Any, item: Any) -> bool:
    return any(equal(one, item) for one in value) if isinstance(value, list) else equal(value, item)


def _find(text: str, expression: str) -> str:
    match = _compiled(text, expression).search(text)
    return str(match.group(0)) if match else ""


def _find_all(text: str, expression: str, most: int = -1) -> list[str]:
    found = [str(match.group(0)) for match in _compiled(text, expression).finditer(text)]
    return found if most < 0 else found[:most]


def _compiled(text: str, expression: str) -> Any:
    if not isinstance(text, str) or not isinstance(expression, str):
        raise no_overload()
    found = pattern(expression)
    if found is None:
        raise CelError(f"Illegal regex: {expression}")
    return found


def _quantity(text: str) -> Quantity:
    try:
        return Quantity(quantities.parse(checked_text(text)))
    except quantities.BadQuantity:
        raise CelError(
            "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
        ) from None


def _amount(value: Any) -> Decimal:
    return value.amount if isinstance(value, Quantity) else Decimal(value)


def _whole(value: Quantity) -> int:
    if not _is_whole(value):
        raise CelError("cannot convert value to integer")
    return int(value.amount)


def _is_whole(value: Quantity) -> bool:
    return value.amount == value.amount.to_integral_value() and abs(value.amount) < 1 << 63


def _semver(text: str, lenient: bool = False) -> Semver:
    plain = checked_text(text)
    if lenient:
        release, mark, rest = plain.removeprefix("v").partition("-")
        numbers = [str(int(one)) if one.isdigit() else one for one in release.split(".")]
        plain = ".".join([*numbers, *["0"] * (3 - len(numbers))]) + mark + rest
    match = _VERSION.fullmatch(plain)
    if match is None:
        raise CelError(f"semver parse error: {text}")
    return Semver(tuple(int(match[at]) for at in (1, 2, 3)), match[4] or "")


def _side(value: Any) -> Any:
    if isinstance(value, Quantity):
        return value
    if isinstance(value, Semver):
        return value.order()
    raise no_overload()


def _compare(left: Any, right: Any) -> int:
    if type(left) is not type(right):
        raise no_overload()
    one, two = _side(left), _side(right)
    return int(one > two) - int(one < two)


def _shaped(name: str, expression: str, most: int = 0) -> Format:
    compiled = re.compile(expression)

    def wrong(text: str) -> str:
        if most and len(text) > most:
            return f"must be no more than {most} bytes"
        return "" if compiled.fullmatch(text) else f"{name}: must match {expression}"

    return Format(name, wrong)


def _checked(name: str, holds: Callable[[str], bool]) -> Format:
    return Format(name, lambda text: "" if holds(text) else f"does not match the {name} format")


def _validate(form: Format, text: str) -> Maybe:
    wrong = form.wrong(checked_text(text))
    return Maybe([wrong], True) if wrong else Maybe()


def _constant(value: Any) -> Callable[[], Any]:
    return lambda: value


_FORMATS = {
    "dns1123Label": _shaped("DNS1123Label", _LABEL, 63),
    "dns1123Subdomain": _shaped("DNS1123Subdomain", _SUBDOMAIN, 253),
    "dns1035Label": _shaped("DNS1035Label", "[a-z]([-a-z0-9]*[a-z0-9])?", 63),
    "qualifiedName": _shaped("QualifiedName", f"({_SUBDOMAIN}/)?{_QUALIFIED}", 317),
    "dns1123LabelPrefix": _shaped("DNS1123LabelPrefix", "[a-z0-9]([-a-z0-9]*)?", 63),
    "dns1123SubdomainPrefix": _shaped("DNS1123SubdomainPrefix", f"{_SUBDOMAIN}[-.]?", 253),
    "dns1035LabelPrefix": _shaped("DNS1035LabelPrefix", "[a-z]([-a-z0-9]*)?", 63),
    "labelValue": _shaped("LabelValue", f"({_QUALIFIED})?", 63),
    "uri": _checked("uri", structural_formats.is_uri),
    "uuid": _checked("uuid", lambda text: structural_formats.holds("uuid", text)),
    "byte": _checked("byte", structural_formats.is_base64),
    "date": _checked("date", structural_formats.is_date),
    "datetime": _checked("datetime", structural_formats.is_datetime),
}

METHODS: dict[str, Callable[..., Any]] = {
    **cel_addresses.METHODS,
    "add": lambda left, right: Quantity(left.amount + _amount(right)),
    "asApproximateFloat": lambda value: float(value.amount),
    "asInteger": _whole,
    "compareTo": _compare,
    "find": _find,
    "findAll": _find_all,
    "includes": _includes,
    "isGreaterThan": lambda left, right: _compare(left, right) > 0,
    "isInteger": _is_whole,
    "isLessThan": lambda left, right: _compare(left, right) < 0,
    "isSorted": _is_sorted,
    "major": lambda version: version.numbers[0],
    "max": _ordered(1),
    "min": _ordered(-1),
    "minor": lambda version: version.numbers[1],
    "patch": lambda version: version.numbers[2],
    "sign": lambda value: int(value.amount > 0) - int(value.amount < 0),
    "sub": lambda left, right: Quantity(left.amount - _amount(right)),
    "sum": _sum,
    "validate": _validate,
}
FUNCTIONS: dict[str, Callable[..., Any]] = {
    **cel_addresses.FUNCTIONS,
    "format.named": lambda name: Maybe(_FORMATS[name], True) if name in _FORMATS else Maybe(),
    "isQuantity": cel_addresses.attempt(_quantity),
    "isSemver": cel_addresses.attempt(_semver),
    "quantity": _quantity,
    "semver": _semver,
    **{f"format.{name}": _constant(found) for name, found in _FORMATS.items()},
}
