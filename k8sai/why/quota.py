"""ResourceQuota: what a namespace may have, when pods are not created."""

import re
from collections.abc import Iterator
from typing import Final

from k8sai.cluster.reading import Json
from k8sai.fleet.requests import count
from k8sai.scheduling.quota import covers
from k8sai.view import several
from k8sai.why.case import Case, amount
from k8sai.why.making import refusal, requests, templates
from k8sai.why.verdict import Layer, fine, no_matter, reason, unseen

LAYER: Final = "quota"
_QUOTAS: Final = "resourcequotas"
_COUNTS: Final = ("pods", "count/pods")
_EXCEEDED: Final = re.compile(
    r"exceeded quota: (?P<name>[^,]+), requested: (?P<asked>\S+), used: (?P<used>\S+), limited: (?P<hard>\S+)"
)
_UNSAID: Final = re.compile(r"failed quota: (?P<name>[^:]+): must specify (?P<what>.+)")


def check(case: Case) -> Layer:
    if case.pod is not None:
        return no_matter(LAYER, "the pod exists")
    if not case.missing:
        return fine(LAYER, "no pod is missing")
    said = refusal(case)
    quotas = case.reading.list(_QUOTAS, case.namespace)
    found = next(_short(case, quotas), None)
    if found is not None:
        return _with_evidence(found, said)
    exceeded = _EXCEEDED.search(said)
    if exceeded is not None:
        message = "quota {name} has no room: {asked} asked, {used} used, {hard} allowed".format(**exceeded.groupdict())
        return reason(LAYER, "QuotaExceeded", message, said, next=_describe(case, exceeded["name"]))
    unsaid = _UNSAID.search(said)
    if unsaid is not None:
        message = f"quota {unsaid['name']} takes no pod that does not say {unsaid['what']}"
        return reason(LAYER, "QuotaNeverFits", message, said, next=_describe(case, unsaid["name"]))
    if case.reading.blind(_QUOTAS):
        return unseen(LAYER, "quotas of the namespace may not be read", said)
    return fine(LAYER, "" if quotas else f"namespace {case.namespace} has no quota")


def _with_evidence(found: Layer, said: str) -> Layer:
    return reason(LAYER, found.code, found.message, *found.evidence, said, next=found.next)


def _describe(case: Case, name: str) -> str:
    return case.kubectl("describe", f"resourcequota/{name}")


def _short(case: Case, quotas: list[Json]) -> Iterator[Layer]:
    """Arithmetic over each quota itself: what one more pod asks, what is used, what is allowed."""
    for _, template in templates(case):
        asked = requests(template)
        for quota in quotas:
            if not covers(quota.get("spec") or {}, template):
                continue
            status = quota.get("status") or {}
            hard, used = status.get("hard") or {}, status.get("used") or {}
            for key in hard:
                need = _asked(key, template, asked)
                if need is not None:
                    layer = _compare(case, quota["metadata"]["name"], key, need, hard[key], used.get(key, "0"))
                    if layer is not None:
                        yield layer


def _compare(case: Case, name: str, key: str, need: int, hard: str, used: str) -> Layer | None:
    resource = key.removeprefix("requests.").removeprefix("limits.")
    allowed, taken = count(resource, hard), count(resource, used)
    if need <= allowed - taken:
        return None
    shown, next_one = amount(resource, need), _describe(case, name)
    evidence = f"resourcequota/{name}: {key} {used} of {hard} used"
    if need > allowed:
        asks = "" if key in _COUNTS else f"one pod asks {shown} {key}, and "
        what = several(allowed, "pod") if key in _COUNTS else amount(resource, allowed)
        message = f"{asks}quota {name} allows {what} in all"
        return reason(LAYER, "QuotaNeverFits", message, evidence, next=next_one)
    message = (
        f"quota {name} allows {amount(resource, allowed)} {key} in namespace {case.namespace} and "
        f"{amount(resource, taken)} are used, the next pod asks {shown}"
    )
    return reason(LAYER, "QuotaExceeded", message, evidence, next=next_one)


def _asked(key: str, template: Json, asked: dict[str, int]) -> int | None:
    """What one pod takes of a key of a quota; None where the quota is not about pods."""
    if key in _COUNTS:
        return 1
    if key.startswith("requests."):
        return asked.get(key.removeprefix("requests.")) or None
    if key.startswith("limits."):
        limits = [(c.get("resources") or {}).get("limits") or {} for c in template.get("containers") or ()]
        name = key.removeprefix("limits.")
        return sum(count(name, table[name]) for table in limits if name in table) or None
    return asked.get(key) or None if key in ("cpu", "memory") else None
