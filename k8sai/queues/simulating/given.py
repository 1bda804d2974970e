"""A setting after a workload was given quota, or had to give it back; and what it holds by a judgement."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from k8sai.queues.facts import ClusterQueue, Condition, Json, Share
from k8sai.queues.judging.eligibility import Eligibility
from k8sai.queues.judging.topology import Ask, Rooms
from k8sai.queues.judging.topology_nodes import Land
from k8sai.queues.setting import Setting
from k8sai.queues.verdict import Judgement
from k8sai.queues.workload import Admission, Assigned, PodSet, Workload


def admitted(setting: Setting, workload: Workload, judgement: Judgement, land: Land | None = None) -> Setting:
    """As it would be once the workload holds what it was judged to get, in a topology where `land` has one."""
    places = _places(setting, workload, judgement, land) if land is not None else {}
    given = replace(
        workload, admission=_admission(workload, judgement, places), conditions=_holding(workload, setting.at)
    )
    return replace(setting, workloads={**setting.workloads, workload.ref: given})


def evicted(setting: Setting, victims: Iterable[Workload]) -> Setting:
    """As it would be once these have given back their quota and wait again; their place in line is the old one."""
    waiting = {one.ref: replace(one, admission=None, conditions=_evicted(one, setting.at)) for one in victims}
    return replace(setting, workloads={**setting.workloads, **waiting})


def _admission(workload: Workload, judgement: Judgement, places: Mapping[str, Json]) -> Admission:
    sets = (_assigned(workload, one, judgement, places.get(one.name)) for one in workload.pod_sets)
    return Admission(judgement.queue, tuple(sets))


def _places(setting: Setting, workload: Workload, judgement: Judgement, land: Land) -> dict[str, Json]:
    """By pod set, as Kueue writes it into an admission."""
    queue = setting.cluster_queues[judgement.queue]
    asks = [ask for one in workload.pod_sets if (ask := _ask(setting, queue, one, judgement, land)) is not None]
    held = (one for ones in setting.reserving.values() for one in ones)
    return {
        found.ask.pod_set.name: {
            "levels": list(land.grounds[found.ask.flavor].topology.levels),
            "domains": [{"values": list(values), "count": count} for values, count in found.where.items()],
        }
        for found in (Rooms(land, held).place(asks) if asks else ())
    }


def _ask(setting: Setting, queue: ClusterQueue, pod_set: PodSet, judgement: Judgement, land: Land) -> Ask | None:
    flavors = judgement.assigned.get(pod_set.name, {}).values()
    flavor = next((one for one in flavors if one in land.grounds), "")
    if not flavor or not Eligibility(setting, queue).topological(pod_set):
        return None
    return Ask(pod_set, flavor, judgement.counts.get(pod_set.name, pod_set.count))


def _assigned(workload: Workload, pod_set: PodSet, judgement: Judgement, place: Json | None) -> Assigned:
    """With the fewer pods of a partial admission."""
    count, asked = judgement.counts.get(pod_set.name, pod_set.count), workload.asks_of(pod_set)
    given = {name: amount * count // pod_set.count for name, amount in asked.items()} if pod_set.count else asked
    return Assigned(pod_set.name, judgement.assigned.get(pod_set.name, {}), given, count, place)


def _holding(workload: Workload, at: float) -> tuple[Condition, ...]:
    kept = tuple(one for one in workload.conditions if one.type not in ("QuotaReserved", "Admitted", "Evicted"))
    return (
        *kept,
        Condition("QuotaReserved", True, "QuotaReserved", at=at),
        Condition("Admitted", True, "Admitted", at=at),
    )


def _evicted(workload: Workload, at: float) -> tuple[Condition, ...]:
    kept = tuple(one for one in workload.conditions if one.type not in ("QuotaReserved", "Admitted", "Evicted"))
    return (
        *kept,
        Condition("QuotaReserved", False, "Pending", at=at),
        Condition("Evicted", True, "Preempted", at=at),
    )


def usage_of(workload: Workload, judgement: Judgement) -> dict[Share, int]:
    """What it would hold, per share."""
    return _admission(workload, judgement, {}).usage
