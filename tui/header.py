"""The top of the screen: the cluster, its totals, and how fresh every number is."""

from collections.abc import Callable, Sequence
from typing import Final

from rich.cells import cell_len
from textual import events

from k8sai.cluster.sources import METERS, Source
from k8sai.fleet.answers import Figures
from k8sai.fleet.tables import amount
from k8sai.tui.clusters import of_all
from k8sai.tui.columns import Field, fit
from k8sai.tui.desk import Desk
from k8sai.tui.glyphs import meter
from k8sai.tui.ink import Line, Run
from k8sai.tui.lines import Lines, beside
from k8sai.tui.pane import Pane
from k8sai.tui.words import clean, clock, share, span, without_vendor

_ROOMY = (120, 34)  # a screen of this size shows products and namespaces beside the totals
_MOST_PRODUCTS = 4  # lines beside the totals
_READ: Final = ("live", "once")
_QUIET = 120  # seconds; a quiet watch hears from its server about once a minute
_ROOMY_LINE = 100  # cells
_LEAST_BAR = 28  # cells for the word, the bar and its numbers
_SHORT: Final = {
    "resourceslices": "slices",
    "resourceclaims": "claims",
    "deviceclasses": "classes",
    "devicetaintrules": "taints",
}


class Header(Lines):
    """Three lines on a small screen, six on a large one, and one or two more while something is hidden or late."""

    def __init__(self, desk: Desk, paused: Callable[[], bool]) -> None:
        super().__init__(desk, id="header")
        self.paused = paused
        self._tall = 3

    def update(self) -> None:
        """Say it again, taller or lower when it has more or less to say."""
        self.repaint()
        width = self.app.size.width
        said = self.lines(width, 0)
        if width == self.size.width:
            self._said = said  # nobody needs to ask again for this frame
        tall = len(said)
        if tall != self._tall:
            self._tall = tall
            self.styles.height = tall

    def lines(self, width: int, height: int) -> Sequence[Line]:
        desk = self.desk
        sources = desk.feed.sources()
        totals = desk.totals()
        said: list[Line] = [self._first(sources, width)]
        if self._roomy:
            half = width * 11 // 20
            left = [
                _bar(totals, half, desk),
                _figures(totals, desk, half),
                _holders(desk, half),
                _sources(sources, half, desk),
            ]
            right = _products(width - half - 2, _MOST_PRODUCTS, desk)
            said += [_pair(a, b, half) for a, b in zip(left, right, strict=True)]
        else:
            said += [_bar_and_figures(totals, width, desk), _sources(sources, width, desk)]
        said += _notes(sources, width, desk)
        return said

    def on_click(self, event: events.Click) -> None:
        """A click on a product shows its nodes."""
        row = event.y - 1
        products = _largest(self.desk)[:_MOST_PRODUCTS]
        if self._roomy and event.x >= self.size.width * 11 // 20 + 2 and 0 <= row < len(products):
            self.post_message(Pane.Go("nodes", product=products[row][0]))

    @property
    def _roomy(self) -> bool:
        return self.app.size.width >= _ROOMY[0] and self.app.size.height >= _ROOMY[1]

    def _first(self, sources: Sequence[Source], width: int) -> Line:
        left: list[Run] = [
            (" k8sai ", "mark"),
            (" ", "plain"),
            (clean(self.desk.feed.context), "strong"),
            *of_all(self.desk),
        ]
        if self.paused():
            left += [("  ", "plain"), (f" {self.desk.glyphs.pause} PAUSED ", "mark")]
        return beside(tuple(left), (*freshness(sources, self.desk), (" ", "plain")), width)


def freshness(sources: Sequence[Source], desk: Desk) -> Line:
    """One phrase for all sources: live, reading, read once, forbidden, or since when nothing came."""
    now, glyphs = desk.now(), desk.glyphs
    sources = [source for source in sources if source.kind not in METERS]
    asked = [source for source in sources if source.state not in ("absent", "forbidden")]
    dated = [source.at for source in asked if source.at]
    lost = [source for source in asked if source.state in ("retrying", "failed") or _waits(source)]
    if lost:
        since = min((source.at for source in lost if source.at), default=0.0)
        tail = f", data of {clock(since)}, {span(now - since)} old" if since else ""
        return ((f"{glyphs.dead} API not answering{tail}", "bad"),)
    if not asked and sources:
        return ((f"{glyphs.dead} no rights", "bad"),)
    if any(source.state == "starting" for source in asked) or not asked:
        return ((f"{glyphs.dead} reading {glyphs.dots}", "warn"),)
    if all(source.state == "once" for source in asked):
        return ((f"{glyphs.dead} read once at {clock(min(dated, default=0.0))}", "plain"),)
    oldest = now - min(dated, default=now)
    return ((f"{glyphs.live} live", "good"), *(((f", oldest {span(oldest)}", "warn"),) if oldest > _QUIET else ()))


def _waits(source: Source) -> bool:
    """It was asked for the first time, and there was no answer but a reason."""
    return source.state == "starting" and bool(source.message)


def _bar(totals: Figures, width: int, desk: Desk) -> Line:
    said: Line = (
        (f" {amount(totals.used)}", "strong"),
        (f"/{amount(totals.allocatable)} ", "plain"),
        (share(totals.used, totals.allocatable), "accent"),
    )
    room = width - 7 - sum(cell_len(text) for text, _ in said)
    return ((" GPUs ", "strong"), *_meter(totals, room, desk), *said)


def _meter(totals: Figures, width: int, desk: Desk) -> Line:
    busy = totals.used - totals.terminating
    parts = ((busy, "key"), (totals.terminating, "warn"), (totals.unhealthy, "bad"))
    return meter(parts, max(totals.capacity, totals.used + totals.unhealthy), width, desk.glyphs)


def _figures(totals: Figures, desk: Desk, width: int) -> Line:
    """The numbers in words, those that matter least left out where they do not fit."""
    usable = totals.free - totals.blocked
    runs: list[Run] = [
        (" ", "plain"),
        (f"{amount(totals.free)} free", "good" if usable > 0 else "bad" if totals.free < 0 else "plain"),
    ]
    stranded = desk.stranded()
    if stranded is not None and stranded.stranded > 0:
        runs += [(" (", "dim"), (f"{amount(stranded.stranded)} stranded", "warn"), (")", "dim")]
    room = width - sum(len(text) for text, _ in runs)
    for value, word, ink in (
        (totals.blocked, "blocked", "warn"),
        (totals.unhealthy, "unhealthy", "bad"),
        (totals.pending, "pending", "warn"),
        (totals.reserved, "reserved", "plain"),
        (totals.terminating, "ending", "plain"),
    ):
        said = f"{amount(value)} {word}"
        room -= len(said) + 3 if value > 0 else 0
        if value > 0 and room >= 0:
            runs += [(f" {desk.glyphs.dot} ", "dim"), (said, ink)]
    return tuple(runs)


def _bar_and_figures(totals: Figures, width: int, desk: Desk) -> Line:
    """Both on one line: the bar takes what the words leave."""
    words = _figures(totals, desk, width - _LEAST_BAR)
    room = width - sum(cell_len(text) for text, _ in words)
    return (*_bar(totals, min(60, room), desk), *words)


def _holders(desk: Desk, width: int) -> Line:
    """The namespaces with the most cards, in their colours: the key to the slot bars."""
    runs: list[Run] = [(" ", "plain")]
    room = width - 1
    found = sorted(desk.namespaces(), key=lambda total: (-total.figures.used, total.name))
    for total in found:
        if not total.figures.used:
            break
        said = f"{total.name} {amount(total.figures.used)}"
        if room < len(said) + 3:
            runs.append((desk.glyphs.dots, "dim"))
            break
        room -= len(said) + 2
        runs += [(total.name, desk.namespace_ink(total.name)), (f" {amount(total.figures.used)}  ", "dim")]
    return tuple(runs)


def _products(width: int, most: int, desk: Desk) -> list[Line]:
    """A meter per product, the largest first."""
    found = _largest(desk)[:most]
    name_width = min(26, max((cell_len(without_vendor(name)) for name, _ in found), default=0))
    lines: list[Line] = []
    for product, f in found:
        said = f" {amount(f.used)}/{amount(f.allocatable)}".rjust(10) + f" {amount(f.free)} free".rjust(11)
        name = fit(((without_vendor(clean(product)), "plain"),), name_width, Field(""), desk.glyphs.dots)
        lines.append((*name, (" ", "plain"), *_meter(f, width - name_width - 2 - len(said), desk), (said, "dim")))
    return lines + [()] * (most - len(lines))


def _largest(desk: Desk) -> list[tuple[str, Figures]]:
    """The products, the one with the most cards first."""
    sums: dict[str, Figures] = {}
    for total in desk.products():  # one name may be counted through several resources
        sums[total.name] = _sum(sums.get(total.name, Figures()), total.figures)
    return sorted(sums.items(), key=lambda item: (-item[1].capacity, item[0]))


def _sum(one: Figures, other: Figures) -> Figures:
    return Figures(*(getattr(one, name) + getattr(other, name) for name in Figures.__struct_fields__))


def _pair(left: Line, right: Line, width: int) -> Line:
    return (*fit(left, width, Field(""), " "), ("  ", "plain"), *right)


def _sources(sources: Sequence[Source], width: int, desk: Desk) -> Line:
    """Every source with its state and age, and its count where there is room; on a short line equal ones together."""
    now = desk.now()
    ages = [span(now - source.at) if source.at else "" for source in sources]
    each = [
        _source([source], f"{source.count:,} {age}" if source.state in _READ and width >= _ROOMY_LINE else age, desk)
        for source, age in zip(sources, ages, strict=True)
        if source.state != "absent" or width >= _ROOMY_LINE  # a short line is for what is there, or should be
    ]
    if sum(cell_len(text) for line in each for text, _ in line) > width:
        alike: dict[tuple[str, str], list[Source]] = {}
        for source, age in zip(sources, ages, strict=True):
            if source.state != "absent":
                alike.setdefault((source.state, age), []).append(source)
        each = [_source(group, age, desk) for (_, age), group in alike.items()]
    return fit(tuple(run for line in each for run in line), width, Field(""), desk.glyphs.dots)


def _source(alike: Sequence[Source], age: str, desk: Desk) -> Line:
    """Sources of one state: a sign, their names, what they are unless live, and their age."""
    state = alike[0].state
    ink = {"live": "good", "once": "dim", "absent": "dim", "starting": "warn"}.get(state, "bad")
    names = " ".join(_named(source) for source in alike)
    sign = desk.glyphs.live if state in _READ else desk.glyphs.dead
    tail = age if state in _READ else f"{state} {age}".rstrip()
    return (
        (f" {sign}", ink),
        (f" {names}", "dim" if state == "absent" else "plain"),
        (f" {tail}", "dim" if state in _READ else ink),
    )


def _named(source: Source) -> str:
    """A source, and whose it is where only those of one namespace may be read: a worse note may hide the sentence."""
    name = _SHORT.get(source.kind, source.kind)
    return f"{name} of {source.namespace}" if source.namespace else name


def _notes(sources: Sequence[Source], width: int, desk: Desk) -> list[Line]:
    """The worst that is hidden or late: the sentence and the next command."""
    for state in ("failed", "retrying", "starting", "forbidden"):
        for source in sources:
            if source.state == state and source.kind not in METERS and (state != "starting" or _waits(source)):
                return _note(source.message or f"{source.kind} {state}", source.hint, width, desk, "bad")
    for source in sources:
        if source.namespace:
            said = (
                source.message or f"only namespace {source.namespace} can be read: {source.kind} of others are hidden"
            )
            return _note(said, source.hint, width, desk, "warn")
    problems = desk.fleet.problems()
    if problems:
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        return _note(f"{problems[0].what} is not counted: {problems[0].why}{more}", "", width, desk, "warn")
    for source in sources:
        if source.kind in METERS and source.message:
            return _note(f"{source.kind}: {source.message}", source.hint, width, desk, "warn")
    return []


def _note(sentence: str, hint: str, width: int, desk: Desk, ink: str) -> list[Line]:
    """On one line where it fits, else the command on a line of its own: it is there to be copied."""
    said: Line = ((" ! ", ink), (clean(sentence), ink))
    if not hint:
        return [fit(said, width, Field(""), desk.glyphs.dots)]
    then: Line = ((f" {desk.glyphs.arrow} ", "dim"), (clean(hint), "key"))
    if sum(cell_len(text) for text, _ in (*said, *then)) <= width:
        return [(*said, *then)]
    return [fit(line, width, Field(""), desk.glyphs.dots) for line in (said, ((" ", "plain"), *then))]
