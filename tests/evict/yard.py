"""A yard on a running server, the embedded one or a real one: nodes of its own, gangs on them, ranks that answer."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from tests.contract.api import MERGE, Api
from tests.contract.canary_stage import playing
from tests.controlplane.gpu_nodes import NODES, add_nodes, gpu_node
from tests.controlplane.namespaces import new_namespace
from tests.evict.yard_objects import YARD
from tests.evict.yard_player import Played, Player

Json = dict[str, Any]

# kind as kubectl writes it in full -> group and version, whether it has a namespace
KINDS: Final = {
    "pods": ("v1", True),
    "nodes": ("v1", False),
    "deployments.apps": ("apps/v1", True),
    "statefulsets.apps": ("apps/v1", True),
    "jobs.batch": ("batch/v1", True),
    "poddisruptionbudgets.policy": ("policy/v1", True),
    "jobsets.jobset.x-k8s.io": ("jobset.x-k8s.io/v1alpha2", True),
    "trainjobs.trainer.kubeflow.org": ("trainer.kubeflow.org/v1alpha1", True),
    "trainingruntimes.trainer.kubeflow.org": ("trainer.kubeflow.org/v1alpha1", True),
    "leaderworkersets.leaderworkerset.x-k8s.io": ("leaderworkerset.x-k8s.io/v1", True),
    "workloads.kueue.x-k8s.io": ("kueue.x-k8s.io/v1beta2", True),
    "localqueues.kueue.x-k8s.io": ("kueue.x-k8s.io/v1beta2", True),
    "clusterqueues.kueue.x-k8s.io": ("kueue.x-k8s.io/v1beta2", False),
    "resourceflavors.kueue.x-k8s.io": ("kueue.x-k8s.io/v1beta2", False),
}


class Yard:
    """`yard.nodes(4)`, `yard.put(job(…))`, `yard.runs("llm", 2)`; all in a namespace of its own."""

    def __init__(self, api: Api, stem: str = "evict") -> None:
        self.api = api
        self.namespace = new_namespace(api, stem)
        self._made: list[str] = []

    # --- making -------------------------------------------------------------------------------------------------------

    def nodes(self, *names: str, gpus: int = 8) -> list[str]:
        """Nodes that only the yard's pods reach; called `NAMESPACE-name`."""
        taint = {"key": YARD, "value": self.namespace, "effect": "NoSchedule"}
        labels = {YARD: self.namespace}
        wanted = [gpu_node(f"{self.namespace}-{name}", gpus, labels=labels, taints=[taint]) for name in names]
        made = add_nodes(self.api, wanted)
        self._made += [f"{NODES}/{name}" for name in made]
        return made

    def put(self, *objects: Json) -> None:
        for obj in objects:
            kind = f"{obj['kind'].lower()}s"
            path = self.path(next(one for one in KINDS if one.partition(".")[0] == kind))
            self.api.post(path, obj).ok()
            if not path.startswith(f"{self._root(obj['apiVersion'])}/namespaces/"):
                self._made.append(f"{path}/{obj['metadata']['name']}")

    def forget(self) -> None:
        """What would outlive the namespace, and the pods, which would hold it up."""
        for kind in ("leaderworkersets.leaderworkerset.x-k8s.io", "jobs.batch", "deployments.apps", "pods"):
            self.api.delete(self.path(kind), {"gracePeriodSeconds": 0, "propagationPolicy": "Background"})
        for path in reversed(self._made):
            self.api.delete(path)

    def path(self, kind: str, name: str = "") -> str:
        version, namespaced = KINDS[kind]
        place = f"/namespaces/{self.namespace}" if namespaced else ""
        return f"{self._root(version)}{place}/{kind.partition('.')[0]}" + (f"/{name}" if name else "")

    def _root(self, version: str) -> str:
        return f"/apis/{version}" if "/" in version else f"/api/{version}"

    # --- as a stage for ranks -----------------------------------------------------------------------------------------

    def now(self) -> float:
        return time.time()

    def listed(self, kind: str) -> list[Json]:
        answer = self.api.get(self.path(kind))
        found: list[Json] = answer.body["items"] if answer.status == 200 else []  # a kind that is not served
        return found

    def annotate(self, kind: str, obj: Json, values: Mapping[str, str]) -> None:
        meta = obj["metadata"]
        body = {"metadata": {"uid": meta["uid"], "annotations": dict(values)}}
        answer = self.api.patch(self.path(kind, meta["name"]), body, MERGE)
        assert answer.status in (200, 404, 409), answer  # gone, or another of that name

    @contextmanager
    def played(self, **gangs: Played) -> Iterator[Player]:
        """Ranks answer while the block runs."""
        player = Player(self, **gangs)
        with playing(player.turn):
            yield player

    # --- what is there ------------------------------------------------------------------------------------------------

    def get(self, kind: str, name: str) -> Json:
        return self.api.get(self.path(kind, name)).ok()

    def pods_of(self, name: str) -> list[Json]:
        found = self.listed("pods")
        return [
            one for one in found if one["metadata"]["name"].startswith((f"{name}-",)) or one["metadata"]["name"] == name
        ]

    def runs(self, name: str, pods: int, seconds: float = 90) -> dict[str, str]:
        """uid of each pod by its name, once so many of the gang run."""
        found: dict[str, str] = {}

        def reached(every: dict[str, Json]) -> bool:
            mine = [pod for pod in every.values() if pod["metadata"]["name"].startswith(name) and _runs(pod)]
            found.clear()
            found.update({pod["metadata"]["name"]: pod["metadata"]["uid"] for pod in mine})
            return len(mine) == pods

        self.api.until(self.path("pods"), reached, seconds=seconds)
        return found

    def until(self, kind: str, name: str, reached: Callable[[Json], bool], seconds: float = 60) -> Json:
        return self.api.until_object(self.path(kind, name), reached, seconds)

    def cordoned(self) -> set[str]:
        nodes = self.api.get(NODES, {"labelSelector": f"{YARD}={self.namespace}"}).ok()["items"]
        return {one["metadata"]["name"] for one in nodes if one["spec"].get("unschedulable")}

    def where(self, name: str) -> set[str]:
        """The nodes of a gang's pods."""
        return {str(pod["spec"].get("nodeName", "")) for pod in self.pods_of(name)}


@contextmanager
def yard_on(api: Api, stem: str = "evict") -> Iterator[Yard]:
    """A yard that is gone when the block ends."""
    made = Yard(api, stem)
    try:
        yield made
    finally:
        made.forget()


def _runs(pod: Json) -> bool:
    return pod.get("status", {}).get("phase") == "Running" and "deletionTimestamp" not in pod["metadata"]
