"""A situation by hand: a small cluster, what is asked of it, and what fit says."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from k8sai.facts import Object
from k8sai.fit.answer import Answer
from k8sai.fit.ask import Asked, Group
from k8sai.fit.say import sentence
from k8sai.fit.scene import Rules
from tests.fit.world import GPU, World, node

A100 = "NVIDIA-A100-SXM4-80GB"
VISION = ({"key": "team", "value": "vision", "effect": "NoSchedule"},)
ON_GPU = ({"key": GPU, "value": "present", "effect": "NoSchedule"},)
UNREACHABLE = ({"key": "node.kubernetes.io/unreachable", "effect": "NoExecute"},)
JOB = ({"kind": "Job", "name": "train", "uid": "j", "controller": True},)
DAEMON = ({"kind": "DaemonSet", "name": "d", "uid": "d", "controller": True},)


def using(cpu: str = "1", memory: str = "1Gi", gpus: int = 0) -> dict[str, Any]:
    asks: dict[str, Any] = {"cpu": cpu, "memory": memory, **({GPU: gpus} if gpus else {})}
    return {"containers": [{"name": "c", "resources": {"requests": asks, "limits": asks}}]}


def group(spec: dict[str, Any], count: int = 1, name: str = "pod", labels: dict[str, str] | None = None) -> Group:
    return Group(name, count, {"metadata": {"namespace": "team-a", "labels": labels or {}}, "spec": spec})


def quota(hard: dict[str, Any], used: dict[str, Any]) -> Rules:
    meta = {"namespace": "team-a", "name": "q"}
    return Rules(quotas=[{"metadata": meta, "spec": {"hard": hard}, "status": {"hard": hard, "used": used}}])


@dataclass
class Situation:
    """`said` is a part of the sentence, `codes` are those of what is short, `change` the first change's text."""

    name: str
    objects: list[Object]
    ask: Callable[[World], Answer]
    verdict: str
    placed: int
    said: str
    codes: list[str] = field(default_factory=list)
    change: str = ""
    rules: Rules | None = None

    def holds(self) -> None:
        """Ask, and compare."""
        found = self.ask(World(self.objects, self.rules))
        said = sentence(found)
        assert (found.verdict, found.placed) == (self.verdict, self.placed), said
        assert self.said in said
        assert [short.code for short in found.shorts] == self.codes
        assert (found.changes[0].text if found.changes else "") == self.change


def flags(gpus: int = 8, pods: int = 1, **more: Any) -> Callable[[World], Answer]:
    return lambda world: world.fit(gpus, pods, **more)


def manifest(*groups: Group) -> Callable[[World], Answer]:
    return lambda world: world.fit_all(Asked(groups))


def apart(count: int) -> Group:
    """Pods that keep away from each other, node by node."""
    term = {"topologyKey": "kubernetes.io/hostname", "labelSelector": {"matchLabels": {"app": "x"}}}
    rule = {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}}
    return group({**using(gpus=1), "affinity": rule}, count, labels={"app": "x"})


def hosts(*names: str) -> list[Object]:
    return [node(name, labels={"kubernetes.io/hostname": name}) for name in names]


def by_node(world: World) -> Answer:
    return world.fit(8, 1, what_if=world.drained("n1"))
