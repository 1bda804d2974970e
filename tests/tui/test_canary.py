"""A rollout full screen, and how `canary watch` leaves it."""

from dataclasses import replace
from typing import Any

import pytest

from k8sai.canary.facts import Phase
from k8sai.tui.confirm import Confirm
from k8sai.tui.opening import Opening
from k8sai.tui.reader import Reader
from tests.tui.canaries_world import CHAT, EMBED, RANK, FixedCanaries, canaries, opened, renewed, rolled, said, settled
from tests.tui.stage import LARGE, SMALL, alone, keys, lines, press, screen
from tests.tui.world import FixedFeed


@alone
async def test_enter_opens_versions_with_their_pods() -> None:
    app = rolled()
    async with app.run_test(size=LARGE) as pilot:
        await opened(pilot, app)
        made = [key.rpartition("/")[2] for key in keys(app)]
        assert made == ["stable", "chat-v1-0", "chat-v1-1", "chat-v1-2", "canary", "chat-v2-0"]
        text = said(app)
        assert "stable v1 3/3 12" in text and "canary v2 1/1 4" in text
        assert "holder ana@ci-7 (lease 9s)" in text
        assert "begin 0 % as asked for ana" in text
        assert "next" not in text, "what it would say is this screen"
        await press(pilot, "escape")
        assert app.current.stem == "canaries" and app.current.cursor() == CHAT


@alone
async def test_a_pod_in_trouble_says_so() -> None:
    app = rolled()
    async with app.run_test(size=LARGE) as pilot:
        await opened(pilot, app, RANK)
        assert "└ rank-v2-0 no 4 7 CrashLoopBackOff after OOMKilled a100-00 24h" in said(app)
        await press(pilot, "ctrl+z")
        assert [key.rpartition("/")[2] for key in keys(app)] == ["stable", "canary", "rank-v2-0"]


@alone
async def test_the_object_of_a_version_is_the_target_and_of_a_pod_the_pod() -> None:
    app = rolled()
    async with app.run_test(size=LARGE) as pilot:
        pane = await opened(pilot, app)
        target, pod = pane.subject_at("stable"), pane.subject_at("stable/inference/chat-v1-0")
        assert target is not None and pod is not None
        assert (target.kind, target.namespace, target.name) == (
            "inferenceservices.serving.kserve.io",
            "inference",
            "chat",
        )
        assert (pod.kind, pod.name) == ("pods", "chat-v1-0")
        for key, title in (
            ("d", "Inferenceservice inference/chat"),
            ("y", "YAML of inferenceservice"),
            ("e", "Events of"),
        ):
            await press(pilot, "home", key)
            assert isinstance(app.screen, Reader) and title in lines(app)[0]
            await press(pilot, "escape")


@alone
async def test_w_says_all_of_it_with_the_whole_history() -> None:
    app = rolled()
    async with app.run_test(size=LARGE) as pilot:
        for key, parts in (
            (EMBED, ("ROLLEDBACK", "the gate failed: ttft>2s<5%: 58 of 1312", "next k8sai canary forget", "History")),
            (CHAT, ("holder ana@ci-7", "stable v1 3/3 ready", "observed 23.9 %", "begin 0 % as asked for ana")),
        ):
            await canaries(pilot, app, key)
            await press(pilot, "w")
            await settled(pilot, app)
            assert isinstance(app.screen, Reader)
            text = " ".join(" ".join(app.screen.text.plain()).split())
            for part in parts:
                assert part in text, part
            await press(pilot, "escape")


@alone
async def test_a_rollout_that_is_forgotten_meanwhile() -> None:
    fixed = FixedCanaries()
    app = rolled(fixed)
    async with app.run_test(size=LARGE) as pilot:
        await opened(pilot, app)
        fixed.now = replace(fixed.now, found=fixed.now.found[1:])
        await renewed(pilot, app)
        assert f"{CHAT} is forgotten" in screen(app)
        await press(pilot, "h", "b")
        assert not isinstance(app.screen, Confirm)


# --- canary watch -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "changes",
    [
        {"phase": Phase.ROLLED_BACK, "weight": 0},
        {"phase": Phase.PROMOTED, "weight": 100},
        {"phase": Phase.DRIFTED},
    ],
    ids=lambda found: str(found["phase"]),
)
def test_opened_by_watch_it_is_left_when_the_rollout_ends(changes: dict[str, Any]) -> None:
    @alone
    async def story() -> None:
        fixed = FixedCanaries()
        app = watching(fixed)
        async with app.run_test(size=SMALL) as pilot:
            await settled(pilot, app)
            assert app.current.stem == "canary" and "isvc/chat" in screen(app)
            fixed.become("isvc/chat", **changes)
            await renewed(pilot, app)
            assert app._exit and app.return_code == 0

    story()


def watching(fixed: FixedCanaries) -> Any:
    from k8sai.fleet.index import Fleet
    from k8sai.tui.app import Cockpit
    from k8sai.tui.glyphs import UNICODE
    from tests.tui.world import fill, now

    feed = FixedFeed()
    feed.canaries = fixed
    opening = Opening(pane="canary", subject={"rollout": CHAT}, ends=True)
    return Cockpit(fill(Fleet()), feed, now=now, glyphs=UNICODE, plain=False, opening=opening)


@alone
async def test_opened_by_hand_it_stays() -> None:
    fixed = FixedCanaries()
    app = rolled(fixed)
    async with app.run_test(size=SMALL) as pilot:
        await opened(pilot, app)
        fixed.become("isvc/chat", phase=Phase.PROMOTED, weight=100)
        await renewed(pilot, app)
        assert not app._exit and "PROMOTED" in screen(app)
