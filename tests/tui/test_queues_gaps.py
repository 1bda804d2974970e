"""Queues that change, that may not be read, that a dead server had, and a cluster without any."""

from dataclasses import replace

import pytest

from k8sai.queues.setting import CLUSTER_QUEUES, LOCAL_QUEUES, WORKLOADS, Setting
from k8sai.tui.app import Cockpit
from tests.tui.queues_world import WIDE, FixedQueues, queued, queues, row_of, settled, told
from tests.tui.stage import SMALL, Stage, alone, cockpit, keys, number, press, screen
from tests.tui.world import NOW, FixedFeed, all_in


async def looked(pilot: Stage, app: Cockpit) -> None:
    """The next look, which a pause does not take."""
    app.desk.queue_watch().at_once()
    app.current.tick()
    await settled(pilot, app)


@alone
async def test_nothing_is_read_before_somebody_looks() -> None:
    kept = FixedQueues()
    app = queued(kept)
    async with app.run_test(size=SMALL) as pilot:
        await press(pilot, number("pods"), number("teams"))
        assert kept.started == 0
        await press(pilot, number("queues"))
        assert kept.started > 0


@alone
async def test_a_change_is_seen_and_the_cursor_stays() -> None:
    kept = FixedQueues()
    app = queued(kept)
    async with app.run_test(size=WIDE) as pilot:
        pane = await queues(pilot, app, "cq/finetune")
        kept.drop("ns-finetune/job-sft-70b", "ns-finetune/job-rlhf")
        await looked(pilot, app)
        assert pane.cursor() == "cq/finetune"
        assert row_of(app, "cq/finetune")[2:5] == ["16", "6", "18"]
        assert "job/rlhf" not in screen(app)


@alone
async def test_a_pause_holds_the_rows() -> None:
    kept = FixedQueues()
    app = queued(kept)
    async with app.run_test(size=WIDE) as pilot:
        await queues(pilot, app, "cq/finetune")
        await press(pilot, "p")
        kept.drop("ns-finetune/job-sft-70b")
        await looked(pilot, app)
        assert row_of(app, "cq/finetune")[3] == "22"
        await press(pilot, "p")
        app.current.tick()
        await settled(pilot, app)
        assert row_of(app, "cq/finetune")[3] == "6"


@alone
async def test_a_dead_server_leaves_the_picture_dated() -> None:
    kept = FixedQueues()
    app = queued(kept)
    async with app.run_test(size=WIDE) as pilot:
        await queues(pilot, app)
        kept.state, kept.message = "retrying", "connection refused"
        app.current.tick()
        await settled(pilot, app)
        assert "! queues as of 09:59:59: connection refused" in screen(app)
        feed = app.desk.feed
        assert isinstance(feed, FixedFeed)
        feed.said = all_in("retrying", NOW - 1, "connection refused")  # then the header says it
        app.paint()
        await settled(pilot, app)
        assert screen(app).count("connection refused") == 1
        assert "! queues as of 09:59:59" in screen(app)
        assert "cq/finetune" in keys(app)


@alone
async def test_what_may_not_be_read_is_named() -> None:
    kept = FixedQueues()
    kept.hide(WORKLOADS, "you may not list workloads")
    app = queued(kept)
    async with app.run_test(size=WIDE) as pilot:
        await queues(pilot, app)
        said = screen(app)
        assert "! you may not list workloads: use is what the queues' status says" in said
        assert f"→ can-i list {WORKLOADS}" in said


@alone
async def test_without_rights_to_any_queue_there_is_a_sentence() -> None:
    kept = FixedQueues()
    kept.hide(CLUSTER_QUEUES, "you may not list clusterqueues")
    kept.hide(LOCAL_QUEUES, "you may not list localqueues")
    kept.change(replace(kept.now, workloads={}, cohorts={}))
    app = queued(kept)
    async with app.run_test(size=SMALL) as pilot:
        await queues(pilot, app)
        assert "No rights to see queues" in screen(app)
        assert "you may not list clusterqueues" in screen(app)


@pytest.mark.parametrize(
    ("kept", "said", "then"),
    [
        (None, "No queues are kept here", "k8sai queue list"),
        (FixedQueues(Setting(), "absent"), "prod-eu-1 has no Kueue", "k8sai queue list"),
        (FixedQueues(Setting(), "starting"), "Reading the queues of prod-eu-1", ""),
        (FixedQueues(told([])), "There are no queues", "k8sai queue init --from-nodes"),
    ],
)
def test_where_there_is_nothing_it_is_said_why(kept: FixedQueues | None, said: str, then: str) -> None:
    @alone
    async def story() -> None:
        feed = FixedFeed()
        feed.queues = kept
        app = cockpit(feed=feed)
        async with app.run_test(size=SMALL) as pilot:
            await queues(pilot, app)
            assert said in screen(app) and then in screen(app)
            await press(pilot, "d", "w", "enter", "v", "t")
            assert app.is_running

    story()
