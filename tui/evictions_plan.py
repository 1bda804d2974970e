"""What a drain would do, before it does it: the plan, what may be accepted of it, and the number that says yes."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, Final

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.screen import ModalScreen

from k8sai.errors import K8saiError
from k8sai.evict.planning.wish import Wish
from k8sai.tui.background import begin, in_thread
from k8sai.tui.desk import Desk
from k8sai.tui.evictions_plan_lines import FLAGS, command, in_the_way, number, plan_lines
from k8sai.tui.ink import Line
from k8sai.tui.lines import Lines, wrap
from k8sai.tui.told import room
from k8sai.tui.words import clean

if TYPE_CHECKING:
    from k8sai.evict.plan import Plan

Answer = tuple[Wish, "Plan"]
_DIGITS: Final = ",".join((*"0123456789", "full_stop"))


class PlanScreen(ModalScreen[Answer]):
    """Dismissed with the plan whose number was typed; with None where nothing is to be done.

    `make` plans, in a thread; every letter that accepts something plans again.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        *(Binding(one.key, f"accept('{one.key}')", one.words, show=False) for one in FLAGS),
        Binding("enter", "yes", "Drain", show=False),
        Binding("backspace", "rub_out", show=False),
        Binding("ctrl+r", "again", "Plan again", show=False),
        Binding("escape,n,q", "leave", "Leave things as they are", show=False),
        Binding("down,j", "scroll(1)", show=False),
        Binding("up,k", "scroll(-1)", show=False),
        Binding("pagedown,ctrl+f,space", "scroll(10)", show=False),
        Binding("pageup,ctrl+b", "scroll(-10)", show=False),
        Binding("ctrl+c", "app.help_quit", show=False),
        *(Binding(key, f"type('{'.' if key == 'full_stop' else key}')", show=False) for key in _DIGITS.split(",")),
    ]

    def __init__(self, desk: Desk, wish: Wish, make: "Callable[[Wish], Plan]") -> None:
        super().__init__()
        self.desk = desk
        self.wish = wish
        self.partial = False  # what is refused is left, and the rest drained
        self.plan: Plan | None = None
        self.trouble: K8saiError | None = None
        self.typed = ""
        self.said = ""  # of the last key
        self._make = make
        self.sheet = Planned(desk, self)
        self.asked = Asked(desk, self)
        self.frame = VerticalScroll(self.sheet, self.asked, classes="told")
        self.frame.border_title = f"Drain {' '.join(wish.nodes[:4])}{' …' if len(wish.nodes) > 4 else ''}"
        self.frame.border_subtitle = "esc leaves it"

    def compose(self) -> ComposeResult:
        yield self.frame

    def on_mount(self) -> None:
        self.action_again()

    def on_resize(self) -> None:
        self.paint()

    def paint(self) -> None:
        """All of it, in as much height as it needs."""
        for one in (self.sheet, self.asked):
            one.styles.height = len(one.lines(room(self.app.size.width), 0))
            one.repaint()
        self.frame.border_subtitle = self._asking()

    # --- keys ---------------------------------------------------------------------------------------------------------

    def action_again(self) -> None:
        """Plan anew."""
        self.plan = self.trouble = None
        self.typed = self.said = ""
        begin(self, partial(self._planned, self.wish), "plan")
        self.paint()

    async def _planned(self, wish: Wish) -> None:
        try:
            self.plan = await in_thread(partial(self._make, wish))
        except K8saiError as error:
            self.trouble = error
        self.paint()

    def action_accept(self, key: str) -> None:
        """Accept something of it, or no longer."""
        flag = next(one for one in FLAGS if one.key == key)
        if flag.name == "partial":
            self.partial, self.typed, self.said = not self.partial, "", ""
            self.paint()
            return
        settings = self.wish.settings
        other: dict[str, Any] = {flag.name: not getattr(settings, flag.name)}
        self.wish = replace(self.wish, settings=replace(settings, **other))
        self.action_again()

    def action_type(self, letter: str) -> None:
        """A digit of the number."""
        if self._asks():
            self.typed, self.said = (self.typed + letter)[-8:], ""
            self.paint()

    def action_rub_out(self) -> None:
        """The last digit away."""
        self.typed, self.said = self.typed[:-1], ""
        self.paint()

    def action_yes(self) -> None:
        """Where the number is the plan's."""
        if not self._asks() or self.plan is None:
            return
        if self.typed == number(self.plan):
            self.dismiss((self.wish, self.plan))
            return
        self.said = f"That is not {number(self.plan)}." if self.typed else ""
        self.typed = ""
        self.paint()

    def action_leave(self) -> None:
        """Nothing was written."""
        self.dismiss(None)

    def action_scroll(self, rows: int) -> None:
        self.frame.scroll_relative(y=rows, animate=False)

    def _asking(self) -> str:
        """Always in view, however long the plan is."""
        if self.plan is None:
            return "esc leaves it"
        if not self._asks():
            return "it cannot be drained so; esc leaves it"
        return f"{self.said or f'type {number(self.plan)} and enter: it drains'} \\[{self.typed}_]  esc leaves it"

    def _asks(self) -> bool:
        return self.plan is not None and not in_the_way(self.plan, partial=self.partial)


class Planned(Lines):
    """The plan."""

    def __init__(self, desk: Desk, dialog: PlanScreen) -> None:
        super().__init__(desk, classes="sheet")
        self.dialog = dialog

    def lines(self, width: int, height: int) -> Sequence[Line]:
        dialog, dots = self.dialog, self.desk.glyphs.dots
        if dialog.trouble is not None:
            said = f"{dialog.trouble.message}. {dialog.trouble.hint}"
            return [((part, "bad"),) for part in wrap(clean(said), width)]
        if dialog.plan is None:
            return [((f"Planning {dots} nothing is written", "dim"),)]
        return plan_lines(dialog.plan, width, self.desk.glyphs)


class Asked(Lines):
    """Below it: what may be accepted, the same in a shell, and what to type."""

    def __init__(self, desk: Desk, dialog: PlanScreen) -> None:
        super().__init__(desk, classes="sheet")
        self.dialog = dialog

    def lines(self, width: int, height: int) -> Sequence[Line]:
        dialog, plan = self.dialog, self.dialog.plan
        settings = dialog.wish.settings
        said: list[Line] = [()]
        for flag in FLAGS:
            on = dialog.partial if flag.name == "partial" else bool(getattr(settings, flag.name))
            said.append(((f" {flag.key} ", "key"), ("[x] " if on else "[ ] ", "plain"), (flag.words, "plain")))
        shell = command(dialog.wish, partial=dialog.partial)
        said += [(), (("In a shell: ", "dim"),), *(((part, "key"),) for part in wrap(shell, width)), ()]
        if plan is None:
            return said
        if why := in_the_way(plan, partial=dialog.partial):
            return [*said, *(((part, "bad"),) for part in wrap(why, width))]
        ask = (
            f"Type {number(plan)} and enter: what is named above is cordoned, asked, proven, stopped and started again."
        )
        return [*said, *(((part, "strong"),) for part in wrap(ask, width))]
