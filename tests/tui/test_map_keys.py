"""Every key of the map, and the mouse."""

import pytest
from textual.events import MouseScrollDown
from textual.widgets import Input

from k8sai.tui.app import Cockpit
from k8sai.tui.map import Map
from k8sai.tui.subject import Subject
from tests.tui.atlas import at, many, to_map
from tests.tui.stage import Stage, lines, number, play, press, screen


@pytest.mark.parametrize("key", ["enter", "plus", "equals_sign"])
def test_nearer_until_the_node_itself(key: str) -> None:
    async def story(pilot: Stage, app: Cockpit) -> None:
        await to_map(pilot, app)
        await press(pilot, "right", key)
        assert at(app) == ("group", "h100-01", 0)
        await press(pilot, key)
        assert at(app) == ("node", "h100-01", 0)
        assert "GPU-10d4c1f0" in screen(app)
        await press(pilot, "right", key)
        assert at(app) == ("card", "h100-01", 1)
        await press(pilot, key)
        assert app.current.stem == "node"
        assert app.current.subject["node"] == "h100-01"
        await press(pilot, "escape")
        assert at(app) == ("card", "h100-01", 1)

    play(story)


@pytest.mark.parametrize("key", ["minus", "escape", "underscore"])
def test_further_away_step_by_step(key: str) -> None:
    async def story(pilot: Stage, app: Cockpit) -> None:
        await to_map(pilot, app)
        await press(pilot, "right", "enter", "enter", "enter")
        for level in ("node", "group", "cluster"):
            await press(pilot, key)
            assert at(app)[:2] == (level, "h100-01")
        await press(pilot, key)
        assert (app.current.stem, number(app.current.stem)) in (("nodes", "1"), ("map", number("map")))

    play(story)


def test_escape_clears_the_filter_first_and_goes_back_last() -> None:
    async def story(pilot: Stage, app: Cockpit) -> None:
        pane = await to_map(pilot, app)
        await press(pilot, "slash", *"a100", "enter")
        assert len(pane.view.names) == 4
        await press(pilot, "escape")
        assert (pane.filter.typed, len(pane.view.names)) == ("", 15)
        await press(pilot, "escape")
        assert app.current.stem == "nodes"

    play(story)


@pytest.mark.parametrize(
    ("keys", "found"),
    [
        (("right",), "h100-01"),
        (("right", "left"), "h100-00"),
        (("right", "h"), "h100-00"),
        (("left",), "h100-00"),
        (("right", "right", "down"), "h100-08"),
        (("j", "j"), "a100-00"),
        (("down", "down", "up"), "h100-08"),
        (("down", "k"), "h100-00"),
        (("end",), "l4-shared"),
        (("G",), "l4-shared"),
        (("end", "home"), "h100-00"),
        (("end", "g"), "h100-00"),
        (("right_curly_bracket",), "a100-00"),
        (("ctrl+down", "ctrl+down"), "mi300-00"),
        (("end", "left_curly_bracket"), "mi300-00"),
        (("right", "left_curly_bracket"), "h100-00"),
        (("end", "ctrl+up", "ctrl+up"), "a100-00"),
        (("pagedown",), "l4-shared"),
        (("ctrl+f", "ctrl+b"), "h100-00"),
        (("pagedown", "pageup"), "h100-00"),
    ],
)
def test_moves(keys: tuple[str, ...], found: str) -> None:
    async def story(pilot: Stage, app: Cockpit) -> None:
        await to_map(pilot, app)
        await press(pilot, *keys)
        assert at(app) == ("cluster", found, 0)

    play(story)


def test_up_and_down_keep_to_their_column() -> None:
    async def story(pilot: Stage, app: Cockpit) -> None:
        pane = await to_map(pilot, app)
        await press(pilot, *["right"] * 40)
        column = pane.view.plan.place(pane.view.at)[0]
        await press(pilot, "pagedown", "pagedown", "down")
        assert pane.view.plan.place(pane.view.at)[0] == column
        assert pane.field.scroll_offset.y > 0

    play(story, many(9000))


def test_among_cards_pages_turn_nodes() -> None:
    async def story(pilot: Stage, app: Cockpit) -> None:
        await to_map(pilot, app)
        await press(pilot, "enter", "enter", "down")
        assert at(app) == ("node", "h100-00", 3)  # three boxes side by side
        await press(pilot, "up", "end")
        assert at(app) == ("node", "h100-00", 7)
        await press(pilot, "home")
        assert at(app) == ("node", "h100-00", 0)
        await press(pilot, "pagedown")
        assert at(app) == ("node", "h100-01", 0)
        await press(pilot, "pageup", "j", "k", "left")
        assert at(app) == ("node", "h100-00", 0)

    play(story)


def test_groups_by_product_zone_and_clique() -> None:
    async def story(pilot: Stage, app: Cockpit) -> None:
        pane = await to_map(pilot, app)
        await press(pilot, "right", "right")
        for by, groups in (("zone", 3), ("clique", 2), ("product", 4)):
            await press(pilot, "b")
            assert (pane.view.by, len(pane.view.groups)) == (by, groups)
            assert at(app) == ("cluster", "h100-02", 0)
            assert f"by {by}" in screen(app)

    play(story)


def test_small_groups_have_their_names_beside_them() -> None:
    async def story(pilot: Stage, app: Cockpit) -> None:
        pane = await to_map(pilot, app)
        await press(pilot, "b", "b")
        assert pane.view.plan.label
        assert any(" c.0 " in line and "⣿" in line for line in lines(app))

    play(story, many())


def test_sizes() -> None:
    async def story(pilot: Stage, app: Cockpit) -> None:
        pane = await to_map(pilot, app)
        scales = []
        for _ in range(4):
            scales.append(pane.view.plan.scale)
            await press(pilot, "z")
        assert scales == ["signs", "dots", "signs", "lines"]
        assert pane.view.plan.scale == "signs"

    play(story)


def test_colours_go_round() -> None:
    async def story(pilot: Stage, app: Cockpit) -> None:
        await to_map(pilot, app)
        legends = {}
        for _ in range(6):
            legends[app.desk.tint] = lines(app)[-3]
            await press(pilot, "c")
        assert list(legends) == ["namespace", "owner", "queue", "priority", "utilisation", "state"]
        assert "team-llm" in legends["namespace"]
        assert "Job/train-7b" in legends["owner"]
        assert "vision" in legends["queue"], "the largest; signs of states come before the rest of the names"
        assert "83%" in legends["utilisation"]
        assert "held" in legends["state"]

    play(story)


def test_the_filter_narrows_the_map() -> None:
    async def story(pilot: Stage, app: Cockpit) -> None:
        pane = await to_map(pilot, app)
        await press(pilot, "slash", *"mi300", "enter")
        assert pane.view.names == ("mi300-00",)
        assert isinstance(app.focused, type(pane.field))
        assert not isinstance(app.focused, Input)
        await press(pilot, "escape", "slash", *"zzz", "enter")
        assert "zzz" in screen(app)
        assert not pane.view.names

    play(story)


def test_the_object_under_the_cursor() -> None:
    async def story(pilot: Stage, app: Cockpit) -> None:
        pane = await to_map(pilot, app)
        assert pane.subjects() == [Subject("nodes", "", "h100-00")]
        await press(pilot, "enter", "enter")
        assert pane.subjects() == [Subject("pods", "team-llm", "train-7b-0")]
        await press(pilot, *["pagedown"] * 5)
        assert pane.subjects() == [Subject("nodes", "", "h100-05")]
        await press(pilot, "n")
        assert app.current.subject["node"] == "h100-05"

    play(story)


def test_nodes_are_marked() -> None:
    async def story(pilot: Stage, app: Cockpit) -> None:
        pane = await to_map(pilot, app)
        await press(pilot, "right", "space", "right", "space")
        assert pane.marked == {"h100-01", "h100-02"}
        assert [subject.name for subject in pane.subjects()] == ["h100-01", "h100-02"]
        assert "2 marked" in screen(app)

    play(story)


def test_the_mouse_points_opens_and_scrolls() -> None:
    async def story(pilot: Stage, app: Cockpit) -> None:
        pane = await to_map(pilot, app)
        await pilot.click(type(pane.field), offset=(20, 1))
        assert at(app) == ("cluster", "h100-02", 0)
        await pilot.click(type(pane.field), offset=(20, 1), times=2)
        await pilot.pause()
        assert at(app) == ("group", "h100-02", 0)
        await press(pilot, "enter")
        await pilot.click(type(pane.cards), offset=(30, 1))
        assert at(app) == ("node", "h100-02", 1)

    play(story)


def test_the_wheel_scrolls() -> None:
    async def story(pilot: Stage, app: Cockpit) -> None:
        pane = await to_map(pilot, app)
        await pilot._post_mouse_events([MouseScrollDown], type(pane.field))
        await pilot.pause()
        assert pane.field.scroll_offset.y > 0

    play(story, many(9000))


def test_what_is_kept_for_the_next_start() -> None:
    async def story(pilot: Stage, app: Cockpit) -> None:
        pane = await to_map(pilot, app)
        await press(pilot, "b", "z")
        other = Map(app.desk)
        other.recall(pane.remember())
        assert (other.view.by, other.view.scale) == ("zone", "dots")
        other.recall({"by": "colour", "scale": 7})
        assert (other.view.by, other.view.scale) == ("zone", "dots")

    play(story)


def test_the_groups_can_be_saved() -> None:
    async def story(pilot: Stage, app: Cockpit) -> None:
        pane = await to_map(pilot, app)
        titles, rows = pane.sheet()
        assert titles == ("PRODUCT", "NODES", "CARDS", "USED", "FREE", "UNHEALTHY")
        assert rows[0] == ("NVIDIA-H100-80GB-HBM3", "9", "72", "34", "24", "2")

    play(story)
