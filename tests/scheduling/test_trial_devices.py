"""Trials with DRA: devices that are held, shared, partitioned; claims that are shared or missing; bridged resources."""

from typing import Any

import pytest

from k8sai.scheduling.capacity import consumed
from k8sai.scheduling.claims import ELSEWHERE, NO_DEVICES
from k8sai.scheduling.trial import Candidate, Trial
from tests.scheduling.cluster import NAMESPACE, apart, board, fact, node, pod

Json = dict[str, Any]
DRIVER = "gpu.example.com"


def device(name: str, **more: Any) -> Json:
    return {
        "name": name,
        "attributes": {"numa": {"int": int(name[-1]) % 2}},
        "capacity": {"memory": {"value": "80Gi"}},
        **more,
    }


def devices_of(name: str, *devices: Json, slices: int = 1, **spec: Any) -> Json:
    pool = {"name": name, "generation": 1, "resourceSliceCount": slices}
    return {
        "metadata": {"name": f"slice-{name}", "uid": f"uid-slice-{name}"},
        "spec": {"driver": DRIVER, "nodeName": name, "pool": pool, "devices": list(devices), **spec},
    }


def device_class(name: str = "gpu", resource: str = "") -> Json:
    spec: Json = {"selectors": [{"cel": {"expression": f"device.driver == '{DRIVER}'"}}]}
    return {
        "metadata": {"name": name, "uid": f"uid-{name}"},
        "spec": {**spec, "extendedResourceName": resource} if resource else spec,
    }


def claim(name: str, count: int = 1, held: str = "", by: str = "", **exactly: Any) -> Json:
    """`held` is a device (node/device) it is allocated, `by` the uid of the pod that uses it."""
    request = {"deviceClassName": "gpu", "allocationMode": "ExactCount", "count": count, **exactly}
    made: Json = {
        "metadata": {"name": name, "namespace": NAMESPACE, "uid": f"uid-{name}"},
        "spec": {"devices": {"requests": [{"name": "r", "exactly": request}]}},
    }
    if held:
        pool, _, of = held.partition("/")
        here = {"key": "metadata.name", "operator": "In", "values": [pool]}
        made["status"] = {
            "allocation": {
                "devices": {"results": [{"request": "r", "driver": DRIVER, "pool": pool, "device": of}]},
                "nodeSelector": {"nodeSelectorTerms": [{"matchFields": [here]}]},
            },
            "reservedFor": [{"resource": "pods", "name": by, "uid": by}] if by else [],
        }
    return made


def asks(trial: Trial, name: str = "p0", **of_claim: Any) -> Candidate:
    """A pod with a claim of its own, as a template would make it."""
    own = claim(f"{name}-gpu", **of_claim)
    own["metadata"]["ownerReferences"] = [{"kind": "Pod", "name": name, "uid": f"uid-{name}"}]
    with_claim = pod(name, 0, resourceClaims=[{"name": "gpu", "resourceClaimTemplateName": "t"}])
    return trial.candidate_of(with_claim, {"gpu": own})


def trial_of(*slices: Json, claims: tuple[Json, ...] = (), nodes: str = "ab", resource: str = "") -> Trial:
    made = board(
        [node(n, 0) for n in nodes],
        resourceslices=slices,
        resourceclaims=claims,
        deviceclasses=[device_class(resource=resource)],
    )
    return Trial(made)


def test_devices_are_given_once_in_a_gang_and_across_it() -> None:
    trial = trial_of(
        devices_of("a", device("d0"), device("d1")),
        devices_of("b", device("d0")),
        claims=(claim("c", held="a/d1", by="x"),),
    )
    assert trial.rooms(asks(trial)) == {"a": 1, "b": 1}
    went = trial.place([asks(trial, f"p{i}") for i in range(3)])
    assert sorted(went.nodes.values()) == ["a", "b"]
    assert went.failed and {r.reasons for v in went.verdicts for r in v.refusals} == {(NO_DEVICES,)}
    assert trial.rooms(asks(trial)) == {"a": 1, "b": 1}


def test_devices_of_pods_that_are_gone_are_free_and_leaked_ones_are_not() -> None:
    held = (claim("c", held="a/d0", by="x"), claim("leak", held="b/d0"))
    trial = trial_of(devices_of("a", device("d0")), devices_of("b", device("d0")), claims=held)
    assert trial.rooms(asks(trial)) == {}
    assert trial.without(pods=["x"]).rooms(asks(trial)) == {"a": 1}


def test_a_claim_that_is_allocated_holds_its_pod_to_its_node() -> None:
    trial = trial_of(devices_of("a", device("d0")), claims=(claim("mine", held="a/d0"),))
    shared = trial.candidate_of(pod("p", 0, resourceClaims=[{"name": "gpu", "resourceClaimName": "mine"}]))
    assert trial.rooms(shared, most=5) == {"a": 5}
    (refusal,) = trial.verdict(shared, "b").refusals
    assert (refusal.reasons, refusal.detail) == ((ELSEWHERE,), "mine")


def test_pods_that_share_an_open_claim_follow_the_first() -> None:
    trial = trial_of(devices_of("a", device("d0")), devices_of("b", device("d0")), claims=(claim("ours"),))
    pods = [pod(f"p{i}", 0, resourceClaims=[{"name": "gpu", "resourceClaimName": "ours"}]) for i in range(4)]
    went = trial.place([trial.candidate_of(p) for p in pods])
    assert len(went.nodes) == 4 and len(set(went.nodes.values())) == 1


def test_a_claim_nobody_made_bars_the_pod_everywhere() -> None:
    trial = trial_of(devices_of("a", device("d0")))
    waits = trial.candidate_of(pod("p", 0, resourceClaims=[{"name": "gpu", "resourceClaimTemplateName": "t"}]))
    assert waits.missing == "gpu"
    assert all(not v.fits for v in trial.verdicts(waits))
    assert trial.place([waits]).failed


def test_a_missing_class_bars_the_pod_everywhere() -> None:
    trial = trial_of(devices_of("a", device("d0")))
    said = trial.verdict(asks(trial, deviceClassName="tpu"), "a")
    assert said.refusals[0].reasons == ("request r: device class tpu does not exist",)


def test_one_device_that_breaks_a_selector_ends_the_pods_turn() -> None:
    """The scheduler gives up on the pod, although the other node would take it."""
    odd = {"name": "d1"}
    trial = trial_of(devices_of("a", device("d0")), devices_of("b", odd))
    picky = [{"cel": {"expression": f"device.attributes['{DRIVER}'].numa == 0"}}]
    said = trial.verdict(asks(trial, selectors=picky), "a")
    assert "no such key: numa" in said.refusals[0].reasons[0] and said.refusals[0].detail == "b"
    assert trial.place([asks(trial, selectors=picky)]).nodes == {}


def test_all_devices_need_every_pool_complete() -> None:
    trial = trial_of(devices_of("a", device("d0")), devices_of("b", device("d0"), slices=2))
    said = trial.verdict(asks(trial, allocationMode="All"), "a")
    assert "resource pool gpu.example.com/b is currently being updated" in said.refusals[0].reasons[0]
    assert trial.rooms(asks(trial)) == {"a": 1}


def test_a_node_that_an_earlier_filter_refuses_breaks_nothing() -> None:
    """Devices are the last filter: a broken node that the pod may not use anyway does not matter."""
    trial = trial_of(devices_of("a", device("d0")), devices_of("b", device("d0"), slices=2))
    own = claim("p-gpu", allocationMode="All")
    picky = pod(
        "p",
        0,
        resourceClaims=[{"name": "gpu", "resourceClaimName": "p-gpu"}],
        nodeSelector={"kubernetes.io/hostname": "a"},
    )
    assert trial.rooms(trial.candidate_of(picky, {"p-gpu": own})) == {"a": 1}


def test_a_shared_device_is_shared_until_its_capacity_is_gone_and_takes_its_counters_once() -> None:
    draws = [{"counterSet": "card", "counters": {"slots": {"value": "1"}}}]
    counters = devices_of("a", slices=2, sharedCounters=[{"name": "card", "counters": {"slots": {"value": "1"}}}])
    counters["metadata"] = {"name": "counters", "uid": "uid-counters"}
    shared = device("d0", allowMultipleAllocations=True, consumesCounters=draws)
    trial = trial_of(counters, devices_of("a", shared, slices=2))
    assert trial.rooms(asks(trial, capacity={"requests": {"memory": "30Gi"}})) == {"a": 2}
    assert trial.rooms(asks(trial)) == {"a": 1}


def test_an_extended_resource_is_served_by_claims_where_no_plugin_does() -> None:
    resource = "example.com/card"
    nodes = [node("a", 0), node("b", 0, amounts={resource: "3"})]
    made = board(
        nodes,
        resourceslices=[devices_of("a", device("d0"), device("d1"))],
        deviceclasses=[device_class(resource=resource)],
    )
    trial = Trial(made)
    with_card = pod("p", 0)
    with_card["spec"]["containers"][0]["resources"] = {"requests": {resource: "1"}}
    assert trial.rooms(trial.candidate_of(with_card)) == {"a": 2, "b": 3}
    with_card["spec"]["initContainers"] = [{"name": "check", "resources": {"requests": {resource: "2"}}}]
    assert trial.rooms(trial.candidate_of(with_card)) == {"a": 1, "b": 1}


def test_a_constraint_across_all_devices_that_cannot_hold_is_an_error() -> None:
    trial = trial_of(devices_of("a", device("d0"), device("d1")))
    candidate = asks(trial, allocationMode="All")
    candidate.claims[0]["spec"]["devices"]["constraints"] = [{"matchAttribute": f"{DRIVER}/numa"}]
    assert "because a claim constraint would not be satisfied" in trial.verdict(candidate, "a").refusals[0].reasons[0]


def test_rules_and_claims_at_once() -> None:
    trial = trial_of(devices_of("a", device("d0"), device("d1")), devices_of("b", device("d0")))
    pods = []
    for i in range(3):
        own = claim(f"p{i}-gpu")
        with_claim = pod(
            f"p{i}", 0, affinity=apart(), resourceClaims=[{"name": "gpu", "resourceClaimName": f"p{i}-gpu"}]
        )
        pods.append(trial.candidate_of(with_claim, {"gpu": own}))
    assert sorted(trial.place(pods).nodes.values()) == ["a", "b"]


def test_a_slice_that_changes_is_seen() -> None:
    made = board([node("a", 0)], resourceslices=[devices_of("a", device("d0"))], deviceclasses=[device_class()])
    assert Trial(made).rooms(asks(Trial(made))) == {"a": 1}
    made.put("resourceslices", fact("resourceslices", devices_of("a", device("d0"), device("d1"))))
    assert Trial(made).rooms(asks(Trial(made))) == {"a": 2}
    made.put("resourceclaims", fact("resourceclaims", claim("c", held="a/d1", by="x")))
    assert Trial(made).rooms(asks(Trial(made))) == {"a": 1}


@pytest.mark.parametrize(
    ("policy", "asked", "takes"),
    [
        ({}, None, 80),
        ({}, "30", 30),
        ({}, "81", None),
        ({"default": "10"}, None, 10),
        ({"default": "10", "validRange": {"min": "10", "max": "40", "step": "15"}}, "5", 10),
        ({"default": "10", "validRange": {"min": "10", "max": "40", "step": "15"}}, "11", 25),
        ({"default": "10", "validRange": {"min": "10", "max": "40", "step": "15"}}, "41", None),
        ({"default": "20", "validValues": ["20", "40"]}, "21", 40),
        ({"default": "20", "validValues": ["20", "40"]}, "41", None),
    ],
)
def test_a_capacity_is_rounded_as_its_policy_says(policy: Json, asked: str | None, takes: int | None) -> None:
    capacity = {"memory": {"value": "80", "requestPolicy": policy}}
    taken = consumed(capacity, {"memory": asked} if asked else {})
    assert taken == (None if takes is None else {"memory": takes})


def test_a_capacity_the_device_does_not_have_is_not_to_be_had() -> None:
    assert consumed({"memory": {"value": "80"}}, {"cores": "1"}) is None


@pytest.mark.parametrize(("binds", "nodes"), [(True, 1), (False, 2)])
def test_a_fabric_device_holds_its_pods_to_a_node_only_where_it_says_so(binds: bool, nodes: int) -> None:
    fabric = devices_of("fabric", device("d0", bindsToNode=binds), allNodes=True)
    del fabric["spec"]["nodeName"]
    trial = trial_of(fabric, claims=(claim("ours"),))
    shared = [{"name": "gpu", "resourceClaimName": "ours"}]
    pods = [trial.candidate_of(pod(f"p{i}", 0, resourceClaims=shared)) for i in range(2)]
    first = trial.place(pods[:1]).nodes["uid-p0"]
    trial.fill(pods[:1])
    settled = trial.candidate_of(pod("p9", 0, resourceClaims=shared))
    assert len(trial.rooms(settled)) == nodes and first in trial.rooms(settled)
