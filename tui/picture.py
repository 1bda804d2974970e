"""The screen as an SVG: for the README, a ticket, or a slide. The same facts give the same picture."""

import asyncio
import re
from collections.abc import Sequence

from k8sai.cluster.sources import Source
from k8sai.fleet.index import Fleet
from k8sai.tui.app import Cockpit
from k8sai.tui.feed import Still
from k8sai.tui.glyphs import UNICODE

_FONT_FACES = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)
_FONTS = 'Menlo, Consolas, "DejaVu Sans Mono", monospace'
_TEXT = re.compile(r'(<text class="[^"]*" )x="([\d.]+)"( y="[\d.]+") textLength="([\d.]+)"([^>]*>)((?:&#160;)+)([^<]*)')
_SPACE = "&#160;"


def render_svg(
    fleet: Fleet,
    sources: Sequence[Source],
    *,
    context: str,
    now: float,
    size: tuple[int, int] = (120, 34),
    keys: Sequence[str] = (),
    title: str = "kubectl ai-top",
) -> str:
    """The screen of `size` (columns, lines) at `now` (epoch seconds), after `keys` were pressed. Needs no terminal."""

    async def draw() -> str:
        app = Cockpit(fleet, Still(context, tuple(sources)), now=lambda: now, glyphs=UNICODE, plain=False)
        async with app.run_test(size=size) as pilot:
            await pilot.pause()
            await pilot.press(*keys)
            await pilot.pause()
            return app.export_screenshot(title=title)

    return portable(asyncio.run(draw()))


def portable(svg: str) -> str:
    """Without fonts from the network, and with leading spaces as places: not every viewer keeps them."""
    svg = _FONT_FACES.sub("", svg).replace("font-family: Fira Code, monospace", f"font-family: {_FONTS}")
    return _TEXT.sub(_shifted, svg)


def _shifted(match: re.Match[str]) -> str:
    head, x, y, length, rest, spaces, text = match.groups()
    count, total = spaces.count(_SPACE), spaces.count(_SPACE) + len(_unescaped(text))
    cell = float(length) / total
    return f'{head}x="{float(x) + count * cell:g}"{y} textLength="{float(length) - count * cell:g}"{rest}{text}'


def _unescaped(text: str) -> str:
    """Entities as the one character they are."""
    return re.sub(r"&[#\w]+;", "x", text)
