"""One GPU among slices and claims: what is found, who holds it, what is refused; and the rule that closes it."""

from types import SimpleNamespace
from typing import Any

import pytest

from k8sai.cluster.discovery import Resource
from k8sai.cluster.reading import Reading
from k8sai.cluster.writing import Target
from k8sai.errors import Forbidden, NotFound, Refused
from k8sai.evict.facts import Contract, Phase, PodRef, Ref, Switch
from k8sai.evict.keeping.names import node_lease
from k8sai.evict.planning.device import CLAIMS, RULES, SLICES, holders, selected, the_device
from k8sai.evict.running import tainting
from k8sai.evict.running.look import Look, Memory
from k8sai.evict.state import Device, GangState, NodeState, Stage, State
from k8sai.evict.switches.step import Wait
from tests.controlplane import dra

Json = dict[str, Any]
CARD = Device(dra.DRIVER, "n0", "gpu-0", "GPU-00000000")


class Shelf:
    """Objects by kind, as `Reading` asks for them; a kind that is not there is not served."""

    def __init__(self, objects: dict[str, list[Json]], forbidden: str = "") -> None:
        self.objects, self.forbidden = objects, forbidden

    def served(self, kind: str) -> bool:
        return kind in self.objects

    def list(self, kind: str, namespace: str = "", *, labels: str = "", fields: str = "") -> list[Json]:
        if kind == self.forbidden:
            raise Forbidden(f"you may not list {kind}")
        return self.objects[kind]

    def get(self, kind: str, namespace: str, name: str) -> Json:
        found = next((one for one in self.objects[kind] if one["metadata"]["name"] == name), None)
        if found is None:
            raise NotFound(name)
        return found


def reading(*slices: Json, claims: tuple[Json, ...] = (), rules: tuple[Json, ...] | None = (), **more: Any) -> Reading:
    known: dict[str, list[Json]] = {SLICES: list(slices), CLAIMS: list(claims), "pods": []}
    if rules is not None:
        known[RULES] = list(rules)
    return Reading(Shelf(known, **more))  # type: ignore[arg-type]


def claim(*pods: str, device: str = "gpu-0", **more: Any) -> Json:
    result = {"driver": dra.DRIVER, "pool": "n0", "device": device, "request": "cards", **more}
    reserved = [{"resource": "pods", "name": name, "uid": f"uid-{name}"} for name in pods]
    status = {"allocation": {"devices": {"results": [result]}}, "reservedFor": reserved}
    return {"metadata": {"name": "c", "namespace": "ml"}, "status": status}


@pytest.mark.parametrize("named", ["GPU-00000000", "gpu.nvidia.com/n0/gpu-0"])
def test_by_uuid_and_by_place(named: str) -> None:
    assert the_device(reading(dra.resource_slice("n0", [dra.gpu(1), dra.gpu(0)])), named) == CARD


@pytest.mark.parametrize("key", ["uuid", "gpu.nvidia.com/uuid", "UUID"])
def test_the_uuid_may_have_a_domain(key: str) -> None:
    card = dra.gpu(0, attributes={key: {"string": "GPU-x"}})
    assert the_device(reading(dra.resource_slice("n0", [card])), "GPU-x").name == "gpu-0"


def test_before_v1_attributes_lay_deeper() -> None:
    card = {"name": "gpu-0", "basic": {"attributes": {"uuid": {"string": "GPU-x"}}}}
    assert the_device(reading(dra.resource_slice("n0", [card])), "GPU-x").name == "gpu-0"


def test_a_slice_of_an_older_generation_counts_no_more() -> None:
    old = dra.resource_slice("n0", [dra.gpu(0)], name="old")
    new = dra.resource_slice("n0", [dra.gpu(1)], name="new", generation=2)
    with pytest.raises(NotFound, match="no ResourceSlice has a GPU GPU-00000000"):
        the_device(reading(old, new), "GPU-00000000")


def test_a_card_that_is_given_in_parts_too_is_refused() -> None:
    with pytest.raises(Refused, match="shares its card with gpu-0-mig-0, gpu-0-mig-1, gpu-0-mig-2, and 4 more"):
        the_device(reading(*dra.partitionable("n0")), "gpu.nvidia.com/n0/gpu-0")


def test_a_cluster_that_cannot_close_one() -> None:
    with pytest.raises(Refused, match="serves no DeviceTaintRule"):
        the_device(reading(dra.resource_slice("n0", [dra.gpu(0)]), rules=None), "GPU-00000000")


def test_slices_that_may_not_be_read_are_not_none() -> None:
    with pytest.raises(Forbidden):
        the_device(reading(forbidden=SLICES), "GPU-00000000")


def test_holders_are_who_the_claim_is_reserved_for() -> None:
    read = reading(claims=(claim("a", "b"), claim("b"), claim("c", device="gpu-1"), claim("d", adminAccess=True)))
    assert [one.name for one in holders(read, CARD)] == ["a", "b"]


@pytest.mark.parametrize(
    ("pods", "gangs", "said"), [(0, 0, "no pod"), (1, 1, "1 pod of 1 gang"), (3, 2, "3 pods of 2 gangs")]
)
def test_in_words(pods: int, gangs: int, said: str) -> None:
    assert f"held by {said};" in selected(CARD, pods, gangs)


@pytest.mark.parametrize("version", ["v1", "v1beta2", "v1alpha3"])
def test_the_rule_is_of_the_version_that_is_served(version: str) -> None:
    resource = Resource("resource.k8s.io", version, "devicetaintrules", "DeviceTaintRule", False, ())
    made = tainting.rule(Target(resource, "", "k8sai-evict-abc234"), "abc234", CARD)
    assert made["apiVersion"] == f"resource.k8s.io/{version}"
    assert made["spec"]["deviceSelector"] == {"driver": dra.DRIVER, "pool": "n0", "device": "gpu-0"}
    assert made["spec"]["taint"]["effect"] == "NoSchedule"


@pytest.mark.parametrize(
    ("drain", "uid", "ours"),
    [("abc234", "", True), ("abc234", "u1", True), ("abc234", "u2", False), ("xyz", "", False)],
)
def test_a_rule_is_ours_by_its_mark_and_its_uid(drain: str, uid: str, ours: bool) -> None:
    live = {"metadata": {"name": "k8sai-evict-abc234", "uid": "u1", "annotations": {"k8sai.dev/evict": "abc234"}}}
    assert tainting.is_ours(live, drain, uid) is ours


def test_the_lease_of_a_card_is_a_name() -> None:
    assert node_lease("ns", "n0").name == "k8sai-node-n0"
    name = node_lease("ns", CARD.id).name
    assert name.startswith("k8sai-node-gpu-")
    assert name != node_lease("ns", f"{CARD.id}1").name
    assert name.replace("-", "").isalnum()


@pytest.mark.parametrize(
    ("pod", "stage", "waits"),
    [("old", Stage.RUNNING, True), ("new", Stage.RUNNING, False), ("old", Stage.ABORTING, False)],
)
def test_a_gang_starts_once_its_old_pods_have_let_the_card_go(pod: str, stage: Stage, waits: bool) -> None:
    job = Ref("jobs.batch", "ml", "llm", "u1", "job")
    old = PodRef("ml", "llm-0", "uid-old", "n0", 1.0)
    gang = GangState("u1", job, "Job", (old,), 1.0, Contract(), Switch("suspend", job), phase=Phase.STOPPED)
    state = State("abc234", "h", stage, nodes=(NodeState(CARD.id, "", device=CARD),), gangs=(gang,))
    nothing = SimpleNamespace(attempt=lambda _: None, proof=lambda _: None)
    hands = SimpleNamespace(switches=SimpleNamespace(next_start=lambda *_: None))
    found = Look(hands, state, reading(claims=(claim(pod),)), nothing, Memory(), {})  # type: ignore[arg-type]
    assert isinstance(found.gang(gang, {}).start, Wait) is waits
