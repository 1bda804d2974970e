"""Defaults of kinds that steer others: network policies, ingress classes, autoscalers, admission.

Source: `pkg/apis/{networking,autoscaling,admissionregistration}/*/defaults.go`.
"""

from typing import Any

from k8sai.sim.objects import Obj

_CPU = {"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 80}}}
_UP = [{"type": "Pods", "value": 4, "periodSeconds": 15}, {"type": "Percent", "value": 100, "periodSeconds": 15}]
_DOWN = [{"type": "Percent", "value": 100, "periodSeconds": 15}]


def network_policy(obj: Obj) -> None:
    """Ingress is always meant; egress where there are rules for it."""
    spec = obj.setdefault("spec", {})
    for rule in (*(spec.get("ingress") or ()), *(spec.get("egress") or ())):
        for port in rule.get("ports") or ():
            port.setdefault("protocol", "TCP")
    if not spec.get("policyTypes"):
        spec["policyTypes"] = ["Ingress", *(["Egress"] if spec.get("egress") else [])]


def ingress_class(obj: Obj) -> None:
    """Parameters are of the whole cluster."""
    parameters = obj.setdefault("spec", {}).get("parameters")
    if isinstance(parameters, dict):
        parameters.setdefault("scope", "Cluster")


def autoscaler(obj: Obj) -> None:
    """One replica at least, by the CPU where no metric is named."""
    spec = obj.setdefault("spec", {})
    spec.setdefault("minReplicas", 1)
    if not spec.get("metrics"):
        spec["metrics"] = [_CPU]
    behavior = spec.get("behavior")
    if not isinstance(behavior, dict):
        return
    first = {"stabilizationWindowSeconds": 0, "selectPolicy": "Max", "policies": _UP}
    behavior["scaleUp"] = {**first, **(behavior.get("scaleUp") or {})}
    behavior["scaleDown"] = {"selectPolicy": "Max", "policies": _DOWN, **(behavior.get("scaleDown") or {})}


def policy(obj: Obj) -> None:
    """A ValidatingAdmissionPolicy fails closed."""
    spec = obj.setdefault("spec", {})
    spec.setdefault("failurePolicy", "Fail")
    _matching(spec.get("matchConstraints"))


def policy_binding(obj: Obj) -> None:
    """What a ValidatingAdmissionPolicyBinding matches."""
    _matching(obj.setdefault("spec", {}).get("matchResources"))


def validating_webhooks(obj: Obj) -> None:
    """Webhooks fail closed, and answer within ten seconds."""
    for webhook in obj.get("webhooks") or ():
        webhook.setdefault("failurePolicy", "Fail")
        webhook.setdefault("timeoutSeconds", 10)
        _selecting(webhook)
        _scoped(webhook.get("rules"))
        service = (webhook.get("clientConfig") or {}).get("service")
        if isinstance(service, dict):
            service.setdefault("port", 443)


def mutating_webhooks(obj: Obj) -> None:
    """The same; each is called once."""
    validating_webhooks(obj)
    for webhook in obj.get("webhooks") or ():
        webhook.setdefault("reinvocationPolicy", "Never")


def _matching(match: Any) -> None:
    if isinstance(match, dict):
        _selecting(match)
        _scoped(match.get("resourceRules"))
        _scoped(match.get("excludeResourceRules"))


def _selecting(found: Obj) -> None:
    found.setdefault("matchPolicy", "Equivalent")
    found.setdefault("namespaceSelector", {})
    found.setdefault("objectSelector", {})


def _scoped(rules: Any) -> None:
    for rule in rules or ():
        rule.setdefault("scope", "*")
