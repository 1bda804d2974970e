"""Rollouts with the real controller, on nodes of a test's own; and the plugin that a colleague would use."""

import subprocess
from dataclasses import dataclass
from typing import Any

from k8sai.canary.backends.rollout.backend import Rollouts
from k8sai.canary.facts import Json, Ref
from tests.canary.rollouts import CHAT, behind, rollout
from tests.contract.api import JSON_PATCH
from tests.contract.canary_driver import Driver
from tests.controlplane.gpu_nodes import add_nodes, gpu_node
from tests.controlplane.ours import Ended, k8sai
from tests.controlplane.server import ControlPlane

_LABEL = "test.k8sai.dev/rollouts"


@dataclass
class Yard:
    """`yard.has(routed=True)` makes rollout/chat; `yard.chat` drives it, `yard("step", …)` is the command."""

    plane: ControlPlane
    namespace: str

    def __post_init__(self) -> None:
        names = (f"{self.namespace}-{number}" for number in range(2))
        add_nodes(self.plane.api, (gpu_node(name, 8, labels={_LABEL: self.namespace}) for name in names))

    def __call__(self, verb: str, *arguments: str) -> Ended:
        """`k8sai canary VERB rollout/chat …`."""
        own = ("rollout/chat", "-n", self.namespace, *arguments)
        return k8sai("canary", verb, *own, kubeconfig=self.plane.kubeconfig())

    @property
    def chat(self) -> Driver:
        return self.driver("chat")

    def driver(self, name: str) -> Driver:
        ref = Ref(CHAT.kind, self.namespace, name, word="rollout")
        return Driver.of(self.plane.api, self.plane.kubeconfig(), Rollouts(), ref)

    def has(self, name: str = "chat", **more: Any) -> Driver:
        """At rest."""
        pod = {"nodeSelector": {_LABEL: self.namespace}, "terminationGracePeriodSeconds": 0, **more.pop("pod", {})}
        for obj in (*(behind(name) if more.get("routed") else ()), rollout(name, pod=pod, **more)):
            obj["metadata"]["namespace"] = self.namespace
            self.plane.apply(obj)
        driver = self.driver(name)
        self.until(driver, lambda one: _seen(one) and one["status"].get("phase") == "Healthy")
        return driver

    def until(self, driver: Driver, reached: Any) -> Json:
        """The Rollout, once it is so."""
        return self.plane.api.until_object(driver.path, lambda one: bool(one.get("status")) and bool(reached(one)))

    def edit(self, *operations: Json, name: str = "chat", subresource: str = "") -> None:
        """A colleague writes."""
        path = self.driver(name).path + (f"/{subresource}" if subresource else "")
        self.plane.api.patch(path, [*operations], JSON_PATCH).ok()

    def plugin(self, *arguments: str) -> str:
        """`kubectl argo rollouts …` of that namespace."""
        program = self.plane.binaries / "kubectl-argo-rollouts"
        command = [str(program), "--kubeconfig", str(self.plane.kubeconfig()), "-n", self.namespace, *arguments]
        said: str = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        return said


def _seen(one: Json) -> bool:
    return bool(one["status"].get("observedGeneration") == str(one["metadata"]["generation"]))
