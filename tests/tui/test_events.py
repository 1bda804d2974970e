"""The Events pane: nothing is asked before it is looked at; then the newest, warnings and repetitions first seen."""

from typing import Any

from k8sai.cluster.events import Ring
from k8sai.cluster.sources import Source, State
from k8sai.events import About, Event
from k8sai.facts import ObjectMeta
from k8sai.tui.told import Told
from tests.tui.stage import LARGE, alone, cockpit, keys, lines, number, press, screen, table
from tests.tui.world import NOW, FixedFeed


def event(
    kind: str, name: str, minute: int, reason: str, *, namespace: str = "team-llm", warning: bool = False, **more: Any
) -> Event:
    return Event(
        metadata=ObjectMeta(name=f"{name}.{minute}", uid=f"{name}.{minute}"),
        involved_object=About(kind, "" if kind == "Node" else namespace, name),
        type="Warning" if warning else "Normal",
        reason=reason,
        message=f"{reason} of {name}",
        last_timestamp=f"2026-11-21T09:{minute:02}:00Z",
        **more,
    )


class Happened(Ring):
    """Events as a test sets them."""

    def __init__(self, *events: Event, state: State = "live", message: str = "") -> None:
        super().__init__()
        self.replace("events", events)
        self.started = 0
        self._source = Source("events", state, len(events), NOW, message=message)

    def start(self) -> None:
        self.started += 1

    def stop(self) -> None:
        """Nothing goes on."""

    def source(self) -> Source:
        return self._source


def happened() -> Happened:
    return Happened(
        event("Pod", "train-70b-0", 40, "FailedScheduling", warning=True, count=7),
        event("Pod", "train-7b-0", 10, "Started"),
        event("Node", "h100-08", 55, "NodeNotReady", warning=True),
        event("Job", "train-7b", 9, "SuccessfulCreate"),
        event("Pod", "web-1", 58, "Killing", namespace="shop"),
    )


def feed(events: Happened | None) -> FixedFeed:
    found = FixedFeed()
    found.events = events
    return found


@alone
async def test_nothing_is_asked_before_the_pane_is_shown() -> None:
    events = happened()
    app = cockpit(feed=feed(events))
    async with app.run_test() as pilot:
        await press(pilot, number("pods"), number("pending"))
        assert events.started == 0
        await press(pilot, number("events"))
        assert events.started == 1


@alone
async def test_the_newest_first_warnings_toned_repetitions_counted() -> None:
    app = cockpit(feed=feed(happened()))
    async with app.run_test(size=LARGE) as pilot:
        await press(pilot, number("events"))
        assert [line.split()[0] for line in lines(app)[7:11]] == ["5m", "20m", "50m", "51m"]
        assert lines(app)[8].split()[:5] == ["20m", "7", "team-llm", "Pod/train-70b-0", "FailedScheduling"]
        warned = table(app).cells(keys(app)[1])
        assert [warned[at][0][1] for at in (1, 4)] == ["warn", "warn"]
        assert "Events 4 of GPUs" in lines(app)[5]
        assert "NodeNotReady of h100-08" in lines(app)[-5]


@alone
async def test_events_of_everything_else_on_request() -> None:
    app = cockpit(feed=feed(happened()))
    async with app.run_test() as pilot:
        await press(pilot, number("events"), "a")
        assert "Pod/web-1" in screen(app)
        await press(pilot, "a")
        assert "Pod/web-1" not in screen(app)


@alone
async def test_what_happens_comes_to_the_top() -> None:
    events = happened()
    app = cockpit(feed=feed(events))
    async with app.run_test() as pilot:
        await press(pilot, number("events"))
        events.put("events", event("Pod", "eval-0", 59, "BackOff", warning=True))
        table(app)._resort_at = 0.0
        app.current.tick()
        await pilot.pause()
        assert "Pod/eval-0" in lines(app)[5]


@alone
async def test_enter_leads_to_the_object() -> None:
    app = cockpit(feed=feed(happened()))
    async with app.run_test() as pilot:
        await press(pilot, number("events"), "enter")
        assert (app.current.stem, app.current.subject["node"]) == ("node", "h100-08")
        await press(pilot, "escape", "end", "enter")
        assert app.current.stem == "pods" and keys(app) == ["team-llm/train-7b-0", "team-llm/train-7b-1"]
        await press(pilot, "escape", "up", "enter")
        assert table(app).table.cursor_key == "team-llm/train-7b-0"
        await press(pilot, "escape")
        table(app).table.point_at("train-70b-0.40")
        await press(pilot, "enter")
        assert isinstance(app.screen, Told)


@alone
async def test_filter_trouble_and_order() -> None:
    app = cockpit(feed=feed(happened()))
    async with app.run_test(size=LARGE) as pilot:
        await press(pilot, number("events"), "ctrl+z")
        assert keys(app) == ["h100-08.55", "train-70b-0.40"]
        await press(pilot, "ctrl+z")
        app.current.narrow("!train")
        await pilot.pause()
        assert keys(app) == ["h100-08.55"]
        app.current.narrow("-l a=b")
        await pilot.pause()
        assert "events have no labels" in screen(app)
        app.current.narrow("")
        app.current.sort_by("reason")
        await pilot.pause()
        assert [key.split(".")[0] for key in keys(app)] == ["train-70b-0", "h100-08", "train-7b-0", "train-7b"]


@alone
async def test_each_kind_of_nothing_has_its_reason() -> None:
    cases = (
        (feed(None), "No events are kept here"),
        (feed(Happened(state="starting")), "Reading events"),
        (feed(Happened(state="forbidden", message="you may not list events")), "you may not list events"),
        (feed(Happened()), "No event of anything with GPUs"),
    )
    for found, said in cases:
        app = cockpit(feed=found)
        async with app.run_test() as pilot:
            await press(pilot, number("events"))
            assert said in screen(app)
