"""Finding and ordering rows that the fleet gives as a whole: totals and pending pods."""

import re
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

T = TypeVar("T")


def matcher(text: str) -> Callable[..., bool]:
    """Tells whether any of some texts matches: a case-insensitive regular expression, plain text if it is none, `!` inverts."""
    wanted = not text.startswith("!")
    text = text.removeprefix("!")
    if not text:
        return lambda *_: True
    try:
        pattern = re.compile(text, re.IGNORECASE)
    except re.error:
        pattern = re.compile(re.escape(text), re.IGNORECASE)
    return lambda *texts: any(pattern.search(t) for t in texts) is wanted


def sorted_rows(rows: Iterable[T], by: Callable[[T], Any], reverse: bool) -> list[T]:
    """The rows in order; equal ones stay as they came, whichever way round."""
    return sorted(rows, key=by, reverse=reverse)
