"""ResourceClaims: made from templates for pods, reserved by them, let go when the last of them is done."""

from k8sai.scheduling.claims import claim_names, extended_claim
from k8sai.sim import kinds
from k8sai.sim.controllers.desk import PODS, Desk, Key, finished, key_of, leaving, own
from k8sai.sim.memory import Event
from k8sai.sim.objects import Obj, controller_of
from k8sai.sim.status import ApiFailure

CLAIMS = kinds.find("resource.k8s.io", "resourceclaims")
TEMPLATES = kinds.find("resource.k8s.io", "resourceclaimtemplates")

FOR_POD_CLAIM = "resource.kubernetes.io/pod-claim-name"
EXTENDED = "resource.kubernetes.io/extended-resource-claim"
PROTECTION = "resource.kubernetes.io/delete-protection"
_BY = "resource-claim-controller"


def claims_of(desk: Desk, pod: Obj) -> list[Obj]:
    """The claims of the pod that exist, the one for extended resources included."""
    names = [name for _, name in claim_names(pod)]
    names.append(extended_claim(pod))
    found = (desk.find(CLAIMS, (pod["metadata"]["namespace"], name)) for name in names if name)
    return [claim for claim in found if claim is not None]


def reserved_by(claim: Obj, pod: Obj) -> bool:
    """The claim is allocated, and to this pod among others."""
    status = claim.get("status") or {}
    uids = [r["uid"] for r in status.get("reservedFor") or ()]
    return bool(status.get("allocation")) and pod["metadata"]["uid"] in uids


def device_groups(desk: Desk, pod: Obj) -> list[Obj]:
    """The pod's claimed devices as allocatedResourcesStatus has them: `claim:<name>/<request>`, driver/pool/device."""
    groups: dict[str, list[Obj]] = {}
    for name, claim_name in claim_names(pod):
        claim = desk.find(CLAIMS, (pod["metadata"]["namespace"], claim_name)) if claim_name else None
        allocation = ((claim or {}).get("status") or {}).get("allocation") or {}
        for result in (allocation.get("devices") or {}).get("results") or ():
            request = result["request"].partition("/")[0]
            device = f"{result['driver']}/{result['pool']}/{result['device']}"
            groups.setdefault(f"claim:{name}/{request}", []).append({"resourceID": device, "health": "Healthy"})
    return [{"name": name, "resources": found} for name, found in groups.items()]


class Claims:
    """One key per claim ("claim", namespace, name) and per pod that asks for one ("pod", namespace, name)."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._add = desk.queue("claims", self.sync)
        self._templates_wanted: dict[Key, set[Key]] = {}  # missing template -> pods that wait for it

    def on_event(self, event: Event) -> None:
        key = key_of(event.obj)
        if event.resource is CLAIMS and event.type != "DELETED":
            self._add(("claim", *key))
        elif event.resource is TEMPLATES and event.type == "ADDED":
            for pod in self._templates_wanted.pop(key, ()):
                self._add(("pod", *pod))
        elif event.resource is PODS:
            bridged = (event.obj.get("status") or {}).get("extendedResourceClaimStatus")
            if event.obj["spec"].get("resourceClaims") or bridged:
                self._pod_changed(key, event)

    def _pod_changed(self, key: Key, event: Event) -> None:
        if event.type != "DELETED" and not finished(event.obj):
            self._add(("pod", *key))
            return
        for claim in claims_of(self._desk, event.obj):
            self._add(("claim", *key_of(claim)))

    def sync(self, key: tuple[str, str, str]) -> None:
        what, namespace, name = key
        if what == "pod":
            pod = self._desk.find(PODS, (namespace, name))
            if pod is not None and not finished(pod) and not leaving(pod):
                self._make(pod)
            return
        claim = self._desk.find(CLAIMS, (namespace, name))
        if claim is not None:
            self._release(claim)

    def _make(self, pod: Obj) -> None:
        """A claim for each template of the pod that has none yet."""
        made = {s["name"]: s for s in (pod.get("status") or {}).get("resourceClaimStatuses") or ()}
        for entry in pod["spec"].get("resourceClaims") or ():
            name, template_name = entry["name"], entry.get("resourceClaimTemplateName")
            if not template_name or name in made:
                continue
            where = (pod["metadata"]["namespace"], template_name)
            template = self._desk.find(TEMPLATES, where)
            if template is None:
                text = f'PodResourceClaim {name}: resource claim template "{template_name}": '
                text += f'resourceclaimtemplate.resource.k8s.io "{template_name}" not found'
                self._desk.recorder.say(pod, "FailedResourceClaimCreation", text, by=_BY, warning=True)
                self._templates_wanted.setdefault(where, set()).add(key_of(pod))
                continue
            claim = self._desk.store.create(CLAIMS, _from_template(template, pod, name))
            made[name] = {"name": name, "resourceClaimName": claim["metadata"]["name"]}
        if made:
            statuses = [made[c["name"]] for c in pod["spec"]["resourceClaims"] if c["name"] in made]
            self._desk.put_status(PODS, pod, {**(pod.get("status") or {}), "resourceClaimStatuses": statuses})

    def _release(self, claim: Obj) -> None:
        """Drop consumers that are done; with the last of them the allocation, and a claim that was made for it."""
        status = claim.get("status") or {}
        consumers = status.get("reservedFor") or []
        kept = [r for r in consumers if self._consumes(claim, r)]
        if kept != consumers:
            claim = self._free(claim, kept) or claim
        elif leaving(claim) and not kept:
            claim = self._free(claim, []) or claim
        owner = controller_of(claim)
        if kept or leaving(claim) or owner is None or owner["kind"] != "Pod":
            return
        pod = self._desk.find(PODS, (claim["metadata"]["namespace"], owner["name"]))
        if pod is not None and pod["metadata"]["uid"] == owner["uid"] and finished(pod):
            self._desk.delete(CLAIMS, claim)

    def _consumes(self, claim: Obj, reference: Obj) -> bool:
        pod = self._desk.find(PODS, (claim["metadata"]["namespace"], reference["name"]))
        return pod is not None and pod["metadata"]["uid"] == reference["uid"] and not finished(pod)

    def _free(self, claim: Obj, kept: list[Obj]) -> Obj | None:
        status = dict(claim.get("status") or {})
        status.pop("reservedFor", None)
        if kept:
            status["reservedFor"] = kept
            return self._desk.put_status(CLAIMS, claim, status)
        status.pop("allocation", None)
        written = self._desk.put_status(CLAIMS, claim, status)
        if written is None or PROTECTION not in (written["metadata"].get("finalizers") or ()):
            return written
        finalizers = [f for f in written["metadata"]["finalizers"] if f != PROTECTION]
        return self._desk.store.update(
            CLAIMS, {**written, "metadata": {**written["metadata"], "finalizers": finalizers}}
        )


def _from_template(template: Obj, pod: Obj, name: str) -> Obj:
    inner = template["spec"].get("metadata") or {}
    return {
        "metadata": {
            "generateName": f"{pod['metadata']['name']}-{name}-",
            "namespace": pod["metadata"]["namespace"],
            "labels": dict(inner.get("labels") or {}),
            "annotations": {**(inner.get("annotations") or {}), FOR_POD_CLAIM: name},
            "ownerReferences": [own(pod, PODS)],
        },
        "spec": template["spec"]["spec"],
    }


def allocate(desk: Desk, claim: Obj, allocation: Obj, pod: Obj) -> Obj | None:
    """Write an allocation and the pod's reservation; None when the claim is gone or changed meanwhile."""
    status = claim.get("status") or {}
    me = {"resource": "pods", "name": pod["metadata"]["name"], "uid": pod["metadata"]["uid"]}
    consumers = status.get("reservedFor") or []
    try:
        if PROTECTION not in (claim["metadata"].get("finalizers") or ()):
            finalizers = [*(claim["metadata"].get("finalizers") or ()), PROTECTION]
            claim = desk.store.update(CLAIMS, {**claim, "metadata": {**claim["metadata"], "finalizers": finalizers}})
        if not status.get("allocation"):
            status = {**status, "allocation": {**allocation, "allocationTimestamp": desk.stamp()}}
        if me not in consumers:
            status = {**status, "reservedFor": [*consumers, me]}
        return desk.put_status(CLAIMS, claim, status)
    except ApiFailure as failure:
        if failure.code in (404, 409):
            return None
        raise
