"""The Leases of a drain: its own, one per node and one per gang. All of them or none; one thread renews them.

The epoch of the drain's own Lease fences the state; losing any of them ends all writing.
"""

import threading
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from k8sai.errors import K8saiError
from k8sai.evict.facts import Json
from k8sai.evict.keeping import names
from k8sai.evict.keeping.kept import Kept
from k8sai.holding.lease import AGAIN, EVERY, Claim, Clock, Lease

if TYPE_CHECKING:
    from k8sai.cluster.writing import Target, Writer


class Locks:
    """What one process holds for one drain. `told` hears why taking takes a while."""

    def __init__(
        self,
        writer: "Writer",
        namespace: str,
        drain: str,
        holder: str,
        *,
        clock: Clock | None = None,
        background: bool = True,
        told: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.name = holder
        self.epochs: dict[str, int] = {}  # of each gang's Lease, by the gang's id
        self.taken_from = ""  # who held the drain before us, and had not given it back
        self._writer, self._namespace, self._drain = writer, namespace, drain
        self._clock = clock or Clock()
        self._told = told
        self._background = background
        self._own = self._lease(self._claim_drain())
        self._more: list[Lease] = []
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def epoch(self) -> int:
        return self._own.epoch

    def take(self, *, steal: bool = False) -> int:
        """The drain's own; its epoch. Raises Locked with the holder, Forbidden, ClusterError."""
        epoch = self._own.take(steal, self._told)
        before = self._own.before
        self.taken_from = before.who if before else ""
        self._renewing()
        return epoch

    def take_all(self, nodes: Iterable[str], gangs: Iterable[str], *, steal: bool = False) -> None:
        """In one order for everybody, so that two never wait for each other; all are given back where one is held.

        Raises Locked, Forbidden, ClusterError.
        """
        try:
            for node in sorted(nodes):
                self._take(names.node_lease(self._namespace, node), f"node {node}", steal)
            for gang in sorted(gangs):
                lease = self._take(names.gang_lease(self._namespace, gang), f"gang {gang}", steal)
                self.epochs[gang] = lease.epoch
        except K8saiError:
            self.release()
            raise

    def insist(self) -> None:
        """Before each write. Raises Locked, ClusterError, Forbidden where any of them is lost, by why it is."""
        for lease in (self._own, *self._more):
            lease.insist()

    def renew(self) -> None:
        """All of them, now. Raises Locked, ClusterError."""
        for lease in (self._own, *self._more):
            lease.renew()

    def release(self) -> None:
        """Give all back: the next one need not wait."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(AGAIN)
            self._thread = None
        leases = (*self._more, self._own)
        lost = any(lease.lost.is_set() for lease in leases)
        for lease in leases:
            if not lease.release() and lost:
                break  # a server that has been away for so long is not waited for once more for each: they expire
        self._more.clear()

    # --- one Lease ----------------------------------------------------------------------------------------------------

    def _lease(self, claim: Claim) -> Lease:
        return Lease(self._writer, claim, self.name, clock=self._clock, background=False)

    def _take(self, place: "Target", what: str, steal: bool) -> Lease:
        look = "`k8sai evict status --all`"
        claim = Claim(place, self._metadata(place), what, look, f"{look} shows what it does", self._again)
        lease = self._lease(claim)
        lease.take(steal or self._left(lease), self._told)
        self._more.append(lease)
        return lease

    def _left(self, lease: Lease) -> bool:
        """It is of the process from whom we have just taken the drain: whether it lives has been watched already."""
        before, holder = self._own.before, lease.holder()
        return before is not None and holder is not None and holder.name == before.name

    def _metadata(self, place: "Target") -> Json:
        return names.metadata(place, self._drain, "lease")

    @property
    def _again(self) -> str:
        return f"`k8sai evict resume {self._drain}` goes on, once the server is back"

    def _claim_drain(self) -> Claim:
        place, kept = names.lease_of(self._namespace, self._drain), Kept(self._writer, self._namespace, self._drain)
        return Claim(
            place,
            self._metadata(place),
            f"drain {self._drain}",
            f"`k8sai evict status {self._drain}`",
            f"`k8sai evict status {self._drain}` shows what it does; `k8sai evict resume {self._drain} --take-over` "
            "takes it away",
            self._again,
            last=lambda: held.state.epoch if (held := kept.read()) else 0,
            doing=lambda: held.state.stage if (held := kept.read()) else "",
        )

    # --- renewing -----------------------------------------------------------------------------------------------------

    def _renewing(self) -> None:
        if self._background and self._thread is None:
            self._stop.clear()
            self._thread = threading.Thread(target=self._go_on, name="leases", daemon=True)
            self._thread.start()

    def _go_on(self) -> None:
        """What cannot be renewed says by itself, at the next write, when that took too long."""
        pause = EVERY
        while not self._clock.wait(self._stop, pause):
            renewed = [self._renewed(lease) for lease in (self._own, *self._more)]
            pause = EVERY if all(renewed) else AGAIN

    def _renewed(self, lease: Lease) -> bool:
        if self._stop.is_set():
            return True
        try:
            lease.renew()
        except K8saiError:
            return False
        return True
