"""What a simulation says where pods have to be close together."""

from k8sai.queues.judging.topology_nodes import Land, grounds
from k8sai.queues.simulating.change import read
from k8sai.queues.simulating.change_apply import apply
from k8sai.queues.simulating.simulate import KINDS, Simulation, simulate
from k8sai.queues.simulating.wish import Surroundings, Wanted
from k8sai.queues.simulating.wish_file import of_manifest
from tests.queues.simulate_objects import (
    GPU,
    cluster_queue,
    flavor,
    local_queue,
    made,
    namespace,
    pod_spec,
    setting,
    workload,
)
from tests.queues.simulated import said

RACK = "example.com/rack"


def yard(*changes: str, gpus: int = 1, pods: int = 2) -> Simulation:
    """Two racks of 4 GPUs, of each 3 are taken by a workload; all pods have to be in one rack."""
    objects = [
        made("Topology", "racks", {"levels": [{"nodeLabel": RACK}]}),
        flavor("h100", nodeLabels={"site": "a"}, topologyName="racks"),
        cluster_queue("q", 20),
        local_queue("a", "q"),
        namespace("a"),
    ]
    for rack in "xy":
        held = workload("a", f"in-{rack}", 3, held="q")
        held["spec"]["podSets"][0]["topologyRequest"] = {"required": RACK}
        (given,) = held["status"]["admission"]["podSetAssignments"]
        given["topologyAssignment"] = {"levels": [RACK], "domains": [{"values": [rack], "count": 1}]}
        objects.append(held)
    before = setting(objects)
    here = apply(before, read(before, changes))
    nodes = [
        {
            "metadata": {"name": rack, "labels": {"site": "a", RACK: rack}},
            "status": {"allocatable": {GPU: "4", "pods": "9"}, "conditions": [{"type": "Ready", "status": "True"}]},
        }
        for rack in "xy"
    ]
    template = {"metadata": {"annotations": {"kueue.x-k8s.io/podset-required-topology": RACK}}, "spec": pod_spec(gpus)}
    job = {"kind": "Job", "metadata": {"name": "asked"}, "spec": {"parallelism": pods, "template": template}}
    wished = of_manifest([job], Wanted("a", "main"), here, Surroundings(), "f.yaml")
    return simulate(here, wished, moved=bool(changes), land=Land(grounds(here, nodes, [])))


def test_quota_without_room_close_together_is_fragmented() -> None:
    (found,) = yard().outcomes
    assert (found.kind, KINDS[found.kind], found.verdict) == ("Fragmented", 6, "waits")
    assert said(found) == (
        'Fragmented: Job asked: quota is there, room close enough together is not: h100: topology "racks" allows to '
        "fit only 1 out of 2 pod(s)"
    )
    assert [one.workload.name for one in found.freed] == ["job-in-x"]
    assert found.size is not None and (found.size.pods, found.size.each) == (1, 0)
    assert yard("finish=in-y").kind == "FitsNow"


def test_what_no_rack_could_ever_hold_never_fits() -> None:
    (found,) = yard(gpus=4, pods=2).outcomes
    assert (found.kind, found.code) == ("Never", "ExceedsTopology")


def test_who_is_given_quota_takes_its_room() -> None:
    found = yard(pods=1)
    given = found.played.setting.workloads[found.outcomes[0].workload.ref]
    assert given.admission is not None
    assert given.admission.pod_sets[0].topology == {"levels": [RACK], "domains": [{"values": ["x"], "count": 1}]}
