"""Kueue's webhooks and the rules of its definitions: defaults, jobs held back on creation, and refusals in its words.

Source: pkg/webhooks, pkg/controller/jobframework/validation.go and the CEL rules of the definitions of Kueue 0.19.
"""

from collections.abc import Callable, Iterator
from typing import Any, Final

from k8sai.quantity import BadQuantity, parse
from k8sai.sim import status
from k8sai.sim.kinds import Resource, find
from k8sai.sim.memory import Memory
from k8sai.sim.naming import SUBDOMAIN, SUBDOMAIN_RULE
from k8sai.sim.objects import Obj, controller_of, name_of
from k8sai.sim.status import ApiFailure, Cause

_GROUP: Final = "kueue.x-k8s.io"
_QUEUE: Final = f"{_GROUP}/queue-name"
_CLASS: Final = f"{_GROUP}/priority-class"
_LONGEST: Final = f"{_GROUP}/max-exec-time-seconds"
_STOPPING: Final = f"{_GROUP}/stopping"
_SYSTEM: Final = ("kube-system", "kueue-system")
_STOPS: Final = ("None", "Hold", "HoldAndDrain")
_QUEUES: Final = (find(_GROUP, "clusterqueues"), find(_GROUP, "localqueues"))
_HELD: Final = (("batch", "Job"), ("jobset.x-k8s.io", "JobSet"))


def fill(store: Memory, resource: Resource, obj: Obj, *, new: bool) -> None:
    """Complete an object in place; a new job that names a queue is suspended, once there are queues."""
    if (resource.group, resource.kind) in _HELD:
        if new and held(obj) and any(store.count(kind) for kind in _QUEUES):
            obj.setdefault("spec", {})["suspend"] = True
    elif resource.group == _GROUP:
        defaults = _DEFAULTS.get(resource.kind)
        if defaults is not None:
            defaults(obj.setdefault("spec", {}))


def held(job: Obj) -> bool:
    """Kueue holds it: it names a queue, is no part of a JobSet, and not of the system."""
    owner = controller_of(job)
    outside = job["metadata"].get("namespace") not in _SYSTEM and (owner is None or owner["kind"] != "JobSet")
    return outside and bool(_labels(job).get(_QUEUE))


def _cluster_queue_defaults(spec: Obj) -> None:
    spec.setdefault("queueingStrategy", "BestEffortFIFO")
    spec.setdefault("stopPolicy", "None")
    for key, wanted in (("whenCanBorrow", "MayStopSearch"), ("whenCanPreempt", "TryNextFlavor")):
        spec.setdefault("flavorFungibility", {}).setdefault(key, wanted)
    preemption = spec.setdefault("preemption", {})
    for key in ("reclaimWithinCohort", "withinClusterQueue"):
        preemption.setdefault(key, "Never")
    preemption.setdefault("borrowWithinCohort", {}).setdefault("policy", "Never")


def _local_queue_defaults(spec: Obj) -> None:
    spec.setdefault("stopPolicy", "None")


def _workload_defaults(spec: Obj) -> None:
    spec.setdefault("active", True)


_DEFAULTS: Final[dict[str, Callable[[Obj], None]]] = {
    "ClusterQueue": _cluster_queue_defaults,
    "LocalQueue": _local_queue_defaults,
    "Workload": _workload_defaults,
}


def check(resource: Resource, new: Obj, old: Obj | None = None) -> None:
    """ApiFailure 422 by the definition's rules, 403 by a webhook's; the definition speaks first."""
    if resource.group == _GROUP:
        wrong = list(_defined(resource, new, old))
        if wrong:
            raise status.invalid(resource, name_of(new), wrong)
    refused = list(_refused(resource, new, old))
    if refused:
        said = str(refused[0]) if len(refused) == 1 else "[" + ", ".join(map(str, refused)) + "]"
        hook = f"v{resource.kind.lower()}.kb.io"
        raise ApiFailure(403, "Forbidden", f'admission webhook "{hook}" denied the request: {said}')


# --- the definitions' rules -------------------------------------------------------------------------------------------


def _defined(resource: Resource, new: Obj, old: Obj | None) -> Iterator[Cause]:
    spec, was = new.get("spec") or {}, (old or {}).get("spec") or {}
    if resource.kind == "ClusterQueue":
        yield from _cluster_queue(spec)
    elif resource.kind == "LocalQueue" and old is not None and spec.get("clusterQueue") != was.get("clusterQueue"):
        yield status.invalid_value("spec.clusterQueue", spec.get("clusterQueue"), "field is immutable")
    elif resource.kind == "Workload" and _reserved(old or {}) and spec.get("queueName") != was.get("queueName"):
        yield _rule("<nil>", "queueName is immutable while workload quota reserved")
    if resource.kind == "LocalQueue":
        yield from _one_of(spec, "stopPolicy", _STOPS)


def _cluster_queue(spec: Obj) -> Iterator[Cause]:
    yield from _one_of(spec, "stopPolicy", _STOPS)
    yield from _one_of(spec, "queueingStrategy", ("StrictFIFO", "BestEffortFIFO"))
    quotas = list(_quotas(spec))
    if not spec.get("cohortName") and any(quota.get("borrowingLimit") is not None for _, quota in quotas):
        yield _rule("spec", "borrowingLimit must be nil when cohort is empty")
    for number, group in enumerate(spec.get("resourceGroups") or ()):
        wanted = len(group.get("coveredResources") or ())
        if any(len(flavor.get("resources") or ()) != wanted for flavor in group.get("flavors") or ()):
            text = "flavors must have the same number of resources as the coveredResources"
            yield _rule(f"spec.resourceGroups[{number}]", text)
    preemption = spec.get("preemption") or {}
    borrowing = (preemption.get("borrowWithinCohort") or {}).get("policy", "Never")
    if preemption.get("reclaimWithinCohort", "Never") == "Never" and borrowing != "Never":
        yield _rule("spec.preemption", "reclaimWithinCohort=Never and borrowWithinCohort.Policy!=Never")
    fungible = spec.get("flavorFungibility") or {}
    both = {fungible.get("whenCanBorrow"), fungible.get("whenCanPreempt")} == {"TryNextFlavor"}
    if fungible.get("preference") and not both:
        text = "preference can only be set when both whenCanBorrow and whenCanPreempt are TryNextFlavor"
        yield _rule("spec.flavorFungibility", text)


def _one_of(spec: Obj, key: str, allowed: tuple[str, ...]) -> Iterator[Cause]:
    if spec.get(key) is not None and spec[key] not in allowed:
        yield status.unsupported_value(f"spec.{key}", spec[key], allowed)
        text = "some validation rules were not checked because the object was invalid; correct the existing errors"
        yield status.invalid_value("<nil>", None, f"{text} to complete validation")


def _rule(path: str, text: str) -> Cause:
    """As a CEL rule of a definition refuses."""
    return Cause(path, "FieldValueInvalid", f"Invalid value: {text}")


# --- the webhooks' rules ----------------------------------------------------------------------------------------------


def _refused(resource: Resource, new: Obj, old: Obj | None) -> Iterator[Cause]:
    if (resource.group, resource.kind) in _HELD:
        yield from _new_job(new) if old is None else _changed_job(new, old)
    elif resource.group == _GROUP and resource.kind in ("ClusterQueue", "Cohort"):
        yield from _groups(new.get("spec") or {}, resource.kind)


def _groups(spec: Obj, kind: str) -> Iterator[Cause]:
    above = "cohort" if kind == "ClusterQueue" else "parent"
    alone = not spec.get("cohortName" if kind == "ClusterQueue" else "parentName")
    seen: set[str] = set()
    for place, quota in _quotas(spec):
        group, _, rest = place.partition(".flavors")
        number = int(rest.rpartition("[")[2].rstrip("]"))
        covered = spec["resourceGroups"][int(group.rpartition("[")[2].rstrip("]"))].get("coveredResources") or ()
        if number < len(covered) and quota.get("name") != covered[number]:
            yield status.invalid_value(f"{place}.name", quota.get("name"), "must match the name in coveredResources")
        for key in ("nominalQuota", "borrowingLimit", "lendingLimit"):
            if quota.get(key) is None:
                continue
            if key != "nominalQuota" and alone:
                yield status.invalid_value(f"{place}.{key}", str(quota[key]), f"must be nil when {above} is empty")
            if _number(quota[key]) < 0:
                yield status.invalid_value(f"{place}.{key}", str(quota[key]), "must be greater than or equal to 0")
        lent = quota.get("lendingLimit")
        if kind == "ClusterQueue" and lent is not None and _number(lent) > _number(quota.get("nominalQuota", 0)):
            yield status.invalid_value(
                f"{place}.lendingLimit", str(lent), "must be less than or equal to the nominalQuota"
            )
    yield from _repeated(spec, seen)


def _repeated(spec: Obj, seen: set[str]) -> Iterator[Cause]:
    flavors: set[str] = set()
    for number, group in enumerate(spec.get("resourceGroups") or ()):
        for index, name in enumerate(group.get("coveredResources") or ()):
            if name in seen:
                yield status.duplicate_value(f"spec.resourceGroups[{number}].coveredResources[{index}]", name)
            seen.add(name)
        for index, flavor in enumerate(group.get("flavors") or ()):
            if flavor.get("name") in flavors:
                yield status.duplicate_value(f"spec.resourceGroups[{number}].flavors[{index}].name", flavor["name"])
            flavors.add(flavor.get("name"))


def _quotas(spec: Obj) -> Iterator[tuple[str, Obj]]:
    """Each with its place: `spec.resourceGroups[0].flavors[0].resources[0]`."""
    for number, group in enumerate(spec.get("resourceGroups") or ()):
        for index, flavor in enumerate(group.get("flavors") or ()):
            for each, quota in enumerate(flavor.get("resources") or ()):
                yield f"spec.resourceGroups[{number}].flavors[{index}].resources[{each}]", quota


def _new_job(job: Obj) -> Iterator[Cause]:
    labels = _labels(job)
    queue = labels.get(_QUEUE)
    if queue is not None and not SUBDOMAIN.fullmatch(queue):
        yield status.invalid_value(_label(_QUEUE), queue, SUBDOMAIN_RULE)
    longest = labels.get(_LONGEST)
    if longest is not None and not longest.isdigit():
        yield status.invalid_value(_label(_LONGEST), longest, f'strconv.Atoi: parsing "{longest}": invalid syntax')
    elif longest is not None and int(longest) <= 0:
        yield status.invalid_value(_label(_LONGEST), int(longest), "should be greater than 0")


def _changed_job(new: Obj, old: Obj) -> Iterator[Cause]:
    labels, was, suspended = _labels(new), _labels(old), _suspended(new)
    if not suspended and labels.get(_QUEUE, "") != was.get(_QUEUE, ""):
        yield status.invalid_value(_label(_QUEUE), labels.get(_QUEUE, ""), "field is immutable")
    if not (suspended and _suspended(old)) and labels.get(_LONGEST, "") != was.get(_LONGEST, ""):
        yield status.invalid_value(_label(_LONGEST), labels.get(_LONGEST, ""), "field is immutable")
    if labels.get(_CLASS) and not was.get(_CLASS) and not suspended:
        text = "WorkloadPriorityClass cannot be added to a non-suspended workload"
        yield status.invalid_value(_label(_CLASS), labels[_CLASS], text)
    if was.get(_CLASS) and not labels.get(_CLASS):
        yield status.invalid_value(_label(_CLASS), "", "WorkloadPriorityClass cannot be removed from a workload")


def _label(key: str) -> str:
    return f"metadata.labels[{key}]"


def _labels(obj: Obj) -> dict[str, str]:
    return obj["metadata"].get("labels") or {}


def _suspended(job: Obj) -> bool:
    stopping = (job["metadata"].get("annotations") or {}).get(_STOPPING) == "true"
    return bool((job.get("spec") or {}).get("suspend")) and not stopping


def _reserved(workload: Obj) -> bool:
    conditions = (workload.get("status") or {}).get("conditions") or ()
    return any(one["type"] == "QuotaReserved" and one["status"] == "True" for one in conditions)


def _number(raw: Any) -> float:
    try:
        return float(parse(raw))
    except (BadQuantity, TypeError):
        return 0.0
