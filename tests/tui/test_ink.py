"""Colours: stable by name, readable on dark and light, from the terminal where it has few."""

import pytest
from textual.color import Color
from textual.theme import BUILTIN_THEMES, Theme

from k8sai.tui.frame import few_colours
from k8sai.tui.ink import DARK, HUES, LIGHT, SAFE, Hues, Inks

NAMES = ["team-vision", "team-llm", "research", "inference", "batch", "ml-platform"]


def contrast(one: Color, other: Color) -> float:
    """The ratio of WCAG 2.1, 1 to 21; 4.5 is what its level AA asks for text."""

    def luminance(colour: Color) -> float:
        parts = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in colour.normalized]
        return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]

    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def variables(theme: Theme) -> dict[str, str]:
    return theme.to_color_system().generate()


def test_a_name_has_the_same_ink_in_every_run() -> None:
    assert [Hues().of(name) for name in NAMES[:3]] == [Hues().of(name) for name in NAMES[:3]]


def test_names_known_together_do_not_share_an_ink() -> None:
    hues = Hues(lambda: NAMES)
    assert len({hues.of(name) for name in NAMES}) == len(NAMES)


def test_the_first_name_painted_does_not_decide() -> None:
    one, other = Hues(lambda: NAMES), Hues(lambda: NAMES)
    assert [one.of(name) for name in NAMES] == [other.of(name) for name in reversed(NAMES)][::-1]


def test_more_names_than_inks_still_have_one() -> None:
    many = [f"team-{number}" for number in range(HUES * 3)]
    hues = Hues(lambda: many)
    assert {hues.of(name) for name in many} == {f"hue{number}" for number in range(HUES)}


def test_no_name_has_no_colour() -> None:
    assert Hues().of("") == "plain"


@pytest.mark.parametrize("theme", [DARK, LIGHT, SAFE], ids=["dark", "light", "safe"])
def test_every_hue_can_be_read_on_its_background(theme: Theme) -> None:
    said = variables(theme)
    inks = Inks(theme, said)
    for number in range(HUES):
        colour = inks[f"hue{number}"].color
        assert colour is not None
        for background in ("background", "surface"):
            assert contrast(Color.from_rich_color(colour), Color.parse(said[background])) >= 4.5


@pytest.mark.parametrize("kind", ["protan", "deutan"])
def test_well_and_wrong_differ_to_eyes_that_miss_red_or_green(kind: str) -> None:
    """As Viénot, Brettel and Mollon reduce a colour for them (1999), on linear light."""
    said = variables(SAFE)
    rows = {
        "protan": ((0.1124, 0.8876, 0.0), (0.1124, 0.8876, 0.0), (0.0040, -0.0040, 1.0)),
        "deutan": ((0.2928, 0.7072, 0.0), (0.2928, 0.7072, 0.0), (-0.0223, 0.0223, 1.0)),
    }[kind]

    def seen(name: str) -> tuple[float, ...]:
        linear = [
            c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in Color.parse(said[name]).normalized
        ]
        return tuple(sum(weight * part for weight, part in zip(row, linear, strict=True)) for row in rows)

    for one, other in (("success", "error"), ("success", "warning"), ("primary", "error")):
        assert sum(abs(a - b) for a, b in zip(seen(one), seen(other), strict=True)) > 0.5


def test_hues_differ() -> None:
    inks = Inks(DARK, variables(DARK))
    assert len({inks[f"hue{number}"].color for number in range(HUES)}) == HUES


def test_the_terminals_own_colours_are_used_where_the_theme_says_so() -> None:
    theme = BUILTIN_THEMES["ansi-dark"]
    inks = Inks(theme, variables(theme))
    for ink in ("good", "bad", "warn", "hue0", "hue11"):
        colour = inks[ink].color
        assert colour is not None
        assert colour.number is not None
        assert colour.number < 16


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"TERM": "xterm-256color"}, False),
        ({"TERM": "xterm-256color", "NO_COLOR": "1"}, True),
        ({"TERM": "xterm-256color", "NO_COLOR": ""}, False),
        ({"TERM": "xterm-16color"}, True),
        ({"TERM": "linux"}, True),
        ({"TERM": "dumb"}, True),
        ({}, False),
    ],
)
def test_few_colours(environ: dict[str, str], expected: bool) -> None:
    assert few_colours(environ) is expected
