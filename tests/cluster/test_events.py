"""Events: asked for only when wanted, the newest kept, over real HTTP."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from k8sai.cluster.events import EventListing, LiveEvents, RecordedEvents, Ring, read_events
from k8sai.cluster.objects import Json, Objects
from k8sai.cluster.reflector import Pace
from k8sai.errors import Forbidden
from k8sai.events import About, Event
from k8sai.facts import ObjectMeta
from tests.cluster.scripted_api import ScriptedApi, connected, forbidden, line, listed, obj, refused, watched

PACE = Pace(first=0.01, longest=0.02, slow=0.01, poll=0.01)


def said(name: str, minute: int, version: int = 1, **more: Any) -> dict[str, Any]:
    last = f"2026-11-21T10:{minute:02}:00Z"
    return obj(name, version, lastTimestamp=last, involvedObject={"kind": "Pod", "name": f"p-{name}"}, **more)


@pytest.fixture
def live(api: ScriptedApi, tmp_path: Path) -> Iterator[LiveEvents]:
    connection = connected(api, tmp_path)
    events = LiveEvents(connection, pace=PACE)
    yield events
    api.release()
    events.stop()
    connection.close()


def names(events: LiveEvents | RecordedEvents | Ring) -> list[str]:
    return [event.metadata.name for event in events.newest()]


def test_nothing_is_asked_before_somebody_looks(api: ScriptedApi, live: LiveEvents) -> None:
    assert (names(live), live.source().state) == ([], "starting")
    live.stop()
    assert api.asked == []


def test_the_newest_first_and_what_happens_again_on_top(api: ScriptedApi, live: LiveEvents) -> None:
    api.on("events", listed(said("old", 1), said("new", 9), said("mid", 5), version=5))
    again = line("MODIFIED", said("old", 11, 7, count=4))
    api.on("events watch", watched(line("ADDED", said("fresh", 10, 6)), again), watched(hold=True))
    live.start()
    live.start()
    watches = api.until_asked("events watch", 2)
    assert names(live) == ["old", "fresh", "new", "mid"]
    assert live.newest()[0].times == 4
    assert (live.source().state, watches[1].query["resourceVersion"]) == ("live", "7")
    assert {asked.path for asked in api.asked} == {"/api/v1/events"}


def test_what_the_cluster_forgets_is_kept(api: ScriptedApi, live: LiveEvents) -> None:
    api.on("events", listed(said("a", 1), version=5))
    api.on("events watch", watched(line("DELETED", said("a", 1, 6))), watched(hold=True))
    live.start()
    api.until_asked("events watch", 2)
    assert names(live) == ["a"]


def test_a_long_list_is_read_in_pages(api: ScriptedApi, live: LiveEvents) -> None:
    api.on("events", listed(said("a", 1), version=5, follows="more"), listed(said("b", 2), version=5))
    api.on("events watch", watched(hold=True))
    live.start()
    (watch,) = api.until_asked("events watch")
    assert names(live) == ["b", "a"]
    assert [asked.query.get("continue") for asked in api.of("events")] == [None, "more"]
    assert watch.query["resourceVersion"] == "5"


def test_a_list_that_grows_too_old_on_the_way_is_enough(api: ScriptedApi, live: LiveEvents) -> None:
    api.on("events", listed(said("a", 1), version=5, follows="more"), refused(410, "Expired", "too old"))
    api.on("events watch", watched(hold=True))
    live.start()
    api.until_asked("events watch")
    assert names(live) == ["a"]


def test_where_all_namespaces_are_denied_the_own_one_is_read(api: ScriptedApi, live: LiveEvents) -> None:
    api.on("/api/v1/events", forbidden("list", "events"))
    api.on("/api/v1/namespaces/mine/events", listed(said("a", 1), version=5))
    api.on("/api/v1/namespaces/mine/events watch", watched(hold=True))
    live.start()
    api.until_asked("/api/v1/namespaces/mine/events watch")
    assert (names(live), live.source().namespace) == (["a"], "mine")


def test_no_rights_at_all_are_said(api: ScriptedApi, live: LiveEvents) -> None:
    api.on("events", forbidden("list", "events"))
    live.start()
    api.until_asked("events", 3)  # it asks again in case rights come
    source = live.source()
    assert source.state == "forbidden" and "events" in source.message


def test_an_event_that_cannot_be_read_costs_only_itself(api: ScriptedApi, tmp_path: Path) -> None:
    broken = {**said("b", 2), "count": "many"}
    api.on("events", listed(said("a", 1), broken, version=5))
    page = EventListing(connected(api, tmp_path)).again()
    assert [item.metadata.name for item in page.items] == ["a"]
    assert "ns/b" in page.skipped[0]


# --- the ring ---------------------------------------------------------------------------------------------------------


def event(name: str, minute: int) -> Event:
    return Event(metadata=ObjectMeta(name=name, uid=name), last_timestamp=f"2026-11-21T10:{minute:02}:00Z")


def test_the_ring_lets_the_oldest_go() -> None:
    ring = Ring(3)
    ring.replace("events", [event("c", 3), event("a", 1), event("d", 4), event("b", 2)])
    assert names(ring) == ["d", "c", "b"]
    ring.put("events", event("e", 5))
    ring.put("events", event("c", 6))
    assert names(ring) == ["c", "e", "d"]
    assert ring.version == 3


def test_a_new_list_keeps_what_only_we_remember() -> None:
    ring = Ring(3)
    ring.put("events", event("gone", 1))
    ring.replace("events", [event("a", 2)])
    assert names(ring) == ["a", "gone"]


@pytest.mark.parametrize(
    ("more", "last", "times"),
    [
        ({"lastTimestamp": "T2", "count": 3}, "T2", 3),
        ({"eventTime": "T1", "series": {"count": 5, "lastObservedTime": "T3"}}, "T3", 5),
        ({"eventTime": "T1"}, "T1", 1),
        ({}, "T0", 1),
    ],
)
def test_old_and_new_components_say_when_and_how_often(more: Json, last: str, times: int) -> None:
    (read,) = read_events(Shelf({"metadata": {"name": "e", "creationTimestamp": "T0"}, **more}))
    assert (read.last, read.times) == (last, times)


# --- recordings -------------------------------------------------------------------------------------------------------


class Shelf(Objects):
    """A few events, or none to be had."""

    context = "test"

    def __init__(self, *events: Json, refusal: Exception | None = None) -> None:
        self._events = list(events)
        self._refusal = refusal

    def served(self, kind: str) -> bool:
        return True

    def list(self, kind: str, namespace: str = "", *, labels: str = "", fields: str = "") -> list[Json]:
        if self._refusal is not None:
            raise self._refusal
        return self._events

    def get(self, kind: str, namespace: str, name: str) -> Json:
        raise AssertionError("events are listed, not asked for one by one")


def test_a_recordings_events_are_read_when_wanted() -> None:
    events = RecordedEvents(Shelf(said("a", 1), {"metadata": 7}, said("b", 2)))
    assert events.source().state == "starting"
    events.read()
    assert (names(events), events.source().state, events.source().count) == (["b", "a"], "once", 2)
    assert events.newest()[0].involved_object == About("Pod", "", "p-b")


def test_a_recording_without_events_says_so() -> None:
    events = RecordedEvents(Shelf(refusal=Forbidden("the recording holds no events")))
    events.read()
    assert (events.source().state, events.source().message) == ("forbidden", "the recording holds no events")
