"""StatefulSets: pods with numbers, made one after the other and taken away from the end."""

from k8sai.sim import kinds
from k8sai.sim.controllers.deployments import template_hash
from k8sai.sim.controllers.desk import PODS, Desk, Key, finished, from_template, key_of, leaving, own, ready
from k8sai.sim.memory import Event
from k8sai.sim.objects import Obj, controller_of
from k8sai.sim.status import ApiFailure

STATEFULSETS = kinds.find("apps", "statefulsets")
_BY = "statefulset-controller"
_REVISION = "controller-revision-hash"


class StatefulSets:
    """One key per StatefulSet."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._add = desk.queue("statefulsets", self.sync)

    def on_event(self, event: Event) -> None:
        if event.resource is STATEFULSETS:
            self._add(key_of(event.obj))
        elif event.resource is PODS:
            owner = controller_of(event.obj)
            if owner and owner["kind"] == "StatefulSet":
                self._add((event.obj["metadata"]["namespace"], owner["name"]))

    def sync(self, key: Key) -> None:
        stateful = self._desk.find(STATEFULSETS, key)
        if stateful is None:
            return
        pods = {_ordinal(p): p for p in self._desk.pods.owned(stateful["metadata"]["uid"])}
        revision = f"{stateful['metadata']['name']}-{template_hash(stateful['spec']['template'])}"
        if not leaving(stateful):
            self._reconcile(stateful, pods, revision)
            pods = {_ordinal(p): p for p in self._desk.pods.owned(stateful["metadata"]["uid"])}
        self._report(stateful, list(pods.values()), revision)

    def _reconcile(self, stateful: Obj, pods: dict[int, Obj], revision: str) -> None:
        """One step: what to do next depends on the pods becoming ready, which brings us back here."""
        first = int((stateful["spec"].get("ordinals") or {}).get("start", 0))
        wanted = first + int(stateful["spec"].get("replicas", 1))
        ordered = stateful["spec"].get("podManagementPolicy", "OrderedReady") == "OrderedReady"
        for number in range(first, wanted):
            pod = pods.get(number)
            if pod is None:
                self._create(stateful, number, revision)
            elif finished(pod) and not leaving(pod):
                self._desk.delete(PODS, pod)
            if ordered and (pod is None or not ready(pod) or leaving(pod)):
                return
        surplus = sorted((n for n in pods if not first <= n < wanted), reverse=True)
        for number in surplus:
            if not leaving(pods[number]):
                self._desk.delete(PODS, pods[number])
            if ordered:
                return
        if (stateful["spec"].get("updateStrategy") or {}).get("type") != "OnDelete":
            self._update(stateful, pods, range(first, wanted), revision)

    def _update(self, stateful: Obj, pods: dict[int, Obj], wanted: range, revision: str) -> None:
        """Replace the highest pod of an older revision, once all above it are ready."""
        rolling = (stateful["spec"].get("updateStrategy") or {}).get("rollingUpdate") or {}
        for number in reversed(wanted[rolling.get("partition", 0) :]):
            pod = pods.get(number)
            if pod is None:
                return
            if pod["metadata"]["labels"].get(_REVISION) != revision:
                if not leaving(pod):
                    self._desk.delete(PODS, pod)
                return
            if not ready(pod):
                return

    def _create(self, stateful: Obj, number: int, revision: str) -> None:
        meta = stateful["metadata"]
        name = f"{meta['name']}-{number}"
        owner = own(stateful, STATEFULSETS)
        pod = from_template(stateful["spec"]["template"], meta["namespace"], owner, name=name)
        pod["metadata"]["labels"] |= {
            _REVISION: revision,
            "statefulset.kubernetes.io/pod-name": name,
            "apps.kubernetes.io/pod-index": str(number),
        }
        pod["spec"] = {**pod["spec"], "hostname": name, "subdomain": stateful["spec"].get("serviceName", "")}
        try:
            self._desk.store.create(PODS, pod)
        except ApiFailure as failure:
            if failure.reason != "AlreadyExists":
                text = f"create Pod {name} in StatefulSet {meta['name']} failed error: {failure.message}"
                self._desk.recorder.say(stateful, "FailedCreate", text, by=_BY, warning=True)
            return
        text = f"create Pod {name} in StatefulSet {meta['name']} successful"
        self._desk.recorder.say(stateful, "SuccessfulCreate", text, by=_BY)

    def _report(self, stateful: Obj, pods: list[Obj], revision: str) -> None:
        there = [p for p in pods if not leaving(p) and not finished(p)]
        fresh = [p for p in there if p["metadata"]["labels"].get(_REVISION) == revision]
        up = [p for p in there if ready(p)]
        old = stateful.get("status") or {}
        done = len(fresh) == len(there)
        status: Obj = {
            "observedGeneration": stateful["metadata"].get("generation", 1),
            "replicas": len(there),
            "readyReplicas": len(up),
            "availableReplicas": len(up),
            "currentReplicas": len(fresh) if done else len(there) - len(fresh),
            "updatedReplicas": len(fresh),
            "currentRevision": revision if done else old.get("currentRevision", revision),
            "updateRevision": revision,
            "collisionCount": 0,
        }
        self._desk.put_status(STATEFULSETS, stateful, status)


def _ordinal(pod: Obj) -> int:
    return int(pod["metadata"]["name"].rpartition("-")[2])
