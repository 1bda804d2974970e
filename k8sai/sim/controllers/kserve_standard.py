"""KServe's InferenceServices in Standard mode, with Gateway API: the canaries first, then the stable side, then routes.

A canary is ready from its first available replica on; then the stable side gives up as many replicas as it has.
https://github.com/kserve/kserve/blob/v0.20.0/pkg/controller/v1beta1/inferenceservice/components/predictor.go
"""

from collections.abc import Iterable
from typing import Final

from k8sai.sim.controllers.deployments import DEPLOYMENTS
from k8sai.sim.controllers.desk import PODS, Desk, Key, condition, key_of, leaving, ready
from k8sai.sim.controllers.gateway import ROUTES, SERVICES
from k8sai.sim.controllers.knative_revisions import told
from k8sai.sim.controllers.kserve_predictor import GROUP, mode, stopped
from k8sai.sim.controllers.kserve_standard_parts import (
    INFERENCES,
    canaries,
    canary_predictor,
    canary_replicas,
    deployment,
    fixed,
    name_of_version,
    routes,
    service,
    stable_replicas,
)
from k8sai.sim.kinds import Resource
from k8sai.sim.memory import Event
from k8sai.sim.objects import Obj, controller_of
from k8sai.sim.status import ApiFailure

_BY: Final = "v1beta1Controllers"
_OF: Final = f"{GROUP}/inferenceservice"
_MADE: Final = (DEPLOYMENTS, SERVICES)


class KserveStandard:
    """One key per InferenceService."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._add = desk.queue("kserve-standard", self.sync)

    def on_event(self, event: Event) -> None:
        if event.resource is INFERENCES:
            self._add(key_of(event.obj))
        elif event.resource in (DEPLOYMENTS, ROUTES):
            owner = controller_of(event.obj)
            if owner and owner["kind"] == "InferenceService":
                self._add((event.obj["metadata"]["namespace"], owner["name"]))

    def sync(self, key: Key) -> None:
        inference = self._desk.find(INFERENCES, key)
        if inference is None or leaving(inference) or mode(inference) != "Standard":
            return
        if stopped(inference):
            self._stop(inference)
            return
        for one in canaries(inference):
            self._version(inference, canary_predictor(inference, one), canary_replicas(inference, one))
        able = {
            one["predictor"]["name"]: self._available(inference, one["predictor"]) > 0 for one in canaries(inference)
        }
        self._version(inference, inference["spec"]["predictor"], self._stable(inference, able))
        self._sweep(inference)
        status = self._status(inference, able)
        if (condition({"status": status}, "PredictorReady") or {}).get("status") == "True":
            for route in routes(inference, able):
                self._put(inference, ROUTES, route)
        self._desk.put_status(INFERENCES, inference, status)

    # --- what is made ---------------------------------------------------------------------------------------------

    def _version(self, inference: Obj, predictor: Obj, replicas: int | None) -> None:
        self._put(inference, SERVICES, service(inference, predictor))
        self._put(inference, DEPLOYMENTS, deployment(inference, predictor, replicas))

    def _stable(self, inference: Obj, able: dict[str, bool]) -> int | None:
        """An autoscaler without load to go by keeps what is there, between the least and the most."""
        least, predictor = stable_replicas(inference, able), inference["spec"]["predictor"]
        if fixed(inference):
            return least
        found, least = self._deployment(inference, predictor), max(1, least or 0)
        most = max(least, predictor.get("maxReplicas") or 0)
        return min(most, max(least, int(found["spec"].get("replicas", 1)) if found else 1))

    def _put(self, inference: Obj, resource: Resource, wanted: Obj) -> None:
        found = self._desk.find(resource, key_of(wanted))
        try:
            if found is None:
                self._desk.store.create(resource, wanted)
            elif not leaving(found):
                spec = {**({"replicas": found["spec"].get("replicas", 1)} if resource is DEPLOYMENTS else {})}
                self._desk.store.update(resource, {**found, "spec": {**spec, **wanted["spec"]}})
        except ApiFailure as failure:
            self._desk.recorder.say(inference, "InternalError", failure.message, by=_BY, warning=True)

    def _sweep(self, inference: Obj) -> None:
        """Whatever carries its labels and is no version of it any more is deleted at once."""
        versions = (inference["spec"]["predictor"], *(one["predictor"] for one in canaries(inference)))
        names = {name_of_version(inference, one) for one in versions}
        for resource in _MADE:
            for one in self._mine(inference, resource):
                if one["metadata"]["name"] not in names and not leaving(one):
                    self._desk.delete(resource, one)

    def _mine(self, inference: Obj, resource: Resource) -> Iterable[Obj]:
        """By its labels, whoever has made it."""
        wanted = {_OF: inference["metadata"]["name"], "component": "predictor"}.items()
        found = list(self._desk.store.list(resource, inference["metadata"]["namespace"]))
        return [one for one in found if wanted <= (one["metadata"].get("labels") or {}).items()]

    def _stop(self, inference: Obj) -> None:
        for resource in (*_MADE, ROUTES):
            for one in list(self._desk.store.list(resource, inference["metadata"]["namespace"])):
                if (controller_of(one) or {}).get("uid") == inference["metadata"]["uid"] and not leaving(one):
                    self._desk.delete(resource, one)
        no = {"status": "False", "reason": "Stopped"}
        said = {"PredictorReady": no, "Ready": no, "Stopped": {"status": "True"}}
        status = {"deploymentMode": "Standard", "conditions": told(inference, said, self._desk.stamp())}
        self._desk.put_status(INFERENCES, inference, status)

    # --- what is told ---------------------------------------------------------------------------------------------

    def _deployment(self, inference: Obj, predictor: Obj) -> Obj | None:
        return self._desk.find(DEPLOYMENTS, (inference["metadata"]["namespace"], name_of_version(inference, predictor)))

    def _available(self, inference: Obj, predictor: Obj) -> int:
        found = self._deployment(inference, predictor)
        return int(((found or {}).get("status") or {}).get("availableReplicas") or 0)

    def _status(self, inference: Obj, able: dict[str, bool]) -> Obj:
        """Of a canary there is its name, whether it is ready and its percent; nothing of its model."""
        stable = self._deployment(inference, inference["spec"]["predictor"])
        said = {"PredictorReady": _predictor_ready(stable), "IngressReady": self._ingress(inference)}
        if canaries(inference):
            ready_all = all(able.values())
            reason = "AllCanariesReady" if ready_all else "CanariesNotReady"
            said["CanaryPredictorReady"] = {"status": str(ready_all), "reason": reason}
        whole = all(said[kind]["status"] == "True" for kind in ("PredictorReady", "IngressReady"))
        said |= {"Ready": {"status": str(whole)}, "Stopped": {"status": "False"}}
        status: Obj = {
            "conditions": told(inference, dict(sorted(said.items())), self._desk.stamp()),
            "deploymentMode": "Standard",
            "modelStatus": self._model(inference, stable, whole=whole),
            "url": f"http://{inference['metadata']['name']}-{inference['metadata']['namespace']}.example.com",
        }
        if stable and "observedGeneration" in (stable.get("status") or {}):
            status["observedGeneration"] = stable["status"]["observedGeneration"]  # the Deployment's, as in KServe
        if canaries(inference):
            status["canaryStatuses"] = [
                {
                    "name": one["predictor"]["name"],
                    "ready": able[one["predictor"]["name"]],
                    "trafficPercent": int(one.get("trafficPercent") or 0),
                    "modelStatus": {"transitionStatus": ""},
                }
                for one in canaries(inference)
            ]
        return status

    def _ingress(self, inference: Obj) -> Obj:
        """Its route has been taken over by its gateway."""
        found = self._desk.find(ROUTES, key_of(inference))
        if found is None:
            return {"status": "False", "reason": "Predictor ingress not created"}
        parents = (found.get("status") or {}).get("parents") or []
        wrong = next((c for one in parents for c in one["conditions"] if c["status"] == "False"), None)
        if wrong:
            return {"status": "False", "reason": wrong["reason"], "message": wrong["message"]}
        return {"status": "True"} if parents else {"status": "False", "reason": "ParentStatusNotAvailable"}

    def _model(self, inference: Obj, stable: Obj | None, *, whole: bool) -> Obj:
        """Of the stable side's pods; Loaded once the whole service is ready."""
        old = (inference.get("status") or {}).get("modelStatus") or {}
        name = name_of_version(inference, inference["spec"]["predictor"])
        pods = [
            one
            for one in self._desk.store.list(PODS, inference["metadata"]["namespace"])
            if (one["metadata"].get("labels") or {}).get("app") == f"isvc.{name}"
        ]
        state = "Loaded" if whole and pods else "Pending"
        active = "Loaded" if state == "Loaded" else (old.get("states") or {}).get("activeModelState", "")
        return {
            "transitionStatus": "UpToDate" if state == "Loaded" else "InProgress",
            "states": {"activeModelState": active, "targetModelState": state},
            "copies": {"failedCopies": 0, "totalCopies": sum(map(ready, pods))},
        }


def _predictor_ready(stable: Obj | None) -> Obj:
    """PropagateRawStatus: Available of the Deployment, and complete."""
    available = condition(stable, "Available") if stable else None
    if available is None:
        return {"status": "Unknown"}
    kept = ("status", "reason", "message")
    return {key: available[key] for key in kept if key in available}
