"""The cockpit as a whole: its clock, pausing, filtering, finding the way around."""

import gc
from collections.abc import Sequence

from k8sai.facts import Node
from k8sai.fleet.index import Fleet
from k8sai.fleet.query import NodeQuery
from k8sai.tui.app import Cockpit
from k8sai.tui.panes import PANES
from tests.tui.stage import alone, cockpit, keys, lines, number, press, screen, table, write
from tests.tui.world import GPU, Clock, FixedFeed, fill, live, node, pod


@alone
async def test_the_feed_is_started_once_and_stopped() -> None:
    feed = FixedFeed()
    async with cockpit(feed=feed).run_test() as pilot:
        await pilot.pause()
        assert (feed.started, feed.stopped) == (1, 0)
    assert (feed.started, feed.stopped) == (1, 1)


@alone
async def test_the_clock_paints_what_changed() -> None:
    fleet = fill(Fleet())
    app = cockpit(fleet)
    async with app.run_test() as pilot:
        await pilot.pause()
        assert "4/4" in lines(app)[5]
        fleet.drop("pods", pod("inference", "chat-0", 4, "a100-00"))
        app.paint()
        await pilot.pause()
        assert "0/4" in lines(app)[5]
        assert "44.46/95.86" in lines(app)[1]


@alone
async def test_nothing_is_painted_while_nothing_changes() -> None:
    app = cockpit()
    async with app.run_test() as pilot:
        await pilot.pause()
        app.paint()
        painted: list[str] = []
        table(app).table.repaint = lambda: painted.append("table")  # type: ignore[method-assign]  # counts instead
        app.paint()
        assert painted == []


@alone
async def test_a_large_cluster_is_kept_out_of_the_garbage_collectors_way() -> None:
    before = gc.get_freeze_count()
    for count, frozen in ((10, False), (100_000, True)):
        async with cockpit(feed=FixedFeed(*live(count, 10))).run_test() as pilot:
            await pilot.pause()
            assert isinstance(pilot.app, Cockpit)
            pilot.app.paint()
            try:
                assert (gc.get_freeze_count() > before) is frozen
            finally:
                gc.unfreeze()
            before = gc.get_freeze_count()


@alone
async def test_rows_appear_and_go_as_the_fleet_does() -> None:
    fleet = fill(Fleet())
    app = cockpit(fleet)
    async with app.run_test() as pilot:
        await pilot.pause()
        fleet.put("nodes", node("aaa-new", {GPU: 8}))
        table(app)._resort_at = 0.0
        app.paint()
        await pilot.pause()
        assert "aaa-new" in keys(app)
        fleet.drop("nodes", node("aaa-new", {GPU: 8}))
        app.paint()  # before the next sorting: the row is there, what it showed is not
        await pilot.pause()
        assert "aaa-new" in screen(app)
        table(app)._resort_at = 0.0
        fleet.put("nodes", node("zzz-new", {GPU: 8}))
        app.paint()
        await pilot.pause()
        assert "aaa-new" not in screen(app)


@alone
async def test_many_events_sort_once_a_second_and_repaint_at_every_frame() -> None:
    fleet = fill(Fleet())
    app = cockpit(fleet)
    async with app.run_test() as pilot:
        await pilot.pause()
        app.paint()
        asked: list[NodeQuery | None] = []
        inner = fleet.node_names

        def counting(query: NodeQuery | None = None) -> list[str]:
            asked.append(query)
            return inner(query)

        fleet.node_names = counting  # type: ignore[method-assign]  # counts what the screen asks
        for number in range(20):
            fleet.put("pods", pod("research", "busy", 1 + number % 2, "a100-02"))
            app.paint()
        assert len(asked) <= 1
        await pilot.pause()
        assert "2/4" in screen(app)


@alone
async def test_by_name_the_order_is_asked_for_when_nodes_come_and_not_for_what_they_hold() -> None:
    fleet = fill(Fleet())
    app = cockpit(fleet)
    async with app.run_test() as pilot:
        await pilot.pause()
        pane = table(app)
        asked: list[bool] = []
        inner = pane.order

        def counting() -> Sequence[str]:
            asked.append(True)
            return inner()

        pane.order = counting  # type: ignore[method-assign]  # counts what the screen asks
        for gpus, sort, news in ((1, "name", False), (2, "free", True), (3, "free", True), (4, "name", True)):
            if sort != pane.sort:
                pane.sort_by(sort)
            asked.clear()
            pane._resort_at = 0.0
            fleet.put("pods", pod("research", "busy", gpus, "a100-02"))
            if gpus == 4:
                fleet.put("nodes", node("aaa-new", {GPU: 8}))
            app.paint()
            assert bool(asked) is news


@alone
async def test_an_ordering_that_takes_long_comes_after_the_key_is_painted() -> None:
    app = cockpit()
    async with app.run_test() as pilot:
        await press(pilot, "down")
        pane = table(app)
        before = keys(app)
        pane._cost = 1.0
        pane.sort_by("free")
        pane.reorder(forget=True)
        assert keys(app) == before
        assert "by FREE" in "".join(text for text, _ in pane.title_end())
        await pilot.pause()
        assert keys(app) != before
        assert pane.table.index == 0


@alone
async def test_pause_holds_the_rows_while_the_header_goes_on() -> None:
    fleet, clock = fill(Fleet()), Clock()
    app = cockpit(fleet, clock=clock)
    async with app.run_test() as pilot:
        await press(pilot, "p")
        fleet.drop("pods", pod("inference", "chat-0", 4, "a100-00"))
        clock.time += 60
        app.paint()
        await pilot.pause()
        assert "4/4" in lines(app)[5]
        assert "44.46/95.86" in lines(app)[1]
        assert "nodes 61s" in lines(app)[2]
        await press(pilot, "p")
        assert "0/4" in lines(app)[5]


@alone
async def test_the_filter_is_live_and_understands_what_k9s_understands() -> None:
    app = cockpit()
    async with app.run_test() as pilot:
        await press(pilot, "slash")
        await write(pilot, "MI3")
        assert keys(app) == ["mi300-00"]
        assert "/MI3" in lines(app)[3]
        await press(pilot, "escape")
        assert len(keys(app)) == 15
        for typed, expected in (
            ("0[5-6]$", ["h100-05", "h100-06"]),
            ("!h100", 6),
            ("!", 15),
            ("[", 0),
            ("-l nvidia.com/gpu.clique", ["h100-00", "h100-01", "h100-02", "h100-03"]),
            ("research", ["a100-mig", "h100-03", "h100-04"]),
        ):
            app.current.narrow(typed)
            assert (len(keys(app)) if isinstance(expected, int) else keys(app)) == expected, typed


@alone
async def test_enter_keeps_a_filter_and_a_half_typed_selector_keeps_the_rows() -> None:
    app = cockpit()
    async with app.run_test(size=(120, 24)) as pilot:
        await press(pilot, "slash")
        await write(pilot, "a100")
        await press(pilot, "enter", "down", "down")
        assert table(app).table.index == 2
        await press(pilot, "slash", "escape")
        app.current.narrow("-l a in (")
        await pilot.pause()
        assert len(keys(app)) == 15
        assert table(app).complaint
        assert table(app).complaint in lines(app)[3]


@alone
async def test_a_filter_that_leaves_nothing_says_how_to_clear_it() -> None:
    app = cockpit()
    async with app.run_test() as pilot:
        await press(pilot, "slash")
        await write(pilot, "nowhere")
        assert "Nothing matches /nowhere" in screen(app)
        assert "esc clears the filter" in screen(app)


@alone
async def test_keys_typed_into_the_prompt_do_nothing_else() -> None:
    app = cockpit()
    async with app.run_test() as pilot:
        await press(pilot, "slash")
        await write(pilot, "q2sFc")
        assert app.is_running
        assert app.current.stem == "nodes"
        assert (table(app).sort, app.desk.tint) == ("name", "namespace")


@alone
async def test_the_command_line_knows_panes_by_their_short_names_too() -> None:
    app = cockpit()
    async with app.run_test(notifications=True) as pilot:
        for word, stem in (
            ("po", "pods"),
            ("pe", "pending"),
            ("totals", "products"),
            ("no", "nodes"),
            ("PODS", "pods"),
        ):
            await press(pilot, "colon")
            await write(pilot, word)
            await press(pilot, "enter")
            assert app.current.stem == stem
        await press(pilot, "colon")
        await write(pilot, "secrets")
        await press(pilot, "enter")
        await pilot.pause()
        assert app.current.stem == "pods"
        assert "There is no pane 'secrets'" in screen(app)


@alone
async def test_colon_q_quits() -> None:
    app = cockpit()
    async with app.run_test() as pilot:
        await press(pilot, "colon")
        await write(pilot, "q")
        await press(pilot, "enter")
        assert app._exit


@alone
async def test_a_pane_keeps_its_place_while_another_is_looked_at() -> None:
    app = cockpit()
    async with app.run_test(size=(80, 14)) as pilot:
        await press(pilot, "F", *["down"] * 3, "enter")
        opened = app.current.subject["node"]
        await press(pilot, "escape")
        assert table(app).sort == "free"
        assert table(app).table.cursor_key == opened
        assert table(app).table.scroll_offset.y == 0


@alone
async def test_a_small_and_a_tiny_screen_do_not_break() -> None:
    every = [number(pane.stem) for pane in PANES]
    for size in ((80, 24), (40, 12), (20, 6), (10, 3)):
        app = cockpit()
        async with app.run_test(size=size) as pilot:
            await press(pilot, "down", "enter", "escape", *every, "question_mark", "escape", "slash", "x", "escape")
            assert app.is_running


@alone
async def test_the_screen_follows_a_resize() -> None:
    app = cockpit()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        assert "CLIQUE" not in screen(app)
        await pilot.resize_terminal(200, 50)
        await pilot.pause()
        assert "CLIQUE" in screen(app)
        assert "shared or sliced" in lines(app)[-2]
        await pilot.resize_terminal(80, 24)
        await pilot.pause()
        assert "CLIQUE" not in screen(app)


@alone
async def test_what_a_cluster_stores_never_reaches_the_terminal_as_commands() -> None:
    evil = node("plain-name", {GPU: 8}, product="H\x1b]0;gotcha\x07\x9b31m100")
    assert isinstance(evil, Node)
    fleet = Fleet()
    fleet.replace("nodes", [evil])
    fleet.replace("pods", [pod("a", "b", 1, message="line\none\x1b[2J")])
    app = cockpit(fleet)
    async with app.run_test() as pilot:
        for key in ("1", number("pods"), number("pending"), number("products"), number("pending"), "enter"):
            await press(pilot, key)
            assert not set(screen(app)) & {"\x1b", "\x07", "\x9b"}
