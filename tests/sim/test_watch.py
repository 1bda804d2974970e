"""Watches: where they start, what they select, how they end."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from k8sai.sim import kinds, watch
from k8sai.sim.asking import Ask
from k8sai.sim.founding import founded
from k8sai.sim.people import ROOT
from k8sai.sim.routes import Target
from k8sai.sim.store import Store
from tests.sim.apiserver import Client, Json, served

MAPS = kinds.find("", "configmaps")
PODS = kinds.find("", "pods")
CORE = "/api/v1/namespaces/default"
TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io"


def a_map(name: str, **labels: str) -> Json:
    return {"metadata": {"name": name, "namespace": "default", "labels": labels}}


def fresh(store: Store) -> int:
    """A store without the map every namespace has; its version."""
    store.delete(MAPS, "default", "kube-root-ca.crt")
    return store.version


def test_a_watch_goes_on_from_a_version() -> None:
    async def test(store: Store, api: Client) -> None:
        start = fresh(store)
        made = store.create(MAPS, a_map("early"))
        async with api.watch(f"{CORE}/configmaps?watch=1&resourceVersion={start}") as events:
            assert await events.names(1) == [("ADDED", "early")]
            store.update(MAPS, {**made, "data": {"a": "1"}})
            store.delete(MAPS, "default", "early")
            assert await events.names(2) == [("MODIFIED", "early"), ("DELETED", "early")]

    served(test)


@pytest.mark.parametrize("version", ["", "&resourceVersion=0"])
def test_without_a_version_it_begins_with_what_is_there(version: str) -> None:
    async def test(store: Store, api: Client) -> None:
        fresh(store)
        store.create(MAPS, a_map("here"))
        async with api.watch(f"{CORE}/configmaps?watch=true{version}") as events:
            store.create(MAPS, a_map("new"))
            assert await events.names(2) == [("ADDED", "here"), ("ADDED", "new")]

    served(test)


def test_a_forgotten_version_is_gone() -> None:
    async def test(store: Store, api: Client) -> None:
        start = store.version
        store.create(MAPS, a_map("m"))
        store.compact()
        async with api.watch(f"{CORE}/configmaps?watch=1&resourceVersion={start}") as events:
            event = await events.next()
            assert event is not None
            assert (event["type"], event["object"]["code"], event["object"]["reason"]) == ("ERROR", 410, "Expired")
            assert await events.next() is None

    served(test)


def test_a_version_to_come_is_waited_for() -> None:
    async def test(store: Store, api: Client) -> None:
        async with api.watch(f"{CORE}/configmaps?watch=1&resourceVersion={store.version + 1}") as events:
            store.create(MAPS, a_map("first"))
            store.create(MAPS, a_map("second"))
            assert await events.names(1) == [("ADDED", "second")]

    served(test)


def test_selectors_turn_changes_into_comings_and_goings() -> None:
    async def test(store: Store, api: Client) -> None:
        path = f"{CORE}/configmaps?watch=1&labelSelector=team%3Dred&resourceVersion={store.version}"
        async with api.watch(path) as events:
            store.create(MAPS, a_map("other", team="blue"))
            made = store.create(MAPS, a_map("m", team="red"))
            changed = store.update(MAPS, {**made, "data": {"a": "1"}})
            left = store.update(MAPS, {**changed, "metadata": {**changed["metadata"], "labels": {"team": "blue"}}})
            again = store.update(MAPS, {**left, "metadata": {**left["metadata"], "labels": {"team": "red"}}})
            found = [await events.next() for _ in range(4)]
            assert [event["type"] for event in found if event] == ["ADDED", "MODIFIED", "DELETED", "ADDED"]
            assert found[2] is not None
            gone = found[2]["object"]["metadata"]
            assert (gone["labels"], gone["resourceVersion"]) == ({"team": "red"}, left["metadata"]["resourceVersion"])
            assert again["metadata"]["name"] == "m"

    served(test)


def test_a_field_selector_watches_one_object() -> None:
    async def test(store: Store, api: Client) -> None:
        path = f"{CORE}/configmaps?watch=1&fieldSelector=metadata.name%3Db&resourceVersion={store.version}"
        async with api.watch(path) as events:
            for name in "abc":
                store.create(MAPS, a_map(name))
            store.delete(MAPS, "default", "b")
            assert await events.names(2) == [("ADDED", "b"), ("DELETED", "b")]

    served(test)


def test_a_watch_list_says_where_the_beginning_ends() -> None:
    async def test(store: Store, api: Client) -> None:
        fresh(store)
        store.create(MAPS, a_map("m"))
        asked = "watch=1&sendInitialEvents=true&allowWatchBookmarks=true&resourceVersionMatch=NotOlderThan"
        async with api.watch(f"{CORE}/configmaps?{asked}") as events:
            assert await events.names(1) == [("ADDED", "m")]
            mark = await events.next()
            assert mark is not None
            assert mark["type"] == "BOOKMARK"
            assert mark["object"]["kind"] == "ConfigMap"
            assert mark["object"]["metadata"]["annotations"] == {"k8s.io/initial-events-end": "true"}
            assert mark["object"]["metadata"]["resourceVersion"] == str(store.version)
        refused = await api.get(f"{CORE}/configmaps?watch=1&sendInitialEvents=true")
        refused.refused(422, "Invalid")

    served(test)


def test_bookmarks_tell_how_far_a_quiet_watch_is() -> None:
    async def test(store: Store, api: Client) -> None:
        path = f"{CORE}/configmaps?watch=1&allowWatchBookmarks=true&resourceVersion={store.version}"
        async with api.watch(path) as events:
            store.create(PODS, {"metadata": {"name": "p"}, "spec": {"containers": [{"name": "c", "image": "i"}]}})
            mark = await events.next()
            assert mark is not None
            assert (mark["type"], mark["object"]["metadata"]["resourceVersion"]) == ("BOOKMARK", str(store.version))

    served(test, bookmark_every=0.05)


def test_it_ends_after_its_time_with_a_bookmark() -> None:
    async def test(store: Store, api: Client) -> None:
        asked = f"watch=1&allowWatchBookmarks=true&timeoutSeconds=1&resourceVersion={store.version}"
        async with api.watch(f"{CORE}/configmaps?{asked}") as events:
            mark = await events.next()
            assert mark is not None
            assert mark["type"] == "BOOKMARK"
            assert await events.next() is None

    served(test)


def test_tables_and_metadata_can_be_watched() -> None:
    async def test(store: Store, api: Client) -> None:
        start = fresh(store)
        store.create(MAPS, a_map("m"))
        path = f"{CORE}/configmaps?watch=1&resourceVersion={start}"
        async with api.watch(path, Accept=TABLE) as events:
            event = await events.next()
            assert event is not None
            assert event["object"]["kind"] == "Table"
            assert event["object"]["rows"][0]["cells"][0] == "m"
        partial = "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io"
        async with api.watch(path, Accept=partial) as events:
            event = await events.next()
            assert event is not None
            assert set(event["object"]) == {"kind", "apiVersion", "metadata"}

    served(test)


def test_a_server_that_goes_down_ends_its_watches() -> None:
    ended: list[Any] = []

    async def test(store: Store, api: Client) -> None:
        async with api.watch(f"{CORE}/configmaps?watch=1&resourceVersion={store.version}") as events:
            hub = next(one for one in store_hubs(store))
            hub.end_all()
            ended.append(await events.next())

    served(test)
    assert ended == [None]


def store_hubs(store: Store) -> list[watch.Hub]:
    """The hubs that listen to a store."""
    listeners = [getattr(callback, "__self__", None) for callback in store._subscribers]
    return [one for one in listeners if isinstance(one, watch.Hub)]


def test_a_reader_that_falls_behind_is_dropped_and_nobody_waits_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "_PENDING", 3)

    async def run() -> None:
        store = founded()
        hub = watch.Hub(store)
        ask = Ask(SimpleNamespace(query={}), Target(MAPS, "default"), "watch", ROOT)  # type: ignore[arg-type]
        stream = watch.Stream(ask, "json", None, store.now())
        hub.open(stream)
        for at in range(3):
            store.create(MAPS, a_map(f"m{at}"))
        assert not stream.ended
        store.create(MAPS, a_map("m3"))
        assert stream.ended
        hub.stop()

    asyncio.run(run())
