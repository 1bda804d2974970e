"""A store with all controllers and a clock moved by hand: no loop, no threads, no waiting."""

from typing import Any

from k8sai.sim import kinds
from k8sai.sim.clock import HandClock
from k8sai.sim.controllers.crew import Crew
from k8sai.sim.controllers.desk import Desk
from k8sai.sim.controllers.work import Work
from k8sai.sim.founding import founded

Obj = dict[str, Any]
GPU = "nvidia.com/gpu"


class Lab:
    """`lab.create(…)`, `lab.run(seconds)`, `lab.get(…)`."""

    def __init__(self) -> None:
        self.clock = HandClock()
        self.work = Work()
        self.store = founded(now=self.clock.now)
        self.desk = Desk(self.store, self.clock, self.work)
        self.crew = Crew(self.desk)

    def run(self, seconds: float = 3.0) -> None:
        """Let the controllers work, then time pass (three seconds start and stop an ordinary pod)."""
        self.clock.advance(seconds, self.work.drain)

    def settle(self) -> None:
        """Let the controllers work without time passing."""
        self.work.drain()

    def create(self, plural: str, obj: Obj) -> Obj:
        group = obj.get("apiVersion", "v1").rpartition("/")[0]
        return self.store.create(kinds.find(group, plural), obj)

    def update(self, plural: str, obj: Obj, group: str = "") -> Obj:
        return self.store.update(kinds.find(group, plural), obj)

    def delete(self, plural: str, name: str, group: str = "", namespace: str = "default") -> None:
        self.store.delete(kinds.find(group, plural), namespace, name)

    def get(self, plural: str, name: str, group: str = "", namespace: str = "default") -> Obj:
        return self.store.get(kinds.find(group, plural), namespace, name)

    def find(self, plural: str, name: str, group: str = "", namespace: str = "default") -> Obj | None:
        return self.store.find(kinds.find(group, plural), namespace, name)

    def all(self, plural: str, group: str = "") -> list[Obj]:
        return list(self.store.list(kinds.find(group, plural)))

    def node(self, name: str, gpus: int = 8, **more: Any) -> Obj:
        """A ready node; keyword arguments: labels, taints, resources, unschedulable, annotations."""
        capacity = {"cpu": "64", "memory": "512Gi", "pods": "110"} | ({GPU: str(gpus)} if gpus else {})
        capacity |= more.get("resources", {})
        labels = {"kubernetes.io/hostname": name, **more.get("labels", {})}
        spec: Obj = {"taints": more["taints"]} if "taints" in more else {}
        if more.get("unschedulable"):
            spec["unschedulable"] = True
        return self.create(
            "nodes",
            {
                "metadata": {"name": name, "labels": labels, "annotations": more.get("annotations", {})},
                "spec": spec,
                "status": {"capacity": capacity, "allocatable": capacity},
            },
        )

    def pod(self, name: str, gpus: int = 0, **more: Any) -> Obj:
        return self.create("pods", pod(name, gpus, **more))

    def node_of(self, name: str) -> str:
        found: str = self.get("pods", name)["spec"].get("nodeName", "")
        return found

    def phase(self, name: str) -> str:
        found: str = self.get("pods", name)["status"]["phase"]
        return found

    def said(self, name: str, reason: str) -> list[str]:
        """The messages of the events about an object, with this reason."""
        return [
            e["message"] for e in self.all("events") if e["involvedObject"]["name"] == name and e["reason"] == reason
        ]

    def unscheduled(self, name: str) -> tuple[str, str]:
        """(reason, message) of PodScheduled=False, or two empty texts where nothing is said."""
        for found in self.get("pods", name)["status"].get("conditions", []):
            if found["type"] == "PodScheduled" and found["status"] == "False":
                return found["reason"], found["message"]
        return "", ""


def pod(name: str, gpus: int = 0, **more: Any) -> Obj:
    """A pod; keyword arguments go into the spec, but for resources, labels and annotations."""
    amounts = {GPU: str(gpus)} if gpus else {}
    amounts |= more.pop("resources", {})
    meta = {"name": name, "labels": more.pop("labels", {}), "annotations": more.pop("annotations", {})}
    resources: Obj = {"limits": amounts} if amounts else {}
    claims = more.get("resourceClaims")
    if claims:
        resources["claims"] = [{"name": c["name"]} for c in claims]
    spec = {"containers": [{"name": "main", "image": "example.com/run:1", "resources": resources}], **more}
    return {"metadata": meta, "spec": spec}


def sim_annotations(**values: str) -> dict[str, str]:
    """`run_for="5s"` as the annotation the kubelet reads."""
    return {f"sim.k8sai.dev/{key.replace('_', '-')}": value for key, value in values.items()}


def conditions(obj: Obj) -> dict[str, str]:
    """type -> status."""
    return {c["type"]: c["status"] for c in obj["status"].get("conditions", [])}
