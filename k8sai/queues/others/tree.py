"""Queues that name their parent, drawn as a tree."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Branch:
    """`before` is what is drawn before its name."""

    name: str
    parent: str
    before: str = ""


def forest(branches: Iterable[Branch], *, plain: bool = False) -> Iterator[Branch]:
    """Each below its parent, by name. Whose parent is not there is a root; who is in a cycle comes last, as a root."""
    known = {one.name: one for one in branches}
    below: dict[str, list[Branch]] = {}
    for one in sorted(known.values(), key=lambda one: one.name):
        below.setdefault(one.parent if one.parent in known else "", []).append(one)
    drawn: set[str] = set()

    def under(name: str, lines: str) -> Iterator[Branch]:
        children = below.get(name, ())
        for number, child in enumerate(children):
            if child.name in drawn:
                continue
            drawn.add(child.name)
            last = number == len(children) - 1
            before = "" if plain or name == "" else lines + ("└─ " if last else "├─ ")
            yield replace(child, before=before)
            yield from under(child.name, "" if name == "" else lines + ("   " if last else "│  "))

    yield from under("", "")
    for one in sorted(known.values(), key=lambda one: one.name):
        if one.name not in drawn:
            drawn.add(one.name)
            yield one
            yield from under(one.name, "")
