"""Knative Revisions: a Deployment each, as many pods as its place in the route lets it keep.

A revision that a route names, be it at 0 %, is reachable and keeps its min-scale; one that none names any more (its
routing state is reserve) is scaled to zero. Without requests of its own, a revision with a share is taken to have some.
https://github.com/knative/serving/blob/main/pkg/reconciler/revision
"""

from typing import Final

from k8sai.sim import kinds
from k8sai.sim.controllers.deployments import DEPLOYMENTS
from k8sai.sim.controllers.desk import PODS, Desk, Key, condition, key_of, leaving, own
from k8sai.sim.memory import Event
from k8sai.sim.objects import Obj, controller_of
from k8sai.sim.status import ApiFailure

GROUP: Final = "serving.knative.dev"
REVISIONS = kinds.find(GROUP, "revisions")
SERVICES = kinds.find(GROUP, "services")
SERVICE: Final = f"{GROUP}/service"
REVISION: Final = f"{GROUP}/revision"
STATE: Final = f"{GROUP}/routingState"  # pending, active, reserve
MIN_SCALE: Final = ("autoscaling.knative.dev/min-scale", "autoscaling.knative.dev/minScale")
INITIAL_SCALE: Final = ("autoscaling.knative.dev/initial-scale", "autoscaling.knative.dev/initialScale")
_NOT_A_POD: Final = ("containerConcurrency", "timeoutSeconds", "responseStartTimeoutSeconds", "idleTimeoutSeconds")
_BY = "revision-controller"


class Revisions:
    """One key per Revision."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._add = desk.queue("knative-revisions", self.sync)

    def on_event(self, event: Event) -> None:
        meta = event.obj["metadata"]
        if event.resource is REVISIONS:
            self._add(key_of(event.obj))
        elif event.resource is SERVICES:
            for one in self._desk.store.list(REVISIONS, meta["namespace"]):
                if service_of(one) == meta["name"]:
                    self._add(key_of(one))
        elif event.resource is DEPLOYMENTS or event.resource is PODS:
            name = (meta.get("labels") or {}).get(REVISION)
            if name:
                self._add((meta["namespace"], name))

    def sync(self, key: Key) -> None:
        revision = self._desk.find(REVISIONS, key)
        if revision is None or leaving(revision):
            return
        wanted = self._wanted(revision)
        deployment = self._deployment(revision, wanted)
        if deployment is not None:
            self._report(revision, deployment, wanted)

    def _wanted(self, revision: Obj) -> int:
        labels = revision["metadata"].get("labels") or {}
        if labels.get(STATE) == "reserve":
            return 0
        least = annotated(revision, MIN_SCALE, 0)
        if not is_ready(revision):
            return max(least, annotated(revision, INITIAL_SCALE, 1))
        return max(least, 1 if self._share(revision) else 0)

    def _share(self, revision: Obj) -> int:
        """Percent of the requests, by the route's status."""
        namespace, name = key_of(revision)
        service = self._desk.find(SERVICES, (namespace, service_of(revision)))
        traffic = ((service or {}).get("status") or {}).get("traffic") or ()
        return sum(one.get("percent") or 0 for one in traffic if one.get("revisionName") == name)

    def _deployment(self, revision: Obj, wanted: int) -> Obj | None:
        meta = revision["metadata"]
        found = self._desk.find(DEPLOYMENTS, (meta["namespace"], f"{meta['name']}-deployment"))
        try:
            if found is None:
                return self._desk.store.create(DEPLOYMENTS, _deployment(revision, wanted))
            if found["spec"].get("replicas") != wanted:
                return self._desk.store.update(DEPLOYMENTS, {**found, "spec": {**found["spec"], "replicas": wanted}})
        except ApiFailure as failure:
            self._desk.recorder.say(revision, "InternalError", failure.message, by=_BY, warning=True)
            return None
        return found

    def _report(self, revision: Obj, deployment: Obj, wanted: int) -> None:
        now = self._desk.stamp()
        available = (deployment.get("status") or {}).get("availableReplicas", 0)
        found = self._conditions(revision, available, wanted)
        status: Obj = {
            "observedGeneration": revision["metadata"].get("generation", 1),
            "conditions": told(revision, found, now),
            "actualReplicas": available,
            "desiredReplicas": wanted,
        }
        self._desk.put_status(REVISIONS, revision, status)

    def _conditions(self, revision: Obj, available: int, wanted: int) -> dict[str, Obj]:
        resources, healthy = {"status": "True"}, {"status": "True"}
        if not available and wanted:
            resources, healthy = self._not_up(revision)
        elif not available and not is_ready(revision):
            resources = healthy = {"status": "Unknown", "reason": "Deploying"}
        active = {"status": "True"} if wanted else {"status": "False", "reason": "NoTraffic", "message": _IDLE}
        worst = next((one for one in (healthy, resources) if one["status"] == "False"), None)
        ready = worst or next((one for one in (healthy, resources) if one["status"] == "Unknown"), {"status": "True"})
        return {"Active": active, "ContainerHealthy": healthy, "Ready": ready, "ResourcesAvailable": resources}

    def _not_up(self, revision: Obj) -> tuple[Obj, Obj]:
        """ResourcesAvailable and ContainerHealthy while no pod is available: what the first pod says."""
        # one that has been up and comes back from zero is not told to be down
        nothing = {"status": "True"} if is_ready(revision) else {"status": "Unknown", "reason": "Deploying"}
        name = revision["metadata"]["name"]
        for pod in self._desk.store.list(PODS, revision["metadata"]["namespace"]):
            if (pod["metadata"].get("labels") or {}).get(REVISION) != name or leaving(pod):
                continue
            bound = condition(pod, "PodScheduled")
            if bound and bound["status"] == "False":
                return {"status": "False", "reason": bound["reason"], "message": bound.get("message", "")}, nothing
            for container in (pod.get("status") or {}).get("containerStatuses") or ():
                return _container(container, nothing)
        return nothing, nothing


_IDLE: Final = "The target is not receiving traffic."


def _container(status: Obj, nothing: Obj) -> tuple[Obj, Obj]:
    ended = (status.get("lastState") or {}).get("terminated")
    if ended:
        message = f"Container failed with: {ended.get('message', '')}"
        return nothing, {"status": "False", "reason": f"ExitCode{ended.get('exitCode', 1)}", "message": message}
    waiting = (status.get("state") or {}).get("waiting") or {}
    if waiting.get("reason") in ("ErrImagePull", "ImagePullBackOff"):
        return {"status": "False", "reason": waiting["reason"], "message": waiting.get("message", "")}, nothing
    return nothing, nothing


def _deployment(revision: Obj, wanted: int) -> Obj:
    meta = revision["metadata"]
    kept = {key: value for key, value in (meta.get("labels") or {}).items() if key != STATE}
    labels = {**kept, REVISION: meta["name"], f"{GROUP}/revisionUID": meta["uid"], "app": meta["name"]}
    annotations = {
        key: value
        for key, value in (meta.get("annotations") or {}).items()
        if not key.startswith(("autoscaling.knative.dev/", f"{GROUP}/rout"))
    }
    pod = {key: value for key, value in revision["spec"].items() if key not in _NOT_A_POD}
    containers = [{"name": "user-container", **one} for one in pod.get("containers") or ()]
    return {
        "metadata": {
            "name": f"{meta['name']}-deployment",
            "namespace": meta["namespace"],
            "labels": labels,
            "ownerReferences": [own(revision, REVISIONS)],
        },
        "spec": {
            "replicas": wanted,
            "selector": {"matchLabels": {f"{GROUP}/revisionUID": meta["uid"]}},
            "template": {
                "metadata": {"labels": labels, "annotations": annotations},
                "spec": {**pod, "containers": containers},
            },
        },
    }


def told(obj: Obj, found: dict[str, Obj], now: str) -> list[Obj]:
    """Conditions by type: what is said now and nothing of what was, but for when each last turned."""
    before = (obj.get("status") or {}).get("conditions") or ()
    since = {
        one["type"]: one.get("lastTransitionTime", now)
        for one in before
        for new in (found.get(one["type"]),)
        if new is not None and new["status"] == one["status"]
    }
    return [{"type": kind, **one, "lastTransitionTime": since.get(kind, now)} for kind, one in found.items()]


def service_of(revision: Obj) -> str:
    """The Knative Service it belongs to."""
    return str((revision["metadata"].get("labels") or {}).get(SERVICE, ""))


def number_of(revision: Obj) -> int:
    """The generation of the configuration it was made for."""
    return int((revision["metadata"].get("labels") or {}).get(f"{GROUP}/configurationGeneration", "0"))


def is_ready(revision: Obj) -> bool:
    """Its pods have been up."""
    return (condition(revision, "Ready") or {}).get("status") == "True"


def annotated(obj: Obj, names: tuple[str, ...], default: int) -> int:
    """A whole number of an annotation that has had several names."""
    annotations = obj["metadata"].get("annotations") or {}
    found = next((annotations[name] for name in names if name in annotations), "")
    return int(found) if found.isdigit() else default


def owned_by(revision: Obj, service: Obj) -> bool:
    """It is this very service's."""
    return bool((controller_of(revision) or {}).get("uid") == service["metadata"]["uid"])
