"""DeviceTaintRules: what NoExecute takes from its devices, and what None says it would take.

Source: 1.37 `pkg/controller/devicetainteviction`. Budgets are not asked, tolerations of nodes do not help: only those
in the request of a claim do.
"""

from collections.abc import Iterator

from k8sai.ages import epoch
from k8sai.scheduling.selectors import tolerates
from k8sai.sim import kinds
from k8sai.sim.controllers.claims import CLAIMS, claims_of
from k8sai.sim.controllers.desk import PODS, Desk, condition, finished, leaving, with_condition
from k8sai.sim.memory import Event
from k8sai.sim.objects import Obj

RULES = kinds.find("resource.k8s.io", "devicetaintrules")
SLICES = kinds.find("resource.k8s.io", "resourceslices")
_SAID = "EvictionInProgress"
_TARGET = {
    "type": "DisruptionTarget",
    "status": "True",
    "reason": "DeletionByDeviceTaintManager",
    "message": "Device Taint manager: deleting due to NoExecute taint",
}
_AGAIN = "This information will not be updated again. Recreate the DeviceTaintRule to trigger an update."


class DeviceTaints:
    """One key per rule; a pod that gets devices asks for all that evict."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._add = desk.queue("devicetaints", self.sync)
        self._evicted: dict[str, set[str]] = {}  # uids of pods by that of the rule

    def on_event(self, event: Event) -> None:
        if event.resource is RULES and event.type != "DELETED":
            self._add(event.obj["metadata"]["name"])
        elif event.resource in (PODS, CLAIMS):
            for rule in self._desk.store.list(RULES):
                if _effect(rule) == "NoExecute":
                    self._add(rule["metadata"]["name"])

    def sync(self, name: str) -> None:
        rule = self._desk.find(RULES, ("", name))
        if rule is None or leaving(rule):
            return
        known = condition(rule, _SAID) or {}
        seen = known.get("observedGeneration") == rule["metadata"].get("generation", 1)
        if _effect(rule) == "NoExecute":
            self._evict(rule)
        elif seen:
            return
        self._say(rule, *self._words(rule))

    def _evict(self, rule: Obj) -> None:
        for pod, seconds in list(self._hit(rule)):
            if seconds is None:
                continue
            since = epoch(rule["spec"]["taint"].get("timeAdded") or rule["metadata"]["creationTimestamp"])
            left = since + seconds - self._desk.clock.now()
            if left > 0:
                self._desk.clock.after(left, lambda: self._add(rule["metadata"]["name"]))
                continue
            self._evicted.setdefault(rule["metadata"]["uid"], set()).add(pod["metadata"]["uid"])
            state = pod.get("status") or {}
            marked = with_condition(state.get("conditions"), _TARGET, self._desk.stamp())
            self._desk.delete(PODS, self._desk.put_status(PODS, pod, {**state, "conditions": marked}) or pod)

    def _hit(self, rule: Obj) -> Iterator[tuple[Obj, float | None]]:
        """Pods with a device of the rule, and how long each may stay: None for ever."""
        for pod in self._desk.store.list(PODS):
            if leaving(pod) or finished(pod) or not pod["spec"].get("nodeName"):
                continue
            stays = [stay for claim in claims_of(self._desk, pod) for stay in _stays(rule, claim)]
            if stays:
                limits = [one for one in stays if one is not None]
                yield pod, min(limits) if limits else None

    def _words(self, rule: Obj) -> tuple[str, str, str]:
        """Status, reason and message of the condition."""
        pending = [pod for pod, seconds in self._hit(rule) if seconds is not None]
        places = len({pod["metadata"]["namespace"] for pod in pending})
        gone = len(self._evicted.get(rule["metadata"]["uid"], ()))
        past = f"{_count(gone, 'pod')} evicted since starting the controller." if gone else ""
        where = "1 namespace" if places == 1 else f"{places} different namespaces"
        if _effect(rule) == "NoExecute":
            if not pending:
                return "False", "Completed" if gone else "NotStarted", past
            need = "needs" if len(pending) == 1 else "need"
            return (
                "True",
                "PodsPendingEviction",
                f"{_count(len(pending), 'pod')} {need} to be evicted in {where}. {past}",
            )
        if _effect(rule) != "None":
            return "False", "OtherEffect", "Eviction only happens for the NoExecute effect."
        chosen = f"{_count(self._published(rule), 'published device')} selected. "
        chosen += f"{_count(self._allocated(rule), 'allocated device')} selected. "
        would = f"{_count(len(pending), 'pod')} would be evicted in {where} if the effect was NoExecute. {_AGAIN}"
        return "False", "NoEffect", chosen + would

    def _published(self, rule: Obj) -> int:
        specs = [one["spec"] for one in self._desk.store.list(SLICES)]
        return sum(
            _selects(rule, spec["driver"], spec["pool"]["name"], device["name"])
            for spec in specs
            for device in spec.get("devices") or ()
        )

    def _allocated(self, rule: Obj) -> int:
        return sum(len(list(_chosen(rule, claim))) for claim in self._desk.store.list(CLAIMS))

    def _say(self, rule: Obj, status: str, reason: str, message: str) -> None:
        new: Obj = {"type": _SAID, "status": status, "reason": reason, "message": message.strip()}
        new["observedGeneration"] = rule["metadata"].get("generation", 1)
        state = rule.get("status") or {}
        conditions = with_condition(state.get("conditions"), new, self._desk.stamp())
        self._desk.put_status(RULES, rule, {**state, "conditions": conditions})


def _effect(rule: Obj) -> str:
    return str(rule["spec"]["taint"].get("effect", ""))


def _selects(rule: Obj, driver: str, pool: str, device: str) -> bool:
    """A rule without a selector selects nothing."""
    wanted = rule["spec"].get("deviceSelector")
    given = {"driver": driver, "pool": pool, "device": device}
    return wanted is not None and all(wanted.get(key, value) == value for key, value in given.items())


def _chosen(rule: Obj, claim: Obj) -> Iterator[Obj]:
    allocation = (claim.get("status") or {}).get("allocation") or {}
    for result in (allocation.get("devices") or {}).get("results") or ():
        if _selects(rule, result["driver"], result["pool"], result["device"]):
            yield result


def _stays(rule: Obj, claim: Obj) -> Iterator[float | None]:
    """For each device of the rule: how many seconds its user may keep it; None for ever."""
    taint = {**rule["spec"]["taint"], "effect": "NoExecute"}
    for result in _chosen(rule, claim):
        matching = [one for one in result.get("tolerations") or () if tolerates((one,), taint)]
        limits = [one["tolerationSeconds"] for one in matching if one.get("tolerationSeconds") is not None]
        yield 0.0 if not matching else float(min(limits)) if limits else None


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"
