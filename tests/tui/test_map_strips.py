"""What the terminal is told of a line of the map says the same as its pieces one by one."""

from rich.text import Text
from textual.geometry import Region
from textual.strip import Strip

from k8sai.tui.app import Cockpit
from k8sai.tui.map_strips import Pieced
from tests.tui.atlas import many, to_map
from tests.tui.stage import Stage, play


def test_only_what_differs_is_told_and_it_looks_the_same() -> None:
    async def story(pilot: Stage, app: Cockpit) -> None:
        field = (await to_map(pilot, app)).field
        lines = [line for line in field.render_lines(Region(0, 0, *field.size)) if isinstance(line, Pieced)]
        assert lines
        for line in lines:
            short = line.render(app.console)
            for piece in line:
                if piece.style:
                    piece.style._ansi = None  # Rich keeps how a style was last drawn, on whatever terminal
            long = Strip(list(line), line.cell_length).render(app.console)
            assert len(short) <= len(long) + len("\x1b[0m")
            one, other = Text.from_ansi(short), Text.from_ansi(long)
            assert one.plain == other.plain
            for at in range(len(one)):
                assert one.get_style_at_offset(app.console, at) == other.get_style_at_offset(app.console, at)

    play(story, many(9000))
