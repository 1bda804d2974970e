"""Colours and signs of the map; without colours signs say it all."""

import pytest

from k8sai.fleet.answers import Gauge
from k8sai.fleet.glance import CODE, LOOKS, Glance, Who
from k8sai.tui.app import Cockpit
from k8sai.tui.glyphs import ASCII, MEANING, UNICODE, Glyphs
from k8sai.tui.ink import flat
from k8sai.tui.map_paint import Brush
from tests.tui.atlas import many, to_map
from tests.tui.stage import SMALL, Stage, alone, cockpit, play, press, screen

WHO = (Who("team-llm", "Job/a", "llm", 0), Who("research", "Job/b", "", 5))


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
