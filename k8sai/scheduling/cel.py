"""Device selectors: CEL expressions over `device`, as DeviceClasses and requests carry them."""

import re
from collections.abc import Hashable
from functools import lru_cache
from typing import Any

import celpy
from celpy import celtypes
from celpy.celparser import CELParseError
from celpy.evaluation import CELEvalError

from k8sai.quantity import whole
from k8sai.scheduling.cel_reads import reads, seen
from k8sai.scheduling.selectors import SelectorError

Json = dict[str, Any]
_MOST = 10_000  # answers kept of one expression; one that reads serial numbers has as many as there are devices


class _Domains(celtypes.MapType):
    """Attributes by domain: a domain nobody published is empty, not an error."""

    def __getitem__(self, key: Any) -> Any:
        return super().__getitem__(key) if key in self else celtypes.MapType({})


class _Version(celtypes.StringType):
    """A semantic version; ordered by its numbers, a pre-release before its release."""

    def order(self) -> tuple[tuple[int, ...], bool, str]:
        release, _, tail = str(self).lstrip("v").partition("-")
        return tuple(int(n) for n in re.findall(r"\d+", release)), not tail, tail


def _order(value: Any) -> Any:
    return value.order() if isinstance(value, _Version) else value


def _compare(left: Any, right: Any) -> celtypes.IntType:
    a, b = _order(left), _order(right)
    return celtypes.IntType((a > b) - (a < b))


_FUNCTIONS: dict[str, Any] = {
    "quantity": lambda text: celtypes.IntType(whole(str(text))),
    "semver": lambda text: _Version(text),
    "compareTo": _compare,
    "isGreaterThan": lambda a, b: celtypes.BoolType(_order(a) > _order(b)),
    "isLessThan": lambda a, b: celtypes.BoolType(_order(a) < _order(b)),
}


@lru_cache(maxsize=512)
def _program(expression: str) -> Any:
    environment = celpy.Environment()
    return environment.program(environment.compile(expression), functions=_FUNCTIONS)


def device_value(driver: str, device: Json) -> Any:
    """The `device` variable: driver, attributes and capacity by domain, allowMultipleAllocations."""
    attributes: dict[str, dict[str, Any]] = {}
    for name, value in (device.get("attributes") or {}).items():
        domain, short = _qualified(driver, name)
        attributes.setdefault(domain, {})[short] = _typed(value)
    capacity: dict[str, dict[str, Any]] = {}
    for name, value in (device.get("capacity") or {}).items():
        domain, short = _qualified(driver, name)
        capacity.setdefault(domain, {})[short] = celtypes.IntType(whole(value["value"]))
    return celtypes.MapType(
        {
            celtypes.StringType("driver"): celtypes.StringType(driver),
            celtypes.StringType("attributes"): _by_domain(attributes),
            celtypes.StringType("capacity"): _by_domain(capacity),
            celtypes.StringType("allowMultipleAllocations"): celtypes.BoolType(
                bool(device.get("allowMultipleAllocations"))
            ),
        }
    )


def _by_domain(values: dict[str, dict[str, Any]]) -> _Domains:
    return _Domains(
        {
            celtypes.StringType(domain): celtypes.MapType({celtypes.StringType(k): v for k, v in names.items()})
            for domain, names in values.items()
        }
    )


def _qualified(driver: str, name: str) -> tuple[str, str]:
    """A name without a domain belongs to the driver's."""
    domain, slash, short = name.partition("/")
    return (domain, short) if slash else (driver, name)


def _typed(value: Json) -> Any:
    if "int" in value:
        return celtypes.IntType(value["int"])
    if "bool" in value:
        return celtypes.BoolType(value["bool"])
    if "version" in value:
        return _Version(value["version"])
    return celtypes.StringType(value.get("string", ""))


@lru_cache(maxsize=512)
def _answers(expression: str) -> dict[Hashable, bool]:
    """What was worked out already, by what the expression read."""
    return {}


def matches(expression: str, driver: str, device: Json) -> bool:
    """Whether it accepts a published device. Raises SelectorError with kube-scheduler's words."""
    wanted = reads(expression)
    if wanted is None:
        return _evaluate(expression, device_value(driver, device))
    known, key = _answers(expression), seen(wanted, driver, device)
    answer = known.get(key)
    if answer is None:
        if len(known) >= _MOST:
            known.clear()
        answer = known[key] = _evaluate(expression, device_value(driver, device))
    return answer


def _evaluate(expression: str, device: Any) -> bool:
    try:
        result = _program(expression).evaluate({"device": device})
    except CELParseError as error:
        raise SelectorError(f"CEL compile error: {' '.join(str(error).split())}") from error
    except CELEvalError as error:
        raise SelectorError(f"CEL runtime error: {_reason(error)}") from error
    except Exception as error:  # a function applied to the wrong type surfaces as whatever Python made of it
        raise SelectorError(f"CEL runtime error: {error}") from error
    if not isinstance(result, celtypes.BoolType):
        raise SelectorError("CEL expression result is not a boolean")
    return bool(result)


def _reason(error: Any) -> str:
    what = str(error.args[0]) if error.args else "evaluation failed"
    absent = re.fullmatch(r"no such member in mapping: '(.*)'", what)
    if absent:
        return f"no such key: {absent.group(1)}"
    detail = error.args[2] if len(error.args) > 2 else ()
    return ": ".join([what, *(str(d) for d in detail)]) if isinstance(detail, tuple) else what
