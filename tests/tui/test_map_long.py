"""A map that is longer than the screen: keys move the cursor, and the map follows."""

import pytest

from k8sai.tui.app import Cockpit
from tests.tui.atlas import at, many, to_map
from tests.tui.stage import Stage, play, press
from tests.tui.world import pod


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


@pytest.mark.parametrize("size", [(200, 50), (157, 40), (80, 24)])
def test_no_cell_is_under_the_scrollbar(size: tuple[int, int]) -> None:
    async def story(pilot: Stage, app: Cockpit) -> None:
        pane = await to_map(pilot, app)
        assert pane.field.allow_vertical_scroll
        visible = pane.field.scrollable_content_region.width
        assert max(band.left + band.across * band.cell for band in pane.view.plan.bands) <= visible

    play(story, many(20_000), size)


def test_out_of_a_group_the_map_shows_what_changed_meanwhile() -> None:
    async def story(pilot: Stage, app: Cockpit) -> None:
        pane = await to_map(pilot, app)
        await press(pilot, "b")
        before = pane.field.render_line(1).text
        await press(pilot, "plus")
        assert at(app)[0] == "group"
        app.desk.fleet.put("pods", pod("team-b", "late", 8, pane.view.node))
        await press(pilot, "minus")
        assert at(app)[0] == "cluster"
        pane.tick()
        assert pane.field.render_line(1).text != before

    play(story, many(9000))
