"""Eviction: a delete that asks the disruption budgets first.

Source: `pkg/registry/core/pod/storage/eviction.go` of 1.37.0.
"""

from typing import Any

from k8sai.ages import stamp
from k8sai.scheduling.selectors import labels_match
from k8sai.sim import deletion, status
from k8sai.sim.controllers.desk import condition, ready, with_condition
from k8sai.sim.kinds import find
from k8sai.sim.objects import Obj, deleting, name_of, namespace_of
from k8sai.sim.status import ApiFailure
from k8sai.sim.store import Store

PODS = find("", "pods")
BUDGETS = find("policy", "poddisruptionbudgets")
_KINDS = ("", "policy/v1", "policy/v1beta1")
_ENDED = ("Succeeded", "Failed")
_MOST_DISRUPTED = 2000
_REFUSED = "Cannot evict pod as it would violate the pod's disruption budget."
_TARGET = {
    "type": "DisruptionTarget",
    "status": "True",
    "reason": "EvictionByEvictionAPI",
    "message": "Eviction API: evicting",
}


def checked(name: str, eviction: Obj, dry_run: bool) -> Obj:
    """The delete options of an eviction that can be understood. ApiFailure 400, 500."""
    if eviction.get("apiVersion", "") not in _KINDS or eviction.get("kind", "Eviction") != "Eviction":
        given = f"{eviction.get('apiVersion')}, Kind={eviction.get('kind')}"
        raise status.bad_request(f"the object provided is unrecognized (must be of type Eviction): no kind {given}")
    if name_of(eviction) != name:
        raise status.bad_request("name in URL does not match name in Eviction object")
    options: Obj = eviction.get("deleteOptions") or {}
    inside, outside = options.get("dryRun") or [], ["All"] if dry_run else []
    if inside and outside and inside != outside:
        shown = f"[{' '.join(outside)}] and [{' '.join(inside)}]"
        raise ApiFailure(500, "", f"Non-matching dry-run options in request and content: {shown}")
    return {**options, "dryRun": inside or outside}


def evict(store: Store, namespace: str, name: str, options: Obj) -> Obj:
    """Evict a pod. ApiFailure 404, 409, 429 with the budget that refuses, 500 where several budgets cover the pod.

    As with the real server a precondition is looked at after the budget was spent.
    """
    pod, dry_run = store.get(PODS, namespace, name), bool(options.get("dryRun"))
    budget = None if _free_to_go(pod) else _budget(store, pod)
    if budget is not None and not (not ready(pod) and _unhealthy_may_go(budget)):
        _spend(store, budget, name, dry_run)
    conditions = options.get("preconditions") or {}
    deletion.check(PODS, pod, conditions.get("uid", ""), conditions.get("resourceVersion", ""))
    if not dry_run:
        _mark(store, pod)
    store.delete(PODS, namespace, name, grace=options.get("gracePeriodSeconds"), dry_run=dry_run)
    return {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201}


def _mark(store: Store, pod: Obj) -> None:
    """Say in the pod's status what is going to happen to it."""
    state = pod.get("status") or {}
    conditions = with_condition(state.get("conditions"), _TARGET, stamp(store.now()))
    store.update(PODS, {**pod, "status": {**state, "conditions": conditions}}, "status")


def _free_to_go(pod: Obj) -> bool:
    phase = pod.get("status", {}).get("phase")
    return phase in (*_ENDED, "Pending") or deleting(pod)


def _budget(store: Store, pod: Obj) -> Obj | None:
    labels = pod["metadata"].get("labels") or {}
    budgets = store.list(BUDGETS, namespace_of(pod))
    found = [one for one in budgets if labels_match(one.get("spec", {}).get("selector"), labels)]
    if len(found) > 1:
        message = "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support."
        raise ApiFailure(500, "", message)
    return found[0] if found else None


def _unhealthy_may_go(budget: Obj) -> bool:
    """A pod that is not ready serves nobody: it goes where the policy says so, or where enough others are healthy."""
    state = budget.get("status", {})
    if budget.get("spec", {}).get("unhealthyPodEvictionPolicy") == "AlwaysAllow":
        return True
    healthy, wanted = state.get("currentHealthy", 0), state.get("desiredHealthy", 0)
    return bool(wanted > 0 and healthy >= wanted)


def _spend(store: Store, budget: Obj, pod: str, dry_run: bool) -> None:
    """Take one disruption from the budget. ApiFailure 403, 429 where it has none."""
    state, name = budget.get("status", {}), name_of(budget)
    if state.get("observedGeneration", 0) < budget["metadata"].get("generation", 0):
        text = f"The disruption budget {name} is still being processed by the server."
        raise status.too_many(_REFUSED, retry_after=10, causes=_causes(text))
    allowed = state.get("disruptionsAllowed", 0)
    if allowed < 0:
        raise _broken(name, "pdb disruptions allowed is negative", "pdb disruptions allowed is negative")
    if len(state.get("disruptedPods") or {}) > _MOST_DISRUPTED:
        many = "too many pending evictions not confirmed by PDB controller"
        raise _broken(name, f"DisruptedPods map too big - {many.replace('pending ', '')}", many)
    if not allowed:
        raise status.too_many(_REFUSED, causes=_causes(_why_none(budget)))
    if dry_run:
        return
    disrupted = {**(state.get("disruptedPods") or {}), pod: stamp(store.now())}
    spent: dict[str, Any] = {**state, "disruptionsAllowed": allowed - 1, "disruptedPods": disrupted}
    if allowed == 1:
        none = {"type": "DisruptionAllowed", "status": "False", "reason": "InsufficientPods", "message": ""}
        spent["conditions"] = with_condition(state.get("conditions"), none, stamp(store.now()))
    store.update(BUDGETS, {**budget, "status": spent}, "status")


def _why_none(budget: Obj) -> str:
    state, said = budget.get("status", {}), condition(budget, "DisruptionAllowed") or {}
    wanted, healthy = state.get("desiredHealthy", 0), state.get("currentHealthy", 0)
    why, reason = said.get("message", "") if said.get("status") == "False" else "", said.get("reason", "")
    none = f"The disruption budget {name_of(budget)} does not allow evicting pods currently"
    if why and reason == "SyncFailed":
        return f"{none} because it failed sync: {why}"
    if healthy <= wanted:
        return f"The disruption budget {name_of(budget)} needs {wanted} healthy pods and has {healthy} currently"
    return f"{none} ({reason}): {why}" if why else none


def _broken(name: str, why: str, cause: str) -> ApiFailure:
    """403 that is none of authorization."""
    message = f'poddisruptionbudget.policy "{name}" is forbidden: {why}'
    said = f"The disruption budget {name} does not allow evicting pods currently: {cause}"
    details = {"name": name, "group": "policy", "kind": "poddisruptionbudget", "causes": _causes(said)}
    return ApiFailure(403, "Forbidden", message, details)


def _causes(message: str) -> list[dict[str, str]]:
    return [{"reason": "DisruptionBudget", "message": message}]
