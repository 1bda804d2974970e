"""All rollouts of a cluster at one moment, for a screen; and what a screen may ask about them, and for."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from k8sai.canary.facts import ENDED, Ref
from k8sai.canary.keeping.listing import Listed
from k8sai.canary.pods import OnePod
from k8sai.canary.shown.look import Look, Observed
from k8sai.cluster.reading import Unseen
from k8sai.errors import K8saiError

if TYPE_CHECKING:
    from k8sai.canary.state import State


@dataclass(frozen=True, slots=True)
class Rollout:
    """`look` is None where the state is not understood. Pods are None where nobody can tell them apart, or may."""

    listed: Listed
    look: Look | None = None
    stable: tuple[OnePod, ...] | None = None
    canary: tuple[OnePod, ...] | None = None

    @property
    def title(self) -> str:
        """`isvc/chat`; by its kind where the state cannot be read."""
        return self.look.ref.title if self.look else self.listed.target or self.listed.name

    @property
    def key(self) -> str:
        """`prod/isvc/chat`."""
        return f"{self.listed.namespace}/{self.title}"

    @property
    def over(self) -> bool:
        """Nothing of it moves any more."""
        state = self.listed.state
        return state is not None and state.phase in ENDED and bool(state.ended)


@dataclass(frozen=True, slots=True)
class Rollouts:
    """`namespace` is the only one that could be read, "" for all; `refused` why there is nothing at all."""

    at: float
    found: tuple[Rollout, ...] = ()
    namespace: str = ""
    refused: K8saiError | None = None
    hidden: tuple[Unseen, ...] = ()


class Canaries(Protocol):
    """All of it may wait for a server: ask in a thread."""

    def read(self, wanted: Collection[str]) -> Rollouts:
        """All; those on their way, and of these keys, are looked at. What cannot be read is in the answer."""

    def observed(self, look: Look) -> Observed:
        """How requests were split, or why nobody knows."""

    def pause(self, ref: Ref) -> "State":
        """Hold it. Raises Refused, NotFound, Forbidden, Stale, ClusterError."""

    def resume(self, ref: Ref) -> "State":
        """Let it go on. Raises as `pause`."""

    def rollback(self, ref: Ref, *, steal: bool) -> "State":
        """Back to the stable side, to its end. Raises Locked, and as `pause`."""

    def stop(self) -> None:
        """Wait a moment for what was asked for and still goes on."""
