"""What `d` says of a job."""

from collections.abc import Mapping
from typing import Any

from k8sai.tui.describe_pod import amounts
from k8sai.tui.page import Page
from k8sai.tui.words import age

Json = Mapping[str, Any]


def job(page: Page, thing: Json, now: float) -> None:
    """How far it is, how it may fail, and what its pods ask for."""
    spec, status = thing.get("spec") or {}, thing.get("status") or {}
    page.head("Job")
    if spec.get("suspend"):
        page.fact("Suspended", "yes: no pod is made until somebody resumes it", "warn")
    page.fact("Completions", f"{status.get('succeeded') or 0} of {spec.get('completions', 'any')}")
    page.fact("At once", spec.get("parallelism"))
    page.fact("Active", status.get("active"))
    page.fact("Ready", status.get("ready"))
    page.fact("Failed", status.get("failed"), "bad")
    page.fact("Terminating", status.get("terminating"), "warn")
    page.fact("Mode", spec.get("completionMode"))
    page.fact("May fail", f"{spec['backoffLimit']} times" if "backoffLimit" in spec else "")
    limit = spec.get("activeDeadlineSeconds")
    page.fact("May take", f"{limit} s" if limit is not None else "")
    kept = spec.get("ttlSecondsAfterFinished")
    page.fact("Kept after it", f"{kept} s" if kept is not None else "")
    for word, key in (("Started", "startTime"), ("Completed", "completionTime")):
        at = str(status.get(key) or "")
        page.fact(word, f"{at}  {age(at, now)} ago" if at else "")
    page.pairs("Selector", (spec.get("selector") or {}).get("matchLabels"))
    template = ((spec.get("template") or {}).get("spec")) or {}
    if template.get("containers"):
        page.head("Each of its pods")
        for container in template["containers"]:
            page.fact(str(container.get("name")), container.get("image"), "strong")
            resources = container.get("resources") or {}
            page.fact("  requests", amounts(resources.get("requests")))
            page.fact("  limits", amounts(resources.get("limits")))
