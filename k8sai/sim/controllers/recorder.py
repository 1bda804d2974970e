"""Events as controllers report them: the same thing said again counts up instead of being a new object."""

from k8sai.ages import stamp
from k8sai.sim import kinds
from k8sai.sim.clock import Clock
from k8sai.sim.objects import Obj
from k8sai.sim.status import ApiFailure
from k8sai.sim.store import Store

_EVENTS = kinds.find("", "events")
_LIFETIME = 3600.0  # seconds: kube-apiserver's --event-ttl
_SWEEP = 300.0


class Recorder:
    """Writes Events; forgets and deletes them after an hour."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._known: dict[tuple[str, ...], tuple[str, str, float]] = {}  # what -> namespace, name, last time
        self._sweeping = False

    def say(self, about: Obj, reason: str, message: str, *, by: str, warning: bool = False, action: str = "") -> None:
        """Record it about an object. `by` is the component, `action` what the scheduler was doing."""
        meta = about["metadata"]
        namespace = meta.get("namespace") or "default"
        now = self._clock.now()
        same = (meta["uid"], reason, message, by)
        known = self._known.get(same)
        if known is not None and self._again(known, now):
            self._known[same] = (known[0], known[1], now)
            return
        event = _event(about, namespace, reason, message, by, stamp(now))
        event["type"] = "Warning" if warning else "Normal"
        if action:
            event["action"] = action
        try:
            stored = self._store.create(_EVENTS, event)
        except ApiFailure as failure:
            if failure.code in (403, 404):  # the namespace is going or gone
                return
            raise
        self._known[same] = (namespace, stored["metadata"]["name"], now)
        if not self._sweeping:
            self._sweeping = True
            self._clock.after(_SWEEP, self._sweep)

    def _again(self, known: tuple[str, str, float], now: float) -> bool:
        old = self._store.find(_EVENTS, known[0], known[1])
        if old is None:
            return False
        self._store.update(_EVENTS, {**old, "count": old.get("count", 1) + 1, "lastTimestamp": stamp(now)})
        return True

    def _sweep(self) -> None:
        limit = self._clock.now() - _LIFETIME
        for what, (namespace, name, last) in list(self._known.items()):
            if last < limit:
                del self._known[what]
                if self._store.find(_EVENTS, namespace, name):
                    self._store.delete(_EVENTS, namespace, name)
        self._sweeping = bool(self._known)
        if self._sweeping:
            self._clock.after(_SWEEP, self._sweep)


def _event(about: Obj, namespace: str, reason: str, message: str, by: str, now: str) -> Obj:
    meta = about["metadata"]
    involved: Obj = {
        "apiVersion": about.get("apiVersion", "v1"),
        "kind": about.get("kind", "Pod"),
        "name": meta["name"],
        "uid": meta["uid"],
        "resourceVersion": meta.get("resourceVersion", ""),
    }
    if meta.get("namespace"):
        involved["namespace"] = meta["namespace"]
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"generateName": f"{meta['name'][:200]}.", "namespace": namespace},
        "involvedObject": involved,
        "reason": reason,
        "message": message,
        "source": {"component": by},
        "reportingComponent": by,
        "reportingInstance": "",
        "firstTimestamp": now,
        "lastTimestamp": now,
        "eventTime": None,
        "count": 1,
    }
