"""`why` of device claims, on a real API server and scheduler."""

from typing import Any

import pytest

from k8sai.errors import Exit
from k8sai.why.verdict import Why
from tests.contract.api import Json
from tests.controlplane import dra
from tests.controlplane.asking import Case
from tests.controlplane.gpu_pods import pods_path


class Devices:
    """A driver of the case's own on its nodes."""

    def __init__(self, case: Case) -> None:
        self.case, self.driver = case, f"{case.namespace}.gpu.example"
        case.put(dra.CLASSES, dra.device_class(case.namespace, f'device.driver == "{self.driver}"'))

    def publish(self, node: str, *devices: Json, **more: Any) -> None:
        self.case.put(
            dra.SLICES, dra.resource_slice(node, devices, name=f"{node}-{len(devices)}", **more, driver=self.driver)
        )

    def claim(self, name: str, count: int = 1, **more: Any) -> None:
        self.case.put(dra.claims_path(self.case.namespace), dra.claim(name, self.case.namespace, count, **more))

    def pod(self, name: str, claim: str, **spec: Any) -> None:
        made = dra.claiming_pod(name, claim_name=claim, nodeSelector=self.case.mine, **spec)
        self.case.put(pods_path(self.case.namespace), made)

    def why(self) -> Why:
        """What is said of a pod `train` that has the claim `cards`, once the scheduler has refused it."""
        self.pod("train", "cards")
        self.case.refused("train")
        return self.case.why("train")


@pytest.fixture
def devices(case: Case) -> Devices:
    return Devices(case)


def test_a_claim_that_is_missing(case: Case) -> None:
    case.node("a", 0)
    case.put(pods_path(case.namespace), dra.claiming_pod("train", claim_name="cards", nodeSelector=case.mine))
    why = case.why("train")
    assert why.sentence == f"train waits: ResourceClaim cards does not exist in namespace {case.namespace}."
    assert (why.code, why.exit) == ("ClaimMissing", Exit.BLOCKED)


def test_a_template_that_is_missing(case: Case) -> None:
    case.node("a", 0)
    case.put(pods_path(case.namespace), dra.claiming_pod("train", template="two", nodeSelector=case.mine))
    case.told("train", "FailedResourceClaimCreation")
    why = case.why("train")
    assert (why.code, why.exit) == ("ClaimTemplateMissing", Exit.BLOCKED)


def test_a_class_that_is_missing(case: Case, devices: Devices) -> None:
    case.node("a", 0)
    case.put(dra.claims_path(case.namespace), dra.claim("cards", "h300"))
    why = devices.why()
    assert why.sentence == (
        "train waits: request cards of its claim cards wants the DeviceClass h300, which does not exist."
    )
    assert (why.code, why.exit) == ("DeviceClassMissing", Exit.BLOCKED)


def test_a_selector_of_devices_that_matches_nothing(case: Case, devices: Devices) -> None:
    devices.publish(case.node("a", 0), dra.gpu(0), dra.gpu(1))
    devices.claim("cards", selector=f'device.attributes["{devices.driver}"].type == "mig"')
    why = devices.why()
    assert why.sentence == (
        f"train waits: the selector of request cards matches none of the 2 devices of class {case.namespace}."
    )
    assert (why.code, why.exit) == ("SelectorMatchesNothing", Exit.BLOCKED)


def test_a_selector_of_devices_that_fails(case: Case, devices: Devices) -> None:
    devices.publish(case.node("a", 0), dra.gpu(0))
    devices.claim("cards", selector=f'device.attributes["{devices.driver}"].nope == "x"')
    why = devices.why()
    assert "no such key: nope" in why.sentence
    assert (why.code, why.exit) == ("SelectorFailed", Exit.BLOCKED)


def test_devices_that_are_taken(case: Case, devices: Devices) -> None:
    node = case.node("a", 0)
    devices.publish(node, dra.gpu(0), dra.gpu(1))
    devices.claim("theirs")
    devices.pod("other", "theirs")
    case.runs("other")
    devices.claim("cards", 2)
    why = devices.why()
    assert why.sentence == (
        f"train waits: it needs 2 devices of class {case.namespace} on one node, and the best node {node} has 1 of 2 "
        f"free; taken by {case.namespace}/other."
    )
    assert (why.code, why.exit) == ("DevicesTaken", Exit.NO_CAPACITY)


def test_a_pool_that_is_incomplete(case: Case, devices: Devices) -> None:
    node = case.node("a", 0)
    devices.publish(node, dra.gpu(0), slices=2)
    devices.claim("cards")
    why = devices.why()
    assert why.sentence == (
        f"train waits: no device of class {case.namespace} may be used: pool {node} of "
        f"{devices.driver} shows 1 of 2 slices."
    )
    assert (why.code, why.exit) == ("PoolIncomplete", Exit.BLOCKED)


def test_all_devices_of_an_incomplete_pool_on_a_cordoned_node(case: Case, devices: Devices) -> None:
    """The scheduler never gets to ask the allocator, which would make it give up on the pod."""
    node = case.node("a", 0)
    case.cordon(node)
    devices.publish(node, dra.gpu(0), slices=2)
    claim = dra.claim("cards", case.namespace)
    exactly = claim["spec"]["devices"]["requests"][0]["exactly"]
    del exactly["count"]
    exactly["allocationMode"] = "All"
    case.put(dra.claims_path(case.namespace), claim)
    devices.pod("train", "cards")
    assert "were unschedulable" in case.refused("train")["status"]["conditions"][0]["message"]
    why = case.why("train")
    assert (why.code, why.exit) == ("PoolIncomplete", Exit.BLOCKED)


def test_a_device_that_a_rule_taints(case: Case, devices: Devices) -> None:
    node = case.node("a", 0)
    taint = {"key": "example.com/sick", "effect": "NoSchedule"}
    spec = {"deviceSelector": {"driver": devices.driver}, "taint": taint}
    case.put(f"{dra.GROUP}/devicetaintrules", {"metadata": {"name": case.namespace}, "spec": spec})
    devices.publish(node, dra.gpu(0))
    devices.claim("cards")
    why = devices.why()
    assert why.sentence == (
        f"train waits: it needs a device of class {case.namespace}, and the devices of {node} that are not taken have "
        "the taint example.com/sick:NoSchedule."
    )
    assert (why.code, why.exit) == ("DevicesTainted", Exit.BLOCKED)


def test_a_claim_that_pins_a_pod_to_a_full_node(case: Case, devices: Devices) -> None:
    node = case.node("a", 0, amounts={"pods": "1"})
    case.node("b", 0)
    devices.publish(node, dra.gpu(0))
    devices.claim("shared")
    devices.pod("one", "shared")
    case.runs("one")
    devices.pod("two", "shared")
    case.refused("two")
    why = case.why("two")
    assert why.code == "PodsPerNode"
    assert node in why.sentence
