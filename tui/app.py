"""The cockpit: panes over a fleet, painted on its own clock."""

import gc
import os
import time
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, ClassVar

from textual import events
from textual.app import App, ComposeResult, SystemCommand
from textual.binding import Binding
from textual.containers import Container
from textual.screen import Screen

from k8sai.cluster.sources import Source
from k8sai.fleet.index import Fleet
from k8sai.tui.desk import Desk
from k8sai.tui.feed import Feed
from k8sai.tui.footer import Footer
from k8sai.tui.glyphs import Glyphs
from k8sai.tui.header import Header
from k8sai.tui.help import help_lines
from k8sai.tui.ink import DARK, LIGHT, Inks
from k8sai.tui.keymap import KEYS
from k8sai.tui.node import devices_by_pod
from k8sai.tui.nodes import Nodes
from k8sai.tui.opening import Opening
from k8sai.tui.pane import Filter, Pane, TablePane
from k8sai.tui.panes import OPENED, PANES, named
from k8sai.tui.pod import pod_lines
from k8sai.tui.prompt import Prompt
from k8sai.tui.told import Told

_FRAME = 0.2  # seconds between looks at the fleet; keys do not wait for it
_LARGE = 5_000  # objects; walking fewer takes no time that anybody notices
_LEGEND_FROM = 34  # lines; lower screens have the signs in the help
_PLAIN_TERMINALS = ("dumb", "linux", "ansi", "vt100", "vt220")


def few_colours(environ: dict[str, str] | None = None) -> bool:
    """Whether to leave colours to the terminal: NO_COLOR, or a terminal with 16 of them or none."""
    env = dict(os.environ) if environ is None else environ
    term = env.get("TERM", "")
    return bool(env.get("NO_COLOR")) or term in _PLAIN_TERMINALS or "16color" in term


class Cockpit(App[None]):
    """Shows the fleet that `feed` fills, and goes on showing it when the feed falls silent."""

    CSS_PATH = "cockpit.tcss"
    TITLE = "k8sai"
    COMMAND_PALETTE_BINDING = "ctrl+p"
    BINDINGS: ClassVar[list[Any]] = [
        *(Binding(key.keys, key.action, key.words, show=False) for key in KEYS if key.action),
        *(Binding(str(number), f"pane('{pane.stem}')", pane.title, show=False) for number, pane in enumerate(PANES, 1)),
    ]

    def __init__(
        self,
        fleet: Fleet,
        feed: Feed,
        *,
        now: Callable[[], float] = time.time,
        glyphs: Glyphs | None = None,
        plain: bool | None = None,
        opening: Opening | None = None,
    ) -> None:
        plain = few_colours() if plain is None else plain
        super().__init__(ansi_color=True if plain else None)
        self.desk = Desk(fleet, feed, now, glyphs)
        self.register_theme(DARK)
        self.register_theme(LIGHT)
        self.theme = "ansi-dark" if plain else DARK.name
        self.paused = False
        self.opening = opening or Opening()
        self.panes: dict[str, Pane] = {}
        self.current: Pane = self._pane(PANES[0].stem)
        self.trail: list[tuple[str, dict[str, str]]] = []  # where esc leads back to
        self.header = Header(self.desk, lambda: self.paused)
        self.footer = Footer(self.desk, lambda: self.current)
        self.prompt = Prompt()
        self.body = Container(self.current, id="body")
        self._painted: tuple[object, ...] = ()
        self._spared = False

    def compose(self) -> ComposeResult:
        yield self.header
        yield self.body
        yield self.footer
        yield self.prompt

    def on_mount(self) -> None:
        self.desk.feed.start()
        self._ink()
        self.theme_changed_signal.subscribe(self, lambda _: self._ink())
        self.header.update()
        self._arrive({})
        self.set_interval(_FRAME, self.paint)

    def on_unmount(self) -> None:
        self.desk.feed.stop()

    @property
    def bug(self) -> Exception | None:
        """What ended the screen, if nobody meant to."""
        return self._exception

    def _fatal_error(self) -> None:
        """Textual would print a traceback of pages; who opened the screen says it in one line."""
        self._close_messages_no_wait()

    # --- painting -----------------------------------------------------------------------------------------------------

    def paint(self) -> None:
        """The clock's frame: only when facts changed, or a second went by and ages with it."""
        state = (self.desk.fleet.version, int(self.desk.now()), self.desk.feed.sources())
        if state == self._painted:
            return
        self._painted = state
        self._spare_collector(state[2])
        self.header.update()
        self.current.tick()

    def _spare_collector(self, sources: tuple[Source, ...]) -> None:
        """Once a large cluster is read, keep Python's garbage collector from walking all of it between two keys."""
        if not self._spared and all(source.state != "starting" for source in sources):
            self._spared = True
            if sum(source.count for source in sources) >= _LARGE:
                gc.freeze()

    def _repaint(self) -> None:
        """After a key: now."""
        self.header.update()
        self.current.repaint()
        self.footer.repaint()

    def _ink(self) -> None:
        self.desk.inks = Inks(self.current_theme, self.theme_variables)
        for widget in self.screen.query("*"):
            widget.refresh()

    def on_resize(self, event: events.Resize) -> None:
        self.footer.styles.height = 2 if event.size.height >= _LEGEND_FROM else 1
        self.header.update()

    # --- panes --------------------------------------------------------------------------------------------------------

    def _pane(self, stem: str) -> Pane:
        if stem not in self.panes:
            kind = next(pane for pane in (*PANES, *OPENED) if pane.stem == stem)
            self.panes[stem] = kind(self.desk)
            self._open(self.panes[stem])
        return self.panes[stem]

    def _open(self, pane: Pane) -> None:
        """As the command's flags ask for it."""
        if isinstance(pane, Nodes):
            pane.open(self.opening)
        elif pane.stem in ("pods", "pending"):
            pane.filter = Filter(self.opening.pods)

    async def show(self, stem: str, subject: dict[str, str] | None = None) -> None:
        """Bring a pane to the front, on a subject."""
        pane = self._pane(stem)
        if not pane.is_attached:
            await self.body.mount(pane)
        for other in self.panes.values():
            other.display = other is pane
        self.current = pane
        self._arrive(subject or {})
        self.footer.repaint()

    def _arrive(self, subject: dict[str, str]) -> None:
        self.current.arrive(subject)
        if isinstance(self.current, TablePane):
            self.current.table.paused = self.paused
            self.current.table.focus()

    async def on_pane_go(self, message: Pane.Go) -> None:
        if message.stem == "pod":
            self._tell_pod(message.subject["_pod"])
            return
        self.trail.append((self.current.stem, dict(self.current.subject)))
        await self.show(message.stem, message.subject)

    def _tell_pod(self, key: str) -> None:
        pod = self.current.pod(key) if isinstance(self.current, TablePane) else None
        if pod is None:
            return
        devices: list[str] = []
        if pod.node:
            try:
                devices = devices_by_pod(self.desk.node(pod.node)).get(pod.uid, [])
            except KeyError:
                devices = []  # the node went away meanwhile
        width = min(80, self.size.width * 96 // 100 - 4)
        self.push_screen(Told(self.desk, pod.name, pod_lines(self.desk, pod, devices, width)))

    # --- actions ------------------------------------------------------------------------------------------------------

    async def action_pane(self, stem: str) -> None:
        """One of the panes by its number or name; the way back is forgotten."""
        self.trail.clear()
        await self.show(stem)

    async def action_turn(self, step: int) -> None:
        stems = [pane.stem for pane in PANES]
        at = stems.index(self.current.stem) if self.current.stem in stems else 0
        await self.action_pane(stems[(at + step) % len(stems)])

    def action_help_quit(self) -> None:
        """Ctrl-C ends at once, with the shell's code for it; Textual would only say which key does."""
        self.exit(return_code=130)

    async def action_back(self) -> None:
        if self.current.filter.typed:
            self.current.narrow("")
        elif self.trail:
            stem, subject = self.trail.pop()
            await self.show(stem, subject)

    def action_filter(self) -> None:
        self.prompt.open("/", self.current.filter.typed)

    def action_command(self) -> None:
        self.prompt.open(":")

    def action_cycle_sort(self, step: int) -> None:
        if isinstance(self.current, TablePane):
            self.current.cycle_sort(step)

    def action_reverse(self) -> None:
        if isinstance(self.current, TablePane):
            self.current.sort_by(self.current.sort)

    def action_colour(self) -> None:
        self.desk.cycle_tint()
        self._repaint()

    def action_pause(self) -> None:
        self.paused = not self.paused
        if isinstance(self.current, TablePane):
            self.current.pause(self.paused)
        self._repaint()

    def action_wide(self) -> None:
        if isinstance(self.current, TablePane):
            self.current.table.toggle_wide()

    def action_every(self) -> None:
        if isinstance(self.current, Nodes):
            self.current.toggle_every()

    def action_help(self) -> None:
        self.push_screen(Told(self.desk, "Keys", help_lines(self.desk, self.current)))

    def on_key(self, event: events.Key) -> None:
        """Shift and a letter sort by the pane's column of that letter."""
        if isinstance(self.current, TablePane) and event.character:
            field = self.current.letters().get(event.character)
            if field is not None and len(self.screen_stack) == 1 and not self.prompt.display:
                event.stop()
                self.current.sort_by(field.sort)

    # --- the prompt ---------------------------------------------------------------------------------------------------

    def on_prompt_changed(self, message: Prompt.Changed) -> None:
        self.current.narrow(message.text)

    async def on_prompt_closed(self, message: Prompt.Closed) -> None:
        if isinstance(self.current, TablePane):
            self.current.table.focus()
        if message.mode == "/":
            if not message.kept:
                self.current.narrow("")
        elif message.kept and message.text.strip():
            await self._run(message.text.strip())

    async def _run(self, command: str) -> None:
        if command in ("q", "q!", "quit", "exit"):
            self.exit()
        elif command in ("help", "h", "?"):
            self.action_help()
        elif (pane := named(command)) is not None:
            await self.action_pane(pane.stem)
        else:
            known = ", ".join(pane.stem for pane in PANES)
            self.notify(f"There is no pane {command!r}. Panes: {known}; q quits.", severity="warning")

    # --- the palette --------------------------------------------------------------------------------------------------

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        yield from super().get_system_commands(screen)
        for pane in PANES:
            yield SystemCommand(pane.title, f"Show {pane.about}", partial(self.action_pane, pane.stem))
        for key in KEYS:
            if key.palette:
                yield SystemCommand(key.palette, f"{key.words}  ({key.shown})", partial(self.run_action, key.action))
        if isinstance(self.current, TablePane):
            for letter, field in self.current.letters().items():
                about = f"sort {self.current.title}  (shift-{letter.lower()})"
                yield SystemCommand(f"Sort by {field.title}", about, partial(self.current.sort_by, field.sort))
