"""Documents as YAML that every reader reads alike: `no`, `1e3`, `0o17` and `y` stay text in YAML 1.1 and 1.2."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

_SAFE = re.compile(r"[A-Za-z][A-Za-z0-9_./@-]*")
_UNPRINTABLE = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")  # what YAML wants escaped and JSON does not
_WORDS = {"y", "n", "yes", "no", "on", "off", "true", "false", "null", "none"}


def lines(value: Any, indent: int = 0) -> Iterator[str]:
    """A mapping or list in block style, two spaces a level, empty ones in flow style."""
    pad = " " * indent
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _entry(f"{pad}{scalar(str(key))}:", item, indent)
    else:
        for item in value:
            if _nested(item):
                block = lines(item, indent + 2)
                yield f"{pad}- {next(block).lstrip(' ')}"
                yield from block
            else:
                yield f"{pad}- {_leaf(item)}"


def _entry(head: str, item: Any, indent: int) -> Iterator[str]:
    if _nested(item):
        yield head
        yield from lines(item, indent + 2 if isinstance(item, Mapping) else indent)
    else:
        yield f"{head} {_leaf(item)}"


def _nested(item: Any) -> bool:
    return isinstance(item, Mapping | list | tuple) and len(item) > 0


def _leaf(item: Any) -> str:
    if isinstance(item, Mapping):
        return "{}"
    return "[]" if isinstance(item, list | tuple) else scalar(item)


def scalar(value: Any) -> str:
    """A number, a boolean, null, or a text that is quoted unless every reader sees a text in it anyway."""
    if isinstance(value, str) and is_plain(value):
        return value
    text = json.dumps(value, ensure_ascii=False)
    if isinstance(value, float):
        return text if "." in text else text.replace("e", ".0e")  # without a point it is a text in YAML 1.1
    return _UNPRINTABLE.sub(lambda match: f"\\u{ord(match.group()):04x}", text)


def is_plain(text: str) -> bool:
    """Whether every reader of YAML sees this very text without quotes."""
    return bool(_SAFE.fullmatch(text)) and text.lower() not in _WORDS
