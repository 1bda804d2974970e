"""What the screen says of meters: how busy each card is, and that a missing meter is no missing cluster."""

from k8sai.cluster.sources import Source, State
from k8sai.fleet.answers import Gauge
from k8sai.fleet.index import Fleet
from tests.tui.stage import LARGE, alone, cockpit, lines, press, screen, table
from tests.tui.world import NOW, FixedFeed, fill, live

CARD = "GPU-03d4c1f0"  # the fourth of h100-00


def metered(state: State, message: str = "", hint: str = "") -> FixedFeed:
    at = NOW - 9 if state in ("live", "retrying") else 0.0
    return FixedFeed(*live(16, 21), Source("dcgm", state, 12, at, message=message, hint=hint))


def busy() -> Fleet:
    fleet = fill(Fleet())
    fleet.use_readings({CARD: ("h100-00", "", "")}, {CARD: Gauge(0.87, 69632.0, 81559.0, 612.4, 64.0, NOW - 9)})
    return fleet


@alone
async def test_a_card_says_how_busy_it_is() -> None:
    app = cockpit(busy(), metered("live"))
    async with app.run_test(size=LARGE) as pilot:
        table(app).table.point_at("h100-00")
        await press(pilot, "enter")
        (told,) = [line for line in lines(app) if "87% 68/80G 612W" in line]
        before = told.partition("87% 68/80G 612W")[0]
        assert before.rpartition(" 3 ")[2].startswith("■ team-llm/train-7b-0")
        assert screen(app).count("612W") == 1, "of the other cards nothing is known"


@alone
async def test_on_a_small_screen_the_card_still_says_it() -> None:
    app = cockpit(busy(), metered("live"))
    async with app.run_test() as pilot:
        table(app).table.point_at("h100-00")
        await press(pilot, "enter")
        assert "87% 68/80G 612W" in screen(app)
        assert all(len(line) <= 80 for line in lines(app))


@alone
async def test_part_of_a_gauge_is_told_as_far_as_it_goes() -> None:
    fleet = fill(Fleet())
    fleet.use_readings({CARD: ("h100-00", "", "")}, {CARD: Gauge(power=80.0, at=NOW)})
    app = cockpit(fleet, metered("live"))
    async with app.run_test(size=LARGE) as pilot:
        table(app).table.point_at("h100-00")
        await press(pilot, "enter")
        assert "– 80W" in screen(app)


@alone
async def test_a_missing_meter_is_said_and_the_cluster_is_live() -> None:
    app = cockpit(feed=metered("failed", "no dcgm-exporter runs in this cluster", "install it"))
    async with app.run_test(size=(100, 30)) as pilot:
        await pilot.pause()
        assert lines(app)[0].endswith("● live")
        assert "dcgm failed" in screen(app)
        assert "! dcgm: no dcgm-exporter runs in this cluster → install it" in screen(app)


@alone
async def test_a_meter_that_went_away_is_dated_and_the_cluster_is_live() -> None:
    app = cockpit(feed=metered("retrying", "no answer"))
    async with app.run_test(size=(100, 30)) as pilot:
        await pilot.pause()
        assert lines(app)[0].endswith("● live")
        assert "dcgm retrying 9s" in screen(app)


@alone
async def test_what_the_cluster_hides_comes_before_what_a_meter_does() -> None:
    feed = metered("forbidden", "you may not get pods/proxy")
    denied = Source("resourceclaims", "forbidden", message="you may not list resourceclaims")
    feed.said = tuple(denied if source.kind == "resourceclaims" else source for source in feed.said)
    app = cockpit(feed=feed)
    async with app.run_test(size=(100, 30)) as pilot:
        await pilot.pause()
        assert "! you may not list resourceclaims" in screen(app)
        assert "! dcgm" not in screen(app)


@alone
async def test_a_card_without_a_meter_says_nothing_of_its_work() -> None:
    app = cockpit()
    async with app.run_test(size=LARGE) as pilot:
        table(app).table.point_at("h100-00")
        await press(pilot, "enter")
        assert "%" not in "".join(line for line in lines(app) if "train-7b-0" in line)
        assert CARD in screen(app)
