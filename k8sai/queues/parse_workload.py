"""A Workload as facts; what is missing or malformed in it reads as if it were not there.

v1beta1 names the priority class otherwise: `priorityClassName`. Both are read here, nowhere else.
"""

import msgspec

from k8sai.facts import Pod
from k8sai.fleet.requests import effective
from k8sai.quantity import BadQuantity
from k8sai.queues.facts import Json
from k8sai.queues.values import amounts, conditions, moment, part
from k8sai.queues.workload import Admission, Assigned, CheckState, Eviction, Owner, PodSet, TopologyWish, Workload

_GATED_BY = "kueue.x-k8s.io/admission-gated-by"


def workload(obj: Json) -> Workload:
    """Of a Workload object."""
    meta, spec, status = obj["metadata"], part(obj, "spec"), part(obj, "status")
    annotations = meta.get("annotations") or {}
    gates = [str(gate.get("name", "")) for gate in spec.get("preemptionGates") or ()]
    admission_gates = [gate for gate in str(annotations.get(_GATED_BY) or "").split(",") if gate]
    requeue = part(status, "requeueState")
    return Workload(
        namespace=meta.get("namespace", ""),
        name=meta["name"],
        uid=str(meta.get("uid") or ""),
        created=moment(meta.get("creationTimestamp")),
        queue=str(spec.get("queueName") or ""),
        pod_sets=tuple(pod_set(one) for one in spec.get("podSets") or ()),
        priority=int(spec.get("priority") or 0),
        priority_class=str(part(spec, "priorityClassRef").get("name") or spec.get("priorityClassName") or ""),
        active=spec.get("active") is not False,
        max_seconds=spec.get("maximumExecutionTimeSeconds"),
        gates=(*gates, *admission_gates),
        admission_gates=tuple(admission_gates),
        owners=tuple(_owner(one) for one in meta.get("ownerReferences") or ()),
        admission=_admission(status.get("admission")),
        conditions=conditions(status),
        effective={str(one.get("name")): amounts(one.get("resources")) for one in status.get("resourceRequests") or ()},
        checks=tuple(_check_state(one) for one in status.get("admissionChecks") or ()),
        requeue_at=moment(requeue.get("requeueAt")) if requeue.get("requeueAt") else None,
        requeues=int(requeue.get("count") or 0),
        evictions=tuple(_eviction(one) for one in part(status, "schedulingStats").get("evictions") or ()),
        reclaimable={str(one.get("name")): int(one.get("count") or 0) for one in status.get("reclaimablePods") or ()},
        labels=meta.get("labels") or {},
        object=obj,
    )


def pod_set(one: Json) -> PodSet:
    """Of an entry of a Workload's podSets; `topologyRequest` is what the pods' annotations say."""
    template = part(one, "template")
    spec, meta = part(template, "spec"), part(template, "metadata")
    return PodSet(
        name=str(one.get("name") or "main"),
        count=int(one.get("count") or 0),
        requests=pod_requests(spec),
        min_count=one.get("minCount"),
        spec=spec,
        annotations=meta.get("annotations") or {},
        topology=_wish(part(one, "topologyRequest")),
    )


def pod_requests(spec: Json) -> dict[str, int]:
    """What one pod of this spec takes. Empty where an amount is malformed: the API server refuses such pods."""
    try:
        return effective(msgspec.convert({"metadata": {"name": ""}, "spec": spec}, Pod, strict=False))
    except (msgspec.ValidationError, BadQuantity):
        return {}


def _admission(found: Json | None) -> Admission | None:
    if not found:
        return None
    sets = tuple(
        Assigned(
            str(one.get("name")),
            one.get("flavors") or {},
            amounts(one.get("resourceUsage")),
            int(one.get("count") or 0),
            one.get("topologyAssignment"),
        )
        for one in found.get("podSetAssignments") or ()
    )
    return Admission(str(found.get("clusterQueue") or ""), sets)


def _check_state(one: Json) -> CheckState:
    return CheckState(
        str(one.get("name")),
        str(one.get("state") or "Pending"),
        str(one.get("message") or ""),
        moment(one.get("lastTransitionTime")),
        one.get("requeueAfterSeconds"),
        int(one.get("retryCount") or 0),
    )


def _eviction(one: Json) -> Eviction:
    return Eviction(str(one.get("reason") or ""), str(one.get("underlyingCause") or ""), int(one.get("count") or 0))


def _owner(one: Json) -> Owner:
    return Owner(
        str(one.get("apiVersion") or ""),
        str(one.get("kind") or ""),
        str(one.get("name") or ""),
        str(one.get("uid") or ""),
    )


def _wish(found: Json) -> TopologyWish | None:
    slices = str(found.get("podSetSliceRequiredTopology") or "")
    size, group = int(found.get("podSetSliceSize") or 0), str(found.get("podSetGroupName") or "")
    if found.get("required"):
        return TopologyWish("required", str(found["required"]), slices, size, group)
    if found.get("preferred"):
        return TopologyWish("preferred", str(found["preferred"]), slices, size, group)
    if found.get("unconstrained") or slices:
        return TopologyWish("unconstrained", "", slices, size, group)
    return None
