"""Kueue's queues and what they refer to as facts; what is missing or malformed reads as if it were not there.

v1beta1 names some fields otherwise: `cohort`, `admissionChecks`. Both are read here, nowhere else.
"""

from collections.abc import Iterable

from k8sai.quantity import BadQuantity, parse
from k8sai.queues.facts import (
    Check,
    ClusterQueue,
    Cohort,
    Condition,
    Flavor,
    Fungibility,
    Group,
    Json,
    LocalQueue,
    OfCheck,
    Preemption,
    PriorityClass,
    Quota,
    Share,
    Topology,
)
from k8sai.queues.values import amounts, conditions, part, quantity


def cluster_queue(obj: Json) -> ClusterQueue:
    """Of a ClusterQueue object."""
    spec, status = part(obj, "spec"), part(obj, "status")
    return ClusterQueue(
        name=obj["metadata"]["name"],
        cohort=str(spec.get("cohortName") or spec.get("cohort") or ""),
        groups=_groups(spec),
        strategy=spec.get("queueingStrategy") or "BestEffortFIFO",
        selector=spec.get("namespaceSelector"),
        preemption=_preemption(part(spec, "preemption")),
        fungibility=_fungibility(part(spec, "flavorFungibility")),
        stop=spec.get("stopPolicy") or "None",
        checks=_checks_asked(spec),
        weight=_weight(spec),
        afs=str(part(spec, "admissionScope").get("admissionMode") or ""),
        active=_active(status),
        reserved=_usage(status.get("flavorsReservation")),
        admitted=_usage(status.get("flavorsUsage")),
        pending=status.get("pendingWorkloads"),
        reserving=status.get("reservingWorkloads"),
        running=status.get("admittedWorkloads"),
        weighted_share=part(status, "fairSharing").get("weightedShare"),
        object=obj,
    )


def cohort(obj: Json) -> Cohort:
    """Of a Cohort object; v1beta1 called the parent the same, v1alpha1 `parent`."""
    spec = part(obj, "spec")
    return Cohort(
        name=obj["metadata"]["name"],
        parent=str(spec.get("parentName") or spec.get("parent") or ""),
        groups=_groups(spec),
        weight=_weight(spec),
        weighted_share=part(part(obj, "status"), "fairSharing").get("weightedShare"),
        object=obj,
    )


def local_queue(obj: Json) -> LocalQueue:
    """Of a LocalQueue object; v1beta1 called the admitted usage `flavorUsage`."""
    meta, spec, status = obj["metadata"], part(obj, "spec"), part(obj, "status")
    consumed = part(part(part(status, "fairSharing"), "admissionFairSharingStatus"), "consumedResources")
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
    spec = part(obj, "spec")
    return Flavor(
        name=obj["metadata"]["name"],
        labels=part(spec, "nodeLabels"),
        taints=tuple(spec.get("nodeTaints") or ()),
        tolerations=tuple(spec.get("tolerations") or ()),
        topology=str(spec.get("topologyName") or ""),
        object=obj,
    )


def check(obj: Json) -> Check:
    """Of an AdmissionCheck object."""
    spec = part(obj, "spec")
    return Check(
        obj["metadata"]["name"],
        str(spec.get("controllerName") or ""),
        _active(part(obj, "status")),
        part(spec, "parameters"),
    )


def topology(obj: Json) -> Topology:
    """Of a Topology object."""
    levels = part(obj, "spec").get("levels") or ()
    return Topology(obj["metadata"]["name"], tuple(str(level.get("nodeLabel", "")) for level in levels))


def priority_class(obj: Json) -> PriorityClass:
    """Of a WorkloadPriorityClass or a PriorityClass."""
    return PriorityClass(
        obj["metadata"]["name"], int(obj.get("value") or 0), obj.get("kind") == "WorkloadPriorityClass"
    )


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
    borrowing = part(spec, "borrowWithinCohort")
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
    named = part(spec, "admissionChecksStrategy").get("admissionChecks") or ()
    found = [OfCheck(str(one.get("name")), tuple(one.get("onFlavors") or ())) for one in named]
    return tuple(found + [OfCheck(str(name)) for name in spec.get("admissionChecks") or ()])


def _weight(spec: Json) -> float:
    raw = part(spec, "fairSharing").get("weight")
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
