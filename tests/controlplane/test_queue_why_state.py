"""`queue why` on a real Kueue: what a workload's own state says."""

import pytest

from k8sai.cluster.reading import holds
from k8sai.errors import Exit
from tests.controlplane.gpu_nodes import add_nodes, gpu_node
from tests.controlplane.queue_cases import KUEUE, job
from tests.controlplane.queue_place import QueuePlace

pytestmark = pytest.mark.controlplane


def test_deactivated_by_whom(place: QueuePlace) -> None:
    place.queue()
    place.run(job("old", 8))
    place.create(job("train", 8))
    name = place.decided("train")["metadata"]["name"]
    path = f"{KUEUE}/namespaces/{{ns}}/workloads/{name}"
    place.patch(path, {"spec": {"active": False}}, fieldManager="a-person")
    place.workload("train", lambda one: holds(one, "Evicted") is not None)
    why = place.why("job/train")
    assert (why.code, why.exit) == ("Deactivated", Exit.FINDINGS)
    assert why.message.startswith("it was deactivated by a-person ")
    assert why.quoted is not None and why.quoted.agreement == "agrees"


def test_gated(place: QueuePlace) -> None:
    place.queue()
    gated = job("train", 1)
    gated["metadata"]["annotations"] = {"kueue.x-k8s.io/admission-gated-by": "example.com/gate"}
    place.create(gated)
    why = place.agreed("train", "AdmissionGated", Exit.WAITING)
    assert "example.com/gate" in why.message


def test_runs_and_finishes(place: QueuePlace) -> None:
    place.queue()
    ours = {"key": "case", "value": place.namespace, "effect": "NoSchedule"}
    add_nodes(place.api, [gpu_node(place.name("node"), 1, labels={"case": place.namespace}, taints=[ours])])
    all_of_it = [{"key": "case", "operator": "Exists"}]
    quick = job("train", 1, nodeSelector={"case": place.namespace}, tolerations=all_of_it)
    quick["spec"]["template"]["metadata"] = {"annotations": {"test.k8sai.dev/complete-after": "1ms"}}
    place.create(quick)
    place.workload("train", lambda one: holds(one, "Finished") is not None)
    why = place.why("job/train")
    assert (why.code, why.exit, why.verdict) == ("Finished", Exit.OK, "finished")


def test_admitted_and_no_node_is_there(place: QueuePlace) -> None:
    place.queue(1000)
    place.run(job("train", 999))
    place.api.until(f"/api/v1/namespaces/{place.namespace}/pods", bool)
    why = place.why("job/train")
    assert (why.code, why.exit, why.verdict) == ("NotReady", Exit.WAITING, "admitted")
    assert why.message.endswith("0 of 1 pods run: 1 not scheduled")
