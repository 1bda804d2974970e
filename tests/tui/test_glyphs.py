"""One sign per card, told apart without colour, in any locale."""

from dataclasses import fields as fields_of

import pytest
from rich.cells import cell_len

from k8sai.fleet.answers import Holder, Slot
from k8sai.fleet.glance import LOOKS
from k8sai.tui.glyphs import ASCII, MEANING, STATE_INK, UNICODE, Glyphs, legend, meter, of_terminal, slot_bar
from k8sai.tui.ink import flat

SETS = pytest.mark.parametrize("glyphs", [UNICODE, ASCII], ids=["unicode", "ascii"])
ANA = Holder("research", "ana", "1", 1.0)


def red(slot: Slot) -> str:
    return "hue0"


@SETS
def test_every_state_has_a_sign_of_its_own(glyphs: Glyphs) -> None:
    assert set(glyphs.slots) == set(LOOKS) == set(STATE_INK) == {state for state, _ in MEANING}
    signs = [*glyphs.slots.values(), glyphs.parts[0]]
    assert len(set(signs)) == len(signs)


@SETS
def test_slot_signs_are_one_cell_wide(glyphs: Glyphs) -> None:
    assert all(cell_len(sign) == 1 for sign in (*glyphs.slots.values(), *glyphs.parts))


def test_the_ascii_set_is_ascii() -> None:
    for field in fields_of(ASCII):
        value = getattr(ASCII, field.name)
        signs = value.values() if isinstance(value, dict) else value
        assert all(sign.isascii() for sign in signs)


@pytest.mark.parametrize(
    ("encoding", "term", "expected"),
    [
        ("UTF-8", "xterm-256color", UNICODE),
        ("utf8", "screen", UNICODE),
        ("ANSI_X3.4-1968", "xterm", ASCII),
        ("ISO-8859-1", "xterm", ASCII),
        ("UTF-8", "dumb", ASCII),
        ("UTF-8", "linux", ASCII),
        ("no-such-encoding", "xterm", ASCII),
    ],
)
def test_the_terminal_decides(encoding: str, term: str, expected: Glyphs) -> None:
    assert of_terminal(encoding, term) is expected


def test_a_bar_has_a_sign_per_card_in_the_ink_of_its_holder() -> None:
    slots = (
        Slot("held", 1, ANA, 1),
        Slot("held", 1, ANA, 1),
        Slot("held", 0.43, ANA, 2),
        Slot("free", 0),
        Slot("unhealthy", 0),
    )
    assert slot_bar(slots, UNICODE, red) == (("■■▃", "hue0"), ("□", "good"), ("×", "bad"))


def test_a_share_of_a_card_rises_with_what_is_used() -> None:
    shares = [
        slot_bar((Slot("held", used, ANA, 1),), UNICODE, red)[0][0] for used in (0.01, 0.25, 0.5, 0.75, 0.98, 1.0)
    ]
    assert shares == [*sorted(shares[:-1]), "■"]


def test_a_node_of_very_many_cards_ends_in_dots() -> None:
    bar = slot_bar((Slot("free", 0),) * 100, UNICODE, red, most=16)
    assert flat(bar) == "□" * 16 + "…"


def test_a_meter_leaves_no_part_out() -> None:
    assert meter(((50, "key"), (1, "bad")), 1000, 10, ASCII) == (("#", "key"), ("#", "bad"), ("........", "dim"))
    assert meter(((1000, "key"), (5, "bad")), 1000, 10, ASCII) == (("##########", "key"),)
    assert meter((), 0, 4, ASCII) == (("....", "dim"),)


@SETS
def test_the_legend_names_every_sign(glyphs: Glyphs) -> None:
    said = flat(legend(glyphs))
    assert all(sign in said for sign in glyphs.slots.values())
