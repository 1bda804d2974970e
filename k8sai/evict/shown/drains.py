"""All drains of a cluster at one moment, for a screen; and what a screen may ask for."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from k8sai.cluster.reading import Unseen
from k8sai.errors import K8saiError
from k8sai.evict.keeping.find import Listed

if TYPE_CHECKING:
    from k8sai.evict.plan import Plan
    from k8sai.evict.planning.wish import Wish


@dataclass(frozen=True, slots=True)
class Ours:
    """A drain that this process carries out. `waits` is what it waits for, `trouble` why it has let go of it."""

    waits: str = ""
    trouble: str = ""
    busy: bool = True


@dataclass(frozen=True, slots=True)
class Drains:
    """`at` is by the API server's clock. `namespace` is the only one that could be read, "" for all; `refused` why
    there is nothing at all.
    """

    at: float
    found: tuple[Listed, ...] = ()
    namespace: str = ""
    refused: K8saiError | None = None
    hidden: tuple[Unseen, ...] = ()
    ours: Mapping[str, Ours] = field(default_factory=dict)  # by id


class Evictions(Protocol):
    """All of it but `heard` and `busy` may wait for a server: ask in a thread."""

    @property
    def heard(self) -> int:
        """Another number whenever a drain that is carried out here has said something."""

    @property
    def busy(self) -> tuple[str, ...]:
        """The ids of drains that are carried out here, now."""

    def read(self) -> Drains:
        """All. What cannot be read is in the answer."""

    def plan(self, wish: "Wish") -> "Plan":
        """What a drain would do; writes nothing. Raises Usage, NotFound, Forbidden, ClusterError."""

    def drain(self, wish: "Wish", plan: "Plan") -> None:
        """Carry a plan out, beside everything else; returns when all is locked and the drain is kept.

        Raises Drift, Locked, NotFound, Forbidden, ClusterError: then nothing was written.
        """

    def resume(self, one: Listed) -> None:
        """Go on with it, beside everything else. Raises Locked, NotFound, Stale, Forbidden, ClusterError."""

    def abort(self, one: Listed) -> str:
        """Take it back: by whoever is at it, else by ourselves, beside everything else. What was begun, in words.

        Raises as `resume`.
        """

    def stop(self) -> tuple[str, ...]:
        """Let go of what is carried out here: the call in flight is finished. The ids of what is left on its way."""
