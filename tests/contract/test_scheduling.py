"""Where pods go: what fits, what is tolerated and selected, who yields to whom."""

from collections.abc import Callable

import pytest

from tests.contract.api import Api, Json
from tests.contract.conftest import Nodes
from tests.controlplane.gpu_nodes import GPU
from tests.controlplane.gpu_pods import (
    add_pods,
    container,
    gpu_pod,
    runs,
    sidecar_then_init,
    unschedulable,
    wait_placed,
)

PRIORITIES = "/apis/scheduling.k8s.io/v1/priorityclasses"


def _places(pods: dict[str, Json]) -> dict[str, str]:
    return {pod["metadata"]["name"]: pod["spec"].get("nodeName", "") for pod in pods.values()}


def test_gpus_are_filled_and_not_overfilled(api: Api, namespace: str, nodes: Callable[..., Nodes]) -> None:
    where = nodes(2, gpus=4)
    add_pods(api, namespace, (gpu_pod(f"p{i}", 2, nodeSelector=where.selector) for i in range(5)))
    placed = list(_places(wait_placed(api, namespace, expect_pending=1)).values())
    assert sorted(placed) == ["", *sorted([*where.names] * 2)]


def test_a_pod_too_large_for_any_node_waits(api: Api, namespace: str, nodes: Callable[..., Nodes]) -> None:
    where = nodes(2, gpus=4)
    add_pods(api, namespace, [gpu_pod("large", 5, nodeSelector=where.selector)])
    (pod,) = wait_placed(api, namespace, expect_pending=1).values()
    (condition,) = (c for c in pod["status"]["conditions"] if c["type"] == "PodScheduled")
    assert f"Insufficient {GPU}" in condition["message"]


def test_init_containers_and_sidecars_need_room_too(api: Api, namespace: str, nodes: Callable[..., Nodes]) -> None:
    where = nodes(1, gpus=8)
    pods = [sidecar_then_init("fits", 2, 6, 1), sidecar_then_init("over", 3, 6, 1)]
    for pod in pods:
        pod["spec"]["nodeSelector"] = where.selector
    add_pods(api, namespace, pods[1:])
    wait_placed(api, namespace, expect_pending=1)
    add_pods(api, namespace, pods[:1])
    assert _places(wait_placed(api, namespace, expect_pending=1)) == {"fits": where.names[0], "over": ""}


def test_gpus_free_up_for_whoever_waits(api: Api, core: str, namespace: str, nodes: Callable[..., Nodes]) -> None:
    where = nodes(1, gpus=4)
    add_pods(api, namespace, [gpu_pod("first", 4, nodeSelector=where.selector)])
    wait_placed(api, namespace)
    add_pods(api, namespace, [gpu_pod("second", 4, nodeSelector=where.selector)])
    wait_placed(api, namespace, expect_pending=1)
    api.delete(f"{core}/pods/first", {"gracePeriodSeconds": 0}).ok()
    api.until_object(f"{core}/pods/second", runs)


def test_a_taint_must_be_tolerated(api: Api, namespace: str, nodes: Callable[..., Nodes]) -> None:
    where = nodes(1, taints=({"key": GPU, "value": "present", "effect": "NoSchedule"},))
    tolerations = [{"key": GPU, "operator": "Exists", "effect": "NoSchedule"}]
    add_pods(
        api,
        namespace,
        [
            gpu_pod("tolerates", nodeSelector=where.selector, tolerations=tolerations),
            gpu_pod("does-not", nodeSelector=where.selector, tolerations=[{"key": GPU, "value": "absent"}]),
        ],
    )
    assert _places(wait_placed(api, namespace, expect_pending=1)) == {"tolerates": where.names[0], "does-not": ""}


def test_a_cordoned_node_takes_nobody(api: Api, core: str, namespace: str, nodes: Callable[..., Nodes]) -> None:
    where = nodes()
    node = f"/api/v1/nodes/{where.names[0]}"
    api.patch(node, {"spec": {"unschedulable": True}}).ok()
    add_pods(api, namespace, [gpu_pod("p", nodeSelector=where.selector)])
    wait_placed(api, namespace, expect_pending=1)
    api.patch(node, {"spec": {"unschedulable": None}}).ok()
    api.until_object(f"{core}/pods/p", runs)


@pytest.mark.parametrize(
    ("operator", "values", "index"), [("In", ["zone-1"], 1), ("NotIn", ["zone-1"], 0), ("DoesNotExist", None, None)]
)
def test_affinity_chooses_nodes(
    api: Api, namespace: str, nodes: Callable[..., Nodes], operator: str, values: list[str] | None, index: int | None
) -> None:
    where = nodes(2, zones=True)
    expression = {"key": "topology.kubernetes.io/zone", "operator": operator, **({"values": values} if values else {})}
    terms = {"nodeSelectorTerms": [{"matchExpressions": [expression]}]}
    affinity = {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": terms}}
    add_pods(api, namespace, [gpu_pod("p", nodeSelector=where.selector, affinity=affinity)])
    placed = _places(wait_placed(api, namespace, expect_pending=0 if index is not None else 1))
    assert placed == {"p": where.names[index] if index is not None else ""}


def test_a_gated_pod_is_not_looked_at(api: Api, core: str, namespace: str, nodes: Callable[..., Nodes]) -> None:
    where = nodes()
    gates = [{"name": "k8sai.dev/hold"}]
    add_pods(api, namespace, [gpu_pod("p", nodeSelector=where.selector, schedulingGates=gates)])
    held = api.until_object(f"{core}/pods/p", lambda pod: bool(pod["status"].get("conditions")))
    (condition,) = (c for c in held["status"]["conditions"] if c["type"] == "PodScheduled")
    assert (condition["status"], condition["reason"]) == ("False", "SchedulingGated")
    api.patch(f"{core}/pods/p", {"spec": {"schedulingGates": None}}).ok()
    api.until_object(f"{core}/pods/p", runs)


def test_another_schedulers_pods_are_left_alone(
    api: Api, core: str, namespace: str, nodes: Callable[..., Nodes]
) -> None:
    where = nodes()
    add_pods(api, namespace, [gpu_pod("theirs", nodeSelector=where.selector, schedulerName="other")])
    add_pods(api, namespace, [gpu_pod("ours", nodeSelector=where.selector)])
    api.until_object(f"{core}/pods/ours", runs)
    theirs = api.get(f"{core}/pods/theirs").ok()
    assert "nodeName" not in theirs["spec"]
    assert "conditions" not in theirs["status"]


def test_the_important_pod_preempts(api: Api, core: str, namespace: str, nodes: Callable[..., Nodes]) -> None:
    where, name = nodes(1, gpus=8), f"urgent-{namespace}"
    api.post(PRIORITIES, {"metadata": {"name": name}, "value": 100_000}).ok()
    try:
        lingering = gpu_pod("victim", 8, nodeSelector=where.selector)
        lingering["metadata"]["finalizers"] = ["k8sai.dev/hold"]
        add_pods(api, namespace, [lingering])
        wait_placed(api, namespace)
        urgent = gpu_pod("urgent", 2, nodeSelector=where.selector, priorityClassName=name)
        before = api.get(f"{core}/pods").ok()["metadata"]["resourceVersion"]
        add_pods(api, namespace, [urgent])
        # The nomination ends with the binding, maybe before anybody looks: read the history from before it.
        with api.watch(f"{core}/pods", {"resourceVersion": before}, seconds=60) as events:
            pods = (event["object"] for event in events)
            nominated = next(
                p for p in pods if p["metadata"]["name"] == "urgent" and p["status"].get("nominatedNodeName")
            )
        assert nominated["status"]["nominatedNodeName"] == where.names[0]
        victim = api.until_object(f"{core}/pods/victim", lambda pod: "deletionTimestamp" in pod["metadata"])
        (why,) = (c for c in victim["status"]["conditions"] if c["type"] == "DisruptionTarget")
        assert (why["status"], why["reason"]) == ("True", "PreemptionByScheduler")
        api.patch(f"{core}/pods/victim", {"metadata": {"finalizers": None}}).ok()
        api.until_object(f"{core}/pods/urgent", runs)
    finally:
        api.delete(f"{PRIORITIES}/{name}")


def test_equals_do_not_preempt(api: Api, core: str, namespace: str, nodes: Callable[..., Nodes]) -> None:
    where = nodes(1, gpus=8)
    add_pods(api, namespace, [gpu_pod("holds", 8, nodeSelector=where.selector)])
    wait_placed(api, namespace)
    add_pods(api, namespace, [gpu_pod("waits", 2, nodeSelector=where.selector)])
    waiting = api.until_object(f"{core}/pods/waits", unschedulable)
    assert "nominatedNodeName" not in waiting["status"]
    assert "deletionTimestamp" not in api.get(f"{core}/pods/holds").ok()["metadata"]


def test_cpu_and_memory_count_as_well(api: Api, namespace: str, nodes: Callable[..., Nodes]) -> None:
    where = nodes(1)
    greedy = {"requests": {"cpu": "150", "memory": "1Gi"}}
    pods = (
        gpu_pod(f"p{i}", containers=[{**container(), "resources": greedy}], nodeSelector=where.selector)
        for i in range(2)
    )
    add_pods(api, namespace, pods)
    assert sorted(_places(wait_placed(api, namespace, expect_pending=1)).values()) == ["", where.names[0]]
