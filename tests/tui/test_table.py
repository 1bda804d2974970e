"""The table: any number of rows, a cursor that stays with its row, columns that do not jitter."""

from collections.abc import Sequence

from textual.app import App, ComposeResult
from textual.events import MouseScrollDown
from textual.pilot import Pilot

from k8sai.fleet.index import Fleet
from k8sai.tui.columns import Field
from k8sai.tui.desk import Desk
from k8sai.tui.glyphs import UNICODE
from k8sai.tui.ink import Line, plain
from k8sai.tui.table import VirtualTable
from tests.tui.stage import alone
from tests.tui.world import FixedFeed, now


class Numbers:
    """Rows named by number; remembers which were asked for."""

    def __init__(self, count: int) -> None:
        self.order: list[str] = [f"row-{number:06}" for number in range(count)]
        self.notes: dict[str, str] = {}
        self.asked: list[str] = []

    def keys(self) -> Sequence[str]:
        return list(self.order)

    def cells(self, key: str) -> tuple[Line, ...]:
        self.asked.append(key)
        return plain(key), plain(self.notes.get(key, "-"))

    def blank(self, width: int, height: int) -> Sequence[Line]:
        return [(), (("nothing here", "plain"),)]


class Shown(App[None]):
    """One table and nothing else; remembers what the table said."""

    def __init__(self, rows: Numbers) -> None:
        super().__init__()
        desk = Desk(Fleet(), FixedFeed(), now, UNICODE)
        fields = (Field("NAME", sort="name"), Field("NOTE", "right", sort="note", most=12))
        self.table = VirtualTable(desk, fields, rows)
        self.chosen: list[str] = []
        self.sorted: list[str] = []

    def compose(self) -> ComposeResult:
        yield self.table

    def on_mount(self) -> None:
        self.table.reorder()
        self.table.focus()

    def on_virtual_table_chosen(self, message: VirtualTable.Chosen) -> None:
        self.chosen.append(message.key)

    def on_virtual_table_sort_asked(self, message: VirtualTable.SortAsked) -> None:
        self.sorted.append(message.sort)


def text(app: App[None]) -> list[str]:
    strips = app.screen._compositor.render_strips()
    return ["".join(segment.text for segment in strip).rstrip() for strip in strips]


async def press(pilot: Pilot[None], *keys: str) -> None:
    await pilot.press(*keys)
    await pilot.pause()


@alone
async def test_a_hundred_thousand_rows_cost_what_is_visible() -> None:
    rows = Numbers(100_000)
    app = Shown(rows)
    async with app.run_test(size=(60, 20)) as pilot:
        await pilot.pause()
        assert set(rows.asked) <= set(rows.order[:20])
        assert text(app)[1].startswith("row-000000")
        rows.asked.clear()
        await press(pilot, "end")
        assert set(rows.asked) <= set(rows.order[-20:])
        assert text(app)[-1].startswith("row-099999")


@alone
async def test_keys_move_the_cursor_and_the_view() -> None:
    app = Shown(Numbers(100))
    async with app.run_test(size=(60, 20)) as pilot:
        for keys, expected in (
            (["down", "j", "j"], 3),
            (["up", "k"], 1),
            (["pagedown"], 20),
            (["ctrl+f"], 39),
            (["ctrl+b"], 20),
            (["pageup"], 1),
            (["end"], 99),
            (["home"], 0),
            (["G"], 99),
            (["g"], 0),
            (["up"], 0),
        ):
            await press(pilot, *keys)
            assert app.table.index == expected, keys
            top = app.table.scroll_offset.y
            assert top <= expected <= top + 18, keys


@alone
async def test_the_cursor_stays_with_its_row_when_the_order_changes() -> None:
    rows = Numbers(100)
    app = Shown(rows)
    async with app.run_test(size=(60, 20)) as pilot:
        await press(pilot, *["down"] * 5)
        assert app.table.cursor_key == "row-000005"
        rows.order.reverse()
        app.table.reorder()
        await pilot.pause()
        assert app.table.cursor_key == "row-000005"
        assert app.table.index == 94
        visible = text(app)
        assert any(line.startswith("row-000005") for line in visible)


@alone
async def test_an_untouched_cursor_stays_on_top() -> None:
    rows = Numbers(100)
    app = Shown(rows)
    async with app.run_test(size=(60, 20)) as pilot:
        await pilot.pause()
        rows.order.reverse()
        app.table.reorder()
        await pilot.pause()
        assert app.table.cursor_key == "row-000099"
        assert app.table.scroll_offset.y == 0


@alone
async def test_a_row_that_goes_leaves_the_cursor_where_it_was() -> None:
    rows = Numbers(10)
    app = Shown(rows)
    async with app.run_test(size=(60, 20)) as pilot:
        await press(pilot, "end")
        rows.order = rows.order[:4]
        app.table.reorder()
        await pilot.pause()
        assert app.table.cursor_key == "row-000003"


@alone
async def test_columns_grow_with_what_is_seen_and_do_not_shrink() -> None:
    rows = Numbers(10)
    app = Shown(rows)
    async with app.run_test(size=(60, 20)) as pilot:
        await pilot.pause()
        narrow = text(app)[1].index("-", 10)
        rows.notes["row-000003"] = "quite long"
        app.table.repaint()
        await pilot.pause()
        grown = text(app)[1].rindex("-")
        assert grown > narrow
        rows.notes.clear()
        app.table.repaint()
        await pilot.pause()
        assert text(app)[1].rindex("-") == grown
        app.table.reorder(forget=True)
        await pilot.pause()
        assert text(app)[1].rindex("-") == narrow


@alone
async def test_what_a_row_says_is_read_again_only_when_painted_again() -> None:
    rows = Numbers(10)
    app = Shown(rows)
    async with app.run_test(size=(60, 20)) as pilot:
        await pilot.pause()
        rows.notes["row-000002"] = "new"
        await press(pilot, "down")
        assert "new" not in "\n".join(text(app))
        app.table.repaint()
        await pilot.pause()
        assert "new" in text(app)[3]


@alone
async def test_a_paused_table_holds_what_it_shows() -> None:
    rows = Numbers(10)
    app = Shown(rows)
    async with app.run_test(size=(60, 20)) as pilot:
        await pilot.pause()
        app.table.paused = True
        rows.notes["row-000002"] = "new"
        app.table.repaint()
        await pilot.pause()
        assert "new" not in "\n".join(text(app))
        app.table.paused = False
        app.table.repaint()
        await pilot.pause()
        assert "new" in text(app)[3]


@alone
async def test_enter_and_a_double_click_choose() -> None:
    app = Shown(Numbers(10))
    async with app.run_test(size=(60, 20)) as pilot:
        await press(pilot, "down", "enter")
        assert app.chosen == ["row-000001"]
        await pilot.click(app.table, offset=(2, 5))
        await pilot.pause()
        assert app.table.cursor_key == "row-000004"
        assert app.chosen == ["row-000001"]
        await pilot.double_click(app.table, offset=(2, 6))
        await pilot.pause()
        assert app.chosen == ["row-000001", "row-000005"]


@alone
async def test_a_click_on_a_title_asks_for_that_order() -> None:
    app = Shown(Numbers(10))
    async with app.run_test(size=(60, 20)) as pilot:
        await pilot.click(app.table, offset=(1, 0))
        await pilot.click(app.table, offset=(13, 0))
        await pilot.pause()
        assert app.sorted == ["name", "note"]


@alone
async def test_the_wheel_scrolls_and_leaves_the_cursor() -> None:
    app = Shown(Numbers(100))
    async with app.run_test(size=(60, 20)) as pilot:
        await pilot.pause()
        wheel = MouseScrollDown(app.table, 5, 5, 0, 1, 0, False, False, False)
        for _ in range(4):
            app.table.post_message(wheel)
        await pilot.pause()
        assert app.table.scroll_offset.y > 0
        assert app.table.index == 0


@alone
async def test_an_empty_table_says_why() -> None:
    app = Shown(Numbers(0))
    async with app.run_test(size=(60, 20)) as pilot:
        await press(pilot, "down", "end", "enter")
        assert "nothing here" in "\n".join(text(app))
        assert app.table.cursor_key is None
        assert app.chosen == []


@alone
async def test_a_wide_table_scrolls_sideways() -> None:
    rows = Numbers(3)
    rows.notes["row-000000"] = "far right"
    app = Shown(rows)
    async with app.run_test(size=(16, 10)) as pilot:
        await pilot.pause()
        app.table.toggle_wide()
        await pilot.pause()
        assert "far right" not in text(app)[1]
        await press(pilot, "right")
        assert text(app)[1].endswith("far right")
        await press(pilot, "left")
        assert text(app)[1].startswith("row-000000")
