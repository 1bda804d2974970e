"""Objects of custom kinds that people use, each of which a real server takes; and ways to break one."""

import copy
import json
import random
from collections.abc import Iterator
from typing import Any

from tests.contract.api import Json

Path = tuple[str | int, ...]
_POD = {
    "containers": [{"name": "c", "image": "registry.example.com/x:1", "resources": {"limits": {"nvidia.com/gpu": 1}}}]
}
_TEMPLATE = {"spec": _POD}


def _made(api_version: str, kind: str, **spec: Any) -> Json:
    return {"apiVersion": api_version, "kind": kind, "metadata": {"name": "given"}, "spec": spec}


_QUOTA = {"name": "nvidia.com/gpu", "nominalQuota": 8, "borrowingLimit": "2"}
_GROUP = {"coveredResources": ["nvidia.com/gpu"], "flavors": [{"name": "h100", "resources": [_QUOTA]}]}
_REQUIREMENTS = [
    {"key": "karpenter.sh/capacity-type", "operator": "In", "values": ["spot", "on-demand"]},
    {"key": "karpenter.k8s.aws/instance-gpu-count", "operator": "Gt", "values": ["1"]},
]

GIVEN: tuple[Json, ...] = (
    _made("kueue.x-k8s.io/v1beta2", "LocalQueue", clusterQueue="research"),
    _made(
        "kueue.x-k8s.io/v1beta2",
        "ClusterQueue",
        cohortName="all",
        queueingStrategy="StrictFIFO",
        resourceGroups=[_GROUP],
        preemption={"reclaimWithinCohort": "Any", "withinClusterQueue": "LowerPriority"},
    ),
    _made("kueue.x-k8s.io/v1beta2", "ResourceFlavor", nodeLabels={"gpu": "h100"}),
    _made(
        "jobset.x-k8s.io/v1alpha2",
        "JobSet",
        network={"enableDNSHostnames": True},
        failurePolicy={"maxRestarts": 2},
        replicatedJobs=[
            {"name": "worker", "replicas": 2, "template": {"spec": {"parallelism": 2, "template": _TEMPLATE}}}
        ],
    ),
    _made(
        "leaderworkerset.x-k8s.io/v1",
        "LeaderWorkerSet",
        replicas=2,
        leaderWorkerTemplate={"size": 4, "workerTemplate": _TEMPLATE},
    ),
    _made(
        "serving.kserve.io/v1beta1",
        "InferenceService",
        predictor={"minReplicas": 1, "model": {"modelFormat": {"name": "huggingface"}, "storageUri": "hf://a/b"}},
    ),
    _made(
        "ray.io/v1",
        "RayCluster",
        headGroupSpec={"rayStartParams": {"num-cpus": "0"}, "template": _TEMPLATE},
        workerGroupSpecs=[
            {"groupName": "gpu", "replicas": 2, "minReplicas": 0, "maxReplicas": 4, "template": _TEMPLATE}
        ],
    ),
    _made(
        "keda.sh/v1alpha1",
        "ScaledObject",
        scaleTargetRef={"name": "web"},
        minReplicaCount=1,
        maxReplicaCount=8,
        triggers=[{"type": "prometheus", "metadata": {"query": "up", "threshold": "5"}}],
    ),
    _made(
        "karpenter.sh/v1",
        "NodePool",
        limits={"nvidia.com/gpu": 16},
        disruption={"consolidationPolicy": "WhenEmpty", "consolidateAfter": "30s", "budgets": [{"nodes": "10%"}]},
        template={
            "spec": {
                "nodeClassRef": {"group": "karpenter.k8s.aws", "kind": "EC2NodeClass", "name": "gpu"},
                "requirements": _REQUIREMENTS,
                "expireAfter": "720h",
            }
        },
    ),
    _made(
        "gateway.networking.k8s.io/v1",
        "HTTPRoute",
        parentRefs=[{"name": "inference"}],
        hostnames=["models.example.com"],
        rules=[
            {
                "matches": [{"path": {"type": "PathPrefix", "value": "/v1"}}],
                "backendRefs": [{"name": "web", "port": 8000}],
                "timeouts": {"request": "300s"},
            }
        ],
    ),
    _made(
        "argoproj.io/v1alpha1",
        "Workflow",
        entrypoint="main",
        templates=[{"name": "main", "container": {"image": "x", "command": ["true"]}, "retryStrategy": {"limit": "2"}}],
    ),
)

_TYPES: tuple[Any, ...] = (5, "x", True, [], {}, 1.5, ["a"], {"a": 1}, None)
_NUMBERS: tuple[Any, ...] = (0, -1, 99_999_999_999, 2.0, 0.5)
_TEXTS = ("", "~not a name~", "http://[", "5m", "é", "x" * 300)


def paths(value: Any, path: Path = ()) -> Iterator[Path]:
    """Every place below a value."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, one in items:
        yield (*path, key)
        yield from paths(one, (*path, key))


def broken(obj: Json, chance: random.Random) -> tuple[Json, str]:
    """A copy with one thing changed in its spec, and what that was; it need not be wrong."""
    new = json.loads(json.dumps(obj))  # nothing in it is there twice
    path = chance.choice([path for path in paths(new) if path[0] == "spec"])
    parent: Any = new
    for key in path[:-1]:
        parent = parent[key]
    key, value = path[-1], parent[path[-1]]
    ways: list[Any] = [("type", chance.choice(_TYPES)), ("number", chance.choice(_NUMBERS)), ("gone", None)]
    if isinstance(value, dict):
        ways.append(("unknown", {**value, "colour": "red"}))
    if isinstance(value, str):
        ways.append(("text", chance.choice(_TEXTS)))
    if isinstance(value, list) and value:
        ways += [("again", [*value, copy.deepcopy(value[0])]), ("many", [copy.deepcopy(value[0]) for _ in range(70)])]
    how, other = chance.choice(ways)
    if how == "gone":
        del parent[key]
    else:
        parent[key] = other
    return new, f"{how} at {'.'.join(map(str, path))}: {other!r}"[:200]
