"""What every part of the screen shares: the fleet, its feed, the clock, the signs and the inks."""

import time
from collections.abc import Callable, Iterable, Sequence
from math import nan
from typing import TYPE_CHECKING

from k8sai.cluster.objects import Objects
from k8sai.fit.stranded import Stranded
from k8sai.fleet.answers import Figures, Holder, NodeRow, PodRow, Slot, Total
from k8sai.fleet.chart import Tally
from k8sai.fleet.glance import Glance, Who, veiled
from k8sai.fleet.index import Fleet
from k8sai.fleet.picture import masked, masked_row, masked_total, unknown_figures
from k8sai.tui.feed import Feed
from k8sai.tui.glyphs import Glyphs, of_terminal
from k8sai.tui.ink import DARK, Inks
from k8sai.tui.queues_watch import QueueWatch
from k8sai.tui.stranding import Stranding
from k8sai.tui.tints import NAMED, Tints, name_of
from k8sai.tui.tints import TINTS as TINTS

if TYPE_CHECKING:
    from k8sai.tui.canaries_watch import CanaryWatch
    from k8sai.tui.choice import Choice
    from k8sai.tui.evictions_watch import EvictionWatch


class Desk:
    """One per app. `inks` changes with the theme, `tint` is what held cards are coloured by.

    `namespace` is the one that panes of namespaced things are narrowed to, "" for all.
    """

    def __init__(
        self, fleet: Fleet, feed: Feed, now: Callable[[], float] = time.time, glyphs: Glyphs | None = None
    ) -> None:
        self.fleet = fleet
        self.feed = feed
        self.now = now
        self.glyphs = glyphs or of_terminal()
        self.inks = Inks(DARK, {})
        self.tint = TINTS[0]
        self.namespace = ""
        self.choice: Choice | None = None  # of contexts, where there is one
        self.mono = False  # signs must say what colours cannot
        self.tints = Tints(fleet)
        self._stranding: Stranding | None = None
        self._queues: QueueWatch | None = None
        self._canaries: CanaryWatch | None = None
        self._evictions: EvictionWatch | None = None

    def turn_to(self, fleet: Fleet, feed: Feed) -> None:
        """Another cluster lies on the desk from now on: its names get colours of their own."""
        self.rest()
        self.fleet, self.feed, self.namespace = fleet, feed, ""
        self.tints = Tints(fleet)

    def stranded(self) -> Stranded | None:
        """How much of what is free no waiting gang can use, as far as it is known by now: it never waits."""
        if self._stranding is None:
            self._stranding = Stranding(self.fleet, self.feed)
            self._stranding.start()
        return None if self._unknown() else self._stranding.latest

    def queue_watch(self) -> QueueWatch:
        """The queues of the cluster on the desk; nothing is read before somebody starts it."""
        if self._queues is None:
            self._queues = QueueWatch(self.feed, self.now)
        return self._queues

    def canary_watch(self) -> "CanaryWatch":
        """The rollouts of the cluster on the desk; nothing is read before a pane of theirs looks."""
        from k8sai.tui.canaries_watch import CanaryWatch

        if self._canaries is None:
            self._canaries = CanaryWatch(self.feed, self.now)
        return self._canaries

    def eviction_watch(self) -> "EvictionWatch":
        """The drains of the cluster on the desk; nothing is read before a pane of theirs looks."""
        from k8sai.tui.evictions_watch import EvictionWatch

        if self._evictions is None:
            self._evictions = EvictionWatch(self.feed, self.now)
        return self._evictions

    def rest(self) -> None:
        """End what goes on beside the screen."""
        if self._stranding is not None:
            self._stranding.stop()
            self._stranding = None
        self._queues = self._canaries = self._evictions = None

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

    def glances(self, names: Sequence[str], seconds: float | None = None) -> list[Glance | None]:
        """The nodes at a glance; None where that would take longer than so many seconds."""
        found = self.fleet.glances(names, seconds)
        return [glance and veiled(len(glance.looks)) for glance in found] if self._unknown() else found

    def touched(self, since: int) -> tuple[int, frozenset[str] | None]:
        """The nodes that look different since a mark (None: any may), and the next mark."""
        return (-1, None) if self._unknown() else self.fleet.touched(since)

    def tally(self, names: Iterable[str]) -> Tally:
        """What these nodes have together."""
        return Tally(nan, nan, nan, nan, nan) if self._unknown() else self.fleet.tally(names)

    def _unknown(self) -> frozenset[str]:
        return unknown_figures(self.feed.sources())

    def namespace_ink(self, namespace: str) -> str:
        """The colour of a namespace wherever its name is written; none while cards are coloured by something else."""
        return self.tints.named("namespace", namespace) if self.tint == "namespace" else "plain"

    def pod_ink(self, pod: PodRow) -> str:
        """The colour of a pod's cards."""
        return self.tints.of(self.tint, Who(pod.namespace, pod.owner, pod.queue, pod.priority))

    def slot_ink(self, slot: Slot) -> str:
        """The colour of a held card."""
        holder = slot.holder
        return "key" if holder is None else self.tints.of(self.tint, who(holder), slot.utilization)

    def holder_name(self, holder: Holder) -> tuple[str, str]:
        """What a holder is called in a line about a node, and its ink."""
        found = who(holder)
        named = self.tint if self.tint in NAMED else "namespace"
        return name_of(named, found), self.tints.of(self.tint, found)


def who(holder: Holder) -> Who:
    """A holder as far as it is coloured by."""
    return Who(holder.namespace, holder.owner, holder.queue, holder.priority)
