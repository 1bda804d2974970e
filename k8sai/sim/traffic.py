"""Requests to models: for each script, how many reached which pod since it came up, by the weights as they really were.

A change of a route, of the pods behind it or of the script ends a stretch of time and begins another; counters are
integrals over stretches, so the past can be asked for. Nothing is drawn by chance.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from math import inf
from typing import Final
from weakref import WeakKeyDictionary
from zlib import crc32

from k8sai.sim import kinds
from k8sai.sim.controllers.desk import Desk, key_of
from k8sai.sim.memory import Event
from k8sai.sim.objects import Obj
from k8sai.sim.store import Store
from k8sai.sim.traffic_routes import serves, shares
from k8sai.sim.traffic_script import LABEL, Behaviour, Script, scripts

_CONFIGS: Final = kinds.find("", "configmaps")
_PODS: Final = kinds.find("", "pods")
_ROUTING: Final = frozenset(
    ("services", "pods", "httproutes", "inferencepools", "virtualservices", "destinationrules", "rollouts")
) | {"inferencemodelrewrites", "llminferenceservices", "inferenceservices"}


Flow = tuple[float, Behaviour]  # requests a second, and how they are answered
_Key = tuple[Script, str, str, tuple[str, int]]


@dataclass(slots=True)
class Stretch:
    """A time (epoch seconds) in which so many requests a second were answered in one way."""

    since: float
    rate: float
    behaviour: Behaviour
    until: float = inf


@dataclass(slots=True)
class Life:
    """A server process: its counters begin at 0 with it. `model` is the name that was asked for, if there are many."""

    script: Script
    pod: str
    model: str
    process: tuple[str, int]  # uid of the pod, restarts
    stretches: list[Stretch] = field(default_factory=list)

    def turn(self, now: float, flow: "Flow | None") -> None:
        """From now on so many requests a second, answered so; None: it does not serve."""
        last = self.stretches[-1] if self.stretches else None
        if last is not None and last.until == inf:
            if flow == (last.rate, last.behaviour):
                return
            last.until = now
        if flow is not None:
            self.stretches.append(Stretch(now, *flow))

    def at(self, time: float) -> bool:
        """It answers scrapes then."""
        return any(one.since <= time < one.until for one in self.stretches)

    def sum(self, time: float, share: Callable[[Behaviour], float] = lambda _: 1.0) -> int:
        """Requests until then, of those that the behaviour gives a share to."""
        spans = ((one, max(0.0, min(time, one.until) - one.since)) for one in self.stretches)
        return int(sum(one.rate * seconds * share(one.behaviour) for one, seconds in spans) + self.start)

    @property
    def start(self) -> float:
        """Part of a request that is under way at first, 0..1: or many pods would have their first error together."""
        return 0.999 * crc32(self.pod.encode()) / 2**32 + 1e-6


class Traffic:
    """Listens to everything that may change where requests go; costs nothing where there is no script."""

    def __init__(self, desk: Desk) -> None:
        self._store = desk.store
        self._scripts: dict[tuple[str, str], list[Script]] = {}
        self._lives: Lives = {}
        _OF[desk.store] = self._lives

    def on_event(self, event: Event) -> None:
        if event.resource is _CONFIGS and LABEL in {**_labels(event.obj), **_labels(event.old or event.obj)}:
            told = scripts(event.obj) if event.type != "DELETED" and LABEL in _labels(event.obj) else []
            self._scripts[key_of(event.obj)] = told
            self._look()
        elif self._scripts and event.resource.plural in _ROUTING and self._near(event.obj):
            self._look()

    def _near(self, obj: Obj) -> bool:
        """It is where a script is; pods of other namespaces come and go by the thousand."""
        return any(key_of(obj)[0] == space for space, _ in self._scripts)

    def _look(self) -> None:
        now, flows = self._store.now(), dict(self._flows())
        for key in {**self._lives, **flows}:
            self._lives.setdefault(key, Life(*key)).turn(now, flows.get(key))

    def _flows(self) -> "Iterator[tuple[_Key, Flow]]":
        for script in (one for told in self._scripts.values() for one in told):
            for (name, model), share in shares(self._store, script.kind, (script.namespace, script.name)).items():
                pod = self._store.find(_PODS, script.namespace, name)
                if pod is not None and serves(pod):
                    yield (
                        (_bare(script), name, model, _process(pod)),
                        (script.rate * share, script.behaviour(pod, model)),
                    )


Lives = dict[_Key, Life]
_OF: WeakKeyDictionary[Store, Lives] = WeakKeyDictionary()


def lives(store: Store, time: float) -> list[Life]:
    """The processes that can be scraped at a time."""
    return [life for life in _OF.get(store, {}).values() if life.at(time)]


def _bare(script: Script) -> Script:
    """What does not change with how much is asked and how it is answered."""
    return Script(script.namespace, script.kind, script.name, 0.0, script.model)


def _process(pod: Obj) -> tuple[str, int]:
    statuses = (pod.get("status") or {}).get("containerStatuses") or ()
    return pod["metadata"]["uid"], sum(one.get("restartCount", 0) for one in statuses)


def _labels(obj: Obj) -> dict[str, str]:
    return obj["metadata"].get("labels") or {}
