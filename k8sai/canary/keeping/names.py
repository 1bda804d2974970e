"""What the objects of a rollout are called: two ConfigMaps and a Lease in the target's namespace, found by a label.

The snapshot has the rollout's id in its name. So what brings one rollout back is never overwritten by the next one, and
two operators who begin at once cannot take each other's.
"""

from hashlib import sha256
from typing import Final, Literal

from k8sai.canary.facts import Json, Ref
from k8sai.cluster.discovery import Resource
from k8sai.cluster.writing import Target

LABEL: Final = "k8sai.dev/canary"  # "1" on everything that belongs to rollouts
OF: Final = "k8sai.dev/canary-of"  # the stem: what belongs to one target
PART: Final = "k8sai.dev/canary-part"
TARGET: Final = "k8sai.dev/canary-target"  # an annotation: kind/name, for people and for what cannot be read

Part = Literal["state", "snapshot", "lease"]

CONFIG_MAPS: Final = Resource("", "v1", "configmaps", "ConfigMap", True, ())
LEASES: Final = Resource("coordination.k8s.io", "v1", "leases", "Lease", True, ())


def stem(ref: Ref) -> str:
    """The name of the state and of the Lease: `k8sai-canary-5d0f3b1c9a7e`, of kind and name."""
    return f"k8sai-canary-{sha256(f'{ref.kind}/{ref.name}'.encode()).hexdigest()[:12]}"


def state_at(ref: Ref) -> Target:
    """The ConfigMap that is written again and again."""
    return Target(CONFIG_MAPS, ref.namespace, stem(ref))


def snapshot_at(ref: Ref, rollout: str) -> Target:
    """The immutable ConfigMap of the rollout of this id."""
    return Target(CONFIG_MAPS, ref.namespace, f"{stem(ref)}-{rollout.lower()}-snapshot")


def lease_at(ref: Ref) -> Target:
    """Who holds the rollout."""
    return Target(LEASES, ref.namespace, stem(ref))


def metadata(target: Target, ref: Ref, part: Part) -> Json:
    """Of an object that is to be made."""
    labels = {LABEL: "1", OF: stem(ref), PART: part}
    annotations = {TARGET: f"{ref.kind}/{ref.name}"}
    return {"name": target.name, "namespace": target.namespace, "labels": labels, "annotations": annotations}
