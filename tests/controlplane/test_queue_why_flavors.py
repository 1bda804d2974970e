"""`queue why` on a real Kueue: flavors that refuse, and quota without room close together."""

import pytest

from k8sai.errors import Exit
from tests.contract.api import Json
from tests.controlplane.gpu_nodes import add_nodes, gpu_node
from tests.controlplane.queue_cases import job
from tests.controlplane.queue_place import QueuePlace
from tests.queues.simulate_objects import flavor, made

pytestmark = pytest.mark.controlplane


def bound(pod: Json) -> bool:
    return bool(pod["spec"].get("nodeName"))


def test_a_taint(place: QueuePlace) -> None:
    place.quota(flavor(place.name("t"), nodeTaints=[{"key": "team", "value": "vision", "effect": "NoSchedule"}]))
    place.create(job("train", 1))
    why = place.agreed("train", "NoMatchingFlavor", Exit.BLOCKED)
    assert why.message.endswith(f"{place.name('t')}: untolerated taint team=vision:NoSchedule")
    assert why.blockers[0].fixes[0].text.startswith("tolerate team=vision:NoSchedule")


def test_an_affinity(place: QueuePlace) -> None:
    place.quota(flavor(place.name("lab"), nodeLabels={"site": "lab"}))
    place.create(job("train", 1, nodeSelector={"site": "home"}))
    place.agreed("train", "NoMatchingFlavor", Exit.BLOCKED)


def test_a_resource_that_is_not_covered(place: QueuePlace) -> None:
    place.queue()
    asks = job("train", 1)
    asks["spec"]["template"]["spec"]["containers"][0]["resources"]["requests"] = {"cpu": "2"}
    place.create(asks)
    why = place.agreed("train", "ResourceNotCovered", Exit.BLOCKED)
    assert why.message == f"it asks 2 cpu, of which ClusterQueue {place.cq} has no quota at all"


def test_quota_suffices_and_no_host_has_room(place: QueuePlace) -> None:
    """Two hosts of eight GPUs: two pods of five must not be on different ones."""
    mine, level = {"case": place.namespace}, "kubernetes.io/hostname"
    ours = [{"key": "case", "value": place.namespace, "effect": "NoSchedule"}]  # pods of other tests stay away
    add_nodes(place.api, [gpu_node(place.name(word), 8, labels=mine, taints=ours) for word in ("a", "b")])
    place.put(made("Topology", place.name("hosts"), {"levels": [{"nodeLabel": level}]}))
    tolerated = [{"key": "case", "operator": "Exists"}]
    hosts = flavor(place.name("f"), nodeLabels=mine, topologyName=place.name("hosts"), tolerations=tolerated)
    place.quota(hosts, nominal=64)
    near = {"annotations": {"kueue.x-k8s.io/podset-required-topology": level}}

    def close_together(name: str, gpus: int) -> Json:
        asks = job(name, gpus, pods=2)
        asks["spec"]["template"]["metadata"] = near
        return asks

    only_one = f'topology "{place.name("hosts")}" allows to fit only 1 out of 2 pod(s)'
    place.create(close_together("large", 5))
    why = place.agreed("large", "ExceedsTopology", Exit.BLOCKED)
    assert why.message.endswith(f"{only_one}, even without anything that Kueue has placed")
    place.run(job("old", 4, pods=3))
    place.api.until(f"/api/v1/namespaces/{place.namespace}/pods", lambda pods: sum(map(bound, pods.values())) == 3)
    place.create(close_together("train", 4))
    why = place.agreed("train", "TopologyPlacementFailed", Exit.WAITING)
    assert why.message.endswith(only_one)
