"""One drain full screen: its nodes, gangs and pods, and its journal."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from textual.app import ComposeResult

from k8sai.errors import Usage
from k8sai.fleet.answers import PodRow
from k8sai.tui.blank import centred
from k8sai.tui.columns import Field
from k8sai.tui.desk import Desk
from k8sai.tui.evictions import DRAINS
from k8sai.tui.evictions_acts import ACTS, DrainsPane
from k8sai.tui.ink import Line, plain
from k8sai.tui.kept import Late, missing
from k8sai.tui.lines import Lines, rule_with_keys
from k8sai.tui.matching import matcher
from k8sai.tui.subject import Subject, node, pod
from k8sai.tui.words import age, clean

if TYPE_CHECKING:
    from k8sai.evict.facts import PodRef
    from k8sai.evict.keeping.find import Listed
    from k8sai.evict.state import GangState, NodeState, PodState, State

_TALL: Final = 34  # lines of a screen on which there is room for more
_FEW, _MANY = 7, 18  # lines of the journal


@dataclass(frozen=True, slots=True)
class Row:
    """A line: a node, a gang, a pod of a gang (with the gang), or a pod that is none's."""

    node: "NodeState | None" = None
    gang: "GangState | None" = None
    member: "PodRef | None" = None
    loose: "PodState | None" = None
    sign: str = ""


class EvictionPane(DrainsPane):
    """Opened on a drain."""

    stem = "eviction"
    title = "Eviction"
    home = "evictions"
    about = "one drain: nodes, gangs, pods, journal"
    finds_trouble = True
    fields = (
        Field("NAME", least=20, most=60, stretch=True, middle=True),
        Field("PHASE", least=9, most=20),
        Field("WAY", rank=4, least=8, most=8),
        Field("SINCE", "right", rank=3, least=5, most=7),
        Field("GPUS", "right", rank=2, most=7),
        Field("AT RISK", "right", most=9),
        Field("COST", "right", rank=1, least=5, most=9),
        Field("METHOD", rank=5, most=16),
        Field("PROOF", most=6),
        Field("STEP", "right", rank=6, most=16),
        Field("WHY", least=18, most=90, stretch=True),
    )

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self.rows: dict[str, Row] = {}
        self.notes = Late(desk, desk.eviction_watch)
        self.facts = Facts(desk, self)
        self.happened = Journal(desk, self)

    def compose(self) -> ComposeResult:
        yield self.heading
        yield self.notes
        yield self.facts
        yield self.table
        yield self.happened

    def on_resize(self) -> None:
        self.happened.styles.height = (_FEW if self.app.size.height < _TALL else _MANY) + 1

    def drain(self) -> "Listed | None":
        return self.desk.eviction_watch().drain(self.subject.get("drain", ""))

    @property
    def state(self) -> "State | None":
        """None where it is gone, or not understood."""
        one = self.drain()
        return one.state if one is not None else None

    # --- rows ---------------------------------------------------------------------------------------------------------

    def order(self) -> Sequence[str]:
        if self.filter.labels:
            raise Usage("these are all of one drain: filter them by name")
        matches, state = matcher(self.filter.text), self.state
        made = self._rows(state) if state is not None else ()
        self.rows = {key: row for key, row in made if matches(*_names(row)) and (not self.only_trouble or _wrong(row))}
        return list(self.rows)

    def _rows(self, state: "State") -> Iterator[tuple[str, Row]]:
        one_of, last, _ = self.desk.glyphs.branches
        for one in state.nodes:
            yield f"node/{one.name}", Row(node=one)
        for gang in state.gangs:
            yield f"gang/{gang.id}", Row(gang=gang)
            for number, member in enumerate(gang.pods, 1):
                sign = last if number == len(gang.pods) else one_of
                yield f"gang/{gang.id}/{member.uid}", Row(gang=gang, member=member, sign=sign)
        for loose in state.pods:
            yield f"pod/{loose.pod.uid}", Row(loose=loose)

    def cells(self, key: str) -> tuple[Line, ...]:
        from k8sai.tui.evictions_cells import gang_cells

        row, state, now = self.rows[key], self.state, self.desk.eviction_watch().now()
        if row.node is not None:
            return self._node(row.node)
        if row.loose is not None:
            return self._loose(row.loose, now)
        if row.member is not None:
            return self._member(row)
        if row.gang is None or state is None:
            return ((),) * len(self.fields)
        return gang_cells(row.gang, state, "", now, self.desk.glyphs)

    def _node(self, one: "NodeState") -> tuple[Line, ...]:
        from k8sai.tui.evictions_lines import node_words

        ours = "cordoned by this drain" if one.ours else "was cordoned before" if one.cordoned else ""
        why = one.reason or (f"{one.pending.word} is on its way" if one.pending is not None else ours)
        return ((("node ", "dim"), (clean(one.name), "strong")), (node_words(one),), *[()] * 8, plain(clean(why)))

    def _loose(self, one: "PodState", now: float) -> tuple[Line, ...]:
        from k8sai.evict.shown.plan_table import number
        from k8sai.tui.evictions_lines import pod_words

        since: Line = ((age(one.evicted_at, now), "dim"),) if one.evicted_at else ()
        gpus = plain(number(one.pod.gpus) if one.pod.gpus else "")
        name: Line = (("pod ", "dim"), (clean(f"{one.pod.namespace}/{one.pod.name}"), "plain"))
        ink = "bad" if one.blocked else "plain"
        return (name, (pod_words(one),), (), since, gpus, *[()] * 5, ((clean(one.blocked or one.reason), ink),))

    def _member(self, row: Row) -> tuple[Line, ...]:
        from k8sai.evict.shown.plan_table import number

        one = row.member
        assert one is not None
        name: Line = ((row.sign, "dim"), (clean(one.name), "plain"))
        rank = f"rank {one.rank}" if one.rank >= 0 else ""
        return (name, ((rank, "dim"),), (), (), plain(number(one.gpus)), *[()] * 5, ((clean(one.node), "dim"),))

    def cycle_sort(self, step: int) -> None:
        """The order is that of the drain."""

    def turn_round(self) -> None:
        """The order is that of the drain."""

    # --- keys ---------------------------------------------------------------------------------------------------------

    def subject_at(self, key: str) -> Subject | None:
        row = self.rows.get(key)
        if row is None:
            return None
        if row.node is not None:
            return node(row.node.name)
        one = row.member or (row.loose.pod if row.loose is not None else None)
        if one is not None:
            return pod(one.namespace, one.name)
        return Subject(row.gang.ref.kind, row.gang.ref.namespace, row.gang.ref.name) if row.gang is not None else None

    def pod(self, key: str) -> PodRow | None:
        found = self.subject_at(key)
        if found is None or found.kind != "pods":
            return None
        try:
            return self.desk.fleet.pod(found.namespace, found.name)
        except KeyError:
            return None

    def choose(self, key: str) -> None:
        row = self.rows[key]
        if row.node is not None:
            self.post_message(self.Go("node", node=row.node.name))
        elif self.pod(key) is not None:
            self.post_message(self.Go("pod", _pod=key))
        else:
            self.call_later(self.run_action, "app.ask('describe')")

    def pointed(self, key: str) -> None:
        self.facts.resize_and_paint()

    # --- time ---------------------------------------------------------------------------------------------------------

    def arrive(self, subject: Mapping[str, str]) -> None:
        super().arrive(subject)
        self._look()

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
        self.facts.resize_and_paint()
        self.happened.repaint()

    # --- words --------------------------------------------------------------------------------------------------------

    def subject_line(self) -> Line:
        from k8sai.tui.evictions_lines import heading

        one, watch, glyphs = self.drain(), self.desk.eviction_watch(), self.desk.glyphs
        if one is None:
            return (("Drain ", "strong"), (clean(self.subject.get("drain", "")), "accent"))
        doing = watch.acting.get(one.id)
        more: Line = ((f" {glyphs.dot} ", "dim"), (f"{doing} {glyphs.dots}", "warn")) if doing else ()
        return (heading(one, watch.now()), *more)

    def title_end(self) -> Line:
        return super().title_end()[:2] if self.table.paused else ()

    def missing(self, width: int, height: int) -> Sequence[Line]:
        watch, one = self.desk.eviction_watch(), self.drain()
        if watch.read is None or watch.read.refused is not None:
            return missing(self.desk, self.desk.eviction_watch(), DRAINS, width, height)
        if one is None:
            return centred("This drain is forgotten", "", "esc goes back to the drains", width, height)
        return centred("Its state is not understood", one.trouble, f"k8sai evict abort {one.id}", width, height, "warn")

    def remember(self) -> dict[str, Any]:
        return {**super().remember(), "filter": ""}  # of one drain


def _names(row: Row) -> tuple[str, ...]:
    if row.node is not None:
        return (row.node.name,)
    if row.loose is not None:
        return row.loose.pod.name, row.loose.pod.node, row.loose.pod.namespace
    member = (row.member.name, row.member.node) if row.member is not None else ()
    return (*member, row.gang.ref.name, row.gang.ref.namespace) if row.gang is not None else member


def _wrong(row: Row) -> bool:
    """Its way is not the planned one."""
    from k8sai.evict.running.outcome import well

    if row.node is not None:
        return bool(row.node.reason)
    if row.loose is not None:
        return bool(row.loose.blocked or row.loose.reason)
    return row.gang is not None and bool(row.gang.reason or row.gang.tried) and not well(row.gang)


class Facts(Lines):
    """Above the rows: who is at it, the gang under the cursor, what it waits for, and the next command."""

    def __init__(self, desk: Desk, pane: EvictionPane) -> None:
        super().__init__(desk, classes="facts")
        self.pane = pane
        self._tall = -1

    def resize_and_paint(self) -> None:
        """As tall as what there is to say."""
        self.repaint()
        tall = len(self.lines(self.app.size.width, 0))
        if tall != self._tall:
            self._tall = tall
            self.styles.height = tall

    def lines(self, width: int, height: int) -> Sequence[Line]:
        from k8sai.tui.evictions_lines import around, following, gang_lines, waiting

        one, watch = self.pane.drain(), self.desk.eviction_watch()
        if one is None:
            return []
        row = self.pane.rows.get(self.pane.table.cursor_key or "")
        ours = watch.ours(one.id)
        said = [around(one, ours, watch.now(), width, self.desk.glyphs)]
        said += waiting(one, ours, width, 2 if self.app.size.height < _TALL else 6)
        if row is not None and row.gang is not None:
            said += gang_lines(row.gang, width, self.desk.glyphs)
        return [*said, following(one)]


class Journal(Lines):
    """Below the rows, the newest first."""

    def __init__(self, desk: Desk, pane: EvictionPane) -> None:
        super().__init__(desk, classes="happened")
        self.pane = pane

    def lines(self, width: int, height: int) -> Sequence[Line]:
        from k8sai.tui.evictions_lines import journal

        state, glyphs = self.pane.state, self.desk.glyphs
        if state is None:
            return []
        rule = rule_with_keys(((f"{glyphs.rule * 2} Journal ", "dim"),), ACTS, width, glyphs)
        return [rule, *journal(state, self.desk.eviction_watch().now(), width, height - 1, glyphs)]
