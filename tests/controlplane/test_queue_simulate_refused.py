"""What the real Kueue does not look at for its quota, and what simulate says of it."""

from pathlib import Path

import pytest

from tests.controlplane.queue_cases import Place, job
from tests.controlplane.queue_simulated import simulated
from tests.controlplane.server import ControlPlane
from tests.queues.simulate_objects import GPU, cluster_queue, local_queue

pytestmark = pytest.mark.controlplane


def test_what_kueue_does_not_look_at(simulate_plane: ControlPlane, tmp_path: Path) -> None:
    place = Place(simulate_plane, "simulate-door")
    place.put(cluster_queue("simulate-door", 8), local_queue(place.namespace, "simulate-door"))
    limit = {"limits": [{"type": "Container", "max": {GPU: "2"}}]}
    place.create({"apiVersion": "v1", "kind": "LimitRange", "metadata": {"name": "most"}, "spec": limit})
    ours = simulated(place, job("asked", 4), tmp_path, code=11)
    place.create(job("asked", 4))
    assert (ours["answer"], place.outcome("asked").answer) == ("Misconfigured", "Misconfigured")
    assert ours["code"] == "LimitRange"
    nobody = job("nobody", 1, queue="mian")
    assert simulated(place, nobody, tmp_path, code=11)["code"] == "LocalQueueMissing"
    place.create(nobody)
    assert place.outcome("nobody").answer == "Misconfigured"
    bare = job("bare", 1)
    del bare["metadata"]["labels"]
    assert simulated(place, bare, tmp_path, code=11)["code"] == "NotQueued"
