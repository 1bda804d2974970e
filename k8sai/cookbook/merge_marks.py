"""Conflict marks as git writes them, with the base between the two sides, around as few lines as possible."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

YOURS, BASE, MIDDLE, RECIPE = "<<<<<<< yours", "||||||| base", "=======", ">>>>>>> recipe"
Side = Literal["yours", "recipe"]

_MARK = re.compile(r"^(<{7}|>{7}|\|{7}) ", re.MULTILINE)


class Gone:
    """No value, where None would be one."""

    def __repr__(self) -> str:
        return "nothing"


GONE = Gone()


@dataclass(frozen=True, slots=True)
class Clash:
    """Both sides changed one value differently: where, and the value on each side, GONE where there is none."""

    path: str
    base: Any
    yours: Any
    recipe: Any


class Mark(str):
    """The first line of a conflict, which knows what it is about."""

    clash: Clash

    def __new__(cls, clash: Clash) -> "Mark":
        mark = super().__new__(cls, YOURS)
        mark.clash = clash
        return mark


def marked(clash: Clash, base: Sequence[str], yours: Sequence[str], recipe: Sequence[str]) -> list[str]:
    """The three sides between marks; what both ends of yours and the recipe's have in common is outside of them."""
    head = _common(yours, recipe)
    tail = _common(yours[head:][::-1], recipe[head:][::-1])
    before, after = list(yours[:head]), list(yours[len(yours) - tail :])
    own, other = yours[head : len(yours) - tail], recipe[head : len(recipe) - tail]
    start = head if list(base[:head]) == before else 0
    end = tail if tail and list(base[start:])[-tail:] == after else 0
    middle = base[start : len(base) - end]
    return [*before, Mark(clash), *own, BASE, *middle, MIDDLE, *other, RECIPE, *after]


def resolved(lines: Iterable[str], side: Side) -> Iterator[str]:
    """The lines with one side taken everywhere."""
    state = "both"
    for line in lines:
        if line == YOURS:
            state = "yours"
        elif state != "both" and line == BASE:
            state = "base"
        elif state == "base" and line == MIDDLE:
            state = "recipe"
        elif state == "recipe" and line == RECIPE:
            state = "both"
        elif state in ("both", side):
            yield line


def first_mark(text: str) -> int | None:
    """The line of the first conflict mark in a file, from 1."""
    found = _MARK.search(text)
    return text.count("\n", 0, found.start()) + 1 if found else None


def _common(one: Sequence[str], other: Sequence[str]) -> int:
    """How many lines both begin with."""
    count = 0
    for left, right in zip(one, other, strict=False):
        if left != right:
            break
        count += 1
    return count
