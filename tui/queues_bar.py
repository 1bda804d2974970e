"""A share of quota as a bar: what is in use of its own, borrowed, lent and free, then what is asked for."""

from typing import TYPE_CHECKING, Final

from k8sai.tui.glyphs import Glyphs
from k8sai.tui.ink import Line, Run

if TYPE_CHECKING:
    from k8sai.queues.shown.figures import Figures

_INKS: Final = ("key", "accent", "dim", "good", "warn")
WORDS: Final = ("in use", "borrowed", "lent", "free", "asked for")


def bar(figures: "Figures | None", width: int, glyphs: Glyphs) -> Line:
    """What is asked for takes half of the bar at most; nothing where there is no quota."""
    if figures is None or figures.total is None:
        return ()
    borrowed = max(0, figures.reserved - figures.total)
    own = figures.reserved - borrowed
    free = max(0, figures.total - own)
    lent = min(free, max(0, figures.lent or 0))
    held = (own, borrowed, lent, free - lent)
    parts = (*held, min(figures.pending, max(1, sum(held))))
    if not sum(parts):
        return ()
    sizes = cells(parts, width)
    runs = zip(glyphs.quota, _INKS, sizes, strict=True)
    return tuple((glyph * size, ink) for glyph, ink, size in runs if size)


def cells(parts: tuple[int, ...], width: int) -> list[int]:
    """Each part as much of the width as of the sum; what is there at all is seen, by its larger neighbours' loss."""
    whole = sum(parts)
    sizes = [max(1, round(width * part / whole)) if part else 0 for part in parts]
    while sum(sizes) != width:
        largest = max(range(len(sizes)), key=sizes.__getitem__)
        sizes[largest] += 1 if sum(sizes) < width else -1
    return sizes


def legend(glyphs: Glyphs) -> Line:
    """The signs and what they mean."""
    runs: list[Run] = []
    for glyph, ink, word in zip(glyphs.quota, _INKS, WORDS, strict=True):
        runs += [(glyph, ink), (f" {word}  ", "dim")]
    return tuple(runs)
