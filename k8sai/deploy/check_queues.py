"""Kueue: the queue that a workload names is there and takes work, and the workload is one that Kueue can hold."""

from collections.abc import Iterator
from difflib import get_close_matches

from k8sai.deploy.check import Check, Look
from k8sai.deploy.paths import Json
from k8sai.deploy.plan import Item
from k8sai.errors import Exit, Forbidden, NotFound
from k8sai.pod_specs import MOST_PODSETS, pod_specs

_LABEL = "kueue.x-k8s.io/queue-name"
_LOCAL, _CLUSTER = "localqueues.kueue.x-k8s.io", "clusterqueues.kueue.x-k8s.io"
_GROUP = "kueue.x-k8s.io"


def queues(look: Look) -> Iterator[Check]:
    """Every queue named by a label, and the number of pod sets of whoever names one."""
    named: dict[tuple[str, str], str] = {}
    for item in look.placed.items:
        queue = _queue(item)
        if not queue:
            continue
        named.setdefault((item.target.namespace, queue), item.target.ref)
        sets = sum(1 for _ in pod_specs(item.manifest.object))
        if sets > MOST_PODSETS:
            most = f"Kueue takes {MOST_PODSETS} at most"
            text = f"{item.target.ref} has {sets} kinds of pods, and {most}: it would never start"
            yield Check("queues", "fail", text, "merge some of them")
    if not named:
        return
    if not look.objects.served(_LOCAL):
        if not any(group == _GROUP for group, _, _ in look.placed.brought):
            text = (
                f"{next(iter(named.values()))} names a queue, and the cluster has no Kueue: nobody would hold it back"
            )
            yield Check("queues", "warn", text)
        return
    for (namespace, queue), user in sorted(named.items()):
        yield _checked(look, namespace, queue, user)


def _queue(item: Item) -> str:
    return str(((item.manifest.object.get("metadata") or {}).get("labels") or {}).get(_LABEL) or "")


def _checked(look: Look, namespace: str, queue: str, user: str) -> Check:
    if look.brings(_GROUP, "LocalQueue", namespace, queue):
        return Check("queues", "ok", f"LocalQueue {queue} comes with the set")
    local = look.object(_LOCAL, namespace, queue)
    if local is None:
        text = f"{user} names LocalQueue {queue}, and there is none in namespace {namespace}"
        return Check("queues", "fail", text, _others(look, namespace, queue), Exit.REFUSED)
    cluster = str((local.get("spec") or {}).get("clusterQueue") or "")
    why = _stopped(local)
    if why:
        return Check("queues", "warn", f"LocalQueue {queue} takes no work: {why}")
    try:
        found = look.object(_CLUSTER, "", cluster)
    except Forbidden:
        return Check("queues", "ok", f"LocalQueue {queue} (ClusterQueue {cluster} may not be looked at)")
    if found is None:
        return Check("queues", "warn", f"LocalQueue {queue} is for ClusterQueue {cluster}, which is not there")
    why = _stopped(found)
    if why:
        return Check("queues", "warn", f"ClusterQueue {cluster} behind LocalQueue {queue} takes no work: {why}")
    return Check("queues", "ok", f"LocalQueue {queue} is active")


def _stopped(queue: Json) -> str:
    """Why it admits nothing, "" where it does."""
    policy = str((queue.get("spec") or {}).get("stopPolicy") or "None")
    if policy != "None":
        return f"its stopPolicy is {policy}"
    for one in (queue.get("status") or {}).get("conditions") or ():
        if one.get("type") == "Active" and one.get("status") != "True":
            return str(one.get("message") or one.get("reason") or "it is not active")
    return ""


def _others(look: Look, namespace: str, queue: str) -> str:
    try:
        names = [one["metadata"]["name"] for one in look.objects.list(_LOCAL, namespace)]
    except (Forbidden, NotFound):
        return ""
    near = get_close_matches(queue, names, 1)
    if near:
        return f"did you mean {near[0]}?"
    return f"there are: {', '.join(sorted(names))}" if names else "the namespace has no LocalQueue at all"
