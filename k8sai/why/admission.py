"""The API server or a webhook takes no pod of it."""

import re
from typing import Final

from k8sai.why.case import Case
from k8sai.why.making import refusal, short, templates
from k8sai.why.verdict import Layer, fine, no_matter, reason, unseen

LAYER: Final = "admission"
_CLASSES: Final = "priorityclasses.scheduling.k8s.io"
_NO_CLASS: Final = re.compile(r"no PriorityClass with name (\S+) was found")
_WEBHOOK: Final = re.compile(r'admission webhook "([^"]+)" denied the request:? ?(.*)')
_DOWN: Final = re.compile(r'failed calling webhook "([^"]+)"')
_ACCOUNT: Final = re.compile(r"error looking up service account \S+: (serviceaccount \"[^\"]+\" not found)")
_POLICY: Final = re.compile(r"violates PodSecurity \"([^\"]+)\": (.*)")


def check(case: Case) -> Layer:
    if case.pod is not None:
        return no_matter(LAYER, "the pod exists")
    said = refusal(case)
    if not said:
        return _silent(case)
    describe = case.kubectl("describe", case.owners[0].said)
    if absent := _NO_CLASS.search(said):
        return reason(LAYER, "PriorityClassMissing", _missing(absent[1]), said, next="kubectl get priorityclasses")
    if denied := _WEBHOOK.search(said):
        return reason(
            LAYER, "AdmissionDenied", f"webhook {denied[1]} says no: {denied[2]}".rstrip(": ."), said, next=describe
        )
    if down := _DOWN.search(said):
        message = f"webhook {down[1]} does not answer, so nothing is let in"
        return reason(
            LAYER,
            "AdmissionDenied",
            message,
            said,
            next="kubectl get validatingwebhookconfigurations,mutatingwebhookconfigurations",
        )
    if broken := _POLICY.search(said):
        message = f"the namespace's pod security level {broken[1]} forbids it: {broken[2]}".rstrip(".")
        return reason(LAYER, "AdmissionDenied", message, said, next=describe)
    if account := _ACCOUNT.search(said):
        return reason(LAYER, "AdmissionDenied", account[1], said, next=case.kubectl("get", "serviceaccounts"))
    return reason(LAYER, "AdmissionDenied", f"the API server takes no pod of it: {short(said)}", said, next=describe)


def _silent(case: Case) -> Layer:
    """Events are forgotten after an hour: what can be looked up is."""
    if not case.missing:
        return fine(LAYER, "no pod is missing")
    for _, template in templates(case):
        name = template.get("priorityClassName")
        if name and case.reading.served(_CLASSES) and not _exists(case, name):
            return reason(LAYER, "PriorityClassMissing", _missing(name), next="kubectl get priorityclasses")
    if case.reading.blind("events"):
        return unseen(LAYER, "events, which tell what the API server refused, may not be read")
    return fine(LAYER, "no refusal was reported")


def _exists(case: Case, name: str) -> bool:
    return case.reading.get(_CLASSES, "", name) is not None or case.reading.blind(_CLASSES)


def _missing(name: str) -> str:
    return f"there is no PriorityClass {name}"
