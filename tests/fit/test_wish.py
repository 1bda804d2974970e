"""How GPUs are asked for on different clusters, and flags that cannot be meant."""

import pytest

from k8sai.errors import Usage
from k8sai.facts import Object
from k8sai.fit.wish import Means, Wish, asked, means, own_tolerations, toleration
from k8sai.fleet.resources import builtin
from tests.fit.world import GPU, World, node
from tests.fleet.facts_by_hand import card, device_class, resource_slice
from tests.fleet.facts_by_hand import node as any_node

AMD = "amd.com/gpu"


def how(*objects: Object, resource: str = "", product: str = "") -> Means:
    world = World(objects)
    return means(resource, world.fleet.products(), world.board.supply.classes.values(), builtin(), product)


def test_whole_cards_of_a_device_plugin() -> None:
    assert how(node("n1")) == Means(GPU, whole=True)


def test_of_two_kinds_the_one_with_more_cards() -> None:
    amd = any_node("a1", {AMD: 4}, labels={"amd.com/gpu.product-name": "MI300X"})
    found = how(node("n1"), amd)
    assert (found.resource, found.remarks) == (
        GPU,
        ("nvidia.com/gpu is asked for; --resource amd.com/gpu asks for the other kind",),
    )
    assert how(node("n1"), amd, product="mi300").resource == AMD


def test_what_is_named_is_asked_for() -> None:
    assert how(node("n1"), resource="nvidia.com/mig-1g.10gb") == Means("nvidia.com/mig-1g.10gb")
    assert how(node("n1"), resource="mig-1g.10gb") == Means("nvidia.com/mig-1g.10gb")
    assert how(node("n1"), resource="gpu.shared") == Means("nvidia.com/gpu.shared")
    assert how(node("n1"), resource="gpu.nvidia.com") == Means("gpu.nvidia.com"), "a class that is not there"
    assert how(device_class("mine"), resource="mine") == Means(device_class="mine")


def test_devices_alone_are_asked_for_by_claim() -> None:
    slices = resource_slice([card(0)])
    found = how(any_node("n1", {}), slices, device_class("gpu.nvidia.com"), device_class("mig.nvidia.com"))
    assert (found.resource, found.device_class) == ("", "gpu.nvidia.com")


def test_or_by_the_resource_that_the_class_serves() -> None:
    found = how(any_node("n1", {}), resource_slice([card(0)]), device_class("gpu.nvidia.com", GPU))
    assert (found.resource, found.remarks) == (
        GPU,
        ("nvidia.com/gpu is served by claims of DeviceClass gpu.nvidia.com",),
    )


def test_nothing_at_all() -> None:
    assert how(any_node("n1", {})).resource == GPU
    assert "no DeviceClass" in how(any_node("n1", {}), resource_slice([card(0)])).remarks[0]


def test_a_pod_as_the_scheduler_sees_it() -> None:
    found = asked(Wish(2, 8, "16", "64Gi", namespace="a"), Means(GPU))
    (group,) = found.groups
    resources = group.pod["spec"]["containers"][0]["resources"]
    assert resources["requests"] == resources["limits"] == {"cpu": "16", "memory": "64Gi", GPU: "8"}
    assert (group.count, found.each) == (2, "8 GPUs")
    assert asked(Wish(1, 1), Means(GPU)).each == "1 GPU"
    assert asked(Wish(1, 2), Means("nvidia.com/mig-1g.10gb")).each == "2 mig-1g.10gb"


@pytest.mark.parametrize(
    ("wish", "said"),
    [
        (Wish(0, 1), "--pods 0: at least one pod"),
        (Wish(1, 0), "--gpus 0: at least one GPU"),
        (Wish(1, 1, cpu="0"), "--cpu 0: give an amount above 0"),
        (Wish(1, 1, memory="many"), "'many' is not a Kubernetes quantity"),
    ],
)
def test_what_cannot_be_asked(wish: Wish, said: str) -> None:
    with pytest.raises(Usage, match=said):
        asked(wish, Means(GPU))


def test_tolerations() -> None:
    assert toleration("a") == {"key": "a", "operator": "Exists"}
    assert toleration("a=b") == {"key": "a", "operator": "Equal", "value": "b"}
    assert toleration("a=b:NoExecute") == {"key": "a", "operator": "Equal", "value": "b", "effect": "NoExecute"}
    assert toleration("a:NoSchedule") == {"key": "a", "operator": "Exists", "effect": "NoSchedule"}
    assert own_tolerations(["team", GPU, GPU], builtin()) == [{"key": GPU, "operator": "Exists"}]
    for text in ("", "=b", "a:Never"):
        with pytest.raises(Usage, match="is no taint"):
            toleration(text)
