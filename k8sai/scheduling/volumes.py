"""Volumes: claims that are missing, wait to be bound or bind a pod to some nodes; with kube-scheduler's own words.

Not looked at: the capacity a CSI driver reports, and how many volumes a node may attach.
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from k8sai.quantity import whole
from k8sai.scheduling.filters import Refusal
from k8sai.scheduling.nodes import NodeInfo, PodInfo
from k8sai.scheduling.selectors import labels_match
from k8sai.scheduling.storage import (
    CLAIMS,
    CLASSES,
    VOLUMES,
    Bindings,
    Storage,
    bound_to,
    class_name,
    could_serve,
    is_bound,
    reaches,
    size_asked,
)

Json = dict[str, Any]

UNBOUND = "pod has unbound immediate PersistentVolumeClaims"
NONE_TO_BIND = "node(s) didn't find available persistent volumes to bind"
OTHER_NODE = "node(s) didn't match PersistentVolume's node affinity"
NO_VOLUME = "node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)"
OTHER_ZONE = "node(s) had no available volume zone"
IN_USE = (
    "node(s) unavailable due to PersistentVolumeClaim with ReadWriteOncePod access mode already in-use by another pod"
)

_SELECTED = "volume.kubernetes.io/selected-node"
_STATIC = ("", "kubernetes.io/no-provisioner")
_ZONES = {
    "topology.kubernetes.io/zone": "topology.kubernetes.io/zone",
    "topology.kubernetes.io/region": "topology.kubernetes.io/region",
    "failure-domain.beta.kubernetes.io/zone": "topology.kubernetes.io/zone",
    "failure-domain.beta.kubernetes.io/region": "topology.kubernetes.io/region",
}


class Volumes:
    """The filter for one pod. `barred` refuses every node alike; `unknown` says what could not be judged.

    `taken` are volumes that pods placed before have chosen; `chosen` says which this pod would, by node.
    """

    __slots__ = (
        "_bound", "_busy", "_delayed", "_home", "_once", "_storage", "_taken", "barred", "chosen", "unknown"
    )  # fmt: skip

    def __init__(
        self, pod: PodInfo, storage: Storage, users: Iterable[PodInfo] = (), taken: Iterable[str] = ()
    ) -> None:
        self._storage, self._taken = storage, taken
        self.barred: Refusal | None = None
        self.unknown: frozenset[str] = frozenset()
        self.chosen: dict[str, Bindings] = {}
        self._home = pod.namespace
        self._bound: list[Json] = []
        self._delayed: list[Json] = []
        self._once: tuple[str, ...] = ()  # claims that one pod alone may use at a time
        self._busy = False
        if not pod.volumes:
            return
        if CLAIMS in storage.unread:
            self.unknown = frozenset((CLAIMS,))
            self._known_only(pod)
        else:
            self.barred = self._sort(pod)
        self._busy = bool(self._once) and any(
            user.uid != pod.uid and user.namespace == pod.namespace and set(self._once) & set(user.volumes)
            for user in users
        )

    def placed(self, other: PodInfo, bindings: Bindings) -> None:
        """Another pod runs now, and these claims were bound for it."""
        if other.namespace != self._home or not other.volumes:
            return
        self._busy = self._busy or bool(set(self._once) & set(other.volumes))
        for name, volume in bindings:
            for claim in [c for c in self._delayed if c["metadata"]["name"] == name]:
                self._delayed.remove(claim)
                self._bound.append(bound_to(claim, volume))

    def room(self, most: int) -> int:
        """Pods that share a claim which only one may use do not share anything else."""
        return min(most, 1) if self._once else most

    def __bool__(self) -> bool:
        return bool(self.barred or self._bound or self._delayed or self._once)

    def _known_only(self, pod: PodInfo) -> None:
        """Claims that came with the pod are known even where the cluster's cannot be read."""
        known = tuple(name for name in pod.volumes if (pod.namespace, name) in self._storage.claims)
        if known:
            self.barred = self._sort(replace(pod, volumes=known))

    def _sort(self, pod: PodInfo) -> Refusal | None:
        for name in pod.volumes:
            claim = self._storage.claims.get((pod.namespace, name))
            text = self._lacking(pod, name, claim)
            if text:
                return Refusal((text,), True, "VolumeBinding", name)
            assert claim is not None
            if "ReadWriteOncePod" in (claim["spec"].get("accessModes") or ()):
                self._once = (*self._once, name)
            if is_bound(claim):
                self._bound.append(claim)
                continue
            if CLASSES in self._storage.unread and class_name(claim):
                self.unknown |= {CLASSES}
                continue
            if self._waits(claim):
                self._delayed.append(claim)
            else:
                return Refusal((UNBOUND,), True, "VolumeBinding", name)
        return None

    def _lacking(self, pod: PodInfo, name: str, claim: Json | None) -> str:
        if claim is None:
            own = any(f"{pod.name}-{v['name']}" == name for v in pod.spec.get("volumes") or () if "ephemeral" in v)
            if own:
                return f'waiting for ephemeral volume controller to create the persistentvolumeclaim "{name}"'
            return f'persistentvolumeclaim "{name}" not found'
        if (claim.get("status") or {}).get("phase") == "Lost":
            lost = claim["spec"].get("volumeName", "")
            return f'persistentvolumeclaim "{name}" bound to non-existent persistentvolume "{lost}"'
        if claim["metadata"].get("deletionTimestamp"):
            return f'persistentvolumeclaim "{name}" is being deleted'
        return ""

    def _waits(self, claim: Json) -> bool:
        """It is bound when its first pod is placed, and to no volume named beforehand."""
        of = self._storage.class_of(claim)
        delayed = of is not None and of.get("volumeBindingMode") == "WaitForFirstConsumer"
        return delayed and not claim["spec"].get("volumeName")

    def check(self, node: NodeInfo) -> Refusal | None:
        """Whether the pod's volumes can be had on the node."""
        if self.barred:
            return self.barred
        if self._busy:
            return Refusal((IN_USE,), False, "VolumeRestrictions", ", ".join(self._once))
        return self._binding(node) or self._zone(node)

    def _binding(self, node: NodeInfo) -> Refusal | None:
        reasons, about = [], []
        for claim in self._bound:
            volume = self._storage.volumes.get(claim["spec"]["volumeName"])
            if volume is None:
                if VOLUMES not in self._storage.unread:
                    reasons.append(NO_VOLUME)
                    about.append(claim["metadata"]["name"])
                    break
            elif not reaches(volume, node):
                reasons.append(OTHER_NODE)
                about.append(claim["metadata"]["name"])
                break
        lacking = self._unbindable(node)
        if lacking:
            reasons.append(NONE_TO_BIND)
            about.append(lacking)
        return Refusal(tuple(sorted(reasons)), True, "VolumeBinding", ", ".join(about)) if reasons else None

    def _unbindable(self, node: NodeInfo) -> str:
        """The claim that gets no volume on this node, or ""."""
        chosen: list[tuple[str, str]] = []
        for claim in sorted(self._delayed, key=lambda c: size_asked(c)):
            selected = (claim["metadata"].get("annotations") or {}).get(_SELECTED)
            if selected and selected != node.name:
                return str(claim["metadata"]["name"])
            volume = None if selected else self._smallest(claim, node, (v for _, v in chosen))
            if volume is not None:
                chosen.append((claim["metadata"]["name"], volume))
            elif not self._provisions(claim, node):
                return str(claim["metadata"]["name"])
        self.chosen[node.name] = tuple(chosen)
        return ""

    def _smallest(self, claim: Json, node: NodeInfo, chosen: Iterable[str]) -> str | None:
        """The volume kube-scheduler would bind: made for this claim, else the smallest that will do."""
        used = {*self._taken, *chosen}
        size, spec, best = size_asked(claim), claim["spec"], None
        for name, volume in self._storage.volumes.items():
            if name in used or not could_serve(volume, claim, size) or not reaches(volume, node):
                continue
            if volume["spec"].get("claimRef"):
                return name
            selects = (
                labels_match(spec["selector"], volume["metadata"].get("labels") or {}) if spec.get("selector") else True
            )
            if selects and (volume.get("status") or {}).get("phase") == "Available":
                has = whole(volume["spec"]["capacity"]["storage"])
                best = min(best, (has, name)) if best else (has, name)
        return best[1] if best else None

    def _provisions(self, claim: Json, node: NodeInfo) -> bool:
        of = self._storage.class_of(claim)
        if of is None or of.get("provisioner", "") in _STATIC:
            return False
        terms = of.get("allowedTopologies") or ()
        return not terms or any(
            all(node.labels.get(e["key"]) in e["values"] for e in term.get("matchLabelExpressions") or ())
            for term in terms
        )

    def _zone(self, node: NodeInfo) -> Refusal | None:
        """Old volumes say their zone in labels; a node that says none takes them all."""
        if not any(key in node.labels for key in _ZONES):
            return None
        for claim in self._bound:
            volume = self._storage.volumes.get(claim["spec"]["volumeName"])
            for key, value in ((volume or {}).get("metadata", {}).get("labels") or {}).items():
                if key in _ZONES and node.labels.get(key, node.labels.get(_ZONES[key])) not in value.split("__"):
                    return Refusal((OTHER_ZONE,), True, "VolumeZone", claim["metadata"]["name"])
        return None
