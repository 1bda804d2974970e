"""ValidatingAdmissionPolicies, asked of evictions: who wants to keep pods from a drain writes them for pods/eviction.

Source: apiserver `pkg/admission/plugin/policy/validating`. Other requests, parameters, variables and match conditions
are not looked at.
"""

from k8sai.scheduling.selectors import labels_match
from k8sai.schema.cel import Program, compiled
from k8sai.schema.cel_values import CelError, Unsupported
from k8sai.sim.kinds import find
from k8sai.sim.objects import Obj, name_of
from k8sai.sim.status import ApiFailure
from k8sai.sim.store import Store

POLICIES = find("admissionregistration.k8s.io", "validatingadmissionpolicies")
BINDINGS = find("admissionregistration.k8s.io", "validatingadmissionpolicybindings")
NAMESPACES = find("", "namespaces")
_CODES = {"Unauthorized": 401, "Forbidden": 403, "Invalid": 422, "RequestEntityTooLarge": 413}


def admit_eviction(store: Store, namespace: str, eviction: Obj, user: str) -> None:
    """ApiFailure with the reason of the first rule that an eviction breaks, 422 where it has none."""
    for binding in store.list(BINDINGS):
        policy = store.find(POLICIES, "", binding["spec"].get("policyName", ""))
        if policy is None or "Deny" not in binding["spec"].get("validationActions", ()):
            continue
        places = (policy["spec"].get("matchConstraints") or {}, binding["spec"].get("matchResources") or {})
        if _rules(places[0]) and all(_here(store, place, namespace) for place in places):
            _apply(policy, binding, namespace, eviction, user)


def _rules(place: Obj) -> bool:
    return any(
        {"", "*"} & set(rule.get("apiGroups", ()))
        and {"CREATE", "*"} & set(rule.get("operations", ()))
        and {"pods/eviction", "pods/*", "*/*"} & set(rule.get("resources", ()))
        for rule in place.get("resourceRules") or ()
    )


def _here(store: Store, place: Obj, namespace: str) -> bool:
    selector = place.get("namespaceSelector") or {}
    found = store.find(NAMESPACES, "", namespace) or {"metadata": {}}
    return not selector or labels_match(selector, found["metadata"].get("labels") or {})


def _apply(policy: Obj, binding: Obj, namespace: str, eviction: Obj, user: str) -> None:
    request = {"operation": "CREATE", "namespace": namespace, "name": name_of(eviction), "userInfo": {"username": user}}
    known = {"object": eviction, "oldObject": None, "request": request}
    for rule in policy["spec"].get("validations") or ():
        why = _broken(rule, known)
        if why:
            by = f"ValidatingAdmissionPolicy '{name_of(policy)}' with binding '{name_of(binding)}' denied request"
            reason = rule.get("reason", "Invalid")
            message = f'pods "{name_of(eviction)}" is forbidden: {by}: {why}'
            raise ApiFailure(_CODES[reason], reason, message, {"name": name_of(eviction), "kind": "pods"})


def _broken(rule: Obj, known: Obj) -> str:
    """Why a rule does not hold; "" where it does."""
    program = compiled(rule["expression"])
    try:
        if isinstance(program, Program) and program.run(known) is True:
            return ""
    except (CelError, Unsupported) as error:
        return f"expression '{rule['expression']}' resulted in error: {error}"
    return str(rule.get("message") or f"failed expression: {rule['expression'].strip()}")
