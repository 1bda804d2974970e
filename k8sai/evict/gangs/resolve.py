"""From the pods of some nodes to the gangs they belong to, each once and with all its pods, on whatever node.

Owners decide, labels only where there is none. What cannot be told is refused with the reason, never guessed.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from k8sai.cluster.reading import Reading
from k8sai.evict.facts import Gang, Json
from k8sai.evict.gangs.all import MAYBE, form_of
from k8sai.evict.gangs.kinds import group_kind
from k8sai.evict.gangs.members import Member, live, member, together
from k8sai.evict.gangs.owners import Owners
from k8sai.evict.gangs.pods import has_contract, has_gpu, uid
from k8sai.evict.gangs.single import of_group, of_pod
from k8sai.evict.gangs.whole import of_owner, of_several, unresolved


@dataclass(frozen=True, slots=True)
class Resolved:
    """`loose` are pods that are evicted one by one or not at all: of ReplicaSets and DaemonSets, mirrors, those that
    have ended, and those without a GPU that nobody counts as a gang.
    """

    gangs: tuple[Gang, ...] = ()
    loose: tuple[Json, ...] = ()


def resolve(pods: Sequence[Json], reading: Reading) -> Resolved:
    """Reads each kind of owner once per namespace, and all pods of the namespaces. Raises nothing: what may not be
    read is a refusal of the gang it matters to.
    """
    owners, mine = Owners(reading), {uid(one): one for one in pods}
    gangs: list[Gang] = []
    for namespace in dict.fromkeys(one["metadata"].get("namespace", "") for one in pods):
        here = (one for one in pods if one["metadata"].get("namespace", "") == namespace)
        every = {uid(one): one for one in (*reading.list("pods", namespace), *here)}
        members = [member(one, owners) for one in live(every.values())]
        for joined in together(members):
            if is_gang(joined) and any(uid(one.pod) in mine for one in joined):
                gangs.append(_gang(joined, members, reading))
    taken = {uid(pod) for gang in gangs for pod in gang.pods}
    return Resolved(tuple(gangs), tuple(one for one in pods if uid(one) not in taken))


def is_gang(joined: Sequence[Member]) -> bool:
    """Whether these pods are more than pods: by their kind, their number, a contract or a device."""
    if any(one.override for one in joined):
        return True
    if any(has_contract(one.pod, *one.chain.objects) for one in joined):
        return True
    if all(one.chain.single for one in joined):
        return False
    if any(has_gpu(one.pod) for one in joined):
        return True
    return any(_owned_gang(one) for one in joined) or (len(joined) > 1 and any(one.groups for one in joined))


def _owned_gang(one: Member) -> bool:
    """An owner whose pods are a gang whatever they hold: a JobSet, a Job of more than one pod."""
    for owner in one.chain.objects:
        form = form_of(owner)
        if form is None:
            continue
        if form.kind not in MAYBE:
            return True
        if group_kind(owner) == ("batch", "Job") and ((owner.get("spec") or {}).get("parallelism") or 1) > 1:
            return True
    return False


def _gang(joined: tuple[Member, ...], members: Sequence[Member], reading: Reading) -> Gang:
    first = joined[0]
    lost = next((one for one in joined if one.chain.lost and not one.override), None)
    if reading.blind("pods"):
        return unresolved(joined, "not all pods of its namespace may be read", "")
    if lost is not None:
        return unresolved(joined, lost.chain.lost, lost.chain.hint)
    if all(one.top is None for one in joined) and not first.override:
        return of_group(joined, reading) if first.groups else of_pod(first)
    return of_owner(joined, reading) if _is_all(joined, members) else of_several(joined)


def _is_all(joined: Sequence[Member], members: Sequence[Member]) -> bool:
    """They are all pods of one owner, or of one of its groups: what stops that stops these and no other."""
    mine = {_owner(one) for one in joined}
    return len(mine) == 1 and None not in mine and sum(_owner(one) in mine for one in members) == len(joined)


def _owner(one: Member) -> tuple[str, str] | None:
    return (uid(one.top), one.part) if one.top is not None else None
