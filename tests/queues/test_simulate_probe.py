"""A probe leaves nothing behind: not when it is interrupted, not when it was killed before."""

import time
from typing import Any

import pytest

from k8sai.ages import stamp
from k8sai.cluster.discovery import Resource
from k8sai.cluster.writing import Target, Written
from k8sai.errors import ClusterError, Locked
from k8sai.queues.simulating.probe import LABEL, Said, answered, created, sweep

Json = dict[str, Any]
WORKLOADS = Resource("kueue.x-k8s.io", "v1beta2", "workloads", "Workload", True, ("create", "delete"))


class Shelf:
    """A writer's world: objects by name. `lost` answers: the object is made and nobody hears of it."""

    def __init__(self, lost: BaseException | None = None, **ages: float) -> None:
        now = time.time()
        self.lost = lost
        self.kept = {
            name: {"metadata": {"name": name, "uid": f"uid-{name}", "creationTimestamp": stamp(now - age)}}
            for name, age in ages.items()
        }

    def apply(self, target: Target, body: Json) -> Written:
        self.kept[target.name] = {**body, "metadata": {**body["metadata"], "uid": f"uid-{target.name}"}}
        if self.lost is not None:
            raise self.lost
        return Written(self.kept[target.name])

    def metadata(self, target: Target) -> Json | None:
        return self.kept.get(target.name)

    def delete(self, target: Target, *, uid: str) -> bool:
        assert self.kept[target.name]["metadata"]["uid"] == uid
        return bool(self.kept.pop(target.name, None))

    def members(self, resource: Resource, namespace: str, labels: str) -> list[Json]:
        assert (resource, namespace, labels) == (WORKLOADS, "ml", LABEL)
        return list(self.kept.values())


def target() -> Target:
    return Target(WORKLOADS, "ml", "k8sai-probe-1")


def body() -> Json:
    return {"kind": "Workload", "metadata": {"name": "k8sai-probe-1"}}


@pytest.mark.parametrize("end", [KeyboardInterrupt(), SystemExit(), ClusterError("gone")])
def test_it_is_gone_whichever_way_the_waiting_ends(end: BaseException) -> None:
    shelf = Shelf()
    with pytest.raises(type(end)), created(shelf, target(), body()):  # type: ignore[arg-type]
        assert list(shelf.kept) == ["k8sai-probe-1"]
        raise end
    assert shelf.kept == {}


@pytest.mark.parametrize("end", [KeyboardInterrupt(), ClusterError("no answer")])
def test_it_is_gone_also_where_nobody_heard_that_it_was_made(end: BaseException) -> None:
    shelf = Shelf(lost=end)
    with pytest.raises(type(end)), created(shelf, target(), body()):  # type: ignore[arg-type]
        pytest.fail("it was not made as far as anybody knows")
    assert shelf.kept == {}


def test_what_a_killed_probe_left_is_removed() -> None:
    shelf = Shelf(one=90, two=86_400)
    assert sweep(shelf, WORKLOADS, "ml") == 2  # type: ignore[arg-type]
    assert shelf.kept == {}


def test_somebody_elses_probe_is_left_alone() -> None:
    shelf = Shelf(old=90, young=5)
    with pytest.raises(Locked, match="another probe is under way: young"):
        sweep(shelf, WORKLOADS, "ml")  # type: ignore[arg-type]
    assert list(shelf.kept) == ["old", "young"]


def workload(*conditions: Json, admission: Json | None = None) -> Json:
    status = {"conditions": [*conditions], **({"admission": admission} if admission else {})}
    return {"metadata": {"name": "p"}, "spec": {}, "status": status}


def condition(kind: str, status: str, message: str = "") -> Json:
    return {"type": kind, "status": status, "message": message}


def test_kueues_answer_is_the_reservation() -> None:
    assert answered(None) is None
    assert answered(workload(condition("PodsReady", "False"))) is None
    assert answered(workload(condition("QuotaReserved", "False", "2 more needed"))) == Said(False, "2 more needed")
    given = {"clusterQueue": "q", "podSetAssignments": [{"name": "main", "flavors": {"cpu": "f"}}]}
    assert answered(workload(condition("QuotaReserved", "True", "reserved"), admission=given)) == Said(
        True, "reserved", {"main": {"cpu": "f"}}
    )
