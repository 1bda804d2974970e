"""The screens as pictures. `pytest tests/tui --snapshot-update` draws them again; look at them before they are kept."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from textual.pilot import Pilot

from k8sai.cluster.sources import Source
from k8sai.fleet.index import Fleet
from k8sai.tui.app import Cockpit
from k8sai.tui.glyphs import ASCII
from tests.tui.queues_world import queued
from tests.tui.stage import LARGE, SMALL, cockpit, number
from tests.tui.test_events import happened
from tests.tui.world import GPU, NOW, FixedFeed, all_in, live, node, pod

SIZES = pytest.mark.parametrize("size", [SMALL, LARGE], ids=["80x24", "200x50"])
Compare = Callable[..., bool]


def typing(*keys: str) -> Callable[[Pilot[Any]], Awaitable[None]]:
    """Press keys before the picture is taken."""

    async def before(pilot: Pilot[Any]) -> None:
        await pilot.pause()
        await pilot.press(*keys)
        await pilot.pause()

    return before


def picture(
    compare: Compare, app: Cockpit, size: tuple[int, int], before: Callable[[Pilot[Any]], Awaitable[None]] | None = None
) -> None:
    assert compare(app, terminal_size=size, run_before=before or typing())


@SIZES
def test_first_paint(snap_compare: Compare, size: tuple[int, int]) -> None:
    picture(snap_compare, cockpit(Fleet(), FixedFeed(*all_in("starting"))), size)


@SIZES
def test_full_data(snap_compare: Compare, size: tuple[int, int]) -> None:
    picture(snap_compare, cockpit(), size)


@SIZES
def test_empty_cluster(snap_compare: Compare, size: tuple[int, int]) -> None:
    picture(snap_compare, cockpit(Fleet(), FixedFeed(*live(0, 0))), size)


@SIZES
def test_no_gpu_in_the_cluster(snap_compare: Compare, size: tuple[int, int]) -> None:
    fleet = Fleet()
    fleet.replace("nodes", [node(f"cpu-{number}", product="") for number in range(3)])
    picture(snap_compare, cockpit(fleet, FixedFeed(*live(3, 40))), size)


@SIZES
def test_no_rights(snap_compare: Compare, size: tuple[int, int]) -> None:
    why = 'User "ana" cannot list resource "nodes" at the cluster scope of https://prod-eu-1.example:6443'
    hint = "kubectl auth can-i list nodes --context prod-eu-1"
    picture(snap_compare, cockpit(Fleet(), FixedFeed(*all_in("forbidden", 0.0, why, hint))), size)


@SIZES
def test_api_lost(snap_compare: Compare, size: tuple[int, int]) -> None:
    why = "https://prod-eu-1.example:6443 does not answer: connection refused"
    feed = FixedFeed(*all_in("retrying", NOW - 95, why, "kubectl cluster-info --context prod-eu-1"))
    picture(snap_compare, cockpit(None, feed), size)


@SIZES
def test_claims_hidden(snap_compare: Compare, size: tuple[int, int]) -> None:
    hidden = Source(
        "resourceclaims",
        "forbidden",
        0,
        0.0,
        "",
        'resourceclaims: forbidden for user "ana"',
        "kubectl auth can-i list resourceclaims -A",
    )
    feed = FixedFeed(*(hidden if source.kind == "resourceclaims" else source for source in live(16, 21)))
    picture(snap_compare, cockpit(None, feed), size)


@SIZES
def test_filter(snap_compare: Compare, size: tuple[int, int]) -> None:
    picture(snap_compare, cockpit(), size, typing("slash", "a", "1", "0", "0"))


@SIZES
def test_drill_down(snap_compare: Compare, size: tuple[int, int]) -> None:
    picture(snap_compare, cockpit(), size, typing(*["down"] * 6, "enter"))


@SIZES
@pytest.mark.parametrize("stem", ["pods", "pending", "products", "workloads", "teams"])
def test_panes(snap_compare: Compare, size: tuple[int, int], stem: str) -> None:
    picture(snap_compare, cockpit(), size, typing(number(stem)))


@SIZES
def test_events(snap_compare: Compare, size: tuple[int, int]) -> None:
    feed = FixedFeed()
    feed.events = happened()
    picture(snap_compare, cockpit(feed=feed), size, typing(number("events")))


@pytest.mark.parametrize("size", [SMALL, (120, 34), LARGE], ids=["80x24", "120x34", "200x50"])
@pytest.mark.parametrize("keys", [(), ("enter",)], ids=["tree", "waiting"])
def test_queues(snap_compare: Compare, size: tuple[int, int], keys: tuple[str, ...]) -> None:
    picture(snap_compare, queued(), size, typing(number("queues"), "down", "down", *keys))


def test_queues_without_colours_and_utf_8(snap_compare: Compare) -> None:
    picture(snap_compare, queued(plain=True, glyphs=ASCII), SMALL, typing(number("queues"), "down", "down"))


def test_help(snap_compare: Compare) -> None:
    picture(snap_compare, cockpit(), SMALL, typing("question_mark"))


def test_pod(snap_compare: Compare) -> None:
    picture(snap_compare, cockpit(), SMALL, typing(number("pending"), "enter"))


def test_without_colours_and_utf_8(snap_compare: Compare) -> None:
    picture(snap_compare, cockpit(plain=True, glyphs=ASCII), SMALL)


def test_paused(snap_compare: Compare) -> None:
    picture(snap_compare, cockpit(), SMALL, typing("p"))


def test_light_theme(snap_compare: Compare) -> None:
    app = cockpit()
    app.theme = "k8sai-light"
    picture(snap_compare, app, SMALL)


def dense() -> Cockpit:
    """3,000 nodes of three teams, some with something wrong."""
    fleet = Fleet()
    fleet.replace(
        "nodes",
        (
            node(
                f"n{n:04}",
                {GPU: 8},
                zone=f"eu-west-1{'abc'[n % 3]}",
                broken=n % 97 == 5,
                cordoned=n % 61 == 7,
                labels={"nvidia.com/gpu.clique": f"7f2a.{n // 36}"},
            )
            for n in range(3000)
        ),
    )
    teams = ("team-llm", "team-vision", "research")
    fleet.replace(
        "pods", (pod(teams[n // 40 % 3], f"p{n}", (n * 5) % 9, f"n{n:04}", ending=n % 53 == 1) for n in range(3000))
    )
    return cockpit(fleet, FixedFeed(*live(3000, 3000)))


@SIZES
@pytest.mark.parametrize(
    "keys",
    [(), ("c", "c", "c", "c", "c"), ("end", "enter", "enter"), ("right", "enter", "enter", "enter")],
    ids=["signs", "state", "node", "card"],
)
def test_map(snap_compare: Compare, size: tuple[int, int], keys: tuple[str, ...]) -> None:
    picture(snap_compare, cockpit(), size, typing(number("map"), *keys))


@SIZES
@pytest.mark.parametrize("keys", [(), ("b",), ("b", "b")], ids=["product", "zone", "clique"])
def test_map_of_many(snap_compare: Compare, size: tuple[int, int], keys: tuple[str, ...]) -> None:
    picture(snap_compare, dense(), size, typing(number("map"), *keys))


@pytest.mark.parametrize("keys", [(), ("z",)], ids=["signs", "dots"])
def test_map_without_colours(snap_compare: Compare, keys: tuple[str, ...]) -> None:
    picture(snap_compare, cockpit(plain=True), SMALL, typing(number("map"), *keys))


def test_map_without_colours_and_utf_8(snap_compare: Compare) -> None:
    picture(snap_compare, cockpit(plain=True, glyphs=ASCII), SMALL, typing(number("map"), "z"))
