"""simulate makes of an object the pod sets that the real Kueue makes of it."""

from pathlib import Path

import pytest

from tests.contract.api import Json
from tests.controlplane.queue_cases import KUEUE, QUEUE, Place, job, pod_sets
from tests.controlplane.queue_simulated import labelled, simulated, template
from tests.controlplane.server import ControlPlane
from tests.queues.simulate_objects import GPU, cluster_queue, local_queue, pod_spec

pytestmark = pytest.mark.controlplane


def always(gpus: int) -> Json:
    return {"metadata": {"labels": {"app": "asked"}}, "spec": {**pod_spec(gpus), "restartPolicy": "Always"}}


MADE = [
    job("asked", 2, pods=3),
    {**job("asked", 2, pods=8), "spec": {**job("asked", 2)["spec"], "parallelism": 8, "completions": 5}},
    labelled(
        "jobset.x-k8s.io/v1alpha2",
        "JobSet",
        replicatedJobs=[
            {"name": "driver", "replicas": 1, "template": {"spec": {"template": template(0)}}},
            {
                "name": "worker",
                "replicas": 2,
                "template": {"spec": {"parallelism": 4, "completions": 4, "template": template(8)}},
            },
        ],
    ),
    labelled(
        "leaderworkerset.x-k8s.io/v1",
        "LeaderWorkerSet",
        replicas=2,
        leaderWorkerTemplate={"size": 3, "leaderTemplate": template(1), "workerTemplate": template(4)},
    ),
    labelled(
        "leaderworkerset.x-k8s.io/v1",
        "LeaderWorkerSet",
        replicas=1,
        leaderWorkerTemplate={"size": 2, "workerTemplate": template(4)},
    ),
    labelled("apps/v1", "StatefulSet", replicas=3, selector={"matchLabels": {"app": "asked"}}, template=always(1)),
    labelled("apps/v1", "Deployment", replicas=2, selector={"matchLabels": {"app": "asked"}}, template=always(1)),
    {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "asked", "labels": {QUEUE: "main"}}, "spec": pod_spec(2)},
    labelled(
        "trainer.kubeflow.org/v1alpha1",
        "TrainJob",
        runtimeRef={"name": "torch-distributed"},
        trainer={"numNodes": 3, "resourcesPerNode": {"requests": {GPU: "4"}, "limits": {GPU: "4"}}},
    ),
]


@pytest.mark.parametrize("number", range(len(MADE)), ids=[f"{n}-{one['kind']}" for n, one in enumerate(MADE)])
def test_pod_sets_are_those_kueue_makes(simulate_plane: ControlPlane, tmp_path: Path, number: int) -> None:
    obj, place = MADE[number], Place(simulate_plane, "simulate-sets")
    queue = f"simulate-sets-{number}"
    place.put(cluster_queue(queue, 1), local_queue(place.namespace, queue))
    ours = simulated(place, obj, tmp_path)["workloads"]
    place.create(obj)
    path = f"{KUEUE}/namespaces/{place.namespace}/workloads"
    theirs = place.api.until(path, lambda found: len(found) >= len(ours), seconds=60)
    assert len(theirs) == len(ours)
    expected = sorted(map(pod_sets, theirs.values()))
    shown = sorted(
        [(one["name"], one["count"], str(one["requests"].get(GPU, 0))) for one in each["podSets"]] for each in ours
    )
    if obj["kind"] in ("Pod", "Deployment"):  # each has one pod set of one pod, whose name is nobody's concern
        assert [len(one) for one in expected] == [len(one) for one in shown]
    assert shown == expected
