"""The Canaries pane: every rollout of the cluster in a line, and of the one under the cursor what decides."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from textual.app import ComposeResult

from k8sai.errors import Usage
from k8sai.tui.canaries_acts import ACTS, RolloutsPane
from k8sai.tui.columns import Field
from k8sai.tui.desk import Desk
from k8sai.tui.ink import Line, Run
from k8sai.tui.kept import Kind, Late, missing
from k8sai.tui.lines import Lines, rule_with_keys
from k8sai.tui.matching import matcher
from k8sai.tui.subject import Subject
from k8sai.tui.words import clean

if TYPE_CHECKING:
    from k8sai.canary.shown.look import Look
    from k8sai.canary.shown.rollouts import Rollout

_HALF: Final = 34  # lines of a screen from which the table gets nearly half
_ROOMY: Final = 100  # columns from which every key is named
ROLLOUTS: Final = Kind(
    *("rollout", "rollouts", "k8sai canary list -A", "kubectl auth can-i list configmaps"),
    "A new version of a model beside the old one, step by step, with a gate:",
    "k8sai canary start isvc/NAME --image …",
)


class CanariesPane(RolloutsPane):
    """Above, the rollouts; below, the one under the cursor."""

    stem = "canaries"
    title = "Canaries"
    home = "canaries"
    words = ("canaries", "canary", "rollouts", "rollout")
    about = "rollouts: phase, weights, what the gate says, who holds them"
    sorts_first = "name"
    finds_trouble = True
    namespaced = True
    fields = (
        Field("NAMESPACE", rank=2, least=9, most=24, stretch=True, sort="namespace", letter="M"),
        Field("TARGET", least=14, most=44, stretch=True, sort="name", letter="N", middle=True),
        Field("BACKEND", rank=5, most=16, sort="backend", letter="B"),
        Field("PHASE", least=8, most=20, sort="phase", letter="P"),
        Field("STEP", "right", rank=1, most=7, sort="step", letter="T", falling=True),
        Field("SET", "right", most=7, sort="set", letter="W", falling=True),
        Field("ROUTE", "right", rank=1, most=8, sort="route", letter="R", falling=True),
        Field("GATE", most=9, sort="gate", letter="E"),
        Field("HOLDER", rank=3, least=8, most=30, stretch=True, sort="holder", letter="H"),
        Field("AGE", "right", rank=4, most=7, sort="age", letter="A"),
    )

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self.found: dict[str, Rollout] = {}
        self.notes = Late(desk, desk.canary_watch)
        self.below = Below(desk, self)

    def compose(self) -> ComposeResult:
        yield self.heading
        yield self.notes
        yield self.table
        yield self.below

    def on_resize(self) -> None:
        self.below.styles.height = "60%" if self.app.size.height < _HALF else "55%"

    # --- rows ---------------------------------------------------------------------------------------------------------

    def order(self) -> Sequence[str]:
        if self.filter.labels:
            raise Usage("rollouts have no labels of their own: filter them by name")
        read = self.desk.canary_watch().read
        if read is None:
            self.found = {}
            return []
        from k8sai.tui.canaries_cells import order_of, troubled

        matches, only = matcher(self.filter.text), self.desk.namespace
        found = [
            one
            for one in read.found
            if only in ("", one.listed.namespace)
            and (not self.only_trouble or troubled(one))
            and matches(one.listed.namespace, one.title, one.look.backend if one.look else "")
        ]
        found.sort(key=lambda one: order_of(one, self.sort), reverse=self.reverse)
        self.found = {one.key: one for one in found}
        return list(self.found)

    def cells(self, key: str) -> tuple[Line, ...]:
        from k8sai.tui.canaries_cells import cells

        return cells(self.found[key], self.desk.now())

    def rollout(self) -> "Rollout | None":
        return self.desk.canary_watch().rollout(self.table.cursor_key or "")

    # --- keys ---------------------------------------------------------------------------------------------------------

    def subject_at(self, key: str) -> Subject | None:
        one = self.found.get(key)
        if one is None or one.look is None:
            return None
        ref = one.look.ref
        return Subject(ref.kind, ref.namespace, ref.name)

    def choose(self, key: str) -> None:
        if self.found[key].look is not None:
            self.post_message(self.Go("canary", rollout=key))

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
        self.desk.canary_watch().at_once()
        self._look()
        super().refresh_now()

    def _look(self) -> None:
        self.desk.canary_watch().renew(self, self.looked, self.table.cursor_key or "")

    def looked(self) -> None:
        if self.is_attached and not self.table.paused:
            self.table.reorder()
            self.desk.canary_watch().ask(self, self.below.repaint, self.table.cursor_key or "")
            self.paint_rest()

    def paint_rest(self) -> None:
        super().paint_rest()
        self.notes.update()
        self.below.repaint()

    # --- words --------------------------------------------------------------------------------------------------------

    def missing(self, width: int, height: int) -> Sequence[Line]:
        return missing(self.desk, self.desk.canary_watch(), ROLLOUTS, width, height)

    def subject_line(self) -> Line:
        read = self.desk.canary_watch().read
        only = read.namespace if read is not None else ""
        more: Line = ((f" {self.desk.glyphs.dot} only namespace {only} may be read", "warn"),) if only else ()
        return (*super().subject_line(), *more)


class Below(Lines):
    """Of the rollout under the cursor: both sides, three weights, the evidence, why, what happened, what to type."""

    def __init__(self, desk: Desk, pane: CanariesPane) -> None:
        super().__init__(desk, classes="below")
        self.pane = pane

    def lines(self, width: int, height: int) -> Sequence[Line]:
        one = self.pane.rollout()
        if one is None:
            return []
        if one.look is None:
            said = f"its state is not understood: {one.listed.trouble}"
            return [self._rule((clean(one.title), "bad"), width), ((f" {clean(said)}", "bad"),)]
        return [*self._head(one, one.look, width), *self._rest(one.look, width, height)]

    def _head(self, one: "Rollout", look: "Look", width: int) -> list[Line]:
        from k8sai.tui.canaries_lines import heading

        doing = self.desk.canary_watch().acting.get(one.key)
        return [
            self._rule((f"{one.title}: {doing} {self.desk.glyphs.dots}", "warn") if doing else heading(look), width)
        ]

    def _rest(self, look: "Look", width: int, height: int) -> Iterator[Line]:
        """What decides always has its place; the history has what is left."""
        from k8sai.tui.canaries_lines import following, gates, history, sides, weights, why

        glyphs = self.desk.glyphs
        state = look.state
        first = [*sides(look, width, glyphs.dots), *weights(look, width, glyphs), *gates(look, width, glyphs)]
        room = max(1, height - 2 - len(first))
        said = why(look, width, max(1, room - 1) if room < 4 else room // 2)
        yield from first
        yield from said
        yield following(look)
        yield from history(state.history if state else (), self.desk.now(), width, room - len(said), glyphs)

    def _rule(self, title: Run, width: int) -> Line:
        glyphs = self.desk.glyphs
        keys = (("enter", "open"), *ACTS) if width >= _ROOMY else ACTS
        return rule_with_keys(((glyphs.rule * 2 + " ", "dim"), title, (" ", "dim")), keys, width, glyphs)
