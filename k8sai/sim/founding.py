"""A cluster's store as its first user finds it: what every cluster has is there, and its own controllers follow."""

import time
from collections.abc import Callable

from k8sai.sim.default_roles import Aggregation
from k8sai.sim.definitions import Definitions
from k8sai.sim.gc import Collector
from k8sai.sim.namespaces import Namespaces, bootstrap
from k8sai.sim.store import Store


def founded(*, now: Callable[[], float] = time.time, seed: int = 0, window: int = 10_000) -> Store:
    """A new store. `now` tells the time in epoch seconds; `window` is how many writes a kind remembers."""
    store = Store(now=now, seed=seed, window=window)
    for follower in (Collector(store), Namespaces(store), Definitions(store), Aggregation(store)):
        store.subscribe(follower.on_event)
    bootstrap(store)
    return store
