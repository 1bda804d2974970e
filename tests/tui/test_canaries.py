"""The Canaries pane, a rollout full screen, and what h and b do after they have asked."""

import subprocess
import sys
from dataclasses import replace
from typing import Any

import pytest

from k8sai.canary.shown.look import Observed
from k8sai.canary.shown.rollouts import Rollouts
from k8sai.canary.split import honoured
from k8sai.errors import ClusterError, Forbidden
from k8sai.tui.glyphs import ASCII
from tests.tui.canaries_world import (
    ASR,
    CHAT,
    EMBED,
    RANK,
    FixedCanaries,
    canaries,
    chat,
    every,
    rank,
    renewed,
    rolled,
    row,
    said,
)
from tests.tui.stage import LARGE, SMALL, Stage, alone, cockpit, keys, press, screen, write
from tests.tui.test_snapshots import Compare
from tests.tui.world import NOW, FixedFeed

GARBLED = "inference/inferenceservices.serving.kserve.io/zz"


# --- the list ---------------------------------------------------------------------------------------------------------


@alone
async def test_every_rollout_is_a_line() -> None:
    app = rolled()
    async with app.run_test(size=LARGE) as pilot:
        await canaries(pilot, app)
        assert row(app, "isvc/chat") == (
            "inference isvc/chat kserve-standard Gating 2/4 25 % 25 % continue ana@ci-7 25m"
        )
        assert row(app, "httproute/embed") == "inference httproute/embed httproute RolledBack 2/4 0 % - - 25m"
        assert row(app, "isvc/rank") == "team-llm isvc/rank kserve-standard Paused 2/4 25 % 25 % continue - 25m"
        assert row(app, "ksvc/asr").endswith("Shifting, lost 2/4 25 % - continue cy@laptop silent 10m 25m")
        assert "not understood" in row(app, "inferenceservices.serving.kserve.io/zz")
        assert "Canaries 5" in screen(app)


@alone
async def test_nothing_is_read_before_somebody_looks() -> None:
    fixed = FixedCanaries()
    app = rolled(fixed)
    async with app.run_test(size=SMALL) as pilot:
        await press(pilot, "2", "4", "1")
        assert fixed.wanted == []
        await canaries(pilot, app)
        assert fixed.wanted


@alone
async def test_tab_completes_its_name() -> None:
    app = rolled()
    async with app.run_test(size=SMALL) as pilot:
        await press(pilot, "colon", "c", "a", "tab", "enter")
        assert app.current.stem == "canaries"


@alone
async def test_what_is_wrong_alone_and_of_one_namespace() -> None:
    app = rolled()
    async with app.run_test(size=LARGE) as pilot:
        await canaries(pilot, app)
        await press(pilot, "ctrl+z")
        assert set(keys(app)) == {EMBED, RANK, ASR, GARBLED}
        await press(pilot, "ctrl+z", "colon")
        await write(pilot, "ns team-llm")
        await press(pilot, "enter")
        assert keys(app) == [RANK]
        await press(pilot, "0", "slash")
        await write(pilot, "knative")
        assert keys(app) == [ASR]


@alone
async def test_each_column_sorts() -> None:
    app = rolled()
    async with app.run_test(size=LARGE) as pilot:
        pane = await canaries(pilot, app)
        for letter, field in pane.letters().items():
            await press(pilot, letter)
            assert pane.sort == field.sort
            first = keys(app)
            await press(pilot, letter)
            assert keys(app) == first[::-1]
        pane.sort_by("set")
        assert keys(app)[-1] == GARBLED and keys(app)[-2] == EMBED


@alone
async def test_below_is_what_decides_on_the_rollout_under_the_cursor() -> None:
    app = rolled()
    async with app.run_test(size=LARGE) as pilot:
        await canaries(pilot, app, CHAT)
        text = said(app)
        for part in (
            "isvc/chat · kserve-standard · GATING step 2/4 · 25 %",
            "stable v1 3/3 ready 12 GPU",
            "canary v2 1/1 ready 4 GPU",
            "observed 23.9 %",
            "of 5\N{NO-BREAK SPACE}488 requests, split ok",
            "safe ",
            "5 → 25 %",
            "next k8sai canary watch isvc/chat -n inference",
        ):
            assert " ".join(part.split()) in text, part
        assert "errors<1% harm" in text and "/100" in text and "/20" in text
        await canaries(pilot, app, RANK)
        assert "rank-v2-0: CrashLoopBackOff after OOMKilled" in screen(app)
        assert "on call looks" in screen(app)
        assert "k8sai canary resume isvc/rank -n team-llm" in screen(app)
        await canaries(pilot, app, GARBLED)
        assert "its state is not understood: it is in version 9" in screen(app)


@alone
async def test_it_is_read_again_and_an_old_split_is_not_held_against_a_new_weight() -> None:
    fixed = FixedCanaries()
    app = rolled(fixed)
    async with app.run_test(size=LARGE) as pilot:
        await canaries(pilot, app, CHAT)
        assert "observed" in screen(app)
        fixed.become("isvc/chat", weight=50, shifted="2026-11-21T09:59:59Z")
        fixed.split = Observed(why="Prometheus does not answer")
        await renewed(pilot, app)
        assert "50 %" in row(app, "isvc/chat")
        assert "23.9" not in screen(app)
        assert "Prometheus does not answer" in screen(app)


@alone
async def test_a_split_that_is_not_honoured_is_red_and_said() -> None:
    fixed = FixedCanaries()
    fixed.split = Observed(honoured(25.0, 10, 4000), 4010, 300.0)
    app = rolled(fixed)
    async with app.run_test(size=LARGE) as pilot:
        await canaries(pilot, app, CHAT)
        assert "split not honoured" in screen(app)


def test_the_start_of_the_screen_knows_nothing_of_rollouts() -> None:
    code = "import sys, k8sai.tui.app; print([name for name in sys.modules if name.startswith('k8sai.canary')])"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout == "[]\n"


# --- what cannot be read ----------------------------------------------------------------------------------------------


@alone
async def test_no_rights_no_rollouts_no_answer_and_a_recording() -> None:
    no = Forbidden('User "ana" cannot list resource "configmaps"', "kubectl auth can-i list configmaps")
    away = ClusterError("https://prod-eu-1 does not answer")
    cases: list[tuple[Rollouts, tuple[str, ...]]] = [
        (Rollouts(NOW, refused=no), ("No rights to see rollouts", "cannot list resource", "can-i list configmaps")),
        (Rollouts(NOW, refused=away), ("prod-eu-1 does not answer",)),
        (Rollouts(NOW), ("prod-eu-1 has no rollout", "k8sai canary start")),
        (Rollouts(NOW, namespace="dev"), ("Namespace dev has no rollout",)),
    ]
    for found, parts in cases:
        app = rolled(FixedCanaries(found))
        async with app.run_test(size=LARGE) as pilot:
            await canaries(pilot, app)
            for part in parts:
                assert part in said(app), part
    app = cockpit(feed=FixedFeed())
    async with app.run_test(size=LARGE) as pilot:
        await canaries(pilot, app)
        assert "No rollouts are kept here" in screen(app)


@alone
async def test_a_server_that_falls_silent_leaves_the_last_picture_with_its_time() -> None:
    fixed = FixedCanaries()
    app = rolled(fixed)
    async with app.run_test(size=LARGE) as pilot:
        await canaries(pilot, app)
        fixed.now = Rollouts(NOW, refused=ClusterError("prod-eu-1 does not answer"))
        await renewed(pilot, app)
        assert CHAT in keys(app)
        assert "as of 09:59:59: prod-eu-1 does not answer" in screen(app)
        fixed.now = Rollouts(NOW, refused=Forbidden("not any more"))
        await renewed(pilot, app)
        assert keys(app) == [] and "not any more" in screen(app)


@alone
async def test_only_one_namespace_may_be_read() -> None:
    app = rolled(FixedCanaries(replace(every(), namespace="inference")))
    async with app.run_test(size=LARGE) as pilot:
        await canaries(pilot, app)
        assert "only namespace inference may be read" in screen(app)


# --- pictures ---------------------------------------------------------------------------------------------------------

SIZES = pytest.mark.parametrize("size", [SMALL, LARGE], ids=["80x24", "200x50"])


def drawing(key: str, *pressed: str) -> Any:
    async def before(pilot: Stage) -> None:
        app: Any = pilot.app
        await pilot.pause()
        await canaries(pilot, app, key)
        await press(pilot, *pressed)
        if pressed == ("enter",):
            await renewed(pilot, app)

    return before


@SIZES
@pytest.mark.parametrize(
    ("key", "pressed"),
    [(CHAT, ()), (RANK, ()), (CHAT, ("enter",)), (RANK, ("enter",)), (CHAT, ("b",))],
    ids=["list", "held", "full", "full-held", "asked"],
)
def test_canaries(snap_compare: Compare, size: tuple[int, int], key: str, pressed: tuple[str, ...]) -> None:
    assert snap_compare(rolled(), terminal_size=size, run_before=drawing(key, *pressed))


def test_canaries_without_colours_and_utf_8(snap_compare: Compare) -> None:
    assert snap_compare(rolled(plain=True, glyphs=ASCII), terminal_size=SMALL, run_before=drawing(CHAT))


def test_the_bar_is_as_long_as_the_logarithm() -> None:
    from k8sai.tui.canaries_lines import done

    assert [done(value, 100.0) for value in (0.3, 1.0, 10.0, 100.0, 1e9)] == [0.0, 0.0, pytest.approx(0.5), 1.0, 1.0]


def test_what_is_wrong() -> None:
    from k8sai.tui.canaries_cells import troubled

    assert [troubled(one) for one in every().found] == [False, True, True, True, True]
    assert troubled(chat(unsplit=3)) and troubled(chat(blind="2026-11-21T09:50:00Z"))
    held = rank()
    assert held.look is not None and held.canary is not None
    assert not troubled(replace(held, look=replace(held.look, canary=held.look.stable)))
