"""Volumes that one node alone may mount (ReadWriteOnce): the canary has to go where pods of the stable side have them.

The scheduler does not see it: such a pod is placed anywhere and then waits for its volume for ever.
https://kubernetes.io/docs/concepts/storage/persistent-volumes/#access-modes
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from k8sai.canary.checks.room_site import Site
from k8sai.canary.facts import Json
from k8sai.fit.ask import Asked, Group
from k8sai.scheduling.intake import bound

_ONE_NODE: Final = ("ReadWriteOnce", "ReadWriteOncePod")


@dataclass(frozen=True, slots=True)
class Ties:
    """The node that each claim is mounted on."""

    nodes: Mapping[str, str] = field(default_factory=dict)  # by claim

    def __bool__(self) -> bool:
        return bool(self.nodes)

    @property
    def sentence(self) -> str:
        held = "; ".join(f"volume claim {claim} is mounted on node {node}" for claim, node in self.nodes.items())
        return f"{held}, and ReadWriteOnce lets one node alone mount it, which has no room for these pods"


def tied(site: Site, asked: Asked, gone: frozenset[str]) -> Ties:
    """Of the claims that the pods mount, those that a running pod has on some node now."""
    named = {name for group in asked.groups for name in _claims(group)}
    once = {name for name in named if _once(site.reader.one("persistentvolumeclaims", site.namespace, name))}
    found: dict[str, str] = {}
    for pod in site.cluster.roster.all() if once else ():
        if bound(pod) and pod.metadata.namespace == site.namespace and pod.metadata.uid not in gone:
            for volume in pod.spec.volumes or ():
                claim = volume.persistent_volume_claim.claim_name if volume.persistent_volume_claim else ""
                if claim in once:
                    found.setdefault(claim, pod.spec.node_name or "")
    return Ties(found)


def pinned(asked: Asked, ties: Ties) -> Asked:
    """The pods that mount such a claim, bound to its node."""
    return replace(asked, groups=tuple(_pinned(group, ties) for group in asked.groups)) if ties else asked


def _pinned(group: Group, ties: Ties) -> Group:
    nodes = sorted({ties.nodes[claim] for claim in _claims(group) if claim in ties.nodes})
    for node in nodes:
        group = Group(group.name, group.count, {**group.pod, "spec": _on(group.pod["spec"], node)})
    return group


def _on(spec: Json, node: str) -> Json:
    """With one more field that every term of its node affinity asks for."""
    affinity = spec.get("affinity") or {}
    of_nodes = affinity.get("nodeAffinity") or {}
    required = of_nodes.get("requiredDuringSchedulingIgnoredDuringExecution") or {}
    here: Json = {"key": "metadata.name", "operator": "In", "values": [node]}
    terms = [
        {**term, "matchFields": [*(term.get("matchFields") or ()), here]}
        for term in required.get("nodeSelectorTerms") or [{}]
    ]
    of_nodes = {**of_nodes, "requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": terms}}
    return {**spec, "affinity": {**affinity, "nodeAffinity": of_nodes}}


def _claims(group: Group) -> list[str]:
    volumes = group.pod["spec"].get("volumes") or ()
    return [name for one in volumes if (name := (one.get("persistentVolumeClaim") or {}).get("claimName"))]


def _once(claim: Json | None) -> bool:
    modes = ((claim or {}).get("spec") or {}).get("accessModes") or ()
    return bool(modes) and all(mode in _ONE_NODE for mode in modes)
