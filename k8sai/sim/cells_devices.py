"""Table cells of dynamic resource allocation, and of the custom kinds as their definitions print them."""

from typing import Any

from k8sai.sim.cells_core import age
from k8sai.sim.objects import Obj, deleting, name_of

Cells = list[Any]


def slice_(obj: Obj, now: float) -> Cells:
    """A ResourceSlice."""
    spec = obj.get("spec", {})
    pool = spec.get("pool", {}).get("name", "")
    return [name_of(obj), spec.get("nodeName") or "", spec.get("driver", ""), pool, age(obj, now)]


def claim(obj: Obj, now: float) -> Cells:
    """A ResourceClaim."""
    status = obj.get("status", {})
    states = []
    if deleting(obj):
        states.append("deleted")
    states.append("allocated" if status.get("allocation") else "pending")
    if status.get("reservedFor"):
        states.append("reserved")
    return [name_of(obj), ",".join(states), age(obj, now)]


def taint_rule(obj: Obj, now: float) -> Cells:
    """A DeviceTaintRule."""
    taint = obj.get("spec", {}).get("taint", {})
    shown = [taint.get(key, "") for key in ("key", "value", "effect", "timeAdded")]
    return [name_of(obj), *shown, age(obj, now)]


def _condition(obj: Obj, kind: str) -> str | None:
    for one in obj.get("status", {}).get("conditions") or ():
        if one.get("type") == kind:
            return str(one.get("status"))
    return None


def job_set(obj: Obj, now: float) -> Cells:
    """A JobSet."""
    status = obj.get("status", {})
    suspended = obj.get("spec", {}).get("suspend")
    shown = None if suspended is None else str(suspended).lower()
    restarts = str(status["restarts"]) if "restarts" in status else None
    return [name_of(obj), status.get("terminalState"), restarts, _condition(obj, "Completed"), shown, age(obj, now)]


def cluster_queue(obj: Obj, now: float) -> Cells:
    """A ClusterQueue."""
    return [name_of(obj), obj.get("spec", {}).get("cohortName"), obj.get("status", {}).get("pendingWorkloads")]


def local_queue(obj: Obj, now: float) -> Cells:
    """A LocalQueue."""
    status = obj.get("status", {})
    queue = obj.get("spec", {}).get("clusterQueue")
    return [name_of(obj), queue, status.get("pendingWorkloads"), status.get("admittedWorkloads")]


def workload(obj: Obj, now: float) -> Cells:
    """A Workload."""
    reserved = obj.get("status", {}).get("admission", {}).get("clusterQueue")
    queue = obj.get("spec", {}).get("queueName")
    return [name_of(obj), queue, reserved, _condition(obj, "Admitted"), _condition(obj, "Finished"), age(obj, now)]


def workload_priority(obj: Obj, now: float) -> Cells:
    """A WorkloadPriorityClass."""
    return [name_of(obj), obj.get("value")]


def admission_check(obj: Obj, now: float) -> Cells:
    """An AdmissionCheck."""
    return [name_of(obj), obj.get("spec", {}).get("controllerName"), age(obj, now)]
