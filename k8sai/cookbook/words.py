"""Errors of JSON Schema in words to act on: where, what is there, what may be, and what was probably meant."""

import json
from collections.abc import Iterable
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jsonschema_rs import ValidationError

Json = dict[str, Any]

_LONGEST = 60  # characters of a value that are shown
_SORTS = {
    "string": "a text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "array": "a list",
    "object": "a mapping",
    "null": "null",
}


def said(error: "ValidationError", schema: Json) -> str:
    """One sentence about one error; `schema` is the whole one it comes from."""
    where = path(error.instance_path)
    at = f"{where}: " if where else ""
    part = _part(schema, error.schema_path)
    rule, wanted = (error.schema_path or [""])[-1], part
    instance: Any = error.instance
    value = shown(instance)
    match error.kind.name:
        case "required":
            return _missing(error, schema, where)
        case "additionalProperties":
            return _unknown(error, schema, where)
        case "type":
            return f"{at}{value} is not {sort(wanted)}"
        case "enum":
            return f"{at}{value} is none of {', '.join(shown(each) for each in wanted)}{meant(instance, wanted)}"
        case "const":
            return f"{at}{value} is not {shown(wanted)}"
        case "pattern":
            return f"{at}{value} is not of the form {wanted}"
        case "minimum":
            return f"{at}{value} is less than {wanted}"
        case "maximum":
            return f"{at}{value} is more than {wanted}"
        case "maxLength":
            return f"{at}{value} has {len(instance)} characters, more than {wanted}"
        case "minLength":
            return f"{at}{value} has fewer than {wanted} characters" if instance else f"{at}is empty"
        case "minItems":
            return f"{at}has {len(instance)} items, fewer than {wanted}"
        case "maxItems":
            return f"{at}has {len(instance)} items, more than {wanted}"
        case _:
            return f"{at}{error.message} ({rule})"


def path(steps: Iterable[str | int]) -> str:
    """`workers[0].name`."""
    text = ""
    for step in steps:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else str(step)
    return text


def shown(value: Any) -> str:
    """A value as the user wrote it, cut when it is long."""
    text = value if isinstance(value, str) and value else json.dumps(value, ensure_ascii=False)
    text = " ".join(text.split()) or '""'
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def sort(wanted: Any) -> str:
    """`a whole number`, `a text or null`."""
    names = wanted if isinstance(wanted, list) else [wanted]
    return " or ".join(_SORTS.get(str(name), str(name)) for name in names)


def meant(word: Any, known: Iterable[Any]) -> str:
    """`; did you mean gpus?`, or nothing."""
    close = get_close_matches(str(word), [str(each) for each in known], 1)
    return f"; did you mean {close[0]}?" if close else ""


def _missing(error: "ValidationError", schema: Json, where: str) -> str:
    name = str(error.kind.as_dict()["property"])
    whole = f"{where}.{name}" if where else name
    own = ((_part(schema, error.schema_path[:-1]) or {}).get("properties") or {}).get(name) or {}
    about = f": {own['title']}" if own.get("title") else ""
    examples = own.get("examples") or ()
    example = f" (for example {shown(examples[0])})" if examples else ""
    return f"{whole} is missing{about}{example}"


def _unknown(error: "ValidationError", schema: Json, where: str) -> str:
    known = (_part(schema, error.schema_path[:-1]) or {}).get("properties") or {}
    within = f" in {where}" if where else ""
    names = list(getattr(error.kind, "unexpected", ()))
    return "\n".join(f"there is no {name}{within}{meant(name, known) or _all(known)}" for name in names)


def _all(known: Iterable[str]) -> str:
    return f"; there are {', '.join(known)}" if known else ""


def _part(schema: Any, steps: Iterable[Any]) -> Any:
    """The part of a schema that a path of an error names; None where the path leads through a reference."""
    try:
        for step in steps:
            schema = schema[step]
    except (KeyError, IndexError, TypeError):
        return None
    return schema
