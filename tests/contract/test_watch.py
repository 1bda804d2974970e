"""Watches: every change once and in order, and how a watch starts and ends."""

from collections.abc import Iterator
from itertools import islice

from tests.contract.api import Api, Json
from tests.contract.conftest import Server
from tests.contract.objects import config_map

INITIAL = {"sendInitialEvents": "true", "resourceVersionMatch": "NotOlderThan", "allowWatchBookmarks": "true"}


def _version(api: Api, path: str) -> str:
    return str(api.get(path).ok()["metadata"]["resourceVersion"])


def _short(event: Json) -> tuple[str, str]:
    return event["type"], event["object"]["metadata"]["name"]


def _take(events: Iterator[Json], number: int) -> list[tuple[str, str]]:
    return [_short(event) for event in islice(events, number)]


def test_every_change_in_order(api: Api, core: str) -> None:
    path = f"{core}/configmaps"
    with api.watch(path, {"resourceVersion": _version(api, path)}) as events:
        api.post(path, config_map("a")).ok()
        api.patch(f"{path}/a", {"data": {"a": "2"}}).ok()
        api.post(path, config_map("b")).ok()
        api.delete(f"{path}/a").ok()
        seen = list(islice(events, 4))
    assert [_short(event) for event in seen] == [("ADDED", "a"), ("MODIFIED", "a"), ("ADDED", "b"), ("DELETED", "a")]
    versions = [int(event["object"]["metadata"]["resourceVersion"]) for event in seen]
    assert versions == sorted(set(versions)), "a deletion has a version of its own"
    assert (seen[1]["object"]["kind"], seen[1]["object"]["data"]) == ("ConfigMap", {"a": "2"})
    assert seen[3]["object"]["data"] == {"a": "2"}, "a deletion shows the last state"


def test_from_a_version_in_the_past(api: Api, core: str) -> None:
    path = f"{core}/configmaps"
    version = _version(api, path)
    api.post(path, config_map("a")).ok()
    api.delete(f"{path}/a").ok()
    with api.watch(path, {"resourceVersion": version}) as events:
        assert _take(events, 2) == [("ADDED", "a"), ("DELETED", "a")]


def test_without_a_version_it_starts_with_what_is_there(api: Api, core: str) -> None:
    path = f"{core}/configmaps"
    api.post(path, config_map("a", labels={"mine": ""})).ok()
    for start in ({}, {"resourceVersion": "0"}):
        with api.watch(path, {"labelSelector": "mine", **start}) as events:
            assert _take(events, 1) == [("ADDED", "a")]


def test_one_object_by_name(api: Api, core: str) -> None:
    path = f"{core}/configmaps"
    query = {"resourceVersion": _version(api, path), "fieldSelector": "metadata.name=b"}
    with api.watch(path, query) as events:
        api.post(path, config_map("a")).ok()
        api.post(path, config_map("b")).ok()
        assert _take(events, 1) == [("ADDED", "b")]


def test_objects_enter_and_leave_a_selection(api: Api, core: str) -> None:
    path = f"{core}/configmaps"
    api.post(path, config_map("a", labels={"team": "x"})).ok()
    query = {"resourceVersion": _version(api, path), "labelSelector": "team=x"}
    with api.watch(path, query) as events:
        api.post(path, config_map("other", labels={"team": "y"})).ok()
        left = api.patch(f"{path}/a", {"metadata": {"labels": {"team": "y"}}}).ok()
        api.patch(f"{path}/other", {"metadata": {"labels": {"team": "x"}}}).ok()
        api.delete(f"{path}/a").ok()
        api.delete(f"{path}/other").ok()
        seen = list(islice(events, 3))
    assert [_short(event) for event in seen] == [("DELETED", "a"), ("ADDED", "other"), ("DELETED", "other")]
    assert seen[0]["object"]["metadata"]["labels"] == {"team": "x"}, "what leaves is shown as it was"
    assert seen[0]["object"]["metadata"]["resourceVersion"] == left["metadata"]["resourceVersion"]


def test_across_namespaces(api: Api, core: str, namespace: str) -> None:
    query = {"resourceVersion": _version(api, "/api/v1/configmaps"), "labelSelector": f"in={namespace}"}
    with api.watch("/api/v1/configmaps", query) as events:
        api.post(f"{core}/configmaps", config_map("a", labels={"in": namespace})).ok()
        assert _take(events, 1) == [("ADDED", "a")]


def test_the_list_comes_as_events_and_a_bookmark_ends_it(api: Api, core: str) -> None:
    path = f"{core}/configmaps"
    for name in ("a", "b"):
        api.post(path, config_map(name, labels={"mine": ""})).ok()
    with api.watch(path, {**INITIAL, "labelSelector": "mine"}) as events:
        assert sorted(_take(events, 2)) == [("ADDED", "a"), ("ADDED", "b")]
        bookmark = next(events)
        api.post(path, config_map("c", labels={"mine": ""})).ok()
        later = next(event for event in events if event["type"] != "BOOKMARK")
    assert bookmark["type"] == "BOOKMARK"
    assert bookmark["object"]["kind"] == "ConfigMap"
    assert bookmark["object"]["metadata"]["annotations"] == {"k8s.io/initial-events-end": "true"}
    assert int(bookmark["object"]["metadata"]["resourceVersion"]) > 0
    assert _short(later) == ("ADDED", "c")


def test_initial_events_need_the_right_match(api: Api, core: str) -> None:
    query = {"watch": "true", "sendInitialEvents": "true"}
    body = api.get(f"{core}/configmaps", query).refused(422, "Invalid")
    assert {cause["field"] for cause in body["details"]["causes"]} & {"resourceVersionMatch", "sendInitialEvents"}


def test_a_bookmark_comes_before_a_watch_ends(api: Api, core: str) -> None:
    path = f"{core}/configmaps"
    query = {"resourceVersion": _version(api, path), "allowWatchBookmarks": "true", "timeoutSeconds": "3"}
    with api.watch(path, query) as events:
        api.post("/api/v1/namespaces/default/configmaps", config_map("elsewhere")).ok()
        seen = list(events)
    api.delete("/api/v1/namespaces/default/configmaps/elsewhere").ok()
    assert [event["type"] for event in seen][-1:] == ["BOOKMARK"]
    mark = seen[-1]["object"]
    assert (mark["kind"], mark["apiVersion"]) == ("ConfigMap", "v1")
    assert int(mark["metadata"]["resourceVersion"]) >= int(query["resourceVersion"])


def test_a_watch_ends_when_it_was_asked_to(api: Api, core: str) -> None:
    path = f"{core}/configmaps"
    with api.watch(path, {"resourceVersion": _version(api, path), "timeoutSeconds": "1"}, seconds=15) as events:
        assert list(events) == []


def test_a_version_too_old_is_gone(server: Server, core: str) -> None:
    api, path = server.api, f"{core}/configmaps"
    old = _version(api, path)
    api.post(path, config_map("a")).ok()
    server.forget_the_past()
    with api.watch(path, {"resourceVersion": old}) as events:
        event = next(events)
    assert event["type"] == "ERROR"
    assert (event["object"]["kind"], event["object"]["code"], event["object"]["reason"]) == ("Status", 410, "Expired")
    assert event["object"]["message"].startswith(f"too old resource version: {old} (")


def test_a_list_and_a_watch_from_it_miss_nothing(api: Api, core: str) -> None:
    path = f"{core}/configmaps"
    api.post(path, config_map("before")).ok()
    listed = api.get(path).ok()
    api.post(path, config_map("between")).ok()
    with api.watch(path, {"resourceVersion": listed["metadata"]["resourceVersion"]}) as events:
        api.post(path, config_map("after")).ok()
        assert _take(events, 2) == [("ADDED", "between"), ("ADDED", "after")]


def test_metadata_alone(api: Api, core: str) -> None:
    path = f"{core}/configmaps"
    accept = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"
    with api.watch(path, {"resourceVersion": _version(api, path)}, accept=accept) as events:
        api.post(path, config_map("a")).ok()
        seen = next(events)["object"]
    assert (seen["kind"], set(seen)) == ("PartialObjectMetadata", {"kind", "apiVersion", "metadata"})
