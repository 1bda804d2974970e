"""The Queues pane: the tree of quota with bars, who waits where, and what `w`, `d` and enter say of it."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from k8sai.queues.facts import Share
from k8sai.queues.rows import rows
from k8sai.queues.setting import CLUSTER_QUEUES, LOCAL_QUEUES, WORKLOADS, Setting
from k8sai.queues.shown_figures import Figures
from k8sai.tui.glyphs import ASCII, UNICODE
from k8sai.tui.ink import flat
from k8sai.tui.queues import QueuesPane
from k8sai.tui.queues_bar import bar, cells
from k8sai.tui.queues_tree import tree_lines
from tests.queues.simulate_objects import GPU, cluster_queue, cohort, flavor, local_queue
from tests.tui.queues_world import FixedQueues, queued, told, waits
from tests.tui.stage import LARGE, SMALL, Stage, alone, cockpit, keys, lines, number, press, screen, write
from tests.tui.world import NOW, FixedFeed, all_in

WIDE = (150, 40)


async def queues(pilot: Stage, app: Any, key: str = "") -> QueuesPane:
    """The pane, with the cursor on a row; all that is asked beside the screen has answered."""
    await press(pilot, number("queues"))
    pane = app.current
    assert isinstance(pane, QueuesPane)
    if key:
        while pane.cursor() != key:
            before = pane.cursor()
            await press(pilot, "down")
            assert pane.cursor() != before, f"no row {key}"
    await settled(pilot, app)
    return pane


async def settled(pilot: Stage, app: Any) -> None:
    await app.workers.wait_for_complete()
    await pilot.pause()


def row_of(app: Any, word: str) -> list[str]:
    """The words of the one line of a table that has this one, without the branches before it."""
    found = [line.split() for line in lines(app) if word in line.split() and "Waiting at" not in line]
    assert len(found) == 1, found
    return found[0][found[0].index(word) :]


# --- the tree ---------------------------------------------------------------------------------------------------------


@alone
async def test_the_tree_with_its_figures_bars_and_what_is_wrong() -> None:
    app = queued()
    async with app.run_test(size=WIDE) as pilot:
        await queues(pilot, app)
        assert keys(app)[:4] == ["cohort/ai", "cohort/prod", "cq/finetune", "lq/ns-finetune/main"]
        said = "cq/finetune ■■■■░◊◊◊◊◊ 16 22 6 2 24 1+3 45 2 120m yes"
        assert " ".join(row_of(app, "cq/finetune")) == said
        assert row_of(app, "cohort/prod")[1:5] == ["■■■■×□◊◊◊◊", "56", "42", "8"]
        assert row_of(app, "cq/batch")[-1] == "Stopped"
        assert row_of(app, "cq/lone")[-2:] == ["head", "waits"]
        assert row_of(app, "cohort/ring")[-1] == "CohortCycle"
        assert row_of(app, "lq/ns-lost/main")[-1] == "ClusterQueueDoesNotExist"
        assert any(line.startswith("│ │ └ lq/ns-finetune/main") for line in lines(app))


@alone
async def test_what_is_wrong_is_red() -> None:
    app = queued()
    async with app.run_test(size=WIDE) as pilot:
        pane = await queues(pilot, app)
        inks = {key: {ink for line in pane.cells(key) for _, ink in line} for key in pane.lines}
        assert {key for key in inks if "bad" in inks[key]} == {
            "cq/batch",
            "lq/ns-batch/main",
            "cq/lone",
            "cohort/ring",
            "cq/circle",
            "lq/ns-lost/main",
        }


@alone
async def test_only_what_is_wrong_with_what_is_above_it() -> None:
    app = queued()
    async with app.run_test(size=WIDE) as pilot:
        await queues(pilot, app)
        await press(pilot, "ctrl+z")
        assert keys(app) == [
            "cq/batch",
            "lq/ns-batch/main",
            "cq/lone",
            "cohort/ring",
            "cq/circle",
            "lq/ns-lost/main",
        ]
        assert "only what is wrong" in screen(app)


@alone
async def test_a_filter_keeps_the_way_down_to_what_it_finds() -> None:
    app = queued()
    async with app.run_test(size=WIDE) as pilot:
        pane = await queues(pilot, app)
        await press(pilot, "slash")
        await write(pilot, "students")
        await press(pilot, "enter")
        assert keys(app) == ["cohort/ai", "cohort/research", "cq/students", "lq/ns-students/main"]
        pane.narrow("nobody")
        await pilot.pause()
        assert "Nothing matches /nobody" in screen(app)


@alone
async def test_labels_are_those_of_cluster_queues() -> None:
    labelled = cluster_queue("gold", 8)
    labelled["metadata"]["labels"] = {"tier": "gold"}
    app = queued(FixedQueues(told([labelled, cluster_queue("plain", 8), local_queue("a", "gold")])))
    async with app.run_test(size=WIDE) as pilot:
        pane = await queues(pilot, app)
        pane.narrow("-l tier=gold")
        await pilot.pause()
        assert keys(app) == ["cq/gold", "lq/a/main"]


@alone
async def test_another_order_is_a_list_and_the_first_column_the_tree_again() -> None:
    app = queued()
    async with app.run_test(size=WIDE) as pilot:
        await queues(pilot, app)
        tree = keys(app)
        await press(pilot, "A")
        assert keys(app)[:2] == ["cq/batch", "cq/serving"]
        assert not any("├" in line for line in lines(app))
        await press(pilot, "N")
        assert keys(app) == tree
        await press(pilot, "r")
        assert keys(app)[0] == "lq/ns-lost/main"
        turned = keys(app)
        assert turned.index("cohort/ai") < turned.index("cohort/research") < turned.index("cohort/prod")


@alone
async def test_a_namespace_narrows_to_its_local_queues_and_what_is_above_them() -> None:
    app = queued()
    async with app.run_test(size=WIDE) as pilot:
        await queues(pilot, app)
        await press(pilot, "colon")
        await write(pilot, "ns ns-explore")
        await press(pilot, "enter")
        assert keys(app) == ["cohort/ai", "cohort/research", "cq/explore", "lq/ns-explore/main"]
        await press(pilot, "colon")
        await write(pilot, "ns nobody")
        await press(pilot, "enter")
        assert "Namespace nobody has no queue" in screen(app)
        await press(pilot, "0")
        assert len(keys(app)) == 18


@alone
async def test_v_leaves_local_queues_out_but_those_that_lead_nowhere() -> None:
    app = queued()
    async with app.run_test(size=WIDE) as pilot:
        await queues(pilot, app)
        await press(pilot, "v")
        assert [key for key in keys(app) if key.startswith("lq/")] == ["lq/ns-lost/main"]
        await press(pilot, "v")
        assert len(keys(app)) == 18


@alone
async def test_many_local_queues_are_folded_until_they_are_asked_for() -> None:
    many = [cluster_queue("one", 8), *(local_queue(f"ns-{n}", "one") for n in range(80))]
    app = queued(FixedQueues(told(many)))
    async with app.run_test(size=WIDE) as pilot:
        pane = await queues(pilot, app)
        assert keys(app) == ["cq/one"]
        pane.narrow("ns-7")
        await pilot.pause()
        assert "lq/ns-77/main" in keys(app)
        pane.narrow("")
        await press(pilot, "v")
        assert len(keys(app)) == 81


def with_cpu(nominal: int) -> dict[str, Any]:
    found = cluster_queue("mixed", 8)
    found["spec"]["resourceGroups"].append(
        {
            "coveredResources": ["cpu"],
            "flavors": [{"name": "default", "resources": [{"name": "cpu", "nominalQuota": nominal}]}],
        }
    )
    found["spec"]["resourceGroups"][0]["flavors"].append(
        {"name": "a100", "resources": [{"name": GPU, "nominalQuota": 4}]}
    )
    return found


@alone
async def test_a_line_per_flavor_and_t_shows_every_resource() -> None:
    app = queued(FixedQueues(told([flavor("h100"), flavor("a100"), with_cpu(64)])))
    async with app.run_test(size=WIDE) as pilot:
        await queues(pilot, app)
        assert keys(app) == ["cq/mixed", f"cq/mixed a100 {GPU}"]
        assert row_of(app, "cq/mixed")[:4] == ["cq/mixed", "h100", "□□□□□□□□□□", "8"]
        assert row_of(app, "a100")[:3] == ["a100", "□□□□□□□□□□", "4"]
        assert "Queues 1" in screen(app)
        await press(pilot, "t")
        assert keys(app)[-1] == "cq/mixed default cpu"
        assert row_of(app, "default")[:4] == ["default", "cpu", "□□□□□□□□□□", "64"]
        assert "every resource" in screen(app)


# --- bars -------------------------------------------------------------------------------------------------------------


def figures(total: int | None, reserved: int, lent: int = 0, pending: int = 0) -> Figures:
    return Figures(Share("h100", GPU), reserved, reserved, pending, total=total, lent=lent)


@pytest.mark.parametrize(
    ("what", "drawn"),
    [
        (figures(10, 4), "■■■■□□□□□□"),
        (figures(8, 10), "■■■■■■■■░░"),
        (figures(10, 2, lent=3), "■■×××□□□□□"),
        (figures(5, 5, pending=5), "■■■■■◊◊◊◊◊"),
        (figures(5, 5, pending=500), "■■■■■◊◊◊◊◊"),
        (figures(1000, 1), "■□□□□□□□□□"),
        (figures(0, 0, pending=3), "◊◊◊◊◊◊◊◊◊◊"),
        (figures(0, 0), ""),
        (figures(None, 4, pending=4), ""),
    ],
)
def test_a_bar_says_by_its_signs_what_is_used_borrowed_lent_free_and_asked_for(what: Figures, drawn: str) -> None:
    assert flat(bar(what, 10, UNICODE)) == drawn
    assert flat(bar(what, 10, ASCII)) == drawn.translate(str.maketrans("■░×□◊", "#+x.o"))


@given(st.lists(st.integers(0, 10**9), min_size=5, max_size=5), st.integers(5, 40))
def test_a_bar_is_as_wide_as_it_is_and_shows_all_there_is(parts: list[int], width: int) -> None:
    if any(parts):
        sizes = cells(tuple(parts), width)
        assert sum(sizes) == width
        assert [bool(size) for size in sizes] == [bool(part) for part in parts]


# --- who waits --------------------------------------------------------------------------------------------------------


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


# --- time and gaps ----------------------------------------------------------------------------------------------------


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
        app.desk.queue_watch().at_once()
        app.current.tick()
        await settled(pilot, app)
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
        app.desk.queue_watch().at_once()
        app.current.tick()
        await settled(pilot, app)
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


# --- words, files, memory ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("word", ["queues", "queue", "cq", "lq"])
def test_the_words_that_lead_there(word: str) -> None:
    @alone
    async def story() -> None:
        app = queued()
        async with app.run_test(size=SMALL) as pilot:
            await press(pilot, "colon")
            await write(pilot, word)
            await press(pilot, "enter")
            assert app.current.stem == "queues"

    story()


@alone
async def test_q_alone_still_quits() -> None:
    app = queued()
    async with app.run_test(size=SMALL) as pilot:
        await press(pilot, "colon", "q", "enter")
        assert app._exit


@alone
async def test_a_saved_sheet_names_every_node_in_full() -> None:
    app = queued()
    async with app.run_test(size=SMALL) as pilot:
        pane = await queues(pilot, app)
        titles, rows = pane.sheet()
        by_key = {row[0]: dict(zip(titles, row, strict=True)) for row in rows}
        assert by_key["cq/finetune"] | {"OLDEST": ""} == {
            "KEY": "cq/finetune",
            "FLAVOR": "h100",
            "RESOURCE": GPU,
            "NOMINAL": "16",
            "RESERVED": "22",
            "BORROWED": "6",
            "AVAIL": "2",
            "MAX": "24",
            "PENDING": "1+3",
            "ASKED": "45",
            "RUNNING": "2",
            "OLDEST": "",
            "ACTIVE": "yes",
        }


@alone
async def test_what_was_chosen_is_remembered() -> None:
    app = queued()
    async with app.run_test(size=SMALL) as pilot:
        pane = await queues(pilot, app)
        await press(pilot, "t", "v")
        other = QueuesPane(app.desk)
        other.recall(pane.remember())
        assert (other.every, other.local) == (True, False)
        other.recall({"every": "x", "local": 3})
        assert (other.every, other.local) == (False, None)


def test_beside_further_shares_go_the_branches_to_what_is_below() -> None:
    two = [cohort("top"), {**with_cpu(4)}, local_queue("a", "mixed"), local_queue("b", "mixed")]
    two[1]["spec"]["cohortName"] = "top"
    found = tree_lines(rows(told([*two, cluster_queue("z", 1, "top")])), UNICODE)
    assert [(line.branch, line.first) for line in found] == [
        ("", True),
        ("│ ", False),
        ("│ ", False),
        ("├ ", True),
        ("│ │ ", False),
        ("│ │ ", False),
        ("│ ├ ", True),
        ("│ └ ", True),
        ("└ ", True),
    ]


def test_a_cohort_in_a_ring_is_drawn_once() -> None:
    found = tree_lines(rows(told([cohort("a", "b"), cohort("b", "a"), cluster_queue("q", 1, "a")])), UNICODE)
    assert sorted(line.key for line in found) == ["cohort/a", "cohort/b", "cq/q"]
