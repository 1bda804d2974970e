"""Until when quota may be free for those that wait for it, as ranges: a column of the waiting list.

By quota alone, in the flavor that comes nearest: a list is long. `queue why` tries each holder's end with everything
that Kueue looks at.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from k8sai.cluster.objects import Objects
from k8sai.cluster.reading import Reading
from k8sai.queues.facts import ClusterQueue
from k8sai.queues.pending import Waiting
from k8sai.queues.quota import Tree
from k8sai.queues.setting import Setting
from k8sai.queues.usage import tree as tree_of
from k8sai.queues.verdict import Option
from k8sai.queues.why.eta import Eta, estimate
from k8sai.queues.why.holders import Holder, held
from k8sai.queues.why.look import Look
from k8sai.queues.why.quota import deciding, pressing
from k8sai.queues.why.subject import Asked

_HOLDERS = 24  # that are tried one by one
_TOGETHER = 6  # that are waited for at once; more is no estimate
_MOST = 100  # estimates that differ

Ways = tuple[tuple[Holder, ...], ...]


def etas(setting: Setting, objects: Objects, found: Iterable[Waiting]) -> Mapping[str, Eta]:
    """By `namespace/name`, of those that wait for quota which others hold; once for all that are alike."""
    tree = tree_of(setting)
    known: dict[Any, Eta | None] = {}
    told: dict[str, Eta] = {}
    for one in found:
        queue = setting.cluster_queues.get(one.queue)
        option = _option(one, queue) if queue is not None else None
        if queue is None or option is None:
            continue
        key = queue.name, option.lines
        if key not in known and len(known) < _MOST:
            known[key] = _estimate(setting, objects, tree, one, option)
        eta = known.get(key)
        if eta is not None:
            told[one.workload.ref] = eta
    return told


def _option(one: Waiting, queue: ClusterQueue) -> Option | None:
    """What it waits for, where that is quota in use by others."""
    if one.judged is None or one.fits != "waits" or one.code != "WaitingForQuota":
        return None
    return pressing(one.judged, queue)


def _estimate(setting: Setting, objects: Objects, tree: Tree, one: Waiting, option: Option) -> Eta | None:
    workload, line = one.workload, deciding(option)
    if line is None:
        return None
    look = Look(setting, Reading(objects), Asked(workload.title, workload.namespace, workload=workload.name))
    holders = [each for part in held(look, line.share) for each in part.holders][:_HOLDERS]
    ahead = one.position.cluster_queue - 1 if one.position else 0
    return estimate(setting, _ways(tree, one.queue, option, holders), ahead)


def _ways(tree: Tree, queue: str, option: Option, holders: Sequence[Holder]) -> Ways:
    """Each holder whose end suffices alone; else the largest together until they do."""
    alone = tuple((one,) for one in holders if _room(tree, queue, option, (one,)))
    if alone:
        return alone
    several = (tuple(holders[:count]) for count in range(2, min(len(holders), _TOGETHER) + 1))
    return tuple(ways for ways in several if _room(tree, queue, option, ways))[:1]


def _room(tree: Tree, queue: str, option: Option, ended: Sequence[Holder]) -> bool:
    after = tree.without(one.workload for one in ended)
    node = after.queues[queue]
    return all(after.available(node, line.share) >= line.need for line in option.lines)
