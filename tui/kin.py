"""What owns what: the owner of an object, and the pods of an owner."""

from collections.abc import Mapping
from typing import Any, Final

from k8sai.cluster.objects import Objects
from k8sai.errors import NotFound, Usage
from k8sai.fleet.query import PodQuery
from k8sai.tui.desk import Desk
from k8sai.tui.subject import Subject
from k8sai.why.kinds import OWNERS, POD, WORKLOAD

# Kinds by the names owners are called by; of two with one name, that of Kubernetes itself.
KINDS: Final = {
    **{kind.kind: kind.resource for kind in reversed((POD, WORKLOAD, *OWNERS))},
    "Node": "nodes",
    "DaemonSet": "daemonsets.apps",
    "ReplicationController": "replicationcontrollers",
}
_WORDS: Final = {resource: kind for kind, resource in KINDS.items()}


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


def pod_of(desk: Desk, subject: Subject) -> Subject:
    """A pod of what owns pods: the first that runs, else the first. Raises Usage, NotFound where there is none."""
    if subject.kind == "pods":
        return subject
    if subject.kind not in _WORDS or subject.kind == "nodes":
        raise Usage(f"Logs are of pods, and {subject} owns none.")
    query = PodQuery(namespace=subject.namespace, workload=f"{_WORDS[subject.kind]}/{subject.name}")
    found = sorted(desk.fleet.pods(query), key=lambda pod: (pod.phase != "Running", pod.name))
    if not found:
        raise NotFound(f"{subject} has no pods with GPUs now, and logs are of pods.")
    return Subject("pods", found[0].namespace, found[0].name)


def _plural(owner: Mapping[str, Any]) -> str:
    kind, group = str(owner.get("kind")), str(owner.get("apiVersion", "")).rpartition("/")[0]
    guess = f"{kind.lower()}s" + (f".{group}" if group else "")
    known = {each.resource for each in (POD, WORKLOAD, *OWNERS)}
    return guess if guess in known else KINDS.get(kind, guess)


def _place(owner: Mapping[str, Any], owned: Subject) -> str:
    return "" if owner.get("kind") == "Node" else owned.namespace
