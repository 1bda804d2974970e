"""What `queue stop` is about: its flags, the cluster, what is stopped in it, and who holds quota through that."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from k8sai.cluster.options import Options
from k8sai.cluster.reading import Unseen
from k8sai.cluster.writing import Writer
from k8sai.queues.acting.stopping import Held, Place
from k8sai.queues.acting.stopping_cost import Cost
from k8sai.queues.setting import Setting

if TYPE_CHECKING:
    from k8sai.cluster.connection import Connection
    from k8sai.cluster.objects import Objects
    from k8sai.queues.workload import Workload


@dataclass(frozen=True, slots=True)
class Wish:
    """The flags."""

    options: Options
    names: tuple[str, ...]
    drain: bool
    through: bool
    reason: str
    dry_run: str
    wait: bool
    timeout: float | None
    yes: bool
    output: str


@dataclass(slots=True)
class Scene:
    """The cluster, and what is stopped in it."""

    wish: Wish
    connection: "Connection"
    objects: "Objects"
    writer: Writer
    setting: Setting
    place: Place
    held: Held = field(default_factory=Held)
    gap: Unseen | None = None  # why some who may lose quota cannot be seen
    costs: tuple[Cost, ...] = ()
    holding: tuple["Workload", ...] = ()  # who still had quota when that was last looked at
    doors: frozenset[str] = frozenset()  # namespace/name of the LocalQueues it is drained through

    def evicted(self, workload: "Workload") -> bool:
        """By this drain: through LocalQueues, only what came by one of them."""
        return not self.wish.through or f"{workload.namespace}/{workload.queue}" in self.doors

    @property
    def drains(self) -> bool:
        """Whoever holds quota loses it; a Workload is stopped in no other way."""
        return self.wish.drain or self.place.kind == "Workload"

    @property
    def where(self) -> str:
        """The flag for a hint; "" for kinds without a namespace."""
        return f" -n {self.place.target.namespace}" if self.place.target.namespace else ""
