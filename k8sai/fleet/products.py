"""What the labels of a node say about its GPUs: product per vendor, NVLink clique, zone."""

import re
from collections.abc import Mapping
from typing import Final

# Per family the labels that name the product, the most telling first.
_LABELS: Final[Mapping[str, tuple[str, ...]]] = {
    "nvidia": (
        "nvidia.com/gpu.product",
        "cloud.google.com/gke-accelerator",
        "gpu.nvidia.com/class",
        "gpu.nvidia.com/model",
        "karpenter.k8s.aws/instance-gpu-name",
        "aliyun.accelerator/nvidia_name",
    ),
    "amd": (
        "amd.com/gpu.product-name",
        "beta.amd.com/gpu.product-name",
        "amd.com/gpu.family",
        "beta.amd.com/gpu.family",
    ),
    "intel": ("gpu.intel.com/product", "gpu.intel.com/family"),
    "google": ("cloud.google.com/gke-tpu-accelerator",),
    "aws": (
        "karpenter.k8s.aws/instance-accelerator-name",
        "aws.amazon.com/neuron.product",
        "node.kubernetes.io/instance-type",
    ),
    "habana": ("habana.ai/gaudi.product", "karpenter.k8s.aws/instance-accelerator-name"),
}
# Families whose labels alone make a node a GPU node, even while its plugin is away.
_TELLING: Final = ("nvidia", "amd", "intel", "google")
LABELS: Final = tuple(dict.fromkeys(key for keys in _LABELS.values() for key in keys))  # those that name a product
_SHARED = re.compile(r"-SHARED$|-MIG-[\w.+-]*$")
ZONES: Final = ("topology.kubernetes.io/zone", "failure-domain.beta.kubernetes.io/zone")
CLIQUE: Final = "nvidia.com/gpu.clique"


def product(labels: Mapping[str, str], family: str) -> str:
    """One vendor's product on the node, without what MIG and sharing append to it; empty if nothing says."""
    for label in _LABELS.get(family, ()):
        name = labels.get(label)
        if name:
            while (shorter := _SHARED.sub("", name)) != name:
                name = shorter
            return name
    return ""


def labelled(labels: Mapping[str, str]) -> str:
    """The product that the labels name whatever resources the node has; empty for a node without GPUs."""
    for family in _TELLING:
        found = product(labels, family)
        if found:
            return found
    return ""


def wanted(selector: Mapping[str, str] | None) -> str:
    """The product that a pod's node selector insists on; empty if any will do."""
    return labelled(selector) if selector else ""


def zone(labels: Mapping[str, str]) -> str:
    return next((labels[key] for key in ZONES if key in labels), "")
