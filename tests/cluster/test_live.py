"""A cluster followed on good days: a list, its changes, pages, and the end."""

from pathlib import Path
from threading import enumerate as threads

import pytest

from k8sai.cluster.answers import Changed
from k8sai.cluster.decode import decoder
from k8sai.cluster.reflector import Pace
from tests.cluster.following import Follow, until_source
from tests.cluster.scripted_api import (
    DEADLINE,
    Answer,
    Notebook,
    ScriptedApi,
    line,
    listed,
    obj,
    refused,
    watched,
)

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
    assert book.calls == [("put", "pods", "a"), ("put", "pods", "b")]
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


# --- the end ----------------------------------------------------------------------------------------------------------


def test_stop_ends_every_thread_and_the_sink_is_left_alone(api: ScriptedApi, book: Notebook, follow: Follow) -> None:
    api.on("nodes", refused(500))
    api.on("pods", listed(obj("a")))
    api.on("pods watch", watched(hold=True))
    others = set(threads())  # an embedded cluster of a whole session, say
    live = follow("nodes", "pods", pace=Pace(first=3600.0, longest=3600.0))
    api.until_asked("pods watch")
    api.until_asked("nodes")
    live.stop(DEADLINE)
    assert [t.name for t in threads() if t.name.startswith("k8sai-") and t not in others] == []
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
