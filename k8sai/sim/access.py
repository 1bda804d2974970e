"""Reviews: who am I, and may I. Everybody may do everything but what the scenario denies."""

from k8sai.sim.deny import Denials
from k8sai.sim.objects import Obj
from k8sai.sim.routes import Target

_SUFFIX = "reviews"


def is_review(target: Target) -> bool:
    """Whether a POST there asks a question instead of storing an object."""
    return target.resource.plural.endswith(_SUFFIX)


def review(denials: Denials, target: Target, user: str, groups: tuple[str, ...], question: Obj) -> Obj:
    """The question with its answer in the status."""
    head = {"kind": target.resource.kind, "apiVersion": target.resource.api_version, "metadata": {}}
    if target.resource.kind == "SelfSubjectReview":
        who = {"username": user, "groups": [*groups, "system:authenticated"]}
        return {**head, "status": {"userInfo": who}}
    spec = question.get("spec") or {}
    if target.resource.kind == "SelfSubjectRulesReview":
        return {**head, "spec": {}, "status": _rules(denials, user, str(spec.get("namespace", "")))}
    return {**head, "spec": spec, "status": _decision(denials, spec.get("user") or user, spec)}


def _decision(denials: Denials, user: str, spec: Obj) -> Obj:
    asked = spec.get("resourceAttributes")
    if not asked:
        return {"allowed": True}
    resource = str(asked.get("resource", ""))
    if asked.get("subresource"):
        resource += f"/{asked['subresource']}"
    group, namespace = str(asked.get("group", "")), str(asked.get("namespace", ""))
    if denials.allows(user, str(asked.get("verb", "")), group, resource, namespace):
        return {"allowed": True}
    return {"allowed": False, "reason": "denied by the scenario"}


def _rules(denials: Denials, user: str, namespace: str) -> Obj:
    """All rights; rights that are taken away cannot be listed by what is left, so the answer is then incomplete."""
    denied = any(rule.status == 403 and rule.user in ("", user) for rule in denials.rules)
    rules = [{"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}]
    paths = [{"verbs": ["*"], "nonResourceURLs": ["*"]}]
    return {"resourceRules": rules, "nonResourceRules": paths, "incomplete": denied}
