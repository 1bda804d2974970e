"""Whether the nodes a flavor stands for are meant for these pods at all, before any quota is looked at.

Source: pkg/scheduler/flavorassigner of Kueue 0.19. Only labels that the flavor itself names are compared; what a pod
asks of others is left to kube-scheduler.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from k8sai.queues.facts import ClusterQueue, Flavor, Group, Json
from k8sai.queues.setting import FLAVORS, Setting
from k8sai.queues.workload import PodSet
from k8sai.scheduling.selectors import pod_wants, untolerated

_EFFECTS = ("NoSchedule", "NoExecute")
_REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"


@dataclass(frozen=True, slots=True)
class Eligibility:
    """What a ClusterQueue's flavors are compared with."""

    setting: Setting
    queue: ClusterQueue

    def refusal(self, name: str, group: Group, pod_sets: Iterable[PodSet]) -> str:
        """Why the flavor is not for one of these pod sets, in Kueue's words; empty where it is for all of them."""
        flavor = self.setting.flavors.get(name)
        if flavor is None:
            return "" if self.setting.blind(FLAVORS) else f"flavor {name} not found"
        reasons = (self._topology(flavor, group, one) or _nodes(flavor, one.spec) for one in pod_sets)
        return next(filter(None, reasons), "")

    def topological(self, pod_set: PodSet) -> bool:
        """Its pods are placed by topology: it asks for that, or the queue has nothing else."""
        return pod_set.topology is not None or self.only_topology

    @property
    def only_topology(self) -> bool:
        """All flavors of the queue have a topology, so that every pod set is placed by it."""
        names = [name for group in self.queue.groups for name, _ in group.flavors]
        found = [self.setting.flavors.get(name) for name in names]
        return bool(found) and all(flavor is not None and flavor.topology for flavor in found)

    def _topology(self, flavor: Flavor, group: Group, pod_set: PodSet) -> str:
        wish = pod_set.topology
        if wish is None:
            unfit = bool(flavor.topology) and not self.only_topology
            return f'Flavor "{flavor.name}" supports only TopologyAwareScheduling' if unfit else ""
        if not flavor.topology:
            asked = any(resource in pod_set.requests for resource in group.covered)
            return f'Flavor "{flavor.name}" does not support TopologyAwareScheduling' if asked else ""
        topology = self.setting.topologies.get(flavor.topology)
        wanted = {level for level in (wish.level, wish.slice_level) if level}
        if topology is not None and not wanted.issubset(topology.levels):
            return f'Flavor "{flavor.name}" does not contain the requested level'
        return ""


def _nodes(flavor: Flavor, spec: Json) -> str:
    tolerations = (*(spec.get("tolerations") or ()), *flavor.tolerations)
    taint = untolerated(flavor.taints, tolerations, _EFFECTS)
    if taint is not None:
        parts = f"{taint.get('key', '')} {taint.get('value', '')} {taint.get('effect', '')}"
        return f"untolerated taint {{{parts} <nil>}} in flavor {flavor.name}"
    if not pod_wants(_narrowed(spec, flavor.labels), "", flavor.labels):
        return f"flavor {flavor.name} doesn't match node affinity"
    return ""


def _narrowed(spec: Json, labels: Mapping[str, str]) -> Json:
    """What the pods ask of these labels. A term that asks nothing of them is met, and so are all, for one is enough."""
    selector = {key: value for key, value in (spec.get("nodeSelector") or {}).items() if key in labels}
    affinity = ((spec.get("affinity") or {}).get("nodeAffinity") or {}).get(_REQUIRED) or {}
    terms = [
        {"matchExpressions": [one for one in term.get("matchExpressions") or () if one.get("key") in labels]}
        for term in affinity.get("nodeSelectorTerms") or ()
    ]
    if not terms or not all(term["matchExpressions"] for term in terms):
        return {"nodeSelector": selector}
    return {"nodeSelector": selector, "affinity": {"nodeAffinity": {_REQUIRED: {"nodeSelectorTerms": terms}}}}
