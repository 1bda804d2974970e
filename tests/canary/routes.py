"""Versions behind Services and InferencePools, and routes to them, as tests write them."""

from typing import Any

from k8sai.canary.facts import Json, Ref
from tests.canary.world import World

GATEWAY = "gateway.networking.k8s.io/v1"
ROUTE = Ref("httproutes.gateway.networking.k8s.io", "default", "chat", word="httproute")


def made(api_version: str, kind: str, name: str, namespace: str = "default", /, **spec: Any) -> Json:
    return {"apiVersion": api_version, "kind": kind, "metadata": {"name": name, "namespace": namespace}, "spec": spec}


def service(name: str, namespace: str = "default", *ports: int) -> Json:
    listed = [{"name": f"p{port}", "port": port} for port in ports or (8000,)]
    return made("v1", "Service", name, namespace, selector={"app": name}, ports=listed)


def pool(name: str) -> Json:
    picker = {"name": "epp", "port": {"number": 9002}}
    spec = {"selector": {"matchLabels": {"app": name}}, "targetPorts": [{"number": 8000}], "endpointPickerRef": picker}
    return made("inference.networking.k8s.io/v1", "InferencePool", name, **spec)


def deployment(name: str, replicas: int = 1, gpus: int = 0, namespace: str = "default") -> Json:
    resources = {"resources": {"limits": {"nvidia.com/gpu": str(gpus)}}} if gpus else {}
    container = {"name": "main", "image": f"registry/{name}:1", **resources}
    template = {"metadata": {"labels": {"app": name}}, "spec": {"containers": [container]}}
    spec = {"replicas": replicas, "selector": {"matchLabels": {"app": name}}, "template": template}
    return made("apps/v1", "Deployment", name, namespace, **spec)


def gateway() -> Json:
    return made(GATEWAY, "Gateway", "gateway", gatewayClassName="sim", listeners=[])


def route(*rules: Json) -> Json:
    return made(GATEWAY, "HTTPRoute", "chat", parentRefs=[{"name": "gateway"}], rules=[*rules])


def to(name: str, **more: Any) -> Json:
    return {"name": name, "port": 8000, **more}


def weights(world: World, at: int = 0) -> dict[str, int]:
    refs = world.target(ROUTE)["spec"]["rules"][at]["backendRefs"]
    assert len({ref["name"] for ref in refs}) == len(refs)
    return {ref["name"]: ref["weight"] for ref in refs}


def two_versions(replicas: int = 1, gpus: int = 0) -> World:
    """chat-v1 with so many replicas and chat-v2 with one, on a node with room; a gateway. There is no route yet."""
    world = World()
    world.node("n1", gpus=64)
    world.has(gateway(), service("chat-v1"), service("chat-v2"))
    world.has(deployment("chat-v1", replicas, gpus), deployment("chat-v2", 1, gpus))
    return world
