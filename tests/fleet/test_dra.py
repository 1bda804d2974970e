"""Devices that claims hold: slices, pools, partitions, shares, taints, leaks, the bridge from extended resources."""

from itertools import permutations

from k8sai.facts import Object
from k8sai.fleet.answers import Figures
from k8sai.fleet.index import Fleet
from tests.fleet.facts_by_hand import (
    card,
    claim,
    claiming,
    counters,
    device_class,
    fleet_of,
    kind_of,
    node,
    partitionable,
    pod,
    resource_slice,
    taint_rule,
)

BARE = node(capacity={})


def eight() -> list[dict[str, object]]:
    return [card(index) for index in range(8)]


def parts(*held: str) -> Fleet:
    """A partitionable card of which these devices are held, each by a claim of its own."""
    whole = resource_slice(partitionable(), name="devices", count=2)
    sets = resource_slice(name="counters", count=2, shared=[counters()])
    claims = [claim(f"c-{device}", [device], reserved=("p",)) for device in held]
    return fleet_of(BARE, whole, sets, *claims, claiming("p", *(f"c-{device}" for device in held), node="n1"))


def test_cards_of_a_slice_and_the_pod_that_holds_two() -> None:
    fleet = fleet_of(
        BARE, resource_slice(eight()), claim("c", ["gpu-0", "gpu-3"], reserved=("p",)), claiming("p", "c", node="n1")
    )
    assert fleet.totals() == Figures(capacity=8, allocatable=8, used=2, free=6)
    row = fleet.node("n1")
    assert row.largest_free == 6
    assert row.product == "NVIDIA-H100-80GB-HBM3"
    assert [(r.resource, r.kind, r.capacity, r.used, r.free) for r in row.resources] == [
        ("gpu.nvidia.com", "card", 8, 2, 6)
    ]
    assert [(h.name, h.share) for h in row.holders] == [("p", 2)]
    assert [(t.name, t.figures.used, t.pods) for t in fleet.namespaces()] == [("team-a", 2, 1)]
    assert fleet.pods()[0].cards == 2
    assert fleet.pods()[0].requests == (("gpu.nvidia.com", 2.0),)


def test_any_order_of_arrival_is_the_same() -> None:
    objects: tuple[Object, ...] = (
        BARE,
        resource_slice(partitionable(), name="devices", count=2),
        resource_slice(name="counters", count=2, shared=[counters()]),
        claim("c", ["gpu-0-mig-3g-0"], reserved=("p",)),
        claiming("p", "c", node="n1"),
    )
    answers = [
        (fleet.totals(), fleet.node("n1"), fleet.namespaces(), fleet.pods(), fleet.products())
        for fleet in (fleet_of(*order) for order in permutations(objects))
    ]
    assert answers[0][0] == Figures(capacity=1, allocatable=1, used=0.5, free=0.5)
    assert all(answer == answers[0] for answer in answers)


def test_drivers_of_other_things_are_not_gpus() -> None:
    network = resource_slice([{"name": "nic-0"}], driver="dra.net")
    domains = resource_slice([{"name": "channel-0"}], driver="compute-domain.nvidia.com")
    held = claim("c", ["nic-0"], driver="dra.net", reserved=("p",))
    fleet = fleet_of(BARE, network, domains, held, claiming("p", "c", node="n1"))
    assert fleet.totals() == Figures()
    assert fleet.node_names() == []
    assert fleet.pods() == ()


def test_only_the_highest_generation_counts() -> None:
    fleet = fleet_of(
        BARE,
        resource_slice(eight(), name="old", generation=1),
        resource_slice([card(0), card(1)], name="new", generation=2),
    )
    assert fleet.totals().capacity == 2
    fleet.drop("resourceslices", resource_slice([], name="new", generation=2))
    assert fleet.totals().capacity == 8


def test_nothing_can_be_had_of_an_incomplete_pool() -> None:
    fleet = fleet_of(
        BARE,
        resource_slice(eight(), name="one", count=2),
        claim("c", ["gpu-0"], reserved=("p",)),
        claiming("p", "c", node="n1"),
    )
    assert fleet.totals() == Figures(capacity=8, allocatable=0, used=1, free=0, unhealthy=8)
    assert fleet.node("n1").largest_free == 0
    (problem,) = fleet.problems()
    assert problem.what == "pool gpu.nvidia.com/n1"
    assert "1 of 2 slices" in problem.why
    fleet.put("resourceslices", resource_slice([], name="two", count=2))
    assert fleet.problems() == ()
    assert fleet.totals() == Figures(capacity=8, allocatable=8, used=1, free=7)


def test_partitions_are_not_cards() -> None:
    fleet = parts()
    assert fleet.totals() == Figures(capacity=1, allocatable=1, free=1)
    assert fleet.node("n1").largest_free == 1


def test_a_device_is_free_if_its_counters_are_left() -> None:
    """One 3g holds 40 of 80 GiB and 3 of 7 slots: another 3g still fits (half a card), the whole does not."""
    fleet = parts("gpu-0-mig-3g-0")
    assert fleet.totals() == Figures(capacity=1, allocatable=1, used=0.5, free=0.5)
    assert fleet.node("n1").largest_free == 0.5
    # Two 3g: memory is gone, and with it the last slot.
    fleet = parts("gpu-0-mig-3g-0", "gpu-0-mig-3g-1")
    assert fleet.totals() == Figures(capacity=1, allocatable=1, used=1)
    assert fleet.node("n1").largest_free == 0
    # 3g and 4 x 1g: memory 80 of 80, slots 7 of 7; the sum of the shares alone would say more than a card.
    fleet = parts("gpu-0-mig-3g-0", *(f"gpu-0-mig-1g-{n}" for n in range(4)))
    assert fleet.totals().used == 1
    assert fleet.totals().free == 0
    # 3g and 3 x 1g: one 1g is left, a seventh of a card by slots.
    fleet = parts("gpu-0-mig-3g-0", *(f"gpu-0-mig-1g-{n}" for n in range(3)))
    assert fleet.node("n1").largest_free == round(1 / 7, 6)


def placed(first: int, places: int, processors: int) -> list[dict[str, object]]:
    """What the NVIDIA driver writes: a counter per memory slice, each of one, beside the processors."""
    counters = {f"memory-slice-{n}": {"value": "1"} for n in range(first, first + places)}
    return [{"counterSet": "gpu-0-counters", "counters": {**counters, "multiprocessors": {"value": str(processors)}}}]


def test_numbered_counters_are_places_of_one_card() -> None:
    """A partition that fills one of eight memory slices is an eighth of a card, not all of it; places may exclude."""
    devices = [
        card(0, consumesCounters=placed(0, 8, 132)),
        {"name": "3g-0", "consumesCounters": placed(0, 4, 60)},
        {"name": "3g-4", "consumesCounters": placed(4, 4, 60)},
        {"name": "1g-4", "consumesCounters": placed(4, 1, 16)},
        {"name": "1g-5", "consumesCounters": placed(5, 1, 16)},
    ]
    sets = [{"name": "gpu-0-counters", "counters": placed(0, 8, 132)[0]["counters"]}]
    slices = (resource_slice(devices, name="d", count=2), resource_slice(name="s", count=2, shared=sets))
    fleet = fleet_of(BARE, *slices, claim("c", ["1g-4"], reserved=("p",)), claiming("p", "c", node="n1"))
    assert fleet.totals() == Figures(capacity=1, allocatable=1, used=0.125, free=0.875)
    assert fleet.node("n1").largest_free == 0.5  # 3g-0; where 3g-4 would lie, a slice is taken
    assert fleet.pods()[0].cards == 0.125


def test_a_device_that_several_may_hold() -> None:
    """30 + 30 + 20 of 80 GiB; a claim that names no amount has all of it."""

    def part(memory: str) -> dict[str, object]:
        return {"device": "gpu-0", "shareID": memory, "consumedCapacity": {"memory": memory}}

    shared = resource_slice([card(0, allowMultipleAllocations=True)])
    fleet = fleet_of(BARE, shared, claim("a", [part("30Gi")]), claim("b", [part("30Gi")]))
    assert fleet.totals().used == 0.75
    assert fleet.node("n1").largest_free == 0.25
    fleet.put("resourceclaims", claim("c", [part("20Gi")]))
    assert fleet.totals().used == 1
    fleet = fleet_of(BARE, shared, claim("a", ["gpu-0"]))
    assert fleet.totals().used == 1


def test_admin_access_takes_nothing() -> None:
    looks = claim("c", [{"device": "gpu-0", "adminAccess": True}], reserved=("p",))
    fleet = fleet_of(BARE, resource_slice(eight()), looks, claiming("p", "c", node="n1"))
    assert fleet.totals().used == 0
    assert fleet.pods() == ()


def test_taints_make_a_device_unhealthy() -> None:
    def tainted(effect: str) -> list[dict[str, object]]:
        return [card(0, taints=[{"key": "bad", "effect": effect}]), card(1)]

    for effect in ("NoSchedule", "NoExecute"):
        fleet = fleet_of(BARE, resource_slice(tainted(effect)))
        assert fleet.totals() == Figures(capacity=2, allocatable=1, free=1, unhealthy=1)
    assert fleet_of(BARE, resource_slice(tainted("None"))).totals() == Figures(capacity=2, allocatable=2, free=2)


def test_taint_rules_work_without_a_trace_in_the_slice() -> None:
    fleet = fleet_of(BARE, resource_slice(eight()), taint_rule(pool="n1", device="gpu-3"))
    assert fleet.totals() == Figures(capacity=8, allocatable=7, free=7, unhealthy=1)
    fleet.put("devicetaintrules", taint_rule(pool="elsewhere"))
    assert fleet.totals().unhealthy == 0
    fleet.put("devicetaintrules", taint_rule(driver="gpu.nvidia.com"))
    assert fleet.totals() == Figures(capacity=8, allocatable=0, unhealthy=8)
    fleet.put("devicetaintrules", taint_rule(effect="None"))
    assert fleet.totals().unhealthy == 0


def test_an_unhealthy_device_that_is_held_takes_nothing_from_what_is_free() -> None:
    fleet = fleet_of(BARE, resource_slice(eight()), taint_rule(device="gpu-3"), claim("c", ["gpu-3"]))
    assert fleet.totals() == Figures(capacity=8, allocatable=7, used=1, free=7, unhealthy=1, leaked=1)


def test_a_leaked_claim_still_holds() -> None:
    fleet = fleet_of(BARE, resource_slice(eight()), claim("c", ["gpu-0", "gpu-1"]))
    assert fleet.totals() == Figures(capacity=8, allocatable=8, used=2, free=6, leaked=2)
    assert [(t.name, t.figures.used, t.pods) for t in fleet.namespaces()] == [("team-a", 2, 0)]


def test_a_claim_with_a_deletion_timestamp_holds() -> None:
    fleet = fleet_of(
        BARE,
        resource_slice(eight()),
        claim("c", ["gpu-0"], reserved=("p",), deleting=True),
        claiming("p", "c", node="n1"),
    )
    assert fleet.totals().used == 1


def test_a_claim_shared_by_two_pods_counts_once() -> None:
    fleet = fleet_of(
        BARE,
        resource_slice(eight()),
        claim("c", ["gpu-0"], reserved=("a", "b")),
        claiming("a", "c", node="n1"),
        claiming("b", "c", node="n1"),
    )
    assert fleet.totals().used == 1
    assert [pod.cards for pod in fleet.pods()] == [0.5, 0.5]
    assert fleet.namespaces()[0].figures.used == 1
    fleet.drop("pods", claiming("a", "c", node="n1"))
    assert [pod.cards for pod in fleet.pods()] == [1]
    assert fleet.totals().used == 1


def test_terminating_pods_of_a_claim() -> None:
    slices, held = resource_slice(eight()), claim("c", ["gpu-0"], reserved=("a", "b"))
    fleet = fleet_of(BARE, slices, held, claiming("a", "c", node="n1", terminating=True), claiming("b", "c", node="n1"))
    assert fleet.totals().terminating == 0
    fleet.put("pods", claiming("b", "c", node="n1", terminating=True))
    assert fleet.totals().terminating == 1


def test_an_allocation_outlives_its_slice() -> None:
    fleet = fleet_of(BARE, resource_slice(eight()), claim("c", ["gpu-0"], node="n1"))
    fleet.drop("resourceslices", resource_slice(eight()))
    assert fleet.totals() == Figures(used=1, leaked=1)
    assert fleet.node("n1").figures.used == 1
    fleet.put("resourceslices", resource_slice([card(1)]))
    assert fleet.totals() == Figures(capacity=1, allocatable=1, used=1, free=1, leaked=1)


def test_devices_that_several_nodes_reach_are_placed_by_their_allocation() -> None:
    fleet = fleet_of(BARE, node("n2", {}), resource_slice([card(0), card(1)], node="", pool="fabric", allNodes=True))
    assert fleet.totals() == Figures(capacity=2, allocatable=2, free=2)
    assert fleet.node_names() == []
    fleet.put("resourceclaims", claim("c", ["gpu-0"], pool="fabric", node="n2", reserved=("p",)))
    assert fleet.totals() == Figures(capacity=2, allocatable=2, used=1, free=1)
    assert fleet.node("n2").figures == Figures(capacity=1, allocatable=1, used=1)
    fleet.drop("resourceclaims", claim("c"))
    assert fleet.node_names() == []
    fleet.put("resourceclaims", claim("c", ["gpu-0"], pool="fabric", reserved=("p",)))
    fleet.put("pods", claiming("p", "c", node="n1"))
    assert fleet.node("n1").figures.used == 1


def test_devices_choose_their_own_nodes() -> None:
    devices = [card(0, nodeName="n1"), card(1, nodeName="n2"), card(2, allNodes=True)]
    fleet = fleet_of(BARE, node("n2", {}), resource_slice(devices, node="", pool="mixed", perDeviceNodeSelection=True))
    assert fleet.totals().capacity == 3
    assert [fleet.node(name).figures.capacity for name in ("n1", "n2")] == [1, 1]


def test_extended_resources_served_by_a_claim_count_once() -> None:
    bridge = {
        "extendedResourceClaimStatus": {
            "resourceClaimName": "made",
            "requestMappings": [
                {"containerName": "init", "resourceName": "nvidia.com/gpu", "requestName": "container-0-request-0"},
                {"containerName": "main", "resourceName": "nvidia.com/gpu", "requestName": "container-1-request-0"},
            ],
        }
    }
    served = pod("p", 2, "n1", status=bridge)
    made = claim(
        "made",
        ["gpu-0", "gpu-1"],
        reserved=("p",),
        annotations={"resource.kubernetes.io/extended-resource-claim": "true"},
    )
    facts: tuple[Object, ...] = (BARE, resource_slice(eight()), made, served)
    for objects in permutations(facts):
        fleet = fleet_of(*objects)
        assert fleet.totals() == Figures(capacity=8, allocatable=8, used=2, free=6)
        assert [one.cards for one in fleet.pods()] == [2]
        assert [r.resource for r in fleet.node("n1").resources] == ["gpu.nvidia.com"]


def test_dra_and_device_plugin_make_one_total() -> None:
    fleet = fleet_of(
        node("n1", {"nvidia.com/gpu": 8}), node("n2", {}), resource_slice(eight(), node="n2"), pod("a", 3, "n1"),
        claim("c", ["gpu-0"], pool="n2", reserved=("b",)), claiming("b", "c", node="n2"),
    )  # fmt: skip
    assert fleet.totals() == Figures(capacity=16, allocatable=16, used=4, free=12)


def test_pending_claims_ask_by_class() -> None:
    waiting = claiming("p", "c")
    fleet = fleet_of(BARE, resource_slice(eight()), claim("c", asks=4), waiting)
    assert fleet.totals().pending == 4
    assert fleet.namespaces()[0].figures.pending == 4
    (row,) = fleet.pending()
    assert row.requests == (("gpu.nvidia.com", 4.0),)
    first = claim("c", requests=[{"name": "r", "firstAvailable": [
        {"name": "big", "deviceClassName": "gpu.nvidia.com", "count": 2},
        {"name": "small", "deviceClassName": "mig.nvidia.com", "count": 8},
    ]}])  # fmt: skip
    fleet.put("resourceclaims", first)
    assert fleet.totals().pending == 2
    fleet.put("resourceclaims", claim("c", device_class="rdma.example.com"))
    assert fleet.totals().pending == 0
    assert fleet.pending() == ()
    fleet.put("deviceclasses", device_class("rdma.example.com", "nvidia.com/gpu"))
    assert fleet.totals().pending == 1


def test_an_allocated_claim_of_an_unbound_pod_is_held_and_not_pending() -> None:
    """Binding conditions: the claim is allocated and reserved, the pod only nominated."""
    fleet = fleet_of(
        BARE, resource_slice(eight()), claim("c", ["gpu-0"], reserved=("p",)), claiming("p", "c", nominated="n1")
    )
    assert fleet.totals() == Figures(capacity=8, allocatable=8, used=1, free=7)
    (row,) = fleet.pending()
    assert (row.reason, row.cards) == ("AwaitingBinding", 1)


def test_a_missing_claim_is_the_reason() -> None:
    fleet = fleet_of(BARE, claiming("p", "nowhere"))
    assert [row.reason for row in fleet.pending()] == ["ClaimMissing"]
    template = pod("q", 0, spec={"resourceClaims": [{"name": "gpu", "resourceClaimTemplateName": "t"}]})
    assert [row.reason for row in fleet_of(template).pending()] == ["ClaimMissing"]


def test_malformed_counters_are_a_problem() -> None:
    broken = resource_slice(
        [card(0, consumesCounters=[{"counterSet": "s", "counters": {"memory": {"value": "lots"}}}])]
    )
    fleet = fleet_of(BARE, resource_slice(eight()), broken)
    assert [problem.what for problem in fleet.problems()] == ["resource slice n1-gpu.nvidia.com"]
    assert fleet.totals().capacity == 0
    fleet.put(kind_of(broken), resource_slice(eight()))
    assert fleet.problems() == ()


def test_replace_forgets_slices_and_claims() -> None:
    fleet = fleet_of(BARE, resource_slice(eight()), claim("c", ["gpu-0"]), taint_rule(device="gpu-7"))
    fleet.replace("resourceclaims", [])
    fleet.replace("devicetaintrules", [])
    assert fleet.totals() == Figures(capacity=8, allocatable=8, free=8)
    fleet.replace("resourceslices", [resource_slice([card(0)], name="another")])
    assert fleet.totals() == Figures(capacity=1, allocatable=1, free=1)
