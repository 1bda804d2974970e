"""Queues of Kueue for one test, and jobs that wait in them. Names of cluster-wide objects begin with the namespace."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.contract.api import Api, Json
from tests.contract.objects import template

KUEUE = "/apis/kueue.x-k8s.io/v1beta2"
VISIBILITY = "/apis/visibility.kueue.x-k8s.io/v1beta2"
QUEUE = "kueue.x-k8s.io/queue-name"
GPU = "nvidia.com/gpu"
_API = "kueue.x-k8s.io/v1beta2"


@dataclass
class Jobs:
    """Jobs of a namespace, and the Workloads that Kueue makes of them."""

    api: Api
    namespace: str

    @property
    def jobs(self) -> str:
        return f"/apis/batch/v1/namespaces/{self.namespace}/jobs"

    @property
    def workloads(self) -> str:
        return f"{KUEUE}/namespaces/{self.namespace}/workloads"

    def until(self, job: str, reached: Callable[[Json], bool]) -> Json:
        """The Workload of a job, as soon as it is so."""
        found = self.api.until(
            self.workloads, lambda all_of: any(owner(one) == job and reached(one) for one in all_of.values())
        )
        return next(one for one in found.values() if owner(one) == job)

    def admitted(self, job: str) -> Json:
        return self.until(job, lambda one: holds(one, "Admitted"))


@dataclass
class Queues(Jobs):
    """`queues.make("a", 8)` is a ClusterQueue and a LocalQueue of 8 GPUs; `queues.job("train", "a", 4)` a job in it."""

    made: list[str] = field(default_factory=list)

    def name(self, short: str) -> str:
        """What a cluster-wide object is called."""
        return f"{self.namespace}-{short}"

    @property
    def locals(self) -> str:
        return f"{KUEUE}/namespaces/{self.namespace}/localqueues"

    def cluster_queue(self, short: str) -> str:
        """The path of a ClusterQueue."""
        return f"{KUEUE}/clusterqueues/{self.name(short)}"

    def cluster_wide(self, plural: str, kind: str, short: str, **more: Any) -> Json:
        """Make an object without a namespace; it is gone when the test ends."""
        body = {"apiVersion": _API, "kind": kind, "metadata": {"name": self.name(short)}, **more}
        found = self.api.post(f"{KUEUE}/{plural}", body).ok()
        self.made.append(f"{KUEUE}/{plural}/{self.name(short)}")
        return found

    def flavor(self, short: str = "f", **spec: Any) -> None:
        self.cluster_wide("resourceflavors", "ResourceFlavor", short, spec=spec)

    def priority(self, short: str, value: int) -> None:
        self.cluster_wide("workloadpriorityclasses", "WorkloadPriorityClass", short, value=value)

    def spec(self, gpus: int, cohort: str = "", flavors: tuple[str, ...] = ("f",), **more: Any) -> Json:
        """Of a ClusterQueue; `limits` are of its quota, everything else goes into the spec."""
        limits = more.pop("limits", {})
        resources = [{"name": "cpu", "nominalQuota": "100"}, {"name": GPU, "nominalQuota": str(gpus), **limits}]
        tried = [{"name": self.name(one), "resources": resources} for one in flavors]
        groups: Json = {"coveredResources": ["cpu", GPU], "flavors": tried}
        named = {"cohortName": self.name(cohort)} if cohort else {}
        return {"namespaceSelector": {}, "resourceGroups": [groups], **named, **more}

    def make(self, short: str, gpus: int, cohort: str = "", **more: Any) -> None:
        """A ClusterQueue and its LocalQueue `short`; returns when both work."""
        self.cluster_wide("clusterqueues", "ClusterQueue", short, spec=self.spec(gpus, cohort, **more))
        self.local(short, self.name(short))
        self.api.until_object(f"{self.locals}/{short}", lambda queue: active(queue) == ("True", "Ready"))

    def local(self, short: str, cluster_queue: str) -> None:
        body = {"apiVersion": _API, "kind": "LocalQueue", "metadata": {"name": short}}
        self.api.post(self.locals, body | {"spec": {"clusterQueue": cluster_queue}}).ok()

    def job(self, name: str, queue: str, gpus: int = 1, *, priority: str = "", **more: Any) -> Json:
        """A job of one pod; keyword arguments go into its pod template's spec, but for labels and annotations."""
        labels = {QUEUE: queue, **more.pop("labels", {})}
        if priority:
            labels["kueue.x-k8s.io/priority-class"] = self.name(priority)
        pods = template({}, more.pop("annotations", None), restartPolicy="Never", **more)
        amounts = {"cpu": "1", GPU: str(gpus)}
        pods["spec"]["containers"][0]["resources"] = {"requests": amounts, "limits": {GPU: str(gpus)}}
        metadata = {"name": name, "labels": labels}
        body = {"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata, "spec": {"template": pods}}
        return self.api.post(self.jobs, body).ok()

    def waits(self, job: str, words: str) -> Json:
        """As soon as it is told so why it has no quota."""
        return self.until(job, lambda one: told(one, "QuotaReserved")[:1] == ("False",) and words in why(one))

    def patch(self, path: str, **spec: Any) -> None:
        self.api.patch(path, {"spec": spec}).ok()

    def forget(self) -> None:
        """Take away what would outlive the namespace."""
        for path in (self.jobs, f"/api/v1/namespaces/{self.namespace}/pods", self.workloads, self.locals):
            self.api.delete(path, {"gracePeriodSeconds": 0, "propagationPolicy": "Background"})
        for path in reversed(self.made):
            self.api.delete(path)


@contextmanager
def queues_of(api: Api, namespace: str) -> Iterator[Queues]:
    """Queues of one test, with a flavor `f`."""
    queues = Queues(api, namespace)
    queues.flavor()
    try:
        yield queues
    finally:
        queues.forget()


def condition(obj: Json, kind: str) -> Json:
    """The condition of that type, empty where there is none."""
    found = [one for one in obj.get("status", {}).get("conditions", ()) if one["type"] == kind]
    return dict(found[0]) if found else {}


def holds(obj: Json, kind: str, status: str = "True") -> bool:
    """The condition has this status."""
    return condition(obj, kind).get("status") == status


def told(obj: Json, kind: str) -> tuple[str, ...]:
    """Status and reason of a condition; empty where there is none."""
    found = condition(obj, kind)
    return (found["status"], found["reason"]) if found else ()


def why(obj: Json) -> str:
    """The message of QuotaReserved."""
    return str(condition(obj, "QuotaReserved").get("message", ""))


def active(obj: Json) -> tuple[str, ...]:
    return told(obj, "Active")


def owner(workload: Json) -> str:
    """The job it stands for; "" for none."""
    return str(next((one["name"] for one in workload["metadata"].get("ownerReferences") or ()), ""))
