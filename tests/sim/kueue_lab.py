"""Queues and jobs in a lab: Kueue with a clock moved by hand."""

from typing import Any

from k8sai.sim.controllers.kueue_book import WORKLOADS
from tests.sim.lab import GPU, Lab, Obj, conditions, sim_annotations

KUEUE = "kueue.x-k8s.io"
_API = f"{KUEUE}/v1beta2"


class KueueLab(Lab):
    """`lab.queue("a", 8)` is a ClusterQueue and a LocalQueue; `lab.job("train", "a", 4)` a job in it."""

    def __init__(self, nodes: int = 4) -> None:
        super().__init__()
        for number in range(nodes):
            self.node(f"n{number}")
        self.create("resourceflavors", {"apiVersion": _API, "metadata": {"name": "f"}, "spec": {}})

    def queue(self, name: str, gpus: int, cohort: str = "", **more: Any) -> None:
        limits = more.pop("limits", {})
        quotas = [{"name": "cpu", "nominalQuota": "1k"}, {"name": GPU, "nominalQuota": str(gpus), **limits}]
        group = {"coveredResources": ["cpu", GPU], "flavors": [{"name": "f", "resources": quotas}]}
        spec: Obj = {"namespaceSelector": {}, "resourceGroups": [group], **more}
        if cohort:
            spec["cohortName"] = cohort
        self.create("clusterqueues", {"apiVersion": _API, "metadata": {"name": name}, "spec": spec})
        self.create("localqueues", {"apiVersion": _API, "metadata": {"name": name}, "spec": {"clusterQueue": name}})

    def priority(self, name: str, value: int) -> None:
        self.create("workloadpriorityclasses", {"apiVersion": _API, "metadata": {"name": name}, "value": value})

    def job(self, name: str, queue: str, gpus: int, priority: str = "", **annotations: str) -> Obj:
        labels = {f"{KUEUE}/queue-name": queue} | ({f"{KUEUE}/priority-class": priority} if priority else {})
        resources = {"requests": {"cpu": "1", GPU: str(gpus)}, "limits": {GPU: str(gpus)}}
        container = {"name": "main", "image": "example.com/run:1", "resources": resources}
        template = {
            "metadata": {"annotations": sim_annotations(**annotations)},
            "spec": {"restartPolicy": "Never", "containers": [container]},
        }
        body = {"apiVersion": "batch/v1", "metadata": {"name": name, "labels": labels}, "spec": {"template": template}}
        return self.create("jobs", body)

    def change(self, plural: str, name: str, **spec: Any) -> None:
        found = self.find(plural, name, KUEUE) or self.get(plural, name, KUEUE, "")
        self.update(plural, {**found, "spec": {**found["spec"], **spec}}, KUEUE)

    def workload(self, job: str) -> Obj:
        """The Workload of a job."""
        return next(one for one in self.store.list(WORKLOADS) if one["metadata"]["ownerReferences"][0]["name"] == job)

    def admitted(self) -> set[str]:
        """The jobs that are admitted and not finished."""
        found = set()
        for one in self.store.list(WORKLOADS):
            said = conditions(one) if "status" in one else {}
            if said.get("Admitted") == "True" and said.get("Finished") != "True":
                found.add(one["metadata"]["ownerReferences"][0]["name"])
        return found

    def why(self, job: str) -> str:
        """What it is told of its quota; "" where nothing."""
        found = (self.workload(job).get("status") or {}).get("conditions") or ()
        return next((str(one["message"]) for one in found if one["type"] == "QuotaReserved"), "")
