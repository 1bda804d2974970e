"""DRA: the claims of a pod, from "nobody made it" to "who has the devices"."""

from typing import Final

from k8sai.cluster.reading import Json, said
from k8sai.scheduling.claims import claim_names
from k8sai.why.case import Case, listed
from k8sai.why.demand import alternatives, demands
from k8sai.why.lacking import speak
from k8sai.why.survey import survey
from k8sai.why.verdict import Layer, fine, no_matter, reason, unseen
from k8sai.why.wishes import open_claims

LAYER: Final = "claims"
CLAIMS: Final = "resourceclaims.resource.k8s.io"
TEMPLATES: Final = "resourceclaimtemplates.resource.k8s.io"
CLASSES: Final = "deviceclasses.resource.k8s.io"


def check(case: Case) -> Layer:
    if not case.unbound or case.pod is None:
        return no_matter(LAYER)
    names = claim_names(case.pod)
    claims: list[Json] = []
    for of_pod, name in names:
        if name is None:
            return _unmade(case, of_pod)
        claim = case.reading.get(CLAIMS, case.namespace, name)
        if claim is None and case.reading.blind(CLAIMS):
            return unseen(LAYER, f"ResourceClaim {name} may not be read", _told(case))
        if claim is None:
            message = f"ResourceClaim {name} does not exist in namespace {case.namespace}"
            return reason(LAYER, "ClaimMissing", message, next=case.kubectl("get", "resourceclaims"))
        claims.append(claim)
    return _failed(case) or _binding(case) or _classes(case, claims) or _devices(case, claims)


def _told(case: Case) -> str:
    return " ".join((case.scheduled.get("message") or "").split())


# --- not made yet -----------------------------------------------------------------------------------------------------


def _unmade(case: Case, of_pod: str) -> Layer:
    template = next(
        (c.get("resourceClaimTemplateName") for c in case.spec["resourceClaims"] if c["name"] == of_pod), ""
    )
    told = said(case.events, "FailedResourceClaimCreation")
    show = case.kubectl("get", "resourceclaimtemplates")
    if case.reading.get(TEMPLATES, case.namespace, template or "") is None and not case.reading.blind(TEMPLATES):
        message = f"its claim {of_pod} is made from the ResourceClaimTemplate {template}, which does not exist"
        return reason(LAYER, "ClaimTemplateMissing", message, told, next=show)
    if "exceeded quota" in told:
        message = f"a quota allows no claim {of_pod}: {told}"
        return reason(LAYER, "QuotaExceeded", message, next=case.kubectl("describe", "resourcequotas"))
    message = f"its claim {of_pod} was not made from the ResourceClaimTemplate {template} yet"
    return reason(LAYER, "ClaimPending", message, told, next=case.kubectl("describe", f"pod/{case.name}"))


# --- made, and the devices are given one by one -----------------------------------------------------------------------


def _failed(case: Case) -> Layer | None:
    """What the scheduler could not get through."""
    told = _told(case)
    if case.scheduled.get("reason") != "SchedulerError":
        return None
    describe = case.kubectl("describe", f"pod/{case.name}")
    if "CEL" in told:
        where = told.split("filter plugin: ", 1)[-1].rstrip(".")
        return reason(
            LAYER,
            "SelectorFailed",
            f"a device selector fails, and nothing is tried any more: {where}",
            told,
            next=describe,
        )
    if "device binding failed" in told:
        where = told.split("device binding failed: ", 1)[-1]
        return reason(
            LAYER, "BindingFailed", f"its driver could not make the devices ready: {where}", told, next=describe
        )
    return None


def _binding(case: Case) -> Layer | None:
    node = case.status.get("nominatedNodeName")
    told = said(case.events, "BindingConditionsPending") if node else ""
    if not told:
        return None
    message = f"its devices on {node} are being made ready: {told}"
    return reason(LAYER, "BindingConditions", message, next=case.kubectl("get", "resourceclaims", "-o", "yaml"))


def _classes(case: Case, claims: list[Json]) -> Layer | None:
    for claim in claims:
        if (claim.get("status") or {}).get("allocation"):
            continue
        for request in demands(claim):
            for name, body in alternatives(request):
                wanted = body["deviceClassName"]
                if case.reading.get(CLASSES, "", wanted) is None and not case.reading.blind(CLASSES):
                    what = f"request {name} of its claim {claim['metadata']['name']}"
                    message = f"{what} wants the DeviceClass {wanted}, which does not exist"
                    return reason(LAYER, "DeviceClassMissing", message, _told(case), next="kubectl get deviceclasses")
    return None


def _devices(case: Case, claims: list[Json]) -> Layer:
    """Whether devices are what keeps it from the nodes that come closest."""
    if not claims and not survey(case).concerns_devices:
        return no_matter(LAYER, "it claims no devices")
    if not survey(case).blames_devices:
        return fine(LAYER, _allocated(claims))
    blind = next((kind for kind in ("resourceslices", "resourceclaims", "deviceclasses") if case.scene.hides(kind)), "")
    if blind:
        return unseen(LAYER, f"{blind} may not be read: {case.scene.hides(blind)}", _told(case))
    pinned = [claim for claim in claims if (claim.get("status") or {}).get("allocation")]
    if pinned and survey(case).all_against("claimElsewhere"):
        return _elsewhere(case, pinned)
    return speak(case, open_claims(case))


def _allocated(claims: list[Json]) -> str:
    done = [claim["metadata"]["name"] for claim in claims if (claim.get("status") or {}).get("allocation")]
    return f"{listed(done)} allocated" if done else ""


def _elsewhere(case: Case, pinned: list[Json]) -> Layer:
    """A claim that has its devices pins every pod that uses it to their node."""
    claim = pinned[0]
    devices = claim["status"]["allocation"]["devices"].get("results") or ()
    where = listed(sorted({result["pool"] for result in devices}))
    others = [one["name"] for one in (claim.get("status") or {}).get("reservedFor") or () if one["name"] != case.name]
    message = f"its claim {claim['metadata']['name']} has devices of {where} already, where it cannot go"
    beside = f"used by {listed(others)}" if others else "used by nobody"
    follow = case.kubectl("describe", f"resourceclaim/{claim['metadata']['name']}")
    return reason(LAYER, "ClaimElsewhere", message, beside, next=follow)
