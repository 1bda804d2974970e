"""The screens of text as pictures; drawn again as `test_snapshots` says."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from textual.pilot import Pilot

from k8sai.fleet.index import Fleet
from k8sai.tui.app import Cockpit
from k8sai.tui.glyphs import ASCII, UNICODE
from tests.tui.objects import Talk, Things, cluster
from tests.tui.stage import LARGE, SMALL
from tests.tui.test_contexts import Kubeconfig
from tests.tui.world import FixedFeed, fill, now

SIZES = pytest.mark.parametrize("size", [SMALL, LARGE], ids=["80x24", "200x50"])
Compare = Callable[..., bool]


def app_of(things: Things | None, *, plain: bool = False) -> Cockpit:
    feed = FixedFeed()
    feed.objects = things
    choice = Kubeconfig()
    return Cockpit(fill(Fleet()), feed, now=now, plain=plain, glyphs=ASCII if plain else UNICODE, choice=choice)


def shown(app: Cockpit, pane: str, row: str, *keys: str) -> Callable[[Pilot[Any]], Awaitable[None]]:
    """Keys on a row of a pane, and what they asked for is read."""

    async def before(pilot: Pilot[Any]) -> None:
        await app.show(pane)
        await pilot.pause()
        app.current.point_at(row)
        for key in keys:
            await pilot.press(key)
            await pilot.pause()
            await app.workers.wait_for_complete([worker for worker in app.workers if worker.group == "reading"])
            await pilot.pause()

    return before


def picture(
    compare: Compare, app: Cockpit, size: tuple[int, int], before: Callable[[Pilot[Any]], Awaitable[None]]
) -> None:
    assert compare(app, terminal_size=size, run_before=before)


@SIZES
def test_describe(snap_compare: Compare, size: tuple[int, int]) -> None:
    app = app_of(cluster())
    picture(snap_compare, app, size, shown(app, "pods", "team-llm/eval-0", "d"))


@SIZES
def test_yaml(snap_compare: Compare, size: tuple[int, int]) -> None:
    app = app_of(cluster())
    picture(snap_compare, app, size, shown(app, "nodes", "h100-02", "y"))


@SIZES
def test_logs(snap_compare: Compare, size: tuple[int, int]) -> None:
    things = cluster()
    talk = things.talks["main"] = Talk()
    talk.say(*(f"2026-11-21T09:{n // 60:02}:{n % 60:02}Z step {n} loss {4 - n / 50:.3f}" for n in range(60)))
    talk.end()
    app = app_of(things)
    picture(snap_compare, app, size, shown(app, "pods", "team-llm/eval-0", "l"))


@SIZES
def test_contexts(snap_compare: Compare, size: tuple[int, int]) -> None:
    app = app_of(None)
    picture(snap_compare, app, size, shown(app, "contexts", "prod-us-1"))


def test_a_search(snap_compare: Compare) -> None:
    app = app_of(cluster())
    keys = ("d", "slash", *"nvidia", "enter", "n")
    picture(snap_compare, app, SMALL, shown(app, "pods", "team-llm/eval-0", *keys))


def test_what_fails(snap_compare: Compare) -> None:
    things = cluster()
    things.refused.add("pods")
    app = app_of(things)
    picture(snap_compare, app, SMALL, shown(app, "pods", "team-llm/eval-0", "y"))


def test_marks(snap_compare: Compare) -> None:
    app = app_of(None)
    picture(snap_compare, app, SMALL, shown(app, "pods", "team-llm/eval-0", "space", "space"))


def test_the_colour_blind_theme(snap_compare: Compare) -> None:
    app = app_of(cluster())
    app.theme = "k8sai-safe"
    picture(snap_compare, app, SMALL, shown(app, "nodes", "h100-02"))


def test_describe_without_colours_and_utf_8(snap_compare: Compare) -> None:
    app = app_of(cluster(), plain=True)
    picture(snap_compare, app, SMALL, shown(app, "pods", "team-llm/eval-0", "d"))
