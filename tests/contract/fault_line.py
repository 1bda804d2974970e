"""A command's connection to a server, with the proxy in it that does harm."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from k8sai.cluster.connect import connect
from k8sai.cluster.connection import Connection
from k8sai.cluster.options import Options
from k8sai.cluster.patching import patch
from k8sai.cluster.writing import Target, Writer
from k8sai.errors import K8saiError
from tests.contract.api import Api, Json
from tests.contract.conftest import Server
from tests.contract.objects import config_map
from tests.faults.proxy import FaultProxy
from tests.faults.schedule import Sent


@dataclass
class Line:
    """A command's connection, with the proxy in it; `map` is a ConfigMap that is written to."""

    proxy: FaultProxy
    connection: Connection
    writer: Writer
    api: Api
    namespace: str

    @property
    def map(self) -> Target:
        kind = self.writer.resource("", "v1", "ConfigMap")
        assert kind
        return Target(kind, self.namespace, "settings")

    def guarded(self) -> Json:
        """a goes from 1 to 2, where it is 1."""
        ops = [{"op": "test", "path": "/data/a", "value": "1"}, {"op": "replace", "path": "/data/a", "value": "2"}]
        return patch(self.writer, self.map, ops).object

    @property
    def stands(self) -> str:
        """As the server has it, past the proxy."""
        found: str = self.api.get(self.map.path).ok()["data"]["a"]
        return found

    @property
    def patches(self) -> list[Sent]:
        return [one for one in self.proxy.schedule.writes if one.method == "PATCH"]

    def gets(self, path: str) -> list[Sent]:
        return [one for one in self.proxy.schedule.all if one.method == "GET" and one.path == path]


@pytest.fixture
def line(server: Server, namespace: str, tmp_path: Path) -> Iterator[Line]:
    server.api.post(f"/api/v1/namespaces/{namespace}/configmaps", config_map()).ok()
    with FaultProxy(server.kubeconfig, tmp_path, plane=server.plane) as proxy:
        connection = connect(Options(kubeconfig=str(proxy.kubeconfig)))
        yield Line(proxy, connection, Writer(connection), server.api, namespace)
        connection.close()


def failing(what: Callable[[], Any]) -> K8saiError:
    with pytest.raises(K8saiError) as caught:
        what()
    return caught.value
