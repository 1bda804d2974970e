"""Pods: what they ask for, and what became of it."""

from msgspec import field

from k8sai.facts.metadata import Condition, Fact, Labels, LabelSelector, NodeSelector, ObjectMeta, Resources


class ResourceRequirements(Fact):
    requests: Resources | None = None
    limits: Resources | None = None


class ContainerPort(Fact):
    host_port: int = 0
    protocol: str = ""
    host_ip: str = field(default="", name="hostIP")


class Container(Fact):
    name: str = ""
    image: str = ""
    resources: ResourceRequirements = ResourceRequirements()
    restart_policy: str | None = None  # "Always" on an init container makes it a sidecar
    ports: tuple[ContainerPort, ...] | None = None


class Toleration(Fact):
    key: str = ""
    operator: str = ""
    value: str = ""
    effect: str = ""


class PodResourceClaim(Fact):
    name: str = ""
    resource_claim_name: str | None = None
    resource_claim_template_name: str | None = None


class SchedulingGate(Fact):
    name: str = ""


class NodeAffinity(Fact):
    required_during_scheduling_ignored_during_execution: NodeSelector | None = None


class PodAffinityTerm(Fact):
    label_selector: LabelSelector | None = None
    namespaces: tuple[str, ...] | None = None
    topology_key: str = ""
    namespace_selector: LabelSelector | None = None
    match_label_keys: tuple[str, ...] | None = None
    mismatch_label_keys: tuple[str, ...] | None = None


class PodAffinity(Fact):
    required_during_scheduling_ignored_during_execution: tuple[PodAffinityTerm, ...] | None = None


class PodAntiAffinity(Fact):
    required_during_scheduling_ignored_during_execution: tuple[PodAffinityTerm, ...] | None = None


class Affinity(Fact):
    """What is preferred is left out: it decides which of the nodes that fit, never whether one does."""

    node_affinity: NodeAffinity | None = None
    pod_affinity: PodAffinity | None = None
    pod_anti_affinity: PodAntiAffinity | None = None


class TopologySpreadConstraint(Fact):
    max_skew: int = 0
    topology_key: str = ""
    when_unsatisfiable: str = ""
    label_selector: LabelSelector | None = None
    min_domains: int | None = None
    node_affinity_policy: str | None = None
    node_taints_policy: str | None = None
    match_label_keys: tuple[str, ...] | None = None


class PersistentVolumeClaimVolumeSource(Fact):
    claim_name: str = ""


class EphemeralVolumeSource(Fact):
    """The pod gets a claim of its own, named `<pod>-<volume>`."""


class Volume(Fact):
    """Both are None where the volume is of a kind that binds a pod to no node."""

    name: str = ""
    persistent_volume_claim: PersistentVolumeClaimVolumeSource | None = None
    ephemeral: EphemeralVolumeSource | None = None


class PodSchedulingGroup(Fact):
    pod_group_name: str | None = None


class PodSpec(Fact):
    node_name: str = ""
    containers: tuple[Container, ...] = ()
    init_containers: tuple[Container, ...] | None = None
    overhead: Resources | None = None
    resources: ResourceRequirements | None = None  # pod-level: cpu, memory and hugepages only
    priority: int | None = None
    priority_class_name: str = ""
    scheduler_name: str = ""
    node_selector: Labels | None = None
    tolerations: tuple[Toleration, ...] | None = None
    resource_claims: tuple[PodResourceClaim, ...] | None = None
    scheduling_gates: tuple[SchedulingGate, ...] | None = None
    affinity: Affinity | None = None
    topology_spread_constraints: tuple[TopologySpreadConstraint, ...] | None = None
    volumes: tuple[Volume, ...] | None = None
    preemption_policy: str | None = None
    scheduling_group: PodSchedulingGroup | None = None


class ResourceHealth(Fact):
    """One device a container holds (KEP-4680): `resourceID` is the device plugin's id or `driver/pool/device`."""

    resource_id: str = field(default="", name="resourceID")
    health: str | None = None


class ResourceStatus(Fact):
    """`name` is the resource's name, or `claim:<claim>[/<request>]` for DRA."""

    name: str = ""
    resources: tuple[ResourceHealth, ...] | None = None


class ContainerStateWaiting(Fact):
    reason: str = ""
    message: str = ""


class ContainerStateTerminated(Fact):
    exit_code: int = 0
    reason: str = ""
    message: str = ""
    finished_at: str | None = None


class ContainerState(Fact):
    """Both are None while it runs."""

    waiting: ContainerStateWaiting | None = None
    terminated: ContainerStateTerminated | None = None


class ContainerStatus(Fact):
    name: str = ""
    ready: bool = False
    restart_count: int = 0
    state: ContainerState | None = None
    allocated_resources: Resources | None = None
    resources: ResourceRequirements | None = None
    allocated_resources_status: tuple[ResourceStatus, ...] | None = None
    last_state: ContainerState | None = None  # of the run before this one


class PodResourceClaimStatus(Fact):
    name: str = ""
    resource_claim_name: str | None = None


class ContainerExtendedResourceRequest(Fact):
    container_name: str = ""
    resource_name: str = ""
    request_name: str = ""


class PodExtendedResourceClaimStatus(Fact):
    resource_claim_name: str = ""
    request_mappings: tuple[ContainerExtendedResourceRequest, ...] | None = None


class PodStatus(Fact):
    phase: str = ""
    reason: str = ""
    start_time: str | None = None
    conditions: tuple[Condition, ...] | None = None
    nominated_node_name: str = ""
    container_statuses: tuple[ContainerStatus, ...] | None = None
    init_container_statuses: tuple[ContainerStatus, ...] | None = None
    resource_claim_statuses: tuple[PodResourceClaimStatus, ...] | None = None
    extended_resource_claim_status: PodExtendedResourceClaimStatus | None = None


class Pod(Fact):
    metadata: ObjectMeta
    spec: PodSpec = PodSpec()
    status: PodStatus = PodStatus()
