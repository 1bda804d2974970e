"""Operators of the rule language: equality, order, arithmetic, indexing.

Source: cel-spec `doc/langdef.md`; numbers of different types compare by value, other types are never equal.
"""

from typing import Any

from k8sai.schema.cel_values import Broken, CelError, Duration, KeyedList, Maybe, SetList, Timestamp

_LOWEST, _HIGHEST = -(1 << 63), (1 << 63) - 1
_TIMES = (Duration, Timestamp)


def is_number(value: Any) -> bool:
    """An int or a double."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def equal(left: Any, right: Any) -> bool:
    """`==`."""
    if is_number(left) and is_number(right):
        return bool(left == right)
    if isinstance(left, list) and isinstance(right, list):
        return _lists_equal(left, right)
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(equal(value, right[key]) for key, value in left.items())
    if isinstance(left, Maybe) and isinstance(right, Maybe):
        return left.there == right.there and equal(left.value, right.value)
    return type(left) is type(right) and bool(left == right)


def _lists_equal(left: list[Any], right: list[Any]) -> bool:
    if len(left) != len(right):
        return False
    if isinstance(left, SetList):
        return all(contains(right, one) for one in left)
    if isinstance(left, KeyedList):
        return all(any(_same_keys(left.keys, one, two) and equal(one, two) for two in right) for one in left)
    return all(map(equal, left, right))


def _same_keys(keys: tuple[str, ...], left: Any, right: Any) -> bool:
    return all(equal(left.get(key), right.get(key)) for key in keys)


def contains(container: Any, value: Any) -> bool:
    """`value in container`."""
    if isinstance(container, dict):
        return isinstance(value, str | int | bool) and value in container
    if isinstance(container, list):
        return any(equal(one, value) for one in container)
    raise no_overload()


def compare(left: Any, right: Any) -> int:
    """-1, 0, 1. Raises CelError for what has no order."""
    ordered = (is_number(left) and is_number(right)) or (
        type(left) is type(right) and isinstance(left, str | bytes | bool | Duration | Timestamp)
    )
    if not ordered:
        raise no_overload()
    return int(left > right) - int(left < right)


def add(left: Any, right: Any) -> Any:
    """`+`: numbers, texts, lists, and times."""
    if _same_number(left, right):
        return bounded(left + right)
    if isinstance(left, str) and isinstance(right, str):
        return left + right
    if isinstance(left, bytes) and isinstance(right, bytes):
        return left + right
    if isinstance(left, list) and isinstance(right, list):
        return [*left, *right]
    if isinstance(right, Duration) and isinstance(left, _TIMES):
        return type(left)(left.nanoseconds + right.nanoseconds)
    if isinstance(left, Duration) and isinstance(right, Timestamp):
        return Timestamp(left.nanoseconds + right.nanoseconds)
    raise no_overload()


def subtract(left: Any, right: Any) -> Any:
    """`-`."""
    if _same_number(left, right):
        return bounded(left - right)
    if isinstance(right, Duration) and isinstance(left, _TIMES):
        return type(left)(left.nanoseconds - right.nanoseconds)
    if isinstance(left, Timestamp) and isinstance(right, Timestamp):
        return Duration(left.nanoseconds - right.nanoseconds)
    raise no_overload()


def multiply(left: Any, right: Any) -> Any:
    """`*`."""
    if _same_number(left, right):
        return bounded(left * right)
    raise no_overload()


def divide(left: Any, right: Any) -> Any:
    """`/`: whole numbers towards zero."""
    if not _same_number(left, right):
        raise no_overload()
    if isinstance(left, float):
        return left / right if right else left * float("inf") if left else float("nan")
    if not right:
        raise CelError("division by zero")
    return bounded(abs(left) // abs(right) * (1 if (left < 0) == (right < 0) else -1))


def remainder(left: Any, right: Any) -> Any:
    """`%`: with the sign of the dividend."""
    if not _same_number(left, right) or isinstance(left, float):
        raise no_overload()
    if not right:
        raise CelError("modulus by zero")
    return abs(left) % abs(right) * (-1 if left < 0 else 1)


def negate(value: Any) -> Any:
    """Unary `-`."""
    if not is_number(value):
        raise no_overload()
    return bounded(-value)


def index(container: Any, key: Any) -> Any:
    """`container[key]`."""
    if isinstance(container, Maybe):
        return optional_index(container.value, key) if container.there else container
    if isinstance(container, dict):
        if not isinstance(key, str | int | bool) or key not in container:
            raise CelError(f"no such key: {key}")
        return whole(container[key])
    if isinstance(container, list) and is_number(key):
        if not 0 <= key < len(container):
            raise CelError(f"index out of bounds: {key}")
        return whole(container[int(key)])
    raise no_overload()


def whole(value: Any) -> Any:
    """A value that was read. Raises CelError where it is broken."""
    if isinstance(value, Broken):
        raise CelError(value.why)
    return value


def optional_index(container: Any, key: Any) -> Maybe:
    """`container[?key]` and `container.?key`: none where there is no such thing."""
    if isinstance(container, Maybe):
        return optional_index(container.value, key) if container.there else container
    try:
        return Maybe(index(container, key), True)
    except CelError:
        return Maybe()


def _same_number(left: Any, right: Any) -> bool:
    return is_number(left) and is_number(right) and isinstance(left, float) == isinstance(right, float)


def bounded(value: Any) -> Any:
    """A whole number within 64 bits. Raises CelError."""
    if isinstance(value, int) and not _LOWEST <= value <= _HIGHEST:
        raise CelError("integer overflow")
    return value


def no_overload() -> CelError:
    """The operator or function does not take values of these types."""
    return CelError("no such overload")
