"""Rules about what belongs to GPU nodes: their exporter, nodes that go, the network between them, and their metrics."""

from collections.abc import Iterator
from typing import Any, Final

from k8sai.cookbook.lint.finding import Json, Said, items, mapping, warning
from k8sai.cookbook.lint.pods import Pod, pods
from k8sai.manifests import Manifest

_SOCKET: Final = "/var/lib/kubelet/pod-resources"
_LEAVING: Final = ("karpenter.sh/disrupted", "karpenter.sh/disruption")
_NOT_EXPORTED: Final = {"DCGM_FI_DEV_FB_TOTAL": "DCGM_FI_DEV_FB_USED + DCGM_FI_DEV_FB_FREE + DCGM_FI_DEV_FB_RESERVED"}
_QUERIES: Final = ("ConfigMap", "GrafanaDashboard", "PrometheusRule", "ScaledObject")  # kinds that hold some


def rules(manifest: Manifest) -> Iterator[Said]:
    """Everything there is to say of an object's part in GPU nodes."""
    for pod in pods(manifest):
        yield from exporter(pod)
        yield from leaving(pod)
        yield from fabric(pod)
    yield from metrics(manifest)


def exporter(pod: Pod) -> Iterator[Said]:
    """The DCGM exporter asks the kubelet whose GPU it is, by a socket, and needs nothing else of the node."""
    for where, container in pod.containers():
        if "dcgm-exporter" not in str(container.get("image")):
            continue
        paths = {str(mapping(each.get("hostPath")).get("path")).rstrip("/") for each in items(pod.spec.get("volumes"))}
        if _SOCKET not in paths and _value(container, "DCGM_EXPORTER_KUBERNETES") == "true":
            message = f"it cannot say which pod has a GPU: mount the node's {_SOCKET}"
            yield Said("missing-mount", message, f"{where}.volumeMounts")
        for key in ("hostPID", "hostNetwork"):
            if pod.spec.get(key) is True:
                yield Said("needless-rights", f"the exporter does not need {key}", f"{pod.where}.{key}")


def leaving(pod: Pod) -> Iterator[Said]:
    """A pod that tolerates Karpenter's taint stays on a node that is emptied, until the node is gone."""
    for index, each in enumerate(items(pod.spec.get("tolerations"))):
        if each.get("key") in _LEAVING:
            message = f"{each['key']} means that the node goes: without the toleration the pod is moved in time"
            yield Said("tolerates-removal", message, f"{pod.where}.tolerations[{index}]")


def fabric(pod: Pod) -> Iterator[Said]:
    """A setting for broken networks that many manifests carry along."""
    for where, container in pod.containers():
        if _value(container, "NCCL_IB_DISABLE") == "1":
            message = "NCCL then leaves InfiniBand and RoCE unused: it is for networks that are broken"
            yield warning("network-off", message, f"{where}.env")


def metrics(manifest: Manifest) -> Iterator[Said]:
    """Queries of metrics that the exporter does not export by itself show nothing."""
    if manifest.kind not in _QUERIES:
        return
    text = str(manifest.object)
    for name, instead in _NOT_EXPORTED.items():
        if name in text:
            yield warning("unknown-metric", f"the DCGM exporter has no {name} by default: it is {instead}")


def _value(container: Json, name: str) -> Any:
    return next((each.get("value") for each in items(container.get("env")) if each.get("name") == name), None)
