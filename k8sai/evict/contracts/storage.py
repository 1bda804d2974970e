"""Whether a checkpoint outlives the pods that wrote it: from its path, their volumes and the claims behind those."""

from collections.abc import Iterator, Sequence
from typing import Final

from k8sai.cluster.reading import Reading
from k8sai.evict.facts import Contract, Json

_NETWORK: Final = (
    *("nfs", "cephfs", "glusterfs", "azureFile", "azureDisk", "rbd", "iscsi", "fc", "cinder"),
    *("awsElasticBlockStore", "gcePersistentDisk", "quobyte", "portworxVolume"),
)
_BUCKETS: Final = ("gcsfuse.csi.storage.gke.io", "s3.csi.aws.com", "blob.csi.azure.com", "file.csi.azure.com")

Found = tuple[bool | None, str]


def durable(pods: Sequence[Json], contract: Contract, reading: Reading | None = None) -> Found:
    """True, False or not known, and why. With `reading`, what stands behind a claim is looked up as well.

    What is mounted counts for more than what the contract says. Pods that do not mount the path do not write there.
    """
    path = contract.path.removeprefix("file://")
    if "://" in path:
        return True, f"{path} is object storage"
    if not path or not pods:
        return _claimed(contract)
    seen = [found for pod in pods if (found := _of_pod(pod, path, contract.container, reading))]
    if not seen:
        return False, f"{path} is in no volume: it goes with the container"
    worst = min(seen, key=lambda found: (found[0] is not False, found[0] is not None))
    return _claimed(contract) if worst[0] is None and contract.durable else worst


def _claimed(contract: Contract) -> Found:
    if contract.durable == "local":
        return False, "its contract says that checkpoints are local"
    if contract.durable:
        return True, f"its contract says {contract.durable}"
    return None, "its contract says neither checkpoint-path nor checkpoint-durable"


def _of_pod(pod: Json, path: str, container: str, reading: Reading | None) -> Found | None:
    """None where no container, or not the one that is named, mounts the path."""
    spec = pod.get("spec") or {}
    mounts = [mount for mount in _mounts(spec, container) if _under(path, mount.get("mountPath", ""))]
    if not mounts:
        return None
    mount = max(mounts, key=lambda one: len(one["mountPath"].rstrip("/")))
    volume: Json = next((one for one in spec.get("volumes") or () if one.get("name") == mount.get("name")), {})
    return _of_volume(volume, path, pod["metadata"].get("namespace", ""), reading)


def _mounts(spec: Json, container: str) -> Iterator[Json]:
    for one in (*(spec.get("containers") or ()), *(spec.get("initContainers") or ())):
        if container in ("", one.get("name")):
            yield from one.get("volumeMounts") or ()


def _under(path: str, mount: str) -> bool:
    folder = mount.rstrip("/")
    return path.rstrip("/") == folder or path.startswith(f"{folder}/")


def _of_volume(volume: Json, path: str, namespace: str, reading: Reading | None) -> Found:
    name = volume.get("name", "")
    if "persistentVolumeClaim" in volume:
        return _of_claim(volume["persistentVolumeClaim"].get("claimName", ""), path, namespace, reading)
    if "csi" in volume and volume["csi"].get("driver") in _BUCKETS:
        return True, f"{path} is on {volume['csi']['driver']}"
    for kind, why in (
        ("emptyDir", "an emptyDir, which goes with the pod"),
        ("ephemeral", "an ephemeral volume, whose claim goes with the pod"),
        ("hostPath", "a hostPath, which stays on the node"),
    ):
        if kind in volume:
            return False, f"{path} is on volume {name}, {why}"
    kind = next((one for one in _NETWORK if one in volume), "")
    if kind:
        return True, f"{path} is on volume {name} ({kind})"
    return None, f"{path} is on volume {name}, of a kind that says nothing about how long it lasts"


def _of_claim(claim: str, path: str, namespace: str, reading: Reading | None) -> Found:
    """A claim outlives its pods; a volume on the disk of one node does not serve a gang that starts elsewhere."""
    found = reading.get("persistentvolumeclaims", namespace, claim) if reading else None
    name = ((found or {}).get("spec") or {}).get("volumeName", "")
    volume = reading.get("persistentvolumes", "", name) if reading and name else None
    spec = (volume or {}).get("spec") or {}
    for kind in ("local", "hostPath"):
        if kind in spec:
            return False, f"{path} is on claim {claim}, whose volume {name} is on the disk of one node"
    return True, f"{path} is on claim {claim}"
