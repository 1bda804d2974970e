"""The controller of EvictionRequests, which no release has yet: as far as KEP-4563 says what it does.

It reads a request, makes the Eviction of its pod with the pod's responders, and says when the pod is gone. It ends no
pod itself: responders do, whom a test plays by writing an Eviction's status.
"""

from k8sai.sim.controllers.desk import PODS, Desk, Key, finished, key_of, leaving, with_condition
from k8sai.sim.lifecycle import EVICTIONS, REQUESTS
from k8sai.sim.memory import Event
from k8sai.sim.objects import Obj


class EvictionRequests:
    """One key per request."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._add = desk.queue("evictionrequests", self.sync)

    def on_event(self, event: Event) -> None:
        if event.resource is REQUESTS and event.type != "DELETED":
            self._add(key_of(event.obj))
        elif event.resource is PODS:
            for one in self._desk.store.list(REQUESTS, event.obj["metadata"]["namespace"]):
                if one["spec"]["target"]["pod"]["uid"] == event.obj["metadata"]["uid"]:
                    self._add(key_of(one))

    def sync(self, key: Key) -> None:
        request = self._desk.find(REQUESTS, key)
        if request is None or leaving(request):
            return
        target = request["spec"]["target"]["pod"]
        pod = self._desk.find(PODS, (key[0], target["name"]))
        there = pod is not None and pod["metadata"]["uid"] == target["uid"] and not finished(pod)
        if pod is not None and pod["metadata"]["uid"] == target["uid"] and pod["spec"].get("schedulingGroup"):
            self._say(request, "EvictionInvalid", "AwaitingEviction", failed=True)
            return
        if pod is not None and there:
            self._eviction(request, pod)
            self._say(request, "AwaitingEviction", "AwaitingEviction")
        else:
            self._say(request, "Succeeded", "PodTerminal" if pod is not None else "PodDeleted", evicted=True)

    def _eviction(self, request: Obj, pod: Obj) -> None:
        """The Eviction of the pod, with everybody who wants it gone."""
        namespace, name = key_of(pod)
        mine = {"name": request["spec"]["requester"], "intent": request["spec"]["intent"]}
        found = self._desk.find(EVICTIONS, (namespace, f"pod-1-{name}"))
        if found is None:
            body = {"metadata": {"name": f"pod-1-{name}", "namespace": namespace}, "spec": {}}
            body["spec"] = {"target": request["spec"]["target"]}
            found = self._desk.store.create(EVICTIONS, body)
        status = found.get("status") or {}
        others = [one for one in status.get("requesters") or () if one["name"] != mine["name"]]
        responders = sorted(pod["spec"].get("evictionResponders") or (), key=lambda one: -int(one["priority"]))
        fresh = [{**one, "state": "Inactive" if number else "Active"} for number, one in enumerate(responders)]
        new = {**status, "requesters": [*others, mine]}
        self._desk.put_status(EVICTIONS, found, {"targetResponders": fresh, **new})

    def _say(self, request: Obj, failure: str, eviction: str, *, failed: bool = False, evicted: bool = False) -> None:
        now, state = self._desk.stamp(), request.get("status") or {}
        conditions = state.get("conditions")
        for kind, holds, reason in (("TargetEvicted", evicted, eviction), ("Failed", failed, failure)):
            new = {"type": kind, "status": str(holds), "reason": reason, "message": ""}
            conditions = with_condition(conditions, new, now)
        seen = request["metadata"].get("generation", 1)
        self._desk.put_status(REQUESTS, request, {"conditions": conditions, "observedGeneration": seen})
