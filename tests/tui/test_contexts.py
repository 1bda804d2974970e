"""Going from one cluster to another while the screen is open."""

from collections.abc import Sequence
from pathlib import Path
from threading import Event

from k8sai.errors import ClusterError, Usage
from k8sai.fleet.index import Fleet
from k8sai.tui.app import Cockpit
from k8sai.tui.choice import Context
from k8sai.tui.feed import Feed
from tests.tui.stage import Stage, alone, keys, lines, press, screen, write
from tests.tui.world import GPU, FixedFeed, fill, node, now


class Kubeconfig:
    """Two clusters that answer, one that does not; `gate` holds the answer back."""

    def __init__(self) -> None:
        self.broken = ""
        self.gate = Event()
        self.gate.set()
        self.feeds: list[FixedFeed] = []

    def contexts(self) -> Sequence[Context]:
        if self.broken:
            raise Usage(self.broken)
        return [
            Context("prod-eu-1", "eu", "ana", "team-llm"),
            Context("prod-us-1", "us", "ana"),
            Context("gone", "gone", "ana"),
        ]

    def open(self, name: str) -> tuple[Fleet, Feed]:
        assert self.gate.wait(10)
        if name == "gone":
            raise ClusterError("https://gone:6443 does not answer: connection refused", "kubectl cluster-info")
        feed = FixedFeed()
        feed.context = name
        self.feeds.append(feed)
        fleet = Fleet()
        fleet.replace("nodes", [node("us-only", {GPU: 8})])
        return fleet, feed


def cockpit(choice: Kubeconfig | None, state: Path | None = None) -> tuple[Cockpit, FixedFeed]:
    feed = FixedFeed()
    return Cockpit(fill(Fleet()), feed, now=now, plain=False, choice=choice, state=state), feed


async def command(pilot: Stage, app: Cockpit, line: str) -> None:
    """Give a command, and wait for what it began."""
    await press(pilot, "colon")
    await write(pilot, line)
    await press(pilot, "enter")
    await app.workers.wait_for_complete()
    await pilot.pause()


@alone
async def test_ctx_lists_and_enter_goes_there() -> None:
    app, before = cockpit(Kubeconfig())
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        await command(pilot, app, "ctx")
        assert keys(app) == ["gone", "prod-eu-1", "prod-us-1"]
        assert next(line for line in lines(app) if line.startswith("prod-eu-1")).split()[1] == "*"
        await press(pilot, "end", "enter")
        await app.workers.wait_for_complete()
        await pilot.pause()
        assert "prod-us-1" in lines(app)[0]
        assert (before.started, before.stopped) == (1, 1)
        await app.show("nodes")
        await pilot.pause()
        assert keys(app) == ["us-only"]
        assert "h100" not in screen(app)


@alone
async def test_a_name_goes_there_at_once_and_minus_back() -> None:
    choice = Kubeconfig()
    app, _ = cockpit(choice)
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        await command(pilot, app, "ctx prod-us-1")
        assert app.desk.feed.context == "prod-us-1"
        assert (choice.feeds[0].started, choice.feeds[0].stopped) == (1, 0)
        await command(pilot, app, "ctx -")
        assert app.desk.feed.context == "prod-eu-1"
        assert choice.feeds[0].stopped == 1


@alone
async def test_a_cluster_that_does_not_answer_leaves_the_old_one() -> None:
    app, before = cockpit(Kubeconfig())
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        await app.show("nodes")
        await command(pilot, app, "ctx gone")
        assert "Still on prod-eu-1" in screen(app)
        assert "connection refused" in screen(app)
        assert len(keys(app)) == 15
        assert before.stopped == 0


@alone
async def test_the_screen_answers_while_it_connects() -> None:
    choice = Kubeconfig()
    choice.gate.clear()
    app, _ = cockpit(choice)
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        await app.show("nodes")
        await press(pilot, "colon")
        await write(pilot, "ctx prod-us-1")
        await press(pilot, "enter", "down", "down")
        assert app.current.cursor() == keys(app)[2]
        assert "Connecting to prod-us-1" in screen(app)
        choice.gate.set()
        await app.workers.wait_for_complete()
        assert app.desk.feed.context == "prod-us-1"


@alone
async def test_history_and_filters_are_those_of_the_cluster_on_the_screen() -> None:
    app, _ = cockpit(Kubeconfig())
    async with app.run_test(size=(120, 40)) as pilot:
        await app.show("nodes")
        app.current.narrow("h100")
        await app.show("pods")
        await command(pilot, app, "ns research")
        await command(pilot, app, "ctx prod-us-1")
        assert app.desk.namespace == ""
        await app.show("nodes")
        assert app.current.filter.typed == ""


def test_each_cluster_is_remembered_by_itself(tmp_path: Path) -> None:
    @alone
    async def story() -> None:
        app, _ = cockpit(Kubeconfig(), tmp_path)
        async with app.run_test(size=(120, 40)) as pilot:
            await app.show("nodes")
            app.current.narrow("h100")
            await command(pilot, app, "ctx prod-us-1")
            await command(pilot, app, "ctx -")
            await app.show("nodes")
            assert app.current.filter.typed == "h100"
        assert sorted(path.name for path in (tmp_path / "screen").iterdir()) == ["prod-eu-1.json", "prod-us-1.json"]

    story()


@alone
async def test_without_other_clusters_and_with_a_broken_kubeconfig_that_is_said() -> None:
    app, _ = cockpit(None)
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        await command(pilot, app, "ctx")
        assert "There is no other cluster to go to" in screen(app)
        await command(pilot, app, "ctx prod-us-1")
        assert app.desk.feed.context == "prod-eu-1"
    choice = Kubeconfig()
    choice.broken = "config:3 is not YAML"
    app, _ = cockpit(choice)
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        await command(pilot, app, "ctx")
        assert "config:3 is not YAML" in screen(app)
        choice.broken = ""
        await press(pilot, "ctrl+r")
        assert len(keys(app)) == 3


@alone
async def test_there_was_no_context_before() -> None:
    app, _ = cockpit(Kubeconfig())
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        await command(pilot, app, "ctx -")
        assert "There was no context before" in screen(app)


@alone
async def test_tab_knows_the_contexts() -> None:
    app, _ = cockpit(Kubeconfig())
    async with app.run_test(size=(120, 40)) as pilot:
        await press(pilot, "colon")
        await write(pilot, "ctx prod-u")
        await press(pilot, "tab")
        assert app.prompt.input.value == "ctx prod-us-1"
