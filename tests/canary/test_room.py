"""Room for the pods of a rollout: nodes, quotas, volumes, Kueue; what would do; what is not known."""

from collections.abc import Iterable
from typing import Any

import msgspec
import pytest

from k8sai.canary.checks.room import Answer, Room, Short, insist, room, whole
from k8sai.canary.checks.room_site import Site
from k8sai.canary.facts import Demand
from k8sai.cluster.reading import Reading
from k8sai.cluster.sources import Source
from k8sai.errors import NoCapacity, Refused
from k8sai.facts import DeviceClass, Node, Pod, ResourceSlice
from k8sai.fit.cluster import Cluster
from tests.queues.simulate_objects import cluster_queue, flavor, local_queue
from tests.why.cluster import Held
from tests.why.objects import card, device_class, exactly, resource_slice

Json = dict[str, Any]
GPU = "nvidia.com/gpu"
QUEUE = "kueue.x-k8s.io/queue-name"
STABLE = {"app": "chat", "version": "v1"}
PROD = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "prod", "labels": {}}}


def template(gpus: int = 8, labels: Json | None = None, **spec: Any) -> Json:
    resources = {"limits": {GPU: str(gpus)}} if gpus else {}
    container = {"name": "kserve-container", "image": "vllm", "resources": resources}
    return {"metadata": {"labels": labels or {"version": "v2"}}, "spec": {"containers": [container], **spec}}


def canary(count: int = 1, gpus: int = 8, labels: Json | None = None, **spec: Any) -> Demand:
    return Demand(template(gpus, labels, **spec), count, "the canary")


def node(name: str, gpus: int = 8) -> Json:
    has = {"cpu": "64", "memory": "512Gi", "pods": "110", GPU: str(gpus)}
    conditions = [{"type": "Ready", "status": "True"}]
    labels = {"kubernetes.io/hostname": f"host-{name}"}
    meta = {"name": name, "uid": f"uid-{name}", "labels": labels, "creationTimestamp": "2026-11-01T00:00:00Z"}
    status = {"capacity": has, "allocatable": has, "conditions": conditions}
    return {"apiVersion": "v1", "kind": "Node", "metadata": meta, "spec": {}, "status": status}


def pod(name: str, on: str, gpus: int = 8, labels: Json | None = None, **spec: Any) -> Json:
    made = template(gpus, labels or STABLE, nodeName=on, **spec)
    meta = {"name": name, "namespace": "prod", "uid": f"uid-{name}", "creationTimestamp": "2026-11-02T00:00:00Z"}
    status = {"phase": "Running"}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {**meta, **made["metadata"]},
        "spec": made["spec"],
        "status": status,
    }


def quota(hard: Json, used: Json | None = None) -> Json:
    meta = {"name": "gpus", "namespace": "prod"}
    status = {"hard": hard, "used": used or {}}
    return {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": meta, "spec": {"hard": hard}, "status": status}


def claim(mode: str, volume: str = "pv-1") -> Json:
    meta = {"name": "weights", "namespace": "prod", "annotations": {"pv.kubernetes.io/bind-completed": "yes"}}
    spec = {"accessModes": [mode], "volumeName": volume}
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": meta,
        "spec": spec,
        "status": {"phase": "Bound"},
    }


VOLUME = {"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": "pv-1"}, "spec": {}}
MOUNT: list[Json] = [{"name": "model", "persistentVolumeClaim": {"claimName": "weights"}}]


def site(
    *objects: Json,
    denied: Iterable[str] = (),
    stable: Json | None = STABLE,
    backend: str = "kserve-standard",
    running: int = 0,
) -> Site:
    cluster, held = Cluster(), Held((*objects, PROD), denied)
    facts = (
        ("Node", "nodes", Node),
        ("Pod", "pods", Pod),
        ("DeviceClass", "deviceclasses", DeviceClass),
        ("ResourceSlice", "resourceslices", ResourceSlice),
    )
    for kind, plural, type_ in facts:
        found = [msgspec.convert(one, type_, strict=False) for one in objects if one["kind"] == kind]
        for sink in cluster.sinks:
            sink.replace(plural, found)  # type: ignore[arg-type]
    return Site(cluster, held, Reading(held), "prod", stable, backend=backend, running=running)


def full(nodes: int = 3, **more: Any) -> tuple[Json, ...]:
    """Every node holds a replica of the stable side."""
    names = [f"n{number}" for number in range(nodes)]
    return (*(node(name) for name in names), *(pod(f"chat-{name}", name, **more) for name in names))


def short_of(found: Answer) -> Short:
    assert found.short is not None
    return found.short


def flags(found: Answer) -> list[str]:
    return [one.flag for one in short_of(found).options]


# --- nodes ------------------------------------------------------------------------------------------------------------


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


# --- quotas -----------------------------------------------------------------------------------------------------------


def test_a_resource_quota() -> None:
    hard = {f"requests.{GPU}": "24"}
    found = short_of(room(site(*full(), node("free"), quota(hard, hard)), [canary()]))
    assert (found.code, found.missing) == ("quota", {f"requests.{GPU}": "8"})
    assert "ResourceQuota prod/gpus leaves 0 of 24" in found.sentence


def test_a_swap_gives_its_quota_back() -> None:
    hard = {f"requests.{GPU}": "24"}
    assert flags(room(site(*full(), quota(hard, hard)), [canary()])) == ["--swap"]


# --- Kueue ------------------------------------------------------------------------------------------------------------

LABELS = {"version": "v2", QUEUE: "team"}


def kueue(nominal: int, **more: Any) -> tuple[Json, ...]:
    return (flavor("h100"), cluster_queue("gpus", nominal, **more), local_queue("prod", "gpus", "team"))


def test_quota_of_kueue_is_enough() -> None:
    assert room(site(node("a"), node("b"), *kueue(16)), [canary(2, labels=LABELS)]) == Answer()


def test_quota_of_kueue_is_short() -> None:
    found = short_of(room(site(node("a"), node("b"), *kueue(8)), [canary(2, labels=LABELS)]))
    assert (found.code, found.missing) == ("queue", {GPU: "8"})
    assert [one.flag for one in found.options] == ["--warm-replicas 1"]


def test_quota_zero_is_never_enough() -> None:
    found = short_of(room(site(node("a"), *kueue(0)), [canary(labels=LABELS)]))
    assert found.never
    assert found.missing == {GPU: "8"}


def test_another_queue_with_room_is_named() -> None:
    other = (cluster_queue("spare", 8), local_queue("prod", "spare", "spare"))
    found = short_of(room(site(node("a"), *kueue(0), *other), [canary(labels=LABELS)]))
    assert [one.text for one in found.options] == [f"LocalQueue spare has the quota: label the pods {QUEUE}=spare"]


def test_what_is_short_in_a_queue_is_said_in_kueues_arithmetic() -> None:
    with pytest.raises(NoCapacity) as caught:
        insist(whole(site(node("a"), node("b"), *kueue(8), backend="rollout"), [canary(2, labels=LABELS)], []))
    assert caught.value.message == (
        "nothing was created: the canary finds no room (lacking 8 nvidia.com/gpu): its pod (2 of 2) is short of 8 of 8 "
        "GPU in h100; the limit that binds: all 8 GPU of ClusterQueue gpus"
    )
    assert caught.value.hint == "`k8sai queue list` shows who holds the quota"


def test_a_queue_that_is_not_there() -> None:
    found = short_of(room(site(node("a"), *kueue(8)), [canary(labels={QUEUE: "taem"})]))
    assert found.code == "queue"
    assert "has no LocalQueue taem" in found.sentence


def test_a_default_queue_is_told_and_decides_nothing() -> None:
    queues = (flavor("h100"), cluster_queue("gpus", 0), local_queue("prod", "gpus", "default"))
    found = room(site(node("a"), *queues), [canary()])
    assert found.short is None
    assert found.notes[0].startswith("LocalQueue default takes what names no queue; should Kueue manage these pods: ")


def test_a_queue_label_without_kueue_means_nothing() -> None:
    assert room(site(node("a")), [canary(labels=LABELS)]) == Answer()


# --- volumes ----------------------------------------------------------------------------------------------------------


def mounted(mode: str, *more: Json) -> Site:
    user = pod("chat-n0", "n0", 4, volumes=MOUNT)
    return site(node("n0"), node("n1"), user, claim(mode), VOLUME, *more)


def test_a_volume_for_one_node_needs_room_on_that_node() -> None:
    assert room(mounted("ReadWriteOnce"), [canary(gpus=4, volumes=MOUNT)]) == Answer()
    found = short_of(room(mounted("ReadWriteOnce"), [canary(gpus=8, volumes=MOUNT)]))
    assert (found.code, found.options) == ("volume", ())
    assert found.sentence == (
        "volume claim weights is mounted on node n0, and ReadWriteOnce lets one node alone mount it, which has no room "
        "for these pods"
    )


def test_a_volume_for_many_nodes_ties_nobody() -> None:
    assert room(mounted("ReadOnlyMany"), [canary(gpus=8, volumes=MOUNT)]) == Answer()


def test_a_template_with_an_affinity_of_its_own_is_tied_as_well() -> None:
    terms = [{"matchExpressions": [{"key": "kubernetes.io/hostname", "operator": "In", "values": ["host-n1"]}]}]
    affinity = {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": terms}}}
    found = room(mounted("ReadWriteOnce"), [canary(gpus=4, volumes=MOUNT, affinity=affinity)])
    assert short_of(found).code == "volume"


def test_no_room_anywhere_is_no_matter_of_the_volume() -> None:
    found = short_of(room(mounted("ReadWriteOnce"), [canary(gpus=16, volumes=MOUNT)]))
    assert found.code == "nodes"


# --- what is not known ------------------------------------------------------------------------------------------------


def test_nodes_that_may_not_be_read_make_a_note() -> None:
    nobody = site()
    nobody.sources = (Source("nodes", "forbidden", message="nodes is forbidden"),)
    found = room(nobody, [canary()])
    assert found == Answer(notes=("whether there is room is not known: nodes is forbidden",))


def test_quotas_that_may_not_be_read_may_still_forbid_it() -> None:
    found = room(site(node("a"), denied=("resourcequotas",)), [canary()])
    assert found.short is None
    assert found.notes == (
        "resourcequotas were not read, so they may still forbid it: resourcequotas is forbidden: "
        'User "eve" cannot list resource "resourcequotas"',
    )


def test_no_guess_where_a_no_may_be_wrong() -> None:
    half = site(*full())
    half.sources = (Source("resourceslices", "forbidden", message="no"),)
    found = room(half, [canary()])
    assert found.short is None
    assert found.notes[0].startswith("the canary: As far as may be read: ")


# --- a whole rollout --------------------------------------------------------------------------------------------------


def test_a_canary_without_room_is_refused_with_what_would_do() -> None:
    found = whole(site(*full()), [canary()], [])
    with pytest.raises(NoCapacity) as caught:
        insist(found)
    assert caught.value.message == (
        "nothing was created: the canary finds no room (lacking 8 nvidia.com/gpu): no node takes a pod of 8 GPUs; "
        "3 nodes are short of nvidia.com/gpu"
    )
    assert caught.value.hint == "take 1 replica of the stable side first, if 2 replicas can bear its load: `--swap`"


def test_a_promotion_without_room_now_is_told() -> None:
    peak = Demand(template(), 3, "the canary at full size, before the swap")
    found = whole(site(*full(), node("free")), [canary()], [peak])
    assert insist(found) == (
        "the promotion finds no room now: the canary at full size, before the swap: 1 of 3 pods of 8 GPUs fits; 3 "
        "nodes are short of nvidia.com/gpu",
    )


def test_a_promotion_that_will_never_have_room_is_refused() -> None:
    peak = Demand(template(), 9, "the canary at full size, before the swap")
    with pytest.raises(NoCapacity):
        insist(whole(site(*full(), node("free")), [canary()], [peak]))


def test_a_volume_is_a_rule_and_no_lack_of_room() -> None:
    with pytest.raises(Refused):
        insist(whole(mounted("ReadWriteOnce"), [canary(gpus=8, volumes=MOUNT)], []))


def test_notes_are_said_once() -> None:
    told = Answer(notes=("a",))
    assert Room(told, told).notes == ("a",)
