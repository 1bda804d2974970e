"""A person, or a controller above, has stopped it: `spec.suspend` and its relatives."""

from typing import Final

from k8sai.cluster.reading import Json
from k8sai.why.case import Case
from k8sai.why.queueing import queue_of
from k8sai.why.queueing import suspended as is_suspended
from k8sai.why.subject import Owner
from k8sai.why.verdict import Layer, fine, no_matter, reason

LAYER: Final = "suspended"


def check(case: Case) -> Layer:
    if case.pod is not None:
        return no_matter(LAYER)
    stopped = [owner for owner in (*case.subject.below, case.subject.it, *case.subject.above) if suspended(owner)]
    top = next((owner for owner in reversed(stopped)), None)
    if top is None or (top in case.subject.below and not all(map(suspended, case.subject.below))):
        return fine(LAYER)
    if queue_of(case):
        return fine(LAYER, f"{top.said} is suspended, as Kueue leaves what it has not admitted")
    since = _since(top.object)
    ago = case.ago(since)
    message = f"{_whose(case, top)} is suspended" + (f" since {ago}" if ago else "")
    return reason(LAYER, "Suspended", message, f"{top.said}: {_field(top)}: true", next=_resume(case, top))


def _whose(case: Case, owner: Owner) -> str:
    return "it" if owner is case.subject.it else owner.said


def suspended(owner: Owner) -> bool:
    return is_suspended(owner.object)


def _field(owner: Owner) -> str:
    return "spec.runPolicy.suspend" if owner.kind.group == "kubeflow.org" else "spec.suspend"


def _resume(case: Case, owner: Owner) -> str:
    off = '{"runPolicy":{"suspend":false}}' if owner.kind.group == "kubeflow.org" else '{"suspend":false}'
    return case.kubectl("patch", owner.said, "--type=merge", "-p", f"'{{\"spec\":{off}}}'")


def _since(obj: Json) -> str:
    conditions = (obj.get("status") or {}).get("conditions") or ()
    return next((c.get("lastTransitionTime", "") for c in conditions if c.get("type") == "Suspended"), "")
