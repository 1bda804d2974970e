"""Four nodes to be drained on a real control plane: three gangs with a contract, one without, a budget that never lets
go of its pod; and as many nodes again, which come once everything runs.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.contract.api import Json
from tests.controlplane.ours import Ended, k8sai
from tests.controlplane.server import ControlPlane
from tests.evict.yard import Yard, yard_on
from tests.evict.yard_objects import (
    budget,
    contract,
    job,
    jobset,
    queues,
    runtime,
    service,
    trainjob,
    workers,
)
from tests.evict.yard_player import Played

# name: how many pods; all of their nodes are drained
SIZES = {"llm": 2, "vit": 2, "grp": 2, "dark": 2}


@dataclass
class Scene:
    """`scene("plan", …)` is `k8sai evict plan …`; `drained` the nodes that it is about."""

    yard: Yard
    plane: ControlPlane
    drained: list[str]
    spare: list[str]

    def __call__(self, verb: str, *words: str, kubeconfig: Path | None = None) -> Ended:
        return k8sai("evict", verb, *words, kubeconfig=kubeconfig or self.plane.kubeconfig(), seconds=300)

    @property
    def played(self) -> dict[str, Played]:
        return {name: Played() for name in SIZES}

    def standing(self) -> dict[str, set[str]]:
        """By gang: the uids of its pods that run."""
        return {name: {pod["metadata"]["uid"] for pod in self.yard.pods_of(name)} for name in SIZES}

    def owners(self) -> dict[str, Json]:
        kinds = {
            "llm": "jobsets.jobset.x-k8s.io",
            "vit": "trainjobs.trainer.kubeflow.org",
            "grp": "leaderworkersets.leaderworkerset.x-k8s.io",
            "dark": "jobs.batch",
        }
        return {name: self.yard.get(kind, name) for name, kind in kinds.items()}


@contextmanager
def scene_on(plane: ControlPlane) -> Iterator[Scene]:
    with yard_on(plane.api, "drain") as yard:
        where = yard.namespace
        drained = yard.nodes("a0", "a1", "a2", "a3")
        yard.put(*queues(where, 64))
        # The large ones first, each once the others run: the small ones would leave no whole place for them.
        for name, objects in {
            "llm": (jobset("llm", where, queue="main", says=contract("llm")),),
            "vit": (runtime("vit", where, gpus=4), trainjob("vit", says=contract("vit"))),
            "grp": (workers("grp", where, gpus=2, says=contract("grp")),),
            "dark": (job("dark", where, gpus=2),),
        }.items():
            yard.put(*objects)
            yard.runs(f"{name}-", 2)
        yard.put(service("gw", where), budget("gw", "gw"))
        yard.runs("gw-", 1)
        yard.until(
            "poddisruptionbudgets.policy", "gw", lambda one: (one.get("status") or {}).get("currentHealthy") == 1
        )
        yield Scene(yard, plane, drained, yard.nodes("b0", "b1", "b2", "b3"))
