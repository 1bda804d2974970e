"""What `queue init --check` finds: each finding on the smallest setup that has it, and nothing on a sound one."""

from typing import Any

import pytest

from k8sai.cluster.reading import Unseen
from k8sai.queues import parse, parse_workload
from k8sai.queues.setting import CLUSTER_QUEUES, FLAVORS, LOCAL_QUEUES, Setting
from k8sai.queues.setup.check import check
from k8sai.queues.setup.finding import Finding
from k8sai.queues.setup.from_nodes import machines
from k8sai.queues.setup.ground import Ground
from k8sai.queues.setup.init import propose
from tests.queues.machines import GPU, Json, node, read, recorded
from tests.queues.test_init_wish import asked

H100 = {"nvidia.com/gpu.product": "NVIDIA-H100-80GB-HBM3"}
API = "kueue.x-k8s.io/v1beta2"


def made(kind: str, name: str, spec: Json, namespace: str = "", status: Json | None = None) -> Json:
    meta = {"name": name, "uid": name, "creationTimestamp": "2026-11-03T08:00:00Z"}
    meta |= {"namespace": namespace} if namespace else {}
    return {"apiVersion": API, "kind": kind, "metadata": meta, "spec": spec, "status": status or {}}


def queue(name: str = "q", gpus: int = 8, flavor: str = "f", *, covered: tuple[str, ...] = (), **spec: Any) -> Json:
    """Sound by itself: cpu, memory and GPUs in one flavor."""
    resources = {"cpu": 8, "memory": "64Gi", GPU: gpus}
    resources = {key: resources[key] for key in covered} if covered else resources
    limits = spec.pop("limits", {})
    listed = [{"name": key, "nominalQuota": value, **limits} for key, value in resources.items()]
    groups = [{"coveredResources": [*resources], "flavors": [{"name": flavor, "resources": listed}]}]
    status = spec.pop("status", {})
    given = {"namespaceSelector": {}, "resourceGroups": groups, **spec}
    return made("ClusterQueue", name, {key: value for key, value in given.items() if value is not None}, status=status)


def flavor(name: str = "f", labels: Json | None = None, **spec: Any) -> Json:
    return made("ResourceFlavor", name, {"nodeLabels": H100 if labels is None else labels, **spec})


def cohort(name: str, parent: str = "") -> Json:
    return made("Cohort", name, {"parentName": parent} if parent else {})


def workload(name: str, gpus: int = 1, queue: str = "main", more: dict[str, str] | None = None) -> Json:
    asks = {GPU: str(gpus), **(more or {})}
    pod = {"containers": [{"name": "c", "resources": {"requests": asks}}]}
    spec = {"queueName": queue, "podSets": [{"name": "main", "count": 1, "template": {"spec": pod}}]}
    return made("Workload", name, spec, "ns")


def local(name: str = "main", to: str = "q") -> Json:
    return made("LocalQueue", name, {"clusterQueue": to}, "ns")


def setting(*objects: Json, **more: Any) -> Setting:
    def of(kind: str, parsed: Any, key: str = "name") -> dict[str, Any]:
        return {getattr(one, key): one for one in map(parsed, (o for o in objects if o["kind"] == kind))}

    return Setting(
        cluster_queues=of("ClusterQueue", parse.cluster_queue),
        local_queues=of("LocalQueue", parse.local_queue, "ref"),
        cohorts=of("Cohort", parse.cohort),
        flavors=of("ResourceFlavor", parse.flavor),
        workloads=of("Workload", parse_workload.workload, "ref"),
        checks=of("AdmissionCheck", parse.check),
        topologies=of("Topology", parse.topology),
        **more,
    )


def found(*objects: Json, nodes: tuple[Json, ...] | None = (node("a"),), **more: Any) -> list[Finding]:
    return [*check(Ground(setting(*objects, **more), None if nodes is None else tuple(read(*nodes))))]


def one(*objects: Json, **more: Any) -> Finding:
    (finding,) = found(*objects, **more)
    return finding


# --- nothing ----------------------------------------------------------------------------------------------------------


def test_a_sound_setup() -> None:
    assert found(queue(), flavor(), local(), workload("w")) == []


@pytest.mark.parametrize("file", ["demo.json.gz", "small.json", "fleet/device-plugins.json"])
@pytest.mark.parametrize("teams", ["", "a=60,b=40", "a=1,b=0"])
def test_what_init_proposes_is_sound(file: str, teams: str) -> None:
    proposed = propose(recorded(file), asked(teams=teams))
    ground = Ground(setting(*proposed.objects), machines(recorded(file)))
    left = {name for some in proposed.left_out for name in some.nodes}
    assert [f for f in check(ground) if f.code != "NotSelected" or f.object.removeprefix("Node/") not in left] == []


# --- itself -----------------------------------------------------------------------------------------------------------


def test_missing_selector() -> None:
    finding = one(queue(namespaceSelector=None), flavor())
    assert (finding.level, finding.code, finding.object) == ("error", "NullSelector", "ClusterQueue/q")


def test_missing_flavor_and_check() -> None:
    asked_checks = {"admissionChecks": [{"name": "c"}]}
    inactive = {"conditions": [{"type": "Active", "status": "False", "reason": "FlavorNotFound", "message": "gone"}]}
    codes = [f.code for f in found(queue(admissionChecksStrategy=asked_checks, status=inactive), nodes=None)]
    assert codes == ["MissingCheck", "MissingFlavor"]  # and not a third time as Inactive


def test_inactive_says_why_in_the_words_of_kueue() -> None:
    status = {
        "conditions": [{"type": "Active", "status": "False", "reason": "Terminating", "message": "is terminating"}]
    }
    finding = one(queue(status=status), flavor())
    assert (finding.code, finding.text) == ("Inactive", "it is not active (Terminating): is terminating")


def test_stopped_is_no_error() -> None:
    finding = one(queue(stopPolicy="Hold"), flavor())
    assert (finding.level, finding.text) == ("warning", "it is stopped: stopPolicy is Hold")


def test_cycle_although_kueue_says_ready() -> None:
    status = {
        "conditions": [{"type": "Active", "status": "False", "reason": "Ready", "message": "Can admit new workloads"}]
    }
    finding = one(queue(cohortName="a", status=status), flavor(), cohort("a", "b"), cohort("b", "a"))
    assert (finding.code, finding.object) == ("CohortCycle", "Cohort/a")
    assert finding.text.startswith("the way up from a, b never ends: 1 ClusterQueue below admit nothing")


def test_parent_without_object() -> None:
    finding = one(cohort("a", "b"), nodes=None)
    assert (finding.code, finding.object) == ("MissingParent", "Cohort/a")


def test_local_queues() -> None:
    closed = queue(namespaceSelector={"matchLabels": {"team": "x"}})
    objects = (
        closed,
        flavor(),
        local(),
        local("stray", "gone"),
        workload("w", queue="nowhere"),
        workload("v", queue="nowhere"),
    )
    codes = {f.code: (f.object, f.text) for f in found(*objects, namespaces={"ns": {"team": "y"}})}
    assert codes == {
        "MissingLocalQueue": ("LocalQueue/ns/nowhere", "2 workloads wait for a LocalQueue that is not there"),
        "MissingQueue": ("LocalQueue/ns/stray", "there is no ClusterQueue gone: its jobs wait for ever"),
        "NamespaceNotAdmitted": (
            "LocalQueue/ns/main",
            "ClusterQueue q does not let namespace ns in: its jobs wait for ever",
        ),
    }


def test_inactive_check() -> None:
    status = {"conditions": [{"type": "Active", "status": "False", "reason": "Bad", "message": "no parameters"}]}
    chk = made("AdmissionCheck", "c", {"controllerName": "example.com/c"}, status=status)
    finding = one(queue(admissionChecksStrategy={"admissionChecks": [{"name": "c"}]}), flavor(), chk)
    assert finding.text == "AdmissionCheck c is not active, so the queue admits nothing: no parameters"
    assert "example.com/c" in finding.fix


def test_topology_missing_and_mixed() -> None:
    spec = queue()
    group = spec["spec"]["resourceGroups"][0]
    group["flavors"].append({**group["flavors"][0], "name": "g"})
    codes = [f.code for f in found(spec, flavor(topologyName="t"), flavor("g", {"x": "y"}), nodes=None)]
    assert codes == ["MissingTopology", "MixedTopology"]


# --- quota ------------------------------------------------------------------------------------------------------------


def test_uncovered_resources_that_are_asked_for() -> None:
    objects = (queue(), flavor(), local(), workload("w", more={"rdma/hca": "1"}))
    finding = one(*objects)
    assert (finding.level, finding.code) == ("error", "NotCovered")
    assert finding.text == "it does not cover rdma/hca, which workload/w asks for: it waits for ever"
    assert finding.fix == "add rdma/hca to its coveredResources"


def test_uncovered_resources_that_will_be() -> None:
    mig = node("a", resources={"nvidia.com/mig-1g.10gb": "7"})
    texts = [f.text for f in found(queue(covered=("cpu", GPU)), flavor(), nodes=(mig,))]
    assert texts == [
        "it does not cover memory, which nearly every job asks for: one that does waits for ever",
        "it does not cover nvidia.com/mig-1g.10gb, which 1 node of its flavors has: a job that asks for it waits for "
        "ever",
    ]


def test_strict_order_with_mixed_sizes() -> None:
    objects = (flavor(), local(), workload("w", 1), workload("v", 8))
    finding = one(queue(queueingStrategy="StrictFIFO"), *objects)
    assert (finding.level, finding.code) == ("warning", "StrictFIFO")
    assert finding.text.startswith("StrictFIFO with jobs of 1 to 8 nvidia.com/gpu")
    assert found(queue(queueingStrategy="StrictFIFO"), flavor(), local(), workload("w"), workload("v")) == []


def test_policies_of_a_cohort() -> None:
    preemption = {"reclaimWithinCohort": "Any"}
    other = queue("b", 4, cohortName="c", preemption=preemption, limits={"borrowingLimit": 4})
    lender = queue("a", 4, cohortName="c", fairSharing={"weight": 0})
    texts = {f.code: (f.level, f.text) for f in found(lender, other, flavor()) if f.object == "ClusterQueue/a"}
    assert [f.object for f in found(lender, other, flavor())] == ["ClusterQueue/a"] * 3
    assert texts == {
        "ReclaimNever": (
            "warning",
            "reclaimWithinCohort is Never: what others borrow of its quota cannot be taken back, only waited for",
        ),
        "WeightZero": (
            "warning",
            "its fair sharing weight is 0: whatever it borrows is the first to be taken back",
        ),
        "BorrowingUnlimited": (
            "note",
            "no borrowingLimit: beyond its 4 it may take all 4 nvidia.com/gpu of f that its cohort has",
        ),
    }
    assert found(queue(cohortName="alone"), flavor()) == []  # nobody to lend to


# --- nodes ------------------------------------------------------------------------------------------------------------


def test_more_than_there_is() -> None:
    finding = one(queue("a", 8), queue("b", 6), flavor())
    assert (finding.level, finding.object) == ("error", "ResourceFlavor/f")
    assert finding.text == (
        "nominal quota of nvidia.com/gpu adds up to 14, and its 1 node has 8 allocatable: jobs are admitted that "
        "find no place"
    )
    assert finding.fix == "lower nominalQuota by 6 in all"


def test_more_than_there_is_now() -> None:
    finding = one(queue(gpus=16), flavor(), nodes=(node("a"), node("b", cordoned=True)))
    assert (finding.level, finding.code) == ("warning", "Overcommitted")
    assert "but b is cordoned or not ready: 8 now" in finding.text


def test_quota_of_a_cohort_counts_too() -> None:
    pool = made("Cohort", "c", {"resourceGroups": queue(gpus=1)["spec"]["resourceGroups"]})
    assert [f.code for f in found(queue(cohortName="c"), pool, flavor())] == ["Overcommitted"]


def test_flavor_of_no_nodes() -> None:
    finding = one(queue(gpus=4), flavor(labels={"no": "such"}), nodes=())
    assert (finding.level, finding.code) == ("error", "NoNodes")
    assert finding.text == (
        "no node has its labels (no=such), and there is quota of 8 cpu, 64Gi memory, 4 nvidia.com/gpu: what is "
        "admitted there finds no node"
    )


def test_taints_that_a_flavor_does_not_name() -> None:
    tainted = node("a", taints=["team=x:NoSchedule"])
    finding = one(queue(), flavor(), nodes=(tainted,))
    assert (finding.level, finding.code) == ("warning", "NotTolerated")
    assert "team=x:NoSchedule" in finding.text
    tolerations = [{"key": "team", "operator": "Exists"}]
    assert found(queue(), flavor(tolerations=tolerations), nodes=(tainted,)) == []
    taints = [{"key": "team", "value": "x", "effect": "NoSchedule"}]
    assert found(queue(), flavor(nodeTaints=taints), nodes=(tainted,)) == []


def test_two_flavors_of_the_same_nodes() -> None:
    finding = one(queue("a", 4), queue("b", 4, "g"), flavor(), flavor("g"))
    assert (finding.level, finding.code, finding.object) == ("error", "Overlap", "ResourceFlavor/f")
    assert finding.text == "1 node (a) is also in g, and both have quota of nvidia.com/gpu: it is counted twice"


def test_a_taint_divides_nodes_of_the_same_labels() -> None:
    taints = [{"key": "team", "value": "x", "effect": "NoSchedule"}]
    nodes = (node("a"), node("b", taints=["team=x:NoSchedule"], labels={"pool": "x"}))
    other = flavor("g", {**H100, "pool": "x"}, nodeTaints=taints)
    assert found(queue("a"), queue("b", 8, "g"), flavor(), other, nodes=nodes) == []


def test_nodes_in_no_flavor() -> None:
    finding = one(queue(), flavor(), nodes=(node("a"), node("t", 4, product="Tesla-T4")))
    assert (finding.level, finding.code, finding.object) == ("warning", "NotSelected", "Node/t")
    assert finding.text == "1 node with Tesla-T4 (t) is in no flavor: nobody has quota of 4 nvidia.com/gpu"


def test_levels_that_nodes_lack() -> None:
    topology = made("Topology", "t", {"levels": [{"nodeLabel": "rack"}, {"nodeLabel": "kubernetes.io/hostname"}]})
    nodes = (node("a", labels={"rack": "1"}), node("b"))
    finding = one(queue(), flavor(topologyName="t"), topology, nodes=nodes)
    assert (finding.level, finding.code) == ("warning", "MissingLevel")
    assert finding.text.startswith("1 of its 2 nodes (b) has no label rack")


# --- what may not be read ---------------------------------------------------------------------------------------------


def test_nothing_is_said_about_what_was_not_read() -> None:
    assert found(queue(gpus=99), flavor(), nodes=None) == []
    no_flavors = (Unseen(FLAVORS, "forbidden"),)
    assert found(queue(), hidden=no_flavors) == []
    assert found(local(to="gone"), hidden=(Unseen(LOCAL_QUEUES, "forbidden"),), nodes=None) == []
    assert found(queue(namespaceSelector=None), hidden=(Unseen(CLUSTER_QUEUES, "forbidden"),)) == []
