"""An embedded cluster whose pods run as processes, and what a test needs to see of them."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import websocket

from k8sai.sim.cluster import Sim
from tests.contract.api import Api, Json

PODS = "/api/v1/namespaces/default/pods"
_ROOM = {"cpu": "64", "memory": "512Gi", "pods": "110"}


@dataclass(frozen=True, slots=True)
class Yard:
    """One node and a client. `told` is a fifo folder: a pod writes a line there when the test may go on."""

    sim: Sim
    api: Api

    def pod(self, name: str, argv: list[str], **more: Any) -> Json:
        """A pod that runs the words, as soon as it is there; keyword arguments go into its spec."""
        return self.api.post(PODS, process_pod(name, argv, **more)).ok()

    def running(self, name: str, argv: list[str], **more: Any) -> Json:
        self.pod(name, argv, **more)
        return self.api.until_object(f"{PODS}/{name}", lambda one: one["status"]["phase"] == "Running")

    def ended(self, name: str) -> tuple[str, int]:
        """Its phase and exit code, when it is over."""
        over = self.api.until_object(f"{PODS}/{name}", lambda one: one["status"]["phase"] in ("Failed", "Succeeded"))
        (status,) = over["status"]["containerStatuses"]
        return over["status"]["phase"], status["state"]["terminated"]["exitCode"]

    def log(self, name: str) -> str:
        return str(self.api.get(f"{PODS}/{name}/log").body)

    def execute(self, name: str, *argv: str, stdin: bytes | None = None) -> "Heard":
        """Run a command in it, as a client of the v5 protocol does."""
        return execute(self.api.url, name, argv, stdin)


@dataclass(slots=True)
class Heard:
    """What came over each channel, and the Status at the end."""

    out: bytes = b""
    err: bytes = b""
    status: Json | None = None

    @property
    def code(self) -> int:
        if (self.status or {}).get("status") == "Success":
            return 0
        return int(self.status["details"]["causes"][0]["message"]) if self.status else -1


def execute(url: str, name: str, argv: tuple[str, ...], stdin: bytes | None = None, version: str = "v5") -> Heard:
    words = "&".join(f"command={_quoted(word)}" for word in argv)
    streams = "stdout=true&stderr=true" + ("&stdin=true" if stdin is not None else "")
    address = f"{url.replace('http', 'ws', 1)}{PODS}/{name}/exec?{words}&{streams}"
    socket = websocket.create_connection(address, subprotocols=[f"{version}.channel.k8s.io"], timeout=20)
    if stdin is not None:
        socket.send_binary(b"\x00" + stdin)
        if version == "v5":
            socket.send_binary(b"\xff\x00")
    heard = Heard()
    try:
        while frame := socket.recv():
            assert isinstance(frame, bytes)
            _take(heard, frame[0], frame[1:])
    finally:
        socket.shutdown()  # type: ignore[no-untyped-call]
    return heard


def _take(heard: Heard, channel: int, data: bytes) -> None:
    if channel == 1:
        heard.out += data
    elif channel == 2:
        heard.err += data
    elif channel == 3 and data:
        heard.status = json.loads(data)


def _quoted(word: str) -> str:
    from urllib.parse import quote

    return quote(word, safe="")


def process_pod(name: str, argv: list[str], **more: Any) -> Json:
    annotations = {"sim.k8sai.dev/process": json.dumps(argv), "sim.k8sai.dev/start-after": "0s"}
    annotations |= more.pop("annotations", {})
    container = {"name": "main", "image": "example.com/run:1", **more.pop("container", {})}
    metadata = {"name": name, "annotations": annotations, "labels": more.pop("labels", {})}
    return {"metadata": metadata, "spec": {"restartPolicy": "Never", "containers": [container], **more}}


def node(name: str = "n") -> Json:
    return {"metadata": {"name": name}, "status": {"capacity": _ROOM, "allocatable": _ROOM}}


@contextmanager
def yard_in(folder: Path, *, processes: bool = True) -> Iterator[Yard]:
    """A cluster of one node."""
    config = folder / "config"
    with Sim("empty", processes=processes) as sim:
        sim.write_kubeconfig(config)
        api = Api.of(config)
        api.post("/api/v1/nodes", node()).ok()
        yield Yard(sim, api)
        api.close()


def fifo(folder: Path, name: str = "told") -> Path:
    """A named pipe: whoever reads it waits until a pod has written, or every writer has gone."""
    path = folder / name
    os.mkfifo(path)
    return path


def shell(script: str) -> list[str]:
    """Words that run a script."""
    return ["sh", "-c", script]
