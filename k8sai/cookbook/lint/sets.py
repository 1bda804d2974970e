"""Rules about objects together: two that fight, one that nobody reads, one that is meant and missing."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any, Final

from k8sai.cookbook.lint.finding import Said, items, mapping, warning
from k8sai.cookbook.lint.pods import amounts, pods
from k8sai.manifests import Manifest

Found = Iterator[tuple[Manifest, Said]]

_SHARED: Final = ("ReadWriteMany", "ReadOnlyMany")
_READ_BY_LABEL: Final = ("grafana_dashboard",)  # a sidecar looks for these
_SCALERS: Final = {"HorizontalPodAutoscaler": "scaleTargetRef", "ScaledObject": "scaleTargetRef"}


def rules(manifests: Sequence[Manifest]) -> Found:
    """Everything there is to say of a set."""
    yield from twice(manifests)
    yield from scalers(manifests)
    yield from unread(manifests)
    yield from volumes(manifests)
    yield from slices(manifests)
    yield from drivers(manifests)
    yield from sharing(manifests)


def twice(manifests: Sequence[Manifest]) -> Found:
    """One object written in two places: the second wins, silently."""
    seen: dict[tuple[str, str, str, str], Manifest] = {}
    for each in manifests:
        if "name" not in mapping(each.object.get("metadata")):
            continue
        first = seen.setdefault((each.group, each.kind, each.namespace, each.name), each)
        if first is not each:
            yield each, Said("twice", f"{each.ref} is in {first.place} already")


def scalers(manifests: Sequence[Manifest]) -> Found:
    """Two autoscalers of one target undo each other's work; KEDA makes an HPA of its own."""
    seen: dict[tuple[str, str], Manifest] = {}
    for each in manifests:
        key = _SCALERS.get(each.kind)
        if key is None:
            continue
        target = mapping(mapping(each.object.get("spec")).get(key))
        whom = str(target.get("kind") or "Deployment"), str(target.get("name"))
        first = seen.setdefault(whom, each)
        if first is not each:
            message = f"{whom[0]}/{whom[1]} is scaled by {first.ref} already: put all triggers into one"
            yield each, Said("two-scalers", message, f"spec.{key}")


def unread(manifests: Sequence[Manifest]) -> Found:
    """A ConfigMap that no object of the set names does nothing by itself."""
    texts = {id(each): str(each.object) for each in manifests}
    for each in manifests:
        labels = mapping(mapping(each.object.get("metadata")).get("labels"))
        if each.kind != "ConfigMap" or any(label in labels for label in _READ_BY_LABEL):
            continue
        if not any(f"'{each.name}'" in texts[id(other)] for other in manifests if other is not each):
            yield each, warning("unread-config", f"nothing in this set reads {each.ref}: who does?")


def volumes(manifests: Sequence[Manifest]) -> Found:
    """A claim that one node mounts cannot serve replicas on several."""
    claims = {each.name: each for each in manifests if each.kind == "PersistentVolumeClaim"}
    for each in manifests:
        replicas = mapping(each.object.get("spec")).get("replicas", 1)
        if not isinstance(replicas, int) or replicas < 2 or each.kind == "StatefulSet":
            continue
        for pod in pods(each):
            for volume in items(pod.spec.get("volumes")):
                claim = claims.get(str(mapping(volume.get("persistentVolumeClaim")).get("claimName")))
                modes = mapping(claim.object.get("spec")).get("accessModes") if claim else None
                if claim and not set(_SHARED) & set(modes or ()):
                    message = (
                        f"{replicas} replicas share {claim.ref}, which only one node can mount: it needs ReadWriteMany"
                    )
                    yield each, Said("volume-shared", message, f"{pod.where}.volumes")


def slices(manifests: Sequence[Manifest]) -> Found:
    """With the single strategy slices are called nvidia.com/gpu: what asks for a profile by name waits for ever."""
    single = any(
        mapping(mapping(each.object.get("spec")).get("mig")).get("strategy") == "single"
        for each in manifests
        if each.kind == "ClusterPolicy" and each.group == "nvidia.com"
    )
    for each in manifests if single else ():
        for name in _asked(each):
            if name.startswith("nvidia.com/mig-"):
                yield each, Said("mig-strategy", f"{name} exists with strategy mixed only, and this set says single")


def drivers(manifests: Sequence[Manifest]) -> Found:
    """A device plugin and a DRA driver must not hand out the same cards."""
    modes = {each.kind: each for each in manifests if each.group == "nvidia.com"}
    if "ClusterPolicy" in modes and "GPUCluster" in modes:
        yield modes["GPUCluster"], Said("two-drivers", "GPUCluster and ClusterPolicy cannot be in one cluster")
    channels = {_channel(each) for each in manifests if each.kind == "ComputeDomain"}
    for each in manifests:
        for pod in pods(each):
            claims = [
                mapping(claim).get("resourceClaimTemplateName") for claim in items(pod.spec.get("resourceClaims"))
            ]
            if set(claims) - channels and pod.gpus and any(name == "nvidia.com/gpu" for name in _asked(each)):
                message = "the pod asks for GPUs by a claim and by a resource: a node has either of the two"
                yield each, warning("two-drivers", message, pod.where)


def _channel(domain: Manifest) -> Any:
    """The claims that the driver makes for a ComputeDomain: no GPUs, but the way to those of other nodes."""
    channel = mapping(mapping(domain.object.get("spec")).get("channel"))
    return mapping(channel.get("resourceClaimTemplate")).get("name")


def sharing(manifests: Sequence[Manifest]) -> Found:
    """A config of NVIDIA's device plugin begins with its version, and shares in one way."""
    for each in manifests:
        if each.kind != "ConfigMap":
            continue
        for key, text in mapping(each.object.get("data")).items():
            config = _yaml(text)
            if not {"sharing", "timeSlicing", "mps"} & config.keys():
                continue
            if config.get("version") != "v1":
                yield each, Said("plugin-config", "a device plugin's config needs version: v1", f"data.{key}")
            ways = {"timeSlicing", "mps"} & mapping(config.get("sharing")).keys()
            if len(ways) > 1:
                yield each, Said("plugin-config", "a node shares by time slices or by MPS, not by both", f"data.{key}")


def _yaml(text: Any) -> dict[str, Any]:
    from k8sai.yaml_in import first_document

    if not isinstance(text, str) or ("sharing" not in text and "timeSlicing" not in text):
        return {}
    try:
        return mapping(first_document(text.encode()))
    except ValueError:
        return {}


def _asked(manifest: Manifest) -> set[str]:
    found: dict[str, set[str]] = defaultdict(set)
    for pod in pods(manifest):
        for _, container in pod.containers():
            found[pod.where] |= amounts(container).keys()
    return set().union(*found.values()) if found else set()
