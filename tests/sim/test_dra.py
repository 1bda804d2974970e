"""Dynamic resource allocation: who gets which device, what stays free, and what the scheduler says."""

from typing import Any

import pytest

from k8sai.sim.hardware import PRODUCTS
from k8sai.sim.slices import DEVICE_CLASSES, DRIVER, slices
from tests.sim.lab import GPU, Lab, Obj, sim_annotations

API = "resource.k8s.io/v1"
GROUP = "resource.k8s.io"
PROFILE = f"device.attributes['{DRIVER}'].profile"


@pytest.fixture
def lab() -> Lab:
    return Lab()


def publish(lab: Lab, node: str, cards: int = 2, *, partitions: bool = False, ill: tuple[int, ...] = ()) -> None:
    made = lab.node(node, 0)
    for device_class in DEVICE_CLASSES:
        if lab.find("deviceclasses", device_class["metadata"]["name"], GROUP, "") is None:
            spec = {k: v for k, v in device_class["spec"].items() if k != "extendedResourceName"}
            lab.create("deviceclasses", {"apiVersion": API, "metadata": dict(device_class["metadata"]), "spec": spec})
    for piece in slices(node, made["metadata"]["uid"], PRODUCTS["H100"], cards, partitions=partitions, ill=set(ill)):
        lab.create("resourceslices", {"apiVersion": API, **piece})


def claim(lab: Lab, name: str, *requests: Obj, constraints: tuple[Obj, ...] = ()) -> None:
    devices: Obj = {"requests": list(requests)}
    if constraints:
        devices["constraints"] = list(constraints)
    meta = {"name": name, "namespace": "default"}
    lab.create("resourceclaims", {"apiVersion": API, "metadata": meta, "spec": {"devices": devices}})


def ask(name: str = "gpu", device_class: str = DRIVER, selector: str = "", **more: Any) -> Obj:
    exactly: Obj = {"deviceClassName": device_class, **more}
    if selector:
        exactly["selectors"] = [{"cel": {"expression": selector}}]
    return {"name": name, "exactly": exactly}


def use(lab: Lab, name: str, *claims: str, **more: Any) -> None:
    lab.pod(name, resourceClaims=[{"name": c, "resourceClaimName": c} for c in claims], **more)


def devices(lab: Lab, name: str) -> list[str]:
    status = lab.get("resourceclaims", name, GROUP).get("status", {})
    results = status.get("allocation", {}).get("devices", {}).get("results", [])
    return sorted(r["device"] for r in results)


def test_cards_are_given_once_and_come_back(lab: Lab) -> None:
    publish(lab, "n", 2)
    for name in ("a", "b"):
        claim(lab, name, ask(count=2 if name == "a" else 1))
        use(lab, f"pod-{name}", name)
    lab.run()
    found = lab.get("resourceclaims", "a", GROUP)
    assert devices(lab, "a") == ["gpu-0", "gpu-1"]
    assert found["status"]["reservedFor"] == [
        {"resource": "pods", "name": "pod-a", "uid": lab.get("pods", "pod-a")["metadata"]["uid"]}
    ]
    terms = found["status"]["allocation"]["nodeSelector"]["nodeSelectorTerms"]
    assert terms[0]["matchFields"][0]["values"] == ["n"]
    assert found["metadata"]["finalizers"] == ["resource.kubernetes.io/delete-protection"]
    assert lab.unscheduled("pod-b")[1] == (
        "0/1 nodes are available: 1 cannot allocate all claims. "
        "preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling."
    )
    lab.delete("pods", "pod-a")
    lab.run()
    assert devices(lab, "a") == []
    assert "finalizers" not in lab.get("resourceclaims", "a", GROUP)["metadata"]
    assert devices(lab, "b") == ["gpu-0"]


def test_the_kubelet_says_which_devices_a_container_has(lab: Lab) -> None:
    publish(lab, "n", 1)
    claim(lab, "c", ask())
    use(lab, "p", "c")
    lab.run()
    status = lab.get("pods", "p")["status"]["containerStatuses"][0]
    assert status["allocatedResourcesStatus"] == [
        {"name": "claim:c/gpu", "resources": [{"resourceID": f"{DRIVER}/n/gpu-0", "health": "Healthy"}]}
    ]


def test_a_selector_picks_the_device(lab: Lab) -> None:
    publish(lab, "n", 2)
    claim(lab, "c", ask(selector=f"device.attributes['{DRIVER}'].uuid != '' && device.driver == '{DRIVER}'"))
    claim(lab, "none", ask(selector=f"device.capacity['{DRIVER}'].memory.compareTo(quantity('81Gi')) > 0"))
    use(lab, "p", "c")
    use(lab, "q", "none")
    lab.run()
    assert devices(lab, "c") == ["gpu-0"]
    assert "cannot allocate all claims" in lab.unscheduled("q")[1]


def test_a_selector_that_fails_is_a_scheduler_error(lab: Lab) -> None:
    publish(lab, "n", 1)
    claim(lab, "c", ask(selector=f"device.attributes['{DRIVER}'].colour == 'red'"))
    use(lab, "p", "c")
    lab.run()
    reason, message = lab.unscheduled("p")
    assert reason == "SchedulerError"
    assert message.startswith(
        'running "DynamicResources" filter plugin: claim default/c: selector #0 on device gpu.nvidia.com/n/gpu-0: '
        "CEL runtime error: no such key: colour"
    )


def test_a_missing_class_is_named(lab: Lab) -> None:
    publish(lab, "n", 1)
    claim(lab, "c", ask(device_class="nope"))
    use(lab, "p", "c")
    lab.run()
    assert lab.unscheduled("p")[1].startswith(
        "0/1 nodes are available: request gpu: device class nope does not exist. "
    )


def test_a_missing_claim_is_silent_until_it_is_there(lab: Lab) -> None:
    publish(lab, "n", 1)
    use(lab, "p", "c")
    lab.run()
    assert lab.unscheduled("p") == ("", "")
    claim(lab, "c", ask())
    lab.run()
    assert lab.node_of("p") == "n"


def test_partitions_share_the_memory_of_their_card(lab: Lab) -> None:
    publish(lab, "n", 1, partitions=True)
    claim(lab, "half", ask(device_class="mig.nvidia.com", selector=f"{PROFILE} == '3g.40gb'"))
    use(lab, "half", "half")
    lab.run()
    claim(lab, "whole", ask())
    use(lab, "whole", "whole")
    for number in range(5):
        claim(lab, f"one{number}", ask(device_class="mig.nvidia.com", selector=f"{PROFILE} == '1g.10gb'"))
        use(lab, f"one{number}", f"one{number}")
    lab.run()
    assert lab.node_of("half") == "n"
    assert lab.node_of("whole") == ""
    placed = [n for n in range(5) if lab.node_of(f"one{n}")]
    assert len(placed) == 3  # the half takes slices 0-3; 1g instances begin at 4, 5 and 6
    assert {devices(lab, f"one{n}")[0].rpartition("-")[2] for n in placed} == {"4", "5", "6"}


def test_first_available_takes_the_first_that_can_be_had(lab: Lab) -> None:
    publish(lab, "n", 1)
    choice = {
        "name": "r",
        "firstAvailable": [
            {"name": "two", "deviceClassName": DRIVER, "count": 2},
            {"name": "one", "deviceClassName": DRIVER},
        ],
    }
    claim(lab, "c", choice)
    use(lab, "p", "c")
    lab.run()
    results = lab.get("resourceclaims", "c", GROUP)["status"]["allocation"]["devices"]["results"]
    assert [r["request"] for r in results] == ["r/one"]


def test_all_wants_every_matching_device(lab: Lab) -> None:
    publish(lab, "n", 3)
    claim(lab, "one", ask())
    use(lab, "p", "one")
    lab.run()
    claim(lab, "all", ask(allocationMode="All"))
    use(lab, "q", "all")
    lab.run()
    assert lab.node_of("q") == ""
    lab.delete("pods", "p")
    lab.run()
    assert devices(lab, "all") == ["gpu-0", "gpu-1", "gpu-2"]


def test_tainted_devices_are_passed_over_unless_tolerated(lab: Lab) -> None:
    publish(lab, "n", 2, ill=(0,))
    rule = {"taint": {"key": "example.com/repair", "effect": "NoSchedule"}, "deviceSelector": {"device": "gpu-1"}}
    claim(lab, "plain", ask())
    use(lab, "p", "plain")
    lab.run()
    assert devices(lab, "plain") == ["gpu-1"]
    lab.delete("pods", "p")
    lab.run()
    lab.create("devicetaintrules", {"apiVersion": API, "metadata": {"name": "repair"}, "spec": rule})
    claim(lab, "next", ask())
    use(lab, "q", "next")
    claim(lab, "brave", ask(tolerations=[{"key": "example.com/repair", "operator": "Exists"}]))
    use(lab, "r", "brave")
    lab.run()
    assert (lab.node_of("q"), devices(lab, "brave")) == ("", ["gpu-1"])


def test_constraints_bind_devices_together(lab: Lab) -> None:
    publish(lab, "n", 2, partitions=True)
    parts = [ask(f"r{i}", "mig.nvidia.com", f"{PROFILE} == '1g.10gb'") for i in range(2)]
    claim(lab, "same", *parts, constraints=({"matchAttribute": f"{DRIVER}/parentUUID"},))
    claim(lab, "apart", *parts, constraints=({"distinctAttribute": f"{DRIVER}/parentUUID"},))
    use(lab, "p", "same")
    use(lab, "q", "apart")
    lab.run()
    assert len({name.split("-")[1] for name in devices(lab, "same")}) == 1
    assert len({name.split("-")[1] for name in devices(lab, "apart")}) == 2


def test_admin_access_neither_needs_nor_holds_a_free_device(lab: Lab) -> None:
    publish(lab, "n", 1)
    space = lab.get("namespaces", "default", namespace="")
    labels = {**space["metadata"]["labels"], "resource.kubernetes.io/admin-access": "true"}
    lab.update("namespaces", {**space, "metadata": {**space["metadata"], "labels": labels}})
    claim(lab, "work", ask())
    use(lab, "p", "work")
    lab.run()
    claim(lab, "look", ask(adminAccess=True))
    use(lab, "q", "look")
    lab.run()
    assert devices(lab, "look") == ["gpu-0"]
    lab.delete("pods", "p")
    claim(lab, "more", ask())
    use(lab, "r", "more")
    lab.run()
    assert devices(lab, "more") == ["gpu-0"]


def test_a_shared_claim_holds_its_pods_on_one_node(lab: Lab) -> None:
    publish(lab, "a", 1)
    publish(lab, "b", 1)
    claim(lab, "c", ask())
    use(lab, "p", "c")
    use(lab, "q", "c")
    lab.run()
    assert lab.node_of("p") == lab.node_of("q") != ""
    assert len(lab.get("resourceclaims", "c", GROUP)["status"]["reservedFor"]) == 2


def test_templates_make_a_claim_per_pod_that_goes_with_it(lab: Lab) -> None:
    publish(lab, "n", 1)
    entry = [{"name": "gpu", "resourceClaimTemplateName": "t"}]
    lab.pod("p", resourceClaims=entry, restartPolicy="Never", annotations=sim_annotations(run_for="10s"))
    lab.run()
    assert lab.said("p", "FailedResourceClaimCreation") == [
        'PodResourceClaim gpu: resource claim template "t": resourceclaimtemplate.resource.k8s.io "t" not found'
    ]
    spec = {"spec": {"devices": {"requests": [ask()]}}}
    meta = {"name": "t", "namespace": "default"}
    lab.create("resourceclaimtemplates", {"apiVersion": API, "metadata": meta, "spec": spec})
    lab.run()
    name = lab.get("pods", "p")["status"]["resourceClaimStatuses"][0]["resourceClaimName"]
    assert name.startswith("p-gpu-")
    assert lab.phase("p") == "Running"
    lab.run(15)
    assert lab.phase("p") == "Succeeded"
    assert lab.find("resourceclaims", name, GROUP) is None


def test_an_extended_resource_is_served_by_a_claim_where_no_plugin_is(lab: Lab) -> None:
    publish(lab, "n", 2)
    gpu = lab.get("deviceclasses", DRIVER, GROUP, "")
    lab.update("deviceclasses", {**gpu, "spec": {**gpu["spec"], "extendedResourceName": GPU}}, GROUP)
    lab.pod("p", 2)
    lab.pod("q", 1)
    lab.run()
    bridged = lab.get("pods", "p")["status"]["extendedResourceClaimStatus"]
    assert bridged["requestMappings"] == [
        {"containerName": "main", "resourceName": GPU, "requestName": "container-0-request-0"}
    ]
    made = lab.get("resourceclaims", bridged["resourceClaimName"], GROUP)
    assert made["metadata"]["annotations"] == {"resource.kubernetes.io/extended-resource-claim": "true"}
    assert devices(lab, bridged["resourceClaimName"]) == ["gpu-0", "gpu-1"]
    assert "cannot allocate all claims" in lab.unscheduled("q")[1]
    lab.node("plugin", 1)
    lab.run()
    assert lab.node_of("q") == "plugin"
    assert "extendedResourceClaimStatus" not in lab.get("pods", "q")["status"]


def test_an_incomplete_pool_gives_nothing(lab: Lab) -> None:
    publish(lab, "n", 2, partitions=True)
    lab.delete("resourceslices", f"n-{DRIVER}-0", GROUP, "")
    claim(lab, "c", ask())
    use(lab, "p", "c")
    lab.run()
    assert "cannot allocate all claims" in lab.unscheduled("p")[1]


def test_a_shareable_device_is_shared_until_its_capacity_is_gone(lab: Lab) -> None:
    lab.node("n", 0)
    device = {"name": "d", "allowMultipleAllocations": True, "capacity": {"memory": {"value": "80Gi"}}}
    pool = {"name": "n", "generation": 1, "resourceSliceCount": 1}
    spec = {"driver": "x.example.com", "nodeName": "n", "pool": pool, "devices": [device]}
    lab.create("resourceslices", {"apiVersion": API, "metadata": {"name": "s"}, "spec": spec})
    lab.create("deviceclasses", {"apiVersion": API, "metadata": {"name": "x"}, "spec": {}})
    for number, amount in enumerate(("30Gi", "30Gi", "20Gi", "1Gi")):
        claim(lab, f"c{number}", ask(device_class="x", capacity={"requests": {"memory": amount}}))
        use(lab, f"p{number}", f"c{number}")
    lab.run()
    assert [bool(lab.node_of(f"p{n}")) for n in range(4)] == [True, True, True, False]


def test_a_high_priority_pod_does_not_preempt_for_devices(lab: Lab) -> None:
    publish(lab, "n", 1)
    lab.create("priorityclasses", {"apiVersion": "scheduling.k8s.io/v1", "metadata": {"name": "high"}, "value": 1000})
    claim(lab, "a", ask())
    claim(lab, "b", ask())
    use(lab, "low", "a")
    lab.run()
    use(lab, "high", "b", priorityClassName="high")
    lab.run()
    assert lab.unscheduled("high")[1].endswith("1 Preemption is not helpful for scheduling.")
    assert "deletionTimestamp" not in lab.get("pods", "low")["metadata"]
