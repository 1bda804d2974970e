"""`why` where no node takes a pod, on a real scheduler: nodes, and the device plugins on them."""

from k8sai.errors import Exit
from tests.controlplane.asking import Case
from tests.controlplane.gpu_nodes import GPU
from tests.controlplane.gpu_pods import container

# --- nodes ------------------------------------------------------------------------------------------------------------


def test_short_of_gpus_and_one_cordoned(case: Case) -> None:
    best, away = case.node("a"), case.node("b")
    case.cordon(away)
    case.pod("other", 2)
    case.runs("other")
    case.pod("train", 8)
    case.refused("train")
    why = case.why("train")
    assert why.sentence == (
        f"train waits: it needs 8 nvidia.com/gpu on one node, the best node {best} has 6 free; 1 more node is cordoned."
    )
    assert (why.code, why.exit) == ("GpusShort", Exit.NO_CAPACITY)


def test_never_so_many(case: Case) -> None:
    node = case.node("a")
    case.pod("train", 16)
    case.refused("train")
    why = case.why("train")
    assert (why.code, why.exit) == ("NeverFits", Exit.BLOCKED)
    assert why.sentence == (
        "train waits: it needs 16 nvidia.com/gpu on one node, and the largest of those it selects, "
        f"{node}, has 8 in all."
    )


def test_a_taint_whose_key_the_scheduler_does_not_say(case: Case) -> None:
    node = case.node("a", taints=({"key": "team", "value": "vision", "effect": "NoSchedule"},))
    case.pod("train", 1)
    said = case.refused("train")["status"]["conditions"][0]["message"]
    why = case.why("train")
    assert why.sentence.startswith(
        f"train waits: the only node that could take it, {node}, has the taint team=vision:NoSchedule, "
    )
    assert (why.code, why.exit) == ("Taint", Exit.BLOCKED)
    assert "vision" not in said


def test_a_cordoned_node(case: Case) -> None:
    node = case.node("a")
    case.cordon(node)
    case.pod("train", 1)
    case.refused("train")
    why = case.why("train")
    assert why.sentence.startswith(f"train waits: the only node that could take it, {node}, is cordoned")
    assert (why.code, why.next) == ("Cordoned", f"kubectl uncordon {node}")


def test_a_selector(case: Case) -> None:
    case.node("a")
    case.pod("train", 1, nodeSelector={"product": "H300"})
    case.refused("train")
    why = case.why("train")
    assert "product=H300" in why.sentence
    assert (why.code, why.exit) == ("NodeSelector", Exit.BLOCKED)


def test_cpu_short_where_gpus_are_free(case: Case) -> None:
    node = case.node("a", amounts={"cpu": "4"})
    case.pod("train", containers=[{**container(gpus=1), "resources": {"limits": {GPU: "1", "cpu": "3"}}}])
    case.runs("train")
    case.pod("second", containers=[{**container(gpus=1), "resources": {"limits": {GPU: "1", "cpu": "3"}}}])
    case.refused("second")
    why = case.why("second")
    assert why.sentence.startswith(
        f"second waits: it needs 3 cpu, and the only node with enough nvidia.com/gpu free, {node}, has 1 free"
    )
    assert (why.code, why.exit) == ("ResourceShort", Exit.NO_CAPACITY)


def test_anti_affinity(case: Case) -> None:
    case.node("a")
    term = {"labelSelector": {"matchLabels": {"app": "x"}}, "topologyKey": "kubernetes.io/hostname"}
    alone = {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}}
    case.pod("one", 1, labels={"app": "x"}, affinity=alone)
    case.runs("one")
    case.pod("two", 1, labels={"app": "x"}, affinity=alone)
    case.refused("two")
    assert case.why("two").code == "AntiAffinity"


def test_affinity(case: Case) -> None:
    case.node("a")
    term = {"labelSelector": {"matchLabels": {"app": "cache"}}, "topologyKey": "kubernetes.io/hostname"}
    case.pod("train", 1, affinity={"podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}})
    case.refused("train")
    why = case.why("train")
    assert (why.code, why.exit) == ("Affinity", Exit.BLOCKED)


def test_spread(case: Case) -> None:
    case.node("a", labels={"rack": "1"})
    away = case.node("b", labels={"rack": "2"}, taints=({"key": "x", "effect": "NoSchedule"},))
    spread = {
        "maxSkew": 1, "topologyKey": "rack", "whenUnsatisfiable": "DoNotSchedule",
        "labelSelector": {"matchLabels": {"app": "x"}},
    }  # fmt: skip
    case.pod("one", 1, labels={"app": "x"}, topologySpreadConstraints=[spread])
    case.runs("one")
    case.pod("two", 1, labels={"app": "x"}, topologySpreadConstraints=[spread])
    case.refused("two")
    why = case.why("two")
    assert (why.code, why.exit) == ("SpreadUnmet", Exit.NO_CAPACITY)
    assert away


def test_host_port(case: Case) -> None:
    node = case.node("a")
    listens = [{**container(), "ports": [{"containerPort": 80, "hostPort": 8080}]}]
    case.pod("one", containers=listens)
    case.runs("one")
    case.pod("two", containers=listens)
    case.refused("two")
    why = case.why("two")
    assert why.sentence.startswith(f"two waits: its host port 8080 is taken on the only node that it could use, {node}")
    assert (why.code, why.exit) == ("HostPortTaken", Exit.NO_CAPACITY)


def test_too_many_pods(case: Case) -> None:
    case.node("a", amounts={"pods": "1"})
    case.pod("one", 1)
    case.runs("one")
    case.pod("two", 1)
    case.refused("two")
    assert case.why("two").code == "PodsPerNode"


# --- plugins ----------------------------------------------------------------------------------------------------------


def test_a_resource_that_nobody_offers(case: Case) -> None:
    case.node("a")
    case.pod("train", containers=[container(gpus=1, resource="nvidia.com/gpus")])
    case.refused("train")
    why = case.why("train")
    assert why.sentence.startswith("train waits: no node offers nvidia.com/gpus; what is offered: ")
    assert (why.code, why.exit) == ("NotAdvertised", Exit.BLOCKED)


def test_a_plugin_that_offers_nothing(case: Case) -> None:
    mig = "nvidia.com/mig-7g.80gb"
    node = case.node("a", 0, amounts={mig: "8"}, allocatable={mig: "0"})
    case.pod("train", containers=[container(gpus=1, resource=mig)])
    case.refused("train")
    why = case.why("train")
    assert why.sentence == (
        f"train waits: no node that it selects offers {mig} now; {node} has such devices and may use none; "
        f"no device plugin runs on {node}."
    )
    assert (why.code, why.exit) == ("DevicePluginDown", Exit.BLOCKED)


def test_a_mig_profile_that_is_absent(case: Case) -> None:
    case.node("a", 0, amounts={"nvidia.com/mig-1g.10gb": "7"})
    case.pod("train", containers=[container(gpus=1, resource="nvidia.com/mig-4g.40gb")])
    case.refused("train")
    why = case.why("train")
    assert why.sentence.startswith("train waits: no node has the MIG profile 4g.40gb; there is nvidia.com/")
    assert (why.code, why.exit) == ("MigProfileAbsent", Exit.BLOCKED)
