"""Acting on what a pane shows: it is asked about first, done in a thread, and said when it is over."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Generic, TypeVar

from k8sai.errors import K8saiError
from k8sai.tui.background import begin, in_thread
from k8sai.tui.confirm import Confirm
from k8sai.tui.table_pane import TablePane
from k8sai.tui.told import room

Them = TypeVar("Them")


@dataclass(frozen=True, slots=True)
class Ask(Generic[Them]):
    """What would be done, in words; `no` is why there is nothing to do. `act` returns a sentence; raises K8saiError."""

    question: str = ""
    sentences: tuple[str, ...] = ()
    command: str = ""
    doing: str = ""
    act: Callable[[Them], str] | None = None
    no: str = ""


@dataclass(frozen=True, slots=True)
class Meant(Generic[Them]):
    """What is acted on. `acting` tells by key what goes on with it; `them` is None without a cluster; `again` looks at
    the cluster at once.
    """

    key: str
    title: str
    acting: dict[str, str]
    them: Callable[[], Them | None]
    again: Callable[[], None]


class ActingPane(TablePane):
    """A pane on which one thing is meant at a time."""

    def looked(self) -> None:
        """Something of it is different now."""

    def ask(self, one: Meant[Them], words: Callable[[], Ask[Them]]) -> None:
        """Unless something goes on with it already, or there is nothing to do."""
        doing = one.acting.get(one.key)
        ask: Ask[Them] = words() if doing is None else Ask(no=f"{one.title}: {doing} goes on.")
        if ask.act is None:
            self.warn(ask.no)
            return
        width = room(self.app.size.width)
        dialog = Confirm(self.desk, ask.question, ask.sentences, ask.command, width)
        self.app.push_screen(dialog, partial(self._answered, one, ask.doing, ask.act))

    def warn(self, text: str, seconds: float | None = None) -> None:
        """A sentence at the edge of the screen."""
        self.notify(text, severity="warning", markup=False, timeout=seconds)

    def _answered(self, one: Meant[Them], doing: str, act: Callable[[Them], str], yes: bool | None) -> None:
        if yes:
            one.acting[one.key] = doing
            begin(self, partial(self._act, one, act), f"act {one.key}")
            self.looked()

    async def _act(self, one: Meant[Them], act: Callable[[Them], str]) -> None:
        def run() -> str:
            them = one.them()
            return act(them) if them is not None else ""

        try:
            said = await in_thread(run)
        except K8saiError as error:
            self.warn(f"{error.message}.{f' {error.hint}' if error.hint else ''}", 15)
        else:
            if said:
                self.notify(said, markup=False)
        finally:
            one.acting.pop(one.key, None)
            one.again()
        self.looked()
