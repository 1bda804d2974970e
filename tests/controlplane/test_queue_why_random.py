"""`queue why` against a real Kueue: on random trees its word for a workload that waits is Kueue's own, or Kueue's is
one of the obstacles it has found; and the numbers are the same.

Kueue says its reasons as single words here (gate UnadmittedWorkloadsObservability). What preempts is left out: it
changes while one looks.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from k8sai.cluster.connect import connect
from k8sai.cluster.objects import LiveObjects
from k8sai.cluster.options import Options
from k8sai.cluster.reading import Reading, condition, holds
from k8sai.queues.setting import read_by
from k8sai.queues.why.answer import explain
from k8sai.queues.why.look import Look
from k8sai.queues.why.result import Why
from k8sai.queues.why.subject import Asked
from tests.contract.api import Json
from tests.controlplane.bulk import create_all
from tests.controlplane.kueue import start_kueue
from tests.controlplane.random_queues import tree_of
from tests.controlplane.random_queues_outcome import uncovered
from tests.controlplane.random_queues_world import World
from tests.controlplane.random_world import Draw
from tests.controlplane.session import ControlPlanes

pytestmark = pytest.mark.controlplane
DRAW = Draw.of(seed=11)
_GATES = {"VisibilityOnDemand": False, "UnadmittedWorkloadsObservability": True}
_COMPARED = ("WaitingForQuota", "ExceedsMaxQuota", "NoMatchingFlavor")


@dataclass(frozen=True)
class Asking:
    """One workload that waits: Kueue's word and message, and our answer."""

    theirs: str
    said: str
    ours: Why

    @property
    def agrees(self) -> bool:
        return self.ours.quoted is not None and self.ours.quoted.agreement == "agrees"

    def __str__(self) -> str:
        return f"{self.ours.title}: Kueue said {self.theirs} ({self.said}), we {self.ours.code}: {self.ours.message}"


@pytest.fixture(scope="module")
def asked(controlplanes: ControlPlanes) -> Iterator[list[Asking]]:
    plane = controlplanes.fresh(audit=False)
    start_kueue(plane, {"featureGates": _GATES})
    world = World(plane, [tree_of(DRAW.seed, number, 1) for number in range(DRAW.count)])
    world.build()
    yield list(_asked(world))
    plane.stop()


def _asked(world: World) -> Iterator[Asking]:
    probes = [tree.probes[0] for tree in world.trees]
    create_all(world.api, world.workloads, probes)
    names = {f"{world.namespace}/{probe['metadata']['name']}" for probe in probes}
    found = world.api.until(world.workloads, lambda objects: all(_decided(objects[name]) for name in names))
    connection = connect(Options(kubeconfig=str(world.plane.kubeconfig())))
    reading = Reading(LiveObjects(connection))
    setting = read_by(reading, world.namespace)
    for name in sorted(names):
        said = condition(found[name], "QuotaReserved") or {}
        if said.get("reason") in _COMPARED and not holds(found[name], "QuotaReserved"):
            short = name.partition("/")[2]
            look = Look(setting, reading, Asked(f"workload/{short}", world.namespace, workload=short))
            yield Asking(said["reason"], said["message"], explain(look))
    connection.close()


def _decided(obj: Json) -> bool:
    """With this gate Kueue says nothing of resources that nobody covers, nor where it is about to."""
    said = condition(obj, "QuotaReserved") or {}
    return (bool(said) and said.get("reason") != "PendingEvaluation") or _uncovered(obj)


def _uncovered(obj: Json) -> bool:

    return bool(uncovered(obj))


def test_our_word_is_kueues(asked: list[Asking]) -> None:
    wrong = [f"seed {DRAW.seed}, {one}" for one in asked if not one.agrees]
    assert not wrong, "\n".join(wrong)


def test_they_wait_for_every_reason(asked: list[Asking]) -> None:
    """A guard: were all to wait for the same, agreeing would prove little."""
    reasons = Counter(one.theirs for one in asked)
    assert min(reasons[reason] for reason in _COMPARED) > 0, reasons
