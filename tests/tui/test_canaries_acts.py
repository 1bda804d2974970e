"""What h and b do to a rollout, after they have asked."""

import pytest

from k8sai.errors import Locked
from k8sai.tui.confirm import Confirm
from tests.tui.canaries_world import (
    CHAT,
    EMBED,
    RANK,
    FixedCanaries,
    canaries,
    opened,
    renewed,
    rolled,
    row,
    said,
    settled,
)
from tests.tui.stage import LARGE, SMALL, alone, press, screen


@pytest.mark.parametrize("full", [False, True], ids=["list", "full"])
def test_hold_asks_by_name_and_does_it(full: bool) -> None:
    @alone
    async def story() -> None:
        fixed = FixedCanaries()
        app = rolled(fixed)
        async with app.run_test(size=SMALL, notifications=True) as pilot:
            await (opened if full else canaries)(pilot, app, CHAT)
            await press(pilot, "h")
            assert isinstance(app.screen, Confirm)
            assert app.screen.question == "Hold isvc/chat in inference?"
            assert "k8sai canary pause isvc/chat -n inference" in said(app)
            assert "ana@ci-7 runs it" in said(app)
            await press(pilot, "escape")
            assert fixed.asked == [], "esc leaves it"
            await press(pilot, "h", "enter")
            assert isinstance(app.screen, Confirm), "enter is no answer"
            await press(pilot, "y")
            await settled(pilot, app)
            assert fixed.asked == [("pause", "inference", "isvc/chat")]
            assert "isvc/chat is Paused, 25 %." in said(app)
            await renewed(pilot, app)
            await press(pilot, "h", "y")
            await settled(pilot, app)
            assert fixed.asked[-1] == ("resume", "inference", "isvc/chat")

    story()


@alone
async def test_bringing_back_takes_it_from_who_holds_it_and_says_so_first() -> None:
    fixed = FixedCanaries()
    app = rolled(fixed)
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await canaries(pilot, app, CHAT)
        await press(pilot, "b")
        assert isinstance(app.screen, Confirm)
        assert app.screen.question == "Bring isvc/chat in inference back?"
        text = said(app)
        assert "All requests go back to v1; v2 has 25 % now." in text
        assert "ana@ci-7 holds it" in text and "--steal" in text
        fixed.gate.clear()
        await press(pilot, "y")
        assert "isvc/chat: rolling back" in screen(app)
        await press(pilot, "b")
        assert "rolling back goes on" in said(app), "not twice"
        fixed.gate.set()
        await settled(pilot, app)
        assert fixed.asked == [("rollback --steal", "inference", "isvc/chat")]
        await renewed(pilot, app)
        assert "RolledBack" in row(app, "isvc/chat")
        await press(pilot, "b")
        assert not isinstance(app.screen, Confirm) and "is RolledBack already" in said(app)


@alone
async def test_nobody_holds_it_so_nothing_is_stolen() -> None:
    fixed = FixedCanaries()
    app = rolled(fixed)
    async with app.run_test(size=SMALL) as pilot:
        await canaries(pilot, app, RANK)
        await press(pilot, "b")
        assert "--steal" not in screen(app)
        await press(pilot, "y")
        await settled(pilot, app)
        assert fixed.asked == [("rollback", "team-llm", "isvc/rank")]


@alone
async def test_what_ended_is_not_held_and_a_refusal_is_said() -> None:
    fixed = FixedCanaries()
    app = rolled(fixed)
    async with app.run_test(size=LARGE, notifications=True) as pilot:
        await canaries(pilot, app, EMBED)
        await press(pilot, "h")
        assert "there is nothing to hold" in said(app)
        await canaries(pilot, app, CHAT)
        fixed.error = Locked("bo holds the canary", "`k8sai canary status isvc/chat`")
        await press(pilot, "b", "y")
        await settled(pilot, app)
        assert "bo holds the canary" in said(app)
        assert app.desk.canary_watch().acting == {}
