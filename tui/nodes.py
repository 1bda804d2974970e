"""The Nodes pane: a line per node, a sign per card."""

from collections.abc import Mapping, Sequence
from typing import Any

from k8sai.fleet.answers import NodeRow
from k8sai.fleet.query import NodeQuery
from k8sai.fleet.tables import amount, status
from k8sai.tui import evictions_drain
from k8sai.tui.columns import Field
from k8sai.tui.desk import Desk
from k8sai.tui.filter import Filter
from k8sai.tui.glyphs import slot_bar
from k8sai.tui.ink import Line, Run, plain
from k8sai.tui.keymap import Key
from k8sai.tui.opening import Opening
from k8sai.tui.subject import Subject, node
from k8sai.tui.table_pane import TablePane
from k8sai.tui.words import age, blank_zero, clean, without_vendor


class Nodes(TablePane):
    """Every node with GPUs: its cards, what is used, free and broken, and who holds them."""

    stem = "nodes"
    title = "Nodes"
    words = ("node", "no")
    about = "every node with GPUs, one sign per card"
    own_keys = (
        Key("a", "a", "nodes without GPUs too", "Look", "every", "All nodes or those with GPUs"),
        evictions_drain.KEY,
    )
    finds_trouble = True
    fields = (
        Field("NODE", least=18, most=44, stretch=True, sort="name", letter="N", middle=True),
        Field("PRODUCT", rank=3, least=12, most=30, stretch=True, sort="product", letter="P"),
        Field("CARDS", least=8, most=33),
        Field("USED", "right", least=4, sort="used", letter="U", falling=True),
        Field("FREE", "right", least=4, sort="free", letter="F", falling=True),
        Field("LARGEST", "right", rank=5, sort="largest", letter="L", falling=True),
        Field("UNHEALTHY", "right", rank=7, sort="unhealthy", letter="H", falling=True),
        Field("STATUS", rank=2, least=11, most=32, stretch=True),
        Field("HOLDERS", rank=1, least=13, most=48, stretch=True),
        Field("ZONE", rank=6, most=20, sort="zone", letter="Z"),
        Field("CLIQUE", rank=8, most=22),
        Field("TAINTS", rank=9, least=12, most=40, stretch=True),
        Field("AGE", "right", rank=4, least=4, sort="age", letter="A", falling=True),
    )

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self.every = self._every_first = False  # nodes without GPUs too

    def open(self, opening: Opening) -> None:
        if opening.nodes:
            self.filter = Filter(opening.nodes)
        if opening.sorts:
            self.sort, self.reverse = opening.sort, opening.reverse
        if opening.every:
            self.every = self._every_first = True

    def order(self) -> Sequence[str]:
        return self.desk.fleet.node_names(
            NodeQuery(
                text=self.filter.text,
                labels=self.filter.labels,
                product=self.subject.get("product", ""),
                sort=self.sort,
                reverse=self.reverse,
                gpu_only=not self.every,
                troubled=self.only_trouble,
            )
        )

    def order_from(self) -> object:
        """By name the order changes only when nodes come or go; a filter's words may be about anything."""
        if self.sort != "name" or self.filter.text or self.only_trouble or self.subject:
            return None
        return self.desk.fleet.arranged(), self.reverse, self.every, self.filter.typed

    def subject_at(self, key: str) -> Subject | None:
        return node(key)

    def cells(self, key: str) -> tuple[Line, ...]:
        try:
            row = self.desk.node(key)
        except KeyError:  # it went away since the rows were ordered
            return plain(key), *[()] * 6, (("gone", "bad"),), *[()] * 5
        figures = row.figures
        state = status(row)
        free_ink = "good" if figures.free > 0 and row.largest_free > 0 else "dim" if figures.free >= 0 else "bad"
        return (
            plain(row.name),
            plain(without_vendor(clean(row.product))),
            slot_bar(row.slots, self.desk.glyphs, self.desk.slot_ink),
            ((amount(figures.used), "plain"), (f"/{amount(figures.allocatable)}", "dim")),
            ((amount(figures.free), free_ink),),
            ((amount(row.largest_free), "plain" if row.largest_free else "dim"),),
            ((blank_zero(figures.unhealthy), "bad"),),
            ((state.text, "dim" if state.tone == "good" else state.tone),),
            holders(row, self.desk),
            plain(row.zone),
            plain(clean(row.clique)),
            ((" ".join(row.taints), "dim"),),
            ((age(row.created, self.desk.now()), "dim"),),
        )

    def choose(self, key: str) -> None:
        self.post_message(self.Go("node", node=key))

    def arrive(self, subject: Mapping[str, str]) -> None:
        self.every = self._every_first
        super().arrive(subject)

    def remember(self) -> dict[str, Any]:
        return {**super().remember(), "every": self._every_first}

    def recall(self, kept: Mapping[str, Any]) -> None:
        super().recall(kept)
        self.every = self._every_first = kept.get("every") is True

    def action_drain(self) -> None:
        """Plan a drain of the node, or of those that are marked."""
        evictions_drain.ask(self, [one.name for one in self.subjects()])

    def action_every(self) -> None:
        """Show nodes without GPUs too, or no longer."""
        self.every = self._every_first = not self.every
        self.reorder()


def holders(row: NodeRow, desk: Desk) -> Line:
    """Who holds cards here, largest first, by what cards are coloured by; ghosts in brackets."""
    held: dict[tuple[str, str], float] = {}
    for holder in row.holders:
        name, ink = desk.holder_name(holder)
        key = (f"({name})" if holder.nominated else name, ink)
        held[key] = held.get(key, 0.0) + holder.share
    runs: list[Run] = []
    for (name, ink), share in sorted(held.items(), key=lambda item: (-item[1], item[0])):
        if runs:
            runs.append((" ", "plain"))
        runs += [(name, ink), (f" {amount(share)}", "dim")]
    return tuple(runs)
