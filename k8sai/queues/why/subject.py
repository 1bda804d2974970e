"""Whose Workload it is: from a pod, a job or what stands above them to the unit that Kueue admits.

Source: pkg/controller/jobframework and pkg/controller/jobs/pod of Kueue 0.19: a Workload is owned by the job it stands
for and carries its uid in a label; that of a pod group is called like the group.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from k8sai.cluster.reading import Json
from k8sai.fleet.owners import QUEUE_LABEL
from k8sai.queues.setting import Setting
from k8sai.queues.workload import Workload

_JOB_UID = "kueue.x-k8s.io/job-uid"
_POD_GROUP = "kueue.x-k8s.io/pod-group-name"


@dataclass(frozen=True, slots=True)
class Asked:
    """What a person named. `chain` leads from there to the outermost owner, `below` are what it made, with its pods.

    `title` is as kubectl says it; `workload` the name of a Workload that was named itself.
    """

    title: str
    namespace: str
    chain: tuple[Json, ...] = ()
    below: tuple[Json, ...] = ()
    workload: str = ""

    @property
    def owner(self) -> Json | None:
        """The outermost object, which carries the queue's name; None where only a Workload is known."""
        return self.chain[-1] if self.chain else None

    @property
    def queue(self) -> str:
        """The LocalQueue that the outermost of its owners names; empty for none."""
        named = (label(one, QUEUE_LABEL) for one in (*reversed(self.chain), *self.below))
        return next(filter(None, named), "")

    @property
    def pods(self) -> tuple[Json, ...]:
        """Those that are there."""
        return tuple(one for one in (*self.chain, *self.below) if one.get("kind") == "Pod")


def workload_of(setting: Setting, asked: Asked) -> Workload | None:
    """The newest of several: a job that was changed while it waited gets a new one."""
    return max(_workloads(setting, asked), key=lambda one: (not one.holds("Finished"), one.created), default=None)


def known_by_workload(setting: Setting, namespace: str, kind: str, name: str) -> Asked | None:
    """An owner that nobody lets us read, as its Workload tells of it; of any kind where none is said. None: untold."""
    found = [
        one
        for one in setting.workloads.values()
        if one.namespace == namespace and any(o.name == name and kind in ("", o.kind) for o in one.owners)
    ]
    newest = max(found, key=lambda one: (not one.holds("Finished"), one.created), default=None)
    return None if newest is None else Asked(newest.title, namespace, workload=newest.name)


def _workloads(setting: Setting, asked: Asked) -> Iterator[Workload]:
    if asked.workload:
        found = setting.workloads.get(f"{asked.namespace}/{asked.workload}")
        if found is not None:
            yield found
        return
    objects = (*asked.chain, *asked.below)
    uids = {str(one["metadata"].get("uid")) for one in objects}
    groups = {label(one, _POD_GROUP) for one in objects} - {""}
    for workload in setting.workloads.values():
        if workload.namespace == asked.namespace and (
            any(owner.uid in uids for owner in workload.owners)
            or workload.labels.get(_JOB_UID) in uids
            or workload.name in groups
        ):
            yield workload


def label(obj: Json, key: str) -> str:
    """Empty where it has none."""
    return str((obj["metadata"].get("labels") or {}).get(key) or "")


def suspended(obj: Json) -> bool:
    """As Kueue leaves what it has not admitted."""
    spec = obj.get("spec") or {}
    return bool(spec.get("suspend") or (spec.get("runPolicy") or {}).get("suspend"))
