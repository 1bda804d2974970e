"""Reviews: who am I, may I, and what may I. Where rights are not enforced, all but what the scenario denies."""

from typing import Any

from k8sai.sim import people
from k8sai.sim.gate import Gate
from k8sai.sim.objects import Obj
from k8sai.sim.people import Person
from k8sai.sim.rights import Asked
from k8sai.sim.routes import Target

_SUFFIX = "reviews"


def is_review(target: Target) -> bool:
    """Whether a POST there asks a question instead of storing an object."""
    return target.resource.plural.endswith(_SUFFIX)


def review(gate: Gate, target: Target, who: Person, question: Obj) -> Obj:
    """The question with its answer in the status."""
    head = {"kind": target.resource.kind, "apiVersion": target.resource.api_version, "metadata": {}}
    if target.resource.kind == "SelfSubjectReview":
        return {**head, "status": {"userInfo": {"username": who.name, "groups": list(who.groups)}}}
    spec = question.get("spec") or {}
    if target.resource.kind == "SelfSubjectRulesReview":
        return {**head, "spec": {}, "status": _rules(gate, who, str(spec.get("namespace", "")))}
    if spec.get("user") or spec.get("groups"):
        name = str(spec.get("user") or "")
        who = Person(name, tuple(spec.get("groups") or ())) if gate.enforced else people.person(name)
    return {**head, "spec": spec, "status": _decision(gate, who, spec)}


def _decision(gate: Gate, who: Person, spec: Obj) -> Obj:
    about = spec.get("resourceAttributes")
    if not about:
        path = spec.get("nonResourceAttributes") or {}
        return _allowed(gate, who, Asked(str(path.get("verb", "")), path=str(path.get("path", ""))))
    resource = str(about.get("resource", ""))
    if about.get("subresource"):
        resource += f"/{about['subresource']}"
    verb, group, namespace = (str(about.get(key, "")) for key in ("verb", "group", "namespace"))
    if not gate.denials.allows(who.name, verb, group, resource, namespace):
        return {"allowed": False, "reason": "denied by the scenario"}
    return _allowed(gate, who, Asked(verb, group, resource, namespace, str(about.get("name", ""))))


def _allowed(gate: Gate, who: Person, asked: Asked) -> Obj:
    if not gate.enforced or people.MASTERS in who.groups:
        return {"allowed": True}
    found = gate.rights.decide(who, asked)
    return {"allowed": found.allowed, **({"reason": found.reason} if found.reason else {})}


def _rules(gate: Gate, who: Person, namespace: str) -> Obj:
    """What somebody may do in a namespace.

    Rights that a scenario takes away cannot be listed by what is left, so the answer is then incomplete.
    """
    denied = any(rule.status == 403 and rule.user in ("", who.name) for rule in gate.denials.rules)
    everything: list[dict[str, Any]] = [
        {"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]},
        {"verbs": ["*"], "nonResourceURLs": ["*"]},
    ]
    rules = gate.rights.rules(who, namespace) if gate.enforced else everything
    return {
        "resourceRules": [rule for rule in rules if rule.get("resources")],
        "nonResourceRules": [rule for rule in rules if rule.get("nonResourceURLs")],
        "incomplete": denied,
    }
