"""Nodes to make quota of: as Node objects, read as `queue init` reads them; and those of recorded clusters."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from k8sai.cluster.reading import Reading
from k8sai.cluster.recording import open_recording
from k8sai.queues.setup.from_nodes import Machine, machine

Json = dict[str, Any]
GPU = "nvidia.com/gpu"
PRODUCT = "nvidia.com/gpu.product"
CLUSTERS = Path(__file__).parents[1] / "clusters"


def node(
    name: str,
    gpus: int = 8,
    *,
    product: str = "NVIDIA-H100-80GB-HBM3",
    labels: Mapping[str, str] | None = None,
    taints: Iterable[str] = (),
    resources: Mapping[str, str] | None = None,
    ready: bool = True,
    cordoned: bool = False,
) -> Json:
    """A Node object; taints are `key=value:Effect`."""
    amounts = {"cpu": "64", "memory": "512Gi", "pods": "110", **(resources or {})} | ({GPU: str(gpus)} if gpus else {})
    own = {"kubernetes.io/hostname": name} | ({PRODUCT: product} if product and (gpus or resources) else {})
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "labels": {**own, **(labels or {})}},
        "spec": {"unschedulable": cordoned, "taints": [_taint(one) for one in taints]},
        "status": {
            "capacity": amounts,
            "allocatable": amounts,
            "conditions": [{"type": "Ready", "status": "True" if ready else "False"}],
        },
    }


def _taint(text: str) -> Json:
    pair, _, effect = text.rpartition(":")
    key, _, value = pair.partition("=")
    return {"key": key, "value": value, "effect": effect}


def read(*nodes: Json) -> list[Machine]:
    return [machine(one) for one in nodes]


def recorded(name: str) -> Reading:
    """Of tests/clusters."""
    return Reading(open_recording(CLUSTERS / name).objects)
