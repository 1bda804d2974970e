"""A gang from the pods of one owner, of several, or of one that cannot be told."""

from collections.abc import Sequence
from uuid import NAMESPACE_URL, uuid5

from k8sai.cluster.reading import Reading
from k8sai.evict.facts import Gang, Json, Ref, Switch
from k8sai.evict.gangs.all import form_of
from k8sai.evict.gangs.alone import hinders
from k8sai.evict.gangs.form import Seen, ref_of
from k8sai.evict.gangs.kinds import POD, WORKLOAD
from k8sai.evict.gangs.kueue import Managed, managed
from k8sai.evict.gangs.members import Member
from k8sai.evict.gangs.pods import uid


def named(namespace: str, name: str) -> str:
    """The id of a gang that no object stands for: the same for the same name, in the form of a uid."""
    return str(uuid5(NAMESPACE_URL, f"https://k8sai.dev/gang/{namespace}/{name}"))


def pods_of(joined: Sequence[Member]) -> tuple[Json, ...]:
    """By name, so that the same pods are the same gang."""
    return tuple(sorted((one.pod for one in joined), key=lambda pod: str(pod["metadata"]["name"])))


def stopped_by(kueue: Managed, otherwise: Switch) -> Switch:
    """Kueue's Workload where there is one, whatever the owner could."""
    if kueue.why:
        return Switch("none", why=kueue.why)
    return Switch("kueue", WORKLOAD.ref(kueue.workload), ("spec", "active")) if kueue.workload else otherwise


def of_owner(joined: Sequence[Member], reading: Reading) -> Gang:
    """Of a top owner, or of one group of it."""
    first, pods = joined[0], pods_of(joined)
    top, objects = first.chain.objects[-1], first.chain.objects
    form, seen = form_of(top), Seen(top, objects, pods, reading, first.part)
    if form is None:
        return unresolved(joined, f"its owner pod/{top['metadata']['name']} is owned by nothing", "")
    switch, kueue = form.switch(seen), Managed()
    if switch.kind != "evict":
        kueue = managed(objects, pods, reading)
        switch = stopped_by(kueue, switch)
    return Gang(
        f"{uid(top)}/{first.part}" if first.part else uid(top), ref_of(top), form.kind.name, pods, objects,
        kueue.workload, switch, True, form.expected(seen), _with(switch.why, kueue.hint), form.restarts(seen),
        first.part,
    )  # fmt: skip


def of_several(joined: Sequence[Member]) -> Gang:
    """Of a gang that was named by hand, or of a group over several owners: evicted pod by pod, where that takes no
    other along.
    """
    first, pods, owners = joined[0], pods_of(joined), _owners(joined)
    why = "" if any(one.chain.lost for one in joined) else hinders(owners)
    namespace = str(first.pod["metadata"].get("namespace", ""))
    name = first.override or first.groups[0].name
    refusal = f"no one switch stops just these {len(pods)} pods, and {why}" if why else ""
    switch = Switch("none", why=refusal) if why else Switch("evict")
    return Gang(
        named(namespace, name), Ref(POD.full, namespace, name, "", "gang"), "Gang", pods, owners, None, switch,
        any(one.chain.objects or one.chain.single or one.chain.lost for one in joined), 0, refusal,
        "its pods are evicted one by one, and each is restarted alone",
    )  # fmt: skip


def unresolved(joined: Sequence[Member], why: str, hint: str) -> Gang:
    """What may not be touched: its owner is not known, or not all of its pods are."""
    first, pods = joined[0], pods_of(joined)
    owners = first.chain.objects
    known = owners[-1] if owners else None
    ref = ref_of(known) if known else POD.ref(first.pod)
    kind = form_of(known) if known else None
    return Gang(
        first.chain.lost_uid or ref.uid, ref, kind.kind.name if kind else "Pod", pods, owners,
        switch=Switch("none", why=why), refusal=_with(why, hint),
    )  # fmt: skip


def _with(why: str, hint: str) -> str:
    return f"{why}; {hint}" if why and hint else why


def _owners(joined: Sequence[Member]) -> tuple[Json, ...]:
    return tuple({uid(owner): owner for one in joined for owner in one.chain.objects}.values())
