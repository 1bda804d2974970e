"""What a device selector reads of a device: devices that agree in it have the same answer, worked out once."""

import re
from collections.abc import Hashable
from functools import lru_cache
from typing import Any, Final

Json = dict[str, Any]
Read = tuple[str, str, str]  # attributes or capacity, domain, name

_TEXT: Final = r"""("[^"\\]*"|'[^'\\]*')"""
_PLAIN: Final = re.compile(rf"\bdevice\.(attributes|capacity)\[{_TEXT}\](?:\.(\w+)|\[{_TEXT}\])(?!\w|\s*\()")
_SIMPLE: Final = re.compile(r"\bdevice\.(driver|allowMultipleAllocations)\b")


@lru_cache(maxsize=512)
def reads(expression: str) -> tuple[Read, ...] | None:
    """The attributes and capacities it names; None where it does anything else with a device than read those."""
    found = {(kind, domain[1:-1], name or quoted[1:-1]) for kind, domain, name, quoted in _PLAIN.findall(expression)}
    rest = _SIMPLE.sub("", _PLAIN.sub("", expression))
    return None if "device" in rest else tuple(sorted(found))


def seen(wanted: tuple[Read, ...], driver: str, device: Json) -> Hashable:
    """What an expression with these reads can tell of a published device."""
    return (
        driver,
        bool(device.get("allowMultipleAllocations")),
        *(_value(device.get(kind) or {}, driver, domain, name) for kind, domain, name in wanted),
    )


def _value(table: Json, driver: str, domain: str, name: str) -> Hashable:
    """A name without a domain belongs to the driver's."""
    names = (f"{domain}/{name}", name) if domain == driver else (f"{domain}/{name}",)
    return tuple(_said(table[key]) for key in names if key in table)


def _said(value: Json) -> Hashable:
    """An attribute says its type and value; of a capacity only the amount is read."""
    return str(value["value"]) if "value" in value else tuple((kind, what) for kind, what in value.items())
