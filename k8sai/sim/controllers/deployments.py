"""Deployments: a ReplicaSet per pod template, rolled from the old to the new within maxSurge and maxUnavailable."""

import hashlib
import json
from math import ceil, floor

from k8sai.sim import kinds
from k8sai.sim.controllers.desk import PODS, Desk, Key, finished, key_of, leaving, own, with_condition
from k8sai.sim.controllers.replicasets import REPLICASETS
from k8sai.sim.memory import Event
from k8sai.sim.objects import Obj, controller_of
from k8sai.sim.status import ApiFailure

DEPLOYMENTS = kinds.find("apps", "deployments")
_BY = "deployment-controller"
_REVISION = "deployment.kubernetes.io/revision"
_HASH = "pod-template-hash"
_SAFE = "bcdfghjklmnpqrstvwxz2456789"


class Deployments:
    """One key per Deployment."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._add = desk.queue("deployments", self.sync)

    def on_event(self, event: Event) -> None:
        if event.resource is DEPLOYMENTS:
            self._add(key_of(event.obj))
        elif event.resource is REPLICASETS:
            owner = controller_of(event.obj)
            if owner and owner["kind"] == "Deployment":
                self._add((event.obj["metadata"]["namespace"], owner["name"]))
        elif event.resource is PODS and event.type == "DELETED":
            self._pod_gone(event.obj)

    def _pod_gone(self, pod: Obj) -> None:
        """A deployment that recreates waits for the last pod of its old ReplicaSets."""
        owner = controller_of(pod)
        if owner and owner["kind"] == "ReplicaSet":
            replicaset = self._desk.find(REPLICASETS, (pod["metadata"]["namespace"], owner["name"]))
            top = controller_of(replicaset) if replicaset else None
            if top and top["kind"] == "Deployment":
                self._add((pod["metadata"]["namespace"], top["name"]))

    def sync(self, key: Key) -> None:
        deployment = self._desk.find(DEPLOYMENTS, key)
        if deployment is None or leaving(deployment):
            return
        sets = self._sets(deployment)
        current = next((s for s in sets if _template(s) == deployment["spec"]["template"]), None)
        if current is None and not deployment["spec"].get("paused"):
            current = self._new_set(deployment, sets)
            sets = self._sets(deployment)
        elif current is not None:
            current = self._renumber(deployment, current, sets)
        if current is not None and not deployment["spec"].get("paused"):
            self._roll(deployment, current, [s for s in sets if s["metadata"]["uid"] != current["metadata"]["uid"]])
        self._report(key, current)

    def _sets(self, deployment: Obj) -> list[Obj]:
        uid = deployment["metadata"]["uid"]
        found = self._desk.store.list(REPLICASETS, deployment["metadata"]["namespace"])
        return [s for s in found if (controller_of(s) or {}).get("uid") == uid and not leaving(s)]

    def _new_set(self, deployment: Obj, sets: list[Obj]) -> Obj | None:
        meta, template = deployment["metadata"], deployment["spec"]["template"]
        digest = template_hash(template, (deployment.get("status") or {}).get("collisionCount", 0))
        labels = {**(template.get("metadata", {}).get("labels") or {}), _HASH: digest}
        selector = deployment["spec"].get("selector") or {}
        replicaset = {
            "metadata": {
                "name": f"{meta['name']}-{digest}",
                "namespace": meta["namespace"],
                "labels": labels,
                "annotations": {_REVISION: str(_newest(sets) + 1)},
                "ownerReferences": [own(deployment, DEPLOYMENTS)],
            },
            "spec": {
                "replicas": 0,
                "selector": {**selector, "matchLabels": {**(selector.get("matchLabels") or {}), _HASH: digest}},
                "template": {**template, "metadata": {**template.get("metadata", {}), "labels": labels}},
            },
        }
        try:
            new = self._desk.store.create(REPLICASETS, replicaset)
        except ApiFailure as failure:
            self._desk.recorder.say(deployment, "ReplicaSetCreateError", failure.message, by=_BY, warning=True)
            return None
        self._note_revision(deployment, new)
        return new

    def _renumber(self, deployment: Obj, current: Obj, sets: list[Obj]) -> Obj:
        """A template that is used again (a rollback) becomes the newest revision."""
        newest = _newest(sets)
        if _revision(current) < newest:
            annotations = {**(current["metadata"].get("annotations") or {}), _REVISION: str(newest + 1)}
            current = self._desk.store.update(
                REPLICASETS, {**current, "metadata": {**current["metadata"], "annotations": annotations}}
            )
        self._note_revision(deployment, current)
        return current

    def _note_revision(self, deployment: Obj, current: Obj) -> None:
        annotations = deployment["metadata"].get("annotations") or {}
        revision = str(_revision(current))
        if annotations.get(_REVISION) != revision:
            metadata = {**deployment["metadata"], "annotations": {**annotations, _REVISION: revision}}
            metadata.pop("resourceVersion", None)
            self._desk.store.update(DEPLOYMENTS, {**deployment, "metadata": metadata}, "status")

    def _roll(self, deployment: Obj, current: Obj, old: list[Obj]) -> None:
        wanted = deployment["spec"].get("replicas", 1)
        have = current["spec"].get("replicas", 0)
        surge, unavailable = _bounds(deployment, wanted)
        active = [s for s in old if s["spec"].get("replicas", 0)]
        if (deployment["spec"].get("strategy") or {}).get("type") == "Recreate":
            for replicaset in active:
                self._scale(deployment, replicaset, 0)
            if not any(not finished(p) for s in old for p in self._desk.pods.owned(s["metadata"]["uid"])):
                self._scale(deployment, current, wanted)
            return
        total = have + sum(s["spec"].get("replicas", 0) for s in old)
        room = wanted + surge - total if active else wanted - have
        grown = have + max(0, min(room, wanted - have)) if have < wanted else wanted
        current = self._scale(deployment, current, grown)
        ready = sum((s.get("status") or {}).get("availableReplicas", 0) for s in [current, *old])
        spare = ready - (wanted - unavailable)
        for replicaset in active:
            count = replicaset["spec"]["replicas"]
            broken = max(0, count - (replicaset.get("status") or {}).get("availableReplicas", 0))
            fewer = min(count, max(0, spare) + broken)
            if fewer:
                self._scale(deployment, replicaset, count - fewer)
                spare -= max(0, fewer - broken)
        self._forget(deployment, [s for s in old if not s["spec"].get("replicas", 0)])

    def _scale(self, deployment: Obj, replicaset: Obj, to: int) -> Obj:
        was = replicaset["spec"].get("replicas", 0)
        if was == to:
            return replicaset
        name = replicaset["metadata"]["name"]
        new = self._desk.store.update(REPLICASETS, {**replicaset, "spec": {**replicaset["spec"], "replicas": to}})
        way = "up" if to > was else "down"
        self._desk.recorder.say(
            deployment, "ScalingReplicaSet", f"Scaled {way} replica set {name} from {was} to {to}", by=_BY
        )
        return new

    def _forget(self, deployment: Obj, empty: list[Obj]) -> None:
        """Keep revisionHistoryLimit empty ReplicaSets for rollbacks."""
        limit = deployment["spec"].get("revisionHistoryLimit", 10)
        for replicaset in sorted(empty, key=_revision)[: max(0, len(empty) - limit)]:
            self._desk.delete(REPLICASETS, replicaset)

    def _report(self, key: Key, current: Obj | None) -> None:
        deployment = self._desk.find(DEPLOYMENTS, key)
        if deployment is None:
            return
        sets = self._sets(deployment)
        wanted = deployment["spec"].get("replicas", 1)

        def total(name: str) -> int:
            return sum((s.get("status") or {}).get(name, 0) for s in sets)

        updated = 0
        if current is not None:
            fresh = self._desk.find(REPLICASETS, key_of(current)) or current
            updated = (fresh.get("status") or {}).get("replicas", 0)
        available = total("availableReplicas")
        old = deployment.get("status") or {}
        status: Obj = {
            "observedGeneration": deployment["metadata"].get("generation", 1),
            "replicas": total("replicas"),
            "updatedReplicas": updated,
            "readyReplicas": total("readyReplicas"),
            "availableReplicas": available,
            "unavailableReplicas": max(0, max(wanted, total("replicas")) - available),
        }
        status = {k: v for k, v in status.items() if v}
        status["conditions"] = self._conditions(deployment, old, current, wanted, updated, available)
        self._desk.put_status(DEPLOYMENTS, deployment, status)

    def _conditions(
        self, deployment: Obj, old: Obj, current: Obj | None, wanted: int, updated: int, available: int
    ) -> list[Obj]:
        _, unavailable = _bounds(deployment, wanted)
        enough = available >= wanted - unavailable
        word = "has" if enough else "does not have"
        now = self._desk.stamp()
        available_condition = {
            "type": "Available",
            "status": "True" if enough else "False",
            "reason": "MinimumReplicasAvailable" if enough else "MinimumReplicasUnavailable",
            "message": f"Deployment {word} minimum availability.",
        }
        name = current["metadata"]["name"] if current else deployment["metadata"]["name"]
        done = updated == wanted and available >= wanted
        progressing = {
            "type": "Progressing",
            "status": "True",
            "reason": "NewReplicaSetAvailable" if done else "ReplicaSetUpdated",
            "message": f'ReplicaSet "{name}" ' + ("has successfully progressed." if done else "is progressing."),
        }
        conditions = with_condition(old.get("conditions"), _dated(available_condition, old, now), now)
        return with_condition(conditions, _dated(progressing, old, now), now)


def _dated(new: Obj, old: Obj, now: str) -> Obj:
    """With lastUpdateTime, which moves when anything in the condition does."""
    before: Obj = next((c for c in old.get("conditions") or () if c["type"] == new["type"]), {})
    same = all(before.get(k) == v for k, v in new.items())
    return {**new, "lastUpdateTime": before.get("lastUpdateTime", now) if same else now}


def template_hash(template: Obj, collisions: int = 0) -> str:
    """A short name for a pod template; not the real algorithm's value, but as stable and in its alphabet."""
    text = json.dumps(template, sort_keys=True) + (str(collisions) if collisions else "")
    number = int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big")
    return "".join(_SAFE[ord(digit) % len(_SAFE)] for digit in str(number))


def _template(replicaset: Obj) -> Obj:
    """The pod template without the hash label, comparable with a Deployment's."""
    template: Obj = replicaset["spec"]["template"]
    labels = {k: v for k, v in (template.get("metadata", {}).get("labels") or {}).items() if k != _HASH}
    return {**template, "metadata": {**template.get("metadata", {}), "labels": labels}}


def _revision(replicaset: Obj) -> int:
    return int((replicaset["metadata"].get("annotations") or {}).get(_REVISION, "0"))


def _newest(sets: list[Obj]) -> int:
    return max((_revision(s) for s in sets), default=0)


def _bounds(deployment: Obj, wanted: int) -> tuple[int, int]:
    """maxSurge and maxUnavailable in pods; a share of surge is rounded up, of unavailability down."""
    rolling = (deployment["spec"].get("strategy") or {}).get("rollingUpdate") or {}
    surge, unavailable = rolling.get("maxSurge", "25%"), rolling.get("maxUnavailable", "25%")
    up = ceil(wanted * int(surge[:-1]) / 100) if isinstance(surge, str) else surge
    down = floor(wanted * int(unavailable[:-1]) / 100) if isinstance(unavailable, str) else unavailable
    return up, down or (0 if up else 1)
