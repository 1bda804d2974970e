"""What b and u do to a drain, and x to nodes, after they have asked."""

from dataclasses import replace
from typing import Any

import pytest

from k8sai.errors import Drift, Locked
from k8sai.evict.state import Stage as Where
from k8sai.tui.confirm import Confirm
from k8sai.tui.evictions_plan import PlanScreen
from tests.tui.evictions_world import (
    LOST,
    MOVING,
    NEVER,
    OVER,
    FixedEvictions,
    drained,
    every,
    evictions,
    lost,
    notified,
    opened,
    renewed,
    row,
    said,
    settled,
)
from tests.tui.stage import LARGE, SMALL, Stage, alone, keys, press, screen
from tests.tui.test_snapshots import Compare

NUMBER = ("1", "full_stop", "6")


@pytest.mark.parametrize("full", [False, True], ids=["list", "full"])
def test_abort_asks_by_name_and_does_it(full: bool) -> None:
    @alone
    async def story() -> None:
        fixed = FixedEvictions()
        app = drained(fixed)
        async with app.run_test(size=LARGE, notifications=True) as pilot:
            await (opened if full else evictions)(pilot, app, MOVING)
            await press(pilot, "b")
            assert isinstance(app.screen, Confirm)
            assert app.screen.question == "Take drain 7f3c2a back?"
            text = said(app)
            assert "jobset/sft started again." in text
            assert "a100-00 uncordoned; what others cordoned stays so." in text
            assert "ana@ci-7 is at it, and is told to do it." in text
            assert "k8sai evict abort 7f3c2a" in text
            await press(pilot, "escape")
            assert fixed.asked == [], "esc leaves it"
            fixed.gate.clear()
            await press(pilot, "b", "y")
            assert "taking it back" in screen(app)
            await press(pilot, "b")
            assert "taking it back goes on" in notified(app), "not twice"
            fixed.gate.set()
            await settled(pilot, app)
            assert fixed.asked == [("abort", "7f3c2a")]
            assert "was told to take it back" in notified(app)
            await renewed(pilot, app)
            await press(pilot, "b")
            assert not isinstance(app.screen, Confirm) and "is Aborting already" in notified(app)

    story()


@alone
async def test_a_drain_that_is_done_is_taken_back_too() -> None:
    fixed = FixedEvictions()
    app = drained(fixed)
    async with app.run_test(size=LARGE) as pilot:
        await evictions(pilot, app, OVER)
        await press(pilot, "b")
        text = said(app)
        assert "No gang is stopped now." in text and "a100-02 uncordoned" in text
        await press(pilot, "y")
        await settled(pilot, app)
        assert fixed.asked == [("abort", "a2b3c4")]


@alone
async def test_who_may_not_read_leases_is_not_told_that_nobody_is_at_it() -> None:
    fixed = FixedEvictions(replace(every(), found=(replace(lost(), holder=None, blind=True),)))
    app = drained(fixed)
    async with app.run_test(size=LARGE, notifications=True) as pilot:
        await evictions(pilot, app, LOST)
        assert "its operator is gone" not in said(app)
        assert "held by somebody or nobody: that may not be read" in said(app)
        await press(pilot, "u")
        assert "Who holds drain m4n5p6 may not be read" in notified(app)


@alone
async def test_only_what_nobody_is_at_is_taken_up() -> None:
    fixed = FixedEvictions()
    app = drained(fixed)
    async with app.run_test(size=LARGE, notifications=True) as pilot:
        await evictions(pilot, app, MOVING)
        await press(pilot, "u")
        assert "ana@ci-7 is at drain 7f3c2a" in notified(app)
        await evictions(pilot, app, OVER)
        await press(pilot, "u")
        assert "there is nothing to go on with" in notified(app)
        await evictions(pilot, app, LOST)
        await press(pilot, "u")
        assert isinstance(app.screen, Confirm)
        assert "Nobody is at it. 1 gang still to be stopped" in said(app)
        await press(pilot, "y")
        await settled(pilot, app)
        assert fixed.asked == [("resume", "m4n5p6")]
        fixed.error = Locked("bo holds the drain", "`k8sai evict status m4n5p6`")
        await press(pilot, "u", "y")
        await settled(pilot, app)
        assert "bo holds the drain" in notified(app)
        assert app.desk.eviction_watch().acting == {}


# --- a drain of the nodes ---------------------------------------------------------------------------------------------


async def planned(pilot: Stage, app: Any, *marks: str) -> PlanScreen:
    """x on the first node, or on so many."""
    await pilot.pause()
    await press(pilot, *marks, "x")
    await settled(pilot, app)
    assert isinstance(app.screen, PlanScreen)
    return app.screen


@alone
async def test_the_plan_is_shown_and_only_its_number_says_yes() -> None:
    fixed = FixedEvictions()
    app = drained(fixed)
    async with app.run_test(size=LARGE, notifications=True) as pilot:
        await planned(pilot, app, "space", "space")
        [wish] = fixed.wishes
        assert (wish.nodes, wish.settings.ignore_daemonsets) == (("a100-00", "a100-01"), True)
        text = said(app)
        for part in ("2 nodes, 16 GPUs", "ml/llm-70b JobSet, 16 GPUs", "8.5 → 1.6", "REFUSED emptydir",
                     ">=10.6 GPU-h if evicted now → 1.6 as planned", "It is refused as it stands",
                     "k8sai evict run a100-00 a100-01 --ignore-daemonsets"):  # fmt: skip
            assert part in text, part
        await press(pilot, *NUMBER, "enter")
        assert isinstance(app.screen, PlanScreen) and fixed.asked == [], "it is refused"
        await press(pilot, "p")
        assert "--partial" in said(app) and "type 1.6 and enter" in said(app)
        await press(pilot, "2", "enter")
        assert isinstance(app.screen, PlanScreen) and "That is not 1.6." in said(app)
        await press(pilot, "enter", "y")
        assert isinstance(app.screen, PlanScreen) and fixed.asked == [], "neither enter nor y is the number"
        await press(pilot, *NUMBER, "enter")
        await settled(pilot, app)
        assert fixed.asked == [("drain", "k3m4n5", "a100-00", "a100-01")]
        assert app.current.stem == "evictions"
        await renewed(pilot, app)
        assert "Running" in row(app, "k3m4n5")


@alone
async def test_what_is_accepted_is_planned_again_with_another_number() -> None:
    fixed = FixedEvictions()
    app = drained(fixed)
    async with app.run_test(size=SMALL) as pilot:
        await planned(pilot, app)
        await press(pilot, "1", "e")
        await settled(pilot, app)
        assert [one.settings.delete_emptydir for one in fixed.wishes] == [False, True]
        assert "type 3.7 and enter" in said(app), "in view on a small screen too"
        await press(pilot, "9", "backspace", "3", "full_stop", "7", "enter")
        await settled(pilot, app)
        assert fixed.asked == [("drain", "k3m4n5", "a100-00")]


@alone
async def test_what_stands_in_the_way_of_all_is_not_begun() -> None:
    fixed = FixedEvictions()
    fixed.planned = {"missing_rights": ("patch nodes",)}
    app = drained(fixed)
    async with app.run_test(size=LARGE) as pilot:
        await planned(pilot, app)
        await press(pilot, "p", *NUMBER, "enter")
        assert "Rights are missing: patch nodes." in said(app) and fixed.asked == []
        await press(pilot, "escape")
        fixed.planned = {"blockers": (NEVER,)}
        await planned(pilot, app)
        assert "never passes" in said(app)
        await press(pilot, "e")
        await settled(pilot, app)
        assert "A budget can never pass: p drains the rest." in said(app)
        await press(pilot, "escape")
        assert app.current.stem == "nodes" and fixed.asked == []


@alone
async def test_a_plan_that_fails_and_a_drain_that_does_not_begin_are_said() -> None:
    fixed = FixedEvictions()
    app = drained(fixed)
    async with app.run_test(size=LARGE, notifications=True) as pilot:
        await planned(pilot, app)
        fixed.error = Drift("the cluster is not as it was planned with", "`k8sai evict plan` shows it")
        await press(pilot, "p", *NUMBER, "enter")
        await settled(pilot, app)
        assert app.current.stem == "nodes"
        assert "the cluster is not as it was planned with" in notified(app)
        assert app.desk.eviction_watch().acting == {}


@alone
async def test_leaving_a_drain_that_this_screen_carries_out_is_asked_about() -> None:
    fixed = FixedEvictions()
    app = drained(fixed)
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await evictions(pilot, app)
        fixed.busy = ("7f3c2a",)
        await press(pilot, "q")
        assert isinstance(app.screen, Confirm)
        assert "k8sai evict resume 7f3c2a" in said(app)
        await press(pilot, "escape")
        assert app.is_running and app.current.stem == "evictions"
        await press(pilot, "q", "y")
        assert not app.is_running


@alone
async def test_gangs_of_a_drain_that_begins_here_are_rows_at_once() -> None:
    fixed = FixedEvictions()
    app = drained(fixed)
    async with app.run_test(size=LARGE) as pilot:
        await planned(pilot, app)
        await press(pilot, "p", *NUMBER, "enter")
        await settled(pilot, app)
        await renewed(pilot, app)
        assert "k8sai-system/k3m4n5/uid-llm-70b" in keys(app)
        fixed.become("k3m4n5", stage=Where.DONE)
        fixed.heard += 1
        await renewed(pilot, app)
        assert "Done" in row(app, "k3m4n5")


@pytest.mark.parametrize("size", [SMALL, LARGE], ids=["80x24", "200x50"])
@pytest.mark.parametrize("pressed", [(), ("p", "1", "full_stop")], ids=["refused", "asked"])
def test_plan(snap_compare: Compare, size: tuple[int, int], pressed: tuple[str, ...]) -> None:
    async def before(pilot: Stage) -> None:
        app: Any = pilot.app
        await planned(pilot, app)
        await press(pilot, *pressed)

    assert snap_compare(drained(), terminal_size=size, run_before=before)
