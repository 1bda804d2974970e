"""PodDisruptionBudgets: how many of the selected pods may go right now."""

from math import ceil

from k8sai.ages import epoch
from k8sai.scheduling.selectors import labels_match
from k8sai.sim import kinds
from k8sai.sim.controllers.desk import PODS, Desk, Key, condition, key_of, leaving, ready, with_condition
from k8sai.sim.memory import Event
from k8sai.sim.objects import Obj, controller_of

BUDGETS = kinds.find("policy", "poddisruptionbudgets")
_BY = "controllermanager"
_PATIENCE = 120.0  # seconds until an eviction that was granted and did not happen is forgotten


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
        pods = [p for p in self._desk.store.list(PODS, key[0]) if _selected(selector, p)]
        needed = self._needed(budget["spec"], pods)
        if isinstance(needed, str):
            self._fail(budget, needed)
            return
        expected, desired = needed
        disrupted = self._disrupted(budget, pods)
        healthy = sum(ready(p) and not leaving(p) and p["metadata"]["name"] not in disrupted for p in pods)
        allowed = max(0, healthy - desired) if expected else 0
        status: Obj = {
            "observedGeneration": budget["metadata"].get("generation", 1),
            "currentHealthy": healthy,
            "desiredHealthy": desired,
            "expectedPods": expected,
            "disruptionsAllowed": allowed,
        }
        if disrupted:
            status["disruptedPods"] = disrupted
        word = "SufficientPods" if allowed else "InsufficientPods"
        self._write(budget, status, word, "", status["observedGeneration"])

    def _fail(self, budget: Obj, why: str) -> None:
        """No count, so nobody may go: the generation stays unobserved, and evictions are told to wait for ever."""
        old = budget.get("status") or {}
        failed = (condition(budget, "DisruptionAllowed") or {}).get("reason") == "SyncFailed"
        if not failed:
            text = f"Failed to calculate the number of expected pods: {why}"
            self._desk.recorder.say(budget, "CalculateExpectedPodCountFailed", text, by=_BY, warning=True)
        self._write(budget, {**old, "disruptionsAllowed": 0}, "SyncFailed", why, old.get("observedGeneration", 0))

    def _write(self, budget: Obj, status: Obj, reason: str, message: str, seen: int) -> None:
        new: Obj = {
            "type": "DisruptionAllowed",
            "status": str(reason == "SufficientPods"),
            "reason": reason,
            "message": message,
        }
        if seen:
            new["observedGeneration"] = seen
        old = (budget.get("status") or {}).get("conditions")
        self._desk.put_status(BUDGETS, budget, {**status, "conditions": with_condition(old, new, self._desk.stamp())})

    def _disrupted(self, budget: Obj, pods: list[Obj]) -> dict[str, str]:
        """Evictions that were granted and whose pods are still there; after two minutes they count no more."""
        granted = (budget.get("status") or {}).get("disruptedPods") or {}
        there = {p["metadata"]["name"] for p in pods if not leaving(p)}
        left = {name: epoch(at) + _PATIENCE - self._desk.clock.now() for name, at in granted.items() if name in there}
        waits = [seconds for seconds in left.values() if seconds > 0]
        if waits:
            key = key_of(budget)
            self._desk.clock.after(min(waits), lambda: self._add(key))
        return {name: granted[name] for name, seconds in left.items() if seconds > 0}

    def _needed(self, spec: Obj, pods: list[Obj]) -> tuple[int, int] | str:
        """(expected pods, how many of them must stay healthy), or why that cannot be said."""
        least = spec.get("minAvailable", 1)
        if "maxUnavailable" not in spec and not isinstance(least, str):
            return len(pods), least
        expected = self._expected(pods)
        if isinstance(expected, str):
            return expected
        if "maxUnavailable" in spec:
            return expected, max(0, expected - _share(spec["maxUnavailable"], expected))
        return expected, _share(least, expected)

    def _expected(self, pods: list[Obj]) -> int | str:
        """What the controllers of the pods want in all; a pod without one does not count, one without a scale fails."""
        owners = {o["uid"]: (o, p["metadata"]["namespace"]) for p in pods for o in (controller_of(p),) if o}
        scales: dict[str, int] = {}
        for owner, namespace in owners.values():
            found = self._scaled(owner, namespace)
            if isinstance(found, str):
                return found
            scales |= found
        return sum(scales.values())

    def _scaled(self, owner: Obj, namespace: str) -> dict[str, int] | str:
        """What the owner wants, or the Deployment above it, by its uid."""
        resource = self._desk.store.catalog.of(owner)
        if resource is None or "scale" not in resource.subresources:
            return f"{resource.title if resource else owner['kind']} does not implement the scale subresource"
        found = self._desk.store.find(resource, namespace, owner["name"])
        above = controller_of(found) if found else None
        if above is not None and above["kind"] == "Deployment":
            return self._scaled(above, namespace)
        return {owner["uid"]: int(found["spec"].get("replicas", 1))} if found else {}


def _selected(selector: Obj | None, pod: Obj) -> bool:
    return labels_match(selector, pod["metadata"].get("labels") or {})


def _share(value: int | str, of: int) -> int:
    """A count, or a share rounded up."""
    return ceil(of * int(value.rstrip("%")) / 100) if isinstance(value, str) else value
