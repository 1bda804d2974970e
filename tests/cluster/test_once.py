"""One picture: what can be read is read, what cannot is said, and only nothing at all is an error."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from k8sai.cluster.api_errors import ApiForbidden
from k8sai.cluster.live import read_once
from k8sai.cluster.sources import KINDS
from k8sai.errors import ClusterError
from tests.cluster.scripted_api import (
    Answer,
    Notebook,
    ScriptedApi,
    connected,
    forbidden,
    listed,
    obj,
    refused,
    scripted,
)

NO_GROUPS = Answer(body=b'{"kind":"APIGroupList","apiVersion":"v1","groups":[]}')


@pytest.fixture
def api() -> Iterator[ScriptedApi]:
    with scripted() as server:
        yield server


def test_every_kind_once_and_nothing_is_watched(api: ScriptedApi, tmp_path: Path) -> None:
    for kind in KINDS:
        api.on(kind, listed(obj(f"one-of-{kind}")))
    book = Notebook()
    sources = read_once(connected(api, tmp_path), book)
    assert [(s.kind, s.state, s.count) for s in sources] == [(kind, "once", 1) for kind in KINDS]
    assert {kind: book.names(kind) for kind in KINDS} == {kind: {f"one-of-{kind}"} for kind in KINDS}
    assert not any("watch" in asked.query for asked in api.asked)


def test_what_cannot_be_read_is_said_and_the_rest_is_there(api: ScriptedApi, tmp_path: Path) -> None:
    api.on("/apis", NO_GROUPS)
    api.on("nodes probe", forbidden("list", "nodes"))
    api.on("/api/v1/pods probe", forbidden("list", "pods"))
    api.on("/api/v1/namespaces/mine/pods", listed(obj("a"), obj("b", spec=1)))
    book = Notebook()
    nodes, pods, *dra = read_once(connected(api, tmp_path), book)
    assert nodes.state == "forbidden" and "kubectl auth can-i list nodes" in nodes.hint
    assert (pods.state, pods.namespace, pods.count) == ("once", "mine", 1)
    assert pods.message.startswith("could not read pods ns/b: ")
    assert {source.state for source in dra} == {"absent"}


def test_a_namespace_that_was_asked_for_is_the_only_one_read(api: ScriptedApi, tmp_path: Path) -> None:
    api.on("/apis", NO_GROUPS)
    api.on("nodes", listed())
    api.on("/api/v1/namespaces/team-a/pods", listed(obj("a")))
    _, pods, *_ = read_once(connected(api, tmp_path), Notebook(), namespace="team-a")
    assert (pods.state, pods.namespace, pods.count) == ("once", "team-a", 1)


def test_nothing_at_all_is_an_error(api: ScriptedApi, tmp_path: Path) -> None:
    api.on("/apis", NO_GROUPS)
    for path in ("/api/v1/nodes", "/api/v1/pods", "/api/v1/namespaces/mine/pods"):
        api.on(f"{path} probe", forbidden("list", path.rpartition("/")[2]))
    with pytest.raises(ApiForbidden, match="forbids ann to list"):
        read_once(connected(api, tmp_path), Notebook())


def test_one_kind_that_fails_hinders_no_other(api: ScriptedApi, tmp_path: Path) -> None:
    api.on("/apis", NO_GROUPS)
    api.on("nodes", listed(obj("n")))
    api.on("pods", refused(422, "Invalid", "field label not supported"))
    nodes, pods, *_ = read_once(connected(api, tmp_path), Notebook())
    assert (nodes.state, pods.state) == ("once", "failed") and "field label not supported" in pods.message


def test_a_server_that_is_not_there(tmp_path: Path) -> None:
    with scripted() as api:
        connection = connected(api, tmp_path)
    with pytest.raises(ClusterError, match="refuses the connection"):
        read_once(connection, Notebook())


def test_a_bug_of_the_sink_is_the_callers(api: ScriptedApi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("index out of step")

    book = Notebook()
    monkeypatch.setattr(book, "replace", broken)
    for kind in KINDS:
        api.on(kind, listed())
    with pytest.raises(RuntimeError, match="out of step"):
        read_once(connected(api, tmp_path), book)


def test_a_server_without_nodes_is_no_kubernetes(api: ScriptedApi, tmp_path: Path) -> None:
    """A path too many in the address, say: nothing is absent there, it is the wrong place."""
    for path in ("nodes", "/api/v1/pods"):
        api.on(f"{path} probe", refused(404, "", "404 page not found"))
    with pytest.raises(ClusterError, match=r"has no Kubernetes API there: /api/v1/nodes does not exist \(404\)"):
        read_once(connected(api, tmp_path), Notebook())
