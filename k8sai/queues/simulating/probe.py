"""A real Workload without a job, made to hear what Kueue itself says of it, and taken away again whatever happens.

It holds quota as long as it is there, and Kueue may evict for it: whoever makes one must have asked before.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from secrets import token_hex
from threading import Event
from typing import TYPE_CHECKING, Final

from k8sai.ages import epoch
from k8sai.cluster.discovery import Resource
from k8sai.cluster.following import Follower
from k8sai.cluster.writing import Target, Writer
from k8sai.errors import Locked, NotFound
from k8sai.queues import parse_workload
from k8sai.queues.facts import Json
from k8sai.queues.setting import GROUP
from k8sai.queues.workload import Workload

if TYPE_CHECKING:
    from k8sai.cluster.connection import Connection

LABEL: Final = "k8sai.dev/probe"
PATIENCE: Final = 15.0  # seconds; Kueue answers within one
_STALE: Final = 60.0  # seconds after which nobody waits for a probe any more
_KINDS: Final = ("v1beta2", "v1beta1")


@dataclass(frozen=True, slots=True)
class Said:
    """Kueue's answer. `reserved` None: it has said nothing in time, as of who is not first in a StrictFIFO queue."""

    reserved: bool | None
    message: str = ""
    flavors: dict[str, dict[str, str]] | None = None  # by pod set, then resource


def probe(connection: "Connection", workload: Workload, patience: float = PATIENCE) -> Said:
    """Creates it, waits for Kueue's word, deletes it; also when interrupted.

    Raises Locked while somebody else's probe is under way, Invalid, Forbidden, ClusterError.
    """
    writer = Writer(connection)
    resource = _resource(writer)
    sweep(writer, resource, workload.namespace)
    name = f"k8sai-probe-{token_hex(4)}"
    with created(writer, Target(resource, workload.namespace, name), _body(workload, resource, name)) as target:
        return _answer(connection, target, patience)


def sweep(writer: Writer, resource: Resource, namespace: str) -> int:
    """Delete what a probe has left that could not clean up; how many. Raises Locked for one that is under way."""
    found = writer.members(resource, namespace, LABEL)
    for one in found:
        meta = one["metadata"]
        age = time.time() - epoch(meta["creationTimestamp"])
        if age < _STALE:
            raise Locked(f"another probe is under way: {meta['name']}", f"try again in {_STALE - age:.0f} seconds")
    for one in found:
        meta = one["metadata"]
        writer.delete(Target(resource, namespace, meta["name"]), uid=meta["uid"])
    return len(found)


def _resource(writer: Writer) -> Resource:
    found = next((one for version in _KINDS if (one := writer.resource(GROUP, version, "Workload"))), None)
    if found is None:
        raise NotFound(f"{writer.server} has no Kueue whose Workloads are known")
    return found


def _body(workload: Workload, resource: Resource, name: str) -> Json:
    """Its spec as it is; no owner, so that nothing runs for it."""
    spec: Json = workload.object["spec"]
    reference = spec.get("priorityClassRef")
    if resource.version == "v1beta1" and reference:
        spec = {key: value for key, value in spec.items() if key != "priorityClassRef"}
        kueue = reference["kind"] == "WorkloadPriorityClass"
        source = f"{GROUP}/workloadpriorityclass" if kueue else "scheduling.k8s.io/priorityclass"
        spec |= {"priorityClassName": reference["name"], "priorityClassSource": source}
    meta = {"name": name, "namespace": workload.namespace, "labels": {LABEL: "true"}}
    return {"apiVersion": f"{GROUP}/{resource.version}", "kind": "Workload", "metadata": meta, "spec": spec}


@contextmanager
def created(writer: Writer, target: Target, body: Json) -> Iterator[Target]:
    """There until the end of the block, whichever way that ends; also where the answer to its creation is lost."""
    uid = ""
    try:
        uid = writer.apply(target, body).object["metadata"]["uid"]
        yield target
    finally:
        if not uid:
            found = writer.metadata(target)
            uid = found["metadata"]["uid"] if found else ""
        if uid:
            writer.delete(target, uid=uid)


def _answer(connection: "Connection", target: Target, patience: float) -> Said:
    heard, said = Event(), [Said(None)]

    def told(obj: Json | None) -> None:
        answer = answered(obj)
        if answer is not None and not heard.is_set():
            said[0] = answer
            heard.set()

    follower = Follower(connection, target, told)
    follower.start()
    try:
        heard.wait(patience)
    finally:
        follower.stop()
    return said[0]


def answered(obj: Json | None) -> Said | None:
    """None while it is not decided."""
    if obj is None:
        return None
    workload = parse_workload.workload(obj)
    condition = workload.condition("QuotaReserved")
    if condition is None:
        return None
    given = workload.admission.pod_sets if workload.admission else ()
    flavors = {one.pod_set: dict(one.flavors) for one in given} if condition.holds else None
    return Said(condition.holds, condition.message, flavors)
