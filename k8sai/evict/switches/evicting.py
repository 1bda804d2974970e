"""Switches that evict pods: the leader of one LeaderWorkerSet group, or each pod of a gang that has no other switch.

A pod is known by its uid, so none is evicted twice, and what has taken its name since is left alone.
"""

from k8sai.cluster.reading import Reading
from k8sai.evict.facts import Json, PodRef, Ref
from k8sai.evict.gangs.kinds import POD
from k8sai.evict.gangs.pods import ended, uid
from k8sai.evict.planning.verdicts import eviction
from k8sai.evict.state import GangState
from k8sai.evict.switches.step import Step, Write


def next_leader(state: GangState, reading: Reading, _: str) -> Step:
    """None: the leader goes or is gone; its workers follow."""
    on = state.switch.on
    live = _here(on.namespace, reading).get(on.uid) if on else None
    return None if on is None or live is None else _evict(on)


def next_pod(state: GangState, reading: Reading, _: str) -> Step:
    """The next of its pods; None: all of them go or are gone. Those of the last rank go first, rank 0 last."""
    here = {uid for space in {one.namespace for one in state.pods} for uid in _here(space, reading)}
    left = sorted((one for one in state.pods if one.uid in here), key=_last_rank_first)
    return _evict(_ref(left[0])) if left else None


def _here(namespace: str, reading: Reading) -> dict[str, Json]:
    """The pods that nobody has deleted yet, by uid."""
    found = reading.list(POD.full, namespace)
    return {uid(one): one for one in found if "deletionTimestamp" not in one["metadata"] and not ended(one)}


def _last_rank_first(one: PodRef) -> tuple[int, str]:
    return (-one.rank, one.name)


def _ref(one: PodRef) -> Ref:
    return Ref(POD.full, one.namespace, one.name, one.uid, POD.word)


def _evict(on: Ref) -> Write:
    return Write(on, eviction=eviction(on.namespace, on.name, on.uid), title=f"{on.title} evicted")
