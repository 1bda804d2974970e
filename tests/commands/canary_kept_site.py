"""A namespace on the embedded cluster in which a rollout is remembered, and `canary` as a user runs it there.

There is no target: these verbs go by what is kept.
"""

import json
import re
import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from k8sai.ages import stamp
from k8sai.canary.keeping import names
from k8sai.canary.keeping.kept import Held
from k8sai.canary.keeping.lease import Lease
from k8sai.canary.state import Happened, State
from k8sai.sim.cluster import Sim
from tests.canary.keepers import BEFORE, Hands, Operator, operator, rollout, target
from tests.commands.run import Ran, environment, run
from tests.commands.server import write_kubeconfig
from tests.contract.api import Api

__all__ = ["Site", "canary_sim", "kept"]

_numbers = count(1)


class Site:
    """`isvc/chat` is at 25 %, since 10 minutes, and nobody holds it."""

    def __init__(self, sim: Sim, folder: Path) -> None:
        self.api, self.namespace, self.folder = Api(sim.server), f"kept{next(_numbers)}", folder
        self.api.post("/api/v1/namespaces", {"metadata": {"name": self.namespace}}).ok()
        self.config = write_kubeconfig(folder / "config", sim.server, namespace=self.namespace)
        self.ref = target(self.namespace)
        self.ana = self.operator("ana")
        self.held = self.begun(self.ana)

    def operator(self, name: str, ago: float = 0.0) -> Operator:
        """As of so many seconds ago."""
        return operator(self.config, self.ref, name, Hands(at=time.time() - ago))

    def begun(self, one: Operator, number: str = "01JD1", **more: Any) -> Held:
        lines = (
            Happened(stamp(time.time() - 1200), "ana", "start", "image chat:v2", 0, 0),
            Happened(stamp(time.time() - 600), "ana", "shift", "5 % has passed", 5, 25),
        )
        times = {"begun": stamp(time.time() - 1200), "since": stamp(time.time() - 600)}
        known: dict[str, Any] = {"weight": 25, "step": 2, "passed": 5, "history": lines, **times, **more}
        held = one.kept.begin(rollout(self.ref, number, epoch=one.lease.take(), **known), BEFORE)
        one.lease.release()
        return held

    def become(self, **more: Any) -> None:
        """Another state, as if it had gone on."""
        from dataclasses import replace

        held = self.ana.kept.peek()
        assert held is not None
        self.ana.kept.save(held, replace(held.state, **more))

    def holds(self, name: str = "ben", ago: float = 0.0) -> Lease:
        """Somebody took the Lease so many seconds ago and has not been heard of since."""
        one = self.operator(name, ago)
        one.lease.take()
        self.become(epoch=one.lease.epoch)
        return one.lease

    @property
    def state(self) -> State:
        held = self.ana.kept.peek()
        assert held is not None
        return held.state

    @property
    def objects(self) -> list[str]:
        """What is there: `state`, `snapshot`, `lease`."""
        paths = ("/api/v1", "configmaps"), ("/apis/coordination.k8s.io/v1", "leases")
        listed = [
            one["metadata"]["labels"][names.PART]
            for root, kind in paths
            for one in self.api.get(f"{root}/namespaces/{self.namespace}/{kind}").ok()["items"]
            if names.PART in one["metadata"].get("labels", {})
        ]
        return sorted(listed)

    def garble(self, text: str) -> None:
        """Somebody edits the state by hand."""
        self.api.patch(names.state_at(self.ref).path, {"data": {"state.json": text}}).ok()

    # --- running ------------------------------------------------------------------------------------------------------

    def __call__(self, *words: str) -> Ran:
        ran = run("kubectl-ai_canary", *words, env=environment(self.folder, KUBECONFIG=str(self.config)))
        return Ran(ran.code, self.clean(ran.out), self.clean(ran.err))

    def clean(self, text: str) -> str:
        """Without what differs from run to run."""
        text = text.replace(names.stem(self.ref), "STEM").replace(self.namespace, "site")
        text = re.sub(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", "TIME", text)
        return re.sub(r"renewed \d+s ago", "renewed NOW ago", text)

    def document(self, *words: str, code: int = 0) -> dict[str, Any]:
        ran = self(*words, "-o", "json")
        assert ran.code == code, ran.err
        found: dict[str, Any] = json.loads(ran.out)
        return found


@pytest.fixture(scope="module")
def canary_sim() -> Iterator[Sim]:
    with Sim("empty") as running:
        yield running


@pytest.fixture
def kept(canary_sim: Sim, tmp_path: Path) -> Site:
    return Site(canary_sim, tmp_path)
