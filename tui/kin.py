"""What owns what: the owner of an object, and the pods of an owner."""

from collections.abc import Mapping
from typing import Any, Final

from k8sai.cluster.objects import Objects
from k8sai.errors import NotFound, Usage
from k8sai.tui.desk import Desk
from k8sai.tui.subject import Subject
from k8sai.why.kinds import OWNERS, POD, WORKLOAD

# Kinds by the names owners are called by.
KINDS: Final = {
    **{kind.kind: kind.resource for kind in (POD, WORKLOAD, *OWNERS)},
    "Node": "nodes",
    "DaemonSet": "daemonsets.apps",
    "ReplicationController": "replicationcontrollers",
}
# The label by which the pods of a kind are found.
_PODS_OF: Final = {
    "jobs.batch": "batch.kubernetes.io/job-name",
    "jobsets.jobset.x-k8s.io": "jobset.sigs.k8s.io/jobset-name",
    "pytorchjobs.kubeflow.org": "training.kubeflow.org/job-name",
    "leaderworkersets.leaderworkerset.x-k8s.io": "leaderworkerset.sigs.k8s.io/name",
    "rayclusters.ray.io": "ray.io/cluster",
}


def whole(desk: Desk) -> Objects:
    """Whole objects, or Usage where there are only facts."""
    objects = desk.objects
    if objects is None:
        raise Usage("Whole objects are not kept here: this recording has only what the screen counts.")
    return objects


def owner_of(desk: Desk, subject: Subject) -> Subject | None:
    """What owns it: as the fleet knows for a pod, else what the object itself says. May wait for a server."""
    if subject.kind == "pods":
        try:
            kind, _, name = desk.fleet.pod(subject.namespace, subject.name).owner.partition("/")
        except KeyError:
            kind = name = ""
        if kind in KINDS and name:
            return Subject(KINDS[kind], subject.namespace, name)
    thing = whole(desk).get(subject.kind, subject.namespace, subject.name)
    owners = (thing.get("metadata") or {}).get("ownerReferences") or ()
    chosen = next((owner for owner in owners if owner.get("controller")), next(iter(owners), None))
    return None if chosen is None else Subject(_plural(chosen), _place(chosen, subject), str(chosen.get("name")))


def pod_of(objects: Objects, subject: Subject) -> Subject:
    """A pod of what owns pods: the first by name. Raises NotFound where there is none."""
    if subject.kind == "pods":
        return subject
    label = _PODS_OF.get(subject.kind)
    if label is None:
        raise Usage(f"Logs are of pods, and which pods are those of {subject} is not known here.")
    found = objects.list("pods", subject.namespace, labels=f"{label}={subject.name}")
    names = sorted(str((pod.get("metadata") or {}).get("name")) for pod in found)
    if not names:
        raise NotFound(f"{subject} has no pods now, and logs are of pods.".capitalize())
    return Subject("pods", subject.namespace, names[0])


def _plural(owner: Mapping[str, Any]) -> str:
    kind = str(owner.get("kind"))
    group = str(owner.get("apiVersion", "")).rpartition("/")[0]
    return KINDS.get(kind) or f"{kind.lower()}s" + (f".{group}" if group else "")


def _place(owner: Mapping[str, Any], owned: Subject) -> str:
    return "" if owner.get("kind") == "Node" else owned.namespace
