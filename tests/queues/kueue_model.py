"""One job and its Workload in a model of Kueue: what its webhooks refuse, what its controllers do next, and faults.

Each rule was seen on Kueue 0.19.2; tests/controlplane/test_queue_move.py sees them again on a real one.
"""

from collections.abc import Callable
from copy import deepcopy
from random import Random
from typing import Any, Literal

from k8sai.cluster.api_errors import ApiConflict, ApiForbidden, Unavailable
from k8sai.cluster.discovery import Resource
from k8sai.cluster.writing import Invalid, Target, Written
from k8sai.merge_patch import merged
from k8sai.queues.acting.moving import CLASS, QUEUE, STOPPING, Seen
from k8sai.queues.acting.stopping import MOVING

Json = dict[str, Any]
# What becomes of a write: done, refused so, done and never answered, or the program is killed before or after it.
Fate = Literal["pass", "conflict", "busy", "failed", "lost", "killed before", "killed after"]
State = Literal["pending", "evicted", "deactivated", "reserved", "running"]

JOBS = Resource("batch", "v1", "jobs", "Job", True, ("get", "patch"))
WORKLOADS = Resource("kueue.x-k8s.io", "v1beta2", "workloads", "Workload", True, ("get", "patch"))
JOB, WORKLOAD = Target(JOBS, "ml", "sft"), Target(WORKLOADS, "ml", "job-sft")


class Killed(BaseException):
    """The program is gone."""


class Kueue:
    """Also the Writer of a Move. `sent` are the patches that were carried out; `tick` is one thing Kueue does."""

    manager = "k8sai"

    def __init__(self, state: State, chance: Random, fate: Callable[[int], Fate] = lambda _: "pass") -> None:
        self.chance, self.fate = chance, fate
        self.tries, self.sent = 0, list[tuple[Target, Json]]()
        labels, meta = {QUEUE: "old"}, {"namespace": "ml", "resourceVersion": "1"}
        self.objects: dict[Target, Json] = {
            JOB: {"metadata": {**meta, "name": "sft", "uid": "j", "labels": labels}, "spec": {"suspend": True}},
            WORKLOAD: {
                "metadata": {**meta, "name": "job-sft", "uid": "w"},
                "spec": {"queueName": "old", "active": True},
                "status": {"conditions": []},
            },
        }
        if state in ("evicted", "deactivated"):
            self._condition("Evicted", True)
        if state == "deactivated":
            self.workload["spec"]["active"] = False
        if state in ("reserved", "running"):
            self._reserve()
        if state == "running":
            self._start()

    # --- as a Writer --------------------------------------------------------------------------------------------------

    def live(self, target: Target) -> Json:
        return deepcopy(self.objects[target])

    def merge(self, target: Target, patch: Json, *, uid: str, version: str, dry_run: bool = False) -> Written:
        assert not dry_run
        self.tries += 1
        fate = self.fate(self.tries)
        if fate == "killed before":
            raise Killed
        if fate == "conflict":
            raise ApiConflict("it has been modified")
        if fate in ("busy", "failed"):
            raise Unavailable("not now", status=429 if fate == "busy" else 500)
        meta = self.objects[target]["metadata"]
        if (meta["uid"], meta["resourceVersion"]) != (uid, version):
            raise ApiConflict("it has been modified")
        self._admit(target, merged(self.objects[target], patch))
        self.objects[target] = merged(self.objects[target], patch)
        self._touch(target)
        self.sent.append((target, patch))
        if fate == "killed after":
            raise Killed
        if fate == "lost":
            raise Unavailable("the connection broke")
        return Written(self.live(target))

    def _admit(self, target: Target, new: Json) -> None:
        """The webhooks."""
        old = self.objects[target]
        if target == JOB and new["metadata"]["labels"] != old["metadata"]["labels"] and not self.seen().free:
            raise ApiForbidden("field is immutable", by_admission=True)
        moved = new["spec"].get("queueName") != old["spec"].get("queueName")
        if target == WORKLOAD and moved and self.holds("QuotaReserved"):
            raise Invalid("queueName is immutable while workload quota reserved")

    # --- as Kueue -----------------------------------------------------------------------------------------------------

    @property
    def job(self) -> Json:
        return self.objects[JOB]

    @property
    def workload(self) -> Json:
        return self.objects[WORKLOAD]

    def seen(self) -> Seen:
        return Seen(JOB, self.live(JOB), WORKLOAD, self.live(WORKLOAD))

    def holds(self, kind: str) -> bool:
        return any(one["type"] == kind and one["status"] == "True" for one in self.workload["status"]["conditions"])

    def tick(self, *, schedules: bool = True) -> None:
        """One step of the job's reconciler or of the scheduler; nothing where there is nothing to do."""
        active, reserved, evicted = self.workload["spec"]["active"], self.holds("QuotaReserved"), self.holds("Evicted")
        stopping = STOPPING in self.job["metadata"].get("annotations", {})
        if not active and not evicted:
            self._condition("Evicted", True)
        elif reserved and evicted and not self.job["spec"]["suspend"]:
            self.job["spec"]["suspend"] = True
            self.job["metadata"].setdefault("annotations", {})[STOPPING] = "true"
            self._touch(JOB)
        elif stopping:
            del self.job["metadata"]["annotations"][STOPPING]
            self._touch(JOB)
        elif reserved and evicted:
            self._condition("QuotaReserved", False)
            self._condition("Admitted", False)
            self.workload["status"].pop("admission")
        elif reserved and not self.holds("Admitted") and self.chance.random() < 0.5:
            self._start()
        elif not reserved and self._follows():
            self._touch(WORKLOAD)
        elif schedules and active and not reserved and self.chance.random() < 0.3:
            self._reserve()

    def settle(self) -> None:
        """Until nothing happens any more."""
        for _ in range(40):
            self.tick()

    def _follows(self) -> bool:
        """Labels are taken over, the queue only by what was never evicted."""
        labels, spec = self.job["metadata"]["labels"], self.workload["spec"]
        wanted = {"queueName": labels[QUEUE]} if not self.holds("Evicted") else {}
        wanted |= {"priorityClassRef": {"name": labels[CLASS]}} if CLASS in labels else {}
        changed = any(spec.get(key) != value for key, value in wanted.items())
        spec.update(wanted)
        return changed

    def _reserve(self) -> None:
        self._condition("QuotaReserved", True)
        self._condition("Evicted", False)
        self.workload["status"]["admission"] = {"clusterQueue": self.workload["spec"]["queueName"]}

    def _start(self) -> None:
        self._condition("Admitted", True)
        self.job["spec"]["suspend"] = False
        self._touch(JOB)

    def _condition(self, kind: str, holds: bool) -> None:
        conditions = self.workload["status"]["conditions"]
        conditions[:] = [one for one in conditions if one["type"] != kind]
        conditions.append({"type": kind, "status": str(holds)})
        self._touch(WORKLOAD)

    def _touch(self, target: Target) -> None:
        meta = self.objects[target]["metadata"]
        meta["resourceVersion"] = str(int(meta["resourceVersion"]) + 1)

    @property
    def standing(self) -> tuple[str, str, bool, bool]:
        """The job's label, the Workload's queue, whether it is active and whether it is marked as moving."""
        marked = MOVING in self.workload["metadata"].get("annotations", {})
        spec = self.workload["spec"]
        return self.job["metadata"]["labels"][QUEUE], spec["queueName"], spec["active"], marked
