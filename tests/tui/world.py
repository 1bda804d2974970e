"""A small cluster made of facts, the same in every run: every state a card, a node and a pod can be in."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

from k8sai import facts as f
from k8sai.canary.shown.rollouts import Canaries
from k8sai.cluster.events import Events
from k8sai.cluster.objects import Objects
from k8sai.cluster.sources import KINDS, Kind, Source, State
from k8sai.evict.shown.drains import Evictions
from k8sai.fleet.index import Fleet
from k8sai.queues.kept import Queues
from k8sai.scheduling.board import Board

NOW = datetime(2026, 11, 21, 10, 0, 0, tzinfo=UTC).timestamp()
CONTEXT = "prod-eu-1"
GPU = "nvidia.com/gpu"
CREATED = "2026-10-01T08:00:00Z"


def now() -> float:
    """The clock of every test."""
    return NOW


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.time = NOW

    def __call__(self) -> float:
        return self.time


def node(
    name: str,
    resources: Mapping[str, int] | None = None,
    *,
    product: str = "NVIDIA-H100-80GB-HBM3",
    zone: str = "eu-west-1a",
    broken: int = 0,
    ready: bool = True,
    cordoned: bool = False,
    labels: Mapping[str, str] | None = None,
    taints: tuple[f.Taint, ...] = (),
) -> f.Node:
    """A node that offers these resources; `broken` of the first are unhealthy."""
    capacity: dict[str, str | int | float] = {"cpu": "96", "memory": "1Ti", "pods": "110"}
    allocatable = dict(capacity)
    for resource, count in (resources or {}).items():
        capacity[resource] = str(count)
        allocatable[resource] = str(count - broken)
        broken = 0
    said = {"topology.kubernetes.io/zone": zone, "kubernetes.io/hostname": name, **(labels or {})}
    if product:
        said["amd.com/gpu.product-name" if "AMD" in product else "nvidia.com/gpu.product"] = product
    return f.Node(
        metadata=f.ObjectMeta(name=name, uid=f"node-{name}", creation_timestamp=CREATED, labels=said),
        spec=f.NodeSpec(unschedulable=cordoned, taints=taints or None),
        status=f.NodeStatus(
            capacity=capacity,
            allocatable=allocatable,
            conditions=(f.Condition(type="Ready", status="True" if ready else "False"),),
        ),
    )


def pod(
    namespace: str,
    name: str,
    amount: int,
    on: str = "",
    *,
    resource: str = GPU,
    phase: str = "",
    owner: str = "",
    queue: str = "",
    ending: bool = False,
    nominated: str = "",
    devices: tuple[str, ...] = (),
    started: str = "2026-11-21T07:00:00Z",
    message: str = "",
) -> f.Pod:
    """A pod of one container that asks for this many; bound when `on` names a node."""
    phase = phase or ("Running" if on else "Pending")
    owners = (f.OwnerReference(kind="Job", name=owner, uid=f"job-{owner}", controller=True),) if owner else None
    conditions = (f.Condition("PodScheduled", "False", "Unschedulable", message),) if message else None
    held = f.ResourceStatus(name=resource, resources=tuple(f.ResourceHealth(d, "Healthy") for d in devices))
    return f.Pod(
        metadata=f.ObjectMeta(
            name=name,
            namespace=namespace,
            uid=f"{namespace}/{name}",
            creation_timestamp=started,
            deletion_timestamp="2026-11-21T09:59:00Z" if ending else None,
            labels={"kueue.x-k8s.io/queue-name": queue} if queue else None,
            owner_references=owners,
        ),
        spec=f.PodSpec(
            node_name=on,
            containers=(
                f.Container(
                    name="main",
                    resources=f.ResourceRequirements(requests={resource: amount}, limits={resource: amount}),
                ),
            ),
        ),
        status=f.PodStatus(
            phase=phase,
            start_time=started if on else None,
            conditions=conditions,
            nominated_node_name=nominated,
            container_statuses=(f.ContainerStatus(name="main", allocated_resources_status=(held,)),)
            if devices
            else None,
        ),
    )


def nodes() -> Iterator[f.Node]:
    """H100, A100 and AMD nodes, one with MIG, one time-shared; broken, cordoned and not ready ones."""
    guard = (f.Taint(key=GPU, effect="NoSchedule"),)
    clique = {"nvidia.com/gpu.clique": "7f2a.0"}
    for number in range(6):
        yield node(f"h100-{number:02}", {GPU: 8}, taints=guard, labels=clique if number < 4 else None)
    yield node("h100-06", {GPU: 8}, broken=2, taints=guard)
    yield node("h100-07", {GPU: 8}, cordoned=True, taints=guard)
    yield node("h100-08", {GPU: 8}, ready=False, taints=guard)
    for number in range(3):
        yield node(f"a100-{number:02}", {GPU: 4}, product="NVIDIA-A100-SXM4-80GB", zone="eu-west-1b")
    mig = {"nvidia.com/mig.strategy": "mixed", "nvidia.com/gpu.count": "2"}
    slices = {"nvidia.com/mig-1g.10gb": 7, "nvidia.com/mig-3g.40gb": 2}
    yield node("a100-mig", slices, product="NVIDIA-A100-SXM4-80GB", zone="eu-west-1b", labels=mig)
    shared = {
        "nvidia.com/gpu.replicas": "4",
        "nvidia.com/gpu.count": "4",
        "nvidia.com/gpu.sharing-strategy": "time-slicing",
    }
    yield node("l4-shared", {"nvidia.com/gpu.shared": 16}, product="NVIDIA-L4-SHARED", zone="eu-west-1b", labels=shared)
    yield node("mi300-00", {"amd.com/gpu": 8}, product="AMD-Instinct-MI300X", zone="eu-west-1c")
    yield node("cpu-00", product="")


def pods() -> Iterator[f.Pod]:
    """Three teams and a platform: training gangs, notebooks, services; ending, nominated and waiting pods."""
    for number in range(2):
        cards = tuple(f"GPU-{number}{card}d4c1f0" for card in range(8))
        name = f"train-7b-{number}"
        yield pod("team-llm", name, 8, f"h100-{number:02}", owner="train-7b", queue="llm", devices=cards)
    yield pod("team-llm", "eval-0", 4, "h100-02", owner="eval", queue="llm")
    yield pod("team-vision", "detect-0", 2, "h100-02", owner="detect", queue="vision")
    yield pod("team-vision", "detect-1", 2, "h100-03", owner="detect", queue="vision", ending=True)
    yield pod("research", "notebook-ana", 1, "h100-03", started="2026-11-18T09:30:00Z")
    yield pod("research", "notebook-bo", 1, "h100-03", started="2026-11-20T22:00:00Z")
    yield pod("team-vision", "segment-0", 4, "h100-06", owner="segment", queue="vision")
    yield pod("team-llm", "serve-0", 2, "h100-07", owner="serve")
    yield pod("team-llm", "serve-1", 2, "h100-08", owner="serve")
    yield pod("inference", "chat-0", 4, "a100-00", owner="chat")
    yield pod("inference", "chat-1", 3, "a100-01", owner="chat")
    yield pod("research", "slice-ana", 1, "a100-mig", resource="nvidia.com/mig-3g.40gb")
    yield pod("research", "slice-bo", 2, "a100-mig", resource="nvidia.com/mig-1g.10gb")
    yield pod("inference", "embed-0", 3, "l4-shared", resource="nvidia.com/gpu.shared", owner="embed")
    yield pod("team-vision", "amd-bench", 6, "mi300-00", resource="amd.com/gpu", owner="bench")
    yield pod("research", "next-0", 4, queue="vision", nominated="h100-04", started="2026-11-21T09:59:30Z")
    full = (
        "0/16 nodes are available: 1 node(s) were unschedulable, 7 node(s) had untolerated taint {nvidia.com/gpu: }, "
        "8 Insufficient nvidia.com/gpu. preemption: 0/16 nodes are available: 16 Preemption is not helpful."
    )
    for number in range(3):
        waits = "2026-11-21T09:40:00Z"
        yield pod("team-llm", f"train-70b-{number}", 8, owner="train-70b", queue="llm", started=waits, message=full)


def fill(fleet: Fleet) -> Fleet:
    """Put the whole cluster into a fleet."""
    fleet.replace("nodes", nodes())
    fleet.replace("pods", pods())
    return fleet


class FixedFeed:
    """A feed whose sources a test sets; it only counts how often it was started and stopped."""

    def __init__(self, *sources: Source) -> None:
        self.context = CONTEXT
        self.objects: Objects | None = None
        self.events: Events | None = None
        self.queues: Queues | None = None
        self.canaries: Canaries | None = None
        self.evictions: Evictions | None = None
        self.left: tuple[str, ...] = ()
        self.kept: Board | None = None
        self.said = sources or live(16, 21)
        self.started = 0
        self.stopped = 0

    def board(self) -> Board | None:
        return self.kept

    def sources(self) -> tuple[Source, ...]:
        return self.said

    def start(self) -> None:
        self.started += 1

    def stop(self) -> None:
        self.stopped += 1


def live(nodes: int, pods: int, at: float = NOW - 1) -> tuple[Source, ...]:
    """A cluster that serves everything but device taints."""
    counts: dict[Kind, int] = {
        "nodes": nodes,
        "pods": pods,
        "resourceslices": 0,
        "resourceclaims": 0,
        "deviceclasses": 0,
    }
    return tuple(Source(kind, "live", counts[kind], at) if kind in counts else Source(kind, "absent") for kind in KINDS)


def all_in(state: State, at: float = 0.0, message: str = "", hint: str = "") -> tuple[Source, ...]:
    """Every kind in the same state."""
    return tuple(Source(kind, state, 0, at, "", message, hint) for kind in KINDS)
