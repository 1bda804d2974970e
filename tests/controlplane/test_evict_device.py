"""One GPU instead of a node, with the real scheduler allocating claims and the real taint controller looking on."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from k8sai.cluster.discovery import Resource
from k8sai.cluster.writing import Target
from k8sai.evict.running.tainting import is_ours, rule
from k8sai.evict.state import Device
from tests.contract.api import Json
from tests.controlplane.audit import writes_during
from tests.controlplane.ours import Ended, k8sai
from tests.controlplane.server import ControlPlane
from tests.evict.yard import Yard, yard_on
from tests.evict.yard_devices import RULES, bridged, claiming, device_of, fixed, published, rules_of
from tests.evict.yard_objects import contract
from tests.evict.yard_player import Played

pytestmark = pytest.mark.controlplane
SAID = "EvictionInProgress"
Kind = Callable[..., Json]


@pytest.fixture
def yard(plane: ControlPlane) -> Iterator[Yard]:
    with yard_on(plane.api, "device") as made, published(made):
        yield made


def evict(plane: ControlPlane, verb: str, *words: str, kubeconfig: Path | None = None) -> Ended:
    return k8sai("evict", verb, *words, kubeconfig=kubeconfig or plane.kubeconfig(), seconds=200)


@pytest.mark.parametrize("kind", [claiming, fixed, bridged])
def test_its_gang_moves_and_nothing_is_allocated_on_it_again(plane: ControlPlane, yard: Yard, kind: Kind) -> None:
    for name, make in (("llm", kind), ("vit", claiming)):
        yard.put(make(name, yard.namespace, says=contract(name)))
        yard.runs(name, 1)
    uuid, stays = device_of(yard, "llm")[0], yard.pods_of("vit")[0]["metadata"]["uid"]

    with writes_during(plane) as audit:
        plan = evict(plane, "plan", "--device", uuid, "-o", "json").document()
    assert audit == []
    assert [one["name"] for one in plan["gangs"]] == ["llm"]

    with yard.played(llm=Played()):
        told = evict(
            plane, "run", "--device", uuid, "--yes", "--wait-ready", "60s", "--state-namespace", yard.namespace,
            "-o", "json",
        ).document()  # fmt: skip
    assert (told["state"], told["device"]["free"]) == ("Done", True)
    assert [(one["name"], one["stops"], one["proof"]["grade"]) for one in told["gangs"]] == [("llm", 1, "A")]
    assert device_of(yard, "llm")[0] != uuid
    assert yard.pods_of("vit")[0]["metadata"]["uid"] == stays

    # Two cards are left: one gang more finds one, the next finds none, since the third is closed.
    yard.put(claiming("more", yard.namespace), claiming("last", yard.namespace))
    yard.api.until(yard.path("pods"), lambda pods: sum(map(_waits, pods.values())) == 1)
    assert uuid not in {device_of(yard, name)[0] for name in ("llm", "vit")}
    [(name, made)] = rules_of(yard).items()
    assert made["metadata"]["uid"] == told["device"]["rule"]
    said = yard.api.until_object(f"{RULES}/{name}", lambda one: bool((one.get("status") or {}).get("conditions")))
    assert [one["reason"] for one in said["status"]["conditions"] if one["type"] == SAID] == ["OtherEffect"]

    ended = evict(plane, "abort", told["id"], "--state-namespace", yard.namespace)
    assert (ended.code, rules_of(yard)) == (0, {}), ended.err
    yard.api.until(yard.path("pods"), lambda pods: not any(map(_waits, pods.values())))


@pytest.mark.parametrize("version", ["v1", "v1beta2", "v1alpha3"])
def test_the_rule_is_taken_in_every_version_that_has_rules(plane: ControlPlane, version: str) -> None:
    resource = Resource("resource.k8s.io", version, "devicetaintrules", "DeviceTaintRule", False, ())
    target = Target(resource, "", f"k8sai-evict-{version}")
    plane.api.post(resource.path(), rule(target, version, Device("gpu.nvidia.com", "n0", "gpu-0"))).ok()
    stored = plane.api.get(f"{RULES}/{target.name}").ok()
    assert is_ours(stored, version)
    assert stored["spec"]["deviceSelector"] == {"driver": "gpu.nvidia.com", "pool": "n0", "device": "gpu-0"}
    plane.api.delete(target.path)


def _waits(pod: dict[str, object]) -> bool:
    spec = pod["spec"]
    return isinstance(spec, dict) and not spec.get("nodeName")
