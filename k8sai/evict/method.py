"""A way to ask a gang for a checkpoint: what every file of `methods` gives, and what it is given."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Protocol

from k8sai.evict.facts import Ack, Contract, Json, MethodName, Ref, Request

if TYPE_CHECKING:
    from k8sai.cluster.connection import Connection
    from k8sai.cluster.objects import Objects
    from k8sai.cluster.writing import Writer

Right = tuple[str, str, str, str]  # verb, plural with its group, subresource, namespace


@dataclass(frozen=True, slots=True)
class Site:
    """One gang as a method sees it. `pods` are whole objects, rank 0 first, those that run. `shared`: `ref` is the
    owner of other gangs too, as a LeaderWorkerSet is of its groups: what is written there is not for this one alone.
    """

    ref: Ref
    contract: Contract
    pods: Sequence[Json]
    connection: "Connection"
    writer: "Writer"
    objects: "Objects"
    shared: bool = False


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why a method cannot be used. `fatal`: asking would do harm (a signal without a handler kills)."""

    why: str
    hint: str = ""
    fatal: bool = False


Heard = Literal["accepted", "answered", "failed", "silent"]


@dataclass(frozen=True, slots=True)
class Said:
    """What one rank said when it was asked. `accepted`: it will save; `answered`: with `ack`; `silent`: nothing yet."""

    pod: str
    heard: Heard
    ack: Ack | None = None
    why: str = ""


@dataclass(frozen=True, slots=True)
class Asked:
    """What became of asking: by pod. `more` is what the method needs to look again or to take it back (names of
    objects it made), kept in the journal.
    """

    said: tuple[Said, ...] = ()
    more: Json = field(default_factory=dict)


class Method(Protocol):
    """One way. Nothing here decides: grades are given by `contracts.proof`, phases by `running`.

    Everything is idempotent for one request id: after a kill -9 `ask` is called again with it.
    """

    name: MethodName
    writes: bool  # asking writes to an object (annotation, evictionrequest)

    def rights(self, site: Site) -> tuple[Right, ...]:
        """What the user must be allowed, for SelfSubjectAccessReviews and `evict rbac`."""

    def preflight(self, site: Site, read_only: bool) -> tuple[Trouble, ...]:
        """What stands in its way. With `read_only` nothing at all is written and nothing is executed in a pod that
        could change anything: reading /proc through exec is a create on pods/exec, so `plan` says it will be checked.
        Raises ClusterError.
        """

    def ask(self, site: Site, request: Request, until: Callable[[], bool]) -> Asked:
        """Ask every rank in the contract's scope. May wait for answers, until they are there, `until` says True or the
        request's deadline has passed. Raises Forbidden, ClusterError.
        """

    def look(self, site: Site, request: Request, asked: Asked) -> Asked:
        """What has been said since. Raises Forbidden, ClusterError."""

    def withdraw(self, site: Site, request: Request, asked: Asked) -> None:
        """Take the request back, as far as that can be done; twice does no harm. Raises Forbidden, ClusterError."""
