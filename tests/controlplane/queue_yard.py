"""Two queues of a test's own on a real Kueue, jobs whose pods run, and what the audit log says that we wrote."""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from k8sai.ages import epoch
from k8sai.queues.acting.stopping import MOVING
from tests.contract.api import Json
from tests.controlplane.gpu_nodes import GPU, add_nodes, gpu_node
from tests.controlplane.gpu_pods import container, pods_path
from tests.controlplane.namespaces import new_namespace
from tests.controlplane.ours import Ended, k8sai
from tests.controlplane.server import ControlPlane

KUEUE = "/apis/kueue.x-k8s.io/v1beta2"
QUEUE = "kueue.x-k8s.io/queue-name"
_REVIEWS = ("selfsubjectaccessreviews", "selfsubjectreviews")


class Yard:
    """`one` and `two` are LocalQueues, each with a ClusterQueue of 2 GPUs called so with the namespace before it."""

    def __init__(self, plane: ControlPlane) -> None:
        self.plane, self.api = plane, plane.api
        self.namespace = new_namespace(self.api, "move")
        self.mine = {"yard": self.namespace}
        only = {"key": "yard", "value": self.namespace, "effect": "NoSchedule"}  # pods of other tests wait for any node
        add_nodes(self.api, [gpu_node(f"{self.namespace}-node", 8, labels=self.mine, taints=[only])])
        self.make("ResourceFlavor", self.namespace, spec={"nodeLabels": self.mine})
        for name in ("one", "two"):
            self.cluster_queue(name)
            self.local_queue(name, self.cq(name))

    # --- queues -------------------------------------------------------------------------------------------------------

    def make(self, kind: str, name: str, where: str = "", **fields: Any) -> None:
        """An object of Kueue's."""
        plural = f"{kind.lower()}es" if kind.endswith("s") else f"{kind.lower()}s"
        obj = {"apiVersion": "kueue.x-k8s.io/v1beta2", "kind": kind, "metadata": {"name": name}, **fields}
        self.api.post(f"{KUEUE}/{where}{plural}", obj).ok()

    def cq(self, name: str) -> str:
        return f"{self.namespace}-{name}"

    def cluster_queue(self, name: str, **spec: Any) -> None:
        """Returns when Kueue says that it is active."""
        quotas = [{"name": GPU, "nominalQuota": "2"}, {"name": "cpu", "nominalQuota": "100"}]
        group = {"coveredResources": [GPU, "cpu"], "flavors": [{"name": self.namespace, "resources": quotas}]}
        body = {"namespaceSelector": {}, "resourceGroups": [group], **spec}
        self.make("ClusterQueue", self.cq(name), spec=body)
        self.api.until_object(f"{KUEUE}/clusterqueues/{self.cq(name)}", lambda one: holds(one, "Active"))

    def local_queue(self, name: str, cluster_queue: str) -> None:
        root = f"{KUEUE}/namespaces/{self.namespace}/localqueues"
        self.make("LocalQueue", name, f"namespaces/{self.namespace}/", spec={"clusterQueue": cluster_queue})
        self.api.until_object(f"{root}/{name}", lambda one: bool(one.get("status", {}).get("conditions")))

    def checked(self) -> None:
        """A queue `checked` whose jobs are reserved and wait for a check that nobody makes."""
        name, root = self.cq("check"), f"{KUEUE}/admissionchecks"
        self.make("AdmissionCheck", name, spec={"controllerName": "example.com/nobody"})
        now = {
            "type": "Active",
            "status": "True",
            "reason": "Test",
            "message": "",
            "lastTransitionTime": "2026-01-01T00:00:00Z",
        }
        self.api.patch(f"{root}/{name}/status", {"status": {"conditions": [now]}}).ok()
        self.cluster_queue("checked", admissionChecksStrategy={"admissionChecks": [{"name": name}]})
        self.local_queue("checked", self.cq("checked"))

    def queue(self, kind: str, name: str) -> Json:
        """`clusterqueues` by their short name, `localqueues`."""
        if kind == "clusterqueues":
            return self.api.get(f"{KUEUE}/{kind}/{self.cq(name)}").ok()
        return self.api.get(f"{KUEUE}/namespaces/{self.namespace}/{kind}/{name}").ok()

    # --- jobs ---------------------------------------------------------------------------------------------------------

    def pod_spec(self, gpus: int) -> Json:
        mine = {"nodeSelector": self.mine, "tolerations": [{"key": "yard", "value": self.namespace}]}
        return {"restartPolicy": "Never", **mine, "containers": [container(gpus=gpus)]}

    def job(self, name: str, queue: str = "one", gpus: int = 2, kind: str = "Job", **labels: str) -> str:
        """A Job or a JobSet of one pod; `Kind/name` is what the other methods take. Returns when Kueue knows it."""
        meta = {"name": name, "labels": {QUEUE: queue, **labels}}
        spec: Json = {"suspend": True, "template": {"spec": self.pod_spec(gpus)}}
        if kind == "JobSet":
            inner = {"name": "main", "replicas": 1, "template": {"spec": {"template": {"spec": self.pod_spec(gpus)}}}}
            spec = {"suspend": True, "replicatedJobs": [inner]}
        version = {"Job": "batch/v1", "JobSet": "jobset.x-k8s.io/v1alpha2"}[kind]
        self.api.post(self.path(kind), {"apiVersion": version, "kind": kind, "metadata": meta, "spec": spec}).ok()
        said = f"{kind}/{name}"
        self.until(said, lambda one: bool(one.get("status", {}).get("conditions")))
        return said

    def path(self, kind: str, name: str = "") -> str:
        roots = {"Job": "/apis/batch/v1", "JobSet": "/apis/jobset.x-k8s.io/v1alpha2"}
        return f"{roots[kind]}/namespaces/{self.namespace}/{kind.lower()}s" + (f"/{name}" if name else "")

    def owner(self, job: str) -> Json:
        return self.api.get(self.path(*job.split("/"))).ok()

    @property
    def workloads(self) -> str:
        return f"{KUEUE}/namespaces/{self.namespace}/workloads"

    def until(self, job: str, reached: Callable[[Json], bool]) -> Json:
        """The Workload of a job, once it is so."""
        found = self.api.until(
            self.workloads, lambda all_: any(owned(o, job) and reached(o) for o in all_.values()), seconds=60
        )
        return next(one for one in found.values() if owned(one, job))

    def workload(self, job: str) -> Json:
        return self.until(job, lambda _: True)

    def waits(self, job: str) -> Json:
        """Kueue has said that there is no quota for it."""
        return self.until(job, lambda one: holds(one, "QuotaReserved", "False"))

    def runs(self, job: str) -> Json:
        """Its pod runs."""
        self.until(job, lambda one: holds(one, "Admitted"))
        name = job.split("/")[1]
        self.api.until(
            pods_path(self.namespace),
            lambda pods: any(
                pod["metadata"]["name"].startswith(f"{name}-") and pod["status"].get("phase") == "Running"
                for pod in pods.values()
            ),
            seconds=60,
        )
        return self.workload(job)

    def pods(self) -> dict[str, tuple[str, str]]:
        """Phase and uid of each, by name."""
        found = self.api.get(pods_path(self.namespace)).ok()["items"]
        return {one["metadata"]["name"]: (one["status"].get("phase", ""), one["metadata"]["uid"]) for one in found}

    def later(self, job: str) -> None:
        """Whatever is created from now on is younger than the job: ages are told in whole seconds."""
        created = epoch(self.workload(job)["metadata"]["creationTimestamp"])
        while time.time() < created + 1:
            time.sleep(0.05)

    def standing(self, job: str) -> tuple[str, str, bool, bool]:
        """The job's label, the Workload's queue, whether it is active, whether it is marked as moving."""
        workload = self.workload(job)
        marked = MOVING in workload["metadata"].get("annotations", {})
        label = self.owner(job)["metadata"]["labels"][QUEUE]
        return label, workload["spec"]["queueName"], workload["spec"].get("active", True), marked

    # --- ours ---------------------------------------------------------------------------------------------------------

    def __call__(self, *words: str) -> Ended:
        return k8sai("queue", *words, "-n", self.namespace, kubeconfig=self.plane.kubeconfig())

    def written(self, *words: str) -> tuple[Ended, list[str]]:
        """How it ended, and every write that we tried meanwhile by the audit log: `patch jobs`, or `patch jobs 409`
        where it was refused. Reviews are none.
        """
        log = self.plane.folder / "audit.log"
        start = log.stat().st_size
        ended = self(*words)
        self.api.get("/api/v1/namespaces", {"labelSelector": f"after={start}"}).ok()  # what comes after it in the log
        self.plane.processes.wait("audit", lambda: f"after%3D{start}" in _since(log, start))
        return ended, [said for line in _since(log, start).splitlines() if (said := _ours(line))]


def _since(log: Path, start: int) -> str:
    with log.open("rb") as file:
        file.seek(start)
        return file.read().decode(errors="replace")


def _ours(line: str) -> str:
    """A write by our program, in two words; "" for everything else."""
    try:
        entry = json.loads(line)
    except ValueError:  # the last line may be cut
        return ""
    resource = entry.get("objectRef", {}).get("resource", "")
    reads = entry["verb"] in ("get", "list", "watch") or resource in _REVIEWS
    code = entry.get("responseStatus", {}).get("code", 0)
    said = f"{entry['verb']} {resource}" + (f" {code}" if code >= 300 else "")
    return "" if reads or not entry.get("userAgent", "").startswith("k8sai/") else said


def accepted(writes: list[str]) -> list[str]:
    """Without those that came too late and were tried again."""
    return [one for one in writes if not one.endswith(" 409")]


def holds(obj: Json, kind: str, status: str = "True") -> bool:
    """A condition has this status."""
    conditions = obj.get("status", {}).get("conditions", [])
    return any((one["type"], one["status"]) == (kind, status) for one in conditions)


def owned(workload: Json, job: str) -> bool:
    kind, name = job.split("/")
    return any((one["kind"], one["name"]) == (kind, name) for one in workload["metadata"].get("ownerReferences", []))
