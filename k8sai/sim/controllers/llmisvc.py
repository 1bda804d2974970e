"""KServe's LLMInferenceServices and their routing groups.

Every member has a route of its own to all members of its model that are ready; a stopped one stays in the group and
gets nothing. https://github.com/kserve/kserve/blob/v0.20.0/pkg/controller/v1alpha2/llmisvc/router_group.go
"""

from typing import Final

from k8sai.sim.controllers.deployments import DEPLOYMENTS
from k8sai.sim.controllers.desk import Desk, Key, condition, key_of, leaving
from k8sai.sim.controllers.gateway import POOLS, ROUTES
from k8sai.sim.controllers.gateway import SERVICES as FRONTS
from k8sai.sim.controllers.knative_revisions import told
from k8sai.sim.controllers.llmisvc_parts import (
    SERVICES,
    backend,
    deployments,
    front,
    group_of,
    http_route,
    model_names,
    pool,
    route_of,
    stopped,
    weight_of,
)
from k8sai.sim.kinds import Resource
from k8sai.sim.memory import Event
from k8sai.sim.objects import Obj, controller_of
from k8sai.sim.status import ApiFailure

_BY: Final = "LLMInferenceServiceController"
_STOPPED: Final = {"status": "False", "reason": "Stopped", "message": "Service is stopped"}
_MADE: Final = (DEPLOYMENTS, FRONTS, POOLS, ROUTES)


class LlmInferenceServices:
    """One key per service; a change of one is heard by all of its namespace, as members of a group do."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._add = desk.queue("llmisvc", self.sync)

    def on_event(self, event: Event) -> None:
        if event.resource is SERVICES:
            for one in self._desk.store.list(SERVICES, event.obj["metadata"]["namespace"]):
                self._add(key_of(one))
        elif event.resource in (DEPLOYMENTS, ROUTES):
            owner = controller_of(event.obj)
            if owner and owner["kind"] == "LLMInferenceService":
                self._add((event.obj["metadata"]["namespace"], owner["name"]))

    def sync(self, key: Key) -> None:
        service = self._desk.find(SERVICES, key)
        if service is None or leaving(service):
            return
        if stopped(service):
            self._stop(service)
            return
        for one in deployments(service).values():
            self._put(service, DEPLOYMENTS, one)
        self._put(service, FRONTS, front(service))
        if (wanted := pool(service)) is not None:
            self._put(service, POOLS, wanted)
        matching, divergent = self._members(service)
        if route_of(service) is not None:
            self._put(service, ROUTES, http_route(service, matching))
        self._desk.put_status(SERVICES, service, self._status(service, matching, divergent))

    # --- what is made ---------------------------------------------------------------------------------------------

    def _put(self, service: Obj, resource: Resource, wanted: Obj) -> None:
        found = self._desk.find(resource, key_of(wanted))
        try:
            if found is None:
                self._desk.store.create(resource, wanted)
            elif not leaving(found):
                kept = {"replicas": found["spec"].get("replicas", 1)} if resource is DEPLOYMENTS else {}
                self._desk.store.update(resource, {**found, "spec": {**kept, **wanted["spec"]}})
        except ApiFailure as failure:
            self._desk.recorder.say(service, "Error", f"Reconciliation failed: {failure.message}", by=_BY, warning=True)

    def _stop(self, service: Obj) -> None:
        for resource in _MADE:
            for one in list(self._desk.store.list(resource, service["metadata"]["namespace"])):
                if (controller_of(one) or {}).get("uid") == service["metadata"]["uid"] and not leaving(one):
                    self._desk.delete(resource, one)
        names = ("HTTPRoutesReady", "MainWorkloadReady", "Ready", "RouterReady", "WorkloadsReady")
        said = dict.fromkeys(names, _STOPPED)
        generation = service["metadata"].get("generation", 1)
        conditions = told(service, said, self._desk.stamp())
        self._desk.put_status(SERVICES, service, {"observedGeneration": generation, "conditions": conditions})

    # --- the group ------------------------------------------------------------------------------------------------

    def _members(self, service: Obj) -> tuple[list[Obj], list[Obj]]:
        """Those of its model, by name, and those of others; who is not ready is in neither, but for itself."""
        group = group_of(service)
        if group is None:
            return [service], []
        found = [
            one
            for one in self._desk.store.list(SERVICES, service["metadata"]["namespace"])
            if group_of(one) == group and not leaving(one)
        ]
        mine = service["metadata"]["uid"]
        able = [one for one in found if one["metadata"]["uid"] == mine or stopped(one) or _routable(one)]
        able.sort(key=lambda one: str(one["metadata"]["name"]))
        matching = [one for one in able if model_names(one) == model_names(service)]
        return matching, [one for one in able if one not in matching]

    # --- what is told ---------------------------------------------------------------------------------------------

    def _status(self, service: Obj, matching: list[Obj], divergent: list[Obj]) -> Obj:
        workloads, ready = self._workloads(service)
        routed = self._routed(service)
        said = {
            "MainWorkloadReady": _bool(ready),
            "WorkloadsReady": _bool(ready),
            "HTTPRoutesReady": _bool(routed),
            "RouterReady": _bool(routed),
            "Ready": _bool(ready and routed),
        }
        status: Obj = {"observedGeneration": service["metadata"].get("generation", 1), "workloads": workloads}
        if group_of(service) is not None:
            said |= _group_conditions(divergent)
            status["router"] = {"group": {"name": group_of(service), "members": [_told_of(one) for one in matching]}}
        status["conditions"] = told(service, dict(sorted(said.items())), self._desk.stamp())
        return status

    def _workloads(self, service: Obj) -> tuple[Obj, bool]:
        out: Obj = {"service": {"kind": "Service", "name": front(service)["metadata"]["name"]}}
        ready = True
        for word, wanted in deployments(service).items():
            found = self._desk.find(DEPLOYMENTS, key_of(wanted))
            available = int(((found or {}).get("status") or {}).get("availableReplicas") or 0)
            name = wanted["metadata"]["name"]
            out[word] = {"apiGroup": "apps", "kind": "Deployment", "name": name, "readyReplicas": available}
            whole = condition(found, "Available") if found else None
            ready = ready and bool(whole and whole["status"] == "True")
        return out, ready

    def _routed(self, service: Obj) -> bool:
        name = f"{service['metadata']['name']}-kserve-route"
        found = self._desk.find(ROUTES, (service["metadata"]["namespace"], name))
        parents = ((found or {}).get("status") or {}).get("parents") or []
        return bool(parents) and all(c["status"] == "True" for one in parents for c in one["conditions"])


def _routable(member: Obj) -> bool:
    """RouterReady, and every workload has a replica."""
    router = condition(member, "RouterReady")
    workloads = (member.get("status") or {}).get("workloads") or {}
    counts = [workloads[word].get("readyReplicas", 0) for word in ("primary", "prefill") if word in workloads]
    return bool(router and router["status"] == "True" and counts and all(counts))


def _told_of(member: Obj) -> Obj:
    found = {"name": member["metadata"]["name"], "weight": weight_of(member), "backendRef": backend(member)}
    return {**found, "stopped": True} if stopped(member) else found


def _group_conditions(divergent: list[Obj]) -> dict[str, Obj]:
    found = {"GroupReady": {"status": "True"}}
    if divergent:
        names = ", ".join(sorted({"+".join(model_names(one)) for one in divergent}))
        message = f"group has members with different model sets: {names}"
        found["GroupDegraded"] = {"status": "True", "reason": "MemberDivergence", "message": message}
    return found


def _bool(value: bool) -> Obj:
    return {"status": str(value)}
