"""Rules about a whole pod: its volumes, its rights on the node, where it may run and what it trains with."""

from collections.abc import Iterator
from typing import Any, Final

from k8sai.cookbook.lint.containers import doubles
from k8sai.cookbook.lint.finding import Said, items, mapping, warning
from k8sai.cookbook.lint.pods import Pod, amounts, pods
from k8sai.manifests import Manifest

_SHARES_MEMORY: Final = ("torchrun", "torch.distributed", "deepspeed", "accelerate", "nccl", "horovodrun", "mpirun")
_NEEDS_RIGHTS: Final = ("dcgm", "device-plugin", "mps-control", "toolkit", "driver")  # agents of a node, not workloads
_TAINTS: Final = {"nvidia.com/": "nvidia.com/gpu", "amd.com/": "amd.com/gpu"}


def rules(manifest: Manifest) -> Iterator[Said]:
    """Everything there is to say of the pods of an object."""
    for pod in pods(manifest):
        yield from volumes(pod, manifest)
        yield from rights(pod)
        yield from toleration(pod)
        yield from shared_memory(pod)


def volumes(pod: Pod, manifest: Manifest) -> Iterator[Said]:
    """Mounts name volumes of the pod, or claims that the StatefulSet makes for it."""
    declared = [each.get("name") for each in items(pod.spec.get("volumes"))]
    yield from doubles(f"{pod.where}.volumes", declared)
    made = mapping(manifest.object.get("spec")).get("volumeClaimTemplates")
    known = {*declared, *(mapping(each.get("metadata")).get("name") for each in items(made))}
    for where, container in pod.containers():
        for index, mount in enumerate(items(container.get("volumeMounts"))):
            if mount.get("name") not in known:
                message = f"the volume {mount.get('name')} is mounted and nowhere declared"
                yield Said("undeclared-volume", message, f"{where}.volumeMounts[{index}]")


def rights(pod: Pod) -> Iterator[Said]:
    """No workload needs the node's own namespaces or SYS_ADMIN to use a GPU."""
    if _is_agent(pod):
        return
    for key in ("hostPID", "hostNetwork", "hostIPC"):
        if pod.spec.get(key) is True:
            yield Said("needless-rights", f"{key} is not needed to use a GPU", f"{pod.where}.{key}")
    for where, container in pod.containers():
        security = mapping(container.get("securityContext"))
        if security.get("privileged") is True:
            yield Said(
                "needless-rights", "privileged is not needed to use a GPU", f"{where}.securityContext.privileged"
            )
        added = mapping(security.get("capabilities")).get("add")
        if isinstance(added, list) and {"SYS_ADMIN", "ALL"} & {str(each) for each in added}:
            message = "SYS_ADMIN is not needed to use a GPU, and baseline Pod Security refuses it"
            yield Said("needless-rights", message, f"{where}.securityContext.capabilities.add")


def toleration(pod: Pod) -> Iterator[Said]:
    """GPU nodes are usually tainted with the name of their resource."""
    wanted = {name for _, container in pod.containers() for name in amounts(container)}
    tolerated = items(pod.spec.get("tolerations"))
    for vendor, taint in _TAINTS.items():
        if any(name.startswith(vendor) for name in wanted) and not any(_tolerates(each, taint) for each in tolerated):
            message = f"nothing tolerates the taint {taint}, which most GPU nodes have"
            yield warning("missing-toleration", message, f"{pod.where}.tolerations")


def shared_memory(pod: Pod) -> Iterator[Said]:
    """NCCL and data loaders talk through /dev/shm, which is 64 MiB unless a volume is mounted there."""
    for where, container in pod.containers():
        words = " ".join(str(each) for key in ("command", "args") for each in _texts(container.get(key)))
        trains = any(word in words for word in _SHARES_MEMORY)
        mounted = any(each.get("mountPath") == "/dev/shm" for each in items(container.get("volumeMounts")))
        if trains and amounts(container) and not mounted:
            message = "/dev/shm has 64 MiB, too little for NCCL and data loaders: mount a memory volume there"
            yield warning("no-shm", message, where)


def _texts(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _tolerates(toleration: dict[str, Any], taint: str) -> bool:
    if toleration.get("operator") == "Exists" and not toleration.get("key"):
        return True
    return toleration.get("key") == taint and toleration.get("effect") in (None, "", "NoSchedule")


def _is_agent(pod: Pod) -> bool:
    names = " ".join(f"{each.get('name')} {each.get('image')}" for _, each in pod.containers())
    return any(word in names for word in _NEEDS_RIGHTS)
