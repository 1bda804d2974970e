"""Binding: a scheduler's decision where a pod runs.

Source: `pkg/registry/core/pod/storage/storage.go`.
"""

from k8sai.ages import stamp
from k8sai.sim import status
from k8sai.sim.kinds import find
from k8sai.sim.objects import Obj, deleting
from k8sai.sim.store import Store

PODS = find("", "pods")


def bind(store: Store, namespace: str, name: str, node: str, dry_run: bool = False, uid: str = "") -> Obj:
    """Give an unbound pod its node. ApiFailure 404, 409 where it is bound, gated or on its way out."""
    pod = store.get(PODS, namespace, name)
    spec = pod["spec"]
    if uid and uid != pod["metadata"]["uid"]:
        why = f"Precondition failed: UID in precondition: {uid}, UID in object meta: {pod['metadata']['uid']}"
        raise status.conflict(PODS, name, why)
    if deleting(pod):
        raise _refused(name, f"pod {name} is being deleted, cannot be assigned to a host")
    if spec.get("nodeName"):
        raise _refused(name, f'pod {name} is already assigned to node "{spec["nodeName"]}"')
    if spec.get("schedulingGates"):
        raise _refused(name, f"pod {name} has non-empty .spec.schedulingGates")
    state = pod.get("status", {})
    scheduled = {"type": "PodScheduled", "status": "True", "lastProbeTime": None}
    scheduled["lastTransitionTime"] = stamp(store.now())
    others = [one for one in state.get("conditions") or () if one.get("type") != "PodScheduled"]
    bound = {**pod, "spec": {**spec, "nodeName": node}, "status": {**state, "conditions": [*others, scheduled]}}
    return store.update(PODS, bound, "binding", dry_run)


def _refused(name: str, why: str) -> status.ApiFailure:
    message = f'Operation cannot be fulfilled on pods/binding "{name}": {why}'
    return status.ApiFailure(409, "Conflict", message, {"name": name, "kind": "pods/binding"})


def bind_by(store: Store, namespace: str, name: str, binding: Obj, dry_run: bool) -> Obj:
    """Do what a Binding says. ApiFailure 500 where it names no node, as the real server."""
    target = binding.get("target") or {}
    if target.get("kind") not in (None, "", "Node") or not target.get("name"):
        raise status.ApiFailure(500, "", "target.name: Required value")
    uid = (binding.get("metadata") or {}).get("uid") or ""
    bind(store, namespace, name, target["name"], dry_run, uid)
    return {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201}
