"""Decoders of JSON into structs, made once and one at a time.

msgspec learns the fields of a struct when the first decoder needs it, and lets other threads see it half learned: they
crash. Whoever decodes in a thread asks here.
"""

from threading import Lock
from typing import Any, TypeVar

import msgspec

T = TypeVar("T")

_learning = Lock()
_known: dict[type, Any] = {}


def typed(form: type[T]) -> msgspec.json.Decoder[T]:
    """The decoder of a struct; threads may share it."""
    found: msgspec.json.Decoder[T] | None = _known.get(form)
    if found is None:
        with _learning:
            found = _known.setdefault(form, _known.get(form) or msgspec.json.Decoder(form))
    return found
