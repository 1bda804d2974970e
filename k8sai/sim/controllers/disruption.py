"""PodDisruptionBudgets: how many of the selected pods may go right now."""

from math import ceil

from k8sai.scheduling.selectors import labels_match
from k8sai.sim import kinds
from k8sai.sim.controllers.desk import PODS, Desk, Key, finished, key_of, leaving, ready, with_condition
from k8sai.sim.objects import Obj, controller_of
from k8sai.sim.store import Event

BUDGETS = kinds.find("policy", "poddisruptionbudgets")
# Kinds whose replica count says how many pods a share is a share of.
_SCALED = {
    "ReplicaSet": kinds.find("apps", "replicasets"),
    "StatefulSet": kinds.find("apps", "statefulsets"),
}


class Disruption:
    """One key per budget."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._add = desk.queue("disruption", self.sync)

    def on_event(self, event: Event) -> None:
        if event.resource is BUDGETS:
            self._add(key_of(event.obj))
        elif event.resource is PODS:
            for budget in self._desk.store.list(BUDGETS, event.obj["metadata"]["namespace"]):
                if labels_match(budget["spec"].get("selector"), event.obj["metadata"].get("labels") or {}):
                    self._add(key_of(budget))

    def sync(self, key: Key) -> None:
        budget = self._desk.find(BUDGETS, key)
        if budget is None:
            return
        selector = budget["spec"].get("selector")
        pods = [
            p
            for p in self._desk.store.list(PODS, key[0])
            if labels_match(selector, p["metadata"].get("labels") or {}) and not finished(p)
        ]
        disrupted = (budget.get("status") or {}).get("disruptedPods") or {}
        healthy = sum(ready(p) and not leaving(p) and p["metadata"]["name"] not in disrupted for p in pods)
        expected, desired = self._needed(budget["spec"], pods)
        allowed = max(0, healthy - desired) if expected else 0
        status: Obj = {
            "observedGeneration": budget["metadata"].get("generation", 1),
            "currentHealthy": healthy,
            "desiredHealthy": desired,
            "expectedPods": expected,
            "disruptionsAllowed": allowed,
        }
        there = {p["metadata"]["name"] for p in pods if not leaving(p)}
        left = {name: at for name, at in disrupted.items() if name in there}
        if left:
            status["disruptedPods"] = left
        word = "SufficientPods" if allowed else "InsufficientPods"
        new = {
            "type": "DisruptionAllowed",
            "status": str(bool(allowed)),
            "reason": word,
            "message": "",
            "observedGeneration": status["observedGeneration"],
        }
        old = (budget.get("status") or {}).get("conditions")
        status["conditions"] = with_condition(old, new, self._desk.stamp())
        self._desk.put_status(BUDGETS, budget, status)

    def _needed(self, spec: Obj, pods: list[Obj]) -> tuple[int, int]:
        """(expected pods, how many of them must stay healthy)."""
        if "maxUnavailable" in spec:
            expected = self._expected(pods)
            return expected, max(0, expected - _share(spec["maxUnavailable"], expected))
        least = spec.get("minAvailable", 1)
        expected = self._expected(pods) if isinstance(least, str) else len(pods)
        return expected, _share(least, expected)

    def _expected(self, pods: list[Obj]) -> int:
        """What the controllers of the pods want in all; a pod whose controller has no count counts itself."""
        owners = {o["uid"]: (o, p["metadata"]["namespace"]) for p in pods for o in (controller_of(p),) if o}
        total = sum(controller_of(p) is None for p in pods)
        for uid, (owner, namespace) in owners.items():
            resource = _SCALED.get(owner["kind"])
            found = self._desk.store.find(resource, namespace, owner["name"]) if resource else None
            mine = sum((controller_of(p) or {}).get("uid") == uid for p in pods)
            total += found["spec"].get("replicas", 1) if found else mine
        return total


def _share(value: int | str, of: int) -> int:
    """A count, or a share rounded up."""
    return ceil(of * int(value.rstrip("%")) / 100) if isinstance(value, str) else value
