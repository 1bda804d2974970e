"""What Kueue does with each Workload between its admission cycles: checks, stopped queues, deactivation, backoff.

One key per Workload; each call does the first thing that is due, and the write brings it back for the next.
Source: pkg/controller/core/workload_controller.go of Kueue 0.19.
"""

from k8sai.ages import epoch, stamp
from k8sai.queues.facts import ClusterQueue, LocalQueue
from k8sai.sim.controllers.desk import Desk, Key
from k8sai.sim.controllers.kueue_book import WORKLOADS, Book
from k8sai.sim.controllers.kueue_checks import checks_of, in_state, retry_at, told
from k8sai.sim.controllers.kueue_conditions import Standing
from k8sai.sim.objects import Obj

BY = "kueue-workload-controller"
GATED_BY = "kueue.x-k8s.io/admission-gated-by"
_RESTARTED = "was restarted after being stopped"


class Workloads:
    """Reconciles Workloads."""

    def __init__(self, desk: Desk, book: Book) -> None:
        self._desk = desk
        self._book = book
        self.add = desk.queue("kueue-workloads", self.sync)

    def sync(self, key: Key) -> None:
        obj = self._desk.find(WORKLOADS, key)
        if obj is None or obj["metadata"].get("deletionTimestamp"):
            return
        now = Standing.of(obj, self._desk.clock.now())
        if now.holds("Finished"):
            return
        for step in (self._pause, self._activity, self._restarts, self._gate, self._checks, self._state):
            if step(key, now):
                return
        if now.holds("QuotaReserved"):
            for step in (self._failed_checks, self._stopped, self._too_long):
                if step(key, now):
                    return

    def _put(self, now: Standing) -> bool:
        """Write it where it is new; whether it was."""
        if now.status == (now.obj.get("status") or {}):
            return False
        self._desk.put_status(WORKLOADS, now.obj, now.status)
        return True

    def _later(self, key: Key, seconds: float) -> None:
        self._desk.clock.after(max(0.0, seconds), lambda: self.add(key))

    # in the order in which Kueue looks

    def _pause(self, _: Key, now: Standing) -> bool:
        """A check that wants to be asked again later sets the time."""
        at = retry_at(now.status)
        state = now.status.get("requeueState") or {}
        known = epoch(state["requeueAt"]) if state.get("requeueAt") else 0.0
        if at <= now.now or at <= known:
            return False
        now.status["requeueState"] = {**state, "requeueAt": stamp(at)}
        return self._put(now)

    def _activity(self, key: Key, now: Standing) -> bool:
        if now.obj["spec"].get("active") is False:
            return self._switched_off(now)
        if now.holds("DeactivationTarget"):
            self._desk.store.update(WORKLOADS, {**now.obj, "spec": {**now.obj["spec"], "active": False}})
            return True
        return self._backing_off(key, now) or self._back(now)

    def _switched_off(self, now: Standing) -> bool:
        """spec.active is false: it is evicted, once."""
        target, cause, message = now.find("DeactivationTarget"), "", "The workload is deactivated"
        if not now.holds("Evicted"):
            if target is not None:
                cause, message = target["reason"], f"{message} due to {target['message']}"
            now.unsay("DeactivationTarget")
            now.status.pop("requeueState", None)
            now.evict("Deactivated", message, cause)
            if self._put(now) and "admission" in now.status:
                event = f"EvictedDueToDeactivated{'DueTo' + cause if cause else ''}"
                self._desk.recorder.say(now.obj, event, message, by=BY, action=event)
            return True
        if "requeueState" in now.status:
            del now.status["requeueState"]
            return self._put(now)
        return False

    def _backing_off(self, key: Key, now: Standing) -> bool:
        state = now.status.get("requeueState") or {}
        if not state.get("requeueAt"):
            return False
        left = epoch(state["requeueAt"]) - now.now
        if left > 0:
            self._later(key, left)
            return True
        if now.holds("QuotaReserved"):
            return False
        now.status["requeueState"] = {name: one for name, one in state.items() if name != "requeueAt"}
        if not now.status["requeueState"]:
            del now.status["requeueState"]
        return self._put(now)

    def _back(self, now: Standing) -> bool:
        """What kept it from coming again is over."""
        requeued = now.find("Requeued")
        if requeued is None or requeued["status"] != "False":
            return False
        if requeued["reason"].startswith("Deactivated"):
            now.requeue(True, "Reactivated", "The workload was reactivated")
        elif requeued["reason"] in ("PodsReadyTimeout", "AdmissionCheck"):
            now.requeue(True, "BackoffFinished", "The workload backoff was finished")
        return self._put(now)

    def _restarts(self, key: Key, now: Standing) -> bool:
        """A queue that had been drained was started again."""
        requeued = now.find("Requeued") or {}
        if requeued.get("status") != "False":
            return False
        local, queue = self._queues(key, now)
        if requeued["reason"] == "LocalQueueStopped" and local is not None and local.stop == "None":
            now.requeue(True, "LocalQueueRestarted", f"The LocalQueue {_RESTARTED}")
        elif requeued["reason"] == "ClusterQueueStopped" and queue is not None and queue.stop == "None":
            now.requeue(True, "ClusterQueueRestarted", f"The ClusterQueue {_RESTARTED}")
        return self._put(now)

    def _gate(self, _: Key, now: Standing) -> bool:
        gate = (now.obj["metadata"].get("annotations") or {}).get(GATED_BY, "")
        said = (now.find("QuotaReserved") or {}).get("reason") == "AdmissionGated"
        if gate and not said:
            now.unreserve("AdmissionGated", f"Admission is gated by: {gate}")
        elif said and not gate:
            now.unreserve("Pending", "AdmissionGatedBy cleared, waiting for quota reservation")
        return self._put(now)

    def _checks(self, key: Key, now: Standing) -> bool:
        _, queue = self._queues(key, now)
        if queue is not None:
            now.sync_checks(checks_of(queue, now.status.get("admission")))
        return self._put(now)

    def _state(self, key: Key, now: Standing) -> bool:
        """Admitted follows the checks; who waits at a queue that does not work is told so."""
        if now.holds("Admitted"):
            return False
        if not now.holds("QuotaReserved"):
            blocked = self._blocked(key, now)
            if blocked:
                now.say("QuotaReserved", False, "Inadmissible", blocked)
        admitted = now.sync_admitted() and now.holds("Admitted")
        written = self._put(now)
        if admitted:
            since = epoch((now.find("QuotaReserved") or {})["lastTransitionTime"])
            said = f"Admitted by ClusterQueue {now.status['admission']['clusterQueue']}, "
            said += f"wait time since reservation was {max(0.0, now.now - since):.0f}s"
            self._desk.recorder.say(now.obj, "Admitted", said, by=BY, action="Admitted")
        return written

    def _blocked(self, key: Key, now: Standing) -> str:
        name = now.obj["spec"].get("queueName", "")
        local, queue = self._queues(key, now)
        if local is None:
            return f"LocalQueue {name} doesn't exist"
        if local.stop != "None":
            return f"LocalQueue {name} is inactive"
        if queue is None:
            return f"ClusterQueue {local.cluster_queue} doesn't exist"
        if queue.active is not None and not queue.active.holds and queue.active.reason != "Ready":
            return f"ClusterQueue {queue.name} is inactive"
        return ""

    # of those with quota

    def _failed_checks(self, _: Key, now: Standing) -> bool:
        if now.holds("Evicted"):
            return False
        rejected, again = in_state(now.status, "Rejected"), in_state(now.status, "Retry")
        if rejected:
            message = told(rejected, "Rejected")
            now.say("DeactivationTarget", True, "AdmissionCheck", message)
            if self._put(now):
                text = f"Deactivated due to {message}"
                self._desk.recorder.say(now.obj, "AdmissionCheckRejected", text, by=BY, warning=True)
            return True
        if again:
            self._evict(now, "AdmissionCheck", f"Evicted due to {told(again, 'Retry')}")
        return bool(again)

    def _stopped(self, key: Key, now: Standing) -> bool:
        """Drained: evicted. Held: it loses a reservation that is not admitted yet."""
        local, queue = self._queues(key, now)
        kinds = (("LocalQueue", local, now.obj["spec"].get("queueName", "")), ("ClusterQueue", queue, ""))
        for kind, found, name in kinds:
            name = name or now.status["admission"]["clusterQueue"]
            stop = found.stop if found is not None else "None"
            if now.holds("Admitted"):
                if stop == "HoldAndDrain" and not now.holds("Evicted"):
                    self._evict(now, f"{kind}Stopped", f"The {kind} is stopped")
                    return True
            elif found is None:
                now.unreserve("Inadmissible", f"{kind} {name} is terminating or missing")
                return self._put(now)
            elif stop != "None":
                now.unreserve("Inadmissible", f"{kind} {name} is stopped")
                return self._put(now)
        return False

    def _too_long(self, key: Key, now: Standing) -> bool:
        longest, admitted = now.obj["spec"].get("maximumExecutionTimeSeconds"), now.find("Admitted")
        if longest is None or admitted is None or not now.holds("Admitted") or now.holds("DeactivationTarget"):
            return False
        spent = now.status.get("accumulatedPastExecutionTimeSeconds", 0)
        left = longest - spent - (now.now - epoch(admitted["lastTransitionTime"]))
        if left > 0:
            self._later(key, left)
            return False
        reason = "MaximumExecutionTimeExceeded"
        now.say("DeactivationTarget", True, reason, "exceeding the maximum execution time")
        now.status.pop("accumulatedPastExecutionTimeSeconds", None)
        said = f"The maximum execution time ({longest}s) exceeded"
        self._desk.recorder.say(now.obj, reason, said, by=BY, warning=True, action=reason)
        return self._put(now)

    def _evict(self, now: Standing, reason: str, message: str) -> None:
        now.evict(reason, message)
        if self._put(now):
            event = f"EvictedDueTo{reason}"
            self._desk.recorder.say(now.obj, event, message, by=BY, action=event)

    def _queues(self, key: Key, now: Standing) -> tuple[LocalQueue | None, ClusterQueue | None]:
        """Its LocalQueue, and the ClusterQueue where it holds quota, else where that one leads."""
        local = self._book.local_queues.get(f"{key[0]}/{now.obj['spec'].get('queueName', '')}")
        admission: Obj | None = now.status.get("admission")
        name = admission["clusterQueue"] if admission else local.cluster_queue if local else ""
        return local, self._book.cluster_queues.get(name)
