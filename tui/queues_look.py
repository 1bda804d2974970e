"""One look at the queues: the rows of the tree and who waits where, all of the same moment. Made beside the screen."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from k8sai.queues.pending import Court, Waiting, pending
from k8sai.queues.positions import Ask, read
from k8sai.queues.rows import Row, rows
from k8sai.queues.setting import Setting

_MOST_LINES: Final = 8  # lines of ClusterQueues that Kueue is asked for at once


@dataclass(eq=False, repr=False)  # who starts a task writes down what it is called with
class Look:
    """Nothing of it changes but what is found out when it is asked for. `lists` are by the key of a row."""

    setting: Setting
    rows: tuple[Row, ...]
    court: Court
    by_key: dict[str, int] = field(default_factory=dict)
    lists: dict[str, tuple[Waiting, ...]] = field(default_factory=dict)

    @property
    def at(self) -> float:
        """When it was true; seconds since 1970."""
        return self.setting.at

    def row(self, key: str) -> Row | None:
        """None: it is gone."""
        number = self.by_key.get(key)
        return None if number is None else self.rows[number]

    def below(self, key: str) -> Iterator[Row]:
        """The row itself and everything under it."""
        number = self.by_key.get(key)
        if number is None:
            return
        yield self.rows[number]
        for row in self.rows[number + 1 :]:
            if row.depth <= self.rows[number].depth:
                return
            yield row

    def waiting(self, key: str, ask: Ask | None = None) -> tuple[Waiting, ...]:
        """Who waits at a node, in order; with `ask` in the places that Kueue itself tells. May take a second."""
        found = tuple(self.below(key))
        refs = {row.name for row in found if row.kind == "lq"}
        queues = {row.name for row in found if row.kind == "cq"}
        for row in found:
            if row.kind == "lq" and row.parent.startswith("cq/"):
                queues.add(row.parent.removeprefix("cq/"))
        lines = sorted(name for name in queues if name in self.setting.waiting or ask is not None)
        asked = ask if len(lines) <= _MOST_LINES else None
        positions = read(asked, self.setting, lines)
        self.lists[key] = pending(self.setting, positions, refs, self.court)
        return self.lists[key]


def look(setting: Setting) -> Look:
    """May take a second."""
    court = Court(setting)
    found = rows(setting, court.tree)
    return Look(setting, found, court, {row.key: number for number, row in enumerate(found)})
