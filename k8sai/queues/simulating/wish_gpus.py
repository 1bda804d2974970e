"""Which resource is meant by GPUs: the only one that the queue has quota of."""

from k8sai.errors import Usage
from k8sai.fit.wish import DEFAULT
from k8sai.queues.facts import ClusterQueue
from k8sai.queues.setting import Setting
from k8sai.queues.simulating.wish import Wanted
from k8sai.queues.words import gpu


def resource_of(setting: Setting, wanted: Wanted, said: str) -> str:
    """`said` in full; else what the queue covers. Raises Usage where it covers several."""
    if said:
        return said if "/" in said else f"nvidia.com/{said}"
    local = setting.local_queues.get(f"{wanted.namespace}/{wanted.queue}")
    queue = setting.cluster_queues.get(local.cluster_queue) if local else None
    known = _covered(queue) if queue else ()
    if len(known) > 1 and DEFAULT not in known:
        raise Usage(f"the queue has quota of {', '.join(known)}", "say which is meant with --resource")
    return DEFAULT if DEFAULT in known or not known else known[0]


def _covered(queue: ClusterQueue) -> tuple[str, ...]:
    return tuple(name for group in queue.groups for name in group.covered if gpu(name))
