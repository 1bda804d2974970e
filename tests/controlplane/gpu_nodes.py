"""GPU nodes that KWOK keeps alive, labelled as GPU Feature Discovery labels them."""

from collections.abc import Iterable, Iterator, Mapping

from tests.contract.api import Api, Json
from tests.controlplane.bulk import create_all

NODES = "/api/v1/nodes"
GPU = "nvidia.com/gpu"


def gpu_node(
    name: str,
    gpus: int = 8,
    *,
    healthy: int | None = None,
    product: str = "NVIDIA-H100-80GB-HBM3",
    labels: Mapping[str, str] | None = None,
    resources: Mapping[str, str] | None = None,
    taints: Iterable[Json] = (),
) -> Json:
    """A Ready node; `healthy` GPUs are allocatable (default: all); `resources` adds to capacity and allocatable."""
    capacity = {"cpu": "192", "memory": "2Ti", "pods": "250", "ephemeral-storage": "3Ti", **(resources or {})}
    gpu_labels = {f"{GPU}.present": "true", f"{GPU}.product": product, f"{GPU}.count": str(gpus)}
    if gpus:
        capacity[GPU] = str(gpus)
    allocatable = {**capacity, GPU: str(gpus if healthy is None else healthy)} if gpus else capacity
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "name": name,
            "annotations": {"kwok.x-k8s.io/node": "fake"},
            "labels": {
                "kubernetes.io/hostname": name,
                "kubernetes.io/os": "linux",
                "kubernetes.io/arch": "amd64",
                **(gpu_labels if gpus else {}),
                **(labels or {}),
            },
        },
        "spec": {"taints": list(taints)},
        "status": {
            "capacity": capacity,
            "allocatable": allocatable,
            "conditions": [{"type": "Ready", "status": "True", "reason": "KubeletReady"}],
        },
    }


def only_for(owner: str) -> Json:
    """A taint that keeps pods of others away, which may wait for any node; `only_there` gives the way in."""
    return {"key": "test", "value": owner, "effect": "NoSchedule"}


def only_there(owner: str) -> Json:
    """Of a pod's spec: nowhere but on nodes with the label `test: owner`, past their taint."""
    return {"nodeSelector": {"test": owner}, "tolerations": [{"key": "test", "value": owner}]}


def fleet_of(count: int, prefix: str = "gpu") -> Iterator[Json]:
    """Nodes of 8 GPUs in three zones, eighteen to an NVLink clique; every twentieth has lost a card."""
    for i in range(count):
        labels = {"topology.kubernetes.io/zone": f"zone-{i % 3}", f"{GPU}.clique": f"clique-{i // 18}"}
        yield gpu_node(f"{prefix}-{i:04d}", healthy=7 if i % 20 == 19 else None, labels=labels)


def add_nodes(api: Api, nodes: Iterable[Json], seconds: float = 60) -> list[str]:
    """Create them and wait until the scheduler may use them (the taint of a node not seen yet is gone); their names."""
    names = [str(node["metadata"]["name"]) for node in create_all(api, NODES, nodes)]
    wanted = set(names)

    api.until_each(NODES, lambda node: node["metadata"]["name"] not in wanted or not _not_ready(node), seconds=seconds)
    return names


def _not_ready(node: Json) -> bool:
    return any(t["key"].startswith("node.kubernetes.io/not-ready") for t in node["spec"].get("taints", []))
