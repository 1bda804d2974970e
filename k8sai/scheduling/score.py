"""Which of the nodes that fit: pack accelerators tightly, spread everything else."""

from k8sai.scheduling.nodes import NodeInfo, PodInfo

# Resources that every node has: the rest are devices, where free blocks are worth keeping whole.
_ORDINARY = ("cpu", "memory", "ephemeral-storage", "pods")


def devices(pod: PodInfo) -> list[str]:
    """The extended resources the pod asks for."""
    return [k for k in pod.requests if k not in _ORDINARY and not k.startswith("hugepages-")]


def score(pod: PodInfo, node: NodeInfo) -> float:
    """Higher is better: a device pod goes where least is left, a plain pod stays off device nodes and spreads."""
    wanted = devices(pod)
    if wanted:
        left = sum(node.allocatable.get(k, 0) - node.used.get(k, 0) - pod.requests[k] for k in wanted)
        return -float(left) + _idle(pod, node)
    has_devices = any(k not in _ORDINARY and not k.startswith("hugepages-") and v for k, v in node.allocatable.items())
    return _idle(pod, node) - 10.0 * has_devices


def _idle(pod: PodInfo, node: NodeInfo) -> float:
    """The share of CPU and memory left, 0..1."""
    shares = []
    for key in ("cpu", "memory"):
        has = node.allocatable.get(key, 0)
        if has:
            shares.append(max(0.0, (has - node.used.get(key, 0) - pod.requests.get(key, 0)) / has))
    return sum(shares) / len(shares) if shares else 0.0
