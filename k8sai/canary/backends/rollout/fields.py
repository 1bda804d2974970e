"""A Rollout with the canary strategy, field by field: what is asked for in its spec, what its controller says of it.

https://argo-rollouts.readthedocs.io/en/stable/features/specification/
"""

from dataclasses import dataclass
from typing import Final

from k8sai.canary.facts import Json

KIND: Final = "rollouts.argoproj.io"
HASH: Final = "rollouts-pod-template-hash"  # the label of a version's ReplicaSet and pods
STEP_PAUSE: Final = "CanaryPauseStep"


@dataclass(frozen=True, slots=True)
class Fields:
    """Of the Rollout as it was read; what is absent is as its controller takes it."""

    target: Json

    @property
    def spec(self) -> Json:
        found: Json = self.target.get("spec") or {}
        return found

    @property
    def status(self) -> Json:
        found: Json = self.target.get("status") or {}
        return found

    @property
    def canary(self) -> Json:
        """`spec.strategy.canary`."""
        found: Json = (self.spec.get("strategy") or {}).get("canary") or {}
        return found

    @property
    def steps(self) -> list[Json]:
        return list(self.canary.get("steps") or ())

    @property
    def replicas(self) -> int:
        found = self.spec.get("replicas")
        return 1 if found is None else int(found)

    @property
    def routed(self) -> bool:
        """A route splits the requests; else the pods do."""
        return bool(self.canary.get("trafficRouting"))

    @property
    def aborted(self) -> bool:
        return bool(self.status.get("abort"))

    @property
    def full(self) -> bool:
        """Somebody has had it promoted past all steps: an abort would be erased."""
        return bool(self.status.get("promoteFull"))

    @property
    def index(self) -> int:
        """Of the step on its way; absent is the first."""
        return int(self.status.get("currentStepIndex") or 0)

    @property
    def pauses(self) -> list[Json]:
        return list(self.status.get("pauseConditions") or ())
