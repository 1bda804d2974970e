"""What a workload says of its checkpoints: the JSON of `last-checkpoint`, of an answer, of a verifying command.

    {"requestId", "step", "time", "snapshotTime", "path", "complete", "ranks", "worldSize", "rank", "restoredStep",
     "saveSeconds"}

Any of them may be left out, others are left alone; -1 for a step or a rank is not said either. Times are RFC 3339 with
an offset, or seconds since 1970.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any, Final, TypeVar

import msgspec

from k8sai.ages import epoch
from k8sai.errors import Usage
from k8sai.evict.facts import Ack, Json

_T = TypeVar("_T")

_MILLISECONDS: Final = 1e11  # seconds since 1970 reach this in the year 5138
_MOST: Final = 2**63
_EXAMPLE: Final = '{"requestId":"…","step":8120,"time":"2026-11-21T10:00:00Z","complete":true,"ranks":8,"worldSize":8}'


def ack(value: str | Json, *, complete: bool = False) -> Ack:
    """Read one. `complete` is what leaving it out means: of a command that ended with 0, that it is. Raises Usage."""
    said = _object(value) if isinstance(value, str) else value
    return Ack(
        request=_text(said, "requestId"),
        step=_number(said, "step"),
        time=_moment(said, "time"),
        snapshot=_moment(said, "snapshotTime"),
        path=_text(said, "path"),
        complete=_field(said, "complete", complete, "true or false", _bool),
        ranks=_count(said, "ranks"),
        world=_count(said, "worldSize"),
        rank=_number(said, "rank"),
        restored=_number(said, "restoredStep"),
        seconds=_field(said, "saveSeconds", 0.0, "seconds, 0 or more", _seconds),
    )


def last_ack(text: str, *, complete: bool = False) -> Ack | None:
    """The last line of a program's output that is a JSON object, or all of it; None where there is none.

    Raises Usage where that object is no answer.
    """
    for part in (text, *reversed(text.split("\n"))):
        part = part.strip()
        if part.startswith("{") and part.endswith("}"):
            try:
                said = _object(part)
            except Usage:
                continue
            return ack(said, complete=complete)
    return None


def newest(acks: Iterable[Ack]) -> Ack | None:
    """What is known of the whole gang's newest checkpoint, from what lies on its owners and on its pods.

    Where ranks speak each for its own part, the gang has what the slowest of them has.
    """
    every = list(acks)
    whole = [one for one in every if _of_all(one)]
    parts = {one.rank: one for one in sorted((one for one in every if not _of_all(one)), key=_age)}
    found = whole + ([_together(list(parts.values()))] if parts else [])
    return max(found, key=lambda one: (one.complete, _age(one)), default=None)


def _of_all(one: Ack) -> bool:
    return one.rank < 0 or one.ranks >= one.world > 0


def _together(parts: Sequence[Ack]) -> Ack:
    slowest = min(parts, key=_age)
    done = all(part.complete for part in parts) and len(parts) == slowest.world
    return replace(slowest, rank=-1, ranks=len(parts), complete=done)


def _age(one: Ack) -> tuple[float, int]:
    return (one.snapshot or one.time, one.step)


def _object(text: str) -> Json:
    try:
        said = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError) as error:
        raise Usage(f"{_short(text)} is not JSON", f"write it as {_EXAMPLE}") from error
    if not isinstance(said, dict):
        raise Usage(f"{_short(text)} is no JSON object", f"write it as {_EXAMPLE}")
    return said


def _field(said: Json, key: str, nothing: _T, expected: str, read: Callable[[Any], _T]) -> _T:
    """The value of a key, `nothing` where it is absent or null. Raises Usage with the key, the value, what it wants."""
    if said.get(key) is None:
        return nothing
    try:
        return read(said[key])
    except (ValueError, TypeError, OverflowError) as error:
        raise Usage(f"{key} is {_short(said[key])}: {expected} is expected", f"write it as {_EXAMPLE}") from error


def _text(said: Json, key: str) -> str:
    return _field(said, key, "", "a text", _str)


def _count(said: Json, key: str) -> int:
    return _field(said, key, 0, "a whole number, 0 or more", _whole)


def _number(said: Json, key: str) -> int:
    return -1 if said.get(key) == -1 else _field(said, key, -1, "a whole number, 0 or more", _whole)


def _moment(said: Json, key: str) -> float:
    return _field(said, key, 0.0, "a time like 2026-11-21T10:00:00Z or seconds since 1970", _epoch)


def _str(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _bool(value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError
    return value


def _whole(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int | float) or value != int(value):
        raise TypeError
    if not 0 <= value < _MOST:
        raise ValueError
    return int(value)


def _seconds(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError
    if not 0 <= value < _MOST:
        raise ValueError
    return float(value)


def _epoch(value: Any) -> float:
    seconds = epoch(value) if isinstance(value, str) else _seconds(value)
    if not 0 <= seconds < _MILLISECONDS:
        raise ValueError
    return seconds


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:79]}…"
