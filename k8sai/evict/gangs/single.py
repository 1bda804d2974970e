"""Gangs that nothing owns: a pod alone, and pods that only share a group. What is evicted of them is not made anew.

A native PodGroup has no switch; of a pod group of Kueue's, the Workload is the switch.
"""

from collections.abc import Sequence
from typing import Final

from k8sai.cluster.reading import Reading
from k8sai.evict.facts import Gang, Ref, Switch
from k8sai.evict.gangs.groups import Group, found, size
from k8sai.evict.gangs.kinds import POD, WORKLOAD
from k8sai.evict.gangs.kueue import managed
from k8sai.evict.gangs.members import Member
from k8sai.evict.gangs.pods import uid
from k8sai.evict.gangs.whole import named, pods_of, stopped_by

_GONE: Final = "evicting it ends it: nothing makes it anew"
_OTHERS: Final = "evicting one pod leaves the others running, and nothing makes it anew"


def of_pod(one: Member) -> Gang:
    """A pod by itself. `managed`: a ReplicaSet makes it anew."""
    restarts = "evicting it makes another pod in its place" if one.chain.single else _GONE
    return Gang(
        uid(one.pod), POD.ref(one.pod), "Pod", (one.pod,), (), None, Switch("evict"), one.chain.single, 1, "", restarts
    )


def of_group(joined: Sequence[Member], reading: Reading) -> Gang:
    """Bare pods of one group; the group that counts most gives its name."""
    pods, group = pods_of(joined), joined[0].groups[0]
    namespace = str(pods[0]["metadata"].get("namespace", ""))
    obj, kueue = found(group, namespace, reading), managed((), pods, reading)
    switch = stopped_by(kueue, Switch("evict"))
    stands = obj or kueue.workload
    return Gang(
        uid(stands) if stands else named(namespace, group.name), _ref(group, namespace, stands), "PodGroup", pods, (),
        kueue.workload, switch, False, size(group, obj, pods), switch.why, _OTHERS,
    )  # fmt: skip


def _ref(group: Group, namespace: str, stands: dict[str, object] | None) -> Ref:
    kind = group.kind or WORKLOAD
    return Ref(kind.full, namespace, group.name, uid(stands) if stands else "", "podgroup")
