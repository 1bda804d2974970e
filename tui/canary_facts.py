"""Above the tree of one rollout what decides, and below it what happened."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

from k8sai.tui.canaries_acts import ACTS
from k8sai.tui.desk import Desk
from k8sai.tui.ink import Line
from k8sai.tui.lines import Lines, rule_with_keys

if TYPE_CHECKING:
    from k8sai.canary.shown.look import Look

TALL: Final = 34  # lines of a screen on which there is room for more

Looked = Callable[[], "Look | None"]


class Facts(Lines):
    """Above the tree: who holds it, its weights, the evidence of its gate, why, and the next command."""

    def __init__(self, desk: Desk, look: Looked) -> None:
        super().__init__(desk, classes="facts")
        self.look = look
        self._tall = -1

    def resize_and_paint(self) -> None:
        """As tall as what there is to say."""
        self.repaint()
        tall = len(self.lines(self.app.size.width, 0))
        if tall != self._tall:
            self._tall = tall
            self.styles.height = tall

    def lines(self, width: int, height: int) -> Sequence[Line]:
        look = self.look()
        if look is None:
            return []
        from k8sai.tui.canaries_lines import around, following, gates, weights, why

        glyphs, most = self.desk.glyphs, 2 if self.app.size.height < TALL else 6
        both = (*weights(look, width, glyphs), *gates(look, width, glyphs))
        told = [around(look, self.desk.now()), *both, *why(look, width, most)]
        return told if look.outcome.next.startswith("canary watch") else [*told, following(look)]  # that is this


class Happenings(Lines):
    """Below the tree, the history, the newest first."""

    def __init__(self, desk: Desk, look: Looked) -> None:
        super().__init__(desk, classes="happened")
        self.look = look

    def lines(self, width: int, height: int) -> Sequence[Line]:
        look = self.look()
        if look is None or look.state is None:
            return []
        from k8sai.tui.canaries_lines import history

        glyphs = self.desk.glyphs
        return [
            rule_with_keys(((f"{glyphs.rule * 2} History ", "dim"),), ACTS, width, glyphs),
            *history(look.state.history, self.desk.now(), width, height - 1, glyphs),
        ]
