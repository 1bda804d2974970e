"""The map: what it shows at every distance, and every key of it."""

import pytest
from textual.events import MouseScrollDown
from textual.widgets import Input

from k8sai.fleet.answers import Gauge
from k8sai.fleet.glance import CODE, LOOKS, Glance, Who
from k8sai.fleet.index import Fleet
from k8sai.tui.app import Cockpit
from k8sai.tui.glyphs import ASCII, MEANING, UNICODE, Glyphs
from k8sai.tui.ink import flat
from k8sai.tui.map import Map
from k8sai.tui.map_paint import Brush
from k8sai.tui.subject import Subject
from tests.tui.stage import LARGE, SMALL, Stage, alone, cockpit, lines, number, play, press, screen
from tests.tui.world import GPU, FixedFeed, all_in, live, node, pod

WHO = (Who("team-llm", "Job/a", "llm", 0), Who("research", "Job/b", "", 5))


async def to_map(pilot: Stage, app: Cockpit) -> Map:
    await press(pilot, number("map"))
    assert isinstance(app.current, Map)
    return app.current


def at(app: Cockpit) -> tuple[str, str, int]:
    """The level, the node and the card under the cursor."""
    assert isinstance(app.current, Map)
    view = app.current.view
    return view.level, view.node, view.card


def many(nodes: int = 3000) -> Cockpit:
    """More nodes than a screen has lines, in two zones and cliques of 32."""
    fleet = Fleet()
    fleet.replace(
        "nodes",
        (
            node(f"n{n:04}", {GPU: 8}, zone=f"zone-{n % 2}", labels={"nvidia.com/gpu.clique": f"c.{n // 32}"})
            for n in range(nodes)
        ),
    )
    fleet.replace("pods", (pod("team-a", f"p{n}", n % 9, f"n{n:04}") for n in range(0, nodes, 2)))
    return cockpit(fleet, FixedFeed(*live(nodes, nodes // 2)))


# --- what is shown ----------------------------------------------------------------------------------------------------


def test_a_sign_per_card_in_groups() -> None:
    async def story(pilot: Stage, app: Cockpit) -> None:
        await to_map(pilot, app)
        said = lines(app)
        heading = next(n for n, line in enumerate(said) if "H100-80GB-HBM3" in line)
        assert "9 nodes" in said[heading]
        assert "34/72" in said[heading]
        assert "24 free" in said[heading]  # what is on the cordoned and the lost node is not
        cells = " ".join(said[heading + 1 : heading + 3]).split()
        assert cells == [
            *("■■■■■■■■", "■■■■■■■■", "■■■■■■□□", "■■▼▼□□□□", "◊◊◊◊□□□□"),
            *("□□□□□□□□", "■■■■□□××", "■■░░░░░░", "■■░░░░░░"),
        ]

    play(story)


def test_a_line_per_node_where_there_is_room() -> None:
    async def story(pilot: Stage, app: Cockpit) -> None:
        await to_map(pilot, app)
        line = next(line for line in lines(app) if line.split()[:1] == ["h100-03"])
        assert line.split()[:9] == ["h100-03", "■■▼▼□□□□", "4/8", "4", "free", "2", "ending", "research", "2"]

    play(story, size=LARGE)


def test_a_character_per_node_where_there_are_many() -> None:
    async def story(pilot: Stage, app: Cockpit) -> None:
        pane = await to_map(pilot, app)
        assert pane.view.plan.scale == "dots"
        first = next(line for line in lines(app) if "⣀" in line)
        # pods hold 0, 2, 4, 6, 8, 1 cards on every second node; on the others nobody holds any
        assert first[1:10:2] == "·⣀⣤⣶⣿"
        assert set(first[2:10:2]) == {"·"}

    play(story, many())


def test_what_is_under_the_cursor_is_said_below() -> None:
    async def story(pilot: Stage, app: Cockpit) -> None:
        await to_map(pilot, app)
        await press(pilot, "right", "right")
        said = lines(app)[-2]
        for word in ("h100-02", "H100-80GB-HBM3", "6/8 held", "2 free", "team-llm 4", "team-vision 2", "7f2a.0"):
            assert word in said

    play(story)


def test_beside_the_map_every_card_of_the_node() -> None:
    async def story(pilot: Stage, app: Cockpit) -> None:
        await to_map(pilot, app)
        said = screen(app)
        assert said.count("team-llm/train-7b-0 3h") == 8
        assert "clique 7f2a.0" in said

    play(story, size=LARGE)


def test_an_empty_cluster_says_so() -> None:
    async def story(pilot: Stage, app: Cockpit) -> None:
        await to_map(pilot, app)
        assert "The cluster has no nodes" in screen(app)
        await press(pilot, "down", "enter", "plus", "end", "right_curly_bracket", "z", "b", "c")

    play(story, cockpit(Fleet(), FixedFeed(*live(0, 0))))


def test_what_nobody_could_read_is_unknown() -> None:
    async def story(pilot: Stage, app: Cockpit) -> None:
        await to_map(pilot, app)
        said = screen(app)
        assert "????????" in said
        assert "? free" in said
        assert "■■■" not in said

    hidden = [one for one in all_in("forbidden") if one.kind == "pods"]
    play(story, cockpit(feed=FixedFeed(*hidden, *(one for one in live(16, 0) if one.kind != "pods"))))


def test_a_change_is_painted_with_the_next_frame() -> None:
    async def story(pilot: Stage, app: Cockpit) -> None:
        await to_map(pilot, app)
        assert "□□□□□□□□" in screen(app)
        app.desk.fleet.put("pods", pod("research", "new", 3, "h100-05"))
        app.paint()
        await pilot.pause()
        assert "■■■□□□□□" in screen(app)

    play(story, cockpit())


def test_a_pause_holds_the_picture() -> None:
    async def story(pilot: Stage, app: Cockpit) -> None:
        await to_map(pilot, app)
        await press(pilot, "p")
        app.desk.fleet.put("pods", pod("research", "new", 3, "h100-05"))
        app.paint()
        await pilot.pause()
        assert "■■■□□□□□" not in screen(app)
        assert "PAUSED" in screen(app)
        await press(pilot, "p")
        app.paint()
        await pilot.pause()
        assert "■■■□□□□□" in screen(app)

    play(story)


# --- keys -------------------------------------------------------------------------------------------------------------


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
        assert "no queue" in legends["queue"]
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


# --- without colours --------------------------------------------------------------------------------------------------


def brush(glyphs: Glyphs, *, mono: bool, tint: str = "namespace") -> Brush:
    desk = cockpit(glyphs=glyphs).desk
    desk.mono, desk.tint = mono, tint
    found = Brush(desk)
    found.fresh()
    return found


def glance(*looks: str, by: int = 1) -> Glance:
    held = [look in ("held", "idle", "terminating") for look in looks]
    return Glance(
        bytes(CODE[look] for look in looks),  # type: ignore[index]
        bytes(100 if each else 0 for each in held),
        bytes(by if each else 0 for each in held),
        WHO,
    )


@pytest.mark.parametrize("glyphs", [UNICODE, ASCII], ids=["unicode", "ascii"])
@pytest.mark.parametrize("tint", ["namespace", "utilisation", "state"])
def test_every_state_of_a_card_has_a_sign_of_its_own(glyphs: Glyphs, tint: str) -> None:
    painter = brush(glyphs, mono=True, tint=tint)
    signs = {look: flat(painter.cell(glance(look), "signs", 2))[0] for look in LOOKS}
    assert len(set(signs.values())) == len(LOOKS)
    assert set(LOOKS) == {look for look, _ in MEANING}


@pytest.mark.parametrize("glyphs", [UNICODE, ASCII], ids=["unicode", "ascii"])
def test_without_colours_a_node_with_something_special_is_its_sign(glyphs: Glyphs) -> None:
    painter = brush(glyphs, mono=True)
    for look in ("unhealthy", "leaked", "unknown", "terminating", "reserved", "idle", "cordoned"):
        assert flat(painter.cell(glance("held", look, "free"), "dots", 1)) == glyphs.slots[look]
    fills = [flat(painter.cell(glance(*["held"] * n, *["free"] * (8 - n)), "dots", 1)) for n in range(9)]
    assert len(set(fills)) == 9


def test_with_colours_only_what_is_wrong_is_a_sign() -> None:
    painter = brush(UNICODE, mono=False)
    assert painter.cell(glance("held", "unhealthy"), "dots", 1) == (("×", "bad"),)
    assert flat(painter.cell(glance("held", "terminating"), "dots", 1)) == "⣀"
    assert painter.cell(glance("free", "free"), "dots", 1) == ((UNICODE.dot, "good"),)
    assert painter.cell(glance("cordoned"), "dots", 1) == ((UNICODE.slots["cordoned"], "dim"),)


def test_a_node_of_more_than_eight_cards_takes_more_characters() -> None:
    painter = brush(UNICODE, mono=False)
    assert flat(painter.cell(glance(*["held"] * 12), "dots", 2)) == "⣿⣤"
    assert flat(painter.cell(glance(*["held"] * 4), "dots", 2)) == "⣤ "


def test_colours_are_those_of_who_holds_most() -> None:
    painter = brush(UNICODE, mono=False)
    mixed = Glance(bytes([1, 1, 1, 0]), bytes([100] * 3 + [0]), bytes([1, 2, 2, 0]), WHO)
    ((_, ink),) = painter.cell(mixed, "dots", 1)
    assert ink == painter.ink(WHO[1])
    assert [run[1] for run in painter.cell(mixed, "signs", 5)][:2] == [painter.ink(WHO[0]), painter.ink(WHO[1])]


def test_how_busy_cards_are_is_a_scale_of_its_own() -> None:
    painter = brush(UNICODE, mono=False, tint="utilisation")
    hot = Glance(bytes([1, 1, 1]), bytes([100] * 3), bytes([1] * 3), WHO[:1], bytes([0, 99, 255]))
    assert [run[1] for run in painter.cell(hot, "signs", 4)][:3] == ["heat0", "heat5", "dim"]


def test_idle_cards_are_seen_once_a_meter_was_read() -> None:
    async def story(pilot: Stage, app: Cockpit) -> None:
        await to_map(pilot, app)
        uuid = "GPU-00d4c1f0"
        app.desk.fleet.use_readings({uuid: ("h100-00", "team-llm", "train-7b-0")}, {uuid: Gauge(utilization=0.5)})
        app.paint()
        await press(pilot, "enter", "enter")
        assert "50%" in screen(app)

    play(story)


@alone
async def test_a_terminal_without_utf_8_gets_a_digit_per_node() -> None:
    app = many()
    app.desk.glyphs = ASCII
    async with app.run_test(size=SMALL) as pilot:
        await pilot.pause()
        await to_map(pilot, app)
        said = screen(app)
        assert ".2.4.6.#.1.3.5.7." in said
        assert {sign for sign in said if not sign.isascii()} <= set("▁▂▃▄▅▆▇█ ")  # Textual's scroll bar
