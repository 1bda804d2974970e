"""Until when quota may be free for those that wait for it, as ranges: a column of the waiting list."""

from collections.abc import Iterable, Mapping
from typing import Any

from k8sai.cluster.objects import Objects
from k8sai.cluster.reading import Reading
from k8sai.queues.eta import Eta, estimate
from k8sai.queues.facts import ClusterQueue
from k8sai.queues.pending import Waiting
from k8sai.queues.setting import Setting
from k8sai.queues.verdict import Line
from k8sai.queues.why_fixes import waits_for
from k8sai.queues.why_look import Look
from k8sai.queues.why_quota import deciding, pressing
from k8sai.queues.why_subject import Asked

_MOST = 50  # estimates that differ: each tries what would happen without holders


def etas(setting: Setting, objects: Objects, found: Iterable[Waiting]) -> Mapping[str, Eta]:
    """By `namespace/name`, of those that wait for quota which others hold; once for all that are alike."""
    known: dict[Any, Eta | None] = {}
    told: dict[str, Eta] = {}
    for one in found:
        queue = setting.cluster_queues.get(one.queue)
        line = _short(one, queue)
        if queue is None or line is None:
            continue
        key = one.queue, one.workload.namespace, line.share, line.need, one.workload.priority
        if key not in known and len(known) < _MOST:
            known[key] = _estimate(setting, objects, one, line)
        eta = known.get(key)
        if eta is not None:
            told[one.workload.ref] = eta
    return told


def _short(one: Waiting, queue: ClusterQueue | None) -> Line | None:
    if queue is None or one.judged is None or one.fits != "waits" or one.code != "WaitingForQuota":
        return None
    option = pressing(one.judged, queue)
    return deciding(option) if option is not None else None


def _estimate(setting: Setting, objects: Objects, one: Waiting, line: Line) -> Eta | None:
    workload = one.workload
    look = Look(setting, Reading(objects), Asked(workload.title, workload.namespace, workload=workload.name))
    return estimate(setting, waits_for(look, line.share), one.position.cluster_queue - 1 if one.position else 0)
