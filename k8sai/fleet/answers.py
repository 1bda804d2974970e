"""What the fleet answers: frozen values that a table, a document and a screen are made from.

Cards are the unit of every total: a MIG slice, a shared replica or a fraction counts as its share of a card, so figures
may be decimal. Native units (what `kubectl describe node` prints) are in `Resource`. A picture makes tens of thousands
of these: a `Struct` is there in a fraction of a dataclass's time.
"""

from typing import Literal

from msgspec import Struct

Kind = Literal["card", "slice", "replica", "fraction", "monitor"]
# leaked: held by a ResourceClaim that no pod may use; cordoned: free, but the node takes no new pods.
State = Literal["free", "held", "reserved", "terminating", "leaked", "unhealthy", "cordoned", "unknown"]


class Figures(Struct, frozen=True):
    """Cards. free = allocatable - used and may be negative; unhealthy = capacity - allocatable.

    Two things are held without making anything less free: what pods hold on nodes that do not exist (any more), and DRA
    devices that are unhealthy or gone. `blocked` is the part of free (when positive) on nodes that are cordoned or not
    ready; `reserved` is asked by nominated pods that are not bound yet; `terminating` is the part of used held by pods
    that were told to end, `leaked` the part held by claims that no pod may use.
    """

    capacity: float = 0
    allocatable: float = 0
    used: float = 0
    free: float = 0
    unhealthy: float = 0
    pending: float = 0
    blocked: float = 0
    reserved: float = 0
    terminating: float = 0
    leaked: float = 0


class Holder(Struct, frozen=True):
    """A pod and its share of one device, slot or resource, in cards."""

    namespace: str
    name: str
    uid: str
    share: float
    phase: str = ""
    terminating: bool = False
    nominated: bool = False  # a ghost: reserved for it by the scheduler, not bound yet
    owner: str = ""  # "Job/train-7b"; the controller at the top that labels or names reveal
    queue: str = ""
    priority: int = 0


class Gauge(Struct, frozen=True):
    """What a card or slice says of its work; None where it says nothing. Being held and being busy are two things."""

    utilization: float | None = None  # 0 to 1
    memory_used: float | None = None  # MiB
    memory_total: float | None = None  # MiB
    power: float | None = None  # watts
    temperature: float | None = None  # °C
    at: float = 0.0  # epoch seconds


class Device(Struct, frozen=True):
    """A physical device or partition whose identity is known. `source` says from where."""

    id: str  # "driver/pool/device", the device plugin's id, or the card's UUID
    uuid: str
    kind: Kind
    state: State
    holders: tuple[Holder, ...] = ()
    product: str = ""
    parent: str = ""  # the card a partition or replica belongs to
    source: Literal["", "status", "claim", "hami", "dcgm"] = ""
    gauge: Gauge | None = None  # of the card, also for a replica of it; None without a meter


class Slot(Struct, frozen=True):
    """One physical card as the slot bar draws it. Where no identity is known, holders fill slots in order of start."""

    state: State
    used: float  # 0..1 of the card
    holder: Holder | None = None  # the one with the largest share
    holders: int = 0
    device: str = ""  # the device's id where it is known
    utilization: float | None = None  # 0 to 1, of the card, now; None where no meter tells
    idle: bool | None = None  # held and seen doing nothing for a whole window; None where nobody knows


class Resource(Struct, frozen=True):
    """One resource of one node, in its native units."""

    resource: str
    kind: Kind
    family: str  # nvidia, amd, intel, google, aws, habana, …
    capacity: float
    allocatable: float
    used: float
    free: float
    unhealthy: float
    reserved: float
    cards_each: float  # how many cards one unit is: 1 for a card, 1/7 for a 1g slice, 1/4 for one of four replicas


class NodeRow(Struct, frozen=True):
    """Everything a line about a node says; built on demand for visible rows."""

    name: str
    product: str
    ready: bool
    schedulable: bool  # not cordoned
    taints: tuple[str, ...]  # "key=value:Effect"
    zone: str
    clique: str
    figures: Figures
    largest_free: float  # the most cards one new pod could get here; 0 where cordoned or not ready
    resources: tuple[Resource, ...]
    slots: tuple[Slot, ...]
    holders: tuple[Holder, ...]
    created: str  # RFC 3339
    gone: bool = False  # pods name this node but it does not exist (any more)
    labels: tuple[tuple[str, str], ...] = ()
    devices: tuple[Device, ...] = ()  # those whose identity is known
    utilization: float | None = None  # 0 to 1: the mean of the cards that a meter tells of


class PodRow(Struct, frozen=True):
    """A pod that holds, reserves or asks for GPUs."""

    namespace: str
    name: str
    uid: str
    node: str
    phase: str
    terminating: bool
    nominated: str  # node the scheduler reserved for it, or ""
    owner: str
    queue: str
    priority: int
    cards: float
    requests: tuple[tuple[str, float], ...]  # resource -> native amount; DRA as "<driver or class>"
    since: str  # RFC 3339: start time, or for a pending pod its creation
    reason: str = ""  # pending only: machine word, e.g. Unschedulable, SchedulingGated, ClaimMissing
    message: str = ""


# gated: every waiting pod is held back on purpose; gang waiting: no scheduler has judged the pods of a gang yet.
WorkloadState = Literal["running", "starting", "partly running", "waiting", "gang waiting", "gated", "ending"]


class Workload(Struct, frozen=True):
    """What one owner's pods hold and ask for; a pod on its own is a workload of kind Pod. Figures are cards."""

    namespace: str
    kind: str
    name: str
    queue: str
    priority: int  # the highest of its pods
    state: WorkloadState
    pods: int  # bound
    running: int
    pending_pods: int
    ending: int
    used: float
    pending: float
    reserved: float
    terminating: float
    nodes: tuple[str, ...]
    zones: tuple[str, ...]
    cliques: tuple[str, ...]
    split: bool  # its nodes are not all of one NVLink clique
    products: tuple[str, ...]  # of its nodes, and those that its waiting pods insist on
    created: str  # RFC 3339, of its oldest pod
    waiting_since: str = ""  # since when the pod waits that waits longest; its reason and message
    reason: str = ""
    message: str = ""
    idle: float | None = None  # the part of its cards seen doing nothing, 0 to 1; None where nobody knows

    @property
    def owner(self) -> str:
        """`Kind/name`."""
        return f"{self.kind}/{self.name}"


class Total(Struct, frozen=True):
    """Figures of a product, namespace or queue; the last two set only used, pending, reserved and terminating."""

    name: str
    figures: Figures
    nodes: int = 0
    pods: int = 0
    pending_pods: int = 0
    kind: str = ""  # product totals: card, slice, replica or fraction
    resource: str = ""  # product totals: the resource (or driver) counted


class Problem(Struct, frozen=True):
    """An object that could not be counted, and why; the object counts as zero."""

    what: str  # "node gpu-1"
    why: str
