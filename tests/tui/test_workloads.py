"""The Workloads pane: gangs and jobs, where they are and how far they have come."""

from typing import Any

from k8sai import facts as f
from k8sai.fleet.index import Fleet
from tests.tui.stage import LARGE, alone, cockpit, keys, lines, number, press, screen, table
from tests.tui.world import GPU, FixedFeed, fill, live, node, pod


def words(app: Any, name: str) -> list[str]:
    """The row of a workload, by its name."""
    (found,) = [line.split() for line in lines(app) if line.split()[1:2] == [name]]
    return found


@alone
async def test_a_line_per_owner() -> None:
    app = cockpit()
    async with app.run_test(size=LARGE) as pilot:
        await press(pilot, number("workloads"))
        assert words(app, "train-7b")[2:] == [
            *("Job", "16", "2/2", "running", "2", "7f2a.0", "3h", "llm", "eu-west-1a", "H100-80GB-HBM3", "0")
        ]
        assert words(app, "train-70b")[2:9] == ["Job", "0", "24", "0/3", "waiting", "20m", "20m"]
        assert words(app, "notebook-ana")[2:5] == ["Pod", "1", "1/1"]
        assert keys(app)[0] == "team-llm/Job/train-7b"


@alone
async def test_below_it_says_where_it_is_and_why_it_waits() -> None:
    app = cockpit()
    async with app.run_test() as pilot:
        await press(pilot, number("workloads"))
        assert "on h100-00, h100-01" in screen(app)
        table(app).table.point_at("team-llm/Job/train-70b")
        app.current.repaint()
        await pilot.pause()
        assert "Unschedulable: 0/16 nodes are available" in screen(app)


@alone
async def test_enter_shows_its_pods_and_esc_leads_back() -> None:
    app = cockpit()
    async with app.run_test(size=LARGE) as pilot:
        await press(pilot, number("workloads"), "enter")
        assert app.current.stem == "pods"
        assert keys(app) == ["team-llm/train-7b-0", "team-llm/train-7b-1"]
        assert "namespace team-llm · workload Job/train-7b" in lines(app)[5]
        await press(pilot, "escape")
        assert app.current.stem == "workloads"


@alone
async def test_a_pod_on_its_own_leads_to_itself() -> None:
    app = cockpit()
    async with app.run_test() as pilot:
        await press(pilot, number("workloads"))
        table(app).table.point_at("research/Pod/notebook-bo")
        await press(pilot, "enter")
        assert keys(app) == ["research/notebook-bo"]


@alone
async def test_a_gang_split_over_cliques_is_marked_and_a_service_is_not() -> None:
    fleet = Fleet()
    fleet.replace("nodes", [node(f"n{at}", {GPU: 8}, labels={"nvidia.com/gpu.clique": f"c{at}"}) for at in (1, 2)])
    gang = [pod("t", f"g-{at}", 8, f"n{at}", owner="gang") for at in (1, 2)]
    of = (f.OwnerReference(kind="StatefulSet", name="web", controller=True),)
    web = [
        f.Pod(f.ObjectMeta(name=f"w-{at}", namespace="t", uid=f"w{at}", owner_references=of), one.spec, one.status)
        for at, one in enumerate([pod("t", "x", 1, "n1"), pod("t", "y", 1, "n2")])
    ]
    fleet.replace("pods", [*gang, *web])
    app = cockpit(fleet)
    async with app.run_test(size=LARGE) as pilot:
        await press(pilot, number("workloads"))
        assert "split over 2" in " ".join(words(app, "gang"))
        assert "2 cliques" in " ".join(words(app, "web"))
        assert [run for cell in table(app).cells("t/Job/gang") for run in cell if run[0] == "split over 2"] == [
            ("split over 2", "warn")
        ]


@alone
async def test_only_those_with_something_wrong() -> None:
    app = cockpit()
    async with app.run_test() as pilot:
        await press(pilot, number("workloads"), "ctrl+z")
        assert set(keys(app)) == {
            "team-llm/Job/train-70b",
            "research/Pod/next-0",
            "team-vision/Job/detect",
        }


@alone
async def test_a_workload_that_ended_says_so_until_the_next_order() -> None:
    fleet = fill(Fleet())
    app = cockpit(fleet)
    async with app.run_test() as pilot:
        await press(pilot, number("workloads"), "p")
        for name in ("train-7b-0", "train-7b-1"):
            fleet.drop("pods", pod("team-llm", name, 8))
        table(app).table._cells.clear()
        table(app).table._strips.clear()
        table(app).table.refresh()
        await pilot.pause()
        assert words(app, "train-7b")[2:] == ["Job", "gone"]


@alone
async def test_a_cluster_without_any_says_so() -> None:
    fleet = Fleet()
    fleet.replace("nodes", [node("h", {GPU: 8})])
    app = cockpit(fleet, FixedFeed(*live(1, 0)))
    async with app.run_test() as pilot:
        await press(pilot, number("workloads"))
        assert "No workload holds or asks for a GPU" in screen(app)
