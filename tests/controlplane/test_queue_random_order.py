"""The line at a ClusterQueue: ours is the one that Kueue's visibility API tells, ties and all."""

import random
from collections.abc import Callable

import pytest

from k8sai.cluster.connect import connect
from k8sai.cluster.objects import LiveObjects
from k8sai.cluster.options import Options
from k8sai.queues.order import line
from k8sai.queues.setting import read
from tests.contract.api import Api, Json
from tests.controlplane.bulk import create_all
from tests.controlplane.random_queues import CPU, GROUP, pod_set, workload
from tests.controlplane.random_queues_outcome import condition
from tests.controlplane.random_queues_world import KUEUE
from tests.controlplane.random_world import Draw
from tests.controlplane.server import ControlPlane

DRAW = Draw.of(seed=5)
QUEUE, COUNT = "line", 40
_TOLD = f"/apis/visibility.kueue.x-k8s.io/v1beta2/clusterqueues/{QUEUE}/pendingworkloads"


def _waiting(rng: random.Random, number: int) -> Json:
    """Of few priorities, so that age and UID decide; now and then one that stands in no line."""
    made = workload(f"w{number}", rng.choice(("left", "right")), [pod_set("main", 1, {CPU: "1"})], rng.randint(0, 2))
    if rng.random() < 0.1:
        made["metadata"]["annotations"] = {"kueue.x-k8s.io/admission-gated-by": "example.com/gate"}
    if rng.random() < 0.1:
        made["spec"]["active"] = False
    return made


@pytest.fixture
def standing(api: Api, namespace: str, addon: Callable[..., None]) -> str:
    """Forty workloads that wait for cpu that is not there."""
    addon("kueue")
    quota = {"name": QUEUE, "resources": [{"name": CPU, "nominalQuota": "0"}]}
    spec = {"namespaceSelector": {}, "resourceGroups": [{"coveredResources": [CPU], "flavors": [quota]}]}
    of = {"apiVersion": GROUP, "metadata": {"name": QUEUE}}
    create_all(api, f"{KUEUE}/resourceflavors", [{**of, "kind": "ResourceFlavor", "spec": {}}])
    create_all(api, f"{KUEUE}/clusterqueues", [{**of, "kind": "ClusterQueue", "spec": spec}])
    doors = [
        {"apiVersion": GROUP, "kind": "LocalQueue", "metadata": {"name": name}, "spec": {"clusterQueue": QUEUE}}
        for name in ("left", "right")
    ]
    create_all(api, f"{KUEUE}/namespaces/{namespace}/localqueues", doors)
    api.until_object(f"{KUEUE}/clusterqueues/{QUEUE}", lambda one: (condition(one, "Active") or {})["status"] == "True")
    rng = random.Random(DRAW.seed)
    create_all(api, f"{KUEUE}/namespaces/{namespace}/workloads", [_waiting(rng, number) for number in range(COUNT)])
    return namespace


def test_our_line_is_kueues(plane: ControlPlane, api: Api, standing: str) -> None:
    connection = connect(Options(kubeconfig=str(plane.kubeconfig())))
    try:
        ours = [one.name for one in line(read(LiveObjects(connection)), QUEUE)]
    finally:
        connection.close()
    api.until_object(f"{KUEUE}/clusterqueues/{QUEUE}", lambda one: one["status"].get("pendingWorkloads") == len(ours))
    told = [one["metadata"]["name"] for one in api.get(_TOLD).ok()["items"]]
    assert told == ours
    assert COUNT // 2 < len(ours) < COUNT
