"""What is free and stranded: said in the header and above those who wait, computed beside the screen."""

import pytest

from k8sai.fleet.index import Fleet
from k8sai.scheduling.board import Board
from k8sai.tui import stranding
from k8sai.tui.stranding import Stranding
from tests.tui.stage import LARGE, alone, cockpit, lines, number, press, screen
from tests.tui.world import GPU, FixedFeed, all_in, live, node, nodes, pods


def boarded(*sources: object) -> FixedFeed:
    feed = FixedFeed(*(sources or live(16, 21)))  # type: ignore[arg-type]
    feed.kept = Board()
    feed.kept.replace("nodes", nodes())
    feed.kept.replace("pods", pods())
    return feed


def looked(fleet: Fleet, feed: FixedFeed) -> Stranding:
    """After one look, in this thread."""
    found = Stranding(fleet, feed)
    found.look()
    return found


def test_it_looks_again_only_when_something_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    fleet = Fleet()
    fleet.replace("nodes", nodes())
    fleet.replace("pods", pods())
    found = looked(fleet, boarded())
    assert found.latest is not None and found.latest.stranded > 0
    before = found.latest
    found.look()
    assert found.latest is before
    fleet.put("nodes", node("more", {GPU: 8}))
    found.look()
    assert found.latest is not before


def test_nothing_is_said_before_all_is_read_or_without_a_board() -> None:
    assert looked(Fleet(), boarded(*all_in("starting"))).latest is None
    assert looked(Fleet(), FixedFeed()).latest is None


def test_a_bug_is_kept_for_who_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("no")

    monkeypatch.setattr(stranding, "summary", broken)
    found = Stranding(Fleet(), boarded())
    found.start()
    found.join()
    assert found.failure == "a bug of k8sai: ZeroDivisionError: no"


@alone
async def test_the_screen_says_it() -> None:
    feed = boarded()
    app = cockpit(feed=feed)
    async with app.run_test(size=LARGE) as pilot:
        await press(pilot, number("pending"))
        app.desk.rest()
        app.desk._stranding = looked(app.desk.fleet, feed)
        app.current.repaint()
        app.header.update()
        await pilot.pause()
        said = screen(app)
        assert "47.39 free (37 stranded) · 12 blocked" in lines(app)[2]
        assert " stranded: no waiting pod or gang fits them" in said
        assert "pods that would start now" in said
        assert [line.split() for line in lines(app) if line.startswith(" H100-80GB-HBM3 ")] == [
            ["H100-80GB-HBM3", "20", "10", "4", "1"]
        ]
        assert " A100-SXM4-80GB mig-1g.10gb" in said


@alone
async def test_on_a_small_screen_the_sentence_is_enough() -> None:
    feed = boarded()
    app = cockpit(feed=feed)
    async with app.run_test() as pilot:
        await press(pilot, number("pending"))
        app.desk.rest()
        app.desk._stranding = looked(app.desk.fleet, feed)
        app.current.repaint()
        await pilot.pause()
        assert " stranded: " in screen(app)
        assert "would start now" not in screen(app)
        assert "WAITING POD" in screen(app)
