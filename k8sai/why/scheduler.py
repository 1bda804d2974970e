"""Who schedules it: the default scheduler or another one, and whether that one says anything."""

from typing import Final

from k8sai.cluster.reading import said
from k8sai.why.case import Case
from k8sai.why.survey import survey
from k8sai.why.verdict import Layer, fine, no_matter, reason

LAYER: Final = "scheduler"
_DEFAULT: Final = "default-scheduler"
_PATIENCE: Final = 10.0  # seconds a scheduler may need for its first word


def check(case: Case) -> Layer:
    if not case.unbound:
        return no_matter(LAYER)
    name = case.spec.get("schedulerName") or _DEFAULT
    word = case.scheduled.get("reason") or ""
    told = str(case.scheduled.get("message") or "") or said(case.events, "FailedScheduling", "Unschedulable")
    if word == "SchedulerError":
        describe = case.kubectl("describe", f"pod/{case.name}")
        return reason(LAYER, "SchedulerFailed", f"{name} failed: {told}", next=describe)
    if told or case.spec.get("schedulingGates"):
        return fine(LAYER, name)
    age = case.seconds_since(case.meta.get("creationTimestamp"))
    if age < _PATIENCE:
        if survey(case).seen and not survey(case).fits:
            return fine(LAYER, name)
        return reason(LAYER, "JustCreated", "it was created just now, and the scheduler has not looked at it yet")
    silent = f"scheduler {name} has said nothing about it for {case.ago(case.meta.get('creationTimestamp'))}"
    if name != _DEFAULT:
        return reason(LAYER, "NoScheduler", f"{silent}: is it running?", next="kubectl get pods -A | grep -i scheduler")
    if survey(case).fits:
        message = f"{silent} although a node could take it: is it running?"
        return reason(LAYER, "NoScheduler", message, next="kubectl get pods -n kube-system -l component=kube-scheduler")
    return fine(LAYER, silent)
