"""An object as YAML in colours. Only what JSON can say is written, so that a page of code does for all of it."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from k8sai.tui.ink import Line, Run
from k8sai.tui.words import clean

_STEP = "  "
_PLAIN = re.compile(r"[A-Za-z_./][\w./@%+=-]*(?: [\w./@%+=()-]+)*")
# What YAML would take for something else than a text.
_ELSE = re.compile(r"(?:null|true|false|yes|no|on|off|y|n|~|[-+.]?(?:inf|nan)|[-+]?[\d._][\d._,:eExXoO+-]*|=|<<)", re.I)


def shown(thing: Mapping[str, Any]) -> dict[str, Any]:
    """The object without what only servers read: managedFields."""
    meta = {key: value for key, value in (thing.get("metadata") or {}).items() if key != "managedFields"}
    return {**thing, "metadata": meta} if "metadata" in thing else dict(thing)


def yaml_lines(thing: Mapping[str, Any]) -> list[Line]:
    """The whole object, in the order the server gave."""
    return list(_map(thing, "")) or [(("{}", "plain"),)]


def _map(mapping: Mapping[str, Any], indent: str, first: Run | None = None) -> Iterator[Line]:
    """Keys and values; `first` is what stands before the first key instead of the indent: the dash of a list."""
    for key, value in mapping.items():
        before = first or (indent, "plain")
        head: list[Run] = [*([before] if before[0] else []), (_text(str(key)), "key"), (":", "dim")]
        first = None
        yield from _value(value, head, indent)


def _list(items: list[Any], indent: str) -> Iterator[Line]:
    for item in items:
        dash: Run = (f"{indent}- ", "dim")
        if isinstance(item, dict) and item:
            yield from _map(item, indent + _STEP, dash)
        elif isinstance(item, list) and item:
            yield ((f"{indent}-", "dim"),)
            yield from _list(item, indent + _STEP)
        else:
            yield from _scalar(item, [dash], indent)


def _value(value: Any, head: list[Run], indent: str) -> Iterator[Line]:
    if isinstance(value, dict) and value:
        yield tuple(head)
        yield from _map(value, indent + _STEP)
    elif isinstance(value, list) and value:
        yield tuple(head)
        yield from _list(value, indent)
    else:
        yield from _scalar(value, [*head, (" ", "plain")], indent)


def _scalar(value: Any, head: list[Run], indent: str) -> Iterator[Line]:
    if isinstance(value, str):
        if "\n" in value and _block(value):
            body = value.removesuffix("\n")
            yield (*head, ("|" if body != value else "|-", "dim"))
            for line in body.split("\n"):
                yield ((f"{indent}{_STEP}{line}" if line else "", "plain"),)
        else:
            yield (*head, (_text(value), "plain"))
    elif isinstance(value, (dict, list)):
        yield (*head, ("{}" if isinstance(value, dict) else "[]", "dim"))
    else:
        yield (*head, (_number(json.dumps(value)), "accent"))


def _number(text: str) -> str:
    """A number as YAML reads one: 1e-06 would be a text to it."""
    return text.replace("e", ".0e") if "e" in text.lstrip("-")[1:2] else text


def _block(text: str) -> bool:
    """Whether a text of several lines can stand as it is: no odd characters, and no space where YAML counts it."""
    lines = text.removesuffix("\n").split("\n")
    return (
        all(clean(line) == line and line == line.rstrip() for line in lines)
        and bool(lines[0])
        and not lines[0].startswith(" ")
        and bool(lines[-1])
    )


def _text(value: str) -> str:
    """A text, in quotes where YAML needs them."""
    if _PLAIN.fullmatch(value) and not _ELSE.fullmatch(value):
        return value
    quoted = json.dumps(value, ensure_ascii=False)
    return quoted if quoted.isprintable() else "".join(map(_escaped, quoted))


def _escaped(character: str) -> str:
    """As YAML writes what cannot be seen; JSON would take two for what is beyond 16 bits."""
    number = ord(character)
    if character.isprintable():
        return character
    return f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"
