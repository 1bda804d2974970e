"""A process of its own: the embedded cluster with very many nodes, in which so many watch events happen a second.

    python -m tests.bench.crowd NODES EVENTS KUBECONFIG

It says "ready" once it is loaded; a line on its stdin begins the events, the end of its stdin ends it.
"""

import asyncio
import os
import random
import sys
import time
import traceback
from concurrent.futures import Future
from pathlib import Path
from typing import Any

from k8sai.sim import kinds
from k8sai.sim.cluster import Sim
from k8sai.sim.objects import Obj
from k8sai.sim.store import Store

_PODS = kinds.find("", "pods")
_TICK = 0.02  # seconds between bursts


class Churn:
    """Pods that end, and others that take their cards: two watch events each, and the node changes twice."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._chance = random.Random(7)
        self._pods: list[Obj] = list(store.list(_PODS))

    async def run(self, rate: float) -> None:
        """So many events a second, until cancelled."""
        began, done = time.perf_counter(), 0
        while True:
            due = int((time.perf_counter() - began) * rate)
            while done < due:
                self._turn()
                done += 2
            await asyncio.sleep(_TICK)

    def _turn(self) -> None:
        at = self._chance.randrange(len(self._pods))
        old = self._pods[at]
        meta: dict[str, Any] = old["metadata"]
        self._store.delete(_PODS, meta["namespace"], meta["name"], grace=0)
        uid = self._store.names.uid()
        other = {k: v for k, v in meta.items() if k not in ("resourceVersion", "deletionTimestamp")}
        new = {**old, "metadata": {**other, "name": f"run-{uid}", "uid": uid}}
        self._pods[at] = self._store.restore(_PODS, new)


class Crowd(Sim):
    """The embedded cluster with its churn."""

    def begin(self, rate: float) -> None:
        """So many events a second, from now on."""
        if self._loop is not None:
            churning = asyncio.run_coroutine_threadsafe(Churn(self._store).run(rate), self._loop)
            churning.add_done_callback(_told)


def _told(churning: "Future[None]") -> None:
    """Events that end by themselves would make every figure look better than it is."""
    if not churning.cancelled() and (error := churning.exception()) is not None:
        traceback.print_exception(error)
        os._exit(1)


def main(nodes: int, events: float, kubeconfig: Path) -> None:
    """Load, say so, and run until nobody listens."""
    crowd = Crowd("huge", nodes=nodes)
    with crowd:
        crowd.write_kubeconfig(kubeconfig)
        print("ready", flush=True)
        if sys.stdin.readline():
            crowd.begin(events)
            sys.stdin.read()


if __name__ == "__main__":
    main(int(sys.argv[1]), float(sys.argv[2]), Path(sys.argv[3]))
