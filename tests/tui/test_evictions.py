"""The Evictions pane and a drain full screen."""

import subprocess
import sys
from dataclasses import replace
from typing import Any

import pytest

from k8sai.errors import ClusterError, Forbidden
from k8sai.evict.facts import Phase
from k8sai.evict.shown.drains import Drains, Ours
from k8sai.tui.glyphs import ASCII
from tests.tui.evictions_world import (
    BLOCKED,
    GARBLED,
    LOST,
    MOVING,
    OVER,
    FixedEvictions,
    drained,
    every,
    evictions,
    opened,
    renewed,
    row,
    said,
)
from tests.tui.stage import LARGE, SMALL, Stage, alone, cockpit, keys, press, screen, write
from tests.tui.test_snapshots import Compare
from tests.tui.world import NOW, FixedFeed

# --- the list ---------------------------------------------------------------------------------------------------------


@alone
async def test_every_drain_is_a_line_with_its_gangs_below_it() -> None:
    app = drained()
    async with app.run_test(size=LARGE) as pilot:
        await evictions(pilot, app)
        assert [key for key in keys(app) if "/uid-" not in key] == [MOVING, LOST, GARBLED, OVER, BLOCKED]
        assert row(app, "7f3c2a") == ("7f3c2a Running ░░░░░░░░ 5m 32 4.2 0.2 0/2 drained: a100-00 a100-01 · ana@ci-7")
        assert row(app, "ml/llm-70b") == "├ ml/llm-70b Saved ████░░░░ 40s 16 0.2 exec A/B 1234"
        assert row(app, "ml/rank").endswith("8 4.0 annotation -/B exec: no shell in the image")
        assert row(app, "ml/sft").startswith("└ ml/sft Stopped ██████░░ 40s 8 0.2 exec A/B 88")
        assert "Running, lost" in row(app, "m4n5p6")
        assert "its operator is gone · u takes it up" in row(app, "m4n5p6")
        assert row(app, "a2b3c4") == "a2b3c4 Done ████████ 11m 8 0.4 1/1 drained: a100-02"
        assert row(app, "ml/vlm").endswith("Restored ████████ 11m 8 0.4 exec A/B 1234→1234")
        assert row(app, "q7r8s9").endswith("pod gw-0: pdb web/gw allows 0 disruptions")
        assert "ml/sft2" not in screen(app), "what ended long ago is one line"
        assert "it is in version 9" in row(app, "zzzzzz")
        assert "Evictions 5 · >=4.8 GPU-h at risk" in screen(app)


@alone
async def test_nothing_is_read_before_somebody_looks() -> None:
    fixed = FixedEvictions()
    app = drained(fixed)
    async with app.run_test(size=SMALL) as pilot:
        await press(pilot, "2", "4", "1")
        assert fixed.reads == 0
        await evictions(pilot, app)
        assert fixed.reads > 0


def test_the_start_of_the_screen_knows_nothing_of_drains() -> None:
    code = "import sys, k8sai.tui.app; print([name for name in sys.modules if name.startswith('k8sai.evict')])"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout == "[]\n"


@alone
async def test_what_is_at_risk_counts_and_a_gang_moves() -> None:
    clock = [NOW]
    fixed = FixedEvictions()
    app = drained(fixed, clock=lambda: clock[0])
    async with app.run_test(size=LARGE) as pilot:
        await evictions(pilot, app)
        assert " 4.0 annotation" in row(app, "ml/rank")
        clock[0] += 900
        fixed.now = replace(fixed.now, at=clock[0])
        await renewed(pilot, app)
        assert " 6.0 annotation" in row(app, "ml/rank"), "8 cards, a quarter of an hour"
        fixed.move("7f3c2a", lambda one: replace(one, phase=Phase.RUNNING))
        await renewed(pilot, app)
        assert row(app, "ml/rank").startswith("├ ml/rank Running ████████")
        assert "at risk" not in row(app, "ml/rank") and " 6.0 " not in row(app, "ml/rank")


@alone
async def test_the_time_is_that_of_the_server() -> None:
    app = drained(FixedEvictions(replace(every(), at=NOW + 3600)))
    async with app.run_test(size=LARGE) as pilot:
        await evictions(pilot, app)
        assert " 12.0 annotation" in row(app, "ml/rank"), "an hour more than by the screen's own clock"


@alone
async def test_what_is_wrong_alone_of_one_namespace_and_by_a_word() -> None:
    app = drained()
    async with app.run_test(size=LARGE) as pilot:
        await evictions(pilot, app)
        await press(pilot, "ctrl+z")
        assert [key for key in keys(app) if "/uid-" not in key] == [LOST, GARBLED, BLOCKED]
        await press(pilot, "ctrl+z", "slash")
        await write(pilot, "a100-02")
        assert keys(app) == [OVER, f"{OVER}/uid-vlm"]
        await press(pilot, "escape")
        await press(pilot, "colon")
        await write(pilot, "ns research")
        await press(pilot, "enter")
        assert keys(app) == [] and "Namespace research has no drain" in screen(app)


@alone
async def test_each_column_sorts_drains_and_gangs_stay_below_theirs() -> None:
    app = drained()
    async with app.run_test(size=LARGE) as pilot:
        pane = await evictions(pilot, app)
        for letter, field in pane.letters().items():
            await press(pilot, letter)
            assert pane.sort == field.sort
            first = [key for key in keys(app) if "/uid-" not in key]
            assert keys(app)[keys(app).index(MOVING) + 1] == f"{MOVING}/uid-llm-70b"
            await press(pilot, letter)
            assert [key for key in keys(app) if "/uid-" not in key] == first[::-1]


@alone
async def test_below_is_what_matters_of_what_is_under_the_cursor() -> None:
    app = drained()
    async with app.run_test(size=LARGE) as pilot:
        await evictions(pilot, app, f"{MOVING}/uid-llm-70b")
        text = said(app)
        for part in (
            "drain 7f3c2a: Running, 4.2 GPU-h at risk, 0.2 GPU-h spent",
            "held by ana@ci-7 begun 5m ago by ana gangs 0/3 moved nodes 0/2 drained: a100-00 a100-01",
            "jobset/llm-70b Saved 2 pods on 2 nodes, suspend stops it, not stopped",
            "contract exec annotation, proof B at least, asked by exec",
            "proof A, step 1234, all 2 ranks have answered (/ckpt/1234)",
            "gw-0: pdb web/gw allows 0 disruptions",
            "next k8sai evict status 7f3c2a -w",
            "30s CheckpointProven jobset/llm-70b A, step 1234",
        ):
            assert part in text, part
        await evictions(pilot, app, LOST)
        assert "held by cy@laptop (silent 10m)" in said(app)
        assert "next k8sai evict resume m4n5p6" in said(app)
        await evictions(pilot, app, GARBLED)
        assert "its state is not understood: it is in version 9" in said(app)


@alone
async def test_what_this_screen_carries_out_says_what_it_waits_for_and_why_it_let_go() -> None:
    fixed = FixedEvictions(replace(every(), ours={"7f3c2a": Ours("jobset/rank: no answer yet, 240 s left")}))
    app = drained(fixed)
    async with app.run_test(size=LARGE) as pilot:
        await evictions(pilot, app, MOVING)
        assert "held by this screen" in said(app)
        assert "jobset/rank: no answer yet" in row(app, "7f3c2a")
        fixed.now = replace(fixed.now, ours={"7f3c2a": Ours(trouble="the Lease is lost", busy=False)})
        await renewed(pilot, app)
        assert "this screen has let go of it: the Lease is lost" in said(app)


# --- one drain full screen --------------------------------------------------------------------------------------------


@alone
async def test_a_drain_full_screen_has_nodes_gangs_pods_and_the_journal() -> None:
    app = drained()
    async with app.run_test(size=LARGE) as pilot:
        await opened(pilot, app)
        assert keys(app)[:2] == ["node/a100-00", "node/a100-01"]
        assert row(app, "node a100-00") == "node a100-00 cordoned cordoned by this drain"
        assert row(app, "node a100-01") == "node a100-01 cordoned was cordoned before"
        assert row(app, "llm-70b-1") == "└ llm-70b-1 rank 1 8 a100-01"
        assert row(app, "pod web/gw-0") == "pod web/gw-0 blocked 1 pdb web/gw allows 0 disruptions"
        assert "NodeCordoned node/a100-00 cordoned" in said(app)
        await press(pilot, "ctrl+z")
        assert keys(app) == ["gang/uid-rank", "gang/uid-rank/rank-u0", "pod/w0"]
        await press(pilot, "ctrl+z", "slash")
        await write(pilot, "llm")
        assert keys(app) == ["gang/uid-llm-70b", "gang/uid-llm-70b/llm-70b-u0", "gang/uid-llm-70b/llm-70b-u1"]
        await press(pilot, "enter", "escape", "home")
        app.current.point_at("node/a100-00")
        await press(pilot, "enter")
        assert (app.current.stem, dict(app.current.subject)) == ("node", {"node": "a100-00"})
        await press(pilot, "escape", "escape")
        assert app.current.stem == "evictions"


@alone
async def test_the_order_of_a_drain_stays_whatever_sorts_elsewhere() -> None:
    app = drained()
    async with app.run_test(size=LARGE) as pilot:
        await opened(pilot, app)
        before = keys(app)
        await press(pilot, "s", "S", "r")
        assert keys(app) == before
        assert app.is_running


@alone
async def test_a_drain_that_is_forgotten_meanwhile() -> None:
    fixed = FixedEvictions()
    app = drained(fixed)
    async with app.run_test(size=SMALL) as pilot:
        await opened(pilot, app)
        fixed.now = Drains(NOW)
        await renewed(pilot, app)
        assert "This drain is forgotten" in screen(app)


# --- what cannot be read ----------------------------------------------------------------------------------------------


@alone
async def test_no_rights_no_drains_no_answer_and_a_recording() -> None:
    no = Forbidden('User "ana" cannot list resource "configmaps"')
    away = ClusterError("https://prod-eu-1 does not answer")
    cases: list[tuple[Drains, tuple[str, ...]]] = [
        (Drains(NOW, refused=no), ("No rights to see drains", "cannot list resource", "k8sai evict rbac --for status")),
        (Drains(NOW, refused=away), ("prod-eu-1 does not answer",)),
        (Drains(NOW), ("prod-eu-1 has no drain", "k8sai evict plan NODE")),
        (Drains(NOW, namespace="dev"), ("Namespace dev has no drain", "only namespace dev may be read")),
    ]
    for found, parts in cases:
        app = drained(FixedEvictions(found))
        async with app.run_test(size=LARGE) as pilot:
            await evictions(pilot, app)
            for part in parts:
                assert part in said(app), part
    app = cockpit(feed=FixedFeed())
    async with app.run_test(size=LARGE) as pilot:
        await evictions(pilot, app)
        assert "No drains are kept here" in screen(app)


@alone
async def test_a_server_that_falls_silent_leaves_the_last_picture_with_its_time() -> None:
    fixed = FixedEvictions()
    app = drained(fixed)
    async with app.run_test(size=LARGE) as pilot:
        await evictions(pilot, app)
        fixed.now = Drains(NOW, refused=ClusterError("prod-eu-1 does not answer"))
        await renewed(pilot, app)
        assert MOVING in keys(app)
        assert "as of 10:00:00: prod-eu-1 does not answer" in screen(app)
        fixed.now = Drains(NOW, refused=Forbidden("not any more"))
        await renewed(pilot, app)
        assert keys(app) == [] and "not any more" in screen(app)


# --- pictures ---------------------------------------------------------------------------------------------------------

SIZES = pytest.mark.parametrize("size", [SMALL, LARGE], ids=["80x24", "200x50"])


def drawing(key: str, *pressed: str) -> Any:
    async def before(pilot: Stage) -> None:
        app: Any = pilot.app
        await pilot.pause()
        await evictions(pilot, app, key)
        await press(pilot, *pressed)
        if pressed == ("enter",):
            await renewed(pilot, app)

    return before


@SIZES
@pytest.mark.parametrize(
    ("key", "pressed"),
    [(f"{MOVING}/uid-llm-70b", ()), (LOST, ("u",)), (MOVING, ("enter",)), (MOVING, ("b",))],
    ids=["list", "resume", "full", "abort"],
)
def test_evictions(snap_compare: Compare, size: tuple[int, int], key: str, pressed: tuple[str, ...]) -> None:
    assert snap_compare(drained(), terminal_size=size, run_before=drawing(key, *pressed))


def test_evictions_without_colours_and_utf_8(snap_compare: Compare) -> None:
    app = drained(plain=True, glyphs=ASCII)
    assert snap_compare(app, terminal_size=SMALL, run_before=drawing(f"{MOVING}/uid-llm-70b"))
