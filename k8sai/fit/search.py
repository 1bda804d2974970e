"""The largest number that does, and numbers to try one after the other."""

from collections.abc import Callable, Iterator


def largest(most: int, does: Callable[[int], bool]) -> int:
    """The largest number from 1 to `most` that does, if smaller ones do where larger ones do; 0 for none."""
    if most < 1 or not does(1):
        return 0
    low, high = 1, most + 1
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if does(middle) else (low, middle)
    return low


def growing(most: int) -> Iterator[int]:
    """1, 2, 3, 4, then in larger steps, and at last all."""
    count = 1
    while count < most:
        yield count
        count += 1 if count < 8 else count // 4
    if most:
        yield most
