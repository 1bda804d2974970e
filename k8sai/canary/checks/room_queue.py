"""Kueue's side: would the pods get quota now, where they name a queue. Judged as `queue simulate` judges.

A namespace may have a LocalQueue called default, which takes what names none; whether Kueue manages such pods at all is
a matter of its configuration, so that is told and never decides.
"""

from dataclasses import replace
from typing import Final

from k8sai.canary.checks.room_answer import Answer, Short
from k8sai.canary.checks.room_site import Site
from k8sai.canary.facts import Json
from k8sai.queues.judging.topology_nodes import survey
from k8sai.queues.setting import LOCAL_QUEUES, Setting
from k8sai.queues.simulating.simulate import Simulation, simulate
from k8sai.queues.simulating.wish import QUEUE, Wanted, surroundings
from k8sai.queues.simulating.wish_file import of_manifest
from k8sai.queues.simulating.words import measured, sentence
from k8sai.queues.verdict import Line

_DEFAULT: Final = "default"
_NEVER: Final = ("Never", "NoMatchingFlavor", "Misconfigured")


def queued(site: Site, documents: list[Json], why: str, gone: frozenset[str] = frozenset()) -> Answer:
    """Nothing for pods that Kueue leaves alone."""
    queue = next(filter(None, map(queue_of, documents)), "")
    setting = site.kueue
    if setting is None or not (queue or _has_default(site, setting)):
        return Answer()
    found = simulated(site, setting, documents, queue, gone)
    notes = tuple(f"{gap.what} may not be read: {gap.why}" for gap in setting.hidden if gap.what == LOCAL_QUEUES)
    worst = found.worst
    said = sentence(found.setting, worst).partition(": ")[2].replace("Deployment canary", "its pod")
    if found.kind in ("FitsNow", "FitsBorrowing"):
        return Answer(notes=notes)
    if found.kind == "NeedsPreemption":
        return Answer(notes=(*notes, f"Kueue would make room for {why}: {said}"))
    if not queue:
        told = f"LocalQueue {_DEFAULT} takes what names no queue; should Kueue manage these pods: {said}"
        return Answer(notes=(*notes, told))
    lines = [line for one in found.outcomes for line in one.short]
    return Answer(Short(why, "queue", said, _missing(lines), never=found.kind in _NEVER), notes)


def simulated(
    site: Site, setting: Setting, documents: list[Json], queue: str, gone: frozenset[str] = frozenset()
) -> Simulation:
    """In this LocalQueue, after the pods of these uids have given back what they hold."""
    setting = replace(
        setting,
        workloads={
            ref: one for ref, one in setting.workloads.items() if not any(owner.uid in gone for owner in one.owners)
        },
    )
    around = surroundings(site.reading, (site.namespace,))
    wishes = of_manifest(documents, Wanted(site.namespace, queue), setting, around, "the canary")
    return simulate(setting, wishes, land=survey(site.objects, setting))


def queue_of(document: Json) -> str:
    """The LocalQueue that it names, or ""."""
    return str(document["metadata"]["labels"].get(QUEUE) or "")


def _has_default(site: Site, setting: Setting) -> bool:
    return f"{site.namespace}/{_DEFAULT}" in setting.local_queues


def _missing(lines: list[Line]) -> dict[str, str]:
    """Per resource; of several pods the last one in the line lacks most."""
    most: dict[str, int] = {}
    for line in lines:
        most[line.share.resource] = max(most.get(line.share.resource, 0), line.deficit)
    return {name: measured(name, value).split()[0] for name, value in most.items()}
