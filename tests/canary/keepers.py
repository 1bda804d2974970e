"""Operators of a rollout for tests: their clocks, wires that lose answers, and one that dies at a write."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from k8sai.canary.facts import Phase, Ref
from k8sai.canary.keeping.kept import Kept
from k8sai.canary.keeping.lease import Lease
from k8sai.canary.state import State
from k8sai.cluster.api_errors import Unavailable
from k8sai.cluster.connect import connect
from k8sai.cluster.options import Options
from k8sai.cluster.writing import Writer
from k8sai.holding.lease import Clock

if TYPE_CHECKING:
    from k8sai.cluster.connection import Response

KIND = "inferenceservices.serving.kserve.io"
BEFORE = {"predictor": {"model": {"storageUri": "hf://org/chat-v1"}}}


class Killed(BaseException):
    """The process is gone: nothing that would tidy up runs after this, but what Python itself insists on."""


def target(namespace: str, name: str = "chat") -> Ref:
    return Ref(KIND, namespace, name, "5d1c", "isvc")


def rollout(ref: Ref, number: str = "01JD1", **more: Any) -> State:
    """On its way, at 5 %."""
    known: dict[str, Any] = {"phase": Phase.GATING, "step": 1, "weight": 5, "passed": 1, **more}
    return State(id=number, target=ref, backend="kserve-standard", handle={"canary": "chat-v2"}, **known)


@dataclass
class Hands:
    """A clock of one operator. Waiting takes no time; `meanwhile` happens in it. `skew` in seconds."""

    skew: float = 0.0
    meanwhile: Callable[[], object] = lambda: None
    at: float = 1_800_000_000.0
    waits: list[float] = field(default_factory=list)

    def clock(self) -> Clock:
        return Clock(lambda: self.at + self.skew, lambda: self.at, self._wait)

    def _wait(self, event: threading.Event, seconds: float) -> bool:
        self.waits.append(seconds)
        self.at += seconds
        self.meanwhile()
        return event.is_set()


class Wire(Writer):
    """Counts writes. `lost`: those whose answer does not arrive, although they are carried out. `dies`: before or after
    the write of this number the process is killed; what is sent after that is never carried out.
    """

    def __init__(self, kubeconfig: Path, lost: tuple[int, ...] = (), dies: float | None = None) -> None:
        super().__init__(connect(Options(kubeconfig=str(kubeconfig))))
        self.lost, self.dies, self.writes = lost, dies, 0

    def send(
        self,
        method: str,
        path: str,
        query: Mapping[str, str],
        body: Any,
        content_type: str = "application/json",
    ) -> "Response":
        self._die(self.writes)
        number, self.writes = self.writes, self.writes + 1
        answer = super().send(method, path, query, body, content_type)
        self._die(number + 0.5)
        if number in self.lost:
            raise Unavailable("the connection was lost", status=0)
        return answer

    def _die(self, now: float) -> None:
        if self.dies is not None and now >= self.dies:
            raise Killed


@dataclass
class Operator:
    """One process of `canary`, as far as it keeps anything."""

    name: str
    wire: Wire
    kept: Kept
    lease: Lease
    hands: Hands


def operator(kubeconfig: Path, ref: Ref, name: str, hands: Hands | None = None, **wire: Any) -> Operator:
    """Its Lease is renewed by hand."""
    hands, made = hands or Hands(), Wire(kubeconfig, **wire)
    lease = Lease(made, ref, f"{name}@host/1/{name}", clock=hands.clock(), background=False)
    return Operator(name, made, Kept(made, ref), lease, hands)
