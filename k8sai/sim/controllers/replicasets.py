"""ReplicaSets: as many pods as asked, the least useful removed first."""

from k8sai.sim import kinds
from k8sai.sim.controllers.desk import PODS, Desk, Key, finished, from_template, key_of, leaving, own, ready
from k8sai.sim.memory import Event
from k8sai.sim.objects import Obj, controller_of
from k8sai.sim.status import ApiFailure

REPLICASETS = kinds.find("apps", "replicasets")
_BY = "replicaset-controller"


class ReplicaSets:
    """One key per ReplicaSet."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._add = desk.queue("replicasets", self.sync)

    def on_event(self, event: Event) -> None:
        if event.resource is REPLICASETS:
            self._add(key_of(event.obj))
        elif event.resource is PODS:
            owner = controller_of(event.obj)
            if owner and owner["kind"] == "ReplicaSet":
                self._add((event.obj["metadata"]["namespace"], owner["name"]))

    def sync(self, key: Key) -> None:
        replicaset = self._desk.find(REPLICASETS, key)
        if replicaset is None:
            return
        pods = [p for p in self._desk.pods.owned(replicaset["metadata"]["uid"]) if not finished(p) and not leaving(p)]
        failure = None if leaving(replicaset) else self._scale(replicaset, pods)
        self._report(replicaset, pods, failure)

    def _scale(self, replicaset: Obj, pods: list[Obj]) -> Obj | None:
        wanted = replicaset["spec"].get("replicas", 1)
        for _ in range(wanted - len(pods)):
            prefix = f"{replicaset['metadata']['name']}-"
            template = replicaset["spec"]["template"]
            pod = from_template(
                template, replicaset["metadata"]["namespace"], own(replicaset, REPLICASETS), prefix=prefix
            )
            try:
                new = self._desk.store.create(PODS, pod)
            except ApiFailure as failure:
                self._desk.recorder.say(
                    replicaset, "FailedCreate", f"Error creating: {failure.message}", by=_BY, warning=True
                )
                return {
                    "type": "ReplicaFailure",
                    "status": "True",
                    "reason": "FailedCreate",
                    "message": failure.message,
                }
            self._desk.recorder.say(replicaset, "SuccessfulCreate", f"Created pod: {new['metadata']['name']}", by=_BY)
        for pod in sorted(pods, key=_usefulness)[: max(0, len(pods) - wanted)]:
            self._desk.delete(PODS, pod)
            self._desk.recorder.say(replicaset, "SuccessfulDelete", f"Deleted pod: {pod['metadata']['name']}", by=_BY)
        return None

    def _report(self, replicaset: Obj, pods: list[Obj], failure: Obj | None) -> None:
        available = [p for p in pods if ready(p)]
        status: Obj = {"observedGeneration": replicaset["metadata"].get("generation", 1), "replicas": len(pods)}
        if pods:
            status["fullyLabeledReplicas"] = len(pods)
        if available:
            status |= {"readyReplicas": len(available), "availableReplicas": len(available)}
        if failure:
            status["conditions"] = [{**failure, "lastTransitionTime": self._desk.stamp()}]
        self._desk.put_status(REPLICASETS, replicaset, status)


def _usefulness(pod: Obj) -> tuple[bool, bool, bool, int, str]:
    """Goes first: not bound, not running, not ready, cheaper by its deletion cost, younger."""
    cost = (pod["metadata"].get("annotations") or {}).get("controller.kubernetes.io/pod-deletion-cost", "0")
    youth = "".join(chr(255 - ord(c)) for c in pod["metadata"]["creationTimestamp"])
    running = (pod.get("status") or {}).get("phase") == "Running"
    return bool(pod["spec"].get("nodeName")), running, ready(pod), int(cost), youth
