"""The Queues pane: the tree of quota, what is wrong in it, how it is narrowed and sorted, and what is kept of it."""

import pytest

from k8sai.tui.queues import QueuesPane
from tests.queues.simulate_objects import GPU, cluster_queue, flavor, local_queue
from tests.tui.queues_world import WIDE, FixedQueues, queued, queues, row_of, told, with_cpu
from tests.tui.stage import SMALL, alone, keys, lines, press, screen, write


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
