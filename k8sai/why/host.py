"""The node a pod was given: is it there, does it answer."""

from typing import Final

from k8sai.cluster.reading import condition
from k8sai.why.case import Case
from k8sai.why.verdict import Layer, fine, no_matter, reason, unseen

LAYER: Final = "node"


def check(case: Case) -> Layer:
    if not case.on_node:
        return no_matter(LAYER)
    name = case.node
    if case.node_answers:
        cordoned = case.moment.trial.view.nodes[name].unschedulable
        return fine(LAYER, f"{name} is ready{' (cordoned)' if cordoned else ''}")
    if case.reading.blind("nodes"):
        return unseen(LAYER, f"node {name} may not be read")
    node = case.reading.get("nodes", "", name)
    if node is None and case.reading.blind("nodes"):
        return unseen(LAYER, f"node {name} may not be read")
    if node is None:
        message = f"node {name} does not exist any more"
        return reason(LAYER, "NodeGone", message, next=case.kubectl("delete", f"pod/{case.name}"))
    ready = condition(node, "Ready") or {}
    if ready.get("status") == "True":
        return fine(LAYER, f"{name} is ready")
    ago = case.ago(ready.get("lastTransitionTime"))
    message = f"node {name} is not ready" + (f" since {ago}" if ago else "")
    said = " ".join(f"{ready.get('reason', '')}: {ready.get('message', '')}".split()).strip(": ")
    return reason(LAYER, "NodeNotReady", message, said, next=f"kubectl describe node {name}")
