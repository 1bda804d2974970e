"""What every part of the screen shares: the fleet, its feed, the clock, the signs and the inks."""

import time
from collections.abc import Callable
from typing import Final

from k8sai.cluster.objects import Objects
from k8sai.fleet.answers import Figures, Holder, NodeRow, PodRow, Slot, Total
from k8sai.fleet.index import Fleet
from k8sai.fleet.picture import masked, masked_row, masked_total, unknown_figures
from k8sai.tui.feed import Feed
from k8sai.tui.glyphs import Glyphs, of_terminal
from k8sai.tui.ink import DARK, Hues, Inks

TINTS: Final = ("namespace", "owner", "queue", "state")


class Desk:
    """One per app. `inks` changes with the theme, `tint` is what held cards are coloured by."""

    def __init__(
        self, fleet: Fleet, feed: Feed, now: Callable[[], float] = time.time, glyphs: Glyphs | None = None
    ) -> None:
        self.fleet = fleet
        self.feed = feed
        self.now = now
        self.glyphs = glyphs or of_terminal()
        self.inks = Inks(DARK, {})
        self.tint = TINTS[0]
        self._hues = {
            "namespace": Hues(lambda: [total.name for total in fleet.namespaces()]),
            "owner": Hues(),
            "queue": Hues(lambda: [total.name for total in fleet.queues()]),
        }

    @property
    def objects(self) -> Objects | None:
        """Whole objects of the cluster; None where there are only facts. Asking it may wait: ask in a thread."""
        return self.feed.objects

    def cycle_tint(self) -> str:
        """Colour by the next thing, and say what it is."""
        self.tint = TINTS[(TINTS.index(self.tint) + 1) % len(TINTS)]
        return self.tint

    # The fleet counts what it was told. What nobody was allowed or able to read is unknown, never zero.

    def totals(self) -> Figures:
        """The cluster, in cards."""
        return masked(self.fleet.totals(), self._unknown())

    def products(self) -> tuple[Total, ...]:
        """Per product and resource."""
        unknown = self._unknown()
        return tuple(masked_total(total, unknown) for total in self.fleet.products())

    def namespaces(self) -> tuple[Total, ...]:
        """Per namespace."""
        unknown = self._unknown()
        return tuple(masked_total(total, unknown) for total in self.fleet.namespaces())

    def queues(self) -> tuple[Total, ...]:
        """Per queue."""
        unknown = self._unknown()
        return tuple(masked_total(total, unknown) for total in self.fleet.queues())

    def node(self, name: str) -> NodeRow:
        """One node. Raises KeyError if nothing knows it."""
        return masked_row(self.fleet.node(name), self._unknown())

    def _unknown(self) -> frozenset[str]:
        return unknown_figures(self.feed.sources())

    def namespace_ink(self, namespace: str) -> str:
        """The colour of a namespace wherever its name is written; none while cards are coloured by something else."""
        return self._hues["namespace"].of(namespace) if self.tint == "namespace" else "plain"

    def pod_ink(self, pod: PodRow) -> str:
        """The colour of a pod's cards."""
        return self._ink(pod.namespace, pod.owner, pod.queue)

    def slot_ink(self, slot: Slot) -> str:
        """The colour of a held card."""
        holder = slot.holder
        return "key" if holder is None else self._ink(holder.namespace, holder.owner, holder.queue)

    def holder_name(self, holder: Holder) -> tuple[str, str]:
        """What a holder is called in a line about a node, and its ink."""
        name = {"owner": holder.owner or "(no owner)", "queue": holder.queue or "(no queue)"}.get(
            self.tint, holder.namespace
        )
        return name, self._ink(holder.namespace, holder.owner, holder.queue)

    def _ink(self, namespace: str, owner: str, queue: str) -> str:
        if self.tint == "state":
            return "key"
        name = {"namespace": namespace, "owner": f"{namespace}/{owner}" if owner else "", "queue": queue}[self.tint]
        return self._hues[self.tint].of(name)
