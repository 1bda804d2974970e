"""Queues of KAI and Volcano on a real server with their definitions and no Kueue: listed, and told by why."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.api import MERGE, Json
from tests.controlplane.addons import define, documents
from tests.controlplane.namespaces import new_namespace
from tests.controlplane.ours import k8sai
from tests.controlplane.server import ControlPlane
from tests.controlplane.session import ControlPlanes
from tests.queues.simulate_objects import pod_spec
from tests.queues.test_simulate_others import KAI, KAI_TABLE, OVER_LIMIT, VOLCANO, VOLCANO_TABLE, pod_group

pytestmark = pytest.mark.controlplane

FILES = (
    "kai-scheduler/scheduling.run.ai_queues.yaml",
    "kai-scheduler/scheduling.run.ai_podgroups.yaml",
    "volcano/scheduling.volcano.sh_queues.yaml",
)
QUEUES = {"scheduling.run.ai/v2": KAI, "scheduling.volcano.sh/v1beta1": VOLCANO}


@pytest.fixture(scope="module")
def plane(controlplanes: ControlPlanes) -> Iterator[ControlPlane]:
    """One without Kueue."""
    fresh = controlplanes.fresh(audit=False)
    yield fresh
    fresh.stop()


def definitions() -> Iterator[Json]:
    beside = Path(__file__).parents[3] / "shared" / "crds"
    places = [Path(one) for one in os.environ.get("K8SAI_CRDS", "").split(os.pathsep) if one] + [beside]
    for file in FILES:
        found = next((place / file for place in places if (place / file).is_file()), None)
        if found is None:
            pytest.skip(f"no folder has {file}: K8SAI_CRDS can name more")
        yield from documents(found)


def put(plane: ControlPlane, api_version: str, plural: str, obj: Json, namespace: str = "") -> None:
    """The object, then its status, which nobody else writes here."""
    where = f"/apis/{api_version}{f'/namespaces/{namespace}' if namespace else ''}/{plural}"
    made = {**obj, "apiVersion": api_version, "metadata": {"name": obj["metadata"]["name"]}}
    plane.api.post(where, {key: value for key, value in made.items() if key != "status"}).ok()
    path = f"{where}/{obj['metadata']['name']}/status"
    kept = plane.api.patch(path, {"status": obj.get("status") or {}}, MERGE).ok()
    assert (kept.get("status") or {}) == (obj.get("status") or {})


def test_queues_of_others_are_listed_without_kueue(plane: ControlPlane) -> None:
    config = plane.kubeconfig()
    none = k8sai("queue", "list", kubeconfig=config)
    assert (none.code, "has no Kueue" in none.err) == (4, True)
    define(plane, definitions())
    for api_version, objects in QUEUES.items():
        for obj in objects:
            put(plane, api_version, "queues", {"kind": "Queue", **obj})
    namespace = new_namespace(plane.api, "others")
    put(plane, "scheduling.run.ai/v2alpha2", "podgroups", pod_group("big", "team-a", OVER_LIMIT), namespace)
    shown = k8sai("queue", "list", kubeconfig=config)
    assert (shown.code, shown.err) == (0, "")
    group = f"{'PODGROUP':<{len(namespace) + len('/big')}}  KAI QUEUE  REASON     WHY\n"
    group += f"{namespace}/big  team-a     OverLimit  nvidia.com/gpu: asks 8, 12 allocated, limit 16\n"
    one_waits = KAI_TABLE.replace("24        2       120", "24        1       120")
    assert shown.out == f"{one_waits}\n{group}\n{VOLCANO_TABLE}"
    document = k8sai("queue", "list", "-o", "json", kubeconfig=config).document()
    assert [one["name"] for one in document["volcanoQueues"]] == ["research", "root"]
    assert document["kaiPending"][0]["reasons"][0]["limits"] == {"nvidia.com/gpu": "16", "cpu": "-1"}
    assert (document["clusterQueues"], document["complete"]) == ([], True)
    assert why(plane, namespace).startswith(
        "train waits: KAI queue team-a is at its limit: nvidia.com/gpu: asks 8, 12 allocated, limit 16."
    )


def why(plane: ControlPlane, namespace: str) -> str:
    notes = {"pod-group-name": "big"}
    spec = pod_spec(8, schedulerName="kai-scheduler")
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "train", "annotations": notes}, "spec": spec}
    plane.api.post(f"/api/v1/namespaces/{namespace}/pods", pod).ok()
    return k8sai("why", "train", "-n", namespace, kubeconfig=plane.kubeconfig()).out
