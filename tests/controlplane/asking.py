"""Asking `why` of a real cluster: nodes and pods of one test that meet no others, and the answer in this process."""

import time
from collections.abc import Callable
from typing import Any

from k8sai.cluster.connect import connect
from k8sai.cluster.live import read_once
from k8sai.cluster.objects import LiveObjects
from k8sai.cluster.options import Options
from k8sai.cluster.reading import condition
from k8sai.cluster.tee import Tee
from k8sai.fleet.index import Fleet
from k8sai.scheduling.board import Board
from k8sai.why.answer import explain
from k8sai.why.kinds import asked
from k8sai.why.scene import Scene
from k8sai.why.verdict import Why
from tests.contract.api import Api, Json
from tests.controlplane.gpu_nodes import NODES, add_nodes, gpu_node
from tests.controlplane.gpu_pods import container, gpu_pod, pods_path
from tests.controlplane.server import ControlPlane

JOBS = "/apis/batch/v1/namespaces/{ns}/jobs"
_PATIENCE = 60.0  # seconds by which an answer is asked later than it is: silence must have lasted


def job(name: str = "train", gpus: int = 1, **spec: Any) -> Json:
    of = {"restartPolicy": "Never", "containers": [container(gpus=gpus)], **spec.pop("of", {})}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": name, **spec.pop("meta", {})},
        "spec": {"template": {"spec": of}, **spec},
    }


class Case:
    """One namespace, and nodes that only its pods select."""

    def __init__(self, plane: ControlPlane, namespace: str) -> None:
        self.plane, self.namespace = plane, namespace
        self.api: Api = plane.api
        self.mine = {"case": namespace}

    def node(
        self, name: str, gpus: int = 8, *, amounts: Json | None = None, allocatable: Json | None = None, **more: Any
    ) -> str:
        """A node of the case; `amounts` and `allocatable` replace some of its own. Its full name."""
        made = gpu_node(f"{self.namespace}-{name}", gpus, labels={**self.mine, **more.pop("labels", {})}, **more)
        status = made["status"]
        status["allocatable"] = {**status["allocatable"], **(amounts or {}), **(allocatable or {})}
        status["capacity"] = {**status["capacity"], **(amounts or {})}
        return add_nodes(self.api, [made])[0]

    def cordon(self, node: str) -> None:
        """As kubectl does; returns when the scheduler's taint is there too."""
        self.api.patch(f"{NODES}/{node}", {"spec": {"unschedulable": True}}).ok()
        self.api.until_object(
            f"{NODES}/{node}", lambda n: any("unschedulable" in t["key"] for t in n["spec"].get("taints", []))
        )

    def pod(self, name: str, gpus: int = 0, *, anywhere: bool = False, **spec: Any) -> Json:
        """Create a pod that goes to nodes of the case."""
        selector = {} if anywhere else {"nodeSelector": {**self.mine, **spec.pop("nodeSelector", {})}}
        return self.put(pods_path(self.namespace), gpu_pod(name, gpus, **selector, **spec))

    def put(self, path: str, obj: Json) -> Json:
        """Create any object; a path that starts with `/namespaces` is completed."""
        return self.api.post(path.replace("{ns}", self.namespace), obj).ok()

    def until(self, name: str, reached: Callable[[Json], bool]) -> Json:
        """The pod, once it is so."""
        return self.api.until_object(f"{pods_path(self.namespace)}/{name}", reached, seconds=60)

    def refused(self, name: str) -> Json:
        """The pod, once the scheduler has said no."""
        return self.until(name, lambda pod: (condition(pod, "PodScheduled") or {}).get("status") == "False")

    def runs(self, name: str) -> Json:
        return self.until(name, lambda pod: pod["status"].get("phase") == "Running")

    def told(self, name: str, reason: str) -> None:
        """Wait until somebody has said this about an object."""
        self.api.until(
            f"/api/v1/namespaces/{self.namespace}/events",
            lambda events: any(e["reason"] == reason and e["involvedObject"]["name"] == name for e in events.values()),
            seconds=60,
        )

    def why(self, what: str, user: str = "admin") -> Why:
        """The answer as of a minute from now."""
        connection = connect(Options(kubeconfig=str(self.plane.kubeconfig(user)), namespace=self.namespace))
        fleet, board = Fleet(), Board()
        sources = read_once(connection, Tee(fleet, board))
        scene = Scene(board, fleet, LiveObjects(connection), sources, time.time() + _PATIENCE)
        kind, name = asked((what,))
        return explain(scene, kind, self.namespace, name)
