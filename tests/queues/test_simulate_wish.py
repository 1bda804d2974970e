"""Manifests as the Workloads Kueue makes of them: names and counts of pod sets, queue, priority, LimitRanges."""

from dataclasses import replace
from typing import Any

import pytest
import yaml

from k8sai.errors import NotFound, Usage
from k8sai.queues.setting import Setting
from k8sai.queues.simulating.wish import Surroundings, Wanted, Wish
from k8sai.queues.simulating.wish_file import namespaces, of_manifest
from k8sai.queues.simulating.wish_gpus import resource_of
from k8sai.queues.simulating.wish_templates import Limits, completed
from tests.queues.simulate_objects import GPU, cluster_queue, local_queue, made, pod_spec, setting

Json = dict[str, Any]
QUEUE = "kueue.x-k8s.io/queue-name"
HERE = setting([local_queue("ml", "q"), cluster_queue("q", 8)])


def template(gpus: int, **meta: Any) -> Json:
    return {"metadata": meta, "spec": pod_spec(gpus)}


def obj(kind: str, *, labels: Json | None = None, annotations: Json | None = None, **spec: Any) -> Json:
    meta = {"name": "asked", "labels": labels or {}, "annotations": annotations or {}}
    return {"apiVersion": "x/v1", "kind": kind, "metadata": meta, "spec": spec}


def read(*objects: Json, around: Surroundings | None = None, here: Setting = HERE, **wanted: str) -> tuple[Wish, ...]:
    return of_manifest(objects, Wanted("ml", **wanted), here, around or Surroundings(), "f.yaml")


def sets(*objects: Json, around: Surroundings | None = None) -> list[list[tuple[str, int, int]]]:
    found = read(*objects, around=around)
    return [[(one.name, one.count, one.requests.get(GPU, 0)) for one in each.workload.pod_sets] for each in found]


RAY: Json = {
    "headGroupSpec": {"template": template(0)},
    "workerGroupSpecs": [
        {"groupName": "Small", "replicas": 2, "template": template(1)},
        {"groupName": "large", "numOfHosts": 2, "template": template(4)},
    ],
}
RUNTIME: Json = {
    "kind": "ClusterTrainingRuntime",
    "metadata": {"name": "torch"},
    "spec": {
        "mlPolicy": {"numNodes": 2},
        "template": {
            "spec": {
                "replicatedJobs": [
                    {"name": "dataset-initializer", "template": {"spec": {"template": template(0)}}},
                    {
                        "name": "node",
                        "template": {
                            "metadata": {"labels": {"trainer.kubeflow.org/trainjob-ancestor-step": "trainer"}},
                            "spec": {"template": template(1)},
                        },
                    },
                ]
            }
        },
    },
}


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (obj("Job", parallelism=4, completions=3, template=template(2)), [[("main", 3, 2)]]),
        (obj("CronJob", jobTemplate={"spec": {"parallelism": 2, "template": template(1)}}), [[("main", 2, 1)]]),
        (
            obj(
                "JobSet",
                replicatedJobs=[
                    {"name": "driver", "template": {"spec": {"template": template(0)}}},
                    {
                        "name": "worker",
                        "replicas": 2,
                        "template": {"spec": {"parallelism": 3, "template": template(8)}},
                    },
                ],
            ),
            [[("driver", 1, 0), ("worker", 6, 8)]],
        ),
        (
            obj("LeaderWorkerSet", replicas=2, leaderWorkerTemplate={"size": 3, "workerTemplate": template(4)}),
            [[("main", 3, 4)], [("main", 3, 4)]],
        ),
        (
            obj(
                "LeaderWorkerSet",
                leaderWorkerTemplate={"size": 3, "leaderTemplate": template(1), "workerTemplate": template(4)},
            ),
            [[("leader", 1, 1), ("worker", 2, 4)]],
        ),
        (obj("StatefulSet", replicas=3, template=template(1)), [[("main", 3, 1)]]),
        (obj("Deployment", replicas=2, template=template(1)), [[("main", 1, 1)], [("main", 1, 1)]]),
        ({**obj("Pod"), "spec": pod_spec(2)}, [[("main", 1, 2)]]),
        (obj("RayCluster", **RAY), [[("head", 1, 0), ("small", 2, 1), ("large", 2, 4)]]),
        (obj("RayJob", rayClusterSpec=RAY), [[("head", 1, 0), ("small", 2, 1), ("large", 2, 4), ("submitter", 1, 0)]]),
        (
            obj("RayJob", rayClusterSpec=RAY, submissionMode="HTTPMode"),
            [[("head", 1, 0), ("small", 2, 1), ("large", 2, 4)]],
        ),
        (
            obj(
                "PyTorchJob",
                pytorchReplicaSpecs={
                    "Worker": {"replicas": 3, "template": template(8)},
                    "Master": {"template": template(8)},
                },
            ),
            [[("master", 1, 8), ("worker", 3, 8)]],
        ),
        (
            obj(
                "MPIJob",
                mpiReplicaSpecs={
                    "Worker": {"replicas": 2, "template": template(4)},
                    "Launcher": {"template": template(0)},
                },
            ),
            [[("launcher", 1, 0), ("worker", 2, 4)]],
        ),
    ],
    ids=lambda value: value.get("kind") if isinstance(value, dict) else None,
)
def test_pod_sets_by_kind(asked: Json, expected: list[list[tuple[str, int, int]]]) -> None:
    assert sets(asked) == expected


def test_a_trainjob_has_the_jobs_of_its_runtime() -> None:
    trainer = {"numNodes": 3, "resourcesPerNode": {"limits": {GPU: 8}}}
    asked = obj("TrainJob", runtimeRef={"name": "torch"}, trainer=trainer)
    expected = [[("dataset-initializer", 1, 0), ("node", 3, 8)]]
    assert sets(RUNTIME, asked) == expected
    assert (
        sets(asked, around=Surroundings(runtime=lambda kind, _, name: RUNTIME if name == "torch" else None)) == expected
    )
    (unknown,) = read(asked)
    assert [(one.name, one.count) for one in unknown.workload.pod_sets] == [("node", 3)]
    assert "runtime torch of TrainJob asked is unknown" in unknown.remarks[0]


def test_pods_of_one_group_are_one_workload() -> None:
    labels = {"kueue.x-k8s.io/pod-group-name": "gang", QUEUE: "main"}
    pods = [
        {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "labels": labels}, "spec": pod_spec(gpus)}
        for name, gpus in (("a", 1), ("b", 4), ("c", 4))
    ]
    assert sets(*pods) == [[("a", 1, 1), ("b", 2, 4)]]


def test_topology_and_the_least_parallelism_come_from_annotations() -> None:
    notes = {"kueue.x-k8s.io/podset-required-topology": "rack", "kueue.x-k8s.io/podset-slice-size": "2"}
    notes["kueue.x-k8s.io/podset-slice-required-topology"] = "host"
    asked = obj(
        "Job",
        annotations={"kueue.x-k8s.io/job-min-parallelism": "2"},
        parallelism=4,
        template=template(1, annotations=notes),
    )
    (one,) = read(asked)[0].workload.pod_sets
    assert one.min_count == 2
    assert one.topology is not None
    assert (one.topology.mode, one.topology.level, one.topology.slice_level, one.topology.slice_size) == (
        "required",
        "rack",
        "host",
        2,
    )
    assert read(asked)[0].remarks == ()


def test_what_is_beside_the_pods_is_no_workload() -> None:
    service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "s"}, "spec": {"ports": []}}
    assert sets(service, obj("Job", template=template(1))) == [[("main", 1, 1)]]
    with pytest.raises(Usage, match=r"f.yaml holds no pods"):
        read(service)


def test_a_kind_kueue_does_not_know_is_said() -> None:
    (one,) = read(obj("Rollout", replicas=2, template=template(1)))
    assert [(each.name, each.count) for each in one.workload.pod_sets] == [("asked", 2)]
    assert one.remarks == ("Kueue knows no Rollout by itself: every pod template in it is taken as a pod set",)


@pytest.mark.parametrize(
    "asked",
    [obj("JobSet", replicatedJobs=[{"name": "x"}]), obj("Job", parallelism="four", template=template(1)), obj("Job")],
)
def test_what_is_no_such_object_is_refused(asked: Json) -> None:
    with pytest.raises(Usage, match=r"f.yaml: .* is not what a"):
        read(asked)


# --- queue and priority -----------------------------------------------------------------------------------------------


def test_the_queue_is_the_flag_then_the_label_then_the_default() -> None:
    asked = obj("Job", labels={QUEUE: "main"}, template=template(1))
    assert read(asked)[0].queue == "main"
    assert read(asked, queue="other")[0].queue == "other"
    bare = obj("Job", template=template(1))
    assert read(bare)[0].queue == ""
    default = setting([local_queue("ml", "q", "default"), cluster_queue("q", 8)])
    assert read(bare, here=default)[0].queue == "default"


def test_priority_is_kueues_class_then_the_pods_then_the_clusters() -> None:
    here = replace(HERE, classes=setting([{**made("WorkloadPriorityClass", "gold", {}), "value": 7}]).classes)
    around = Surroundings({"pods": 5}, default_priority=1)
    labelled = obj(
        "Job",
        labels={"kueue.x-k8s.io/priority-class": "gold"},
        template={"spec": pod_spec(1, priorityClassName="pods")},
    )
    bare = obj("Job", template=template(1))
    named = obj("Job", template={"spec": pod_spec(1, priorityClassName="pods")})
    found = [read(one, here=here, around=around)[0].workload for one in (labelled, named, bare)]
    assert [(one.priority, one.priority_class) for one in found] == [(7, "gold"), (5, "pods"), (1, "")]
    assert read(bare, here=here, around=around, priority_class="gold")[0].workload.priority == 7
    with pytest.raises(NotFound) as told:
        read(bare, here=here, around=around, priority_class="gald")
    assert (told.value.message, told.value.hint) == ("there is no priority class gald", "did you mean gold?")


def test_a_namespace_of_the_object_counts() -> None:
    asked = {**obj("Job", template=template(1)), "metadata": {"name": "asked", "namespace": "other"}}
    assert read(asked)[0].workload.namespace == "other"
    assert namespaces([asked, obj("Job")], "ml") == ("other", "ml")


def test_what_gpus_means_is_what_the_queue_has() -> None:
    def of(*resources: str, said: str = "") -> str:
        groups = [
            {
                "coveredResources": [name],
                "flavors": [{"name": f"f{n}", "resources": [{"name": name, "nominalQuota": 1}]}],
            }
            for n, name in enumerate(resources)
        ]
        here = setting([local_queue("ml", "q"), made("ClusterQueue", "q", {"resourceGroups": groups})])
        return resource_of(here, Wanted("ml", "main"), said)

    assert of("cpu", "amd.com/gpu") == "amd.com/gpu"
    assert of("nvidia.com/gpu", "nvidia.com/mig-1g.5gb") == "nvidia.com/gpu"
    assert of("cpu") == "nvidia.com/gpu"
    assert of("amd.com/gpu", said="mig-1g.5gb") == "nvidia.com/mig-1g.5gb"
    with pytest.raises(Usage, match=r"the queue has quota of amd.com/gpu, nvidia.com/mig-1g.5gb"):
        of("amd.com/gpu", "nvidia.com/mig-1g.5gb")


# --- templates --------------------------------------------------------------------------------------------------------


def limited(*items: Json) -> Limits:
    return Limits.of([{"spec": {"limits": [item]}} for item in items])


def container(**resources: Any) -> list[Json]:
    return [{"name": "main", "count": 1, "template": {"spec": {"containers": [{"name": "c", "resources": resources}]}}}]


def test_defaults_come_before_the_containers_own_limit() -> None:
    """A pod would ask for 4 cores; Kueue counts the template, and there the default request comes first."""
    ranges = limited(
        {"type": "Container", "default": {"memory": "2Gi"}, "defaultRequest": {"cpu": "1", "memory": "1Gi"}}
    )
    (one,), said = completed(container(limits={"cpu": "4"}), ranges, {})
    resources = one["template"]["spec"]["containers"][0]["resources"]
    assert resources == {"limits": {"memory": "2Gi", "cpu": "4"}, "requests": {"memory": "1Gi", "cpu": "1"}}
    assert said == ()


@pytest.mark.parametrize(
    ("item", "resources", "words"),
    [
        (
            {"type": "Container", "max": {GPU: 4}},
            {"limits": {GPU: 8}},
            "asks for 8 nvidia.com/gpu, and a LimitRange allows 4",
        ),
        ({"type": "Container", "min": {"cpu": "1"}}, {}, "asks for 0 cpu, and a LimitRange insists on 1"),
        (
            {"type": "Pod", "max": {"cpu": "2"}},
            {"requests": {"cpu": "2500m"}},
            "a pod of pod set main asks for 2500m cpu",
        ),
        (
            {"type": "Container"},
            {"requests": {"cpu": 3}, "limits": {"cpu": 2}},
            "requests 3 cpu, more than its limit 2",
        ),
    ],
)
def test_what_a_limit_range_refuses_is_said(item: Json, resources: Json, words: str) -> None:
    _, said = completed(container(**resources), limited(item), {})
    assert any(words in one for one in said), said


def test_several_limit_ranges_are_as_narrow_as_the_narrowest() -> None:
    ranges = limited(
        {"type": "Container", "max": {"cpu": 4}}, {"type": "Container", "max": {"cpu": "2"}, "min": {"cpu": 1}}
    )
    assert ranges.get("Container", "max") == {"cpu": "2"}
    assert ranges.get("Container", "min") == {"cpu": 1}


def test_overhead_is_that_of_the_runtime_class() -> None:
    sets_ = container(requests={"cpu": "1"})
    sets_[0]["template"]["spec"]["runtimeClassName"] = "kata"
    (one,), _ = completed(sets_, Limits(), {"kata": {"cpu": "250m"}})
    assert one["template"]["spec"]["overhead"] == {"cpu": "250m"}


def test_a_probe_can_be_made_of_every_wish() -> None:
    (one,) = read(obj("Job", labels={QUEUE: "main"}, template=template(1)))
    spec = one.workload.object["spec"]
    assert yaml.safe_load(yaml.safe_dump(spec)) == spec
    assert (spec["queueName"], spec["podSets"][0]["name"]) == ("main", "main")
