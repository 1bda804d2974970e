"""Inks: what a piece of text means, and the terminal style it gets from the theme in use.

A line is made of runs, each a text and the name of an ink. Inks are the five tones of the view model, a few roles of
the screen, and hues: stable colours for names. Nothing else in this room names a colour.
"""

from collections.abc import Callable, Iterable
from hashlib import blake2s
from typing import Final

from rich.color import Color as RichColor
from rich.style import Style
from textual.color import Color, ColorParseError
from textual.theme import Theme

Run = tuple[str, str]
Line = tuple[Run, ...]

# Colours of the 256-colour cube, so that a terminal without true colour shows the same; contrast at least 4.5 (a test).
_ON_DARK: Final = (
    "#5fafff",
    "#ffaf5f",
    "#d787ff",
    "#5fd7d7",
    "#ff87af",
    "#d7d75f",
    "#afafff",
    "#87d7af",
    "#d7af87",
    "#87afd7",
    "#ff87ff",
    "#afd75f",
)
_ON_LIGHT: Final = (
    "#005faf",
    "#875f00",
    "#8700af",
    "#005f5f",
    "#af005f",
    "#5f5f00",
    "#5f5faf",
    "#005f00",
    "#870000",
    "#005f87",
    "#870087",
    "#5f00ff",
)
# After Okabe and Ito: told apart with every kind of colour blindness, the second round by lightness.
_SAFE: Final = (
    "#56b4e9",
    "#e69f00",
    "#f0e442",
    "#2fb894",
    "#e58fc0",
    "#ff7f3f",
    "#b8e0fa",
    "#ffd38a",
    "#9be8d3",
    "#f7c9e2",
)
_ANSI: Final = (
    "blue",
    "yellow",
    "magenta",
    "cyan",
    "bright_magenta",
    "bright_yellow",
    "bright_blue",
    "bright_cyan",
    "green",
    "bright_green",
)
HUES: Final = len(_ON_DARK)

# From little to much, told apart by lightness too; the last two rows: safe for all eyes, and the terminal's own.
_HEAT: Final = ("#5f87d7", "#5fafaf", "#87d787", "#d7d75f", "#ffaf5f", "#ff875f")
_HEAT_ON_LIGHT: Final = ("#005faf", "#005f87", "#005f00", "#5f5f00", "#875f00", "#d70000")
_HEAT_SAFE: Final = ("#5f87d7", "#5fafff", "#afd7ff", "#ffffaf", "#ffaf00", "#ff7f3f")
_HEAT_ANSI: Final = ("blue", "cyan", "green", "yellow", "magenta", "red")
HEATS: Final = len(_HEAT)

DARK: Final = Theme(
    name="k8sai",
    primary="#5fafff",
    secondary="#5fd7d7",
    accent="#d787ff",
    warning="#ffaf5f",
    error="#ff5f5f",
    success="#87d787",
    foreground="#d7dae0",
    background="#0f1216",
    surface="#171b21",
    panel="#20262e",
    dark=True,
)

LIGHT: Final = Theme(
    name="k8sai-light",
    primary="#005fd7",
    secondary="#005f87",
    accent="#8700af",
    warning="#af5f00",
    error="#d70000",
    success="#00772a",
    foreground="#1c2024",
    background="#fbfbfc",
    surface="#f1f2f4",
    panel="#e3e6ea",
    dark=False,
)

# Never red against green: what is well is blue, what is wrong vermilion and bold.
SAFE: Final = Theme(
    name="k8sai-safe",
    primary="#56b4e9",
    secondary="#5fd7d7",
    accent="#f0e442",
    warning="#e69f00",
    error="#ff7f3f",
    success="#5fafff",
    foreground="#e4e6ea",
    background="#0f1216",
    surface="#171b21",
    panel="#20262e",
    dark=True,
)


def plain(text: str) -> Line:
    """A line of one run in the plain ink."""
    return ((text, "plain"),)


def flat(line: Line) -> str:
    """The text of a line."""
    return "".join(text for text, _ in line)


class Inks:
    """Styles by ink name for one theme; foregrounds only, so that a cursor can put its own background below."""

    def __init__(self, theme: Theme, variables: dict[str, str]) -> None:
        self._styles: dict[str, Style] = {
            "plain": Style(),
            "strong": Style(bold=True),
            "dim": Style(dim=True),
            "good": Style(color=_rich(variables, "success")),
            "warn": Style(color=_rich(variables, "warning")),
            "bad": Style(color=_rich(variables, "error"), bold=True),
            "accent": Style(color=_rich(variables, "primary"), bold=True),
            "key": Style(color=_rich(variables, "primary")),
            "mark": Style(reverse=True, bold=True),
        }
        names = _ANSI if theme.ansi else _ON_DARK if theme.dark else _ON_LIGHT
        names = _SAFE if theme.name == SAFE.name else names
        for number in range(HUES):
            self._styles[f"hue{number}"] = Style(color=RichColor.parse(names[number % len(names)]))
        heats = _HEAT_ANSI if theme.ansi else _HEAT if theme.dark else _HEAT_ON_LIGHT
        heats = _HEAT_SAFE if theme.name == SAFE.name else heats
        for number, name in enumerate(heats):
            self._styles[f"heat{number}"] = Style(color=RichColor.parse(name))

    def __getitem__(self, ink: str) -> Style:
        return self._styles[ink]


def _rich(variables: dict[str, str], name: str) -> RichColor | None:
    try:
        return Color.parse(variables[name]).rich_color
    except (KeyError, ColorParseError):
        return None


class Hues:
    """Gives every name an ink by its hash; names known together do not share one while there are enough.

    `known` tells all names there are now. They get their inks at once and in alphabetical order, so that the same names
    have the same inks in every run, whichever of them is painted first.
    """

    def __init__(self, known: Callable[[], Iterable[str]] | None = None) -> None:
        self._known = known
        self._given: dict[str, str] = {}
        self._taken: set[int] = set()

    def of(self, name: str) -> str:
        """The ink of a name; "plain" for no name."""
        if not name:
            return "plain"
        ink = self._given.get(name)
        if ink is None:
            others = set(self._known()) - self._given.keys() if self._known else set()
            for each in sorted({name, *others} - {""}):
                self._give(each)
            ink = self._given[name]
        return ink

    def _give(self, name: str) -> None:
        wanted = int.from_bytes(blake2s(name.encode(), digest_size=4).digest(), "big") % HUES
        free = wanted
        if self._known is not None:
            free = next((n % HUES for n in range(wanted, wanted + HUES) if n % HUES not in self._taken), wanted)
            self._taken.add(free)
        self._given[name] = f"hue{free}"
