"""Table cells of network policies, ingresses, autoscalers and admission.

Source: `pkg/printers/internalversion/printers.go`.
"""

from typing import Any

from k8sai.sim.cells_core import Cells, age
from k8sai.sim.objects import Obj, name_of
from k8sai.sim.selectors import selector_text

_NONE = "<none>"


def network_policy(obj: Obj, now: float) -> Cells:
    """A NetworkPolicy."""
    selector = obj.get("spec", {}).get("podSelector") or {}
    return [name_of(obj), selector_text(selector) or _NONE, age(obj, now)]


def ingress(obj: Obj, now: float) -> Cells:
    """An Ingress."""
    spec, status = obj.get("spec", {}), obj.get("status", {})
    hosts = [rule["host"] for rule in spec.get("rules") or () if rule.get("host")]
    shown = ",".join(hosts[:3]) + (f" + {len(hosts) - 3} more..." if len(hosts) > 3 else "")
    addresses = (one.get("ip") or one.get("hostname") for one in status.get("loadBalancer", {}).get("ingress") or ())
    ports = "80, 443" if spec.get("tls") else "80"
    return [
        name_of(obj),
        spec.get("ingressClassName") or _NONE,
        shown or "*",
        ",".join(filter(None, addresses)),
        ports,
        age(obj, now),
    ]


def ingress_class(obj: Obj, now: float) -> Cells:
    """An IngressClass."""
    spec = obj.get("spec", {})
    found = spec.get("parameters")
    kind = ".".join(filter(None, (found.get("kind"), found.get("apiGroup")))) if found else ""
    return [name_of(obj), spec.get("controller", ""), f"{kind}/{found.get('name')}" if found else _NONE, age(obj, now)]


def autoscaler(obj: Obj, now: float) -> Cells:
    """A HorizontalPodAutoscaler."""
    spec, status = obj.get("spec", {}), obj.get("status", {})
    target = spec.get("scaleTargetRef") or {}
    metrics = [_metric(one) for one in spec.get("metrics") or ()]
    shown = ", ".join(metrics[:2]) + (f" + {len(metrics) - 2} more..." if len(metrics) > 2 else "")
    return [
        name_of(obj),
        f"{target.get('kind', '')}/{target.get('name', '')}",
        shown or _NONE,
        str(spec.get("minReplicas", "<unset>")),
        spec.get("maxReplicas", 0),
        status.get("currentReplicas", 0),
        age(obj, now),
    ]


def _metric(metric: Obj) -> str:
    """What is aimed at; what there is now, nobody measures here."""
    kind = str(metric.get("type", ""))
    source: dict[str, Any] = metric.get(kind[:1].lower() + kind[1:]) or {}
    target = source.get("target") or {}
    utilization = target.get("averageUtilization")
    wanted = f"{utilization}%" if utilization is not None else target.get("averageValue") or target.get("value") or ""
    if kind == "Resource":
        return f"{source.get('name', '')}: <unknown>/{wanted}"
    if kind == "ContainerResource":
        return f"{source.get('container', '')}/{source.get('name', '')}: <unknown>/{wanted}"
    averaged = " (avg)" if target.get("averageValue") and kind != "Pods" else ""
    return f"<unknown>/{wanted}{averaged}"


def policy(obj: Obj, now: float) -> Cells:
    """A ValidatingAdmissionPolicy."""
    spec = obj.get("spec", {})
    kind = spec.get("paramKind") or {}
    shown = f"{kind.get('apiVersion', '')}/{kind.get('kind', '')}" if kind else "<unset>"
    return [name_of(obj), len(spec.get("validations") or ()), shown, age(obj, now)]


def policy_binding(obj: Obj, now: float) -> Cells:
    """A ValidatingAdmissionPolicyBinding."""
    spec = obj.get("spec", {})
    found = spec.get("paramRef") or {}
    shown = f"{found.get('namespace') or '*'}/{found['name']}" if found.get("name") else "<unset>"
    return [name_of(obj), spec.get("policyName", ""), shown, age(obj, now)]


def webhooks(obj: Obj, now: float) -> Cells:
    """A configuration of webhooks."""
    return [name_of(obj), len(obj.get("webhooks") or ()), age(obj, now)]
