"""KServe's InferenceServices in Knative mode: a Knative Service per predictor, and which revision counts as rolled out.

https://github.com/kserve/kserve/blob/master/pkg/controller/v1beta1/inferenceservice/reconcilers/knative
"""

from typing import Final

from k8sai.sim import kinds
from k8sai.sim.controllers.desk import PODS, Desk, Key, condition, key_of, leaving, own, ready
from k8sai.sim.controllers.knative_revisions import REVISION, told
from k8sai.sim.controllers.knative_revisions import SERVICES as KSERVICES
from k8sai.sim.controllers.kserve_predictor import GROUP, annotations, labels, mode, pod_spec, stopped
from k8sai.sim.memory import Event
from k8sai.sim.objects import Obj, controller_of
from k8sai.sim.status import ApiFailure

INFERENCES = kinds.find(GROUP, "inferenceservices")
ROLLOUT_DURATION: Final = "serving.knative.dev/rollout-duration"
_SCALE: Final = "autoscaling.knative.dev"
_BY = "v1beta1Controllers"


class KserveKnative:
    """One key per InferenceService."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._add = desk.queue("kserve-knative", self.sync)

    def on_event(self, event: Event) -> None:
        meta = event.obj["metadata"]
        if event.resource is INFERENCES:
            self._add(key_of(event.obj))
        elif event.resource is KSERVICES:
            owner = controller_of(event.obj)
            if owner and owner["kind"] == "InferenceService":
                self._add((meta["namespace"], owner["name"]))
        elif event.resource is PODS:
            name = (meta.get("labels") or {}).get(f"{GROUP}/inferenceservice")
            if name:
                self._add((meta["namespace"], name))

    def sync(self, key: Key) -> None:
        inference = self._desk.find(INFERENCES, key)
        if inference is None or leaving(inference) or mode(inference) != "Knative":
            return
        if stopped(inference):
            self._stop(inference)
            return
        service = self._kservice(inference)
        if service is not None:
            self._report(inference, service)

    def _kservice(self, inference: Obj) -> Obj | None:
        wanted = kservice(inference)
        found = self._desk.find(KSERVICES, key_of(wanted))
        try:
            if found is None:
                return self._desk.store.create(KSERVICES, wanted)
            if found["spec"] != wanted["spec"]:
                return self._desk.store.update(KSERVICES, {**found, "spec": wanted["spec"]})
        except ApiFailure as failure:
            self._desk.recorder.say(inference, "InternalError", failure.message, by=_BY, warning=True)
            return None
        return found

    def _stop(self, inference: Obj) -> None:
        found = self._desk.find(KSERVICES, key_of(kservice(inference)))
        if found is not None and not leaving(found):
            self._desk.delete(KSERVICES, found)
        no = {"status": "False", "reason": "Stopped"}
        conditions = told(inference, {"PredictorReady": no, "Ready": no}, self._desk.stamp())
        self._desk.put_status(INFERENCES, inference, {"deploymentMode": "Knative", "conditions": conditions})

    def _report(self, inference: Obj, service: Obj) -> None:
        old, seen = inference.get("status") or {}, service.get("status") or {}
        component = rolled((old.get("components") or {}).get("predictor") or {}, seen)
        status: Obj = {
            **old,
            "components": {**(old.get("components") or {}), "predictor": component},
            "conditions": told(inference, _conditions(service), self._desk.stamp()),
            "deploymentMode": "Knative",
        }
        if "observedGeneration" in seen:
            status["observedGeneration"] = seen["observedGeneration"]  # that of the Knative Service, as in KServe
        status["modelStatus"] = self._model(inference, component, seen, status)
        self._desk.put_status(INFERENCES, inference, status)

    def _model(self, inference: Obj, component: Obj, seen: Obj, status: Obj) -> Obj:
        """About the latest created revision."""
        old = (inference.get("status") or {}).get("modelStatus") or {}
        name, namespace = component.get("latestCreatedRevision"), inference["metadata"]["namespace"]
        pods = [
            pod
            for pod in self._desk.store.list(PODS, namespace)
            if name and (pod["metadata"].get("labels") or {}).get(REVISION) == name
        ]
        copies = {"failedCopies": 0, "totalCopies": sum(map(ready, pods))}
        state, failure = _state(pods, component, seen, status)
        active = "Loaded" if state == "Loaded" else (old.get("states") or {}).get("activeModelState", "")
        moved = {"Loaded": "UpToDate", "FailedToLoad": "BlockedByFailedLoad"}.get(state, "InProgress")
        found: Obj = {
            "transitionStatus": moved,
            "states": {"activeModelState": active, "targetModelState": state},
            "copies": copies,
        }
        kept = failure or old.get("lastFailureInfo")
        return {**found, "lastFailureInfo": kept} if kept else found


def kservice(inference: Obj) -> Obj:
    """The Knative Service of the predictor."""
    meta, predictor = inference["metadata"], inference["spec"]["predictor"]
    scale = {
        f"{_SCALE}/class": "kpa.autoscaling.knative.dev",
        f"{_SCALE}/min-scale": str(predictor.get("minReplicas", 1)),
        **({f"{_SCALE}/max-scale": str(predictor["maxReplicas"])} if predictor.get("maxReplicas") else {}),
    }
    passed = annotations(inference, predictor)
    kept = {ROLLOUT_DURATION: passed.pop(ROLLOUT_DURATION)} if ROLLOUT_DURATION in passed else {}
    name = "-".join(filter(None, (meta["name"], predictor.get("name"), "predictor")))
    template = {"labels": labels(inference, predictor), "annotations": {**scale, **passed}}
    return {
        "metadata": {
            "name": name,
            "namespace": meta["namespace"],
            "labels": labels(inference, predictor),
            "annotations": kept,
            "ownerReferences": [own(inference, INFERENCES)],
        },
        "spec": {
            "template": {"metadata": template, "spec": pod_spec(predictor, meta["name"])},
            "traffic": traffic(inference),
        },
    }


def traffic(inference: Obj) -> list[Obj]:
    """Split only where a percent is given and a revision counts as rolled out; else all to the latest."""
    percent = inference["spec"]["predictor"].get("canaryTrafficPercent")
    component = ((inference.get("status") or {}).get("components") or {}).get("predictor") or {}
    stable = component.get("latestRolledoutRevision")
    marks = inference["metadata"].get("annotations") or {}
    tag = {"tag": "latest"} if marks.get(f"{GROUP}/enable-tag-routing") == "true" else {}
    if percent is None or not stable:
        return [{"latestRevision": True, "percent": 100, **tag}]
    latest: Obj = {"latestRevision": True, "percent": percent, **tag}
    if percent >= 100:
        return [latest]
    return [latest, {"revisionName": stable, "latestRevision": False, "percent": 100 - percent, "tag": "prev"}]


def rolled(component: Obj, seen: Obj) -> Obj:
    """status.components.predictor after a look at the Knative Service's status: when a revision counts as rolled out.

    Once all of a revision's requests that had been rolled out are told to go to the one before, that one counts again.
    """
    new = {**component, "latestCreatedRevision": seen.get("latestCreatedRevisionName", "")}
    latest = seen.get("latestReadyRevisionName", "")
    targets = seen.get("traffic") or []
    for one in targets:
        if not one.get("latestRevision") or one.get("revisionName") != latest:
            continue
        stable, percent = new.get("latestRolledoutRevision", ""), one.get("percent") or 0
        if stable != latest:
            if percent == 100:
                new |= {"previousRolledoutRevision": stable, "latestRolledoutRevision": latest}
        elif latest == new["latestCreatedRevision"] and percent < 100:
            whole = sum(other.get("percent") or 0 for other in targets if other.get("revisionName") == latest)
            if whole == 100 and new.get("previousRolledoutRevision"):
                new["latestRolledoutRevision"] = new["previousRolledoutRevision"]
    new |= {"latestReadyRevision": latest, "traffic": targets}
    if (condition({"status": seen}, "Ready") or {}).get("status") == "True":
        new |= {key: seen[key] for key in ("url", "address") if key in seen}
    return {key: value for key, value in new.items() if value}


def _conditions(service: Obj) -> dict[str, Obj]:
    named = {
        "PredictorReady": "Ready",
        "PredictorRouteReady": "RoutesReady",
        "PredictorConfigurationReady": "ConfigurationsReady",
        "RoutesReady": "RoutesReady",
        "LatestDeploymentReady": "ConfigurationsReady",
        "IngressReady": "RoutesReady",
        "Ready": "Ready",
    }
    found = {kind: condition(service, name) or {"status": "Unknown"} for kind, name in sorted(named.items())}
    said = ("status", "reason", "message")
    return {kind: {key: one[key] for key in said if key in one} for kind, one in found.items()}


def _state(pods: list[Obj], component: Obj, seen: Obj, status: Obj) -> tuple[str, Obj | None]:
    """targetModelState, and why it failed."""
    if not pods:
        failed = any(one["status"] == "False" for one in seen.get("conditions") or ())
        return "FailedToLoad" if failed else "Pending", None
    whole = (condition({"status": status}, "Ready") or {}).get("status") == "True"
    if whole and component.get("latestCreatedRevision") == component.get("latestReadyRevision"):
        return "Loaded", None
    for container in (pods[0].get("status") or {}).get("containerStatuses") or ():
        waiting = (container.get("state") or {}).get("waiting") or {}
        ended = (container.get("lastState") or {}).get("terminated") or {}
        if waiting.get("reason") == "CrashLoopBackOff":
            code, text = ended.get("exitCode", 1), ended.get("message", "")
            return "FailedToLoad", {"reason": "ModelLoadFailed", "exitCode": code, "message": text}
    return "Pending", None
