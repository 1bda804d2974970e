"""Kueue's objects as facts; what is missing or malformed in an object reads as if it were not there.

v1beta1 names some fields otherwise: `cohort`, `admissionChecks`, `priorityClassName`. Both are read here, nowhere else.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from k8sai.ages import epoch
from k8sai.facts import Pod
from k8sai.fleet.requests import effective
from k8sai.quantity import BadQuantity, milli, parse, whole
from k8sai.queues.facts import (
    Admission,
    Assigned,
    Check,
    CheckState,
    ClusterQueue,
    Cohort,
    Condition,
    Eviction,
    Flavor,
    Fungibility,
    Group,
    Json,
    LocalQueue,
    OfCheck,
    Owner,
    PodSet,
    Preemption,
    PriorityClass,
    Quota,
    Share,
    Topology,
    TopologyWish,
    Workload,
)

_PREFIX = "kueue.x-k8s.io/"
_GATED_BY = _PREFIX + "admission-gated-by"


def cluster_queue(obj: Json) -> ClusterQueue:
    """Of a ClusterQueue object."""
    spec, status = _part(obj, "spec"), _part(obj, "status")
    return ClusterQueue(
        name=obj["metadata"]["name"],
        cohort=str(spec.get("cohortName") or spec.get("cohort") or ""),
        groups=_groups(spec),
        strategy=spec.get("queueingStrategy") or "BestEffortFIFO",
        selector=spec.get("namespaceSelector"),
        preemption=_preemption(_part(spec, "preemption")),
        fungibility=_fungibility(_part(spec, "flavorFungibility")),
        stop=spec.get("stopPolicy") or "None",
        checks=_checks_asked(spec),
        weight=_weight(spec),
        afs=str(_part(spec, "admissionScope").get("admissionMode") or ""),
        active=_active(status),
        reserved=_usage(status.get("flavorsReservation")),
        admitted=_usage(status.get("flavorsUsage")),
        pending=status.get("pendingWorkloads"),
        reserving=status.get("reservingWorkloads"),
        running=status.get("admittedWorkloads"),
        weighted_share=_part(status, "fairSharing").get("weightedShare"),
        object=obj,
    )


def cohort(obj: Json) -> Cohort:
    """Of a Cohort object; v1beta1 called the parent the same, v1alpha1 `parent`."""
    spec = _part(obj, "spec")
    return Cohort(
        name=obj["metadata"]["name"],
        parent=str(spec.get("parentName") or spec.get("parent") or ""),
        groups=_groups(spec),
        weight=_weight(spec),
        weighted_share=_part(_part(obj, "status"), "fairSharing").get("weightedShare"),
        object=obj,
    )


def local_queue(obj: Json) -> LocalQueue:
    """Of a LocalQueue object; v1beta1 called the admitted usage `flavorUsage`."""
    meta, spec, status = obj["metadata"], _part(obj, "spec"), _part(obj, "status")
    consumed = _part(_part(_part(status, "fairSharing"), "admissionFairSharingStatus"), "consumedResources")
    return LocalQueue(
        namespace=meta.get("namespace", ""),
        name=meta["name"],
        cluster_queue=str(spec.get("clusterQueue") or ""),
        stop=spec.get("stopPolicy") or "None",
        weight=_weight(spec),
        active=_active(status),
        reserved=_usage(status.get("flavorsReservation")),
        admitted=_usage(status.get("flavorsUsage") or status.get("flavorUsage")),
        pending=status.get("pendingWorkloads"),
        reserving=status.get("reservingWorkloads"),
        running=status.get("admittedWorkloads"),
        consumed=amounts(consumed),
        object=obj,
    )


def flavor(obj: Json) -> Flavor:
    """Of a ResourceFlavor object."""
    spec = _part(obj, "spec")
    return Flavor(
        name=obj["metadata"]["name"],
        labels=_part(spec, "nodeLabels"),
        taints=tuple(spec.get("nodeTaints") or ()),
        tolerations=tuple(spec.get("tolerations") or ()),
        topology=str(spec.get("topologyName") or ""),
        object=obj,
    )


def check(obj: Json) -> Check:
    """Of an AdmissionCheck object."""
    spec = _part(obj, "spec")
    return Check(
        obj["metadata"]["name"],
        str(spec.get("controllerName") or ""),
        _active(_part(obj, "status")),
        _part(spec, "parameters"),
    )


def topology(obj: Json) -> Topology:
    """Of a Topology object."""
    levels = _part(obj, "spec").get("levels") or ()
    return Topology(obj["metadata"]["name"], tuple(str(level.get("nodeLabel", "")) for level in levels))


def priority_class(obj: Json) -> PriorityClass:
    """Of a WorkloadPriorityClass or a PriorityClass."""
    return PriorityClass(
        obj["metadata"]["name"], int(obj.get("value") or 0), obj.get("kind") == "WorkloadPriorityClass"
    )


def workload(obj: Json) -> Workload:
    """Of a Workload object."""
    meta, spec, status = obj["metadata"], _part(obj, "spec"), _part(obj, "status")
    annotations = meta.get("annotations") or {}
    gates = [str(gate.get("name", "")) for gate in spec.get("preemptionGates") or ()]
    admission_gates = [gate for gate in str(annotations.get(_GATED_BY) or "").split(",") if gate]
    requeue = _part(status, "requeueState")
    return Workload(
        namespace=meta.get("namespace", ""),
        name=meta["name"],
        uid=str(meta.get("uid") or ""),
        created=moment(meta.get("creationTimestamp")),
        queue=str(spec.get("queueName") or ""),
        pod_sets=tuple(pod_set(one) for one in spec.get("podSets") or ()),
        priority=int(spec.get("priority") or 0),
        priority_class=str(_part(spec, "priorityClassRef").get("name") or spec.get("priorityClassName") or ""),
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
        evictions=tuple(_eviction(one) for one in _part(status, "schedulingStats").get("evictions") or ()),
        reclaimable={str(one.get("name")): int(one.get("count") or 0) for one in status.get("reclaimablePods") or ()},
        labels=meta.get("labels") or {},
        object=obj,
    )


def pod_set(one: Json) -> PodSet:
    """Of an entry of a Workload's podSets; `topologyRequest` is what the pods' annotations say."""
    template = _part(one, "template")
    spec, meta = _part(template, "spec"), _part(template, "metadata")
    return PodSet(
        name=str(one.get("name") or "main"),
        count=int(one.get("count") or 0),
        requests=pod_requests(spec),
        min_count=one.get("minCount"),
        spec=spec,
        annotations=meta.get("annotations") or {},
        topology=_wish(_part(one, "topologyRequest")),
    )


def pod_requests(spec: Json) -> dict[str, int]:
    """What one pod of this spec takes. Empty where an amount is malformed: the API server refuses such pods."""
    try:
        return effective(msgspec.convert({"metadata": {"name": ""}, "spec": spec}, Pod, strict=False))
    except (msgspec.ValidationError, BadQuantity):
        return {}


def amounts(found: Mapping[str, Any] | None) -> dict[str, int]:
    """Quantities in Kueue's units; what is no quantity is left out."""
    return {
        str(name): amount for name, raw in (found or {}).items() if (amount := quantity(str(name), raw)) is not None
    }


def quantity(resource: str, raw: Any) -> int | None:
    """cpu in thousandths, everything else whole. None where it is no quantity."""
    try:
        return milli(raw) if resource == "cpu" else whole(raw)
    except (BadQuantity, TypeError):
        return None


def conditions(status: Json) -> tuple[Condition, ...]:
    """Of a status, in the order they stand there."""
    return tuple(
        Condition(
            str(one.get("type") or ""),
            one.get("status") == "True",
            str(one.get("reason") or ""),
            str(one.get("message") or ""),
            moment(one.get("lastTransitionTime")),
        )
        for one in status.get("conditions") or ()
    )


def moment(stamp: Any) -> float:
    """Seconds since 1970; 0 where there is no time."""
    try:
        return epoch(str(stamp)) if stamp else 0.0
    except ValueError:
        return 0.0


def _part(obj: Json, key: str) -> Json:
    found = obj.get(key)
    return found if isinstance(found, dict) else {}


def _groups(spec: Json) -> tuple[Group, ...]:
    return tuple(_group(group) for group in spec.get("resourceGroups") or ())


def _group(group: Json) -> Group:
    flavors = tuple(
        (str(one.get("name")), {str(each.get("name")): _quota(each) for each in one.get("resources") or ()})
        for one in group.get("flavors") or ()
    )
    return Group(tuple(group.get("coveredResources") or ()), flavors)


def _quota(each: Json) -> Quota:
    name = str(each.get("name"))

    def limit(key: str) -> int | None:
        return None if each.get(key) is None else quantity(name, each[key])

    return Quota(quantity(name, each.get("nominalQuota", 0)) or 0, limit("borrowingLimit"), limit("lendingLimit"))


def _preemption(spec: Json) -> Preemption:
    borrowing = _part(spec, "borrowWithinCohort")
    return Preemption(
        spec.get("withinClusterQueue") or "Never",
        spec.get("reclaimWithinCohort") or "Never",
        borrowing.get("policy") or "Never",
        borrowing.get("maxPriorityThreshold"),
    )


def _fungibility(spec: Json) -> Fungibility:
    """v1beta1 said Borrow and Preempt for what v1beta2 calls MayStopSearch."""
    words = {"Borrow": "MayStopSearch", "Preempt": "MayStopSearch"}
    borrow = spec.get("whenCanBorrow") or "MayStopSearch"
    preempt = spec.get("whenCanPreempt") or "TryNextFlavor"
    return Fungibility(words.get(borrow, borrow), words.get(preempt, preempt), str(spec.get("preference") or ""))


def _checks_asked(spec: Json) -> tuple[OfCheck, ...]:
    named = _part(spec, "admissionChecksStrategy").get("admissionChecks") or ()
    found = [OfCheck(str(one.get("name")), tuple(one.get("onFlavors") or ())) for one in named]
    return tuple(found + [OfCheck(str(name)) for name in spec.get("admissionChecks") or ()])


def _weight(spec: Json) -> float:
    raw = _part(spec, "fairSharing").get("weight")
    try:
        return 1.0 if raw is None else float(parse(raw))
    except BadQuantity:
        return 1.0


def _active(status: Json) -> Condition | None:
    return next((one for one in conditions(status) if one.type == "Active"), None)


def _usage(found: Iterable[Json] | None) -> dict[Share, int]:
    return {
        Share(str(one.get("name")), str(each.get("name"))): quantity(str(each.get("name")), each.get("total", 0)) or 0
        for one in found or ()
        for each in one.get("resources") or ()
    }


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
