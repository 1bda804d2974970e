"""Device plugins, DRA and volumes: what a pod claims beside a place on a node."""

import pytest

from k8sai.errors import Exit
from tests.why.cluster import ask, layer
from tests.why.objects import (
    DRA,
    GPU,
    Json,
    card,
    claim,
    claiming,
    device_class,
    event,
    exactly,
    mounting,
    node,
    obj,
    pod,
    resource_slice,
    unschedulable,
)

SHORT = unschedulable()
REFUSED = unschedulable("0/1 nodes are available: 1 cannot allocate all claims.")

# --- device plugins ---------------------------------------------------------------------------------------------------


def test_the_device_plugin_is_down() -> None:
    plugin = pod(
        "nvidia-device-plugin-daemonset-x1", on="gpu-1", namespace="gpu-operator",
        status={
            "conditions": [],
            "containerStatuses": [{"name": "main", "state": {"waiting": {"reason": "CrashLoopBackOff"}}}],
        },
    )  # fmt: skip
    why = ask("train-7", node("gpu-1", allocatable={GPU: "0"}), plugin, pod(gpus=1, status=SHORT))
    assert why.sentence == (
        "train-7 waits: no node offers nvidia.com/gpu now; gpu-1 has such devices and may use none; its device plugin "
        "does not run on gpu-1: gpu-operator/nvidia-device-plugin-daemonset-x1 (CrashLoopBackOff)."
    )
    assert (why.code, why.exit) == ("DevicePluginDown", Exit.BLOCKED)
    assert why.next == "kubectl get pods -A -o wide --field-selector spec.nodeName=gpu-1"


def test_the_first_broken_link_is_the_driver() -> None:
    driver = pod("nvidia-driver-daemonset-x1", on="gpu-1", namespace="gpu-operator", status={"conditions": []})
    toolkit = pod("nvidia-container-toolkit-daemonset-x1", on="gpu-1", status={"conditions": []})
    labels = {"nvidia.com/gpu.present": "true"}
    why = ask("train-7", node("gpu-1", 0, labels=labels), driver, toolkit, pod(gpus=1, status=SHORT))
    assert why.sentence == (
        "train-7 waits: no node offers nvidia.com/gpu, although gpu-1 is labelled as having GPUs; "
        "its driver does not run on gpu-1: gpu-operator/nvidia-driver-daemonset-x1 (Running)."
    )
    assert (why.code, why.exit) == ("NotAdvertised", Exit.BLOCKED)


def test_a_resource_that_nobody_offers() -> None:
    why = ask("train-7", node("gpu-1"), pod(gpus=1, resource="nvidia.com/gpus", status=SHORT))
    assert why.sentence == "train-7 waits: no node offers nvidia.com/gpus; what is offered: nvidia.com/gpu."
    assert (why.code, why.exit) == ("NotAdvertised", Exit.BLOCKED)


def test_a_mig_profile_that_no_card_is_cut_into() -> None:
    mig = node("mig-1", 0, capacity={"nvidia.com/mig-1g.10gb": "7"})
    why = ask("train-7", mig, pod(gpus=1, resource="nvidia.com/mig-3g.40gb", status=SHORT))
    assert why.sentence == (
        "train-7 waits: no node has the MIG profile 3g.40gb; there is nvidia.com/mig-1g.10gb on 1 node."
    )
    assert (why.code, why.exit) == ("MigProfileAbsent", Exit.BLOCKED)


# --- claims -----------------------------------------------------------------------------------------------------------


def test_the_claim_is_missing() -> None:
    why = ask("train-7", node("d1", 0), claiming())
    assert why.sentence == "train-7 waits: ResourceClaim cards does not exist in namespace ml."
    assert (why.code, why.exit) == ("ClaimMissing", Exit.BLOCKED)


def from_template(**more: object) -> Json:
    return pod(resourceClaims=[{"name": "gpu", "resourceClaimTemplateName": "two"}], **more)  # type: ignore[arg-type]


def test_the_template_is_missing() -> None:
    waiting = from_template()
    told = 'PodResourceClaim gpu: resource claim template "two": not found'
    why = ask("train-7", node("d1", 0), waiting, event(waiting, "FailedResourceClaimCreation", told))
    assert why.sentence == (
        "train-7 waits: its claim gpu is made from the ResourceClaimTemplate two, which does not exist."
    )
    assert (why.code, why.exit) == ("ClaimTemplateMissing", Exit.BLOCKED)
    assert layer(why, "claims").evidence == (told,)


def test_the_claim_is_not_made_yet() -> None:
    why = ask("train-7", node("d1", 0), obj("ResourceClaimTemplate", "two", DRA), from_template())
    assert (why.code, why.exit) == ("ClaimPending", Exit.WAITING)


def test_the_class_is_missing() -> None:
    why = ask("train-7", node("d1", 0), claim("cards", exactly("h200")), claiming(status=REFUSED))
    assert why.sentence == (
        "train-7 waits: request cards of its claim cards wants the DeviceClass h200, which does not exist."
    )
    assert (why.code, why.exit) == ("DeviceClassMissing", Exit.BLOCKED)


def test_the_selector_matches_nothing() -> None:
    wish = 'device.attributes["gpu.nvidia.com"].type == "mig"'
    published = resource_slice("d1", card(0), card(1))
    why = ask(
        "train-7",
        node("d1", 0),
        device_class(),
        published,
        claim("cards", exactly(selector=wish)),
        claiming(status=REFUSED),
    )
    assert why.sentence == "train-7 waits: the selector of request cards matches none of the 2 devices of class gpu."
    assert (why.code, why.exit) == ("SelectorMatchesNothing", Exit.BLOCKED)
    assert layer(why, "claims").evidence[0] == wish


def test_the_class_selects_nothing() -> None:
    why = ask(
        "train-7",
        node("d1", 0),
        device_class("amd", 'device.driver == "gpu.amd.com"'),
        resource_slice("d1", card(0)),
        claim("cards", exactly("amd")),
        claiming(status=REFUSED),
    )
    assert why.sentence == "train-7 waits: class amd selects none of the 1 published device."
    assert why.code == "SelectorMatchesNothing"


def test_the_selector_fails() -> None:
    said = (
        'running "DynamicResources" filter plugin: claim ml/cards: selector #0 on device gpu.nvidia.com/d1/gpu-0: '
        "CEL runtime error: no such key: nope."
    )
    why = ask(
        "train-7",
        node("d1", 0),
        device_class(),
        resource_slice("d1", card(0)),
        claim("cards"),
        claiming(status=unschedulable(said, "SchedulerError")),
    )
    assert why.sentence == (
        "train-7 waits: a device selector fails, and nothing is tried any more: claim ml/cards: selector #0 on device "
        "gpu.nvidia.com/d1/gpu-0: CEL runtime error: no such key: nope."
    )
    assert (why.code, why.exit) == ("SelectorFailed", Exit.BLOCKED)


def test_the_devices_are_taken() -> None:
    user = pod("other", on="d1")
    why = ask(
        "train-7", node("d1", 0), device_class(), resource_slice("d1", card(0), card(1)), user,
        claim("theirs", holds=("d1/gpu-0",), by=(user,)), claim("cards", exactly(count=2)), claiming(status=REFUSED),
    )  # fmt: skip
    assert why.sentence == (
        "train-7 waits: it needs 2 devices of class gpu on one node, and the best node d1 has 1 of 2 free; "
        "taken by ml/other."
    )
    assert (why.code, why.exit) == ("DevicesTaken", Exit.NO_CAPACITY)


def test_devices_that_a_leaked_claim_holds() -> None:
    why = ask(
        "train-7", node("d1", 0), device_class(), resource_slice("d1", card(0)),
        claim("lost", holds=("d1/gpu-0",)), claim("cards"), claiming(status=REFUSED),
    )  # fmt: skip
    assert why.sentence == (
        "train-7 waits: it needs a device of class gpu, and the best node d1 has none of 1 free; "
        "devices there are held by claims that nobody uses: ml/lost."
    )
    assert (why.code, why.exit, why.next) == ("DevicesLeaked", Exit.BLOCKED, "kubectl delete resourceclaim lost -n ml")


def test_more_devices_than_any_node_has() -> None:
    why = ask(
        "train-7",
        node("d1", 0),
        device_class(),
        resource_slice("d1", card(0), card(1)),
        claim("cards", exactly(count=3)),
        claiming(status=REFUSED),
    )
    assert why.sentence == (
        "train-7 waits: it needs 3 devices of class gpu on one node, and d1, which has the most, has 2."
    )
    assert (why.code, why.exit) == ("DevicesNever", Exit.BLOCKED)


@pytest.mark.parametrize("by_rule", [False, True])
def test_a_tainted_device(by_rule: bool) -> None:
    taint = {"key": "gpu.example/sick", "effect": "NoSchedule"}
    rule = obj(
        "DeviceTaintRule", "sick", DRA, namespace="", spec={"deviceSelector": {"device": "gpu-0"}, "taint": taint}
    )
    published = resource_slice("d1", card(0, **({} if by_rule else {"taints": [taint]})))
    why = ask(
        "train-7",
        node("d1", 0),
        device_class(),
        published,
        [rule] if by_rule else [],
        claim("cards"),
        claiming(status=REFUSED),
    )
    assert why.sentence == (
        "train-7 waits: it needs a device of class gpu, and the devices of d1 that are not taken have the taint "
        "gpu.example/sick:NoSchedule."
    )
    assert (why.code, why.exit) == ("DevicesTainted", Exit.BLOCKED)


def test_an_incomplete_pool() -> None:
    why = ask(
        "train-7",
        node("d1", 0),
        device_class(),
        resource_slice("d1", card(0), slices=2),
        claim("cards"),
        claiming(status=REFUSED),
    )
    assert why.sentence == (
        "train-7 waits: no device of class gpu may be used: pool d1 of gpu.nvidia.com shows 1 of 2 slices."
    )
    assert (why.code, why.exit) == ("PoolIncomplete", Exit.BLOCKED)


def test_all_devices_of_an_incomplete_pool_on_a_cordoned_node() -> None:
    """The scheduler gives up on a pod that wants all of an incomplete pool, but not where it never gets to ask."""
    why = ask(
        "train-7",
        node("d1", 0, cordoned=True),
        device_class(),
        resource_slice("d1", card(0), slices=2),
        claim("cards", exactly(allocationMode="All")),
        claiming(status=unschedulable("0/1 nodes are available: 1 node(s) were unschedulable.")),
    )
    assert why.sentence == (
        "train-7 waits: no device of class gpu may be used: pool d1 of gpu.nvidia.com shows 1 of 2 slices."
    )
    assert (why.code, why.exit) == ("PoolIncomplete", Exit.BLOCKED)


def test_devices_and_a_place_are_taken_on_the_same_node() -> None:
    """The scheduler asks for devices last, and so it speaks of the place."""
    user = pod("other", on="d1")
    why = ask(
        "train-7", node("d1", 0, pods="1"), device_class(), resource_slice("d1", card(0)), user,
        claim("theirs", holds=("d1/gpu-0",), by=(user,)), claim("cards"),
        claiming(status=unschedulable("0/1 nodes are available: 1 Too many pods.")),
    )  # fmt: skip
    assert (why.code, why.exit) == ("PodsPerNode", Exit.NO_CAPACITY)
    assert layer(why, "nodes").evidence[0] == "1 node (d1): claimed devices not free, as many pods as it may run"


def test_counters_of_a_card_are_used_up() -> None:
    def draws(slices: int) -> list[Json]:
        return [{"counterSet": "card-0", "counters": {"slices": {"value": str(slices)}}}]

    counters = {"name": "card-0", "counters": {"slices": {"value": "7"}}}
    whole = card(0, consumesCounters=draws(7))
    part = {"name": "mig-0", "attributes": {"type": {"string": "mig"}}, "consumesCounters": draws(3)}
    user = pod("other", on="d1")
    why = ask(
        "train-7", node("d1", 0), device_class(), resource_slice("d1", sharedCounters=[counters], slices=2),
        resource_slice("d1", whole, part, slices=2), user, claim("theirs", holds=("d1/mig-0",), by=(user,)),
        claim("cards", exactly(selector='device.attributes["gpu.nvidia.com"].type == "gpu"')), claiming(status=REFUSED),
    )  # fmt: skip
    assert why.sentence == (
        "train-7 waits: it needs a device of class gpu, and the best node d1 has none of 1 free; "
        "the rest would need more of the card than partitions in use leave."
    )
    assert (why.code, why.exit) == ("CountersExhausted", Exit.NO_CAPACITY)


def test_a_claim_that_is_allocated_on_a_full_node() -> None:
    user = pod("other", 8, on="d1", cpu="96")
    said = unschedulable("0/2 nodes are available: 1 Insufficient cpu, 1 resourceclaim not available on the node.")
    why = ask(
        "train-7", node("d1", 0), node("d2", 0), device_class(), resource_slice("d1", card(0)), user,
        claim("cards", holds=("d1/gpu-0",), by=(user,)), claiming(status=said),
    )  # fmt: skip
    assert why.sentence == (
        "train-7 waits: it needs 1 cpu, and the only node that it could use, d1, has 0 free; "
        "1 more node cannot reach its claim's devices."
    )
    assert (why.code, why.exit) == ("ResourceShort", Exit.NO_CAPACITY)


def test_a_claim_that_is_allocated_on_a_node_that_is_gone() -> None:
    why = ask("train-7", node("d2", 0), device_class(), claim("cards", holds=("d1/gpu-0",)), claiming(status=REFUSED))
    assert why.sentence == "train-7 waits: its claim cards has devices of d1 already, where it cannot go."
    assert (why.code, why.exit) == ("ClaimElsewhere", Exit.NO_CAPACITY)


def test_devices_are_being_made_ready() -> None:
    waiting = claiming(status={"nominatedNodeName": "d1"})
    told = event(waiting, "BindingConditionsPending", "waiting for binding conditions for device on node d1", "Normal")
    why = ask(
        "train-7", node("d1", 0), device_class(), claim("cards", holds=("d1/gpu-0",), by=(waiting,)), waiting, told
    )
    assert (why.code, why.exit) == ("BindingConditions", Exit.WAITING)
    assert "waiting for binding conditions" in why.sentence


def test_binding_failed() -> None:
    said = 'running PreBind plugin "DynamicResources": device binding failed: claim=cards, reason=Broken, message=""'
    why = ask(
        "train-7",
        node("d1", 0),
        device_class(),
        resource_slice("d1", card(0)),
        claim("cards"),
        claiming(status=unschedulable(said, "SchedulerError")),
    )
    assert why.sentence == (
        'train-7 waits: its driver could not make the devices ready: claim=cards, reason=Broken, message="".'
    )
    assert (why.code, why.exit) == ("BindingFailed", Exit.BLOCKED)


def test_a_node_without_devices_is_not_one_whose_devices_are_taken() -> None:
    """A class serves the resource where no device plugin does: nodes without either have nothing of the kind."""
    full = pod("other", 2, on="gpu-1")
    why = ask("train-7", node("cpu-1", 0), node("gpu-1", 2), full, device_class(extendedResourceName=GPU), pod(gpus=1))
    assert why.sentence == f"train-7 waits: it needs 1 {GPU} on one node, the best node gpu-1 has none free."
    assert f"1 node (cpu-1): has no {GPU}" in layer(why, "nodes").evidence
    assert (why.code, why.exit) == ("GpusShort", Exit.NO_CAPACITY)


def test_an_extended_resource_that_devices_serve() -> None:
    user = pod("other", on="d1")
    why = ask(
        "train-7", node("d1", 0), device_class(extendedResourceName="example.com/gpu"),
        resource_slice("d1", card(0), card(1)), user, claim("theirs", holds=("d1/gpu-0",), by=(user,)),
        pod(gpus=2, resource="example.com/gpu", status=REFUSED),
    )  # fmt: skip
    assert why.sentence == (
        "train-7 waits: it needs 2 devices of class gpu on one node, and the best node d1 has 1 of 2 free; "
        "taken by ml/other."
    )
    assert (why.code, why.exit) == ("DevicesTaken", Exit.NO_CAPACITY)


# --- volumes ----------------------------------------------------------------------------------------------------------


def pvc(name: str = "data", storage: str = "fast", *, volume: str = "", **status: object) -> Json:
    spec = {
        "storageClassName": storage,
        "accessModes": ["ReadWriteOnce"],
        "resources": {"requests": {"storage": "1Gi"}},
    }
    notes = {"annotations": {"pv.kubernetes.io/bind-completed": "yes"}} if volume else {}
    full = {**spec, **({"volumeName": volume} if volume else {})}
    return obj(
        "PersistentVolumeClaim",
        name,
        meta=notes,
        spec=full,
        status={"phase": "Bound" if volume else "Pending", **status},
    )


def storage_class(name: str = "fast", mode: str = "Immediate") -> Json:
    return obj(
        "StorageClass",
        name,
        "storage.k8s.io/v1",
        namespace="",
        provisioner="kubernetes.io/no-provisioner",
        volumeBindingMode=mode,
    )


def test_a_volume_claim_that_does_not_exist() -> None:
    why = ask("train-7", node("gpu-1"), mounting(gpus=1, status=SHORT))
    assert why.sentence == "train-7 waits: PersistentVolumeClaim data does not exist in namespace ml."
    assert (why.code, why.exit) == ("VolumeMissing", Exit.BLOCKED)


def test_a_volume_claim_that_nobody_binds() -> None:
    data = pvc()
    told = event(data, "ProvisioningFailed", "no quota left in the array")
    why = ask("train-7", node("gpu-1"), data, storage_class(), told, mounting(gpus=1, status=SHORT))
    assert why.sentence == "train-7 waits: PersistentVolumeClaim data is not bound yet: no quota left in the array."
    assert (why.code, why.exit) == ("VolumeUnbound", Exit.BLOCKED)


def test_a_storage_class_that_does_not_exist() -> None:
    why = ask("train-7", node("gpu-1"), pvc(), mounting(gpus=1, status=SHORT))
    assert why.sentence == "train-7 waits: PersistentVolumeClaim data is not bound: there is no storage class fast."
    assert why.code == "VolumeUnbound"


def test_no_volume_to_bind() -> None:
    why = ask(
        "train-7", node("gpu-1"), pvc(), storage_class(mode="WaitForFirstConsumer"), mounting(gpus=1, status=SHORT)
    )
    assert why.sentence == "train-7 waits: no volume that gpu-1 can reach is there for PersistentVolumeClaim data."
    assert (why.code, why.exit) == ("VolumeUnbound", Exit.BLOCKED)


def test_a_volume_of_another_zone() -> None:
    rule = {"key": "topology.kubernetes.io/zone", "operator": "In", "values": ["a"]}
    spec = {
        "capacity": {"storage": "1Gi"},
        "nodeAffinity": {"required": {"nodeSelectorTerms": [{"matchExpressions": [rule]}]}},
    }
    volume = obj("PersistentVolume", "pv-1", namespace="", spec=spec)
    labels = {"topology.kubernetes.io/zone": "b"}
    why = ask(
        "train-7",
        node("gpu-1", labels=labels),
        pvc(volume="pv-1"),
        volume,
        storage_class(),
        mounting(gpus=1, status=SHORT),
    )
    assert why.sentence == "train-7 waits: its volume data cannot be reached from the nodes that it could use: gpu-1."
    assert (why.code, why.exit) == ("VolumeElsewhere", Exit.BLOCKED)


def test_a_tainted_node_whose_devices_are_taken_is_tainted_first() -> None:
    user = pod("other", on="d1")
    why = ask(
        "train-7", node("d1", 0, taints=("team=a:NoSchedule",)), device_class(), resource_slice("d1", card(0)), user,
        claim("theirs", holds=("d1/gpu-0",), by=(user,)), claim("cards"), claiming(status=REFUSED),
    )  # fmt: skip
    assert why.sentence == (
        "train-7 waits: the only node that it could use, d1, has the taint team=a:NoSchedule, "
        "which it does not tolerate."
    )
    assert layer(why, "nodes").evidence[0] == "1 node (d1): claimed devices not free, taint team=a:NoSchedule"
