"""Real Kueue and the boost that `evict boost` publishes: it is taken, and goes by it with its feature gate alone."""

import json
from collections.abc import Callable, Iterator

import pytest

from k8sai.ages import stamp
from tests.contract.api import Json
from tests.controlplane.kueue import start_kueue
from tests.controlplane.ours import k8sai
from tests.controlplane.server import ControlPlane
from tests.controlplane.session import ControlPlanes
from tests.evict.yard import Yard, yard_on
from tests.evict.yard_objects import KUEUE, PREFIX, contract, job, queues

pytestmark = pytest.mark.controlplane
BOOST = "kueue.x-k8s.io/priority-boost"
CLASSES = f"/apis/{KUEUE}/workloadpriorityclasses"


@pytest.fixture(scope="module", params=["gate on", "gate off"])
def kueue(request: pytest.FixtureRequest, controlplanes: ControlPlanes) -> Iterator[tuple[ControlPlane, bool]]:
    """A control plane with Kueue, and whether it goes by boosts."""
    on = request.param == "gate on"
    plane = controlplanes.fresh(audit=False)
    start_kueue(plane, {"featureGates": {"VisibilityOnDemand": False, "PriorityBoost": on}})
    yield plane, on
    plane.stop()


@pytest.fixture
def yard(kueue: tuple[ControlPlane, bool]) -> Iterator[Yard]:
    with yard_on(kueue[0].api, "boost") as made:
        made.nodes("n0", "n1")
        made.put(*queues(made.namespace, 16, preemption={"withinClusterQueue": "LowerPriority"}))
        yield made


def gang(yard: Yard, name: str) -> None:
    """One pod on a whole node."""
    yard.put(job(name, yard.namespace, pods=1, queue="main", says=contract(name)))
    yard.runs(f"{name}-", 1)


def second_later(yard: Yard) -> None:
    """Kueue orders by whole seconds. Leases of the control plane change all the time."""
    until = yard.now() + 1
    yard.api.until("/apis/coordination.k8s.io/v1/leases", lambda _: yard.now() >= until)


def saved(yard: Yard, name: str) -> None:
    """A checkpoint, just now."""
    at = stamp(yard.now() + 1)
    said = {"step": 8120, "time": at, "snapshotTime": at, "complete": True}
    yard.annotate("jobs.batch", yard.get("jobs.batch", name), {f"{PREFIX}last-checkpoint": json.dumps(said)})


def workloads(yard: Yard) -> dict[str, Json]:
    """By the name of their Job."""
    found = yard.listed("workloads.kueue.x-k8s.io")
    return {one["metadata"]["ownerReferences"][0]["name"]: one for one in found}


def publish(plane: ControlPlane, yard: Yard, *words: str) -> list[Json]:
    done = k8sai("evict", "boost", "-n", yard.namespace, *words, "-o", "json", kubeconfig=plane.kubeconfig())
    found: list[Json] = done.document()["workloads"]
    return found


def evicted(yard: Yard) -> Callable[[dict[str, Json]], bool]:
    """Some Workload was told to go."""

    def reached(_: dict[str, Json]) -> bool:
        return bool(preempted(yard))

    return reached


def preempted(yard: Yard) -> set[str]:
    return {name for name, one in workloads(yard).items() if _has(one, "Preempted")}


def _has(workload: Json, kind: str) -> bool:
    conditions = (workload.get("status") or {}).get("conditions") or ()
    return any(one["type"] == kind and one["status"] == "True" for one in conditions)


def test_who_has_just_saved_is_preempted_before_who_would_lose_its_work(
    kueue: tuple[ControlPlane, bool], yard: Yard
) -> None:
    plane, on = kueue
    gang(yard, "saved")
    second_later(yard)
    gang(yard, "fresh")  # without boosts Kueue takes this one: it was admitted last
    saved(yard, "saved")
    assert {one["gang"].rpartition("/")[2]: one["boost"] for one in publish(plane, yard)} == {"fresh": 10, "saved": 0}
    assert {name: one["metadata"]["annotations"][BOOST] for name, one in workloads(yard).items()} == {
        "fresh": "10",
        "saved": "0",
    }
    urgent = f"{yard.namespace}-urgent"
    kind = {"apiVersion": KUEUE, "kind": "WorkloadPriorityClass"}
    yard.api.post(CLASSES, {**kind, "metadata": {"name": urgent}, "value": 5}).ok()
    more = job("more", yard.namespace, pods=1, queue="main")
    more["metadata"]["labels"]["kueue.x-k8s.io/priority-class"] = urgent
    yard.put(more)
    yard.api.until(yard.path("workloads.kueue.x-k8s.io"), evicted(yard))
    assert preempted(yard) == ({"saved"} if on else {"fresh"})

    publish(plane, yard, "--clear")
    assert not any(BOOST in (one["metadata"].get("annotations") or {}) for one in workloads(yard).values())
