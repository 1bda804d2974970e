"""What would do where there is no room: at most three, each tried before it is offered."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING, Final

from k8sai.canary.checks.room import Option, Short
from k8sai.canary.checks.room_site import judged, workload
from k8sai.canary.facts import Demand
from k8sai.fit.search import largest
from k8sai.queues.simulating.wish import QUEUE
from k8sai.view import several

if TYPE_CHECKING:
    from k8sai.canary.checks.room_site import Site

_MOST: Final = 3
_TRIED: Final = 8  # replicas of the stable side, any of which its controller may take


def options(site: "Site", demand: Sequence[Demand], short: Short, *, swap: bool = False) -> Short:
    """The same with what would do."""
    makers = (
        _fewer(site, demand, swap),
        _swapped(site, demand) if not swap else iter(()),
        _queues(site, demand, short),
    )
    return replace(short, options=tuple(islice((one for maker in makers for one in maker), _MOST)))


def _fewer(site: "Site", demand: Sequence[Demand], swap: bool) -> Iterator[Option]:
    """Of the largest group as many as start now."""
    if len(demand) != 1 or demand[0].count < 2:
        return
    gone = site.first_to_go if swap else frozenset()
    count = largest(demand[0].count - 1, lambda n: _fits(site, [replace(demand[0], count=n)], gone))
    if count:
        text = f"begin with {several(count, 'replica')}: `--warm-replicas {count}`"
        yield Option(text, f"--warm-replicas {count}")


def _swapped(site: "Site", demand: Sequence[Demand]) -> Iterator[Option]:
    """One replica of the stable side goes first, whichever its controller takes; never the only one."""
    if len(site.replicas) < 2:
        return
    if all(_fits(site, demand, frozenset((pod.metadata.uid,))) for pod in site.replicas[:_TRIED]):
        left = several(len(site.replicas) - 1, "replica")
        text = f"take one replica of the stable side first, if {left} can bear its load: `--swap`"
        yield Option(text, "--swap")


def _queues(site: "Site", demand: Sequence[Demand], short: Short) -> Iterator[Option]:
    """A LocalQueue of the namespace: one with room, else one to wait in."""
    from k8sai.canary.checks.room_queue import queue_of, simulated

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


def _fits(site: "Site", demand: Sequence[Demand], gone: frozenset[str]) -> bool:
    return judged(site, demand, gone).short is None
