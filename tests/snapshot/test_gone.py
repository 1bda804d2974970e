"""A server that goes away between the facts and the rest is not waited for once a kind."""

from typing import cast

import pytest

from k8sai.cluster.connection import Connection
from k8sai.cluster.objects import LiveObjects
from k8sai.errors import ClusterError, K8saiError
from k8sai.snapshot import reading


def test_a_server_that_is_gone_is_asked_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []

    def served(connection: object) -> object:
        asked.append(connection)
        raise ClusterError("it refuses the connection", "is it running?")

    monkeypatch.setattr(reading, "served", served)
    gone: list[K8saiError] = []
    sources = [
        reading._unless_gone(
            gone, cast(Connection, None), cast(LiveObjects, None), kind, lambda _: True, lambda _: None
        )[0]
        for kind in ("jobs.batch", "events", "namespaces")
    ]
    assert len(asked) == 1
    assert [(one.kind, one.state, one.message) for one in sources] == [
        (kind, "failed", "it refuses the connection") for kind in ("jobs.batch", "events", "namespaces")
    ]
