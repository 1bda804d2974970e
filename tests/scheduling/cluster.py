"""Facts by hand, as short as tests want them, and the board they make."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from k8sai import facts
from k8sai.cluster.sources import Kind
from k8sai.scheduling.board import Board
from k8sai.scheduling.trial import Candidate, Trial

Json = dict[str, Any]
GPU = "nvidia.com/gpu"
HOST, ZONE = "kubernetes.io/hostname", "topology.kubernetes.io/zone"
NAMESPACE = "team"
TYPES: dict[Kind, Any] = {
    "nodes": facts.Node,
    "pods": facts.Pod,
    "resourceslices": facts.ResourceSlice,
    "resourceclaims": facts.ResourceClaim,
    "deviceclasses": facts.DeviceClass,
    "devicetaintrules": facts.DeviceTaintRule,
}


def node(name: str, gpus: int = 8, *, zone: str = "a", labels: Mapping[str, str] | None = None, **more: Any) -> Json:
    """`more` goes into the spec, but for `amounts`, which are added to what is allocatable."""
    amounts = {"cpu": "64", "memory": "256Gi", "pods": "110", **more.pop("amounts", {})}
    if gpus:
        amounts[GPU] = str(gpus)
    return {
        "metadata": {"name": name, "uid": f"uid-{name}", "labels": {HOST: name, ZONE: zone, **(labels or {})}},
        "spec": more,
        "status": {"allocatable": amounts},
    }


def pod(
    name: str, gpus: int = 1, *, labels: Mapping[str, str] | None = None, status: Json | None = None, **spec: Any
) -> Json:
    """A pod with one container; `spec` adds to its spec."""
    requests = {"cpu": "1", GPU: str(gpus)} if gpus else {"cpu": "1"}
    return {
        "metadata": {
            "name": name,
            "namespace": NAMESPACE,
            "uid": f"uid-{name}",
            "labels": {"app": "train", **(labels or {})},
        },
        "spec": {"containers": [{"name": "main", "resources": {"requests": requests}}], **spec},
        "status": status or {},
    }


def held(name: str, on: str, gpus: int = 1, **more: Any) -> Json:
    """A pod that runs there."""
    return pod(name, gpus, nodeName=on, status={"phase": "Running"}, **more)


def board(nodes: Sequence[Json], pods: Sequence[Json] = (), **others: Sequence[Json]) -> Board:
    """A board that knows these objects; `others` by plural."""
    made = Board()
    kinds: dict[Any, Sequence[Json]] = {"nodes": nodes, "pods": pods, **others}
    for kind, objects in kinds.items():
        made.replace(kind, [fact(kind, obj) for obj in objects])
    return made


def fact(kind: Kind, obj: Json) -> Any:
    return msgspec.convert(obj, TYPES[kind])


def gang(trial: Trial, count: int, gpus: int = 1, **more: Any) -> list[Candidate]:
    """Pods alike, not in the cluster yet."""
    return [trial.candidate_of(pod(f"gang-{i}", gpus, **more)) for i in range(count)]


def apart(key: str = HOST, **labels: str) -> Json:
    """Required anti-affinity."""
    term = {"topologyKey": key, "labelSelector": {"matchLabels": labels or {"app": "train"}}}
    return {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}}


def near(key: str, **labels: str) -> Json:
    """Required affinity."""
    term = {"topologyKey": key, "labelSelector": {"matchLabels": labels}}
    return {"podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}}


def spread(key: str = ZONE, most: int = 1, **more: Any) -> list[Json]:
    selector = {"matchLabels": {"app": "train"}}
    rule = {"maxSkew": most, "topologyKey": key, "whenUnsatisfiable": "DoNotSchedule", "labelSelector": selector}
    return [{**rule, **more}]
