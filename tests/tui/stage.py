"""Plays a story on a cockpit without a terminal, and reads the screen as text."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from functools import wraps

from textual.pilot import Pilot

from k8sai.fleet.index import Fleet
from k8sai.tui.app import Cockpit
from k8sai.tui.glyphs import UNICODE, Glyphs
from k8sai.tui.panes import PANES
from k8sai.tui.table_pane import TablePane
from tests.tui.world import FixedFeed, fill, now

SMALL = (80, 24)
LARGE = (200, 50)

Stage = Pilot[None]
Story = Callable[[Stage, Cockpit], Awaitable[None]]


def alone(test: Callable[[], Coroutine[None, None, None]]) -> Callable[[], None]:
    """Runs an asynchronous test in an event loop of its own."""

    @wraps(test)
    def run() -> None:
        asyncio.run(test())

    return run


def cockpit(
    fleet: Fleet | None = None,
    feed: FixedFeed | None = None,
    *,
    glyphs: Glyphs = UNICODE,
    plain: bool = False,
    clock: Callable[[], float] = now,
) -> Cockpit:
    """A cockpit over the test world, or over what is given."""
    return Cockpit(
        fill(Fleet()) if fleet is None else fleet, feed or FixedFeed(), now=clock, glyphs=glyphs, plain=plain
    )


def play(story: Story, app: Cockpit | None = None, size: tuple[int, int] = SMALL) -> None:
    """Run the app and the story on it, until the story ends."""

    async def run() -> None:
        shown = app or cockpit()
        async with shown.run_test(size=size) as pilot:
            await pilot.pause()
            await story(pilot, shown)

    asyncio.run(run())


def number(stem: str) -> str:
    """The key of a pane."""
    return str([pane.stem for pane in PANES].index(stem) + 1)


async def press(pilot: Stage, *keys: str) -> None:
    """Press keys and wait until the screen has followed."""
    for key in keys:
        await pilot.press(key)
        await pilot.pause()


async def write(pilot: Stage, text: str) -> None:
    """Type a text."""
    names = {
        " ": "space",
        "-": "minus",
        "=": "equals_sign",
        "/": "slash",
        "!": "exclamation_mark",
        ".": "full_stop",
        ",": "comma",
    }
    await press(pilot, *(names.get(letter, letter) for letter in text))


def lines(app: Cockpit) -> list[str]:
    """The screen as text, a string per line."""
    strips = app.screen._compositor.render_strips()
    return ["".join(segment.text for segment in strip).rstrip() for strip in strips]


def screen(app: Cockpit) -> str:
    """The screen as one text."""
    return "\n".join(lines(app))


def table(app: Cockpit) -> TablePane:
    """The pane in front."""
    assert isinstance(app.current, TablePane)
    return app.current


def keys(app: Cockpit) -> list[str]:
    """The rows of the table in front, in order."""
    return list(table(app).table.keys)
