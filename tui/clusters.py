"""The Clusters pane: every cluster of the screen in a line, all of them live; enter brings one to the front."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol, runtime_checkable

from k8sai.errors import Usage
from k8sai.fleet.answers import Figures
from k8sai.fleet.clusters import added
from k8sai.fleet.index import Fleet
from k8sai.fleet.picture import masked, unknown_figures
from k8sai.fleet.tables import amount
from k8sai.tui.columns import Field
from k8sai.tui.desk import Desk
from k8sai.tui.feed import Feed
from k8sai.tui.glyphs import meter
from k8sai.tui.ink import Line, Run, plain
from k8sai.tui.matching import matcher
from k8sai.tui.table_pane import TablePane
from k8sai.tui.words import blank_zero, clean, clock, share, span, without_vendor

_METER: Final = 14  # cells
_QUIET: Final = 120  # seconds; a quiet watch hears from its server about once a minute
_TROUBLED: Final = ("starting", "retrying", "failed")


@dataclass(frozen=True, slots=True)
class Member:
    """A cluster of this screen; its feed runs whether or not it is in front."""

    name: str
    fleet: Fleet
    feed: Feed

    def totals(self) -> Figures:
        """Its cards, unknown where nobody could read them."""
        return masked(self.fleet.totals(), unknown_figures(self.feed.sources()))


@runtime_checkable
class Together(Protocol):
    """A choice of clusters of which several are live at once."""

    @property
    def members(self) -> Sequence[Member]:
        """In the order they were named."""


def members(desk: Desk) -> Sequence[Member]:
    """The clusters of the screen; the one on the desk where it is the only one, and also where it joined later."""
    found: tuple[Member, ...] = tuple(desk.choice.members) if isinstance(desk.choice, Together) else ()
    if any(one.fleet is desk.fleet for one in found):
        return found
    return (*found, Member(desk.feed.context, desk.fleet, desk.feed))


def of_all(desk: Desk) -> Line:
    """For the header: which of several clusters this is, and the cards of all; nothing where there is one."""
    found = members(desk)
    if len(found) < 2:
        return ()
    at = next(number for number, one in enumerate(found, 1) if one.fleet is desk.fleet)
    sums = added([one.totals() for one in found])
    said = f"{at} of {len(found)}, all {amount(sums.used)}/{amount(sums.allocatable)} used, {amount(sums.free)} free"
    return ((f" {desk.glyphs.dot} ", "dim"), (said, "plain"))


class Clusters(TablePane):
    """One line per cluster."""

    stem = "clusters"
    title = "Clusters"
    home = "clusters"
    words = ("clusters", "cluster", "cl")
    about = "every cluster of this screen: used, free, waiting, how fresh"
    fields = (
        Field("CLUSTER", least=16, most=60, stretch=True, sort="name", letter="N", middle=True),
        Field("HERE", rank=2, most=6),
        Field("", rank=3, least=_METER, most=_METER),
        Field("USED", "right", least=5, sort="used", letter="U", falling=True),
        Field("OF", "right", least=4, sort="size", letter="O", falling=True),
        Field("SHARE", "right", rank=2, least=4),
        Field("FREE", "right", least=5, sort="free", letter="F", falling=True),
        Field("BLOCKED", "right", rank=5, most=9),
        Field("UNHEALTHY", "right", rank=4, most=9, sort="unhealthy", letter="H", falling=True),
        Field("PENDING", "right", rank=1, most=9, sort="pending", letter="E", falling=True),
        Field("NODES", "right", rank=5, most=9),
        Field("FRESHNESS", rank=1, least=12, most=60, stretch=True),
        Field("PRODUCTS", rank=6, least=12, most=60, stretch=True),
    )

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self.found: dict[str, Member] = {}

    def order(self) -> Sequence[str]:
        if self.filter.labels:
            raise Usage("clusters have no labels: filter them by name")
        matches = matcher(self.filter.text)
        found = [(one, one.totals()) for one in members(self.desk) if matches(one.name, *_products(one.fleet))]
        found.sort(key=lambda item: _ORDERS[self.sort](*item), reverse=self.reverse)
        self.found = {one.name: one for one, _ in found}
        return list(self.found)

    def cells(self, key: str) -> tuple[Line, ...]:
        one = self.found[key]
        f = one.totals()
        parts = ((f.used - f.terminating, "key"), (f.terminating, "warn"), (f.unhealthy, "bad"))
        return (
            plain(clean(one.name)),
            (("*", "accent"),) if one.fleet is self.desk.fleet else (),
            meter(parts, max(f.capacity, f.used + f.unhealthy), _METER, self.desk.glyphs),
            plain(amount(f.used)),
            ((amount(f.allocatable), "dim"),),
            plain(share(f.used, f.allocatable)),
            ((amount(f.free), "good" if f.free > f.blocked else "dim"),),
            ((blank_zero(f.blocked), "warn"),),
            ((blank_zero(f.unhealthy), "bad"),),
            ((blank_zero(f.pending), "warn"),),
            ((blank_zero(len(one.fleet.node_names())), "dim"),),
            self._freshness(one),
            ((", ".join(without_vendor(clean(name)) for name in _products(one.fleet)), "dim"),),
        )

    def _freshness(self, one: Member) -> Line:
        """Live, or since when it is not, and why."""
        sources, glyphs = one.feed.sources(), self.desk.glyphs
        dated = [source.at for source in sources if source.at]
        bad = next((source for source in sources if source.state in _TROUBLED and source.message), None)
        if bad is not None:
            since = f", data of {clock(min(dated))}" if dated else ""
            return ((f"{glyphs.dead} not answering{since}: {clean(bad.message)}", "bad"),)
        if any(source.state == "starting" for source in sources):
            return ((f"{glyphs.dead} reading {glyphs.dots}", "warn"),)
        hidden = [source.kind for source in sources if source.state == "forbidden"]
        oldest = self.desk.now() - min(dated, default=self.desk.now())
        runs: list[Run] = [(f"{glyphs.live} live", "good")]
        runs += [(f", oldest {span(oldest)}", "warn")] if oldest > _QUIET else []
        runs += [(f", {', '.join(hidden)} hidden", "warn")] if hidden else []
        return tuple(runs)

    def choose(self, key: str) -> None:
        if self.found[key].fleet is self.desk.fleet:
            self.post_message(self.Go("nodes"))
        else:
            self.post_message(self.Go("context", name=key))


def _products(fleet: Fleet) -> Sequence[str]:
    """Without those that only somebody waits for."""
    return tuple(dict.fromkeys(total.name for total in fleet.products() if total.name and total.nodes))


_ORDERS: Final[dict[str, Callable[[Member, Figures], Any]]] = {
    "name": lambda one, f: one.name,
    "used": lambda one, f: (-f.used, one.name),
    "size": lambda one, f: (-f.allocatable, one.name),
    "free": lambda one, f: (-f.free, one.name),
    "unhealthy": lambda one, f: (-f.unhealthy, one.name),
    "pending": lambda one, f: (-f.pending, one.name),
}
