"""Is there room for the pods that a rollout makes: nodes, ResourceQuotas, volumes and Kueue's quota, before anything is
written. What could not be read is said; nobody guesses.

`demand` is needed before the first request, `peak` at the moment of promotion, both beside what runs now. A demand that
finds no room is refused. A peak that finds none now is told, since much may end until then; one that never will is
refused too.
"""

from collections.abc import Sequence
from typing import Final

from k8sai.canary.checks.room_answer import Answer, Code, Room, Short
from k8sai.canary.checks.room_judged import judged
from k8sai.canary.checks.room_options import options
from k8sai.canary.checks.room_site import Site
from k8sai.canary.facts import Demand
from k8sai.errors import ClusterError, Forbidden, NoCapacity, Refused, Usage
from k8sai.quantity import BadQuantity

_ELSE: Final[dict[Code, str]] = {  # where nothing would do
    "nodes": "`k8sai top` shows who holds the GPUs",
    "quota": "`kubectl describe resourcequota` shows who may use how much",
    "queue": "`k8sai queue list` shows who holds the quota",
    "volume": "a claim for many nodes, a copy of it, or the model by its URI",
}


def room(site: Site, demand: Sequence[Demand], swapped: int = 0) -> Answer:
    """Do these pods find room now, after so many replicas of the stable side have gone.

    What cannot be read makes a note and no answer.
    """
    if not any(one.count for one in demand):
        return Answer()
    try:
        found = judged(site, demand, site.going(swapped))
        if found.short is None or found.short.code == "volume":
            return found
        return Answer(options(site, demand, found.short, swapped), found.notes)
    except (Forbidden, ClusterError, Usage, BadQuantity) as error:
        return Answer(notes=(f"whether there is room is not known: {error}",))


def whole(site: Site, demand: Sequence[Demand], peak: Sequence[Demand], *, swap: bool = False) -> Room:
    """Of a prepared rollout. With `swap` as many replicas of the stable side go first as the canary begins with."""
    gone = sum(one.count for one in demand) if swap else 0
    return Room(room(site, demand, gone), room(site, peak, gone))


def insist(found: Room) -> tuple[str, ...]:
    """The notes. Raises NoCapacity where the rollout cannot begin, or could never end; Refused for a volume that one
    node alone may mount.
    """
    for short in (found.now.short, found.peak.short):
        if short is not None and (short is found.now.short or short.never or short.code == "volume"):
            raise refusal(short)
    return found.notes


def refusal(short: Short) -> NoCapacity | Refused:
    """As an error: the deficit in the sentence, what would do in the hint."""
    kind = Refused if short.code == "volume" else NoCapacity
    ways = "; or ".join(one.text for one in short.options) or _ELSE[short.code]
    lacking = ", ".join(f"{value} {name}" for name, value in short.missing.items())
    deficit = f" (lacking {lacking})" if lacking else ""
    return kind(f"nothing was created: {short.why} finds no room{deficit}: {short.sentence}", ways)
