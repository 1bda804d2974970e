"""The text widget: any number of lines, wrapped or cut, searched, and only what is visible is drawn."""

from textual.app import App, ComposeResult

from k8sai.fleet.index import Fleet
from k8sai.tui.desk import Desk
from k8sai.tui.glyphs import UNICODE
from k8sai.tui.ink import Line, flat, plain
from k8sai.tui.text import Text, breaks, hang, marked, part
from tests.tui.stage import alone
from tests.tui.world import FixedFeed, now


class Shown(App[None]):
    """One text and nothing else."""

    def __init__(self, *lines: Line, most: int = 200_000) -> None:
        super().__init__()
        self.text = Text(Desk(Fleet(), FixedFeed(), now, UNICODE), most=most)
        self.first = lines

    def compose(self) -> ComposeResult:
        yield self.text

    def on_mount(self) -> None:
        self.text.styles.height = "100%"
        self.text.say(self.first)


def seen(app: App[None]) -> list[str]:
    strips = app.screen._compositor.render_strips()
    return ["".join(segment.text for segment in strip).rstrip() for strip in strips]


def test_a_line_breaks_after_a_space_or_anywhere() -> None:
    assert breaks("short", 10) == [0]
    assert breaks("one two three four", 10) == [0, 8]
    assert breaks("x" * 25, 10) == [0, 10, 20]
    assert breaks("x" * 30, 20, indent=10) == [0, 20]
    wide = "表" * 8
    assert breaks(wide, 10) == [0, 5]


def test_no_row_of_any_line_is_wider_than_there_is_room() -> None:
    from rich.cells import cell_len

    text = "Back-off 表表表 pulling image registry.example.com/a/very/long/path:1 é " * 5
    for width in (10, 17, 40, 80):
        for indent in (0, 4):
            starts = breaks(text, width, indent)
            rows = [text[a:b] for a, b in zip(starts, [*starts[1:], len(text)], strict=True)]
            assert "".join(rows) == text
            assert cell_len(rows[0].rstrip()) <= width
            assert all(cell_len(row.rstrip()) <= max(8, width - indent) for row in rows[1:])


def test_parts_and_marks_keep_the_inks() -> None:
    line: Line = (("abc", "dim"), ("defg", "good"))
    assert part(line, 2, 5) == (("c", "dim"), ("de", "good"))
    assert marked(line, [(2, 4)]) == (("ab", "dim"), ("cd", "mark"), ("efg", "good"))
    assert flat(marked(line, [(0, 7), (3, 3)])) == "abcdefg"


def test_further_rows_begin_below_the_value() -> None:
    assert hang((("Name      ", "dim"), ("a long value", "plain")), 60) == 10
    assert hang((("x" * 50, "dim"), ("value", "plain")), 60) == 2
    assert hang(plain("a line of a log"), 60) == 0


@alone
async def test_long_lines_are_wrapped_or_cut() -> None:
    app = Shown((("Key   ", "dim"), ("one two three four five six", "plain")), plain("next"))
    async with app.run_test(size=(22, 8)) as pilot:
        await pilot.pause()
        assert seen(app)[:3] == ["Key   one two three", "      four five six", "next"]
        app.text.toggle_wrap()
        await pilot.pause()
        assert seen(app)[1] == "next"
        app.text.sideways(8)
        await pilot.pause()
        assert seen(app)[0].startswith("e two three four")


@alone
async def test_a_search_goes_to_what_is_found_and_on() -> None:
    app = Shown(*(plain(f"line {number}") for number in range(100)))
    async with app.run_test(size=(40, 10)) as pilot:
        await pilot.pause()
        app.text.search("LINE 5[05]")
        await pilot.pause()
        assert app.text.found == [50, 55]
        assert "line 50" in seen(app)
        app.text.step(1)
        await pilot.pause()
        assert app.text.at == 1
        assert "line 55" in seen(app)
        app.text.step(1)
        assert app.text.at == 0
        app.text.search("[")
        assert app.text.found == []
        app.text.search("")
        assert app.text.pattern is None


@alone
async def test_it_stays_with_the_last_line_until_somebody_looks_back() -> None:
    app = Shown(*(plain(f"line {number}") for number in range(50)))
    async with app.run_test(size=(40, 10)) as pilot:
        app.text.following = True
        app.text.add([plain("newest")])
        await pilot.pause()
        assert seen(app)[-1] == "newest"
        app.text.move(-3)
        app.text.add([plain("newer still")])
        await pilot.pause()
        assert "newer still" not in seen(app)
        app.text.edge(1)
        await pilot.pause()
        assert seen(app)[-1] == "newer still"


@alone
async def test_what_comes_is_searched_too_and_the_oldest_goes() -> None:
    app = Shown(most=3_000)
    async with app.run_test(size=(40, 10)) as pilot:
        app.text.search("hit")
        app.text.add([plain(f"hit {number}" if number % 1000 == 0 else "miss") for number in range(3_000)])
        assert app.text.found == [0, 1000, 2000]
        app.text.add([plain("hit last")])
        await pilot.pause()
        assert len(app.text.said) <= 3_000
        assert [flat(app.text.said[line]) for line in app.text.found] == ["hit last"]


@alone
async def test_it_follows_a_resize() -> None:
    app = Shown(plain("one two three four five six"))
    async with app.run_test(size=(60, 10)) as pilot:
        await pilot.pause()
        assert seen(app)[1] == ""
        await pilot.resize_terminal(16, 10)
        await pilot.pause()
        assert seen(app)[1] != ""
