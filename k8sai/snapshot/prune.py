"""What of an object goes into a file that leaves the house: what questions need, and nothing that may be a secret.

Left out are environments, commands and arguments, probes and hooks, free parameters, volumes but claims, who managed
which field, and annotations of anybody but Kubernetes and the schedulers: people keep tokens in all of these.
"""

from collections.abc import Mapping
from typing import Any, Final

from msgspec.structs import replace

from k8sai.cluster.objects import Json
from k8sai.facts import Labels, Object

# What a container is asked about.
_CONTAINER: Final = frozenset({"name", "image", "resources", "restartPolicy", "ports"})
_CONTAINERS: Final = frozenset({"containers", "initContainers", "ephemeralContainers"})
# Wherever they stand, in whatever kind: free texts and maps that nobody needs and people put credentials into.
_NEVER: Final = frozenset(
    {
        "managedFields",
        "env",
        "envFrom",
        "command",
        "args",
        "livenessProbe",
        "readinessProbe",
        "startupProbe",
        "lifecycle",
        "data",
        "stringData",
        "binaryData",
        "parameters",
        "volumeAttributes",
        "options",
        "rayStartParams",
        "redisPassword",
        "gcsFaultToleranceOptions",
        "runtimeEnvYAML",
        "entrypoint",
        "metadataJSON",
        "storageUri",
        "imagePullSecrets",
        "securityContext",
        "hostAliases",
        "dnsConfig",
        "httpHeaders",
    }
)
_VOLUME: Final = frozenset({"name", "persistentVolumeClaim", "ephemeral"})
_OF_PV: Final = frozenset(
    {
        "accessModes",
        "capacity",
        "claimRef",
        "nodeAffinity",
        "persistentVolumeReclaimPolicy",
        "storageClassName",
        "volumeMode",
    }
)
# Whose annotations say something about scheduling; a domain stands for those below it too.
_DOMAINS: Final = (
    "kubernetes.io",
    "k8s.io",
    "x-k8s.io",
    "volcano.sh",
    "run.ai",
    "runai",
    "kai.scheduler",
    "hami.io",
    "nvidia.com",
    "amd.com",
    "k8sai.dev",
)
_WHOLE_OBJECTS: Final = ("last-applied-configuration", "kubernetes.io/config.source")


def pruned(obj: Json) -> Json:
    """The object without what nobody needs to know; the object itself stays as it is."""
    kept: Json = _inside(obj)
    if obj.get("kind") == "PersistentVolume":
        kept["spec"] = {key: value for key, value in kept.get("spec", {}).items() if key in _OF_PV}
    return kept


def pruned_fact(fact: Object) -> Object:
    """The same of facts: only their annotations are free text."""
    meta = fact.metadata
    return fact if not meta.annotations else replace(fact, metadata=replace(meta, annotations=_kept(meta.annotations)))


def _inside(value: Any, field: str = "") -> Any:
    if isinstance(value, dict):
        if field == "annotations":
            return _kept(value)
        return {key: _inside(one, key) for key, one in value.items() if key not in _NEVER}
    if isinstance(value, list):
        if field in _CONTAINERS:
            return [_only(one, _CONTAINER) for one in value]
        if field == "volumes":
            return [_only(one, _VOLUME) for one in value]
        return [_inside(one, field) for one in value]
    return value


def _only(value: Any, fields: frozenset[str]) -> Any:
    if not isinstance(value, dict):
        return value
    return {key: _inside(one, key) for key, one in value.items() if key in fields}


def _kept(annotations: Mapping[str, Any]) -> Labels:
    return {key: str(value) for key, value in annotations.items() if _tells(key)}


def _tells(key: str) -> bool:
    domain, slash, _ = key.partition("/")
    ours = bool(slash) and any(domain == one or domain.endswith(f".{one}") for one in _DOMAINS)
    return (ours or (not slash and key.startswith(("gpu-", "runai-")))) and not key.endswith(_WHOLE_OBJECTS)
