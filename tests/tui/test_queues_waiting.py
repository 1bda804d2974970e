"""Who waits at a queue: below the tree, and as a list of its own."""

from typing import Any

from tests.queues.simulate_objects import cluster_queue, local_queue
from tests.tui.queues_world import WIDE, FixedQueues, queued, queues, row_of, settled, told, waits
from tests.tui.stage import LARGE, SMALL, alone, keys, lines, press, screen, write


@alone
async def test_below_the_tree_are_the_first_who_wait_at_the_cursor() -> None:
    for size in (SMALL, (120, 34), LARGE):
        app = queued()
        async with app.run_test(size=size) as pilot:
            await queues(pilot, app, "cq/finetune")
            said = screen(app)
            assert "Waiting at cq/finetune 4 · 45 GPUs asked for" in said
            assert row_of(app, "job/rlhf")[-3:] == ["NeedsPreemption", "evicts", "job/eval-grid"] or size == LARGE
            assert [line.split()[0] for line in lines(app) if line.lstrip().startswith("≈")] == ["≈1", "≈2", "≈3", "≈4"]
            tree = [n for n, line in enumerate(lines(app)) if "cohort/" in line or "cq/" in line or "lq/" in line]
            assert len(tree) >= 9


@alone
async def test_what_is_the_matter_with_a_queue_is_said_above_who_waits() -> None:
    app = queued()
    async with app.run_test(size=WIDE) as pilot:
        pane = await queues(pilot, app, "cq/batch")
        assert "cq/batch admits nothing: stopPolicy Hold" in screen(app)
        pane.point_at("cq/lone")
        pane.refresh_now()
        await settled(pilot, app)
        assert "There is quota for job/ready, the first in line, and it waits all the same." in screen(app)
        pane.point_at("cq/explore")
        pane.refresh_now()
        await settled(pilot, app)
        assert "Nothing waits here." in screen(app)


def places(*names: str) -> Any:
    """Kueue tells these workloads in this order."""

    def ask(path: str, query: Any) -> Any:
        items = [
            {
                "metadata": {"name": f"job-{name}", "namespace": "ns-finetune"},
                "localQueueName": "main",
                "positionInClusterQueue": place,
                "positionInLocalQueue": place,
            }
            for place, name in enumerate(names)
        ]
        return {"items": items if "/clusterqueues/finetune/" in path else []}

    return ask


@alone
async def test_places_are_those_that_kueue_tells() -> None:
    kept = FixedQueues()
    kept.ask = places("sweep", "rlhf", "sft-8b", "fresh")
    app = queued(kept)
    async with app.run_test(size=WIDE) as pilot:
        await queues(pilot, app, "cq/finetune")
        assert next(line.split()[:2] for line in lines(app) if " job/" in line and "lq" not in line) == [
            "1",
            "ns-finetune",
        ]
        assert "≈" not in screen(app)
        await press(pilot, "enter")
        await settled(pilot, app)
        assert keys(app)[0] == "ns-finetune/job-sweep"
        assert "Place 1 of 4, 1 of 4 in LocalQueue main. w says" in " ".join(screen(app).split())


@alone
async def test_enter_opens_the_whole_list_and_esc_leads_back() -> None:
    app = queued()
    async with app.run_test(size=SMALL) as pilot:
        await queues(pilot, app, "cq/finetune")
        await press(pilot, "enter")
        assert app.current.stem == "waiting"
        assert keys(app) == [f"ns-finetune/job-{name}" for name in ("rlhf", "sweep", "sft-8b", "fresh")]
        assert "Waiting 4 at cq/finetune" in screen(app)
        assert " Queues " in lines(app)[-1]
        await press(pilot, "C")
        assert keys(app)[0] == "ns-finetune/job-sweep"
        await press(pilot, "slash")
        await write(pilot, "rlhf")
        await press(pilot, "enter")
        assert keys(app) == ["ns-finetune/job-rlhf"]
        await press(pilot, "escape", "escape")
        assert (app.current.stem, app.current.cursor()) == ("queues", "cq/finetune")


@alone
async def test_an_empty_list_says_so_and_a_queue_that_goes_away_too() -> None:
    kept = FixedQueues()
    app = queued(kept)
    async with app.run_test(size=SMALL) as pilot:
        await queues(pilot, app, "cq/explore")
        await press(pilot, "enter")
        assert "Nothing waits here." in screen(app)
        kept.change(told([cluster_queue("other", 8)]))
        app.current.refresh_now()
        await settled(pilot, app)
        assert "cq/explore is gone" in screen(app)


@alone
async def test_a_workload_with_pods_leads_to_them() -> None:
    kept = FixedQueues(
        told(
            [
                cluster_queue("q", 8),
                local_queue("team-llm", "q"),
                waits("team-llm", "train-70b", 8, "2026-11-21T09:00:00Z"),
            ]
        )
    )
    app = queued(kept)
    async with app.run_test(size=WIDE) as pilot:
        await queues(pilot, app, "cq/q")
        await press(pilot, "enter", "enter")
        assert app.current.stem == "pods"
        assert app.current.subject == {"namespace": "team-llm", "workload": "Job/train-70b"}
