"""A queue of a test's own on a real Kueue: what is in it, what runs in it, and what Kueue makes of one job more."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

import yaml

from tests.contract.api import Json
from tests.controlplane.namespaces import new_namespace
from tests.controlplane.server import ControlPlane
from tests.queues.simulate_objects import GPU, pod_spec

KUEUE = "/apis/kueue.x-k8s.io/v1beta2"
QUEUE = "kueue.x-k8s.io/queue-name"
PRIORITY = "kueue.x-k8s.io/priority-class"


def fresh(obj: Json) -> Json:
    """As a person writes it: without what a server adds."""
    meta = {key: value for key, value in obj["metadata"].items() if key not in ("uid", "creationTimestamp")}
    spec = {"spec": {key: value for key, value in obj["spec"].items() if value is not None}} if "spec" in obj else {}
    return {key: value for key, value in {**obj, "metadata": meta, **spec}.items() if key != "status"}


def job(name: str, gpus: int, *, pods: int = 1, queue: str = "main", priority: str = "", **template: object) -> Json:
    """A Job that Kueue holds back; the rest goes into the spec of its pods."""
    labels = {QUEUE: queue} | ({PRIORITY: priority} if priority else {})
    spec = {"suspend": True, "parallelism": pods, "completions": pods, "template": {"spec": pod_spec(gpus, **template)}}
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": name, "labels": labels}, "spec": spec}


@dataclass(frozen=True, slots=True)
class Outcome:
    """Kueue's own answer about a Workload: the same words as simulate's."""

    answer: str
    flavors: dict[str, dict[str, str]]
    message: str
    level: int | None = None


class Place:
    """A namespace on a real Kueue."""

    def __init__(self, plane: ControlPlane, stem: str) -> None:
        self.plane, self.api = plane, plane.api
        self.namespace = new_namespace(plane.api, stem)

    def put(self, *objects: Json) -> None:
        """Cluster-scoped ones and LocalQueues, which are active when this returns."""
        self.plane.apply(*map(fresh, objects))
        for obj in objects:
            meta = obj["metadata"]
            if obj["kind"] == "ClusterQueue" and obj["spec"].get("stopPolicy", "None") == "None":
                self.api.until_object(
                    f"{KUEUE}/clusterqueues/{meta['name']}", lambda one: bool(_condition(one, "Active"))
                )
            if obj["kind"] == "LocalQueue":
                path = f"{KUEUE}/namespaces/{meta['namespace']}/localqueues/{meta['name']}"
                self.api.until_object(path, lambda one: bool(_condition(one, "Active")))

    def create(self, obj: Json) -> None:
        """In the namespace, whatever kind it is."""
        self.plane.apply({**obj, "metadata": {**obj["metadata"], "namespace": self.namespace}})

    def run(self, obj: Json) -> None:
        """Create it and wait until it has its quota."""
        self.create(obj)
        self.decided(obj["metadata"]["name"], lambda one: _holds(one, "QuotaReserved"))

    def decided(self, owner: str, reached: object = None) -> Json:
        """The Workload of an owner once Kueue has said whether it has quota."""

        def said(one: Json) -> bool:
            ours = any(ref["name"] == owner for ref in one["metadata"].get("ownerReferences") or ())
            return ours and (reached(one) if callable(reached) else _condition(one, "QuotaReserved") is not None)

        path = f"{KUEUE}/namespaces/{self.namespace}/workloads"
        found = self.api.until(path, lambda all_: any(map(said, all_.values())), seconds=30)
        return next(one for one in found.values() if said(one))

    def workloads(self) -> list[Json]:
        found: list[Json] = self.api.get(f"{KUEUE}/namespaces/{self.namespace}/workloads").ok()["items"]
        return found

    def outcome(self, owner: str) -> Outcome:
        """What Kueue decides about it."""
        found = self.decided(owner)
        condition = _condition(found, "QuotaReserved") or {}
        message = str(condition.get("message", ""))
        if condition.get("status") == "True":
            given = found["status"]["admission"]["podSetAssignments"]
            flavors = {str(one["name"]): dict(one.get("flavors") or {}) for one in given}
            level = self.level(found["metadata"]["name"])
            return Outcome("FitsBorrowing" if level else "FitsNow", flavors, message, level)
        return Outcome(_answer(message), {}, message)

    def level(self, name: str) -> int:
        """Kueue's own borrow level, from the event of the reservation."""
        path = f"/apis/events.k8s.io/v1/namespaces/{self.namespace}/events"

        def about(event: Json) -> bool:
            return bool(event.get("reason") == "QuotaReserved" and event["regarding"]["name"] == name)

        found = self.api.until(path, lambda all_: any(map(about, all_.values())), seconds=30)
        notes = [str(event.get("note")) for event in found.values() if about(event)]
        return max((int(number) for number in re.findall(r"borrow=(\d+)", notes[-1])), default=0)

    def holding(self) -> set[str]:
        """The owners of Workloads that have quota."""
        return {
            str(one["metadata"]["ownerReferences"][0]["name"])
            for one in self.workloads()
            if _holds(one, "QuotaReserved")
        }

    def new_second(self) -> None:
        """Until the server's clock shows another second than the newest Workload was made in."""
        newest = max(str(one["metadata"]["creationTimestamp"]) for one in self.workloads())
        path, name = f"/api/v1/namespaces/{self.namespace}/configmaps", "clock"
        while True:
            made = self.api.post(path, {"metadata": {"name": name}}).ok()
            self.api.delete(f"{path}/{name}").ok()
            if str(made["metadata"]["creationTimestamp"]) > newest:
                return

    def next_second(self) -> None:
        """Once the server's clock shows another one: times of objects are whole seconds, and who came later counts."""
        path, trial = f"/api/v1/namespaces/{self.namespace}/configmaps", {"metadata": {"name": "clock"}}

        def now() -> str:
            return str(self.api.post(path, trial, {"dryRun": "All"}).ok()["metadata"]["creationTimestamp"])

        before = now()
        while now() == before:
            continue

    def evicted(self) -> set[str]:
        """The owners of Workloads that Kueue has evicted."""
        return {
            str(one["metadata"]["ownerReferences"][0]["name"]) for one in self.workloads() if _holds(one, "Preempted")
        }


def _answer(message: str) -> str:
    """The condition's text as one of simulate's words."""
    for words, answer in (
        ("Pending the preemption", "NeedsPreemption"),
        ("doesn't match ClusterQueue selector", "Misconfigured"),
        ("LimitRange", "Misconfigured"),
        ("doesn't exist", "Misconfigured"),
        ("is inactive", "Misconfigured"),
        ("unavailable in ClusterQueue", "Misconfigured"),
        ("allows to fit only", "Fragmented"),
        ("more needed", "Waits"),
        ("maximum capacity", "Never"),
        ("untolerated taint", "NoMatchingFlavor"),
        ("doesn't match node affinity", "NoMatchingFlavor"),
    ):
        if words in message:
            return answer
    raise AssertionError(f"Kueue said {message!r}")


def _condition(obj: Json, kind: str) -> Json | None:
    return next((one for one in (obj.get("status") or {}).get("conditions") or () if one["type"] == kind), None)


def _holds(obj: Json, kind: str) -> bool:
    found = _condition(obj, kind)
    return found is not None and found["status"] == "True"


def requests(template: Json) -> dict[str, str]:
    """What the containers of a template ask for, as Kueue wrote it into the Workload."""
    found: dict[str, str] = {}
    for container in template["spec"]["containers"]:
        resources = container.get("resources") or {}
        found.update({**(resources.get("limits") or {}), **(resources.get("requests") or {})})
    return found


def text(*objects: Json) -> str:
    """A manifest."""
    return yaml.safe_dump_all(objects)


def pod_sets(workload: Json) -> list[tuple[str, int, str]]:
    """Name, count and GPUs per pod."""
    return [
        (one["name"], one["count"], str(requests(one["template"]).get(GPU, "0"))) for one in workload["spec"]["podSets"]
    ]


def classes(**values: int) -> Iterator[Json]:
    """WorkloadPriorityClasses."""
    for name, value in values.items():
        yield {
            "apiVersion": "kueue.x-k8s.io/v1beta2",
            "kind": "WorkloadPriorityClass",
            "metadata": {"name": name},
            "value": value,
            "description": "",
        }
