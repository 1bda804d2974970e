"""A probe hears what the real Kueue says, and leaves nothing behind."""

from collections.abc import Iterator

import pytest

from tests.controlplane.ours import k8sai
from tests.controlplane.queue_cases import Place, job
from tests.controlplane.queue_simulated import WITHIN
from tests.controlplane.server import ControlPlane
from tests.queues.simulate_objects import cluster_queue, local_queue

pytestmark = pytest.mark.controlplane


def left(place: Place) -> Iterator[str]:
    for one in place.workloads():
        if "k8sai.dev/probe" in (one["metadata"].get("labels") or {}):
            yield one["metadata"]["name"]


@pytest.mark.parametrize(("gpus", "code", "said"), [(8, 0, "gave it quota of h100"), (9, 11, "keeps it waiting: ")])
def test_a_probe_hears_kueue_and_leaves_nothing(simulate_plane: ControlPlane, gpus: int, code: int, said: str) -> None:
    place = Place(simulate_plane, "simulate-probe")
    queue = f"simulate-probe-{gpus}"
    place.put(cluster_queue(queue, 8), local_queue(place.namespace, queue))
    words = ("queue", "simulate", "--gpus", str(gpus), "-n", place.namespace, "--probe")
    refused = k8sai(*words, kubeconfig=simulate_plane.kubeconfig())
    assert (refused.code, "nobody is here to ask" in refused.err) == (5, True)
    assert place.workloads() == []
    asked = k8sai(*words, "-y", kubeconfig=simulate_plane.kubeconfig())
    assert asked.code == code, asked.err
    assert said in asked.out.splitlines()[-1]
    assert asked.err == ""
    assert list(left(place)) == []


def test_a_probe_that_would_evict_is_not_made(simulate_plane: ControlPlane) -> None:
    place = Place(simulate_plane, "simulate-probe")
    place.put(
        cluster_queue("simulate-probe-evicts", 8, preemption=WITHIN["preemption"]),
        local_queue(place.namespace, "simulate-probe-evicts"),
    )
    place.run(job("one", 8))
    words = ("--gpus", "8", "--priority", "simulate-high", "-n", place.namespace, "--probe", "-y")
    asked = k8sai("queue", "simulate", *words, kubeconfig=simulate_plane.kubeconfig())
    assert (asked.code, "would evict others" in asked.err) == (5, True)
    assert len(place.workloads()) == 1
