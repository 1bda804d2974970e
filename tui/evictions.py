"""The Evictions pane: every drain with its gangs as they move, and of what is under the cursor why and what next."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from textual.app import ComposeResult

from k8sai.errors import Usage
from k8sai.tui.columns import Field
from k8sai.tui.desk import Desk
from k8sai.tui.evictions_acts import ACTS, DrainsPane
from k8sai.tui.ink import Line
from k8sai.tui.kept import Kind, Late, missing
from k8sai.tui.lines import Lines, rule_with_keys
from k8sai.tui.matching import matcher
from k8sai.tui.subject import Subject
from k8sai.tui.words import epoch

if TYPE_CHECKING:
    from k8sai.evict.keeping.find import Listed
    from k8sai.evict.state import GangState

_HALF: Final = 34  # lines of a screen from which the table gets more than half
_ROOMY: Final = 100  # columns from which every key is named
DRAINS: Final = Kind(
    *("drain", "drains", "k8sai evict status --all", "k8sai evict rbac --for status"),
    "x on the Nodes pane plans one for the node under the cursor, or for those that are marked:",
    "k8sai evict plan NODE",
)
_RECENT: Final = 3600.0  # seconds after its end that the gangs of a drain are rows


@dataclass(frozen=True, slots=True)
class Branch:
    """A row: a drain, or a gang of it."""

    drain: "Listed"
    gang: "GangState | None" = None
    sign: str = ""


class EvictionsPane(DrainsPane):
    """Above, drains and gangs; below, the one under the cursor."""

    stem = "evictions"
    title = "Evictions"
    home = "evictions"
    words = ("evictions", "eviction", "evict", "drains", "drain")
    about = "drains: gangs on their way, GPU-hours at risk, proofs, who is at it"
    sorts_first = "begun"
    finds_trouble = True
    namespaced = True
    fields = (
        Field("DRAIN", least=14, most=44, stretch=True, sort="name", letter="N", middle=True),
        Field("PHASE", least=9, most=14, sort="phase", letter="P"),
        Field("WAY", rank=4, least=8, most=8),
        Field("SINCE", "right", rank=3, least=5, most=7, sort="begun", letter="A"),
        Field("GPUS", "right", rank=2, most=7, sort="gpus", letter="U", falling=True),
        Field("AT RISK", "right", most=9, sort="risk", letter="R", falling=True),
        Field("COST", "right", rank=1, least=5, most=9, sort="cost", letter="C", falling=True),
        Field("METHOD", rank=5, most=16),
        Field("PROOF", most=6),
        Field("STEP", "right", rank=6, most=16),
        Field("WHY", least=18, most=90, stretch=True),
    )

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self.branches: dict[str, Branch] = {}
        self.notes = Late(desk, desk.eviction_watch)
        self.below = Below(desk, self)

    def compose(self) -> ComposeResult:
        yield self.heading
        yield self.notes
        yield self.table
        yield self.below

    def on_resize(self) -> None:
        self.below.styles.height = "45%"

    # --- rows ---------------------------------------------------------------------------------------------------------

    def order(self) -> Sequence[str]:
        if self.filter.labels:
            raise Usage("drains have no labels of their own: filter them by id, node or gang")
        read = self.desk.eviction_watch().read
        self.branches = dict(self._rows(read.found)) if read is not None else {}
        return list(self.branches)

    def _rows(self, found: "Sequence[Listed]") -> "Iterator[tuple[str, Branch]]":
        from k8sai.tui.evictions_cells import order_of, troubled
        from k8sai.tui.evictions_watch import key_of

        now = self.desk.eviction_watch().now()
        chosen = [one for one in found if self._shows(one) and (not self.only_trouble or troubled(one))]
        chosen.sort(key=lambda one: order_of(one, self.sort, now), reverse=self.reverse)
        first, last, _ = self.desk.glyphs.branches
        for one in chosen:
            yield key_of(one), Branch(one)
            gangs = one.state.gangs if one.state is not None and _recent(one, now) else ()
            for number, gang in enumerate(gangs, 1):
                yield f"{key_of(one)}/{gang.id}", Branch(one, gang, last if number == len(gangs) else first)

    def _shows(self, one: "Listed") -> bool:
        state, only = one.state, self.desk.namespace
        spaces = {gang.ref.namespace for gang in state.gangs} if state is not None else set()
        if only not in ("", one.namespace) and only not in spaces:
            return False
        matches = matcher(self.filter.text)
        gangs = [f"{gang.ref.namespace}/{gang.ref.name}" for gang in state.gangs] if state is not None else []
        nodes = [node.name for node in state.nodes] if state is not None else []
        return matches(one.id, str(state.stage) if state is not None else "", *nodes, *gangs)

    def cells(self, key: str) -> tuple[Line, ...]:
        from k8sai.tui.evictions_cells import drain_cells, gang_cells

        branch, watch, glyphs = self.branches[key], self.desk.eviction_watch(), self.desk.glyphs
        if branch.gang is None or branch.drain.state is None:
            return drain_cells(branch.drain, watch.ours(branch.drain.id), watch.now(), glyphs)
        return gang_cells(branch.gang, branch.drain.state, branch.sign, watch.now(), glyphs)

    def branch(self) -> Branch | None:
        """What is under the cursor."""
        return self.branches.get(self.table.cursor_key or "")

    def drain(self) -> "Listed | None":
        branch = self.branch()
        return branch.drain if branch is not None else None

    # --- keys ---------------------------------------------------------------------------------------------------------

    def subject_at(self, key: str) -> Subject | None:
        """Of a gang what stops it; a drain is the ConfigMap it is kept in."""
        branch = self.branches.get(key)
        if branch is None:
            return None
        if branch.gang is not None:
            ref = branch.gang.ref
            return Subject(ref.kind, ref.namespace, ref.name)
        return Subject("configmaps", branch.drain.namespace, f"k8sai-evict-{branch.drain.id}")

    def choose(self, key: str) -> None:
        one = self.branches[key].drain
        if one.state is not None:
            self.post_message(self.Go("eviction", drain=f"{one.namespace}/{one.id}"))

    def pointed(self, key: str) -> None:
        self.below.repaint()

    # --- time ---------------------------------------------------------------------------------------------------------

    def arrive(self, subject: Mapping[str, str]) -> None:
        self._look()
        super().arrive(subject)

    def tick(self) -> None:
        if not self.table.paused:
            self._look()
        self.repaint()

    def refresh_now(self) -> None:
        self.desk.eviction_watch().at_once()
        self._look()
        super().refresh_now()

    def _look(self) -> None:
        self.desk.eviction_watch().renew(self, self.looked)

    def looked(self) -> None:
        if self.is_attached and not self.table.paused:
            self.table.reorder()
            self.paint_rest()

    def paint_rest(self) -> None:
        super().paint_rest()
        self.notes.update()
        self.below.repaint()

    # --- words --------------------------------------------------------------------------------------------------------

    def missing(self, width: int, height: int) -> Sequence[Line]:
        return missing(self.desk, self.desk.eviction_watch(), DRAINS, width, height)

    def count(self) -> int:
        return sum(branch.gang is None for branch in self.branches.values())

    def subject_line(self) -> Line:
        from k8sai.evict.plan import Range
        from k8sai.evict.shown.plan_table import hours
        from k8sai.evict.shown.risk import total_risk

        watch, dot = self.desk.eviction_watch(), f" {self.desk.glyphs.dot} "
        only = watch.read.namespace if watch.read is not None else ""
        states = [one.drain.state for one in self.branches.values() if one.gang is None and one.drain.state is not None]
        risk = sum((total_risk(state, watch.now()) for state in states), Range())
        more: Line = ((dot, "dim"), (f"{hours(risk)} GPU-h at risk", "warn")) if risk.best >= 0.05 or risk.open else ()
        if only:
            more = (*more, (f"{dot}only namespace {only} may be read", "warn"))
        return (*super().subject_line(), *more)


def _recent(one: "Listed", now: float) -> bool:
    """Its gangs are worth a row each."""
    return one.state is not None and (not one.state.ended or now - epoch(one.state.ended) < _RECENT)


class Below(Lines):
    """Of what is under the cursor: who is at it, its proof, why, what to type, what happened."""

    def __init__(self, desk: Desk, pane: EvictionsPane) -> None:
        super().__init__(desk, classes="below")
        self.pane = pane

    def lines(self, width: int, height: int) -> Sequence[Line]:
        branch = self.pane.branch()
        return [] if branch is None else list(self._about(branch, width, height))

    def _about(self, branch: Branch, width: int, height: int) -> Iterator[Line]:
        from k8sai.tui.evictions_lines import around, following, gang_lines, heading, journal, waiting

        one, watch, glyphs = branch.drain, self.desk.eviction_watch(), self.desk.glyphs
        ours, now = watch.ours(one.id), watch.now()
        doing = watch.acting.get(one.id)
        title = (f"drain {one.id}: {doing} {glyphs.dots}", "warn") if doing else heading(one, now)
        keys = (("enter", "open"), *ACTS) if width >= _ROOMY else ACTS
        yield rule_with_keys(((glyphs.rule * 2 + " ", "dim"), title, (" ", "dim")), keys, width, glyphs)
        first: list[Line] = [around(one, ours, now, width, glyphs)]
        if branch.gang is not None:
            first += gang_lines(branch.gang, width, glyphs)
        first += waiting(one, ours, width, 2 if height < _HALF else 6)
        yield from (*first, following(one))
        if one.state is not None:
            yield from journal(one.state, now, width, height - 2 - len(first), glyphs)
