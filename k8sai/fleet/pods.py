"""What the fleet keeps of a pod that holds, reserves or asks for GPUs. Every other pod is dropped at the first look."""

import sys
from collections.abc import Mapping
from typing import Final

from k8sai.facts import Pod
from k8sai.fleet.owners import gang, owner, queue
from k8sai.fleet.products import wanted
from k8sai.fleet.requests import effective
from k8sai.fleet.resources import Rule, Rules
from k8sai.fleet.sharing import Fraction, fraction, reservation

Key = tuple[str, str]  # namespace, name
TERMINAL: Final = frozenset({"Succeeded", "Failed"})
_SHARES: Final = ("gpu-fraction", "gpu-memory")
HAMI_DEVICES: Final = (
    "hami.io/vgpu-devices-allocated",
    "hami.io/vgpu-devices-to-allocate",
    "volcano.sh/vgpu-ids-new",
)


class PodEntry:
    """A pod in few bytes. `amounts` are whole units per resource; `booked` is its share of cards."""

    __slots__ = (
        "amounts",
        "booked",
        "claimed",
        "claims",
        "created",
        "devices",
        "extended",
        "fraction",
        "gpu",
        "groups",
        "hami",
        "message",
        "name",
        "namespace",
        "node",
        "nominated",
        "owner",
        "phase",
        "priority",
        "queue",
        "reason",
        "started",
        "terminating",
        "uid",
        "unmade",
        "wanted",
    )

    def __init__(self, pod: Pod, amounts: tuple[tuple[str, int], ...]) -> None:
        meta, spec, status = pod.metadata, pod.spec, pod.status
        self.namespace = sys.intern(meta.namespace)
        self.name = meta.name
        self.uid = meta.uid
        self.node = sys.intern(spec.node_name)
        self.nominated = "" if spec.node_name else sys.intern(status.nominated_node_name)
        self.phase = sys.intern(status.phase)
        self.terminating = meta.deletion_timestamp is not None
        self.owner = sys.intern(owner(meta))
        self.queue = sys.intern(queue(meta))
        self.priority = spec.priority or 0
        self.created = meta.creation_timestamp or ""
        self.started = status.start_time or ""
        self.amounts = amounts
        # What follows from other facts: its shares of cards by its own requests and by claims, and whether it has to do
        # with GPUs at all. Kept by `books` and `dra`.
        self.booked = self.claimed = 0
        self.gpu = False
        self.wanted = "" if spec.node_name else sys.intern(wanted(spec.node_selector))
        self.claims, self.unmade = _claims(pod)
        # The claim the scheduler made for extended resources, and which of them it serves.
        extended = status.extended_resource_claim_status
        self.extended: tuple[str, frozenset[str]] | None = None
        if extended is not None and extended.resource_claim_name:
            served = frozenset(mapping.resource_name for mapping in extended.request_mappings or ())
            self.extended = (extended.resource_claim_name, served)
        annotations = meta.annotations or {}
        self.fraction: Fraction | None = fraction(annotations) if annotations else None
        self.groups = reservation(meta)
        self.devices = _devices(pod)
        self.hami = next((annotations[key] for key in HAMI_DEVICES if annotations.get(key)), "") if annotations else ""
        self.reason, self.message = "", ""
        if not spec.node_name:
            self.reason, self.message = verdict(pod)

    def counts_as(self, other: "PodEntry") -> bool:
        """Both count for the same, everywhere: what differs is only to be read."""
        return (
            self.phase == other.phase
            and self.node == other.node
            and self.uid == other.uid
            and self.amounts == other.amounts
            and self.terminating is other.terminating
            and self.owner == other.owner
            and self.queue == other.queue
            and self.priority == other.priority
            and self.nominated == other.nominated
            and self.wanted == other.wanted
            and self.claims == other.claims
            and self.unmade == other.unmade
            and self.extended == other.extended
            and self.fraction == other.fraction
            and self.groups == other.groups
        )

    def learn(self, other: "PodEntry") -> None:
        """What the other says that nothing is counted by."""
        self.created, self.started = other.created, other.started
        self.devices, self.hami = other.devices, other.hami
        self.reason, self.message = other.reason, other.message

    @property
    def key(self) -> Key:
        return (self.namespace, self.name)

    @property
    def held(self) -> int:
        """Its share of cards in all, in units of CARD."""
        return self.booked + self.claimed

    def claim_keys(self) -> set[Key]:
        """The claims it uses, also the one made for its extended resources."""
        names = self.claims if self.extended is None else (*self.claims, self.extended[0])
        return {(self.namespace, name) for name in names}

    @property
    def workload(self) -> str:
        """`Kind/name` of its owner, or of itself where nobody owns it."""
        return self.owner or f"Pod/{self.name}"

    @property
    def since(self) -> str:
        return self.started or self.created

    @property
    def pending(self) -> bool:
        """It asks for GPUs and will get some if it can: a pod told to end before it was bound asks for nothing."""
        return not self.node and not self.terminating


def read_pod(pod: Pod, rules: Rules) -> PodEntry | None:
    """The entry of a pod that has to do with GPUs and has not ended, else None. Raises BadQuantity."""
    if not _concerns(pod, rules.names, rules) or pod.status.phase in TERMINAL:
        return None
    asked = effective(pod, rules.classify)
    return PodEntry(pod, tuple((sys.intern(name), asked[name]) for name in sorted(asked)))


def _concerns(pod: Pod, names: Mapping[str, Rule | None], rules: Rules) -> bool:
    """A first look, made for the many pods that have nothing to do with GPUs."""
    spec = pod.spec
    if spec.resource_claims or pod.status.extended_resource_claim_status is not None:
        return True
    for containers in (spec.containers, spec.init_containers):
        for container in containers or ():
            resources = container.resources
            for table in (resources.requests, resources.limits):
                for name in table or ():
                    if (names[name] if name in names else rules.classify(name)) is not None:
                        return True
    if spec.overhead and any(rules.classify(name) for name in spec.overhead):
        return True
    annotations = pod.metadata.annotations
    return annotations is not None and any(key in annotations for key in _SHARES)


def _claims(pod: Pod) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The names of the claims the pod uses, and its own names of those that nobody has made yet."""
    if not pod.spec.resource_claims:
        return (), ()
    made = {status.name: status.resource_claim_name for status in pod.status.resource_claim_statuses or ()}
    claims: list[str] = []
    unmade: list[str] = []
    for claim in pod.spec.resource_claims:
        if claim.resource_claim_name:
            claims.append(claim.resource_claim_name)
        elif claim.name in made:
            if name := made[claim.name]:  # a template may turn out to need no claim
                claims.append(name)
        else:
            unmade.append(claim.name)
    return tuple(claims), tuple(unmade)


def _devices(pod: Pod) -> tuple[tuple[str, str, str], ...]:
    """Resource, id and health of every device that the kubelet says the containers hold (KEP-4680)."""
    found: dict[tuple[str, str], str] = {}
    for status in pod.status.container_statuses or ():
        for resource in status.allocated_resources_status or ():
            for device in resource.resources or ():
                if device.resource_id:
                    found[(sys.intern(resource.name), device.resource_id)] = sys.intern(device.health or "")
    return tuple((name, device, health) for (name, device), health in found.items())


def verdict(pod: Pod) -> tuple[str, str]:
    """Why the pod has no node yet: a machine word, and the sentence of whoever said so.

    Unschedulable and SchedulerError are the scheduler's, SchedulingGated the API server's. The rest stands for a
    silence: DeletedWhilePending, ClaimMissing, AwaitingBinding (a node is reserved for it), GangWaiting, NoVerdict.
    """
    spec, status = pod.spec, pod.status
    if pod.metadata.deletion_timestamp is not None:
        return "DeletedWhilePending", ""
    said = next((c for c in status.conditions or () if c.type == "PodScheduled" and c.status == "False"), None)
    if spec.scheduling_gates:
        gates = ", ".join(gate.name for gate in spec.scheduling_gates)
        return "SchedulingGated", f"scheduling gates: {gates}"
    if said is not None and said.reason and said.reason != "SchedulingGated":
        return sys.intern(said.reason), said.message
    unmade = _claims(pod)[1]
    if unmade:
        return "ClaimMissing", f"no claim was made yet for {', '.join(unmade)}"
    if status.nominated_node_name:
        return "AwaitingBinding", f"node {status.nominated_node_name} is reserved for it"
    group = gang(pod.metadata) or (spec.scheduling_group.pod_group_name if spec.scheduling_group else "")
    if group:
        return "GangWaiting", f"gang {group} waits as a whole: it is not complete, or no scheduler is at work"
    if spec.scheduler_name not in ("", "default-scheduler"):
        return "NoVerdict", f"scheduler {spec.scheduler_name} has said nothing"
    return "NoVerdict", "no scheduler has said anything: a gang that is not complete, or no scheduler at work"
