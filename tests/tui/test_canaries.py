"""The Canaries pane, a rollout full screen, and what h and b do after they have asked."""

import subprocess
import sys
from dataclasses import replace
from typing import Any

import pytest

from k8sai.canary.facts import Phase
from k8sai.canary.shown.look import Observed
from k8sai.canary.shown.rollouts import Rollouts
from k8sai.canary.split import honoured
from k8sai.errors import ClusterError, Forbidden, Locked
from k8sai.tui.canary import CanaryPane
from k8sai.tui.confirm import Confirm
from k8sai.tui.glyphs import ASCII
from k8sai.tui.opening import Opening
from k8sai.tui.reader import Reader
from tests.tui.canaries_world import FixedCanaries, canaries, chat, every, rank, renewed, rolled, settled
from tests.tui.stage import LARGE, SMALL, Stage, alone, cockpit, keys, lines, press, screen, write
from tests.tui.test_snapshots import Compare
from tests.tui.world import NOW, FixedFeed

CHAT, EMBED, RANK, ASR = "inference/isvc/chat", "inference/httproute/embed", "team-llm/isvc/rank", "inference/ksvc/asr"
GARBLED = "inference/inferenceservices.serving.kserve.io/zz"


def row(app: Any, title: str) -> str:
    """The one line of the table about a target."""
    (found,) = [" ".join(line.split()) for line in lines(app) if title in line.split()[:2] and "──" not in line]
    return found


def said(app: Any) -> str:
    """The whole screen with single spaces."""
    return " ".join(screen(app).split())


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


# --- full screen ------------------------------------------------------------------------------------------------------


async def opened(pilot: Stage, app: Any, key: str = CHAT) -> CanaryPane:
    await canaries(pilot, app, key)
    await press(pilot, "enter")
    await renewed(pilot, app)
    assert isinstance(app.current, CanaryPane)
    return app.current


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


# --- acting -----------------------------------------------------------------------------------------------------------


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
