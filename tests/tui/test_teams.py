"""The Teams pane: namespaces or queues, with what they hold, ask for and may have."""

from typing import Any

from k8sai.cluster.objects import Json, Objects
from k8sai.errors import Forbidden
from tests.tui.stage import LARGE, Stage, alone, cockpit, keys, lines, number, press, screen, table, write
from tests.tui.world import FixedFeed


class Quotas(Objects):
    """A cluster that has these quotas, or refuses to tell."""

    context = "test"

    def __init__(self, *quotas: Json, refusal: Exception | None = None) -> None:
        self.quotas = quotas
        self.refusal = refusal
        self.asked: list[str] = []

    def served(self, kind: str) -> bool:
        return True

    def list(self, kind: str, namespace: str = "", *, labels: str = "", fields: str = "") -> list[Json]:
        self.asked.append(kind)
        if self.refusal is not None:
            raise self.refusal
        return list(self.quotas)

    def get(self, kind: str, namespace: str, name: str) -> Json:
        raise AssertionError("quotas are listed, not asked for one by one")


def quota(namespace: str, used: int, hard: int) -> Json:
    status = {"hard": {"requests.nvidia.com/gpu": str(hard)}, "used": {"requests.nvidia.com/gpu": str(used)}}
    return {"metadata": {"name": "q", "namespace": namespace}, "status": status}


def asking(objects: Objects) -> FixedFeed:
    feed = FixedFeed()
    feed.objects = objects
    return feed


async def settled(pilot: Stage, app: Any) -> None:
    """Until the quotas are read."""
    await app.workers.wait_for_complete([worker for worker in app.workers if worker.group == "quotas"])
    await pilot.pause()


def words(app: Any, name: str) -> list[str]:
    (found,) = [line.replace("█", "").replace("░", "").split() for line in lines(app)[7:] if line.split()[:1] == [name]]
    return found


@alone
async def test_what_each_namespace_holds_and_asks_for() -> None:
    app = cockpit()
    async with app.run_test(size=LARGE) as pilot:
        await press(pilot, number("teams"))
        assert keys(app) == ["team-llm", "team-vision", "inference", "research"]
        assert words(app, "team-llm")[:5] == ["team-llm", "24", "25%", "24", "3"]
        assert words(app, "team-vision")[:4] == ["team-vision", "14", "15%", "2"]
        assert "Teams 4 namespaces" in lines(app)[5]


@alone
async def test_t_shows_queues_and_enter_their_workloads() -> None:
    app = cockpit()
    async with app.run_test(size=LARGE) as pilot:
        await press(pilot, number("teams"), "t")
        assert keys(app) == ["llm", "vision"]
        await press(pilot, "enter")
        assert app.current.stem == "workloads"
        assert set(keys(app)) == {"team-llm/Job/train-7b", "team-llm/Job/train-70b", "team-llm/Job/eval"}
        await press(pilot, "escape", "t", "enter")
        assert {key.split("/")[0] for key in keys(app)} == {"team-llm"}


@alone
async def test_ns_narrows_namespaces_and_leaves_queues() -> None:
    app = cockpit()
    async with app.run_test(size=LARGE) as pilot:
        await press(pilot, number("teams"), "colon")
        await write(pilot, "ns research")
        await press(pilot, "enter")
        assert keys(app) == ["research"]
        assert "Teams 1 · namespace research" in lines(app)[5]
        await press(pilot, "t")
        assert keys(app) == ["llm", "vision"]
        assert "research" not in lines(app)[5]
        await press(pilot, "t", "colon")
        await write(pilot, "ns nobody")
        await press(pilot, "enter")
        assert keys(app) == [] and "Namespace nobody neither holds nor asks for a GPU" in screen(app)
        await press(pilot, "0")
        assert len(keys(app)) == 4


@alone
async def test_quotas_are_read_beside_the_screen() -> None:
    objects = Quotas(quota("team-llm", 24, 24), quota("team-vision", 14, 32))
    app = cockpit(feed=asking(objects))
    async with app.run_test(size=LARGE) as pilot:
        await press(pilot, number("teams"))
        await settled(pilot, app)
        assert words(app, "team-llm")[-2:] == ["24/24", "gpu"]
        assert words(app, "team-vision")[-2:] == ["14/32", "gpu"]
        assert objects.asked == ["resourcequotas"]
        assert table(app).cells("team-llm")[-1][0] == ("24/24", "warn")
        await press(pilot, "t")
        assert "24/24" not in screen(app)


@alone
async def test_quotas_nobody_may_read_are_unknown() -> None:
    app = cockpit(feed=asking(Quotas(refusal=Forbidden("you may not list resourcequotas"))))
    async with app.run_test(size=LARGE) as pilot:
        await press(pilot, number("teams"))
        await settled(pilot, app)
        assert words(app, "inference")[-1] == "?"
        assert "you may not list resourcequotas" in screen(app)


@alone
async def test_a_screen_without_objects_knows_no_quotas() -> None:
    app = cockpit()
    async with app.run_test(size=LARGE) as pilot:
        await press(pilot, number("teams"))
        await settled(pilot, app)
        assert words(app, "inference")[-1] == "?"


@alone
async def test_teams_are_found_by_name_and_sorted() -> None:
    app = cockpit()
    async with app.run_test(size=LARGE) as pilot:
        await press(pilot, number("teams"))
        app.current.narrow("team-")
        await pilot.pause()
        assert keys(app) == ["team-llm", "team-vision"]
        app.current.narrow("-l a=b")
        await pilot.pause()
        assert "teams have no labels" in screen(app)
        app.current.narrow("")
        app.current.sort_by("name")
        await pilot.pause()
        assert keys(app)[0] == "inference"
        await press(pilot, "ctrl+z")
        assert keys(app) == ["research", "team-llm", "team-vision"]
