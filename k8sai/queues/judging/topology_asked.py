"""Which pod sets of a workload have to find room in a topology before they are admitted.

Source: pkg/scheduler/flavorassigner/tas_flavorassigner.go of Kueue 0.19. Where another cluster (MultiKueue) or new
nodes (ProvisioningRequest) are waited for, topology is looked at later.
"""

from collections.abc import Mapping, Sequence

from k8sai.queues.facts import ClusterQueue, Share
from k8sai.queues.judging.assign import Assignment
from k8sai.queues.judging.eligibility import Eligibility
from k8sai.queues.judging.scene import Scene
from k8sai.queues.judging.topology import Ask
from k8sai.queues.workload import PodSet, Workload

_ELSEWHERE, _NEW_NODES = "kueue.x-k8s.io/multikueue", "kueue.x-k8s.io/provisioning-request"


def topology_asks(
    scene: Scene, workload: Workload, queue: ClusterQueue, assignment: Assignment, counts: Mapping[str, int]
) -> tuple[Ask, ...]:
    """In the order of its pod sets; none where nodes were not looked at."""
    if scene.rooms is None or _checked(scene, queue, _ELSEWHERE):
        return ()
    eligibility = Eligibility(scene.setting, queue)
    found = []
    for one in workload.pod_sets:
        flavor = _flavor(scene, assignment, one)
        count = counts.get(one.name, one.count - workload.reclaimable.get(one.name, 0))
        if flavor and count and eligibility.topological(one) and not _checked(scene, queue, _NEW_NODES, flavor):
            found.append(Ask(one, flavor, count))
    return tuple(found)


def topology_shares(assignment: Assignment, asks: Sequence[Ask]) -> frozenset[Share]:
    """What these pod sets were given: who holds it may have to make room."""
    return frozenset(
        Share(flavor, resource)
        for ask in asks
        for resource, flavor in assignment.given.get(ask.pod_set.name, {}).items()
    )


def _flavor(scene: Scene, assignment: Assignment, pod_set: PodSet) -> str:
    """The flavor with a topology that it was given; empty where there is none."""
    given = assignment.given.get(pod_set.name, {}).values()
    return next((one for one in given if scene.rooms is not None and one in scene.rooms.land.grounds), "")


def _checked(scene: Scene, queue: ClusterQueue, controller: str, flavor: str = "") -> bool:
    """An AdmissionCheck of this controller stands before the queue, or before this flavor of it."""
    for one in queue.checks:
        check = scene.setting.checks.get(one.name)
        if check is not None and check.controller == controller and (not one.flavors or flavor in one.flavors):
            return True
    return False
