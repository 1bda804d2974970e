"""A map that is longer than the screen: keys move the cursor, and the map follows."""

import pytest

from k8sai.tui.app import Cockpit
from tests.tui.atlas import at, many, to_map
from tests.tui.stage import Stage, play, press


@pytest.mark.parametrize(
    "there, back",
    [
        ("down", "up"),
        ("j", "k"),
        ("right", "left"),
        ("pagedown", "pageup"),
        ("ctrl+f", "ctrl+b"),
        ("end", "home"),
        ("G", "g"),
    ],
)
def test_each_key_moves_the_cursor_and_the_other_brings_it_back(there: str, back: str) -> None:
    async def story(pilot: Stage, app: Cockpit) -> None:
        pane = await to_map(pilot, app)
        assert pane.field.allow_vertical_scroll
        first = at(app)[1]
        await press(pilot, there)
        moved = at(app)[1]
        assert moved > first
        line = pane.view.plan.place(pane.view.at)[1] - pane.field.scroll_offset.y
        assert 0 <= line < pane.field.size.height
        await press(pilot, back)
        assert at(app)[1] == first

    play(story, many(9000))
