"""A server with KServe's kinds: the embedded cluster, the same with the real definitions, and a real API server that
has them, where a shadow plays KServe.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from k8sai.canary.backend import Backend
from k8sai.canary.facts import Json, Ref
from tests.canary.kserve import GATEWAY, NAMESPACE
from tests.contract.api import JSON_PATCH, Api
from tests.contract.canary_driver import Driver
from tests.contract.kserve_shadow import NODE, Shadow
from tests.contract.real_definitions import define_real
from tests.controlplane.gpu_nodes import NODES, add_nodes, gpu_node, only_for, only_there
from tests.controlplane.namespaces import new_namespace

KINDS = (
    ("serving.kserve.io/v1beta1", "InferenceService"),
    ("serving.kserve.io/v1alpha2", "LLMInferenceService"),
    ("gateway.networking.k8s.io/v1", "HTTPRoute"),
    ("gateway.networking.k8s.io/v1", "Gateway"),
    ("inference.networking.k8s.io/v1", "InferencePool"),
)
SERVERS = ["sim", "sim-defined", pytest.param("real", marks=pytest.mark.controlplane)]
THERE = only_there(NODE["test"])


@dataclass
class Played(Driver):
    """Where nobody plays KServe, a shadow does whenever there is something to wait for."""

    shadow: list[Shadow] = field(default_factory=list)

    def changed(self, since: Json) -> None:
        self.settle()
        super().changed(since)

    def settle(self) -> None:
        """The controllers have looked at it; nothing to do where they run."""
        for one in self.shadow:
            one.play()

    def edit(self, *operations: Json, name: str = "") -> None:
        """Somebody else writes."""
        self.api.patch(self.named(name), [*operations], JSON_PATCH).ok()

    def named(self, name: str = "") -> str:
        """The path of another of the target's kind."""
        return f"{self.path.rsplit('/', 1)[0]}/{name}" if name else self.path

    def wait(self, reached: Callable[[], bool]) -> None:
        """Until what the controllers do has come to this."""
        for _ in range(90):
            if reached():
                return
            self.changed(self.target())
        raise TimeoutError


@dataclass(frozen=True)
class Yard:
    """A server, and whether its controllers are a shadow's."""

    api: Api
    kubeconfig: Path
    played: bool

    @contextmanager
    def driven(self, backend: Backend, ref: Ref, *objects: Json) -> Iterator[Played]:
        """The objects are there and ready; a driver of the one that `ref` names."""
        namespace = new_namespace(self.api, "kserve")
        paths = [self._post(namespace, one) for one in objects]
        driver = Played.of(self.api, self.kubeconfig, backend, Ref(ref.kind, namespace, ref.name, word=ref.word))
        assert isinstance(driver, Played)
        if self.played:
            driver.shadow = [Shadow(self.api, namespace)]
        driver.wait(lambda: all(is_ready(self.api.get(path).ok()) for path in paths))
        yield driver
        for path in paths:
            self.api.delete(path)
        self.api.delete(f"/api/v1/namespaces/{namespace}/pods", {"gracePeriodSeconds": 0})
        self.api.delete(f"/apis/apps/v1/namespaces/{namespace}/deployments", {"propagationPolicy": "Background"})

    def _post(self, namespace: str, obj: Json) -> str:
        plural = f"{obj['kind'].lower()}s"
        path = f"/apis/{obj['apiVersion']}/namespaces/{namespace}/{plural}"
        self.api.post(path, obj, {"fieldValidation": "Strict"}).ok()
        return f"{path}/{obj['metadata']['name']}"


@pytest.fixture(scope="module", params=SERVERS)
def yard(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Yard]:
    """One per file, on each server."""
    nodes = [gpu_node(f"kserve-{at}", labels=NODE, taints=[only_for(NODE["test"])]) for at in range(3)]
    if request.param == "real":
        plane = request.getfixturevalue("controlplanes").get()
        define_real(plane.api, *KINDS)
        add_nodes(plane.api, nodes)
        yield Yard(plane.api, plane.kubeconfig(), played=True)
        for node in nodes:
            plane.api.delete(f"{NODES}/{node['metadata']['name']}")
        return
    from k8sai.sim.cluster import Sim

    kubeconfig = tmp_path_factory.mktemp("kserve") / "config"
    with Sim("empty", speed=20) as sim:
        sim.write_kubeconfig(kubeconfig)
        api = Api.of(kubeconfig)
        if request.param == "sim-defined":
            define_real(api, *KINDS)
        add_nodes(api, nodes)
        api.post("/api/v1/namespaces", NAMESPACE).ok()
        api.post("/apis/gateway.networking.k8s.io/v1/namespaces/kserve/gateways", _gateway()).ok()
        yield Yard(api, kubeconfig, played=False)
        api.close()


def _gateway() -> Json:
    spec: dict[str, Any] = GATEWAY["spec"]
    return {**GATEWAY, "spec": {**spec, "listeners": [{"name": "http", "port": 80, "protocol": "HTTP"}]}}


def is_ready(one: Json) -> bool:
    """Its controller says so."""
    conditions = (one.get("status") or {}).get("conditions") or ()
    return any(c["type"] == "Ready" and c["status"] == "True" for c in conditions)


def operations(*parts: tuple[str, str, Any]) -> list[Json]:
    """(op, path, value) as a JSON patch."""
    return [{"op": op, "path": path, "value": value} for op, path, value in parts]
