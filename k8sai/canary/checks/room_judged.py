"""One try: would these pods find room on the cluster as it was read.

The scheduler's rules and ResourceQuotas are those of `fit`, Kueue's those of `queue simulate`: there each pod of a
server is a Workload of its own.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from k8sai.canary.checks.room_answer import Answer, Short
from k8sai.canary.checks.room_queue import queued
from k8sai.canary.checks.room_site import Site
from k8sai.canary.checks.room_volumes import pinned, tied
from k8sai.canary.facts import Demand, Json
from k8sai.fit.answer import Answer as Fit
from k8sai.fit.ask import Asked
from k8sai.fit.manifests import read as read_pods
from k8sai.fit.quota import requests
from k8sai.fit.reading import insist
from k8sai.fit.say import sentence
from k8sai.fit.short import amount
from k8sai.queues.words import gpu
from k8sai.view import several

_PLACE: Final = "the canary"  # where errors say that pods are described


def judged(site: Site, demand: Sequence[Demand], gone: frozenset[str] = frozenset()) -> Answer:
    """Nodes and quotas, then volumes, then Kueue: the first that has no room. `gone` are pods that end before.

    Raises Forbidden and ClusterError where nodes may not be read, Usage and BadQuantity for pods that are none.
    """
    insist(site.sources)
    documents = [workload(one, site.namespace, number) for number, one in enumerate(demand) if one.count]
    asked = read_pods(documents, site.namespace, _PLACE, site.reader.runtime)
    asked = replace(asked, each=_each(asked))
    ties = tied(site, asked, gone)
    found = site.cluster.answer(site.reader, pinned(asked, ties), gone)
    doubts = _doubts(site, found)
    why = " and ".join(dict.fromkeys(one.why for one in demand if one.count))
    if not found.fits:
        if ties and site.cluster.answer(site.reader, asked, gone).fits:
            return Answer(Short(why, "volume", ties.sentence))
        if doubts and not site.reader.blind("resourcequotas"):
            return Answer(notes=(f"{why}: {sentence(found, guessed=True).rstrip('.')}", *doubts))
        return Answer(_short(why, found), doubts)
    queue = queued(site, documents, why, gone)
    return Answer(queue.short, (*doubts, *queue.notes))


def workload(demand: Demand, namespace: str, number: int = 0) -> Json:
    """Such pods as a Deployment makes them. Its labels are the pods' own: among them the queue, where one is named."""
    labels = (demand.template.get("metadata") or {}).get("labels") or {}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": f"canary-{number}" if number else "canary", "namespace": namespace, "labels": labels},
        "spec": {"replicas": demand.count, "template": demand.template},
    }


def _each(asked: Asked) -> str:
    """`8 GPUs`, where all pods ask for as many; "" where they ask for none, or by claims."""
    found = {sum(value for name, value in requests(group).items() if gpu(name)) for group in asked.groups}
    return several(found.pop(), "GPU") if len(found) == 1 and found != {0} else ""


def _doubts(site: Site, found: Fit) -> tuple[str, ...]:
    """What was not read and could change the answer."""
    gaps = site.reader.hidden if found.fits else site.reader.doubtful
    return (*site.unseen, *(f"{gap.meaning.format(gap.what)}: {gap.why}" for gap in gaps))


def _short(why: str, found: Fit) -> Short:
    """The deficit is what the pods ask for that found no place, in devices; of a quota what it lacks."""
    said = sentence(found).rstrip(".").removeprefix("No: ").removeprefix("No, and ")
    never = found.verdict == "never"
    if found.placed == found.asked.count and found.barriers:
        missing = {key: f"{value.normalize():f}" for one in found.barriers for key, value in one.missing.items()}
        return Short(why, "quota", said, missing, never=never)
    return Short(why, "nodes", said, _lacking(found), never=never)


def _lacking(found: Fit) -> dict[str, str]:
    total: dict[str, int] = {}
    left = found.placed  # pods are placed in the order of their groups
    for group in found.asked.groups:
        placed = min(left, group.count)
        left -= placed
        for name, value in requests(group).items():
            if "/" in name and group.count > placed:
                total[name] = total.get(name, 0) + value * (group.count - placed)
    return {name: amount(name, value).split()[0] for name, value in total.items()}
