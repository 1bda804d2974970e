"""`queue why` on a real Kueue: a namespace that is not let in, and queues that lead nowhere, are stopped or broken."""

from collections.abc import Iterator

import pytest

from k8sai.errors import Exit
from tests.contract.api import Json
from tests.controlplane.namespaces import wait_for_the_ended
from tests.controlplane.queue_cases import KUEUE, job
from tests.controlplane.queue_place import QueuePlace, condition
from tests.queues.simulate_objects import GPU, cohort, group, local_queue, made

pytestmark = pytest.mark.controlplane


@pytest.mark.parametrize("selector", [None, {"matchLabels": {"team": "vision"}}])
def test_a_namespace_that_is_not_admitted(place: QueuePlace, selector: Json | None) -> None:
    place.queue(namespaceSelector=selector)
    place.create(job("train", 1))
    place.agreed("train", "Misconfigured", Exit.BLOCKED)


def test_a_limit_range(place: QueuePlace) -> None:
    place.queue()
    limits = {"limits": [{"type": "Container", "max": {GPU: "2"}}]}
    place.create({"apiVersion": "v1", "kind": "LimitRange", "metadata": {"name": "sizes"}, "spec": limits})
    place.create(job("train", 4))
    why = place.agreed("train", "LimitRange", Exit.FINDINGS)
    assert why.message == "container c of pod set main asks 4 nvidia.com/gpu, LimitRange sizes allows 2"


# --- queues -----------------------------------------------------------------------------------------------------------


def test_no_such_local_queue(place: QueuePlace) -> None:
    place.queue()
    place.create(job("train", 1, queue="mian"))
    why = place.agreed("train", "LocalQueueMissing", Exit.FINDINGS)
    assert [fix.text for fix in why.blockers[0].fixes] == ["give it to queue main"]


def test_a_local_queue_that_leads_nowhere(place: QueuePlace) -> None:
    place.put(local_queue(place.namespace, place.name("nowhere")))
    place.create(job("train", 1))
    place.agreed("train", "ClusterQueueMissing", Exit.BLOCKED)


def test_a_stopped_local_queue_and_who_stopped_it(place: QueuePlace) -> None:
    place.queue()
    queue = f"{KUEUE}/namespaces/{place.namespace}/localqueues/main"
    note = {"annotations": {"k8sai.dev/stop-reason": "driver update"}}
    place.patch(queue, {"metadata": note, "spec": {"stopPolicy": "Hold"}}, fieldManager="an-admin")
    place.api.until_object(
        queue.replace("{ns}", place.namespace), lambda one: condition(one, "Active")["status"] == "False"
    )
    place.create(job("train", 1))
    why = place.agreed("train", "Suspended", Exit.BLOCKED)
    assert why.message.startswith(f"LocalQueue {place.namespace}/main is stopped (Hold) by an-admin ")
    assert why.message.endswith("ago: driver update")


def test_a_stopped_cluster_queue(place: QueuePlace) -> None:
    place.queue()
    path = f"{KUEUE}/clusterqueues/{place.cq}"
    place.patch(path, {"spec": {"stopPolicy": "Hold"}}, fieldManager="an-admin")
    place.api.until_object(path, lambda one: condition(one, "Active")["status"] == "False")
    place.create(job("train", 1))
    why = place.agreed("train", "Suspended", Exit.BLOCKED)
    assert why.message.startswith(f"ClusterQueue {place.cq} is stopped (Hold) by an-admin ")


def test_an_inactive_cluster_queue(place: QueuePlace) -> None:
    quotas = group((place.name("gone"), {"nominalQuota": 8}))
    spec = {"namespaceSelector": {}, "resourceGroups": quotas}
    place.put(made("ClusterQueue", place.cq, spec), local_queue(place.namespace, place.cq))
    place.create(job("train", 1))
    why = place.agreed("train", "ClusterQueueInactive", Exit.BLOCKED)
    assert f"references missing ResourceFlavor(s): {place.name('gone')}" in why.message


@pytest.fixture
def in_a_cycle(place: QueuePlace) -> Iterator[QueuePlace]:
    """Its queue goes with the test: Kueue 0.19.2 ends when a namespace changes while one is in a cycle."""
    wait_for_the_ended(place.api)
    yield place
    place.api.delete(f"{KUEUE}/clusterqueues/{place.cq}").ok()
    place.api.delete(f"{KUEUE}/cohorts/{place.name('b')}").ok()  # in a cycle Kueue may not let go of it
    place.api.until_gone(f"{KUEUE}/clusterqueues/{place.cq}")


def test_a_cycle_of_cohorts(in_a_cycle: QueuePlace) -> None:
    """The reason of the queue's condition says that it is ready all the same."""
    place, a, b = in_a_cycle, in_a_cycle.name("a"), in_a_cycle.name("b")
    place.put(cohort(a, b), cohort(b, a))
    place.queue(8, a)
    found = place.api.get(f"{KUEUE}/clusterqueues/{place.cq}").ok()
    assert condition(found, "Active")["reason"] == "Ready"
    place.create(job("train", 1))
    why = place.agreed("train", "CohortCycle", Exit.BLOCKED)
    assert why.message == f"the cohorts above ClusterQueue {place.cq} are in a cycle: {a} → {b} → {a}"
