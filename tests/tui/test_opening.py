"""What a command's flags open the screen with, and what a bug leaves on the terminal."""

import pytest

from k8sai.fleet.index import Fleet
from k8sai.tui.app import Cockpit
from k8sai.tui.opening import Opening
from tests.tui.stage import LARGE, alone, keys, number, press
from tests.tui.world import FixedFeed, fill, now


def opened(opening: Opening) -> Cockpit:
    return Cockpit(fill(Fleet()), FixedFeed(), now=now, opening=opening)


@alone
async def test_flags_are_filters_that_esc_takes_away() -> None:
    app = opened(Opening(nodes="^(h100-02|h100-03)$", sort="free", reverse=True))
    async with app.run_test(size=LARGE) as pilot:
        await pilot.pause()
        assert set(keys(app)) == {"h100-02", "h100-03"}
        narrowed = keys(app)
        await press(pilot, number("pods"), "1")
        assert keys(app) == narrowed
        await press(pilot, "escape")
        assert len(keys(app)) > 2
        assert (app.current.stem, app.opening.sort) == ("nodes", "free")


@alone
async def test_a_namespace_narrows_the_panes_of_pods() -> None:
    app = opened(Opening(pods="^team-llm$"))
    async with app.run_test(size=LARGE) as pilot:
        await press(pilot, number("pods"))
        assert keys(app) and {key.split("/")[0] for key in keys(app)} == {"team-llm"}


@alone
async def test_nodes_without_gpus_stay_shown() -> None:
    few, every = opened(Opening()), opened(Opening(every=True))
    async with few.run_test(size=LARGE) as pilot:
        await pilot.pause()
        with_gpus = len(keys(few))
    async with every.run_test(size=LARGE) as pilot:
        await press(pilot, number("pods"), "1")
        assert len(keys(every)) > with_gpus


def test_a_bug_is_kept_for_one_line(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Textual's own answer is a traceback of pages."""
    app = opened(Opening())
    monkeypatch.setattr(app, "paint", lambda: 1 // 0)
    app.run(headless=True, size=LARGE)
    assert isinstance(app.bug, ZeroDivisionError)
    assert capsys.readouterr() == ("", "")
