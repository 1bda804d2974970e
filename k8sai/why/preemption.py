"""The scheduler has chosen a node and makes room there, or waits for it to be made."""

from typing import Final

from k8sai.cluster.reading import holds
from k8sai.view import several
from k8sai.why.case import Case, be, listed
from k8sai.why.verdict import Layer, fine, no_matter, reason

LAYER: Final = "preemption"


def check(case: Case) -> Layer:
    if not case.unbound:
        return no_matter(LAYER)
    node = case.status.get("nominatedNodeName") or ""
    never = case.spec.get("preemptionPolicy") == "Never"
    if not node:
        said = "not eligible due to preemptionPolicy=Never" in (case.scheduled.get("message") or "")
        return fine(LAYER, "its priority class forbids it to preempt" if never or said else "nobody makes room for it")
    ending = leaving_there(case, node)
    follow = f"kubectl get pods -A --field-selector spec.nodeName={node}"
    if ending:
        message = f"node {node} is being cleared for it: {listed(ending)} {be(len(ending))} ending there"
        return reason(LAYER, "PreemptionUnderWay", message, _victims(case, node), next=follow)
    if "preempting" in (case.scheduled.get("message") or ""):
        message = f"node {node} was cleared for it, and the scheduler will bind it there"
        return reason(LAYER, "PreemptionUnderWay", message, _said(case), next=follow)
    return reason(
        LAYER, "Reserved", f"node {node} is reserved for it, and it is not bound yet", _said(case), next=follow
    )


def leaving_there(case: Case, node: str) -> list[str]:
    """The pods that end on the node: they hold what they asked for until they are gone."""
    there = case.moment.trial.view.nodes.get(node)
    pods = there.pods.values() if there is not None else ()
    return sorted(f"{pod.namespace}/{pod.name}" for pod in pods if pod.terminating)


def _victims(case: Case, node: str) -> str:
    pods = case.reading.list("pods", case.namespace, fields=f"spec.nodeName={node}")
    victims = [
        p["metadata"]["name"]
        for p in pods
        if (holds(p, "DisruptionTarget") or {}).get("reason") == "PreemptionByScheduler"
    ]
    return (
        f"{several(len(victims), 'pod')} of namespace {case.namespace} preempted there: {listed(victims)}"
        if victims
        else _said(case)
    )


def _said(case: Case) -> str:
    return str(case.scheduled.get("message") or "")
