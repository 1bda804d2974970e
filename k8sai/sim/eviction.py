"""Eviction: a delete that asks the disruption budgets first.

Source: `pkg/registry/core/pod/storage/eviction.go`.
"""

from k8sai.ages import stamp
from k8sai.scheduling.selectors import labels_match
from k8sai.sim import status
from k8sai.sim.kinds import find
from k8sai.sim.objects import Obj, deleting, name_of, namespace_of
from k8sai.sim.status import ApiFailure
from k8sai.sim.store import Store

PODS = find("", "pods")
BUDGETS = find("policy", "poddisruptionbudgets")
_ENDED = ("Succeeded", "Failed")
_REFUSED = "Cannot evict pod as it would violate the pod's disruption budget."


def evict(store: Store, namespace: str, name: str, eviction: Obj, dry_run: bool) -> Obj:
    """Evict a pod. ApiFailure 404, 409, 429 with the budget that refuses, 500 where several budgets cover the pod."""
    options = eviction.get("deleteOptions") or {}
    pod = store.get(PODS, namespace, name)
    dry_run = dry_run or bool(options.get("dryRun"))
    budget = None if _free_to_go(pod) else _budget(store, pod)
    if budget is not None and not (_unhealthy(pod) and _unhealthy_may_go(budget)):
        _spend(store, budget, name, dry_run)
    conditions = options.get("preconditions") or {}
    store.delete(
        PODS,
        namespace,
        name,
        uid=conditions.get("uid", ""),
        resource_version=conditions.get("resourceVersion", ""),
        grace=options.get("gracePeriodSeconds"),
        dry_run=dry_run,
    )
    return {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201}


def _free_to_go(pod: Obj) -> bool:
    phase = pod.get("status", {}).get("phase")
    return phase in (*_ENDED, "Pending") or deleting(pod)


def _budget(store: Store, pod: Obj) -> Obj | None:
    labels = pod["metadata"].get("labels") or {}
    budgets = store.list(BUDGETS, namespace_of(pod))
    found = [one for one in budgets if labels_match(one.get("spec", {}).get("selector"), labels)]
    if len(found) > 1:
        message = "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support."
        raise ApiFailure(500, "InternalError", message)
    return found[0] if found else None


def _unhealthy(pod: Obj) -> bool:
    conditions = pod.get("status", {}).get("conditions") or ()
    return not any(one.get("type") == "Ready" and one.get("status") == "True" for one in conditions)


def _unhealthy_may_go(budget: Obj) -> bool:
    """A pod that is not ready serves nobody: it goes where the policy says so, or where enough others are healthy."""
    state = budget.get("status", {})
    if budget.get("spec", {}).get("unhealthyPodEvictionPolicy") == "AlwaysAllow":
        return True
    healthy, wanted = state.get("currentHealthy", 0), state.get("desiredHealthy", 0)
    return bool(wanted > 0 and healthy >= wanted)


def _spend(store: Store, budget: Obj, pod: str, dry_run: bool) -> None:
    """Take one disruption from the budget. ApiFailure 429 where it has none."""
    state, name = budget.get("status", {}), name_of(budget)
    if state.get("observedGeneration", 0) < budget["metadata"].get("generation", 0):
        cause = {
            "reason": "DisruptionBudget",
            "message": f"The disruption budget {name} is still being processed by the server.",
        }
        raise status.too_many(_REFUSED, retry_after=10, causes=[cause])
    if state.get("disruptionsAllowed", 0) <= 0:
        text = (
            f"The disruption budget {name} needs {state.get('desiredHealthy', 0)} healthy pods and has "
            f"{state.get('currentHealthy', 0)} currently"
        )
        raise status.too_many(_REFUSED, causes=[{"reason": "DisruptionBudget", "message": text}])
    if dry_run:
        return
    disrupted = {**(state.get("disruptedPods") or {}), pod: stamp(store.now())}
    spent = {**state, "disruptionsAllowed": state["disruptionsAllowed"] - 1, "disruptedPods": disrupted}
    store.update(BUDGETS, {**budget, "status": spent}, "status")
