"""simulate knows which room is close enough together, as the real Kueue does."""

from pathlib import Path

import pytest

from tests.contract.api import Json
from tests.controlplane.gpu_nodes import add_nodes, gpu_node
from tests.controlplane.queue_cases import Place, job
from tests.controlplane.queue_simulated import simulated
from tests.controlplane.server import ControlPlane
from tests.queues.simulate_objects import cluster_queue, flavor, local_queue, made

pytestmark = pytest.mark.controlplane


RACK = "example.com/simulate-rack"


def close(name: str, gpus: int, pods: int = 1) -> Json:
    """All pods of it in one rack."""
    made = job(name, gpus, pods=pods)
    made["spec"]["template"]["metadata"] = {"annotations": {"kueue.x-k8s.io/podset-required-topology": RACK}}
    return made


def test_room_that_is_close_enough_together(simulate_plane: ControlPlane, tmp_path: Path) -> None:
    """Two racks of 4 GPUs, 3 of each are taken: no rack has the 2 that are left. Other tests' pods stay out."""
    labels = ({"simulate": "yard", RACK: rack} for rack in "ab")
    taint = {"key": "simulate", "value": "yard", "effect": "NoSchedule"}
    add_nodes(
        simulate_plane.api, [gpu_node(f"simulate-{rack[RACK]}", 4, labels=rack, taints=[taint]) for rack in labels]
    )
    tolerates = [{"key": "simulate", "operator": "Exists"}]
    levels = [{"nodeLabel": RACK}, {"nodeLabel": "kubernetes.io/hostname"}]
    place = Place(simulate_plane, "simulate-yard")
    place.put(
        made("Topology", "simulate-yard", {"levels": levels}),
        flavor("simulate-yard", nodeLabels={"simulate": "yard"}, topologyName="simulate-yard", tolerations=tolerates),
        cluster_queue("simulate-yard", 8, flavor="simulate-yard"),
        local_queue(place.namespace, "simulate-yard"),
    )
    for name in ("one", "two"):
        place.run(close(name, 3))
    fits, scattered, never = close("fits", 1), close("scattered", 1, 2), close("never", 1, 5)
    assert simulated(place, fits, tmp_path, code=0)["answer"] == "FitsNow"
    ours = simulated(place, scattered, tmp_path, code=6)
    assert ours["answer"] == "Fragmented"
    assert "allows to fit only 1 out of 2 pod(s)" in ours["sentence"]
    assert ours["largest"]["pods"] == 1
    ended = simulated(place, scattered, tmp_path, "--if", f"finish={place.namespace}/one", code=0)
    assert ended["answer"] == "FitsNow"
    assert simulated(place, never, tmp_path, code=11)["answer"] == "Never"
    place.create(scattered)
    assert place.outcome("scattered").answer == "Fragmented"
    place.create(fits)
    assert place.outcome("fits").answer == "FitsNow"
