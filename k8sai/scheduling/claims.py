"""What a pod needs of DRA: the claims it brings, and the extended resources that device classes could serve."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from k8sai.quantity import whole
from k8sai.scheduling.allocate import Allocator
from k8sai.scheduling.filters import Check, Refusal
from k8sai.scheduling.nodes import NodeInfo, PodInfo
from k8sai.scheduling.selectors import node_matches

Json = dict[str, Any]

ELSEWHERE = "resourceclaim not available on the node"
NO_DEVICES = "cannot allocate all claims"
_IMPLICIT = "deviceclass.resource.kubernetes.io/"


class ClaimsMissing(Exception):
    """A claim of the pod does not exist yet: it is not considered at all. The message names it."""


@dataclass(slots=True)
class Wants:
    """Claims by their state, and what was found for them. An empty one is false: the pod has nothing to do with DRA."""

    open: list[Json] = field(default_factory=list)  # not allocated yet
    done: list[Json] = field(default_factory=list)  # allocated: the pod must go there
    bridges: dict[str, str] = field(default_factory=dict)  # extended resource -> device class
    special: dict[str, Json] = field(default_factory=dict)  # node -> claim for what is bridged there
    found: dict[str, list[Json]] = field(default_factory=dict)  # node -> allocations of `open`, then of the special one

    def __bool__(self) -> bool:
        return bool(self.open or self.done or self.bridges)

    def bridged(self, node: NodeInfo) -> dict[str, str]:
        """The extended resources that claims serve on this node, because no device plugin does."""
        return {k: c for k, c in self.bridges.items() if not node.allocatable.get(k)}


def claim_names(pod: Json) -> list[tuple[str, str | None]]:
    """(name in the pod, name of the claim or None while it is not made) of every claim the pod asks for."""
    made = {s["name"]: s.get("resourceClaimName") for s in (pod.get("status") or {}).get("resourceClaimStatuses") or ()}
    return [
        (c["name"], c.get("resourceClaimName") or made.get(c["name"])) for c in pod["spec"].get("resourceClaims") or ()
    ]


def extended_claim(pod: Json) -> str:
    """The claim the scheduler made for the pod's extended resources, or ""."""
    name: str = ((pod.get("status") or {}).get("extendedResourceClaimStatus") or {}).get("resourceClaimName") or ""
    return name


def served(classes: Iterable[Json]) -> dict[str, str]:
    """extendedResourceName -> class; the newest class wins, and of two as old the first by name."""
    ordered = sorted(classes, key=lambda c: c["metadata"]["name"], reverse=True)
    ordered.sort(key=lambda c: c["metadata"].get("creationTimestamp") or "")
    named = ((c["spec"].get("extendedResourceName"), c["metadata"]["name"]) for c in ordered)
    return {resource: name for resource, name in named if resource}


def wants(
    info: PodInfo, claims: Iterable[Json], bridges: Mapping[str, str], allocator: Allocator, *, bridged: bool = False
) -> Wants:
    """Sort out a pod's claims; `bridges` is what `served` found, `bridged` that the pod has its special claim already.

    Raises ClassMissing, in the scheduler's words.
    """
    found = Wants()
    for claim in claims:
        allocated = (claim.get("status") or {}).get("allocation")
        (found.done if allocated else found.open).append(claim)
        if not allocated:
            allocator.check_classes(claim)
    if not bridged:
        for resource in info.requests:
            name = bridges.get(resource) or _implicit(resource, allocator.classes)
            if name:
                found.bridges[resource] = name
    return found


def _implicit(resource: str, classes: Mapping[str, Json]) -> str:
    name = resource.removeprefix(_IMPLICIT) if resource.startswith(_IMPLICIT) else ""
    return name if name in classes else ""


def check(info: PodInfo, wanted: Wants, allocator: Allocator) -> Check:
    """The DRA filter for this pod; the allocation found for a node is kept in `wanted`. It raises SelectorFailed."""

    def on(node: NodeInfo) -> Refusal | None:
        for claim in wanted.done:
            if not node_matches(claim["status"]["allocation"].get("nodeSelector"), node.name, node.labels):
                return Refusal((ELSEWHERE,), True, "DynamicResources", claim["metadata"]["name"])
        claims = list(wanted.open)
        bridged = wanted.bridged(node)
        if bridged:
            wanted.special[node.name] = special(info, bridged)
            claims.append(wanted.special[node.name])
        if not claims:
            return None
        found = allocator.allocate(claims, node)
        if found is None:
            names = ", ".join([*(c["metadata"]["name"] for c in wanted.open), *bridged])
            return Refusal((NO_DEVICES,), True, "DynamicResources", names)
        wanted.found[node.name] = found
        return None

    return on


def hold(allocator: Allocator, allocations: Iterable[Json], sign: int = 1) -> None:
    """Hold (or with -1 let go) the devices of allocations the allocator has just found."""
    for allocation in allocations:
        for result in allocation["devices"]["results"]:
            device = allocator.inventory.devices[f"{result['driver']}/{result['pool']}/{result['device']}"]
            if not result.get("adminAccess"):
                consumed = {k: whole(v) for k, v in (result.get("consumedCapacity") or {}).items()}
                allocator.held.take(device, consumed if result.get("shareID") else None, sign)


def special(info: PodInfo, bridged: Mapping[str, str]) -> Json:
    """The claim for a pod's extended resources: a request per container and resource; `mappings` says whose it is."""
    requests: list[Json] = []
    mappings: list[Json] = []
    for resource in sorted(bridged):
        asked, mapped = _asked_of_class(info.spec, resource, bridged[resource])
        requests += asked
        mappings += mapped
    return {
        "metadata": {"generateName": f"{info.name}-extended-resources-", "namespace": info.namespace},
        "spec": {"devices": {"requests": sorted(requests, key=lambda r: str(r["name"]))}},
        "mappings": mappings,
    }


def _asked_of_class(spec: Json, resource: str, name: str) -> tuple[list[Json], list[Json]]:
    """The requests for one resource. An init container uses what later ones get; of the rest only the most is asked."""
    inits = spec.get("initContainers") or ()
    lasting: dict[int, Json] = {}
    brief: list[Json] = []
    mappings: list[Json] = []
    for index, container in reversed(list(enumerate((*inits, *spec["containers"])))):
        amount, request = _request(index, container, resource, name)
        if not amount:
            continue
        if index >= len(inits) or container.get("restartPolicy") == "Always":
            lasting[index] = request
            uses = [request]
        else:
            uses = [lasting[i] for i in sorted(lasting)]
            lacking = amount - sum(r["exactly"]["count"] for r in uses)
            if lacking > 0:
                request["exactly"]["count"] = lacking
                brief.append(request)
                uses = [*uses, request]
        mappings += [
            {"containerName": container["name"], "resourceName": resource, "requestName": use["name"]} for use in uses
        ]
    most = max(brief, key=lambda r: int(r["exactly"]["count"]), default=None)
    for mapping in mappings:
        if most and mapping["requestName"] in {r["name"] for r in brief}:
            mapping["requestName"] = most["name"]
    return [*([most] if most else ()), *lasting.values()], list(reversed(mappings))


def _request(index: int, container: Json, resource: str, name: str) -> tuple[int, Json]:
    """How many devices a container asks for, and the request named after its place among all that it asks for."""
    resources = container.get("resources") or {}
    asked = {**(resources.get("limits") or {}), **(resources.get("requests") or {})}
    amount = whole(asked.get(resource, 0))
    place = sorted(asked).index(resource) if amount else 0
    exactly = {"deviceClassName": name, "allocationMode": "ExactCount", "count": amount}
    return amount, {"name": f"container-{index}-request-{place}", "exactly": exactly}
