"""What would do where there is no room: at most three, each tried before it is offered."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice
from typing import Final

from k8sai.canary.checks.room_answer import Option, Short
from k8sai.canary.checks.room_judged import judged, workload
from k8sai.canary.checks.room_queue import queue_of, simulated
from k8sai.canary.checks.room_site import Site
from k8sai.canary.facts import Demand
from k8sai.fit.search import largest
from k8sai.queues.simulating.wish import QUEUE
from k8sai.view import several

_MOST: Final = 3
# The flags of `start` that backends take: of others the size is not ours to choose.
_WARM: Final = ("kserve-standard", "llmisvc-group", "httproute", "virtualservice", "knative")
_SWAP: Final = ("kserve-standard",)


def options(site: Site, demand: Sequence[Demand], short: Short, swapped: int = 0) -> Short:
    """The same with what would do."""
    makers = (_fewer(site, demand, swapped), _swaps(site, demand, swapped), _queues(site, demand, short))
    return replace(short, options=tuple(islice((one for maker in makers for one in maker), _MOST)))


def _fewer(site: Site, demand: Sequence[Demand], swapped: int) -> Iterator[Option]:
    """As many as start now, with those that run already."""
    if site.backend not in _WARM or len(demand) != 1 or demand[0].count < 2:
        return
    gone = site.going(swapped)
    more = largest(demand[0].count - 1, lambda n: _fits(site, [replace(demand[0], count=n)], gone))
    if more:
        count = more + site.running
        yield Option(f"begin with {several(count, 'replica')}: `--warm-replicas {count}`", f"--warm-replicas {count}")


def _swaps(site: Site, demand: Sequence[Demand], swapped: int) -> Iterator[Option]:
    """As many replicas of the stable side go first, whichever its controller takes; at most half of them."""
    count, uids = sum(one.count for one in demand), [pod.metadata.uid for pod in site.replicas]
    if site.backend not in _SWAP or swapped or not 0 < 2 * count <= len(uids):
        return
    choices = (frozenset(uids[at : at + count]) for at in range(len(uids) - count + 1))
    if all(_fits(site, demand, gone) for gone in choices):
        first, left = several(count, "replica"), several(len(uids) - count, "replica")
        yield Option(f"take {first} of the stable side first, if {left} can bear its load: `--swap`", "--swap")


def _queues(site: Site, demand: Sequence[Demand], short: Short) -> Iterator[Option]:
    """A LocalQueue of the namespace: one with room, else one to wait in."""
    setting = site.kueue
    if setting is None:
        return
    documents = [workload(one, site.namespace, number) for number, one in enumerate(demand) if one.count]
    mine = next(filter(None, map(queue_of, documents)), "")
    for name in sorted(one.name for one in setting.local_queues.values() if one.namespace == site.namespace):
        if name == mine:
            continue
        kind = simulated(site, setting, documents, name).kind
        if kind in ("FitsNow", "FitsBorrowing") and short.code == "queue":
            yield Option(f"LocalQueue {name} has the quota: label the pods {QUEUE}={name}")
            return
        if kind in ("Waits", "NeedsPreemption", "FitsNow", "FitsBorrowing") and short.code == "nodes" and not mine:
            yield Option(f"let it wait its turn in LocalQueue {name}: label the pods {QUEUE}={name}")
            return


def _fits(site: Site, demand: Sequence[Demand], gone: frozenset[str]) -> bool:
    return judged(site, demand, gone).short is None
