"""A Rollout with its ReplicaSets as its controller looks at them once.

Source: Argo Rollouts 1.9, rollout/context.go and utils/replicaset.
"""

import hashlib
import json
from dataclasses import dataclass
from typing import Final

from k8sai.canary.backends.rollout.fields import HASH, Fields
from k8sai.sim import kinds
from k8sai.sim.controllers.deployments import template_hash
from k8sai.sim.objects import Obj

ROLLOUTS: Final = kinds.find("argoproj.io", "rollouts")
REVISION: Final = "rollout.argoproj.io/revision"
DEADLINE: Final = "scale-down-deadline"


@dataclass(frozen=True, slots=True)
class Facts(Fields):
    """`new` is the ReplicaSet of the template as it is now, `stable` that of the version that has everything."""

    sets: tuple[Obj, ...]
    new: Obj | None
    stable: Obj | None
    now: float

    @property
    def dynamic(self) -> bool:
        return self.routed and bool(self.canary.get("dynamicStableScale"))

    @property
    def step(self) -> Obj | None:
        """The one on its way."""
        return self.steps[self.index] if self.index < len(self.steps) else None

    @property
    def promoted(self) -> bool:
        return bool(self.status.get("stableRS") == self.status.get("currentPodHash"))

    @property
    def others(self) -> list[Obj]:
        """Neither new nor stable."""
        known = {hash_of(one) for one in (self.new, self.stable) if one is not None}
        return [one for one in self.sets if hash_of(one) not in known]

    @property
    def wanted_hash(self) -> str:
        return template_hash(self.spec["template"])

    @property
    def steps_hash(self) -> str:
        return hashlib.sha256(json.dumps(self.steps, sort_keys=True).encode()).hexdigest()[:10]

    @property
    def within_window(self) -> bool:
        """An older version comes back, and rollbackWindow says that it need not walk the steps."""
        window = int((self.spec.get("rollbackWindow") or {}).get("revisions") or 0)
        if not window or self.new is None or self.stable is None:
            return False
        first, last = _made(self.new), _made(self.stable)
        return first < last and sum(first < _made(one) < last for one in self.sets) < window


def hash_of(replicaset: Obj | None) -> str:
    """Of its version; "" for none."""
    return str(replicaset["metadata"]["labels"][HASH]) if replicaset else ""


def size(replicaset: Obj | None) -> int:
    """Pods that are wanted."""
    return int(replicaset["spec"].get("replicas", 0)) if replicaset else 0


def count(replicaset: Obj | None, word: str) -> int:
    """Of its status: replicas, readyReplicas, availableReplicas."""
    return int((replicaset.get("status") or {}).get(word, 0)) if replicaset else 0


def available(replicaset: Obj | None) -> int:
    return count(replicaset, "availableReplicas")


def revision(obj: Obj) -> int:
    """Of a ReplicaSet or a Rollout; 0 before it has one."""
    return int((obj["metadata"].get("annotations") or {}).get(REVISION, "0"))


def _made(replicaset: Obj) -> tuple[str, int]:
    return replicaset["metadata"]["creationTimestamp"], int(replicaset["metadata"]["resourceVersion"])
