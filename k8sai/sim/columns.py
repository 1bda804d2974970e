"""Table cells of custom kinds: the additional printer columns of their definition.

Source: apiextensions-apiserver `pkg/registry/customresource/tableconvertor`.
"""

from typing import Any

from k8sai.ages import epoch
from k8sai.schema.problems import encoded, number
from k8sai.sim.cells_core import since
from k8sai.sim.json_paths import found
from k8sai.sim.objects import Obj, name_of


def heading(column: Obj) -> dict[str, Any]:
    """A column as a Table defines it."""
    path = column.get("jsonPath", "")
    return {
        "name": column.get("name", ""),
        "type": column.get("type", "string"),
        "format": column.get("format", ""),
        "priority": column.get("priority", 0),
        "text": column.get("description") or f"Custom resource definition column (in JSONPath format): {path}",
    }


def cells(columns: tuple[Obj, ...], obj: Obj, now: float) -> list[Any]:
    """The name, and the first value at the path of each column; None where there is none, or of another type."""
    return [name_of(obj), *(_cell(column, obj, now) for column in columns)]


def _cell(column: Obj, obj: Obj, now: float) -> Any:
    values = found(obj, str(column.get("jsonPath", "")))
    if not values:
        return None
    value = values[0]
    match column.get("type"):
        case "string":
            return _text(value)
        case "integer":
            return int(value) if _is_number(value) else None
        case "number":
            return float(value) if _is_number(value) else None
        case "boolean":
            return value if isinstance(value, bool) else None
        case "date":
            return _age(value, now) if isinstance(value, str) else None
    return None


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, float):
        return number(value)
    return "" if value is None else encoded(value)


def _age(value: str, now: float) -> str:
    try:
        epoch(value)
    except ValueError:
        return "<invalid>"
    return since(value, now)
