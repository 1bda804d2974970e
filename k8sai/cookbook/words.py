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


def said(error: "ValidationError", schema: Json) -> list[str]:
    """A sentence about one error, or one for each name that should not be there; `schema` is the whole one."""
    where = path(error.instance_path)
    match error.kind.name:
        case "required":
            return [_missing(error, schema, where)]
        case "additionalProperties":
            return _unknown(error, schema, where)
        case rule:
            wrong = _wrong(rule, error.instance, _part(schema, error.schema_path))
            return [f"{where}: {wrong or error.message}" if where else wrong or error.message]


def _wrong(rule: str, value: Any, wanted: Any) -> str:
    """What a value does not keep to; empty where the rule is too rare to have words of its own."""
    text = shown(value)
    match rule:
        case "type":
            return f"{text} is not {sort(wanted)}"
        case "enum":
            return f"{text} is none of {', '.join(shown(each) for each in wanted)}{meant(value, wanted)}"
        case "const":
            return f"{text} is not {shown(wanted)}"
        case "pattern":
            return f"{text} is not of the form {wanted}"
        case "minimum":
            return f"{text} is less than {wanted}"
        case "maximum":
            return f"{text} is more than {wanted}"
        case "minLength":
            return f"{text} has fewer than {wanted} characters" if value else "this is empty"
        case "maxLength":
            return f"{text} has {len(value)} characters, more than {wanted}"
        case "minItems" | "maxItems":
            than = "fewer" if rule == "minItems" else "more"
            return f"this has {len(value)} items, {than} than {wanted}"
        case "contains":
            return f"none of it is {_wanted(wanted)}"
        case "anyOf" | "oneOf":
            return _one_of(value, wanted)
        case "falseSchema":
            return "this has no meaning beside the other values"
    return ""


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


def _wanted(schema: Json) -> str:
    """`a Job, JobSet or Pod` where only the kind is asked for."""
    kind = (schema.get("properties") or {}).get("kind") or {}
    names = [str(each) for each in kind.get("enum") or [kind.get("const")] if each]
    if not names:
        return "what is needed"
    return f"a {' or '.join(filter(None, [', '.join(names[:-1]), names[-1]]))}"


def _one_of(value: Any, branches: Any) -> str:
    """Where parameters are for each other's place: which to say, or that only one may be."""
    if not all(isinstance(each, dict) and list(each) == ["required"] for each in branches or [None]):
        return ""
    names = [name for each in branches for name in each["required"]]
    there = [name for name in names if name in value]
    return f"{' and '.join(there)} exclude each other" if there else f"one of {', '.join(names)} must be said"


def _missing(error: "ValidationError", schema: Json, where: str) -> str:
    name = str(error.kind.as_dict()["property"])
    whole = f"{where}.{name}" if where else name
    own = ((_part(schema, error.schema_path[:-1]) or {}).get("properties") or {}).get(name) or {}
    if not where and not own.get("title"):  # required by a rule, which says nothing of it
        own = (schema.get("properties") or {}).get(name) or {}
    about = f": {own['title']}" if own.get("title") else ""
    examples = own.get("examples") or ()
    example = f" (for example {shown(examples[0])})" if examples else ""
    return f"{whole} is missing{about}{example}"


def _unknown(error: "ValidationError", schema: Json, where: str) -> list[str]:
    known = (_part(schema, error.schema_path[:-1]) or {}).get("properties") or {}
    within = f" in {where}" if where else ""
    names = getattr(error.kind, "unexpected", ())
    return [f"there is no {name}{within}{meant(name, known) or _all(known)}" for name in names]


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
