"""Whether a canary has nodes, what is short, and which flags would do."""

import pytest

from k8sai.canary.checks.room import room, whole
from k8sai.canary.checks.room_answer import Answer, Room
from tests.canary.sites import GPU, QUEUE, Json, canary, flags, full, node, pod, short_of, site
from tests.queues.simulate_objects import cluster_queue, flavor, local_queue
from tests.why.objects import card, device_class, exactly, resource_slice


def test_it_fits() -> None:
    assert room(site(*full(), node("free")), [canary()]) == Answer()


def test_nothing_is_asked_where_no_pods_are_made() -> None:
    nobody = site(denied=("nodes",))
    assert room(nobody, []) == room(nobody, [canary(0)]) == Answer()


def test_the_deficit_is_what_the_pods_that_find_no_place_ask_for() -> None:
    found = short_of(room(site(*full(), node("free")), [canary(3)]))
    assert found.code == "nodes"
    assert found.missing == {GPU: "16"}
    assert found.sentence == "1 of 3 pods of 8 GPUs fits; 3 nodes are short of nvidia.com/gpu"
    assert not found.never


def test_what_no_node_ever_takes_is_never() -> None:
    found = short_of(room(site(node("free")), [canary(gpus=16)]))
    assert found.never
    assert found.missing == {GPU: "16"}
    assert found.options == ()


def test_taints_and_selectors_of_the_template_count() -> None:
    assert room(site(node("free")), [canary(nodeSelector={"pool": "h100"})]).short


def test_fewer_warm_replicas_are_as_many_as_start_now() -> None:
    found = room(site(*full(), node("a"), node("b")), [canary(5)])
    assert flags(found) == ["--warm-replicas 2"]


def test_swap_takes_the_place_of_one_replica() -> None:
    found = room(site(*full()), [canary()])
    assert flags(found) == ["--swap"]
    assert short_of(found).options[0].text == (
        "take 1 replica of the stable side first, if 2 replicas can bear its load: `--swap`"
    )
    assert room(site(*full()), [canary()], 1) == Answer()


def test_the_only_replica_is_never_taken() -> None:
    found = room(site(*full(1)), [canary()])
    assert flags(found) == []
    assert room(site(*full(1)), [canary()], 1).short


def test_those_that_run_already_are_counted_in() -> None:
    found = room(site(*full(), node("a"), running=1), [canary(2)])
    assert flags(found) == ["--warm-replicas 2"]


def test_a_swap_gives_as_many_as_the_canary_begins_with_and_at_most_half() -> None:
    assert flags(room(site(*full(4)), [canary(2)])) == ["--swap"]
    assert flags(room(site(*full(3)), [canary(2)])) == []
    assert whole(site(*full(4)), [canary(2)], [], swap=True) == Room()


@pytest.mark.parametrize(
    ("backend", "found"),
    [("httproute", ["--warm-replicas 1"]), ("rollout", []), ("kserve-knative", [])],
)
def test_only_flags_that_the_backend_takes_are_offered(backend: str, found: list[str]) -> None:
    assert flags(room(site(*full(4), node("free"), backend=backend), [canary(2)])) == found


def test_swap_is_offered_only_if_any_replica_would_do() -> None:
    """The controller chooses which one goes."""
    beside = pod("other", "n0", 4, {"app": "other"})
    small = (node("n0"), node("n1"), pod("chat-0", "n0", 4), beside, pod("chat-1", "n1", 8))
    assert flags(room(site(*small), [canary()])) == []


def test_pods_of_others_are_not_the_stable_side() -> None:
    assert flags(room(site(*full(labels={"app": "sft"})), [canary()])) == []


def test_the_least_of_three_options_comes_first() -> None:
    queues = (flavor("h100"), cluster_queue("gpus", 64), local_queue("prod", "gpus", "team"))
    found = room(site(*full(4), node("free"), *queues), [canary(2)])
    assert flags(found) == ["--warm-replicas 1", "--swap", ""]
    assert short_of(found).options[2].text == f"let it wait its turn in LocalQueue team: label the pods {QUEUE}=team"


def test_devices_of_claims_count() -> None:
    """A claim for each pod, of two cards; one node has four."""
    asked = {"devices": {"requests": [exactly(count=2)]}}
    meta = {"name": "two", "namespace": "prod"}
    kind = {"apiVersion": "resource.k8s.io/v1", "kind": "ResourceClaimTemplate"}
    two: Json = {**kind, "metadata": meta, "spec": {"spec": asked}}
    cards = resource_slice("n0", *(card(number) for number in range(4)))
    claims = [{"name": "gpus", "resourceClaimTemplateName": "two"}]
    ground = site(node("n0", 0), node("n1", 0), device_class(), cards, two)
    assert room(ground, [canary(2, 0, resourceClaims=claims)]) == Answer()
    found = short_of(room(ground, [canary(3, 0, resourceClaims=claims)]))
    assert (found.code, found.never) == ("nodes", True)
    assert "2 of 3 pods fit" in found.sentence
