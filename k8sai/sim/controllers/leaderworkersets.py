"""LeaderWorkerSets: a StatefulSet of leaders, one of workers for each leader, and groups that are made anew as a whole.

Source: lws 0.9 `pkg/controllers/{leaderworkerset,pod}_controller.go`.
"""

from k8sai.sim import kinds
from k8sai.sim.controllers.deployments import template_hash
from k8sai.sim.controllers.desk import PODS, Desk, Key, key_of, leaving, own, ready, with_condition
from k8sai.sim.controllers.statefulsets import STATEFULSETS
from k8sai.sim.lws_hooks import LWS
from k8sai.sim.memory import Event
from k8sai.sim.objects import Obj, controller_of, name_of, uid_of

SETS = kinds.find("leaderworkerset.x-k8s.io", "leaderworkersets")
SERVICES = kinds.find("", "services")
_REVISION = LWS + "template-revision-hash"


class LeaderWorkerSets:
    """One key per LeaderWorkerSet."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._add = desk.queue("leaderworkersets", self.sync)

    def on_event(self, event: Event) -> None:
        if event.resource is SETS:
            self._add(key_of(event.obj))
        elif event.resource in (PODS, STATEFULSETS):
            name = (event.obj["metadata"].get("labels") or {}).get(LWS + "name")
            if name:
                self._add((event.obj["metadata"]["namespace"], name))

    def sync(self, key: Key) -> None:
        lws = self._desk.find(SETS, key)
        if lws is None or leaving(lws):
            return
        self._service(lws)
        leaders = self._leaders(lws)
        pods = self._desk.pods.owned(uid_of(leaders))
        for leader in pods:
            if not leaving(leader):
                self._group(lws, leader)
        self._report(lws, pods)

    def _service(self, lws: Obj) -> None:
        meta = lws["metadata"]
        if self._desk.store.find(SERVICES, meta["namespace"], meta["name"]) is None:
            spec = {"clusterIP": "None", "selector": {LWS + "name": meta["name"]}, "publishNotReadyAddresses": True}
            named = {"name": meta["name"], "namespace": meta["namespace"], "ownerReferences": [own(lws, SETS)]}
            self._desk.store.create(SERVICES, {"metadata": named, "spec": spec})

    def _leaders(self, lws: Obj) -> Obj:
        """The StatefulSet of all leaders, with as many as there are groups."""
        replicas, parts = lws["spec"].get("replicas", 1), lws["spec"]["leaderWorkerTemplate"]
        found = self._desk.find(STATEFULSETS, key_of(lws))
        if found is None:
            marks = {LWS + "name": name_of(lws), _REVISION: template_hash(parts["workerTemplate"])}
            template = parts.get("leaderTemplate") or parts["workerTemplate"]
            body = _stateful(lws, name_of(lws), replicas, marks, {LWS + "worker-index": "0"}, template)
            body["metadata"]["ownerReferences"] = [own(lws, SETS)]
            return self._desk.store.create(STATEFULSETS, body)
        if found["spec"].get("replicas") != replicas:
            found = self._desk.store.update(STATEFULSETS, {**found, "spec": {**found["spec"], "replicas": replicas}})
        return found

    def _group(self, lws: Obj, leader: Obj) -> None:
        """The workers of a leader; or the end of the whole group, where one of it has ended."""
        parts = lws["spec"]["leaderWorkerTemplate"]
        place = leader["metadata"]["namespace"], name_of(leader)
        workers = self._desk.find(STATEFULSETS, place)
        mine = workers is not None and (controller_of(workers) or {}).get("uid") == uid_of(leader)
        members = [leader, *(self._desk.pods.owned(uid_of(workers)) if workers is not None and mine else [])]
        if parts.get("restartPolicy", "RecreateGroupOnPodRestart") != "None" and any(map(_restarted, members)):
            self._desk.store.delete(PODS, *place, uid=uid_of(leader), propagation="Foreground")
        elif workers is None and parts.get("size", 1) > 1 and _may_follow(lws, leader):
            labels = leader["metadata"]["labels"]
            marks = {key: labels[key] for key in (LWS + "name", LWS + "group-index", LWS + "group-key", _REVISION)}
            body = _stateful(lws, place[1], parts["size"] - 1, marks, {}, parts["workerTemplate"])
            body["spec"]["ordinals"] = {"start": 1}
            body["spec"]["template"]["metadata"]["annotations"][LWS + "leader-name"] = place[1]
            body["metadata"]["ownerReferences"] = [own(leader, PODS)]
            self._desk.store.create(STATEFULSETS, body)

    def _report(self, lws: Obj, leaders: list[Obj]) -> None:
        wanted, old = lws["spec"].get("replicas", 1), lws.get("status") or {}
        there = [one for one in leaders if not leaving(one)]
        up = sum(self._whole(lws, one) for one in there)
        kind, reason, text = ("Available", "AllGroupsReady", "All replicas are ready")
        if up < wanted:
            kind, reason, text = ("Progressing", "GroupsProgressing", "Replicas are progressing")
        conditions = [{**one, "status": "False"} if one["type"] != kind else one for one in old.get("conditions") or ()]
        said = {"type": kind, "status": "True", "reason": reason, "message": text}
        status: Obj = {
            "conditions": with_condition(conditions, said, self._desk.stamp()),
            "hpaPodSelector": f"{LWS}name={name_of(lws)},{LWS}worker-index=0",
            "observedGeneration": lws["metadata"].get("generation", 1),
            "replicas": len(there),
            "updatedReplicas": len(there),
            "readyReplicas": up,
        }
        self._desk.put_status(SETS, lws, {key: value for key, value in status.items() if value != 0})

    def _whole(self, lws: Obj, leader: Obj) -> bool:
        """Everybody of the group is ready."""
        size = lws["spec"]["leaderWorkerTemplate"].get("size", 1)
        workers = (
            self._desk.find(STATEFULSETS, (leader["metadata"]["namespace"], name_of(leader))) if size > 1 else None
        )
        pods = self._desk.pods.owned(uid_of(workers)) if workers else []
        return ready(leader) and sum(ready(one) and not leaving(one) for one in pods) == size - 1


def _may_follow(lws: Obj, leader: Obj) -> bool:
    return lws["spec"].get("startupPolicy", "LeaderCreated") != "LeaderReady" or ready(leader)


def _restarted(pod: Obj) -> bool:
    """It is being taken away, or a container of it had to be started again."""
    statuses = (pod.get("status") or {}).get("containerStatuses") or ()
    return leaving(pod) or any(one.get("restartCount", 0) > 0 for one in statuses)


def _stateful(lws: Obj, name: str, replicas: int, marks: dict[str, str], chosen: dict[str, str], template: Obj) -> Obj:
    """A StatefulSet of the LeaderWorkerSet; the pods have the marks, and are chosen by them but for the revision."""
    meta = template.get("metadata") or {}
    labels = {**(meta.get("labels") or {}), **marks, **chosen}
    size = str(lws["spec"]["leaderWorkerTemplate"].get("size", 1))
    annotations = {**(meta.get("annotations") or {}), LWS + "size": size}
    selector = {key: value for key, value in {**marks, **chosen}.items() if key != _REVISION}
    return {
        "metadata": {"name": name, "namespace": lws["metadata"]["namespace"], "labels": marks},
        "spec": {
            "replicas": replicas,
            "serviceName": name_of(lws),
            "podManagementPolicy": "Parallel",
            "selector": {"matchLabels": selector},
            "template": {"metadata": {"labels": labels, "annotations": annotations}, "spec": template["spec"]},
        },
    }
