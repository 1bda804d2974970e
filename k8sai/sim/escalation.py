"""Nobody grants what he does not hold: roles and bindings are held against the rights of who writes them.

Source: `pkg/registry/rbac/*/policybased/storage.go`, component-helpers `auth/rbac/validation/policy_comparator.go`.
"""

from itertools import product
from typing import Any

from k8sai.sim import status
from k8sai.sim.kinds import Resource
from k8sai.sim.objects import Obj, name_of
from k8sai.sim.people import Person
from k8sai.sim.rights import GROUP, Asked, Rights

_ROLES, _BINDINGS = ("roles", "clusterroles"), ("rolebindings", "clusterrolebindings")
_SHOWN = (
    ("apiGroups", "APIGroups"),
    ("resources", "Resources"),
    ("nonResourceURLs", "NonResourceURLs"),
    ("resourceNames", "ResourceNames"),
    ("verbs", "Verbs"),
)


def check(rights: Rights, who: Person, resource: Resource, obj: Obj, old: Obj | None) -> None:
    """ApiFailure 403 for a role or binding that gives somebody more than its writer has; 404 for a missing role."""
    if resource.group != GROUP or resource.plural not in (*_ROLES, *_BINDINGS):
        return
    namespace = str((obj.get("metadata") or {}).get("namespace") or "")
    if resource.plural in _ROLES:
        if old is not None and old.get("rules") == obj.get("rules"):
            return
        if rights.decide(who, Asked("escalate", GROUP, resource.plural, namespace, name_of(obj))).allowed:
            return
        granted: list[Obj] | None = obj.get("rules") or []
    else:
        if old is not None and (old.get("subjects"), old.get("roleRef")) == (obj.get("subjects"), obj.get("roleRef")):
            return
        reference = obj.get("roleRef") or {}
        plural = "roles" if reference.get("kind") == "Role" else "clusterroles"
        if rights.decide(who, Asked("bind", GROUP, plural, namespace, str(reference.get("name", "")))).allowed:
            return
        granted = rights.rules_of(reference, namespace)
        if granted is None:
            raise status.not_found(resource, str(reference.get("name", "")))
    lacking = missing(rights.rules(who, namespace), granted or [])
    if lacking:
        head = f'user "{who.name}" (groups={who.shown()}) is attempting to grant RBAC permissions not currently held:\n'
        raise status.refused(resource, name_of(obj), head + "\n".join(sorted(set(map(_told, lacking)))))


def missing(held: list[Obj], granted: list[Obj]) -> list[Obj]:
    """What of some rules is not covered by others, as rules of one resource with all verbs that lack."""
    lacking: dict[tuple[str, ...], Obj] = {}
    for rule in granted:
        for single in _singles(rule):
            if not any(_covers(one, single) for one in held):
                key = tuple(str(single.get(part)) for part, _ in _SHOWN[:-1])
                found = lacking.setdefault(key, {**single, "verbs": []})
                found["verbs"] += [verb for verb in single["verbs"] if verb not in found["verbs"]]
    return list(lacking.values())


def _singles(rule: Obj) -> list[dict[str, Any]]:
    """A rule taken apart: one group, one resource, one name and one verb each."""
    verbs = rule.get("verbs") or []
    found: list[dict[str, Any]] = [
        {"nonResourceURLs": [url], "verbs": [verb]} for url, verb in product(rule.get("nonResourceURLs") or (), verbs)
    ]
    for group, resource, verb in product(rule.get("apiGroups") or (), rule.get("resources") or (), verbs):
        one = {"apiGroups": [group], "resources": [resource], "verbs": [verb]}
        names = rule.get("resourceNames") or ()
        found += [{**one, "resourceNames": [name]} for name in names] if names else [one]
    return found


def _covers(rule: Obj, single: Obj) -> bool:
    """Whether a rule gives everything that a single one does."""
    if not _holds(rule.get("verbs"), single["verbs"][0]):
        return False
    if "nonResourceURLs" in single:
        url = single["nonResourceURLs"][0]
        return any(
            one == url or (one.endswith("*") and url.startswith(one[:-1])) for one in rule.get("nonResourceURLs") or ()
        )
    resource, names = single["resources"][0], rule.get("resourceNames") or ()
    below = resource.partition("/")[2]
    fits = _holds(rule.get("resources"), resource) or (bool(below) and f"*/{below}" in (rule.get("resources") or ()))
    wanted = single.get("resourceNames")
    named = not names or bool(wanted and wanted[0] in names)
    return fits and named and _holds(rule.get("apiGroups"), single["apiGroups"][0])


def _holds(listed: Any, wanted: str) -> bool:
    return bool(listed) and ("*" in listed or wanted in listed)


def _told(rule: Obj) -> str:
    """`{APIGroups:[""], Resources:["pods"], Verbs:["get" "list"]}`."""
    parts = (f"{name}:[{' '.join(_quoted(one) for one in rule[key])}]" for key, name in _SHOWN if rule.get(key))
    return "{" + ", ".join(parts) + "}"


def _quoted(text: str) -> str:
    return f'"{text}"'
