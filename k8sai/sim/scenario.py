"""The scenario format (docs/scenarios.md): what a simulated cluster consists of, read from YAML and checked."""

import random
import re
from difflib import get_close_matches
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

import msgspec
import yaml
from msgspec import Struct, field

from k8sai.errors import NotFound, Usage
from k8sai.sim.deny import Denial
from k8sai.sim.durations import between
from k8sai.sim.hardware import MIG_PROFILES, PRODUCTS

API_VERSION = "k8sai.dev/v1alpha1"
_SUFFIXES = (".yaml", ".yml", ".json")


class Part(Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """What all parts of a scenario share: camelCase names, and a name that does not exist is an error."""


class Mig(Part, frozen=True):
    strategy: Literal["single", "mixed"]
    devices: dict[str, int]  # profile -> instances on each node


class TimeSlicing(Part, frozen=True):
    replicas: int
    rename: bool = False  # nvidia.com/gpu.shared instead of nvidia.com/gpu


class NodeGroup(Part, frozen=True):
    name: str  # of the group; its nodes are <name>-<number>
    count: int = 1
    product: str = ""  # a key of the product table; empty: no accelerators
    gpus: int | None = None  # cards per node; default: the product's usual server
    cpu: int | None = None
    memory: str = ""
    pods: int = 110
    zones: tuple[str, ...] = ("zone-a",)  # taken in turn
    clique: int = 0  # nodes per NVLink domain; 0: none
    mig: Mig | None = None
    time_slicing: TimeSlicing | None = None
    dra: Literal["", "full", "partitions"] = ""
    labels: dict[str, str] = field(default_factory=dict)
    taints: tuple[str, ...] = ()  # key=value:Effect
    extra: dict[str, str] = field(default_factory=dict)  # further resources of each node
    cordoned: tuple[int, ...] = ()  # node numbers
    not_ready: tuple[int, ...] = ()
    unhealthy: dict[int, tuple[int, ...]] = field(default_factory=dict)  # node number -> card indexes
    scale: bool = False  # --nodes sets the count of this group


class Claim(Part, frozen=True):
    device_class: str
    count: int = 1
    selector: str = ""  # CEL


class Workload(Part, frozen=True):
    namespace: str
    name: str  # with {i} where there are several
    kind: Literal["Pod", "Job", "JobSet", "Deployment", "StatefulSet"] = "Job"
    count: int = 1
    jobs: int = 1  # JobSet: Jobs in it
    pods: int = 1  # per Job, or replicas
    gpus: int = 0  # per pod
    resource: str = "nvidia.com/gpu"
    claim: Claim | None = None
    cpu: str = "4"
    memory: str = "16Gi"
    queue: str = ""
    priority: str = ""  # a PriorityClass
    owner: str = ""  # label k8sai.dev/owner
    image: str = "registry.example.com/train:1"
    group: str = ""  # a node group: the pods want its nodes
    placed: bool = False  # put on nodes at once, running, instead of being scheduled
    age: str = "0s"  # how long ago it was made; may be a range
    run_for: str = ""  # may be a range
    exit_code: int = 0
    image_error: str = ""
    stop_after: str = ""
    grace: int | None = None  # seconds
    gang: bool = False  # all pods start together or none
    gate: str = ""  # a scheduling gate that nobody opens
    suspend: bool = False
    again: str = ""  # churn: after it ended, wait so long (may be a range) and start the next
    tolerate: tuple[str, ...] = ()  # taint keys
    labels: dict[str, str] = field(default_factory=dict)
    ending: bool = False  # told to end, and slow about it
    idle: float = 0.0  # the share of its pods that do nothing with their cards
    preempted_for: str = ""  # suspended since Kueue took its quota for that job


class Queue(Part, frozen=True):
    """A ClusterQueue. `devices` are of the flavor `gpus`, or by flavor, in the order in which they are tried."""

    devices: int | dict[str, int] = 0
    resource: str = ""  # what they are called; default: as most of its jobs' devices are
    cohort: str = ""
    borrow: int | None = None  # at most so many beyond its own; default: all that others leave
    lend: int | None = None
    within: Literal["Never", "LowerPriority", "LowerOrNewerEqualPriority"] = "Never"
    reclaim: Literal["Never", "LowerPriority", "Any"] = "Never"
    strategy: Literal["BestEffortFIFO", "StrictFIFO"] = "BestEffortFIFO"
    stop: Literal["None", "Hold", "HoldAndDrain"] = "None"
    stop_reason: str = ""


class Fill(Part, frozen=True):
    """Pods put straight onto the nodes of a group until a share of its cards is held: for large clusters."""

    group: str  # of nodes
    share: float
    sizes: dict[int, float]  # cards per pod -> weight
    namespaces: dict[str, float]  # -> weight


class PriorityClass(Part, frozen=True):
    name: str
    value: int
    preemption_policy: Literal["PreemptLowerPriority", "Never"] = "PreemptLowerPriority"
    default: bool = False


class Scenario(Part, frozen=True):
    api_version: str
    kind: Literal["Scenario"]
    description: str = ""
    seed: int = 0
    namespaces: tuple[str, ...] = ()
    priority_classes: tuple[PriorityClass, ...] = ()
    nodes: tuple[NodeGroup, ...] = ()
    workloads: tuple[Workload, ...] = ()
    fill: tuple[Fill, ...] = ()
    queues: dict[str, int | Queue] = field(default_factory=dict)  # of Kueue; a number is its quota in devices
    flavors: dict[str, str] = field(default_factory=dict)  # of Kueue -> the node group it stands for
    cohorts: dict[str, str] = field(default_factory=dict)  # of Kueue -> their parent, or nothing
    denials: tuple[dict[str, Any], ...] = ()
    rbac: bool = False  # roles and bindings decide who may do what
    objects: tuple[dict[str, Any], ...] = ()  # any Kubernetes objects, made last


def names() -> tuple[str, ...]:
    """The scenarios that come with the tool."""
    folder = files("k8sai.sim.scenarios")
    return tuple(sorted(p.name.removesuffix(".yaml") for p in folder.iterdir() if p.name.endswith(".yaml")))


def load(what: str | Path, *, nodes: int | None = None) -> Scenario:
    """A scenario by name or file; `nodes` sets the count of the group that scales. Raises Usage, NotFound."""
    return check(text_of(what), str(what), nodes)


def check(text: str, place: str, nodes: int | None = None) -> Scenario:
    """A scenario from its text; `nodes` as in `load`. Raises Usage."""
    scenario = parse(text, place)
    return scenario if nodes is None else scaled(scenario, nodes, place)


def text_of(what: str | Path) -> str:
    """The YAML of a scenario by name or file. Raises Usage, NotFound."""
    if isinstance(what, Path) or what.endswith(_SUFFIXES) or "/" in what:
        try:
            return Path(what).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
            kind = NotFound if isinstance(error, FileNotFoundError) else Usage
            raise kind(f"cannot read the scenario {what}: {reason}") from error
    known = names()
    if what not in known:
        near = get_close_matches(what, known, 1)
        hint = f"did you mean {near[0]}?" if near else f"scenarios: {', '.join(known)}; or give a file: ./mine.yaml"
        raise NotFound(f"there is no scenario {what!r}", hint)
    return files("k8sai.sim.scenarios").joinpath(f"{what}.yaml").read_text(encoding="utf-8")


def parse(text: str, place: str) -> Scenario:
    """From YAML; errors name `place` and the field. Raises Usage."""
    try:
        document = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"{place}:{mark.line + 1}:{mark.column + 1}" if mark else place
        raise Usage(f"{where}: not YAML: {getattr(error, 'problem', None) or error}") from error
    if (
        not isinstance(document, dict)
        or document.get("kind") != "Scenario"
        or document.get("apiVersion") != API_VERSION
    ):
        raise Usage(f"{place}: not a scenario: it begins with apiVersion: {API_VERSION} and kind: Scenario")
    try:
        scenario = msgspec.convert(document, Scenario, strict=True)
    except msgspec.ValidationError as error:
        raise Usage(f"{place}: {_told(str(error))}") from error
    _check(scenario, place)
    return scenario


def _told(text: str) -> str:
    """msgspec's message with the place first: `nodes[2].count: expected int, got str`."""
    message, _, path = text.partition(" - at ")
    message = message.replace("Object contains unknown field", "there is no field").replace("`", "'")
    path = path.replace("`", "").replace("$.", "").replace("$", "")
    unknown = re.search(r"there is no field '(\w+)'", message)
    if unknown:
        near = get_close_matches(unknown.group(1), _fields(), 1)
        message += f" (did you mean {near[0]}?)" if near else ""
    return f"{path}: {message[0].lower()}{message[1:]}" if path else message


def _fields() -> list[str]:
    parts = (Scenario, NodeGroup, Workload, Claim, Mig, TimeSlicing, Queue, Fill, PriorityClass)
    return sorted({name for part in parts for name in part.__struct_encode_fields__})


def _check(scenario: Scenario, place: str) -> None:
    """What types cannot say."""
    groups = {g.name: g for g in scenario.nodes}
    for number, group in enumerate(scenario.nodes):
        _check_group(group, f"{place}: nodes[{number}]")
    if len(groups) < len(scenario.nodes):
        raise Usage(f"{place}: nodes: two groups have the same name")
    for number, workload in enumerate(scenario.workloads):
        _check_workload(workload, groups, f"{place}: workloads[{number}]")
    _check_queues(scenario, place)
    for number, fill in enumerate(scenario.fill):
        where = f"{place}: fill[{number}]"
        if fill.group not in groups:
            raise Usage(f"{where}.group: there is no node group {fill.group!r}")
        if not 0 <= fill.share <= 1 or not fill.sizes or not fill.namespaces:
            raise Usage(f"{where}: share is between 0 and 1, sizes and namespaces have at least one entry")
    for number, rule in enumerate(scenario.denials):
        try:
            Denial.parse(rule)
        except Usage as error:
            raise Usage(f"{place}: denials[{number}]: {error.message}") from error
    for number, obj in enumerate(scenario.objects):
        if not obj.get("kind") or not obj.get("apiVersion"):
            raise Usage(f"{place}: objects[{number}]: every object has apiVersion and kind")


def _check_queues(scenario: Scenario, place: str) -> None:
    groups = {group.name for group in scenario.nodes}
    for name, group in scenario.flavors.items():
        if group and group not in groups:
            raise Usage(f"{place}: flavors.{name}: there is no node group {group!r} (groups: {', '.join(groups)})")
    for name, queue in scenario.queues.items():
        if isinstance(queue, Queue) and not queue.cohort and (queue.borrow, queue.lend) != (None, None):
            raise Usage(f"{place}: queues.{name}: borrow and lend are for queues with a cohort")
    earlier: set[str] = set()
    for number, workload in enumerate(scenario.workloads):
        if workload.preempted_for and (not workload.suspend or workload.preempted_for not in earlier):
            why = "needs `suspend`, and a job of a queue that stands before it"
            raise Usage(f"{place}: workloads[{number}].preemptedFor: {why}")
        if workload.queue in scenario.queues and not workload.suspend:
            earlier.add(workload.name)


def _check_group(group: NodeGroup, where: str) -> None:
    if group.product and group.product not in PRODUCTS:
        near = get_close_matches(group.product, PRODUCTS, 1, 0.4)
        tail = f"did you mean {near[0]}?" if near else f"products: {', '.join(PRODUCTS)}"
        raise Usage(f"{where}.product: there is no product {group.product!r} ({tail})")
    if group.count < 0 or not group.zones:
        raise Usage(f"{where}: count is not negative, and there is at least one zone")
    if (group.mig or group.time_slicing or group.dra) and not group.product.strip():
        raise Usage(f"{where}: mig, timeSlicing and dra need a product")
    if group.mig:
        wrong = sorted(set(group.mig.devices) - set(MIG_PROFILES))
        if wrong:
            raise Usage(f"{where}.mig.devices: there is no profile {wrong[0]!r} (profiles: {', '.join(MIG_PROFILES)})")
        if group.mig.strategy == "single" and len(group.mig.devices) != 1:
            raise Usage(f"{where}.mig: strategy single has exactly one profile")
    if group.time_slicing and group.time_slicing.replicas < 2:
        raise Usage(f"{where}.timeSlicing.replicas: at least 2")
    for taint in group.taints:
        if not re.fullmatch(r"[^=:]+(=[^:]*)?:(NoSchedule|PreferNoSchedule|NoExecute)", taint):
            raise Usage(f"{where}.taints: {taint!r} is not key=value:NoSchedule, PreferNoSchedule or NoExecute")


def _check_workload(workload: Workload, groups: dict[str, NodeGroup], where: str) -> None:
    if workload.group and workload.group not in groups:
        raise Usage(f"{where}.group: there is no node group {workload.group!r} (groups: {', '.join(groups)})")
    if workload.count > 1 and "{i}" not in workload.name:
        raise Usage(f"{where}.name: {workload.count} of them need different names: write {{i}} into it")
    if workload.placed and (workload.claim or workload.gate or workload.suspend or not workload.group):
        raise Usage(f"{where}.placed: needs `group`, and neither claim, gate nor suspend")
    if workload.placed and workload.kind == "StatefulSet":
        raise Usage(f"{where}.placed: for pods, Jobs, JobSets and Deployments, not for StatefulSets")
    if workload.kind in ("Deployment", "StatefulSet") and workload.again:
        raise Usage(f"{where}.again: a {workload.kind} does not end")
    for name, text in (("age", workload.age), ("runFor", workload.run_for), ("again", workload.again)):
        try:
            if text:
                between(text, random.Random(0))
        except Usage as error:
            raise Usage(f"{where}.{name}: {error.message}") from error


def scaled(scenario: Scenario, nodes: int, place: str) -> Scenario:
    """With that many nodes in the group that scales. Raises Usage where none does, or the number is negative."""
    if nodes < 0:
        raise Usage(f"--nodes {nodes}: a cluster has no fewer than 0 nodes")
    if not any(g.scale for g in scenario.nodes):
        raise Usage(f"the scenario {place} has a fixed size: --nodes is for a scenario that scales, such as huge")
    groups = tuple(msgspec.structs.replace(g, count=nodes) if g.scale else g for g in scenario.nodes)
    return msgspec.structs.replace(scenario, nodes=groups)
