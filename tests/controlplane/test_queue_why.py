"""`queue why` on a real Kueue: the command as it is installed."""

import pytest

from tests.controlplane.ours import k8sai
from tests.controlplane.queue_cases import job
from tests.controlplane.queue_place import QueuePlace
from tests.queues.simulate_objects import GPU

pytestmark = pytest.mark.controlplane


def test_the_command_as_it_is_installed(place: QueuePlace) -> None:
    place.queue()
    place.run(job("old", 5))
    place.create(job("train", 6))
    place.decided("train")
    kubeconfig = place.plane.kubeconfig()
    asking = ("queue", "why", "job/train", "-n", place.namespace)
    document = k8sai(*asking, "-o", "json", kubeconfig=kubeconfig).document(10)
    assert document["kind"] == "QueueWhy" and document["complete"] is True
    assert document["position"] == {
        "clusterQueue": 1, "localQueue": 1, "exact": True, "ofClusterQueue": 1, "ofLocalQueue": 1
    }  # fmt: skip
    first = document["blockers"][0]
    assert {key: first[key] for key in ("code", "flavor", "resource", "need", "have", "deficit")} == {
        "code": "WaitingForQuota", "flavor": place.name("f"), "resource": GPU, "need": 6, "have": 3, "deficit": 3
    }  # fmt: skip
    shown = k8sai(*asking, kubeconfig=kubeconfig)
    assert shown.out.splitlines()[0] == (
        f"WAITING, will fit · short 3 of 6 GPU in {place.name('f')}; ClusterQueue {place.cq} has 3 of 8 left"
    )
