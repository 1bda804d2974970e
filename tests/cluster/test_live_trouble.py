"""A cluster followed through faults: streams that end, 410, a server in trouble, garbage."""

import pytest

from k8sai.cluster.reflector import Pace
from tests.cluster.following import Follow, until_source
from tests.cluster.scripted_api import (
    Answer,
    Notebook,
    ScriptedApi,
    bookmark,
    line,
    listed,
    obj,
    refused,
    watched,
)

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
