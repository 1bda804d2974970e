"""What nodes have against a pod: one situation per row of the scheduler's reasons."""

from k8sai.errors import Exit
from tests.why.cluster import ask, layer
from tests.why.objects import GPU, job, node, owned, pod, unschedulable

SHORT = unschedulable()


def test_short_of_gpus() -> None:
    why = ask(
        "train-7",
        *(node(f"gpu-{n}", cordoned=n > 3) for n in (1, 2, 3, 4, 5)),
        pod(gpus=8, status=SHORT),
        pod("a", 8, on="gpu-1"),
        pod("b", 4, on="gpu-2"),
        pod("c", 2, on="gpu-3"),
    )
    assert why.sentence == (
        "train-7 waits: it needs 8 nvidia.com/gpu on one node, the best node gpu-3 has 6 free; "
        "2 more nodes are cordoned."
    )
    assert (why.code, why.exit) == ("GpusShort", Exit.NO_CAPACITY)
    assert layer(why, "nodes").evidence[0] == "3 nodes (gpu-1, gpu-2 and gpu-3): short of nvidia.com/gpu"


def test_more_gpus_held_than_there_are() -> None:
    why = ask("train-7", node("gpu-1", 8, allocatable={GPU: "2"}), pod(gpus=1, status=SHORT), pod("a", 4, on="gpu-1"))
    assert why.sentence == (
        "train-7 waits: it needs 1 nvidia.com/gpu on one node, the best node gpu-1 holds 2 more than it has."
    )
    assert (why.code, why.exit) == ("GpusShort", Exit.NO_CAPACITY)


def test_free_gpus_are_reserved_for_a_nominee() -> None:
    first = pod("first", 7, status={**SHORT, "nominatedNodeName": "gpu-1"}, priority=100)
    why = ask("train-7", node("gpu-1"), first, pod("victim", 4, on="gpu-1"), pod(gpus=2, status=SHORT))
    assert why.sentence == (
        "train-7 waits: it needs 2 nvidia.com/gpu on one node, the best node gpu-1 has 4 free, "
        "and 7 are reserved there for a pod that comes first."
    )
    assert (why.code, why.exit) == ("GpusShort", Exit.NO_CAPACITY)


def test_cpu_short_on_nodes_with_free_gpus() -> None:
    why = ask(
        "train-7",
        node("gpu-1", cpu="16"),
        node("cpu-1", 0, cpu="96"),
        pod(gpus=4, cpu="12", status=SHORT),
        pod("a", on="gpu-1", cpu="8"),
    )
    assert why.sentence == (
        "train-7 waits: it needs 12 cpu, and the only node with enough nvidia.com/gpu free, gpu-1, has 8 free."
    )
    assert (why.code, why.exit) == ("ResourceShort", Exit.NO_CAPACITY)


def test_memory_short_on_nodes_with_free_gpus() -> None:
    why = ask(
        "train-7",
        node("gpu-1", memory="64Gi"),
        pod(gpus=1, memory="40Gi", status=SHORT),
        pod("a", on="gpu-1", memory="32Gi"),
    )
    assert why.sentence == (
        "train-7 waits: it needs 40Gi memory, and the only node with enough nvidia.com/gpu free, gpu-1, has 32Gi free."
    )
    assert (why.code, why.exit) == ("ResourceShort", Exit.NO_CAPACITY)


def test_never_so_many_on_one_node() -> None:
    why = ask("train-7", node("gpu-1"), node("gpu-2", 4), pod(gpus=16, status=SHORT))
    assert why.sentence == (
        "train-7 waits: it needs 16 nvidia.com/gpu on one node, and the largest node, gpu-1, has 8 in all."
    )
    assert (why.code, why.exit) == ("NeverFits", Exit.BLOCKED)


def test_a_taint_is_named() -> None:
    taint = "nvidia.com/gpu=present:NoSchedule"
    why = ask("train-7", node("gpu-1", taints=(taint,)), node("cpu-1", 0), pod(gpus=1, status=SHORT))
    assert why.sentence == (
        f"train-7 waits: the only node that could take it, gpu-1, has the taint {taint}, which it does not tolerate."
    )
    assert (why.code, why.exit, why.next) == ("Taint", Exit.BLOCKED, "kubectl describe node gpu-1")


def test_free_and_tainted_does_not_hide_that_others_are_full() -> None:
    why = ask(
        "train-7",
        node("gpu-1", taints=("team=vision:NoSchedule",)),
        node("gpu-2"),
        pod("a", 8, on="gpu-2"),
        pod(gpus=1, status=SHORT),
    )
    assert why.sentence == (
        "train-7 waits: it needs 1 nvidia.com/gpu on one node, the best node gpu-2 has none free; "
        "1 more node has the taint team=vision:NoSchedule."
    )


def test_only_cordoned_nodes() -> None:
    why = ask("train-7", node("gpu-1", cordoned=True), node("gpu-2", cordoned=True), pod(gpus=8, status=SHORT))
    assert why.sentence == "train-7 waits: the 2 nodes that could take it (gpu-1 and gpu-2) are cordoned."
    assert (why.code, why.exit, why.next) == ("Cordoned", Exit.BLOCKED, "kubectl uncordon gpu-1")


def test_only_nodes_that_are_not_ready() -> None:
    why = ask("train-7", node("gpu-1", ready=False), pod(gpus=8, status=SHORT))
    assert why.sentence == "train-7 waits: the only node that it could use, gpu-1, is not ready."
    assert (why.code, why.exit) == ("NodesNotReady", Exit.BLOCKED)


def test_a_selector_that_no_node_meets() -> None:
    why = ask("train-7", node("gpu-1"), pod(gpus=1, status=SHORT, nodeSelector={f"{GPU}.product": "H200"}))
    assert why.sentence == "train-7 waits: it wants a node with nvidia.com/gpu.product=H200, and none is such."
    assert (why.code, why.exit) == ("NodeSelector", Exit.BLOCKED)


def test_node_affinity_that_no_node_meets() -> None:
    rule = {"key": "topology.kubernetes.io/zone", "operator": "In", "values": ["a", "b"]}
    required = {"nodeSelectorTerms": [{"matchExpressions": [rule]}]}
    affinity = {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": required}}
    zone = {"topology.kubernetes.io/zone": "c"}
    why = ask("train-7", node("gpu-1", labels=zone), pod(gpus=1, status=SHORT, affinity=affinity))
    assert why.sentence == ("train-7 waits: it wants a node with topology.kubernetes.io/zone In a,b, and none is such.")
    assert (why.code, why.exit) == ("NodeSelector", Exit.BLOCKED)


def test_affinity_to_pods_that_run_nowhere() -> None:
    term = {"labelSelector": {"matchLabels": {"app": "cache"}}, "topologyKey": "kubernetes.io/hostname"}
    affinity = {"podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}}
    why = ask("train-7", node("gpu-1"), pod(gpus=1, status=SHORT, affinity=affinity))
    assert why.sentence == "train-7 waits: it wants to run beside pods that run on no node it could use."
    assert (why.code, why.exit) == ("Affinity", Exit.BLOCKED)


def test_anti_affinity() -> None:
    term = {"labelSelector": {"matchLabels": {"app": "train"}}, "topologyKey": "kubernetes.io/hostname"}
    affinity = {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}}
    other = pod("train-1", 1, on="gpu-1", labels={"app": "train"})
    why = ask("train-7", node("gpu-1"), other, pod(gpus=1, status=SHORT, affinity=affinity))
    assert why.sentence == (
        "train-7 waits: pods that it must not run beside are on the only node with enough nvidia.com/gpu free, gpu-1."
    )
    assert (why.code, why.exit) == ("AntiAffinity", Exit.NO_CAPACITY)


def test_topology_spread() -> None:
    spread = {
        "maxSkew": 1,
        "topologyKey": "zone",
        "whenUnsatisfiable": "DoNotSchedule",
        "labelSelector": {"matchLabels": {"app": "train"}},
    }
    labels = {"app": "train"}
    why = ask(
        "train-7",
        node("gpu-1", labels={"zone": "a"}),
        node("gpu-2", 0, labels={"zone": "b"}, cpu="1"),
        pod("x", on="gpu-2"),
        pod("train-1", 1, on="gpu-1", labels=labels),
        pod(gpus=1, status=SHORT, labels=labels, topologySpreadConstraints=[spread]),
    )
    assert (
        why.sentence
        == "train-7 waits: its spread over zone forbids the only node with enough nvidia.com/gpu free, gpu-1."
    )
    assert (why.code, why.exit) == ("SpreadUnmet", Exit.NO_CAPACITY)


def test_host_port() -> None:
    port = {"name": "main", "image": "x", "ports": [{"containerPort": 80, "hostPort": 8080}]}
    taken = pod("a", on="cpu-1")
    taken["spec"]["containers"] = [port]
    mine = pod(status=SHORT)
    mine["spec"]["containers"] = [port]
    why = ask("train-7", node("cpu-1", 0), taken, mine)
    assert why.sentence == "train-7 waits: its host port 8080 is taken on the only node that it could use, cpu-1."
    assert (why.code, why.exit) == ("HostPortTaken", Exit.NO_CAPACITY)


def test_too_many_pods() -> None:
    why = ask("train-7", node("gpu-1", pods="1"), pod("a", on="gpu-1"), pod(gpus=1, status=SHORT))
    assert why.sentence == (
        "train-7 waits: the only node with enough nvidia.com/gpu free, gpu-1, runs as many pods as it may (1 on gpu-1)."
    )
    assert (why.code, why.exit) == ("PodsPerNode", Exit.NO_CAPACITY)


def test_no_nodes() -> None:
    why = ask("train-7", pod(gpus=1, status=unschedulable("no nodes available to schedule pods")))
    assert why.sentence == "train-7 waits: the cluster has no nodes."
    assert (why.code, why.exit) == ("NoNodes", Exit.BLOCKED)


def test_room_since_the_scheduler_looked() -> None:
    why = ask("train-7", node("gpu-1"), pod(gpus=1, status=SHORT))
    assert why.sentence.startswith("train-7 waits: 1 node could take it now: gpu-1, by all that can be seen;")
    assert (why.code, why.exit) == ("Fits", Exit.WAITING)


def test_the_worst_member_of_a_job_speaks_for_all() -> None:
    train = job(pods=3, gpus=8)
    pods = [
        owned(pod("train-0", 8, on="gpu-1"), train),
        owned(pod("train-1", 8, status=SHORT), train),
        owned(pod("train-2", 8, status=SHORT), train),
    ]
    why = ask("job/train", node("gpu-1"), train, pods)
    assert why.sentence == (
        "job/train: 2 of 3 pods wait, like train-1: it needs 8 nvidia.com/gpu on one node, "
        "the best node gpu-1 has none free."
    )
    assert (why.code, why.exit) == ("GpusShort", Exit.NO_CAPACITY)
    assert [(m.code, m.pods) for m in why.members] == [
        ("GpusShort", ("train-1", "train-2")),
        ("Running", ("train-0",)),
    ]


def test_a_node_that_says_several_things_is_in_one_group() -> None:
    why = ask(
        "train-7",
        node("gpu-1", taints=("a:NoSchedule", "b:NoExecute")),
        node("gpu-2", taints=("b:NoExecute",), cordoned=True),
        pod("x", 8, on="gpu-1"),
        pod(gpus=1, status=SHORT),
    )
    assert layer(why, "nodes").evidence[:2] == (
        "1 node (gpu-1): short of nvidia.com/gpu, taint a:NoSchedule, taint b:NoExecute",
        "1 node (gpu-2): cordoned, taint b:NoExecute",
    )
    assert why.code == "Taint"
