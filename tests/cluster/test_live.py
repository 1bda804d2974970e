"""A cluster followed through every fault: against a server that answers from a script."""

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from threading import enumerate as threads
from typing import Any

import pytest

from k8sai.cluster.answers import Changed
from k8sai.cluster.decode import decoder
from k8sai.cluster.live import Live
from k8sai.cluster.reflector import Pace, Reflector
from k8sai.cluster.sources import Kind, Source
from tests.cluster.scripted_api import (
    DEADLINE,
    Answer,
    Notebook,
    ScriptedApi,
    bookmark,
    connected,
    forbidden,
    line,
    listed,
    obj,
    refused,
    scripted,
    watched,
)

FAST = Pace(first=0.01, longest=0.05, slow=0.05, poll=0.02)
Follow = Callable[..., Live]


@pytest.fixture
def api() -> Iterator[ScriptedApi]:
    with scripted() as server:
        yield server


@pytest.fixture
def book() -> Notebook:
    return Notebook()


@pytest.fixture
def follow(api: ScriptedApi, book: Notebook, tmp_path: Path) -> Iterator[Follow]:
    with ExitStack() as stack:

        def start(*kinds: Kind, pace: Pace = FAST, **more: Any) -> Live:
            connection = connected(api, tmp_path)
            live = Live(connection, book, kinds=kinds or ("pods",), pace=pace, **more)
            stack.callback(connection.close)
            stack.callback(live.stop)
            live.start()
            return live

        yield start


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds that were waited between requests, without the waiting."""
    seen: list[float] = []

    def pause(self: Reflector, seconds: float) -> None:
        seen.append(seconds)
        self._check()

    monkeypatch.setattr(Reflector, "_pause", pause)
    return seen


def until_source(live: Live, true: Callable[[Source], bool]) -> Source:
    """Wait until the (first) source is as wanted."""
    with live._changed:
        assert live._changed.wait_for(lambda: true(live.sources()[0]), DEADLINE), live.sources()
        return live.sources()[0]


# --- the good days ----------------------------------------------------------------------------------------------------


def test_a_list_then_its_changes(api: ScriptedApi, book: Notebook, follow: Follow) -> None:
    api.on("pods", listed(obj("a"), obj("b"), version=5))
    events = (line("ADDED", obj("c", 6)), line("MODIFIED", obj("a", 7)), line("DELETED", obj("b", 8)))
    api.on("pods watch", watched(*events, hold=True))
    live = follow()
    book.until(lambda: book.names("pods") == {"a", "c"})
    assert book.calls == [
        ("replace", "pods", "a b"),
        ("put", "pods", "c"),
        ("put", "pods", "a"),
        ("drop", "pods", "b"),
    ]
    source = until_source(live, lambda s: s.count == 2)
    assert (source.state, source.message) == ("live", "") and source.at > 0


WIRE = Path(__file__).parents[1] / "clusters/wire"


def test_protobuf_as_a_real_server_sends_it(api: ScriptedApi, book: Notebook, follow: Follow) -> None:
    """A recorded list, then a recorded watch in pieces of 1000 bytes, cut in the middle of its last event."""
    events = (WIRE / "pods.history.pb").read_bytes()
    protobuf = {"Content-Type": "application/vnd.kubernetes.protobuf"}
    pieces = tuple(events[:-30][at : at + 1000] for at in range(0, len(events), 1000))
    api.on("pods", Answer(body=(WIRE / "pods.pb").read_bytes(), headers=protobuf))
    api.on("pods watch", Answer(body=pieces, headers=protobuf, cut=True), watched(hold=True))
    follow()
    api.until_asked("pods watch", 2)
    every = [event for event in decoder("pods").events([events]) if isinstance(event, Changed)]
    *told, _ = [("drop" if e.type == "DELETED" else "put", "pods", e.object.metadata.name) for e in every]
    assert book.calls[0][0] == "replace"
    assert book.calls[1 : len(told) + 1] == told
    assert api.of("pods")[0].headers["Accept"] == "application/vnd.kubernetes.protobuf, application/json"


def test_what_is_asked_for(api: ScriptedApi, follow: Follow) -> None:
    api.on("pods", listed(version=5))
    api.on("pods watch", watched(hold=True))
    follow()
    (watch,) = api.until_asked("pods watch")
    (first,) = api.of("pods")
    running = "status.phase!=Succeeded,status.phase!=Failed"
    assert first.query == {"resourceVersion": "0", "fieldSelector": running}
    assert api.of("pods probe")[0].query == {"limit": "1"}
    assert 300 <= int(watch.query.pop("timeoutSeconds")) <= 600
    assert watch.query == {
        "watch": "1",
        "allowWatchBookmarks": "true",
        "resourceVersion": "5",
        "fieldSelector": running,
    }


def test_the_node_selector_is_for_nodes(api: ScriptedApi, follow: Follow) -> None:
    for kind in ("nodes", "pods"):
        api.on(kind, listed())
        api.on(f"{kind} watch", watched(hold=True))
    follow("nodes", "pods", node_selector="pool=gpu")
    assert api.until_asked("nodes watch")[0].query["labelSelector"] == "pool=gpu"
    assert api.of("nodes")[0].query["labelSelector"] == "pool=gpu"
    assert "labelSelector" not in api.until_asked("pods watch")[0].query


def test_a_long_list_comes_in_pages_and_is_seen_early(api: ScriptedApi, book: Notebook, follow: Follow) -> None:
    api.on("pods probe", listed(obj("a"), remaining=20_000))
    api.on("pods", listed(obj("a"), version=5, follows="two"), listed(obj("b"), version=5))
    api.on("pods watch", watched(hold=True))
    follow()
    api.until_asked("pods watch")
    assert book.calls == [("put", "pods", "a"), ("put", "pods", "b"), ("replace", "pods", "a b")]
    assert [(q.query["limit"], q.query.get("continue"), q.query.get("resourceVersion")) for q in api.of("pods")] == [
        ("500", None, None),
        ("500", "two", None),
    ]


def test_a_list_of_20000_is_still_one_answer(api: ScriptedApi, follow: Follow) -> None:
    api.on("pods probe", listed(obj("a"), remaining=19_999))
    api.on("pods", listed(obj("a"), version=5))
    api.on("pods watch", watched(hold=True))
    follow()
    api.until_asked("pods watch")
    assert [q.query["resourceVersion"] for q in api.of("pods")] == ["0"]


def test_a_continue_token_that_expired_begins_the_list_again(api: ScriptedApi, book: Notebook, follow: Follow) -> None:
    api.on("pods probe", listed(obj("a"), remaining=20_000))
    api.on("pods", listed(obj("a"), follows="x"), refused(410, "Expired", "token is too old"))
    api.on("pods", listed(obj("b"), follows="y"), listed(obj("c"), version=9))
    api.on("pods watch", watched(hold=True))
    follow()
    api.until_asked("pods watch")
    assert book.names("pods") == {"b", "c"}


def test_who_is_always_too_slow_for_pages_takes_all_at_once(api: ScriptedApi, book: Notebook, follow: Follow) -> None:
    api.on("pods probe", listed(obj("a"), remaining=20_000))
    expired = refused(410, "Expired", "token is too old")
    api.on("pods", listed(obj("a"), follows="x"), expired, listed(obj("a"), follows="x"), expired)
    api.on("pods", listed(obj("a"), obj("b")))
    api.on("pods watch", watched(hold=True))
    follow()
    api.until_asked("pods watch")
    assert book.names("pods") == {"a", "b"}
    assert api.of("pods")[-1].query["resourceVersion"] == "0"


# --- streams that end -------------------------------------------------------------------------------------------------


def test_a_stream_that_ends_is_continued_where_it_ended(api: ScriptedApi, book: Notebook, follow: Follow) -> None:
    api.on("pods", listed(version=5))
    api.on("pods watch", watched(line("ADDED", obj("a", 6)), bookmark(9)), watched(hold=True))
    live = follow()
    second = api.until_asked("pods watch", 2)[1]
    assert second.query["resourceVersion"] == "9"
    assert len(api.of("pods")) == 1
    assert until_source(live, lambda s: s.state == "live").count == 1


@pytest.mark.parametrize("half", [line("ADDED", obj("b", 7))[:-20], b""], ids=["half an event", "between events"])
def test_a_connection_lost_in_the_stream(api: ScriptedApi, book: Notebook, follow: Follow, half: bytes) -> None:
    api.on("pods", listed(version=5))
    api.on("pods watch", watched(line("ADDED", obj("a", 6)), half, cut=True))
    api.on("pods watch", watched(line("ADDED", obj("b", 7)), hold=True))
    follow()
    book.until(lambda: book.names("pods") == {"a", "b"})
    assert [q.query["resourceVersion"] for q in api.of("pods watch")] == ["5", "6"]


def test_a_silent_stream_is_made_anew(api: ScriptedApi, book: Notebook, follow: Follow) -> None:
    api.on("pods", listed(version=5))
    api.on("pods watch", watched(hold=True), watched(line("ADDED", obj("a", 6)), hold=True))
    follow(pace=Pace(first=0.01, longest=0.05, idle=0.05))
    book.until(lambda: book.names("pods") == {"a"})


def test_streams_that_end_at_once_do_not_run_in_circles(api: ScriptedApi, follow: Follow, pauses: list[float]) -> None:
    api.on("pods", listed(version=5))
    api.on("pods watch", watched())
    follow(pace=Pace(first=1.0, longest=64.0))
    api.until_asked("pods watch", 8)
    assert len(pauses) >= 7
    assert all(2**n / 2 <= pause <= 2**n for n, pause in enumerate(pauses[:7]))


# --- 410 --------------------------------------------------------------------------------------------------------------

GONE = line("ERROR", {"kind": "Status", "code": 410, "reason": "Expired", "message": "too old resource version"})


@pytest.mark.parametrize("gone", [watched(GONE), refused(410, "Expired", "too old")], ids=["event", "answer"])
def test_a_version_the_server_forgot_means_a_new_list(
    api: ScriptedApi, book: Notebook, follow: Follow, gone: Answer
) -> None:
    api.on("pods", listed(obj("a"), version=5), listed(obj("b"), version=50))
    api.on("pods watch", gone, watched(hold=True))
    live = follow()
    second = api.until_asked("pods watch", 2)[1]
    assert second.query["resourceVersion"] == "50"
    assert book.calls == [("replace", "pods", "a"), ("replace", "pods", "b")]
    assert "resourceVersion" not in api.of("pods")[1].query  # what is true now, not what a cache remembers
    assert until_source(live, lambda s: s.state == "live").count == 1


def test_410_again_and_again_is_not_a_storm(api: ScriptedApi, follow: Follow, pauses: list[float]) -> None:
    api.on("pods", listed(version=5))
    api.on("pods watch", watched(GONE))
    follow(pace=Pace(first=1.0, longest=64.0))
    api.until_asked("pods watch", 6)
    assert len(pauses) >= 4  # only the first one is answered without a wait
    assert all(2**n / 2 <= pause <= 2**n for n, pause in enumerate(pauses[:4], 1))


def test_a_server_restored_from_a_backup_means_a_new_list(api: ScriptedApi, book: Notebook, follow: Follow) -> None:
    api.on("pods", listed(obj("a"), version=500), listed(obj("old"), version=20))
    api.on("pods watch", watched(bookmark(20), hold=True), watched(hold=True))
    follow()
    book.until(lambda: book.names("pods") == {"old"})


# --- a server in trouble ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", [500, 503, 429])
def test_lists_are_tried_until_the_server_is_back(api: ScriptedApi, book: Notebook, follow: Follow, code: int) -> None:
    api.on("pods", *[refused(code, "InternalError", "etcd has no leader")] * 4, listed(obj("a"), version=5))
    api.on("pods watch", watched(hold=True))
    live = follow()
    assert until_source(live, lambda s: s.state == "live").count == 1
    assert len(api.of("pods")) == 5


def test_while_it_fails_the_source_says_why_and_keeps_what_was_known(
    api: ScriptedApi, book: Notebook, follow: Follow
) -> None:
    api.on("pods", listed(obj("a"), version=5))
    api.on("pods watch", watched(bookmark(6)), refused(500, "InternalError", "etcd has no leader"))
    live = follow()
    source = until_source(live, lambda s: s.state == "retrying")
    assert "etcd has no leader" in source.message and source.count == 1 and source.at > 0
    assert book.names("pods") == {"a"}


def test_before_the_first_list_it_is_starting_and_says_why(api: ScriptedApi, follow: Follow) -> None:
    api.on("pods", refused(500, "InternalError", "etcd has no leader"))
    live = follow()
    api.until_asked("pods", 2)
    assert live.sources()[0].state == "starting" and "etcd has no leader" in live.sources()[0].message
    assert not live.wait_synced(0.01)


def test_retry_after_is_honoured(api: ScriptedApi, follow: Follow, pauses: list[float]) -> None:
    api.on("pods", listed(version=5))
    api.on("pods watch", refused(429, "TooManyRequests", "later", Retry_After="77"), watched(hold=True))
    live = follow()
    api.until_asked("pods watch", 2)
    assert pauses == [77.0]
    assert until_source(live, lambda s: s.state == "live").message == ""


@pytest.mark.parametrize("garbage", [b"<html>502 Bad Gateway</html>", b"\x00\x00\x00\x05hello", b"{]\n"])
def test_garbage_in_a_stream(api: ScriptedApi, book: Notebook, follow: Follow, garbage: bytes) -> None:
    api.on("pods", listed(version=5))
    api.on("pods watch", watched(garbage), watched(line("ADDED", obj("a", 6)), hold=True))
    follow()
    book.until(lambda: book.names("pods") == {"a"})
    assert [q.query["resourceVersion"] for q in api.of("pods watch")] == ["5", "5"]


def test_garbage_instead_of_a_list(api: ScriptedApi, book: Notebook, follow: Follow) -> None:
    api.on("pods", Answer(body=b"<html>captive portal</html>"), listed(obj("a")))
    api.on("pods watch", watched(hold=True))
    follow()
    book.until(lambda: book.names("pods") == {"a"})


def test_one_object_that_cannot_be_read_costs_only_itself(api: ScriptedApi, book: Notebook, follow: Follow) -> None:
    api.on("pods", listed(obj("a"), obj("b", spec=1), version=5))
    api.on("pods watch", watched(line("ADDED", obj("c", 6, spec=1)), line("ADDED", obj("d", 7)), hold=True))
    live = follow()
    book.until(lambda: book.names("pods") == {"a", "d"})
    source = live.sources()[0]
    assert source.state == "live" and source.message.startswith("could not read pods ns/c: ")


# --- RBAC and absence -------------------------------------------------------------------------------------------------


def test_without_the_right_to_all_namespaces_the_contexts_own_is_read(
    api: ScriptedApi, book: Notebook, follow: Follow
) -> None:
    api.on("/api/v1/pods probe", forbidden("list", "pods"))
    api.on("/api/v1/namespaces/mine/pods", listed(obj("a"), version=5))
    api.on("/api/v1/namespaces/mine/pods watch", watched(hold=True))
    live = follow()
    assert until_source(live, lambda s: s.state == "live").namespace == "mine"
    book.until(lambda: book.names("pods") == {"a"})


def test_forbidden_is_said_and_the_rest_goes_on(api: ScriptedApi, book: Notebook, follow: Follow) -> None:
    api.on("nodes probe", forbidden("list", "nodes"))
    api.on("pods", listed(obj("a")))
    api.on("pods watch", watched(hold=True))
    live = follow("nodes", "pods")
    assert live.wait_synced(DEADLINE)
    nodes, pods = live.sources()
    assert (nodes.state, pods.state) == ("forbidden", "live")
    assert "forbids ann to list nodes" in nodes.message and "kubectl auth can-i list nodes" in nodes.hint


def test_what_was_forbidden_is_tried_again_slowly(api: ScriptedApi, follow: Follow) -> None:
    api.on("nodes probe", forbidden("list", "nodes"), listed())
    api.on("nodes", listed(obj("n")))
    api.on("nodes watch", watched(hold=True))
    live = follow("nodes")
    assert until_source(live, lambda s: s.state == "live").count == 1


def test_who_may_list_but_not_watch_lists_from_time_to_time(api: ScriptedApi, book: Notebook, follow: Follow) -> None:
    api.on("pods", listed(obj("a")), listed(obj("b")))
    api.on("pods watch", forbidden("watch", "pods"))
    live = follow()
    book.until(lambda: book.names("pods") == {"b"})
    source = until_source(live, lambda s: s.state == "once")
    assert "forbids ann to watch pods" in source.message


DISCOVERY = "/apis"


def groups(*versions: str) -> Answer:
    """Old-style discovery that knows resource.k8s.io in these versions, or not at all."""
    body: dict[str, Any] = {"kind": "APIGroupList", "apiVersion": "v1", "groups": []}
    if versions:
        each = [{"groupVersion": f"resource.k8s.io/{v}", "version": v} for v in versions]
        body["groups"] = [{"name": "resource.k8s.io", "versions": each, "preferredVersion": each[0]}]
    return Answer(body=json.dumps(body).encode())


def resources(version: str, *plurals: str) -> Answer:
    each = [{"name": p, "kind": "K", "namespaced": False, "verbs": ["list"], "singularName": ""} for p in plurals]
    body = {"kind": "APIResourceList", "groupVersion": f"resource.k8s.io/{version}", "resources": each}
    return Answer(body=json.dumps(body).encode())


def test_a_kind_the_server_does_not_serve_is_absent(api: ScriptedApi, follow: Follow) -> None:
    api.on(DISCOVERY, groups())
    live = follow("resourceslices")
    source = until_source(live, lambda s: s.state == "absent")
    assert "does not serve resourceslices.resource.k8s.io" in source.message
    assert live.wait_synced(DEADLINE)


def test_forbidden_and_not_served_is_absent(api: ScriptedApi, follow: Follow) -> None:
    """RBAC refuses before it is known whether the path exists."""
    api.on("deviceclasses", forbidden("list", "deviceclasses", "resource.k8s.io"))
    api.on(DISCOVERY, groups())
    until_source(follow("deviceclasses"), lambda s: s.state == "absent")


def test_an_absent_kind_that_appears_is_found(api: ScriptedApi, book: Notebook, follow: Follow) -> None:
    api.on(DISCOVERY, groups())
    path = "/apis/resource.k8s.io/v1/deviceclasses"
    api.on(path, refused(404, "NotFound"), listed(obj("gpu")))
    api.on(f"{path} watch", watched(hold=True))
    live = follow("deviceclasses")
    book.until(lambda: book.names("deviceclasses") == {"gpu"})
    until_source(live, lambda s: s.state == "live")


def test_an_older_version_is_read_where_v1_is_not_served(api: ScriptedApi, book: Notebook, follow: Follow) -> None:
    api.on(DISCOVERY, groups("v1beta1"))
    api.on("/apis/resource.k8s.io/v1beta1", resources("v1beta1", "resourceslices"))
    device = {"name": "gpu-0", "basic": {"capacity": {"memory": {"value": "80Gi"}}}}
    path = "/apis/resource.k8s.io/v1beta1/resourceslices"
    api.on(path, listed(obj("s", spec={"driver": "gpu.nvidia.com", "devices": [device]})))
    api.on(f"{path} watch", watched(hold=True))
    follow("resourceslices")
    book.until(lambda: book.names("resourceslices") == {"s"})
    spec: Any = book.objects["resourceslices"]["s"].spec
    assert spec.devices[0].name == "gpu-0" and spec.devices[0].capacity["memory"].value == "80Gi"


def test_versions_nobody_can_read_are_named(api: ScriptedApi, follow: Follow) -> None:
    api.on(DISCOVERY, groups("v1alpha1"))
    api.on("/apis/resource.k8s.io/v1alpha1", resources("v1alpha1", "resourceslices"))
    source = until_source(follow("resourceslices"), lambda s: s.state == "absent")
    assert "only in v1alpha1" in source.message


# --- the end ----------------------------------------------------------------------------------------------------------


def test_stop_ends_every_thread_and_the_sink_is_left_alone(api: ScriptedApi, book: Notebook, follow: Follow) -> None:
    api.on("nodes", refused(500))
    api.on("pods", listed(obj("a")))
    api.on("pods watch", watched(hold=True))
    live = follow("nodes", "pods", pace=Pace(first=3600.0, longest=3600.0))
    api.until_asked("pods watch")
    api.until_asked("nodes")
    live.stop(DEADLINE)
    assert [t.name for t in threads() if t.name.startswith("k8sai-")] == []
    assert book.calls == [("replace", "pods", "a")]


def test_a_sink_that_fails_is_reported_and_not_silence(
    api: ScriptedApi, book: Notebook, follow: Follow, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("index out of step")

    monkeypatch.setattr(book, "replace", broken)
    api.on("pods", listed(obj("a")))
    source = until_source(follow(), lambda s: s.state == "failed")
    assert "index out of step" in source.message
