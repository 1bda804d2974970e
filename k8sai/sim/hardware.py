"""The machines a scenario can order: accelerator products, and what a node with them says about itself.

Sources of the values: GPU feature discovery's labels, the AMD node labeller's labels, vendors' data sheets.
"""

import hashlib
import uuid
from dataclasses import dataclass

from k8sai.sim.objects import Obj

NVIDIA, AMD = "nvidia.com/gpu", "amd.com/gpu"
INSTANCE = "node.kubernetes.io/instance-type"
_SPACE = uuid.UUID("0a6e84b1-93b5-5f2c-8c4d-5d0f1f5f2b10")


@dataclass(frozen=True, slots=True)
class Product:
    """An accelerator. `memory` is in MiB as its label says, `cards` and the host's size are of the usual server."""

    label: str
    resource: str
    memory: int
    family: str
    compute: tuple[int, int]
    cards: int
    cpu: int
    host_memory: str
    mig: bool = False
    device: str = ""  # AMD: PCI device id
    units: int = 0  # AMD: compute units; NVIDIA: multiprocessors


PRODUCTS = {
    "H100": Product("NVIDIA-H100-80GB-HBM3", NVIDIA, 81559, "hopper", (9, 0), 8, 192, "2Ti", True, units=132),
    "H200": Product("NVIDIA-H200", NVIDIA, 143771, "hopper", (9, 0), 8, 192, "2Ti", True, units=132),
    "B200": Product("NVIDIA-B200", NVIDIA, 183359, "blackwell", (10, 0), 8, 192, "2Ti", True, units=148),
    "A100": Product("NVIDIA-A100-SXM4-80GB", NVIDIA, 81920, "ampere", (8, 0), 8, 96, "1Ti", True, units=108),
    "L40S": Product("NVIDIA-L40S", NVIDIA, 46068, "ada-lovelace", (8, 9), 4, 96, "768Gi", units=142),
    "T4": Product("Tesla-T4", NVIDIA, 15360, "turing", (7, 5), 4, 48, "192Gi", units=40),
    "MI300X": Product("AMD_Instinct_MI300X_OAM", AMD, 196608, "AI", (0, 0), 8, 192, "2Ti", device="74a1", units=304),
}

# MIG profiles of an 80 GB card: how many of its 8 memory slices, its multiprocessors, the driver's profile id,
# and where an instance may begin.
MIG_PROFILES: dict[str, tuple[int, int, int, tuple[int, ...]]] = {
    "1g.10gb": (1, 16, 19, (0, 1, 2, 3, 4, 5, 6)),
    "2g.20gb": (2, 32, 14, (0, 2, 4)),
    "3g.40gb": (4, 60, 9, (0, 4)),
    "4g.40gb": (4, 64, 5, (0,)),
    "7g.80gb": (8, 132, 0, (0,)),
}


@dataclass(frozen=True, slots=True)
class Fitting:
    """How a node's cards are offered: whole, cut by MIG, shared in time, or through DRA."""

    product: Product | None = None
    cards: int = 0
    mig_strategy: str = ""  # single | mixed
    mig: tuple[tuple[str, int], ...] = ()  # profile -> instances on the node
    replicas: int = 1
    renamed: bool = False
    dra: str = ""  # full | partitions


def device_resources(fitting: Fitting) -> Obj:
    """What the device plugin adds to the node's capacity; nothing where a DRA driver serves the cards."""
    product = fitting.product
    if product is None or fitting.dra or not fitting.cards:
        return {}
    if fitting.mig_strategy == "single":
        return {NVIDIA: str(sum(count for _, count in fitting.mig))}
    if fitting.mig_strategy == "mixed":
        cut = {f"nvidia.com/mig-{profile}": str(count) for profile, count in fitting.mig}
        return {NVIDIA: "0", **cut}
    name = f"{NVIDIA}.shared" if fitting.renamed else product.resource
    return {name: str(fitting.cards * fitting.replicas)}


def labels(fitting: Fitting, node: str, clique: str) -> Obj:
    """The labels that the vendor's labeller puts on the node."""
    product = fitting.product
    if product is None:
        return {}
    return _amd_labels(product, fitting) if product.resource == AMD else _nvidia_labels(product, fitting, clique)


def _nvidia_labels(product: Product, fitting: Fitting, clique: str) -> Obj:
    name, count, memory = product.label, fitting.cards, product.memory
    if fitting.mig_strategy == "single":
        profile, count = fitting.mig[0]
        name, memory = f"{name}-MIG-{profile}", int(profile.partition(".")[2].removesuffix("gb")) * 1024
    if fitting.replicas > 1 and not fitting.renamed:
        name += "-SHARED"
    out = {
        "feature.node.kubernetes.io/pci-10de.present": "true",
        "nvidia.com/cuda.driver-version.full": "580.95.05",
        "nvidia.com/cuda.driver-version.major": "580",
        "nvidia.com/cuda.runtime-version.full": "13.0",
        "nvidia.com/gpu.compute.major": str(product.compute[0]),
        "nvidia.com/gpu.compute.minor": str(product.compute[1]),
        "nvidia.com/gpu.count": str(count),
        "nvidia.com/gpu.family": product.family,
        "nvidia.com/gpu.memory": str(memory),
        "nvidia.com/gpu.mode": "compute",
        "nvidia.com/gpu.present": "true",
        "nvidia.com/gpu.product": name,
        "nvidia.com/gpu.replicas": str(fitting.replicas),
        "nvidia.com/gpu.sharing-strategy": "time-slicing" if fitting.replicas > 1 else "none",
        "nvidia.com/mig.capable": str(product.mig).lower(),
        "nvidia.com/mig.strategy": fitting.mig_strategy or "none",
    }
    if fitting.mig_strategy:
        out |= {"nvidia.com/mig.config": "custom", "nvidia.com/mig.config.state": "success"}
    if fitting.mig_strategy == "mixed":
        for profile, instances in fitting.mig:
            prefix = f"nvidia.com/mig-{profile}"
            out[f"{prefix}.count"] = str(instances)
            out[f"{prefix}.memory"] = str(int(profile.partition(".")[2].removesuffix("gb")) * 1024)
    if clique:
        out["nvidia.com/gpu.clique"] = clique
    return out


def _amd_labels(product: Product, fitting: Fitting) -> Obj:
    values = {
        "cu-count": str(product.units),
        "device-id": product.device,
        "family": product.family,
        "product-name": product.label,
        "simd-count": str(product.units * 4),
        "vram": f"{product.memory // 1024}G",
    }
    return {f"amd.com/gpu.{k}": v for k, v in values.items()} | {"amd.com/gpu.count": str(fitting.cards)}


def clique_of(group: str, number: int) -> str:
    """`<fabric uuid>.<clique id>` of the n-th NVLink domain of a node group."""
    return f"{uuid.uuid5(_SPACE, f'{group}/{number}')}.{number}"


def node_object(name: str, *, capacity: Obj, labels: Obj, taints: list[Obj], created: str, address: str) -> Obj:
    """A node as a kubelet registers it: ready, all its capacity allocatable but what the system keeps."""
    reserved = {"cpu": str(max(1, int(capacity["cpu"]) - 1))}
    conditions = [
        _condition(
            "MemoryPressure", "False", "KubeletHasSufficientMemory", "kubelet has sufficient memory available", created
        ),
        _condition("DiskPressure", "False", "KubeletHasNoDiskPressure", "kubelet has no disk pressure", created),
        _condition("PIDPressure", "False", "KubeletHasSufficientPID", "kubelet has sufficient PID available", created),
        _condition("Ready", "True", "KubeletReady", "kubelet is posting ready status", created),
    ]
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "labels": labels, "annotations": {}, "creationTimestamp": created},
        "spec": {"providerID": f"sim://{name}", **({"taints": taints} if taints else {})},
        "status": {
            "capacity": capacity,
            "allocatable": {**capacity, **reserved},
            "conditions": conditions,
            "addresses": [{"type": "InternalIP", "address": address}, {"type": "Hostname", "address": name}],
            "nodeInfo": _node_info(name),
        },
    }


def _condition(kind: str, status: str, reason: str, message: str, at: str) -> Obj:
    return {
        "type": kind,
        "status": status,
        "reason": reason,
        "message": message,
        "lastHeartbeatTime": at,
        "lastTransitionTime": at,
    }


def lost(node: Obj, at: str) -> Obj:
    """The node as the control plane sees it when its kubelet has been silent for a while."""
    text = "Kubelet stopped posting node status."
    conditions = [
        {**c, "status": "Unknown", "reason": "NodeStatusUnknown", "message": text, "lastTransitionTime": at}
        for c in node["status"]["conditions"]
    ]
    unreachable = [
        {"key": "node.kubernetes.io/unreachable", "effect": effect, "timeAdded": at}
        for effect in ("NoSchedule", "NoExecute")
    ]
    spec = {**node["spec"], "taints": [*(node["spec"].get("taints") or ()), *unreachable]}
    return {**node, "spec": spec, "status": {**node["status"], "conditions": conditions}}


def _node_info(name: str) -> Obj:
    machine = hashlib.sha256(name.encode()).hexdigest()[:32]
    return {
        "architecture": "amd64",
        "bootID": str(uuid.uuid5(_SPACE, f"boot/{name}")),
        "containerRuntimeVersion": "containerd://2.2.0",
        "kernelVersion": "6.8.0-1030",
        "kubeProxyVersion": "",
        "kubeletVersion": "v1.37.0",
        "machineID": machine,
        "operatingSystem": "linux",
        "osImage": "Ubuntu 24.04.3 LTS",
        "systemUUID": str(uuid.uuid5(_SPACE, f"system/{name}")),
    }
