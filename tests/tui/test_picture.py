"""The README's picture: the same in every run, drawn from a recording, without anything from the network."""

from pathlib import Path

from k8sai.fleet.index import Fleet
from k8sai.tui.picture import portable, render_svg
from tests import picture
from tests.tui.stage import number
from tests.tui.world import CONTEXT, NOW, fill, live

README_PICTURE = Path(__file__).parents[2] / "docs" / "top.svg"


def drawn(keys: tuple[str, ...] = ()) -> str:
    return render_svg(fill(Fleet()), live(16, 21), context=CONTEXT, now=NOW, keys=keys)


def test_the_same_facts_give_the_same_picture() -> None:
    assert drawn() == drawn()


def test_keys_are_pressed_first() -> None:
    assert "Pending" in drawn(keys=(number("pending"),))
    assert "train-70b-0" not in drawn()
    assert "train-70b-0" in drawn(keys=(number("pending"),))


def test_nothing_is_loaded_from_the_network() -> None:
    svg = drawn()
    assert "@font-face" not in svg
    assert "url(http" not in svg


def test_leading_spaces_become_places() -> None:
    text = '<text class="r1" x="12.2" y="20" textLength="61" clip-path="url(#a)">&#160;&#160;a&amp;b</text>'
    assert portable(text) == '<text class="r1" x="36.6" y="20" textLength="36.6" clip-path="url(#a)">a&amp;b</text>'


def test_the_readme_shows_the_screen_as_it_is() -> None:
    fresh = README_PICTURE.read_text(encoding="utf-8") == picture.draw()
    assert fresh, "docs/top.svg shows another screen than the recorded demo: `make picture`, and look at it"
