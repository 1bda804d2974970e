"""Which words are no names: those of Kubernetes, of schedulers and of hardware."""

import re
from typing import Final

# Names that every cluster has.
KEPT_NAMES: Final = frozenset(
    {
        "default",
        "kube-system",
        "kube-public",
        "kube-node-lease",
        "kai-resource-reservation",  # pods there reserve cards for fractions
        "runai-reservation",
        "default-scheduler",
        "system-node-critical",
        "system-cluster-critical",
        "cpu",
        "memory",
        "ephemeral-storage",
        "pods",
        "affinity/selector",  # the scheduler's word, in its messages
    }
)
# Fields whose text is one of few, or is computed with.
ENUMERATED: Final = frozenset(
    {
        "apiVersion",
        "apiGroup",
        "kind",
        "phase",
        "reason",
        "type",
        "status",
        "operator",
        "effect",
        "resource",
        "component",
        "reportingComponent",
        "controllerName",
        "provisioner",
        "expression",
    }
)
TEXTS: Final = frozenset({"message", "note"})  # sentences that mention names
LABEL_MAPS: Final = frozenset({"labels", "matchLabels", "nodeSelector", "nodeLabels", "selector"})
LABEL_KEYS: Final = frozenset({"topologyKey", "nodeLabel", "levels"})  # fields that hold a label's key
MEASURED: Final = frozenset({"attributes"})  # fields that say what a device is

# Numbers, quantities, times, and words that begin with a capital: no object may be called so.
PLAIN: Final = re.compile(
    r"[-+]?\d+(\.\d+)?([numkKMGTPE]i?|[eE][-+]?\d+)?|\d+%|true|false|\d{4}-\d\d-\d\dT[\d:.]+Z|[A-Z][A-Za-z0-9]*|"
)
PLAIN_LABEL: Final = re.compile(r"\d{1,4}|true|false|")

# Whose label and annotation keys are public; a domain stands for those below it too.
_DOMAINS: Final = (
    "kubernetes.io",
    "k8s.io",
    "x-k8s.io",
    "volcano.sh",
    "run.ai",
    "kubeflow.org",
    "ray.io",
    "kserve.io",
    "karpenter.sh",
    "k8s.aws",
    "eks.amazonaws.com",
    "aws.amazon.com",
    "cloud.google.com",
    "kubernetes.azure.com",
    "nvidia.com",
    "amd.com",
    "intel.com",
    "habana.ai",
    "hami.io",
    "kai.scheduler",
    "k8sai.dev",
)
_BARE: Final = (
    "app",
    "name",
    "component",
    "role",
    "tier",
    "version",
    "job-name",
    "controller-uid",
    "pod-template-hash",
    "pod-template-generation",
    "controller-revision-hash",
    "runai",
    "runai-gpu-group",
    "gpu-fraction",
    "gpu-fraction-num-devices",
    "gpu-memory",
    "aliyun.accelerator",
)
# Whose values say what a machine is.
_HARDWARE: Final = (
    "nvidia.com/",
    "gpu.nvidia.com/",
    "amd.com/",
    "beta.amd.com/",
    "gpu.intel.com/",
    "habana.ai/",
    "hami.io/",
    "aws.amazon.com/neuron",
    "cloud.google.com/gke-accelerator",
    "cloud.google.com/gke-tpu",
    "cloud.google.com/gke-gpu",
    "karpenter.k8s.aws/instance",
    "aliyun.accelerator/",
    "feature.node.kubernetes.io/",
    "node.kubernetes.io/instance-type",
    "beta.kubernetes.io/instance-type",
    "kubernetes.io/arch",
    "kubernetes.io/os",
    "volcano.sh/node-vgpu-register",
    "volcano.sh/vgpu-",
    "node.kubernetes.io/exclude-",
    "resource.kubernetes.io/extended-resource-claim",
    "gpu-fraction",
    "gpu-memory",
)


def is_well_known(key: str) -> bool:
    """A label's key that says nothing about who uses it."""
    domain, slash, _ = key.partition("/")
    if not slash:
        return domain in _BARE
    return domain in _BARE or any(domain == one or domain.endswith(f".{one}") for one in _DOMAINS)


def is_of_hardware(key: str) -> bool:
    """A label or annotation whose value says what a machine or a card is, or how much of one is held."""
    return key.startswith(_HARDWARE)
