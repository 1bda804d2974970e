"""Is a setup of Kueue sound: held against itself, against the nodes there are, and against what waits in it."""

from k8sai.queues.setup import check_nodes, check_objects, check_quota
from k8sai.queues.setup.finding import LEVELS, Finding
from k8sai.queues.setup.ground import Ground


def check(ground: Ground) -> tuple[Finding, ...]:
    """All findings: errors first, then by code and object."""
    rooms = (check_objects, check_quota, *((check_nodes,) if ground.machines is not None else ()))
    found = [finding for room in rooms for finding in room.findings(ground)]
    return tuple(sorted(found, key=lambda one: (LEVELS.index(one.level), one.code, one.object, one.text)))
