"""The frame of the screen: header, the pane in front, footer and prompt, painted on the screen's own clock."""

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from textual import events
from textual.app import App, ComposeResult
from textual.containers import Container
from textual.geometry import Size
from textual.screen import Screen

from k8sai.cluster.sources import Source
from k8sai.fleet.index import Fleet
from k8sai.tui import themes
from k8sai.tui.calm import COLLECT_AFTER, LARGE, WAY, Calm
from k8sai.tui.choice import Choice
from k8sai.tui.desk import TINTS, Desk
from k8sai.tui.direct import Empty
from k8sai.tui.feed import Feed
from k8sai.tui.footer import Footer
from k8sai.tui.glyphs import Glyphs
from k8sai.tui.header import Header
from k8sai.tui.history import History, Place
from k8sai.tui.ink import DARK, Inks
from k8sai.tui.memory import Memory
from k8sai.tui.opening import Opening
from k8sai.tui.pane import Pane
from k8sai.tui.panes import OPENED, PANES
from k8sai.tui.prompt import Prompt

_FRAME = 0.2  # seconds between looks at the fleet; keys do not wait for it
_TYPING, _FRAME_TYPING = 0.3, 1.0  # seconds: since the last key; between frames while keys come
_FRAME_READING = 1.0  # seconds, while a large cluster is read
_LEGEND_FROM = 34  # lines; lower screens have the signs in the help
_PLAIN_TERMINALS = ("dumb", "linux", "ansi", "vt100", "vt220")


def few_colours(environ: dict[str, str] | None = None) -> bool:
    """Whether to leave colours to the terminal: NO_COLOR, or a terminal with 16 of them or none."""
    env = dict(os.environ) if environ is None else environ
    term = env.get("TERM", "")
    return bool(env.get("NO_COLOR")) or term in _PLAIN_TERMINALS or "16color" in term


class Body(Container, Empty):
    """What is between header and footer."""


class Ground(Screen[None], Empty):
    """What everything stands on."""

    def _refresh_layout(self, size: Size | None = None, scroll: bool = False) -> None:
        """What is laid out anew is painted with it, and not once more."""
        if self._repaint_required and not scroll:
            self._dirty_widgets.add(self)
            self._repaint_required = False
        super()._refresh_layout(size, scroll)


class Frame(App[None]):
    """Shows the fleet that `feed` fills, and goes on showing it when the feed falls silent.

    `state` is the folder to remember things in, unless `keeps` is false, and to save things in; without it neither is
    done. `choice` are the
    other clusters there are to go to.
    """

    CSS_PATH = "cockpit.tcss"
    TITLE = "k8sai"
    COMMAND_PALETTE_BINDING = "ctrl+p"

    def __init__(
        self,
        fleet: Fleet,
        feed: Feed,
        *,
        now: Callable[[], float] = time.time,
        glyphs: Glyphs | None = None,
        plain: bool | None = None,
        opening: Opening | None = None,
        state: Path | None = None,
        keeps: bool = True,
        choice: Choice | None = None,
    ) -> None:
        plain = few_colours() if plain is None else plain
        super().__init__(ansi_color=True if plain else None)
        self.desk = Desk(fleet, feed, now, glyphs)
        self.desk.mono = plain
        self.desk.choice = choice
        self.context_before = ""  # where `:ctx -` leads
        themes.register(self)
        self.theme = "ansi-dark" if plain else DARK.name
        self.paused = False
        self.opening = opening or Opening()
        self.state = state
        self.keeps = keeps
        self.panes: dict[str, Pane] = {}
        self._painted: tuple[object, ...] = ()
        self._painted_at = self._keyed_at = 0.0
        self.calm = Calm()
        self.current: Pane = self._begin()
        self.header = Header(self.desk, lambda: self.paused)
        self.footer = Footer(self.desk, lambda: self.current)
        self.prompt = Prompt(self.completions)
        self.body = Body(self.current, id="body")

    def get_default_screen(self) -> Screen[None]:
        return Ground(id="_default")

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
        self._arrive(self.history.here)
        self.set_interval(_FRAME, self._clock)
        self.remember()  # says at once when that cannot be done
        if self.memory.complaint:
            self.notify(self.memory.complaint, severity="warning")

    def on_unmount(self) -> None:
        self.remember()
        self.calm.rest()
        self.desk.rest()
        self.desk.feed.stop()

    @property
    def bug(self) -> Exception | None:
        """What ended the screen, if nobody meant to."""
        return self._exception

    def _fatal_error(self) -> None:
        """Textual would print a traceback of pages; who opened the screen says it in one line."""
        self._close_messages_no_wait()

    def completions(self, line: str) -> list[str]:
        """What the line after `:` may become."""
        return []

    def say(self, sentence: str, *, wrong: bool = True) -> None:
        """One sentence at the edge of the screen."""
        self.notify(sentence, severity="warning" if wrong else "information", markup=False)

    @property
    def saves(self) -> Path | None:
        """Where tables and texts are saved."""
        return self.state / "saved" if self.state is not None else None

    # --- painting -----------------------------------------------------------------------------------------------------

    def _clock(self) -> None:
        if not self._types():
            self.paint()

    def paint(self) -> None:
        """The clock's frame: only when facts changed, or a second went by and ages with it."""
        state = (self.desk.fleet.version, int(self.desk.now()), self.desk.feed.sources())
        if state == self._painted or self._reads_much(state[2]):
            return
        self._painted, self._painted_at = state, time.perf_counter()
        self.calm.begin(self.desk.fleet)
        self.calm.read(state[2])
        self.header.update()
        self.current.tick()
        self._answered()

    def _types(self) -> bool:
        """While keys come one after the other the clock's frames are in their way: they paint themselves.

        Now and then there is one all the same, if possible not while a key is answered.
        """
        now = time.perf_counter()
        key, frame = now - self._keyed_at, now - self._painted_at
        return frame < 2 * _FRAME_TYPING if key < WAY else key < _TYPING and frame < _FRAME_TYPING

    async def on_event(self, event: events.Event) -> None:
        """A key comes here twice: before anybody has seen it, and after those in front of us had no use for it."""
        if not isinstance(event, events.Key):
            await super().on_event(event)
            return
        self._keyed_at = time.perf_counter()
        self.calm.begin(self.desk.fleet)
        done = event.is_forwarded
        await super().on_event(event)
        if done:
            self._answered()

    def _answered(self) -> None:
        """As soon as all of it is painted, the other threads go on."""
        self.call_after_refresh(self._painted_all)

    def _painted_all(self) -> None:
        if self.calm.painted(self.desk.fleet):
            self.set_timer(COLLECT_AFTER, lambda: self.calm.collect(time.perf_counter() - self._keyed_at))

    def _reads_much(self, sources: tuple[Source, ...]) -> bool:
        """While a large cluster is read, every frame has all to paint and takes its time from the reading."""
        if all(source.state != "starting" for source in sources):
            return False
        soon = time.perf_counter() - self._painted_at < _FRAME_READING
        return soon and sum(source.count for source in sources) >= LARGE

    def repaint(self) -> None:
        """After a key: now."""
        self.header.update()
        self.current.repaint()
        self.footer.repaint()

    def _ink(self) -> None:
        self.desk.inks = Inks(self.current_theme, self.theme_variables)
        for screen in self.screen_stack:
            for widget in screen.query("*"):
                widget.refresh()

    def on_resize(self, event: events.Resize) -> None:
        self.footer.styles.height = 2 if event.size.height >= _LEGEND_FROM else 1
        self.header.update()

    # --- panes --------------------------------------------------------------------------------------------------------

    def _begin(self) -> Pane:
        """A desk with another cluster on it: what is remembered of it, and its first pane."""
        self.memory = Memory(self.state / "screen" if self.state and self.keeps else None, self.desk.feed.context)
        self.kept: Mapping[str, Any] = self.memory.recall()
        if self.kept.get("tint") in TINTS:
            self.desk.tint = self.kept["tint"]
        if isinstance(namespace := self.kept.get("namespace"), str):
            self.desk.namespace = namespace
        theme = self.kept.get("theme")
        if theme in themes.names(self):
            self.theme = str(theme)
        stems = [pane.stem for pane in PANES]
        if self.opening.pane:
            stems.append(self.opening.pane)
        stem = self.opening.stem() or self.kept.get("pane")
        first = self._pane(str(stem) if stem in stems else stems[0])
        self.history = History(Place(first.stem, self.opening.subject if first.stem == self.opening.pane else {}))
        return first

    def _pane(self, stem: str) -> Pane:
        """The pane of this name: made at the first call, as it was remembered, and as the flags ask for it."""
        if stem not in self.panes:
            kind = next(pane for pane in (*PANES, *OPENED) if pane.stem == stem)
            pane = self.panes[stem] = kind(self.desk)
            panes = self.kept.get("panes")
            kept = panes.get(stem) if isinstance(panes, dict) else None
            if isinstance(kept, dict):
                pane.recall(kept)
            pane.open(self.opening)
        return self.panes[stem]

    async def show(self, stem: str, subject: Mapping[str, str] | None = None) -> None:
        """Bring a pane to the front, on a subject; where the user was becomes history."""
        self._leave()
        place = Place(stem, subject or {})
        self.history.go(place)
        await self._bring(place)

    async def return_to(self, place: Place | None) -> None:
        """Bring back a place of the history, as it was left."""
        if place is None:
            return
        await self._bring(place)
        pane = self.current
        if pane.filter.typed != place.typed:
            pane.narrow(place.typed)
        if place.cursor and pane.cursor() != place.cursor:
            pane.point_at(place.cursor)

    def leave(self) -> None:
        """Before a step in the history: how the place on the screen looks."""
        self._leave()

    def _leave(self) -> None:
        pane = self.current
        self.history.left_as(replace(self.history.here, typed=pane.filter.typed, cursor=pane.cursor() or ""))

    async def _bring(self, place: Place) -> None:
        pane = self._pane(place.stem)
        if not pane.is_attached:
            await self.body.mount(pane)
        for other in self.panes.values():
            other.display = other is pane
        self.current = pane
        self._arrive(place)
        self.footer.repaint()

    def _arrive(self, place: Place) -> None:
        self.current.arrive(place.subject)
        self.current.pause(self.paused)
        self.current.come()

    # --- another cluster ----------------------------------------------------------------------------------------------

    async def turn_to(self, fleet: Fleet, feed: Feed) -> None:
        """Show another cluster: new panes, as they were remembered of it. Who asks stops the feed that was there."""
        self.remember()
        self.desk.turn_to(fleet, feed)
        self.opening = Opening()  # the flags were about the first one
        self.panes.clear()
        self.calm.end()
        self._painted = ()
        await self.body.remove_children()
        self.current = self._begin()
        feed.start()
        await self._bring(self.history.here)
        self.repaint()

    def remember(self) -> None:
        """Write down what the next start should look like."""
        known = self.kept.get("panes")
        panes = {**(known if isinstance(known, dict) else {})}
        if self.opening == Opening():  # what flags asked for was for once
            panes |= {stem: pane.remember() for stem, pane in self.panes.items()}
        pane = self.current.stem if self.current.stem in {each.stem for each in PANES} else self.current.home
        self.memory.keep(
            {
                "pane": pane,
                "tint": self.desk.tint,
                "theme": self.theme,
                "namespace": self.desk.namespace,
                "panes": panes,
            }
        )
