"""Disruption budgets over several pods: each pod that goes takes one, and a dry run takes none.

A dry run answers for one pod alone, so three pods under a budget of one pass three times. Here they are counted down.
Source: pkg/registry/core/pod/storage/eviction.go and the disruption controller, seen on 1.37.0.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

from k8sai.evict.facts import Json
from k8sai.evict.planning.verdicts import PASSES, Verdict
from k8sai.scheduling.selectors import labels_match

KIND: Final = "poddisruptionbudgets.policy"
_MOST: Final = 2000  # pods in disruptedPods
_ENDED: Final = ("Succeeded", "Failed")


@dataclass(frozen=True, eq=False)
class Budget:
    """One PodDisruptionBudget, with what its status says."""

    object: Json

    @cached_property
    def name(self) -> str:
        return str(self.object["metadata"]["name"])

    @cached_property
    def namespace(self) -> str:
        return str(self.object["metadata"].get("namespace", ""))

    @property
    def title(self) -> str:
        """`pdb serving/gw`."""
        return f"pdb {self.namespace}/{self.name}"

    @property
    def spec(self) -> Json:
        return self.object.get("spec") or {}

    @property
    def status(self) -> Json:
        return self.object.get("status") or {}

    def covers(self, pod: Json) -> bool:
        """It is about this pod; a budget without a selector is about none."""
        meta, wanted = pod["metadata"], self.spec.get("selector")
        return wanted is not None and meta.get("namespace") == self.namespace and labels_match(wanted, _labels(pod))

    def number(self, key: str) -> int:
        return int(self.status.get(key) or 0)

    @property
    def failed(self) -> str:
        """Why the controller cannot count it, "" where it can."""
        for one in self.status.get("conditions") or ():
            if one.get("type") == "DisruptionAllowed" and one.get("reason") == "SyncFailed":
                return str(one.get("message") or "its pods cannot be counted")
        return ""

    @property
    def stale(self) -> bool:
        return self.number("observedGeneration") < int(self.object["metadata"].get("generation") or 0)

    @property
    def hopeless(self) -> str:
        """Why it lets nobody go even when all its pods are well; "" where it does."""
        expected, wanted = self.number("expectedPods"), self.number("desiredHealthy")
        if self.failed:
            return f"its pods cannot be counted ({self.failed}), so it lets none go"
        if not self.stale and expected == 0 and "minAvailable" not in self.spec:
            return "it counts no pods: a maxUnavailable needs an owner with a scale, so it lets none go"
        if not self.stale and expected == 0 and _percent(self.spec.get("minAvailable")):
            return "it counts no pods: a percentage needs an owner with a scale, so it lets none go"
        if not self.stale and 0 < expected <= wanted:
            return f"it wants {wanted} of {expected} healthy: 0 disruptions are ever allowed"
        return ""


@dataclass(slots=True)
class Budgets:
    """Of the namespaces that are drained. What is let go here is counted, so the order of the questions matters."""

    budgets: Sequence[Budget] = ()
    spent: dict[tuple[str, str], int] = field(default_factory=dict)

    @classmethod
    def of(cls, objects: Iterable[Json]) -> "Budgets":
        return cls([Budget(one) for one in objects])

    def over(self, pod: Json) -> list[Budget]:
        """Those that cover a pod."""
        return [one for one in self.budgets if one.covers(pod)]

    def spend(self, pod: Json) -> Verdict:
        """What the server would say to its eviction after all that were let go before."""
        if _free(pod):
            return PASSES
        found = self.over(pod)
        if not found:
            return PASSES
        if len(found) > 1:
            names = " and ".join(one.title for one in found)
            return Verdict("never", f"{names} both cover it: the server evicts no pod with two budgets", found[0].name)
        return self._spend(found[0], pod)

    def _spend(self, one: Budget, pod: Json) -> Verdict:
        if not ready(pod) and _unhealthy_goes(one):
            return PASSES
        if one.hopeless:
            return Verdict("never", f"{one.title}: {one.hopeless}", one.name)
        if one.stale:
            return Verdict("stale", f"{one.title} is still being processed by the server", one.name)
        if len(one.status.get("disruptedPods") or ()) > _MOST:
            return Verdict("waits", f"{one.title} has more than {_MOST} evictions that nobody has confirmed", one.name)
        key = (one.namespace, one.name)
        taken = self.spent.get(key, 0)
        if one.number("disruptionsAllowed") > taken:
            self.spent[key] = taken + 1
            return PASSES
        return Verdict("waits", _needs(one, taken), one.name)

    def broken_by(self, pods: Sequence[Json]) -> list[tuple[Budget, str]]:
        """The budgets that do not allow these pods to go all at once, each with its arithmetic. Nothing is counted."""
        found: list[tuple[Budget, str]] = []
        for one in self.budgets:
            mine = [pod for pod in pods if one.covers(pod) and not _free(pod) and ready(pod)]
            if mine and len(mine) > _allowed(one, len(mine)):
                found.append((one, _together(one, len(mine))))
        return found


def _labels(pod: Json) -> dict[str, str]:
    return pod["metadata"].get("labels") or {}


def _free(pod: Json) -> bool:
    """Budgets are not asked about it."""
    phase = (pod.get("status") or {}).get("phase")
    return phase in (*_ENDED, "Pending") or bool(pod["metadata"].get("deletionTimestamp"))


def ready(pod: Json) -> bool:
    conditions = (pod.get("status") or {}).get("conditions") or ()
    return any(one.get("type") == "Ready" and one.get("status") == "True" for one in conditions)


def _unhealthy_goes(one: Budget) -> bool:
    if one.spec.get("unhealthyPodEvictionPolicy") == "AlwaysAllow":
        return True
    wanted = one.number("desiredHealthy")
    return wanted > 0 and one.number("currentHealthy") >= wanted and not one.stale


def _percent(said: object) -> bool:
    return isinstance(said, str) and said.endswith("%")


def _needs(one: Budget, taken: int) -> str:
    has = f"needs {one.number('desiredHealthy')} healthy, has {one.number('currentHealthy')}"
    allowed = one.number("disruptionsAllowed")
    if taken:
        return f"{one.title} {has}: {allowed} at a time, the next after its pods run elsewhere"
    return f"{one.title} {has}: {allowed} disruptions allowed"


def _allowed(one: Budget, asked: int) -> int:
    """How many may go now; where the controller cannot count, what the numbers of the spec say of these pods alone."""
    if not one.hopeless and not one.stale:
        return one.number("disruptionsAllowed")
    most = one.spec.get("maxUnavailable")
    if most is None:
        return 0
    if _percent(most):
        return -(-int(most[:-1]) * asked // 100)
    return int(most)


def _together(one: Budget, count: int) -> str:
    allowed = _allowed(one, count)
    pods = "its pod" if count == 1 else f"its {count} pods"
    if one.hopeless or one.stale:
        return f"{one.title} covers {pods}, and {one.hopeless or 'is still being processed'}"
    has = f"needs {one.number('desiredHealthy')} healthy, has {one.number('currentHealthy')}"
    return f"{one.title} {has}: {allowed} may go, and the stop takes {pods}"
