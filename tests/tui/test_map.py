"""What the map shows at every distance."""

from k8sai.fleet.index import Fleet
from k8sai.tui.app import Cockpit
from tests.tui.atlas import many, to_map
from tests.tui.stage import LARGE, Stage, cockpit, lines, play, press, screen
from tests.tui.world import FixedFeed, all_in, live, pod


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


def test_the_legend_says_the_signs_that_are_to_be_seen_and_never_a_sign_without_its_word() -> None:
    async def story(pilot: Stage, app: Cockpit) -> None:
        await to_map(pilot, app)
        signs = lines(app)[-3].split("…")[1]
        assert " ".join(signs.split()) == "■ held □ free ◊ reserved ▼ ending × unhealthy ░ blocked"
        await press(pilot, "right", "enter", "enter")  # of one node that is held
        assert lines(app)[-3].split()[-2:] == ["■", "held"]

    play(story)


def test_what_is_free_on_nodes_out_of_order_is_blocked() -> None:
    async def story(pilot: Stage, app: Cockpit) -> None:
        await to_map(pilot, app)
        heading = next(line for line in lines(app) if "9 nodes" in line)
        assert "24 free  2 unhealthy  12 blocked" in heading

    play(story, size=LARGE)


def test_near_the_cards_the_title_has_room_for_the_way_there() -> None:
    async def story(pilot: Stage, app: Cockpit) -> None:
        await to_map(pilot, app)
        await press(pilot, "right", "enter", "enter", "enter")
        assert "9 nodes → H100-80GB-HBM3 → h100-01 → card 0 ─" in screen(app)
        await press(pilot, "escape", "escape", "escape", "end", "enter", "enter")
        assert "Map 1 node → L4 → l4-shared ─" in screen(app)

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
