"""Init containers: they run one after the other before the work begins."""

from typing import Final

from k8sai.view import several
from k8sai.why.case import Case
from k8sai.why.containers import ended, exit_words, logs, waiting
from k8sai.why.verdict import Layer, fine, no_matter, reason

LAYER: Final = "init"


def check(case: Case) -> Layer:
    if not case.on_node:
        return no_matter(LAYER)
    statuses = case.status.get("initContainerStatuses") or ()
    sidecars = {c["name"] for c in case.spec.get("initContainers") or () if c.get("restartPolicy") == "Always"}
    for number, one in enumerate(statuses, 1):
        name = one["name"]
        failed = ended(one)
        restarts = one.get("restartCount", 0)
        if failed is not None and (waiting(one)[0] == "CrashLoopBackOff" or "terminated" in (one.get("state") or {})):
            if not failed.get("exitCode"):
                continue
            message = f"init container {name} {exit_words(failed)}" + (
                f", {several(restarts, 'restart')}" if restarts else ""
            )
            return reason(LAYER, "InitFailed", message, failed.get("message", ""), next=logs(case, name, one))
        if "running" in (one.get("state") or {}) and not (name in sidecars and one.get("started")):
            since = case.ago(one["state"]["running"].get("startedAt"))
            message = f"init container {name} ({number} of {len(statuses)}) is still running" + (
                f" for {since}" if since else ""
            )
            return reason(LAYER, "InitRunning", message, next=logs(case, name, one))
    return fine(LAYER)
