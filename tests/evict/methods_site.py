"""A gang as the methods see it: pods of an embedded cluster that are real processes, or of a server that is played."""

import sys
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TextIO

import pytest

from k8sai.cluster.connect import connect
from k8sai.cluster.connection import Connection
from k8sai.cluster.objects import LiveObjects
from k8sai.cluster.options import Options
from k8sai.cluster.writing import Writer
from k8sai.evict.facts import Contract, Json, Ref, Request
from k8sai.evict.method import Site
from tests.sim.process_yard import Yard, fifo, yard_in

SLEEP = ["sleep", "1000"]
CHILD = """
import signal, sys
told = open(sys.argv[1], "w", buffering=1)
for number in sys.argv[2:]:
    signal.signal(int(number), lambda got, _: print("got", got, file=told))
print("ready", file=told)
while True:
    signal.pause()
"""


def request(id: str = "a1b2c3", seconds: float = 60.0) -> Request:
    """One that was made just now."""
    now = time.time()
    return Request(id, now + seconds, "drain", "ana", now)


def never() -> bool:
    return False


def site_of(connection: Connection, pods: list[Json], namespace: str = "default", **contract: Any) -> Site:
    ref = Ref("jobs.batch", namespace, "train", "u", "job")
    return Site(ref, Contract(**contract), pods, connection, Writer(connection), LiveObjects(connection))


@dataclass(frozen=True, slots=True)
class Cluster:
    """An embedded cluster with a client of ours."""

    yard: Yard
    connection: Connection
    folder: Path

    def pod(self, name: str, argv: list[str], **more: Any) -> Json:
        return self.yard.running(name, argv, **more)

    def handling(self, name: str, *numbers: int) -> tuple[Json, TextIO]:
        """A pod whose process handles these signals, and does by now; what it tells, line by line."""
        told = fifo(self.folder, f"{name}.told")
        pod = self.pod(name, [sys.executable, "-c", CHILD, str(told), *map(str, numbers)])
        lines = told.open()
        assert lines.readline() == "ready\n"
        return pod, lines

    def site(self, *pods: Json, **contract: Any) -> Site:
        return site_of(self.connection, list(pods), **contract)

    def site_of(self, ref: Ref, *pods: Json, **contract: Any) -> Site:
        return replace(self.site(*pods, **contract), ref=ref)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    folder = tmp_path_factory.mktemp("methods")
    with yard_in(folder) as yard, closing(connect(Options(kubeconfig=str(folder / "config")))) as connection:
        yield Cluster(yard, connection, folder)
