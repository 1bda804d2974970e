"""The status of ClusterQueues and LocalQueues: how full they are, how many wait, and why they do not work.

Source: pkg/controller/core/{clusterqueue,localqueue}_controller.go of Kueue 0.19. Kueue writes them once a second; here
they follow at once. Fair sharing is off, as by default: nothing is said of shares.
"""

from collections.abc import Collection, Iterable, Iterator

from k8sai.queues.facts import ClusterQueue, LocalQueue, Share
from k8sai.queues.words import amount
from k8sai.queues.workload import Workload
from k8sai.sim.controllers.desk import Desk, with_condition
from k8sai.sim.controllers.kueue_book import CLUSTER_QUEUES, LOCAL_QUEUES, Book
from k8sai.sim.kinds import Resource
from k8sai.sim.objects import Obj


class Queues:
    """Writes both; a ClusterQueue whose Active turns brings its LocalQueues along, through its event."""

    def __init__(self, desk: Desk, book: Book) -> None:
        self._desk = desk
        self._book = book
        self.add = desk.queue("kueue-queues", self._cluster_queue)
        self.add_local = desk.queue("kueue-local-queues", self._local_queue)

    def _cluster_queue(self, name: str) -> None:
        queue = self._book.cluster_queues.get(name)
        if queue is None:
            return
        holding = self._book.holding.get(name, {}).values()
        status = dict(queue.object.get("status") or {})
        status |= _counts(len(self._book.waiting.get(name, {})), holding)
        for key, ones in (("flavorsReservation", holding), ("flavorsUsage", _admitted(holding))):
            status[key] = _usage(queue, _sum(ones), borrowed=True)
        self._put(queue.object, CLUSTER_QUEUES, status, *self._active(queue))

    def _active(self, queue: ClusterQueue) -> tuple[bool, str, str]:
        """Whether it takes workloads. In a cycle of cohorts Kueue says no, and gives the reason of a yes."""
        wrong = list(self._wrong(queue))
        if wrong:
            return False, wrong[0][0], f"Can't admit new workloads: {', '.join(text for _, text in wrong)}."
        return self._book.root_of(queue.name) is not None, "Ready", "Can admit new workloads"

    def _wrong(self, queue: ClusterQueue) -> Iterator[tuple[str, str]]:
        if queue.stop != "None":
            yield "Stopped", "is stopped"
        flavors = [name for group in queue.groups for name, _ in group.flavors]
        missing = [name for name in flavors if name not in self._book.flavors]
        if missing:
            yield "FlavorNotFound", f"references missing ResourceFlavor(s): {','.join(missing)}"
        asked = [check.name for check in queue.checks]
        unknown = sorted(name for name in asked if name not in self._book.checks)
        if unknown:
            yield "AdmissionCheckNotFound", f"references missing AdmissionCheck(s): {','.join(unknown)}"
        known = [self._book.checks[name] for name in asked if name in self._book.checks]
        idle = sorted(check.name for check in known if check.active is None or not check.active.holds)
        if idle:
            yield "AdmissionCheckInactive", f"references inactive AdmissionCheck(s): {','.join(idle)}"
        for name in flavors:
            topology = self._book.flavors[name].topology if name in self._book.flavors else ""
            if topology and topology not in self._book.topologies:
                yield "TopologyNotFound", f'there is no Topology "{topology}" for TAS flavor "{name}"'

    def _local_queue(self, ref: str) -> None:
        queue = self._book.local_queues.get(ref)
        if queue is None:
            return
        above = self._book.cluster_queues.get(queue.cluster_queue)
        status = dict(queue.object.get("status") or {})
        if above is None:
            status |= {**_counts(0, ()), "flavorsReservation": [], "flavorsUsage": []}
        else:
            members = self._book.of_local.get(ref, {})
            here = self._book.waiting.get(above.name, {}), self._book.holding.get(above.name, {})
            waiting, holding = ([one for ref, one in members.items() if ref in there] for there in here)
            status |= _counts(len(waiting), holding)
            for key, ones in (("flavorsReservation", holding), ("flavorsUsage", _admitted(holding))):
                status[key] = _usage(above, _sum(ones), borrowed=False)
        self._put(queue.object, LOCAL_QUEUES, status, *_local_active(queue, above))

    def _put(self, obj: Obj, resource: Resource, status: Obj, holds: bool, reason: str, message: str) -> None:
        active = {"type": "Active", "status": str(holds), "reason": reason, "message": message}
        active["observedGeneration"] = obj["metadata"].get("generation", 1)
        status["conditions"] = with_condition(status.get("conditions"), active, self._desk.stamp())
        self._desk.put_status(resource, obj, status)


def _local_active(queue: LocalQueue, above: ClusterQueue | None) -> tuple[bool, str, str]:
    if queue.stop != "None":
        return False, "Stopped", "LocalQueue is stopped"
    if above is None:
        return False, "ClusterQueueDoesNotExist", "Can't submit new workloads to clusterQueue"
    if above.active is None or not above.active.holds:
        return False, "ClusterQueueIsInactive", "Can't submit new workloads to clusterQueue"
    return True, "Ready", "Can submit new workloads to localQueue"


def _admitted(holding: Iterable[Workload]) -> list[Workload]:
    return [one for one in holding if one.holds("Admitted")]


def _counts(waiting: int, holding: Collection[Workload]) -> Obj:
    admitted = len(_admitted(holding))
    return {"pendingWorkloads": waiting, "reservingWorkloads": len(holding), "admittedWorkloads": admitted}


def _sum(holding: Iterable[Workload]) -> dict[Share, int]:
    total: dict[Share, int] = {}
    for one in holding:
        for share, much in one.admission.usage.items() if one.admission else ():
            total[share] = total.get(share, 0) + much
    return total


def _usage(queue: ClusterQueue, used: dict[Share, int], *, borrowed: bool) -> list[Obj]:
    """Per flavor and resource of the queue, in its order; what it borrows is only said of ClusterQueues."""
    found = []
    for group in queue.groups:
        for flavor, quotas in group.flavors:
            resources = []
            for name in sorted(quotas):
                total = used.get(Share(flavor, name), 0)
                line = {"name": name, "total": amount(name, total)}
                if borrowed:
                    over = max(0, total - quotas[name].nominal) if queue.cohort else 0
                    line["borrowed"] = amount(name, over)
                resources.append(line)
            found.append({"name": flavor, "resources": resources})
    return found
